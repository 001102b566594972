/* The table of a sensitivity result, from its file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arrays.h"
#include "base/text.h"
#include "edge/results_read.h"
#include "edge/sensitivity.h"

enum figure { LOW, HIGH, FIRST, TOTAL, N_FIGURES };
static const char *const names[N_FIGURES] = {"low_difference", "high_difference", "first_order",
                                             "total"};

static const char *const heads[N_FIGURES] = {"key low", "key high", "1st order", "total"};

struct piece { /* a figure of every metric and key */
  struct values value, low_end, high_end, grey;
};

struct table {
  const struct ncreader *reader;
  ncword *keys, *units, *metrics, *metric_units, *long_names; /* owned */
  size_t n_keys, n_metrics;
  struct values factor, ends, middle; /* of the keys */
  struct piece pieces[N_FIGURES];     /* those of TOTAL are empty if there is none */
};

static struct values read_part(const struct table *table, const char *name,
                               const char *suffix) {
  char whole[NCFILE_NAME];
  snprintf(whole, sizeof whole, "%s%s", name, suffix);
  struct values values = values_read(table->reader, whole);
  if (values.at != NULL && values.shape.n != table->n_metrics * table->n_keys) {
    array_free(values.at);
    values.at = NULL;
  }
  return values;
}

/* false if the file is not what its attribute says. */
static bool read_table(struct table *table) {
  size_t n[3] = {0};
  table->keys = values_words(table->reader, "key", &table->n_keys);
  table->units = values_words(table->reader, "key_unit", &n[0]);
  table->metrics = values_words(table->reader, "metric", &table->n_metrics);
  table->metric_units = values_words(table->reader, "metric_unit", &n[1]);
  table->long_names = values_words(table->reader, "metric_long_name", &n[2]);
  table->factor = values_read(table->reader, "key_is_factor");
  table->ends = values_read(table->reader, "key_value");
  table->middle = values_read(table->reader, "key_middle");
  bool whole = table->n_keys <= MAX_UNCERTAIN && table->n_metrics <= MAX_QUANTITIES &&
               n[0] == table->n_keys && n[1] == table->n_metrics && n[2] == table->n_metrics &&
               table->factor.at != NULL && table->factor.shape.n == table->n_keys &&
               table->ends.at != NULL && table->ends.shape.n == 2 * table->n_keys &&
               table->middle.at != NULL && table->middle.shape.n == table->n_keys;
  for (int f = 0; f < N_FIGURES; ++f) {
    struct piece *piece = &table->pieces[f];
    piece->value = read_part(table, names[f], "");
    piece->low_end = read_part(table, names[f], "_lo");
    piece->high_end = read_part(table, names[f], "_hi");
    piece->grey = read_part(table, names[f], "_grey");
    whole = whole && (f == TOTAL || (piece->value.at != NULL && piece->low_end.at != NULL &&
                                     piece->high_end.at != NULL && piece->grey.at != NULL));
  }
  return whole;
}

static void free_table(struct table *table) {
  void *const owned[] = {table->keys,         table->units,      table->metrics,
                         table->metric_units, table->long_names, table->factor.at,
                         table->ends.at,      table->middle.at};
  for (size_t i = 0; i < sizeof owned / sizeof owned[0]; ++i) {
    array_free(owned[i]);
  }
  for (int f = 0; f < N_FIGURES; ++f) {
    array_free(table->pieces[f].value.at);
    array_free(table->pieces[f].low_end.at);
    array_free(table->pieces[f].high_end.at);
    array_free(table->pieces[f].grey.at);
  }
}

/* ---- keys in order */

struct bar {
  size_t key;
  double length; /* from the lowest to the highest of low, base and high */
};

static int longer_first(const void *a, const void *b) {
  const struct bar *one = a, *other = b;
  return one->length != other->length ? (one->length < other->length ? 1 : -1)
                                      : (one->key < other->key ? -1 : 1);
}

static void sort_bars(const struct table *table, size_t metric, struct bar *bars) {
  for (size_t key = 0; key < table->n_keys; ++key) {
    const size_t i = metric * table->n_keys + key;
    const double low = table->pieces[LOW].value.at[i], high = table->pieces[HIGH].value.at[i];
    bars[key] = (struct bar){key, fmax(fmax(low, high), 0.0) - fmin(fmin(low, high), 0.0)};
  }
  qsort(bars, table->n_keys, sizeof *bars, longer_first);
}

/* ---- printing */

static void print_keys(const struct table *table) {
  char room[24];
  printf("\n%-40s %9s %9s %9s  %s\n", "key, at quantiles of its law", "10 %", "50 %", "90 %",
         "unit");
  for (size_t i = 0; i < table->n_keys; ++i) {
    fputs("  ", stdout);
    text_column(stdout, table->keys[i], 38);
    printf(" %9s", values_brief(table->ends.at[2 * i], room));
    printf(" %9s", values_brief(table->middle.at[i], room));
    printf(" %9s  %s\n", values_brief(table->ends.at[2 * i + 1], room),
           table->factor.at[i] > 0.0 ? "times the deck's values" : table->units[i]);
  }
}

/* A figure and half of its interval; a tilde where it cannot be told from 0. */
static void print_piece(const struct piece *piece, size_t i) {
  char room[24];
  if (piece->value.at == NULL || piece->low_end.at == NULL || piece->high_end.at == NULL ||
      piece->grey.at == NULL) {
    return;
  }
  const bool exists = piece->value.at[i] != ncfile_fill;
  printf(" %9s%c", exists ? values_brief(piece->value.at[i], room) : "-",
         exists && piece->grey.at[i] > 0.0 ? '~' : ' ');
  printf(" %7s", exists
                     ? values_brief(0.5 * (piece->high_end.at[i] - piece->low_end.at[i]), room)
                     : "-");
}

static void print_level(const struct table *table, const char *label, const char *name,
                        size_t metric) {
  char room[24];
  const double half = 0.5 * (values_number(table->reader, name, "_hi", metric) -
                             values_number(table->reader, name, "_lo", metric));
  printf("  %-38.38s %9s ", label,
         values_brief(values_number(table->reader, name, "", metric), room));
  printf(" %7s\n", values_brief(half, room));
}

static void print_metric(const struct table *table, size_t metric, struct bar *bars) {
  char room[24];
  const double variance = values_number(table->reader, "parameter_variance", "", metric);
  printf("\n%s: %s, %s\n", table->metrics[metric], table->long_names[metric],
         table->metric_units[metric]);
  print_level(table, "every key in the middle of its law", "base", metric);
  print_level(table, "every key drawn from its law", "mean", metric);
  printf("  %-38.38s %9s\n", "standard deviation over the keys",
         values_brief(variance > 0.0 ? sqrt(variance) : (double)NAN, room));
  printf("%-40s", "");
  for (int f = 0; f < N_FIGURES; ++f) {
    if (table->pieces[f].value.at != NULL) {
      printf(" %9s  %7s", heads[f], "+/-");
    }
  }
  putchar('\n');
  sort_bars(table, metric, bars);
  for (size_t i = 0; i < table->n_keys; ++i) {
    fputs("  ", stdout);
    text_column(stdout, table->keys[bars[i].key], 38);
    for (int f = 0; f < N_FIGURES; ++f) {
      print_piece(&table->pieces[f], metric * table->n_keys + bars[i].key);
    }
    putchar('\n');
  }
}

static void print_table(const struct table *table, struct bar *bars) {
  const struct ncreader *reader = table->reader;
  char deck[128] = "?", seed[64] = "?", model[32] = "?";
  ncreader_text(reader, false, NCFILE_GLOBAL, "deck", deck, sizeof deck);
  ncreader_text(reader, false, NCFILE_GLOBAL, "seed", seed, sizeof seed);
  ncreader_text(reader, false, NCFILE_GLOBAL, "model_version", model, sizeof model);
  text_line(stdout, "%s: sensitivity to %zu uncertain keys, seed %s, model %s", deck,
            table->n_keys, seed, model);
  printf("differences on %.0f paths, shares of variance from %.0f paths in %.0f blocks\n",
         values_number(reader, "swing_paths", "", 0), values_number(reader, "paths", "", 0),
         values_number(reader, "blocks", "", 0));
  print_keys(table);
  for (size_t metric = 0; metric < table->n_metrics; ++metric) {
    print_metric(table, metric, bars);
  }
  puts(
      "\nkey low, key high: by how much the mean moves when one key goes from the middle of "
      "its "
      "law\nto its 10 or 90 % quantile, on the same paths; 1st order: share of the variance "
      "over "
      "the keys\nthat the key decides alone; total: with all it does together with others\n"
      "+/-: half of the 95 % interval of the sampling error alone; ~ cannot be told from 0");
}

enum status sensitivity_show(const struct ncreader *reader) {
  struct table table = {.reader = reader};
  const bool whole = read_table(&table);
  struct bar *bars = array_make(table.n_keys, sizeof *bars);
  if (whole && bars != NULL) {
    print_table(&table, bars);
  }
  array_free(bars);
  free_table(&table);
  return whole && bars != NULL
             ? STATUS_OK
             : status_fail(STATUS_IO, "%s: a variable cannot be read", reader->path);
}
