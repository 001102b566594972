#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "edge/digest.h"
#include "edge/files.h"
#include "edge/results.h"
#include "edge/results_axes.h"
#include "edge/sensitivity.h"
#include "model/uncertain.h"
#include "model/version.h"
#include "stats/figures.h"

struct writing {
  struct ncwriter nc;
  const struct sensitivity_result *result;
  int metric, key, swing;       /* dimensions */
  double path_half, block_half; /* half of a 95 % interval in standard errors */
};

static double filled(double value) {
  return isfinite(value) ? value : ncfile_fill;
}

/* ---- words */

typedef void write_word(const struct writing *w, size_t i, char *word, size_t size);

static void key_word(const struct writing *w, size_t i, char *word, size_t size) {
  snprintf(word, size, "%s", w->result->deck->uncertain[i].name);
}

static void key_unit(const struct writing *w, size_t i, char *word, size_t size) {
  const struct uncertain *key = &w->result->deck->uncertain[i];
  snprintf(word, size, "%s", key->unit[0] != '\0' ? key->unit : "1");
}

static void swing_word(const struct writing *w, size_t i, char *word, size_t size) {
  (void)w;
  snprintf(word, size, "%s", i == SWING_LOW ? "low" : "high");
}

static void metric_word(const struct writing *w, size_t i, char *word, size_t size) {
  snprintf(word, size, "%s", w->result->quantities[i].text);
}

static void metric_unit(const struct writing *w, size_t i, char *word, size_t size) {
  results_unit_text(&metrics[w->result->quantities[i].metric], word, size);
}

static void metric_long_name(const struct writing *w, size_t i, char *word, size_t size) {
  snprintf(word, size, "%s", metrics[w->result->quantities[i].metric].long_name);
}

/* char(n, longest), each with a dimension of letters of its own. */
static void put_words(struct writing *w, const char *name, int dim, const char *long_name,
                      size_t n, write_word *write) {
  char word[NCFILE_NAME], letters[NCFILE_NAME];
  size_t longest = 1;
  for (size_t i = 0; i < n; ++i) {
    write(w, i, word, sizeof word);
    longest = strlen(word) > longest ? strlen(word) : longest;
  }
  snprintf(letters, sizeof letters, "%s_letters", name);
  const int dims[] = {dim, ncwriter_dimension(&w->nc, letters, longest)};
  const size_t count[] = {n, longest};
  const struct ncvariable variable = ncwriter_variable(&w->nc, name, NCTYPE_CHAR, 2, dims);
  ncwriter_text(&w->nc, &variable, "long_name", long_name);
  ncwriter_text(&w->nc, &variable, "_Encoding", "utf-8");
  char *text = array_make(n, longest);
  if (text == NULL) {
    ncwriter_no_memory(&w->nc, name);
    return;
  }
  for (size_t i = 0; i < n; ++i) {
    write(w, i, word, sizeof word);
    memcpy(text + i * longest, word, strlen(word));
  }
  ncwriter_put(&w->nc, variable, count, text);
  array_free(text);
}

/* ---- axes */

static void put_numbers(struct writing *w, const char *name, const char *long_name,
                        const char *units, int n_dims, const int *dims, const size_t *count,
                        const double *values) {
  const struct ncvariable variable =
      ncwriter_variable(&w->nc, name, NCTYPE_DOUBLE, n_dims, dims);
  ncwriter_text(&w->nc, &variable, "long_name", long_name);
  if (units != NULL) {
    ncwriter_text(&w->nc, &variable, "units", units);
  }
  ncwriter_number(&w->nc, &variable, "_FillValue", NCTYPE_DOUBLE, &ncfile_fill);
  ncwriter_put(&w->nc, variable, count, values);
}

static void put_keys(struct writing *w) {
  const struct deck *deck = w->result->deck;
  const size_t n = (size_t)deck->n_uncertain, count[] = {n, N_SWINGS}, two = N_SWINGS;
  const int dims[] = {w->key, w->swing};
  double ends[MAX_UNCERTAIN][N_SWINGS], middle[MAX_UNCERTAIN];
  int factor[MAX_UNCERTAIN];
  for (size_t i = 0; i < n; ++i) {
    const struct law *law = &deck->uncertain[i].law;
    for (int s = 0; s < N_SWINGS; ++s) {
      ends[i][s] = law_quantile(law, swing_quantiles[s]);
    }
    middle[i] = law_quantile(law, swing_middle);
    factor[i] = deck->uncertain[i].scale != 0 ? 1 : 0;
  }
  put_words(w, "key", w->key, "uncertain key of the deck", n, key_word);
  put_words(w, "key_unit", w->key, "unit of the key's values", n, key_unit);
  const struct ncvariable scale =
      ncwriter_variable(&w->nc, "key_is_factor", NCTYPE_INT, 1, &w->key);
  ncwriter_text(&w->nc, &scale, "long_name",
                "1 where the key's value is a factor on the deck's own values");
  ncwriter_text(&w->nc, &scale, "units", "1");
  ncwriter_put(&w->nc, scale, &n, factor);
  put_words(w, "swing", w->swing, "end of a key's law at which it stands", two, swing_word);
  put_numbers(w, "swing_quantile", "quantile of the key's law", "1", 1, &w->swing, &two,
              swing_quantiles);
  put_numbers(w, "key_value", "value of the key at an end, in key_unit", NULL, 2, dims, count,
              &ends[0][0]);
  put_numbers(w, "key_middle", "value of the key in the middle, its median, in key_unit", NULL,
              1, &w->key, &n, middle);
}

/* ---- figures */

struct kind { /* of a figure */
  const char *name, *long_name;
  const char *measure; /* in what it is, as metrics differ in units; NULL: a pure number */
  double half;         /* of its interval, in standard errors */
  bool share;          /* never below 0 */
};

static void put_part(struct writing *w, const struct kind *kind, const char *suffix,
                     const char *phrase, int n_dims, const double *values) {
  const int dims[] = {w->metric, w->key};
  const size_t count[] = {(size_t)w->result->figures->n_quantities,
                          (size_t)w->result->figures->n_keys};
  char name[NCFILE_NAME], text[400];
  snprintf(name, sizeof name, "%s%s", kind->name, suffix);
  snprintf(text, sizeof text, "%s%s%s", phrase, kind->long_name,
           kind->measure != NULL ? kind->measure : "");
  put_numbers(w, name, text, kind->measure != NULL ? NULL : "1", n_dims, dims, count, values);
}

/* A figure of each metric (n_dims 1), or of each metric and key (2); `at[q * MAX_UNCERTAIN +
   k]` then, else at[q]. */
static void put_estimates(struct writing *w, const struct kind *kind, int n_dims,
                          const struct estimate *at) {
  enum piece { VALUE, ERROR, LOW_END, HIGH_END, N_PIECES };
  static const char *const words[N_PIECES][2] = {
      {"", ""},
      {"_se", "standard error of the "},
      {"_lo", "lower end of the 95 % interval of the "},
      {"_hi", "upper end of the 95 % interval of the "}};
  const int64_t n_keys = n_dims == 2 ? w->result->figures->n_keys : 1;
  const int64_t n = w->result->figures->n_quantities * n_keys;
  double values[N_PIECES][MAX_QUANTITIES * MAX_UNCERTAIN];
  int grey[MAX_QUANTITIES * MAX_UNCERTAIN];
  for (int64_t i = 0; i < n; ++i) {
    const struct estimate *estimate =
        &at[n_dims == 2 ? i / n_keys * MAX_UNCERTAIN + i % n_keys : i];
    const double half = kind->half * estimate->se;
    values[VALUE][i] = filled(estimate->value);
    values[ERROR][i] = filled(estimate->se);
    values[LOW_END][i] = filled(estimate->value - half);
    values[HIGH_END][i] = filled(estimate->value + half);
    const bool is_grey = kind->share ? sensitivity_share_is_grey(estimate, kind->half)
                                     : sensitivity_is_grey(estimate, kind->half);
    grey[i] = is_grey ? 1 : 0;
  }
  for (int piece = 0; piece < N_PIECES; ++piece) {
    put_part(w, kind, words[piece][0], words[piece][1], n_dims, values[piece]);
  }
  if (n_dims == 2) {
    const int dims[] = {w->metric, w->key};
    const size_t count[] = {(size_t)w->result->figures->n_quantities, (size_t)n_keys};
    char name[NCFILE_NAME];
    snprintf(name, sizeof name, "%s_grey", kind->name);
    const struct ncvariable variable =
        ncwriter_variable(&w->nc, name, NCTYPE_INT, n_dims, dims);
    ncwriter_text(&w->nc, &variable, "long_name",
                  kind->share ? "1 where it cannot be told from 0: its 95 % interval reaches 0"
                              : "1 where it cannot be told from 0: its 95 % interval holds 0");
    ncwriter_text(&w->nc, &variable, "units", "1");
    ncwriter_put(&w->nc, variable, count, grey);
  }
}

static void put_figures(struct writing *w) {
  const struct sensitivity *figures = w->result->figures;
  static const char own[] = ", in metric_unit";
  const struct kind kinds[] = {
      {"base", "mean with every key in the middle of its law", own, w->path_half, false},
      {"mean", "mean with every key drawn from its law", own, w->block_half, false},
      {"parameter_variance", "variance, over the keys, of the mean given the keys",
       ", in the square of metric_unit", w->block_half, true},
      {"low_difference", "mean with the key low, less base", own, w->path_half, false},
      {"high_difference", "mean with the key high, less base", own, w->path_half, false},
      {"first_order",
       "first-order index: share of parameter_variance that the key alone decides", NULL,
       w->block_half, true},
      {"total",
       "total-order index: share of parameter_variance that is left when all other keys are "
       "given",
       NULL, w->block_half, true}};
  put_estimates(w, &kinds[0], 1, figures->base);
  put_estimates(w, &kinds[1], 1, figures->mean);
  put_estimates(w, &kinds[2], 1, figures->variance);
  put_estimates(w, &kinds[3], 2, figures->low[0]);
  put_estimates(w, &kinds[4], 2, figures->high[0]);
  put_estimates(w, &kinds[5], 2, figures->first[0]);
  if (figures->has_total) {
    put_estimates(w, &kinds[6], 2, figures->total[0]);
  }
}

/* ---- the file */

static void put_size(struct writing *w, const char *name, const char *long_name,
                     int64_t value) {
  static const size_t one[] = {1};
  const struct ncvariable variable = ncwriter_variable(&w->nc, name, NCTYPE_INT64, 0, NULL);
  ncwriter_text(&w->nc, &variable, "long_name", long_name);
  ncwriter_text(&w->nc, &variable, "units", "1");
  ncwriter_put(&w->nc, variable, one, &value);
}

static void put_globals(struct writing *w, const char *digest) {
  const struct deck *deck = w->result->deck;
  const int format = RESULT_FORMAT_VERSION;
  char title[256], seed[32];
  struct ncwriter *nc = &w->nc;
  snprintf(title, sizeof title, "Sensitivity of a compute commitment: %s", deck->name);
  snprintf(seed, sizeof seed, "%" PRIu64, deck->sampling.seed);
  ncwriter_text(nc, NULL, "Conventions", "CF-1.10, ACDD-1.3");
  ncwriter_text(nc, NULL, "title", title);
  ncwriter_text(nc, NULL, "summary",
                "Which uncertain keys move the means of a multi-year compute commitment: "
                "differences on the same Monte Carlo paths, and shares of variance.");
  ncwriter_text(nc, NULL, "keywords", "Monte Carlo, sensitivity, tornado, Sobol indices");
  ncwriter_text(nc, NULL, "source", "tenor " TENOR_VERSION);
  ncwriter_text(nc, NULL, "tenor_kind", SENSITIVITY_KIND);
  ncwriter_text(nc, NULL, "deck", deck->name);
  ncwriter_text(nc, NULL, "deck_sha256", digest);
  ncwriter_text(nc, NULL, "seed", seed);
  ncwriter_text(nc, NULL, "sampling", "philox");
  ncwriter_text(nc, NULL, "model_version", MODEL_VERSION);
  ncwriter_number(nc, NULL, "tenor_format_version", NCTYPE_INT, &format);
}

/* The group /state of every result, here without sums to go on with: the deck. */
static void put_state(struct writing *w, const char *digest) {
  const size_t length = strlen(w->result->resolved);
  ncwriter_group(&w->nc, "state");
  const int dim = ncwriter_dimension(&w->nc, "deck_size", length);
  const struct ncvariable deck = ncwriter_variable(&w->nc, "deck", NCTYPE_CHAR, 1, &dim);
  ncwriter_text(&w->nc, &deck, "long_name", "resolved deck, YAML");
  ncwriter_text(&w->nc, &deck, "sha256", digest);
  ncwriter_text(&w->nc, NULL, "deck_name", w->result->deck->name);
  ncwriter_number(&w->nc, NULL, "seed", NCTYPE_UINT64, &w->result->deck->sampling.seed);
  ncwriter_text(&w->nc, NULL, "model_version", MODEL_VERSION);
  ncwriter_put(&w->nc, deck, &length, w->result->resolved);
}

enum status sensitivity_write(const char *path, bool force,
                              const struct sensitivity_result *result) {
  const struct sensitivity *figures = result->figures;
  const int64_t swing_paths = figures->swing_blocks * BLOCK_PATHS;
  struct writing w = {.result = result,
                      .path_half = figures_student(swing_paths - 1),
                      .block_half = figures_student(figures->blocks - 1)};
  const size_t n_metrics = (size_t)figures->n_quantities;
  char digest[DIGEST_TEXT];
  void *bytes = NULL;
  size_t size = 0;
  digest_hex(result->resolved, strlen(result->resolved), digest);
  enum status status = ncwriter_open(&w.nc);
  if (status != STATUS_OK) {
    return status;
  }
  w.metric = ncwriter_dimension(&w.nc, "metric", n_metrics);
  w.key = ncwriter_dimension(&w.nc, "key", (size_t)figures->n_keys);
  w.swing = ncwriter_dimension(&w.nc, "swing", N_SWINGS);
  put_globals(&w, digest);
  put_size(&w, "paths", "number of Monte Carlo paths with every key drawn",
           figures->blocks * BLOCK_PATHS);
  put_size(&w, "blocks", "number of blocks of paths that share drawn keys", figures->blocks);
  put_size(&w, "swing_paths", "number of paths on which keys stand low, in the middle and high",
           swing_paths);
  put_keys(&w);
  put_words(&w, "metric", w.metric, "what is moved: the mean of a metric", n_metrics,
            metric_word);
  put_words(&w, "metric_unit", w.metric, "unit of the metric", n_metrics, metric_unit);
  put_words(&w, "metric_long_name", w.metric, "the metric in words", n_metrics,
            metric_long_name);
  put_figures(&w);
  put_state(&w, digest);
  status = ncwriter_finish(&w.nc, &bytes, &size);
  if (status == STATUS_OK) {
    status = files_write(path, force, bytes, size);
  }
  free(bytes);
  return status;
}
