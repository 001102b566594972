/* A deck value by value: with its source, or beside another deck. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "command/check_parts.h"
#include "edge/json.h"

struct line { /* a value of a deck, or a law */
  char name[MAX_KEY + 16];
  char *value;                         /* owned */
  const struct provenance *provenance; /* of the store */
};

struct lines {
  struct line *items;
  size_t n, room;
  bool whole; /* no memory was short */
};

static void lines_free(struct lines *lines) {
  for (size_t i = 0; i < lines->n; ++i) {
    free(lines->items[i].value);
  }
  free(lines->items);
}

/* A new line at the end; NULL if memory is short. */
static struct line *add_line(struct lines *lines) {
  if (lines->n == lines->room) {
    const size_t room = lines->room > 0 ? 2 * lines->room : 256;
    struct line *items = realloc(lines->items, room * sizeof *items);
    if (items == NULL) {
      lines->whole = false;
      return NULL;
    }
    lines->items = items;
    lines->room = room;
  }
  lines->items[lines->n] = (struct line){.value = NULL};
  return &lines->items[lines->n++];
}

/* The value of a key as text, or law `law` if `key` is NULL. */
static void add_value(struct lines *lines, const struct deck_store *store,
                      const struct key *key, struct place place, int law) {
  struct line *line = add_line(lines);
  size_t size = 0;
  FILE *out = line != NULL ? open_memstream(&line->value, &size) : NULL;
  if (out == NULL) {
    lines->whole = false;
    return;
  }
  if (key != NULL) {
    store_name_key(store, key, place, line->name);
    store_print_value(store, out, key, place);
    line->provenance = &store_entry(store, key, place)->provenance;
  } else {
    snprintf(line->name, sizeof line->name, "uncertain.%s", store->deck->uncertain[law].name);
    store_print_law(store, out, law);
    line->provenance = &store->laws.items[law].provenance;
  }
  lines->whole &= fclose(out) == 0 && line->value != NULL;
}

static void add_items(struct lines *lines, const struct deck_store *store, enum group group,
                      int64_t outer) {
  for (int64_t i = 0; i < *store_count(store, group, outer); ++i) {
    const struct place place =
        group == GROUP_TRANCHE ? (struct place){outer, i} : (struct place){i, 0};
    for (int k = 0; k < schema_size; ++k) {
      if (schema[k].group == group && schema[k].kind != KIND_TEXT) {
        add_value(lines, store, &schema[k], place, 0);
      }
    }
    if (group == GROUP_CUSTOMER) {
      add_items(lines, store, GROUP_TRANCHE, i);
    }
  }
}

/* Every value of a deck but names, in the order of the table, laws last. */
static struct lines list_values(const struct deck_store *store) {
  const struct place nowhere = {0, 0};
  struct lines lines = {.whole = true};
  for (int k = 0; k < schema_size; ++k) {
    const struct key *key = &schema[k];
    if (key->group == GROUP_SECTION && key->kind != KIND_TEXT) {
      add_value(&lines, store, key, nowhere, 0);
    } else if (key->group != GROUP_SECTION && key->group != GROUP_TRANCHE &&
               schema[k - 1].group != key->group) {
      add_items(&lines, store, key->group, 0);
    }
  }
  for (int i = 0; i < store->laws.n; ++i) {
    add_value(&lines, store, NULL, nowhere, i);
  }
  return lines;
}

static enum status no_memory(void) {
  return status_fail(STATUS_FAILED, "no memory to list a deck");
}

/* ---- assumptions */

/* What is least sure comes first; what says nothing about itself, last. */
static const char *const confidences[] = {"assumed", "derived", "fact", ""};
enum { N_CONFIDENCES = sizeof confidences / sizeof confidences[0] };

static const char *confidence_of(const struct line *line) {
  const char *said = line->provenance->confidence;
  return said != NULL ? said : "";
}

static void show_group(const struct lines *lines, const char *confidence) {
  int n = 0;
  for (size_t i = 0; i < lines->n; ++i) {
    n += strcmp(confidence_of(&lines->items[i]), confidence) == 0;
  }
  if (n > 0) {
    printf("%s: %d value%s\n", confidence[0] != '\0' ? confidence : "no confidence stated", n,
           n == 1 ? "" : "s");
  }
  for (size_t i = 0; i < lines->n; ++i) {
    const struct line *line = &lines->items[i];
    if (strcmp(confidence_of(line), confidence) == 0) {
      printf("  %-48s  %-34s", line->name, line->value);
      if (line->provenance->source != NULL) {
        fputs("  ", stdout);
        text_put(stdout, line->provenance->source);
      }
      putchar('\n');
    }
  }
}

static void show_json(const struct lines *lines) {
  for (size_t i = 0; i < lines->n; ++i) {
    const struct line *line = &lines->items[i];
    const char *const words[] = {"key", "value", "source", "confidence"};
    const char *const texts[] = {line->name, line->value, line->provenance->source,
                                 line->provenance->confidence};
    fputs(i > 0 ? ",\n {" : "[\n {", stdout);
    for (int j = 0; j < 4; ++j) {
      fputs(j > 0 ? ", " : "", stdout);
      json_text(stdout, words[j]);
      fputs(": ", stdout);
      if (texts[j] != NULL) {
        json_text(stdout, texts[j]);
      } else {
        fputs("null", stdout);
      }
    }
    fputs("}", stdout);
  }
  puts(lines->n > 0 ? "\n]" : "[]");
}

enum status check_print_assumptions(const struct deck_store *store, bool json) {
  struct lines lines = list_values(store);
  const bool whole = lines.whole;
  if (whole && json) {
    show_json(&lines);
  }
  for (int i = 0; whole && !json && i < N_CONFIDENCES; ++i) {
    show_group(&lines, confidences[i]);
  }
  lines_free(&lines);
  return whole ? STATUS_OK : no_memory();
}

/* ---- differences */

/* NULL if there is none. */
static const struct line *find_line(const struct lines *lines, const char *name) {
  for (size_t i = 0; i < lines->n; ++i) {
    if (strcmp(lines->items[i].name, name) == 0) {
      return &lines->items[i];
    }
  }
  return NULL;
}

static void show_difference(const char *name, const struct line *one,
                            const struct line *other) {
  printf("%s\n  - %s\n  + %s\n", name, one != NULL ? one->value : "(none)",
         other != NULL ? other->value : "(none)");
}

static int compare_lines(const struct lines *one, const struct lines *other) {
  int n = 0;
  for (size_t i = 0; i < one->n; ++i) {
    const struct line *line = &one->items[i], *twin = find_line(other, line->name);
    if (twin == NULL || strcmp(line->value, twin->value) != 0) {
      show_difference(line->name, line, twin);
      ++n;
    }
  }
  for (size_t i = 0; i < other->n; ++i) {
    if (find_line(one, other->items[i].name) == NULL) {
      show_difference(other->items[i].name, NULL, &other->items[i]);
      ++n;
    }
  }
  return n;
}

enum status check_print_difference(const struct deck_store *one, const char *name_one,
                                   const struct deck_store *other, const char *name_other) {
  struct lines a = list_values(one), b = list_values(other);
  const bool whole = a.whole && b.whole;
  if (whole) {
    text_line(stdout, "- %s", name_one);
    text_line(stdout, "+ %s", name_other);
    const int n = compare_lines(&a, &b);
    fprintf(stderr, "tenor: %d value%s differ%s\n", n, n == 1 ? "" : "s", n == 1 ? "s" : "");
  }
  lines_free(&a);
  lines_free(&b);
  return whole ? STATUS_OK : no_memory();
}
