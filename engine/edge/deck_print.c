/* The canonical text of a deck: every key in the order of the table, numbers as short as they
   can be while reading back to the same double, with unit, source and confidence. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "edge/deck_store.h"
#include "edge/laws.h"

static void put_number(FILE *out, double value) {
  char text[40];
  for (int digits = 15; digits <= 17; ++digits) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value) {
      break;
    }
  }
  fputs(text, out);
}

static void put_quoted(FILE *out, const char *text) {
  fputc('"', out);
  for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; ++c) {
    if (*c == '"' || *c == '\\') {
      fprintf(out, "\\%c", *c);
    } else if (*c < 0x20) {
      fprintf(out, "\\x%02x", *c);
    } else {
      fputc(*c, out);
    }
  }
  fputc('"', out);
}

static void put_with_unit(FILE *out, const double *values, size_t n, const char *unit) {
  for (size_t i = 0; i < n; ++i) {
    fputs(i > 0 ? ", " : "", out);
    put_number(out, values[i]);
  }
  fprintf(out, "%s%s", unit[0] != '\0' ? " " : "", unit);
}

static void put_choice(FILE *out, const char *choices, int64_t number) {
  for (; number > 0; --number) {
    choices = strchr(choices, '|') + 1;
  }
  fprintf(out, "%.*s", (int)strcspn(choices, "|"), choices);
}

/* A line of numbers is a text in YAML: it stands in `quote`s ("" for none). */
static void put_doubles(FILE *out, const double *values, size_t n, enum kind kind,
                        const char *quote) {
  fputs(quote, out);
  put_with_unit(out, values, n, units_canonical(kind));
  fputs(quote, out);
}

static void put_matrix(FILE *out, const double *values, size_t n, enum kind kind,
                       const char *quote) {
  fputc('[', out);
  for (size_t row = 0; row < n; ++row) {
    fputs(row > 0 ? ", " : "", out);
    put_doubles(out, values + row * n, n, kind, quote);
  }
  fputc(']', out);
}

static void put_value(FILE *out, const struct key *key, const void *value, const char *quote) {
  const double *numbers = value;
  const int64_t *whole = value;
  const struct yearly *yearly = value;
  switch (key->shape) {
    case SHAPE_REGIMES: put_doubles(out, numbers, N_REGIMES, key->kind, quote); return;
    case SHAPE_MATRIX_3: put_matrix(out, numbers, N_REGIMES, key->kind, quote); return;
    case SHAPE_MATRIX_5: put_matrix(out, numbers, N_FACTORS, key->kind, quote); return;
    case SHAPE_YEARLY:
      if (yearly->n == 0) {
        fputs("[]", out);
      } else {
        put_doubles(out, yearly->at, (size_t)yearly->n, key->kind, quote);
      }
      return;
    case SHAPE_ONE: break;
  }
  switch (key->kind) {
    case KIND_TEXT:
      if (quote[0] != '\0') {
        put_quoted(out, value);
      } else {
        fputs(value, out);
      }
      return;
    case KIND_DATE:
      fprintf(out, "%04" PRId64 "-%02" PRId64 "-%02" PRId64, whole[0], whole[1], whole[2]);
      return;
    case KIND_CHOICE: put_choice(out, key->choices, *whole); return;
    case KIND_FLAG: fputs(*whole != 0 ? "true" : "false", out); return;
    case KIND_COUNT: fprintf(out, "%" PRIu64, (uint64_t)*whole); return;
    case KIND_WHOLE_MONTHS:
      fprintf(out, "%s%" PRId64 " months%s", quote, *whole, quote);
      return;
    default: put_doubles(out, numbers, 1, key->kind, quote); return;
  }
}

void store_print_value(const struct deck_store *store, FILE *out, const struct key *key,
                       struct place place) {
  put_value(out, key, store_value(store, key, place), "");
}

/* The end of a mapping. */
static void put_provenance(FILE *out, const struct provenance *provenance) {
  if (provenance->source != NULL) {
    fputs(", source: ", out);
    put_quoted(out, provenance->source);
  }
  if (provenance->confidence != NULL) {
    fprintf(out, ", confidence: %s", provenance->confidence);
  }
  fputs("}\n", out);
}

static void put_key(const struct deck_store *store, FILE *out, const struct key *key,
                    struct place place, const char *indent) {
  const struct entry *entry = store_entry(store, key, place);
  if (key->standard != NULL && !entry->given &&
      (key->kind == KIND_TEXT || !schema_holds(key, 0.0))) {
    return; /* what is not said could not be read back */
  }
  fprintf(out, "%s%s: {value: ", indent, key->name);
  put_value(out, key, store_value(store, key, place), "\"");
  put_provenance(out, &entry->provenance);
}

static void put_items(const struct deck_store *store, FILE *out, enum group group,
                      int64_t outer) {
  const struct list *list = &schema_lists[group];
  const bool nested = group == GROUP_TRANCHE;
  const int64_t n = *store_count(store, group, outer);
  if (n == 0 && group == GROUP_HISTORY) {
    return; /* decks without one say nothing of it */
  }
  fprintf(out, "%s%s:%s\n", nested ? "    " : "", list->name, n == 0 ? " []" : "");
  for (int64_t i = 0; i < n; ++i) {
    const struct place place = nested ? (struct place){outer, i} : (struct place){i, 0};
    fprintf(out, "%s-\n", nested ? "      " : "  ");
    for (int k = 0; k < schema_size; ++k) {
      if (schema[k].group == group) {
        put_key(store, out, &schema[k], place, nested ? "        " : "    ");
      }
    }
    if (group == GROUP_CUSTOMER) {
      put_items(store, out, GROUP_TRANCHE, i);
    }
  }
}

static void put_law(FILE *out, const struct uncertain *item, const char *quote) {
  const struct law *law = &item->law;
  const struct law_form *form = &law_forms[law->kind];
  fprintf(out, "law: %s%s", form->name, item->scale ? ", scale: true" : "");
  for (int p = 0; p < form->n; ++p) {
    const struct law_parameter *parameter = &form->parameters[p];
    const double *values =
        (const double *)(const void *)((const char *)law + parameter->offset);
    if (isfinite(values[0])) {
      fprintf(out, ", %s: %s", parameter->name, quote);
      put_with_unit(out, values, parameter->several ? (size_t)law->n_outcomes : 1,
                    parameter->pure ? "" : item->unit);
      fputs(quote, out);
    }
  }
}

void store_print_law(const struct deck_store *store, FILE *out, int item) {
  put_law(out, &store->deck->uncertain[item], "");
}

/* Only where there is one: decks without uncertain keys say nothing of them. */
static void put_uncertain(const struct deck_store *store, FILE *out) {
  const struct uncertain *items = store->deck->uncertain;
  fputs(store->laws.n > 0 ? "uncertain:\n" : "", out);
  for (int i = 0; i < store->laws.n; ++i) {
    fputs("  - {key: ", out);
    put_quoted(out, items[i].name);
    fputs(", ", out);
    put_law(out, &items[i], "\"");
    put_provenance(out, &store->laws.items[i].provenance);
  }
  fputs(store->correlations.n > 0 ? "uncertain_correlation:\n" : "", out);
  for (int i = 0; i < store->correlations.n; ++i) {
    const struct tie *tie = &store->ties[i];
    fputs("  - {keys: [", out);
    put_quoted(out, items[tie->keys[0]].name);
    fputs(", ", out);
    put_quoted(out, items[tie->keys[1]].name);
    fputs("], rank: \"", out);
    put_with_unit(out, &tie->rank, 1, "");
    fputc('"', out);
    put_provenance(out, &store->correlations.items[i].provenance);
  }
}

void store_print(const struct deck_store *store, FILE *out) {
  const char *section = "";
  for (int k = 0; k < schema_size; ++k) {
    const struct key *key = &schema[k];
    const struct place nowhere = {0, 0};
    if (key->group != GROUP_SECTION) {
      if (key->group != GROUP_TRANCHE && (k == 0 || schema[k - 1].group != key->group)) {
        put_items(store, out, key->group, 0);
      }
      continue;
    }
    if (strcmp(key->section, "sampling") == 0) {
      continue;
    }
    if (strcmp(key->section, section) != 0 || key->section[0] == '\0') {
      section = key->section;
      if (section[0] != '\0') {
        fprintf(out, "%s:\n", section);
      }
    }
    if (key->section[0] == '\0') {
      put_key(store, out, key, nowhere, "");
    } else {
      put_key(store, out, key, nowhere, "  ");
    }
  }
  put_uncertain(store, out);
}
