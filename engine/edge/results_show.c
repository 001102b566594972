/* A result as people and programs read it: headline table, JSON. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "base/text.h"
#include "edge/json.h"
#include "edge/ncfile.h"
#include "edge/results.h"
#include "edge/results_read.h"
#include "edge/sensitivity.h"

/* ---- how sure a number is */

static const double NORMAL_975 = 1.959963984540054; /* quantile of the normal law */

/* Half of a 95 % interval, in standard errors; files of format 1 do not tell. */
static double interval_factor(const struct ncreader *reader) {
  const double told = values_number(reader, "interval_factor", "", 0);
  return isnan(told) ? NORMAL_975 : told;
}

/* The same where an error comes from leaving out one part of the sample after the other. */
static double parts_factor(const struct ncreader *reader) {
  const struct values paths = values_read(reader, "part_paths");
  double parts = 0.0;
  for (size_t i = 0; paths.at != NULL && i < paths.shape.n; ++i) {
    parts += paths.at[i] > 0.0 ? 1.0 : 0.0;
  }
  array_free(paths.at);
  return parts > 1.0 ? figures_student((int64_t)parts - 1) : (double)NAN;
}

/* Is element i of a coordinate of probabilities ("quantile" or "tail") to be relied on? */
static bool is_reliable(const struct ncreader *reader, const char *coordinate, size_t i,
                        double p) {
  const double told = values_number(reader, coordinate, "_reliable", i);
  const double beyond = values_number(reader, "paths", "", 0) * (p < 0.5 ? p : 1.0 - p);
  return isnan(told) ? beyond >= RELIABLE_POINTS : told > 0.0;
}

/* ---- the table */

struct row {
  const char *metric, *label;
};
/* Labels have up to 32 characters, so that tables fit a terminal of 80 columns. */
static const struct row quarterly[] = {
    {"backlog", "backlog, bn USD"},
    {"contract_revenue", "contract revenue, bn USD/quarter"},
    {"capacity", "capacity, GW"},
    {"demand", "demand, GW"},
    {"utilisation", "utilisation"},
    {"exposure", "credit exposure, bn USD"},
    {"aws_revenue", "AWS revenue, bn USD/quarter"},
};
static const struct row terminal[] = {
    {"npv", "NPV, bn USD"},
    {"npv_with_equity", "NPV with stakes, bn USD"},
    {"capex_total", "capex, bn USD"},
};
static const struct row per_customer[] = {
    {"revenue_total", "contract revenue, bn USD"},
    {"shortfall_total", "take-or-pay payments, bn USD"},
    {"ecl", "expected credit loss, bn USD"},
    {"peak_exposure", "peak exposure, bn USD"},
};
enum { SHOWN = 3 }; /* quantiles of the table: 5, 50 and 95 % */
static const double shown[SHOWN] = {0.05, 0.5, 0.95};

struct table {
  const struct ncreader *reader;
  double factor; /* half of a 95 % interval, in standard errors */
  bool gains;    /* does the result tell what replicates gain over independent paths? */
  size_t n_quantiles;
  size_t quantile[SHOWN];    /* where they stand */
  bool found[SHOWN];         /* are they there? */
  bool thin[SHOWN], starred; /* do few paths lie beyond; has anything been marked for it? */
  ncword *names;             /* [n_names] of the customers; owned */
  size_t n_names;
};

/* Half of the 95 % interval of a variable: of its ends where the file has them, else of its
   standard error. `suffix` is what tells it from the metric ("", "_never", "_var", "_cvar"). */
static double half_of(const struct table *table, const char *metric, const char *suffix,
                      size_t element) {
  char name[160];
  snprintf(name, sizeof name, "%s%s", metric, suffix);
  const double half = 0.5 * (values_number(table->reader, name, "_hi", element) -
                             values_number(table->reader, name, "_lo", element));
  return isnan(half) ? table->factor * values_number(table->reader, name, "_se", element)
                     : half;
}

static double quantile_of(const struct table *table, const char *metric, size_t element,
                          int k) {
  return table->found[k] ? values_number(table->reader, metric, "_quantile",
                                         element * table->n_quantiles + table->quantile[k])
                         : (double)NAN;
}

/* The head of a quantile's column, with a star if few paths lie beyond. */
static const char *quantile_head(struct table *table, int k, char room[24]) {
  snprintf(room, 24, "%g %%%s", 100.0 * shown[k], table->thin[k] ? "*" : "");
  table->starred = table->starred || table->thin[k];
  return room;
}

/* The last column of a result in replicates, and its end of line. */
static void print_gain(const struct table *table, const char *metric, const char *suffix,
                       size_t element) {
  char room[24];
  if (table->gains) {
    printf(" %5s", values_brief(values_number(table->reader, metric, suffix, element), room));
  }
  putchar('\n');
}

static void print_row(const struct table *table, const char *label, const char *metric,
                      size_t element) {
  char room[24];
  printf("  %-32.32s %6s", label,
         values_brief(values_number(table->reader, metric, "_mean", element), room));
  printf(" %8s", values_brief(half_of(table, metric, "", element), room));
  for (int k = 0; k < SHOWN; ++k) {
    printf(" %7s", values_brief(quantile_of(table, metric, element, k), room));
  }
  print_gain(table, metric, "_gain", element);
}

static void print_head(struct table *table, const char *title) {
  char room[24];
  putchar('\n');
  text_column(stdout, title, 34);
  printf(" %6s %8s", "mean", "+/- 95 %");
  for (int k = 0; k < SHOWN; ++k) {
    printf(" %7s", quantile_head(table, k, room));
  }
  puts(table->gains ? "  gain" : "");
}

static void print_number(const char *label, double value, double half) {
  char room[24], error[24];
  printf("  %-32.32s %6s %8s\n", label, values_brief(value, room), values_brief(half, error));
}

static void print_share(const struct table *table, const char *label, const char *metric,
                        const char *suffix, size_t element) {
  print_number(label, 100.0 * values_number(table->reader, metric, suffix, element),
               100.0 * half_of(table, metric, suffix, element));
}

static void print_constraints(const struct ncreader *reader, size_t quarter) {
  printf("  binds, %% of path-months:");
  for (size_t k = 0; k < N_CONSTRAINTS; ++k) { /* on two lines, for terminals of 80 columns */
    printf("%s %s %.1f", k == N_CONSTRAINTS / 2 ? "\n                          " : "",
           constraint_names[k],
           100.0 * values_number(reader, "binding_share", "", quarter * N_CONSTRAINTS + k));
  }
  putchar('\n');
}

/* The last quarter, and even the last of four, may end before its third month. */
static void print_date(struct table *table, size_t month) {
  const size_t unit = month % 12 == 0 ? 12 : month % 3 == 0 ? 3 : 1;
  char title[64];
  snprintf(title, sizeof title, "end of %s %zu",
           unit == 12  ? "year"
           : unit == 3 ? "quarter"
                       : "month",
           month / unit);
  print_head(table, title);
}

static void print_quarters(struct table *table, size_t n_quarters, size_t n_months) {
  static const size_t years[] = {1, 3, 5, 10, 20, 30};
  for (size_t i = 0; i < sizeof years / sizeof years[0]; ++i) {
    const bool last = i + 1 == sizeof years / sizeof years[0] || 12 * years[i] >= n_months;
    const size_t quarter = last ? n_quarters - 1 : 4 * years[i] - 1;
    print_date(table, last ? n_months : 12 * years[i]);
    for (size_t r = 0; r < sizeof quarterly / sizeof quarterly[0]; ++r) {
      print_row(table, quarterly[r].label, quarterly[r].metric, quarter);
    }
    print_constraints(table->reader, quarter);
    if (last) {
      return;
    }
  }
}

static void print_terminal(struct table *table) {
  print_head(table, "whole horizon");
  for (size_t r = 0; r < sizeof terminal / sizeof terminal[0]; ++r) {
    print_row(table, terminal[r].label, terminal[r].metric, 0);
  }
}

/* Value at risk and conditional value at risk of -NPV. */
static void print_tail(struct table *table) {
  static const double wanted[] = {0.95, 0.99};
  const struct values level = values_read(table->reader, "level");
  printf("\n%-34.34s %6s %8s %7s %8s%s\n", "tail of the loss -NPV, bn USD", "VaR", "+/- 95 %",
         "CVaR", "+/- 95 %", table->gains ? "  gain" : "");
  for (size_t k = 0; level.at != NULL && k < sizeof wanted / sizeof wanted[0]; ++k) {
    size_t i = 0;
    while (i < level.shape.n && level.at[i] != wanted[k]) {
      ++i;
    }
    if (i == level.shape.n) {
      continue;
    }
    const bool thin = !is_reliable(table->reader, "tail", i, level.at[i]);
    char label[24], room[24];
    snprintf(label, sizeof label, "%g %%%s", 100.0 * level.at[i], thin ? "*" : "");
    table->starred = table->starred || thin;
    printf("  %-32.32s", label);
    printf(" %6s", values_brief(values_number(table->reader, "npv", "_var", i), room));
    printf(" %8s", values_brief(half_of(table, "npv", "_var", i), room));
    printf(" %7s", values_brief(values_number(table->reader, "npv", "_cvar", i), room));
    printf(" %8s", values_brief(half_of(table, "npv", "_cvar", i), room));
    print_gain(table, "npv", "_cvar_gain", i);
  }
  array_free(level.at);
}

static void print_customers(struct table *table) {
  const struct ncreader *reader = table->reader;
  const double factor = parts_factor(reader);
  for (size_t c = 0; c < table->n_names; ++c) {
    char title[NCFILE_NAME + 32];
    snprintf(title, sizeof title, "%s, whole horizon", table->names[c]);
    print_head(table, title);
    for (size_t r = 0; r < sizeof per_customer / sizeof per_customer[0]; ++r) {
      print_row(table, per_customer[r].label, per_customer[r].metric, c);
    }
    print_share(table, "default, % of paths", "defaulted", "", c);
    print_share(table, "commitment left over, % of paths", "fulfilled_month", "_never", c);
    print_number("wrong-way ratio", values_number(reader, "wrong_way_ratio", "", c),
                 factor * values_number(reader, "wrong_way_ratio", "_se", c));
  }
}

static void find_quantiles(struct table *table) {
  const struct values quantile = values_read(table->reader, "quantile");
  table->n_quantiles = quantile.at != NULL ? quantile.shape.n : 0;
  for (size_t i = 0; i < table->n_quantiles; ++i) {
    for (int k = 0; k < SHOWN; ++k) {
      if (quantile.at[i] == shown[k] && !table->found[k]) {
        table->quantile[k] = i;
        table->found[k] = true;
        table->thin[k] = !is_reliable(table->reader, "quantile", i, shown[k]);
      }
    }
  }
  array_free(quantile.at);
}

/* ---- the table of a comparison */

static void print_difference(const struct table *table, const char *label, const char *metric,
                             size_t element) {
  static const char *const sides[] = {"_first", "_second", "_difference_mean"};
  char name[128], room[24];
  printf("  %-32.32s", label);
  for (int i = 0; i < 3; ++i) {
    printf(" %7s", values_brief(values_number(table->reader, metric, sides[i], element), room));
  }
  snprintf(name, sizeof name, "%s_difference", metric);
  const double unpaired = values_number(table->reader, name, "_unpaired_se", element);
  printf(" %8s", values_brief(half_of(table, name, "", element), room));
  printf(" %8s", values_brief(table->factor * unpaired, room));
  for (int k = 0; k < SHOWN; k += 2) {
    printf(" %7s", values_brief(quantile_of(table, name, element, k), room));
  }
  printf(" %5s\n",
         values_brief(values_number(table->reader, name, "_variance_ratio", element), room));
}

static void print_difference_head(struct table *table, const char *title) {
  char low[24], high[24];
  putchar('\n');
  text_column(stdout, title, 34);
  printf(" %7s %7s %7s %8s %8s %7s %7s %5s\n", "first", "second", "minus", "+/- 95 %",
         "unpaired", quantile_head(table, 0, low), quantile_head(table, 2, high), "ratio");
}

static void print_comparison(struct table *table, size_t n_months) {
  static const size_t years[] = {1, 3, 5, 10, 20, 30};
  for (size_t i = 0; i < sizeof years / sizeof years[0] && 12 * years[i] <= n_months; ++i) {
    char title[64];
    snprintf(title, sizeof title, "end of year %zu", years[i]);
    print_difference_head(table, title);
    for (size_t r = 0; r < sizeof quarterly / sizeof quarterly[0]; ++r) {
      print_difference(table, quarterly[r].label, quarterly[r].metric, 4 * years[i] - 1);
    }
  }
  print_difference_head(table, "whole horizon");
  for (size_t r = 0; r < sizeof terminal / sizeof terminal[0]; ++r) {
    print_difference(table, terminal[r].label, terminal[r].metric, 0);
  }
  for (size_t c = 0; c < table->n_names; ++c) {
    char title[NCFILE_NAME + 32];
    snprintf(title, sizeof title, "%s, whole horizon", table->names[c]);
    print_difference_head(table, title);
    for (size_t r = 0; r < sizeof per_customer / sizeof per_customer[0]; ++r) {
      print_difference(table, per_customer[r].label, per_customer[r].metric, c);
    }
  }
  puts(
      "\nminus: first minus second on the same paths, with its 95 % interval;\n"
      "unpaired: that of two unrelated runs; ratio: variances of both decks over that of the "
      "difference");
}

/* ---- the frame */

static size_t count(const struct table *table, const char *name) {
  const struct values values = values_read(table->reader, name);
  const size_t n = values.at != NULL ? values.shape.n : 0;
  array_free(values.at);
  return n;
}

/* Decks, size of the sample, and where its errors come from. */
static void print_opening(const struct table *table, const char *second) {
  const struct ncreader *reader = table->reader;
  const double replicates = values_number(reader, "replicates", "", 0);
  const double blocks = values_number(reader, "blocks", "", 0);
  char deck[128] = "?", seed[64] = "?", model[32] = "?", sampling[32] = "";
  ncreader_text(reader, false, NCFILE_GLOBAL, "deck", deck, sizeof deck);
  ncreader_text(reader, false, NCFILE_GLOBAL, "seed", seed, sizeof seed);
  ncreader_text(reader, false, NCFILE_GLOBAL, "model_version", model, sizeof model);
  ncreader_text(reader, false, NCFILE_GLOBAL, "sampling", sampling, sizeof sampling);
  text_print(stdout, "%s%s%s: %.0f paths, seed %s, model %s", deck,
             second[0] != '\0' ? " minus " : "", second, values_number(reader, "paths", "", 0),
             seed, model);
  if (!isnan(replicates)) {
    text_print(stdout, ", %s in %.0f replicates", sampling, replicates);
  } else if (!isnan(blocks)) {
    text_print(stdout, ", %s in %.0f blocks", sampling, blocks);
  }
  putchar('\n');
}

/* What the marks mean. */
static void print_closing(const struct table *table) {
  puts("\n+/- 95 %: half of the 95 % interval of the sampling error alone");
  if (table->gains) {
    puts("gain: independent paths that one path is worth, for the mean (of a tail CVaR)");
  }
  if (table->starred) {
    printf("* not to be relied on: fewer than %d paths", (int)RELIABLE_POINTS);
    if (count(table, "blocks") > 0) {
      printf(", or fewer than %d blocks of paths,", (int)RELIABLE_BLOCKS);
    }
    puts(" lie beyond");
  }
}

static void print_all(struct table *table, const char *second) {
  const size_t n_quarters = count(table, "time"), n_months = count(table, "month");
  print_opening(table, second);
  find_quantiles(table);
  if (second[0] != '\0') {
    print_comparison(table, n_months);
  } else {
    if (n_quarters > 0) {
      print_quarters(table, n_quarters, n_months);
    }
    print_terminal(table);
    print_tail(table);
    print_customers(table);
  }
  print_closing(table);
}

enum status results_show(const char *path) {
  struct ncreader reader;
  char second[128] = "";
  enum status status = ncreader_open(&reader, path);
  if (status != STATUS_OK) {
    return status;
  }
  if (ncreader_text(&reader, false, NCFILE_GLOBAL, "tenor_kind", second, sizeof second) &&
      strcmp(second, SENSITIVITY_KIND) == 0) {
    const enum status shown_it = sensitivity_show(&reader);
    ncreader_close(&reader);
    return shown_it;
  }
  struct table table = {.reader = &reader,
                        .factor = interval_factor(&reader),
                        .gains = !isnan(values_number(&reader, "replicates", "", 0))};
  ncreader_text(&reader, false, NCFILE_GLOBAL, "second_deck", second, sizeof second);
  table.names = values_words(&reader, "customer", &table.n_names);
  if (table.n_names <= MAX_CUSTOMERS) {
    print_all(&table, second);
  } else {
    status = status_fail(STATUS_MISMATCH, "%s: not a result of tenor: %zu customers", path,
                         table.n_names);
  }
  array_free(table.names);
  ncreader_close(&reader);
  return status;
}

/* ---- JSON */

static void put_nested(FILE *out, const double *values, const size_t *sizes, int n_dims) {
  if (n_dims == 0) {
    json_number(out, values[0] == ncfile_fill ? NAN : values[0]);
    return;
  }
  size_t each = 1;
  for (int d = 1; d < n_dims; ++d) {
    each *= sizes[d];
  }
  fputc('[', out);
  for (size_t i = 0; i < sizes[0]; ++i) {
    fputs(i > 0 ? ", " : "", out);
    put_nested(out, values + i * each, sizes + 1, n_dims - 1);
  }
  fputc(']', out);
}

static bool put_words(FILE *out, const struct ncreader *reader, int id,
                      const struct ncshape *shape) {
  char *text = array_make(shape->n + 1, 1);
  char word[NCFILE_NAME];
  const bool read = text != NULL && shape->n_dims == 2 && ncreader_raw(reader, false, id, text);
  fputc('[', out);
  for (size_t i = 0; read && i < shape->sizes[0]; ++i) {
    snprintf(word, sizeof word, "%.*s", (int)shape->sizes[1], text + i * shape->sizes[1]);
    fputs(i > 0 ? ", " : "", out);
    json_text(out, word);
  }
  fputc(']', out);
  array_free(text);
  return read;
}

static bool put_variable(FILE *out, const struct ncreader *reader, int id, size_t *sum) {
  struct ncshape shape;
  char text[512];
  if (!ncreader_shape(reader, false, id, &shape) || !ncreader_count(false, &shape, sum)) {
    return false;
  }
  json_text(out, shape.name);
  fputs(": {\"dims\": [", out);
  for (int d = 0; d < shape.n_dims - (shape.type == NCTYPE_CHAR ? 1 : 0); ++d) {
    fputs(d > 0 ? ", " : "", out);
    json_text(out, shape.dims[d]);
  }
  fputs("], ", out);
  for (int i = 0; i < 2; ++i) {
    const char *attribute = i == 0 ? "units" : "currency";
    if (ncreader_text(reader, false, id, attribute, text, sizeof text)) {
      fprintf(out, "\"%s\": ", attribute);
      json_text(out, text);
      fputs(", ", out);
    }
  }
  fputs("\"values\": ", out);
  bool done = true;
  if (shape.type == NCTYPE_CHAR) {
    done = put_words(out, reader, id, &shape);
  } else {
    const struct values values = values_read(reader, shape.name);
    done = values.at != NULL;
    if (done) {
      put_nested(out, values.at, shape.sizes, shape.n_dims);
    }
    array_free(values.at);
  }
  fputc('}', out);
  return done;
}

enum status results_show_json(const char *path) {
  struct ncreader reader;
  char name[NCFILE_NAME], text[1024];
  enum status status = ncreader_open(&reader, path);
  if (status != STATUS_OK) {
    return status;
  }
  fputs("{\"attributes\": {", stdout);
  for (int i = 0; ncreader_attribute(&reader, false, NCFILE_GLOBAL, i, name, text, sizeof text);
       ++i) {
    fputs(i > 0 ? ",\n  " : "\n  ", stdout);
    json_text(stdout, name);
    fputs(": ", stdout);
    json_text(stdout, text);
  }
  fputs("},\n\"variables\": {", stdout);
  const int n = ncreader_variables(&reader, false);
  size_t sum = 0;
  for (int id = 0; status == STATUS_OK && id < n; ++id) {
    fputs(id > 0 ? ",\n  " : "\n  ", stdout);
    if (!put_variable(stdout, &reader, id, &sum)) {
      status = status_fail(STATUS_IO, "%s: a variable cannot be read", path);
    }
  }
  fputs("}}\n", stdout);
  ncreader_close(&reader);
  return status;
}
