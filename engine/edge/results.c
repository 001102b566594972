#include "edge/results.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "edge/digest.h"
#include "edge/files.h"
#include "edge/ncfile.h"
#include "edge/results_axes.h"
#include "edge/results_state.h"
#include "model/version.h"
#include "stats/wrong_way.h"

struct writing { /* one result being written */
  struct ncwriter nc;
  const struct results *results;
  struct figures figures;
  struct dims dims;
};

/* ---- metrics */

static const struct {
  const char *suffix, *phrase;
} statistics[N_STATISTICS] = {
    [STAT_MEAN] = {"_mean", "mean of "},
    [STAT_SE] = {"_se", "standard error of the mean of "},
    [STAT_MEAN_LO] = {"_lo", "lower end of the 95 % interval of the mean of "},
    [STAT_MEAN_HI] = {"_hi", "upper end of the 95 % interval of the mean of "},
    [STAT_GAIN] =
        {"_gain",
         "variance from as many independent paths over that from replicates, of the mean of "},
    [STAT_SD] = {"_sd", "standard deviation of "},
    [STAT_SD_SE] = {"_sd_se", "standard error of the standard deviation of "},
    [STAT_NEVER] = {"_never", "share of paths without a "},
    [STAT_NEVER_SE] = {"_never_se", "standard error of the share of paths without a "},
    [STAT_NEVER_LO] = {"_never_lo",
                       "lower end of the 95 % interval of the share of paths without a "},
    [STAT_NEVER_HI] = {"_never_hi",
                       "upper end of the 95 % interval of the share of paths without a "},
    [STAT_FIRST] = {"_first", "mean of the first deck's "},
    [STAT_FIRST_SE] = {"_first_se", "standard error of the mean of the first deck's "},
    [STAT_SECOND] = {"_second", "mean of the second deck's "},
    [STAT_SECOND_SE] = {"_second_se", "standard error of the mean of the second deck's "},
    [STAT_UNPAIRED_SE] = {"_unpaired_se",
                          "standard error of the mean difference between unrelated runs in "},
    [STAT_VARIANCE_RATIO] = {"_variance_ratio",
                             "variances of both decks over that of the difference in "},
    [STAT_POSITIVE] = {"_positive", "share of paths with a difference of at least 2^-10 in "},
    [STAT_POSITIVE_SE] =
        {"_positive_se",
         "standard error of the share of paths with a difference of at least 2^-10 in "},
    [STAT_POSITIVE_LO] = {"_positive_lo",
                          "lower end of the 95 % interval of the share of paths with a "
                          "difference of at least 2^-10 in "},
    [STAT_POSITIVE_HI] = {"_positive_hi",
                          "upper end of the 95 % interval of the share of paths with a "
                          "difference of at least 2^-10 in "},
    [STAT_QUANTILE] = {"_quantile", "quantile of "},
    [STAT_LO] = {"_quantile_lo", "lower end of the 95 % interval of the quantile of "},
    [STAT_HI] = {"_quantile_hi", "upper end of the 95 % interval of the quantile of "},
    [STAT_VAR] = {"_var", "value at risk of "},
    [STAT_VAR_LO] = {"_var_lo", "lower end of the 95 % interval of the value at risk of "},
    [STAT_VAR_HI] = {"_var_hi", "upper end of the 95 % interval of the value at risk of "},
    [STAT_CVAR] = {"_cvar", "conditional value at risk of "},
    [STAT_CVAR_SE] = {"_cvar_se", "standard error of the conditional value at risk of "},
    [STAT_CVAR_GAIN] = {"_cvar_gain",
                        "variance from as many independent paths over that from replicates, of "
                        "the conditional value at risk of "},
    [STAT_EXCEEDANCE] = {"_exceedance", "share of paths whose loss exceeds the threshold, in "},
    [STAT_EXCEEDANCE_SE] =
        {"_exceedance_se",
         "standard error of the share of paths whose loss exceeds the threshold, in "},
    [STAT_EXCEEDANCE_LO] = {"_exceedance_lo",
                            "lower end of the 95 % interval of the share of paths whose loss "
                            "exceeds the threshold, in "},
    [STAT_EXCEEDANCE_HI] = {"_exceedance_hi",
                            "upper end of the 95 % interval of the share of paths whose loss "
                            "exceeds the threshold, in "},
    [STAT_BY] = {"_by", "share of paths that have had, by the date, the "},
    [STAT_BY_SE] = {"_by_se",
                    "standard error of the share of paths that have had, by the date, the "},
    [STAT_BY_LO] = {"_by_lo",
                    "lower end of the 95 % interval of the share of paths that have had, by "
                    "the date, the "},
    [STAT_BY_HI] = {"_by_hi",
                    "upper end of the 95 % interval of the share of paths that have had, by "
                    "the date, the "},
};
static const char tail_comment[] =
    "of the loss: the metric where high values are bad, its negative where low ones are; VaR "
    "the "
    "order statistic ceil(p N), CVaR = VaR + mean(max(loss - VaR, 0))/(1 - p); not to be "
    "relied "
    "on where N (1 - p) is below 100";

/* How a quantile was found, and its interval. */
static void describe_quantile(struct writing *w, const struct ncvariable *variable) {
  const struct tally *tally = w->figures.tally;
  char text[400];
  snprintf(
      text, sizeof text, "order statistic ceil(p N), never sorted last, %s; interval from %s",
      tally->exact != NULL ? "as by sorting"
                           : "located in its histogram bin (128 an octave) and interpolated "
                             "inside it",
      w->figures.replicates != NULL ? "the spread of the replicates' quantiles"
      : tally->clustered
          ? "the ranks N p -/+ 1.96 sqrt(D N p (1-p)), D the design effect of the blocks"
          : "the binomial ranks N p -/+ 1.96 sqrt(N p (1-p))");
  ncwriter_text(&w->nc, variable, "comment", text);
}

/* The dimensions of a metric's variables, their sizes in count. */
static int metric_dims(const struct writing *w, const struct metric *metric,
                       enum statistic statistic, int *dims, size_t *count) {
  const struct layout *layout = w->results->layout;
  int n = 0;
  if (metric->axis == AXIS_QUARTER) {
    dims[n] = w->dims.time;
    count[n++] = (size_t)layout->n_quarters;
  } else if (metric->axis == AXIS_MONTH) {
    dims[n] = w->dims.month;
    count[n++] = (size_t)layout->n_months;
  } else if (metric->axis == AXIS_CONTRACT_YEAR) {
    dims[n] = w->dims.contract_year;
    count[n++] = (size_t)layout->n_contract_years;
  }
  if (metric->item == ITEM_CUSTOMER || metric->item == ITEM_CUSTOMER_CONSTRAINT) {
    dims[n] = w->dims.customer;
    count[n++] = (size_t)layout->n_customers;
  }
  if (metric->item == ITEM_CONSTRAINT || metric->item == ITEM_CUSTOMER_CONSTRAINT) {
    dims[n] = w->dims.constraint;
    count[n++] = N_CONSTRAINTS;
  }
  if (metric->item == ITEM_REGIME) {
    dims[n] = w->dims.regime;
    count[n++] = N_REGIMES;
  }
  const int along[] = {[ALONG_NOTHING] = 0,
                       [ALONG_QUANTILE] = w->dims.quantile,
                       [ALONG_LEVEL] = w->dims.level,
                       [ALONG_THRESHOLD] = w->dims.threshold,
                       [ALONG_DATE] = w->dims.by};
  if (statistic_kinds[statistic].along != ALONG_NOTHING) {
    dims[n] = along[statistic_kinds[statistic].along];
    count[n++] = figures_count(statistic);
  }
  return n;
}

static bool is_of_side(enum statistic statistic) {
  return statistic >= STAT_FIRST && statistic <= STAT_SECOND_SE;
}

/* The name of a variable of the file: the metric's, with what tells the statistic. */
static void name_variable(const struct writing *w, const struct metric *metric,
                          enum statistic statistic, char *name, size_t size) {
  const bool difference = w->results->n_decks > 1 && !is_of_side(statistic);
  const bool bare = figures_is_share(metric) && statistic == STAT_MEAN;
  snprintf(name, size, "%s%s%s", metric->name, difference ? "_difference" : "",
           bare ? "" : statistics[statistic].suffix);
}

/* What a variable is, in words. */
static void describe_long_name(struct writing *w, const struct metric *metric,
                               enum statistic statistic, const struct ncvariable *variable) {
  char text[320];
  const bool date = metric->unit == UNIT_MONTH;
  const bool of_pair = statistic >= STAT_FIRST && statistic <= STAT_POSITIVE_HI;
  snprintf(
      text, sizeof text, "%s%s%s%s",
      figures_is_share(metric) && statistic == STAT_MEAN ? "" : statistics[statistic].phrase,
      w->results->n_decks > 1 && !of_pair ? "the difference, first minus second, in " : "",
      metric->long_name,
      date && statistic == STAT_MEAN ? ", over the paths that have one" : "");
  ncwriter_text(&w->nc, variable, "long_name", text);
}

static void describe_unit(struct writing *w, const struct metric *metric,
                          enum statistic statistic, const struct ncvariable *variable) {
  const enum statistic value = statistic_kinds[statistic].value;
  const bool number = statistic_kinds[statistic].role == ROLE_GAIN || value == STAT_NEVER ||
                      value == STAT_VARIANCE_RATIO || value == STAT_POSITIVE ||
                      value == STAT_EXCEEDANCE || value == STAT_BY;
  if (number) {
    ncwriter_text(&w->nc, variable, "units", "1");
  } else {
    results_put_unit(&w->nc, variable, metric);
  }
}

/* Names the variables that tell a value's error. */
static void describe_errors(struct writing *w, const struct metric *metric,
                            enum statistic statistic, const struct ncvariable *variable) {
  char text[320] = "";
  size_t length = 0;
  for (int s = 0; s < N_STATISTICS; ++s) {
    const enum statistic error = (enum statistic)s;
    if (statistic_kinds[s].value == statistic && error != statistic &&
        figures_has(&w->figures, metric, error)) {
      text[length] = ' ';
      length += length > 0 ? 1 : 0;
      name_variable(w, metric, error, text + length, sizeof text - length);
      length += strlen(text + length);
    }
  }
  if (length > 0) {
    ncwriter_text(&w->nc, variable, "ancillary_variables", text);
  }
}

static void describe(struct writing *w, const struct metric *metric, enum statistic statistic,
                     const struct ncvariable *variable) {
  describe_long_name(w, metric, statistic, variable);
  describe_unit(w, metric, statistic, variable);
  if (statistic == STAT_MEAN) {
    ncwriter_text(&w->nc, variable, "cell_methods", "realization: mean");
  }
  if (statistic == STAT_SD) {
    ncwriter_text(&w->nc, variable, "cell_methods", "realization: standard_deviation");
  }
  if (statistic == STAT_VAR || statistic == STAT_CVAR) {
    ncwriter_text(&w->nc, variable, "comment", tail_comment);
  }
  if (statistic == STAT_QUANTILE) {
    describe_quantile(w, variable);
  }
  describe_errors(w, metric, statistic, variable);
  ncwriter_number(&w->nc, variable, "_FillValue", NCTYPE_DOUBLE, &ncfile_fill);
}

/* `value`, or the mark of what does not exist. */
static double filled(double value) {
  return isfinite(value) ? value : ncfile_fill;
}

static bool closes_everywhere(const struct results *results, int64_t c, int64_t year) {
  return results_year_closes(results->decks[0], c, year) &&
         (results->n_decks == 1 || results_year_closes(results->decks[1], c, year));
}

static void put_statistic(struct writing *w, enum metric_id id, enum statistic statistic) {
  const struct metric *metric = &metrics[id];
  const struct layout *layout = w->results->layout;
  const int64_t items = layout->items[id], dates = layout->dates[id];
  const size_t each = figures_count(statistic);
  int dims[NCFILE_MAX_DIMS];
  size_t count[NCFILE_MAX_DIMS] = {1};
  char name[128];
  const int n_dims = metric_dims(w, metric, statistic, dims, count);
  name_variable(w, metric, statistic, name, sizeof name);
  double *values = array_make((size_t)(items * dates) * each, sizeof *values);
  if (values == NULL) {
    ncwriter_no_memory(&w->nc, name);
    return;
  }
  const struct ncvariable variable =
      ncwriter_variable(&w->nc, name, NCTYPE_DOUBLE, n_dims, dims);
  describe(w, metric, statistic, &variable);
  for (int64_t date = 0; date < dates; ++date) { /* in the file the date comes first */
    for (int64_t item = 0; item < items; ++item) {
      const bool exists =
          metric->axis != AXIS_CONTRACT_YEAR || closes_everywhere(w->results, item, date);
      for (int i = 0; i < (int)each; ++i) {
        values[(size_t)(date * items + item) * each + (size_t)i] =
            exists ? filled(figures_value(&w->figures, id, item, date, statistic, i))
                   : ncfile_fill;
      }
    }
  }
  ncwriter_put(&w->nc, variable, count, values);
  array_free(values);
}

/* How many values of a metric, over all its dates and items, the statistics leave out. */
static int64_t count_bad(const struct results *results, enum metric_id id) {
  const struct layout *layout = results->layout;
  int64_t sum = 0;
  for (int64_t i = 0; i < layout->items[id] * layout->dates[id]; ++i) {
    sum += tally_bad(&results->state->tallies[TALLY_SAMPLE], layout->first[id] + i);
  }
  return sum;
}

static void warn_of_bad(struct writing *w, enum metric_id id) {
  const int64_t n = count_bad(w->results, id);
  char name[128];
  if (n == 0 || (w->results->n_decks > 1 && metrics[id].unit == UNIT_MONTH)) {
    return; /* a date on one side only has no difference, and is not reported */
  }
  snprintf(name, sizeof name, "%s_left_out", metrics[id].name);
  ncwriter_number(&w->nc, NULL, name, NCTYPE_INT64, &n);
  status_warn("%s: %" PRId64
              " values are no numbers or beyond 2^56 and are left out of its statistics",
              metrics[id].name, n);
}

/* X_parts(part, ...): the means over the parts of the sample, from which errors of functions of
   several means follow. */
static void put_parts(struct writing *w, enum metric_id id) {
  const struct metric *metric = &metrics[id];
  const struct layout *layout = w->results->layout;
  const struct tally *tally = w->figures.tally;
  const int64_t items = layout->items[id], dates = layout->dates[id];
  int dims[NCFILE_MAX_DIMS] = {w->dims.part};
  size_t count[NCFILE_MAX_DIMS] = {N_PARTS};
  char text[320];
  const int n_dims = 1 + metric_dims(w, metric, STAT_MEAN, dims + 1, count + 1);
  snprintf(text, sizeof text, "%s_parts", metric->name);
  double *values = array_make((size_t)(N_PARTS * items * dates), sizeof *values),
         *next = values;
  if (values == NULL) {
    ncwriter_no_memory(&w->nc, text);
    return;
  }
  const struct ncvariable variable =
      ncwriter_variable(&w->nc, text, NCTYPE_DOUBLE, n_dims, dims);
  snprintf(text, sizeof text, "mean over a part of the sample of %s", metric->long_name);
  ncwriter_text(&w->nc, &variable, "long_name", text);
  describe_unit(w, metric, STAT_MEAN, &variable);
  ncwriter_number(&w->nc, &variable, "_FillValue", NCTYPE_DOUBLE, &ncfile_fill);
  for (int part = 0; part < N_PARTS; ++part) {
    for (int64_t i = 0; i < dates * items; ++i) {
      const int64_t column = layout_column(layout, id, i % items, i / items);
      *next++ = tally_part_paths(tally, part) > 0 ? tally_part_mean(tally, column, part)
                                                  : ncfile_fill;
    }
  }
  ncwriter_put(&w->nc, variable, count, values);
  array_free(values);
}

static void put_metric(struct writing *w, enum metric_id id) {
  for (int s = 0; s < N_STATISTICS; ++s) {
    if (figures_has(&w->figures, &metrics[id], (enum statistic)s)) {
      put_statistic(w, id, (enum statistic)s);
    }
  }
  if (w->results->n_decks == 1 && metrics[id].parts == PARTS_PARTS) {
    put_parts(w, id);
  }
}

static void put_estimate(struct writing *w, const char *name, const char *suffix,
                         const char *long_name, bool money, const double *values) {
  const size_t n = (size_t)w->results->layout->n_customers;
  char text[320];
  snprintf(text, sizeof text, "%s%s", name, suffix);
  const struct ncvariable variable =
      ncwriter_variable(&w->nc, text, NCTYPE_DOUBLE, 1, &w->dims.customer);
  snprintf(text, sizeof text, "%s%s", suffix[0] != '\0' ? "standard error of " : "", long_name);
  ncwriter_text(&w->nc, &variable, "long_name", text);
  describe_unit(w, &metrics[money ? METRIC_ecl : METRIC_defaulted], STAT_MEAN, &variable);
  if (suffix[0] == '\0') {
    snprintf(text, sizeof text, "%s_se", name);
    ncwriter_text(&w->nc, &variable, "ancillary_variables", text);
  }
  ncwriter_number(&w->nc, &variable, "_FillValue", NCTYPE_DOUBLE, &ncfile_fill);
  ncwriter_put(&w->nc, variable, &n, values);
}

static void put_wrong_way(struct writing *w) {
  static const char loss_name[] =
      "expected credit loss if default struck whatever the exposure";
  static const char ratio_name[] =
      "expected credit loss over what it would be if default struck whatever the exposure";
  double loss[MAX_CUSTOMERS], loss_se[MAX_CUSTOMERS], ratio[MAX_CUSTOMERS],
      ratio_se[MAX_CUSTOMERS];
  for (int64_t c = 0; c < w->results->layout->n_customers; ++c) {
    const struct estimate independent = wrong_way_independent_loss(&w->figures, c);
    const struct estimate factor = wrong_way_factor(&w->figures, c);
    loss[c] = filled(independent.value);
    loss_se[c] = filled(independent.se);
    ratio[c] = filled(factor.value);
    ratio_se[c] = filled(factor.se);
  }
  put_estimate(w, "ecl_independent", "", loss_name, true, loss);
  put_estimate(w, "ecl_independent", "_se", loss_name, true, loss_se);
  put_estimate(w, "wrong_way_ratio", "", ratio_name, false, ratio);
  put_estimate(w, "wrong_way_ratio", "_se", ratio_name, false, ratio_se);
}

/* ---- the file */

static void put_globals(struct writing *w, const char *digest) {
  const struct deck *deck = w->results->decks[0];
  const int format = RESULT_FORMAT_VERSION;
  char title[256], seed[32];
  struct ncwriter *nc = &w->nc;
  if (w->results->n_decks == 1) {
    snprintf(title, sizeof title, "Distributions of a compute commitment: %s", deck->name);
  } else {
    snprintf(title, sizeof title, "Compute commitments on the same paths: %s minus %s",
             deck->name, w->results->decks[1]->name);
  }
  snprintf(seed, sizeof seed, "%" PRIu64, w->results->sampling.seed);
  ncwriter_text(nc, NULL, "Conventions", "CF-1.10, ACDD-1.3");
  ncwriter_text(nc, NULL, "title", title);
  ncwriter_text(nc, NULL, "summary",
                "Means, standard errors and quantiles over Monte Carlo paths of backlog, "
                "revenue, capacity, credit and "
                "provider cash under a multi-year compute commitment.");
  ncwriter_text(
      nc, NULL, "keywords",
      "Monte Carlo, remaining performance obligation, take-or-pay, compute, credit risk");
  ncwriter_text(nc, NULL, "source", "tenor " TENOR_VERSION);
  ncwriter_text(nc, NULL, "deck", deck->name);
  ncwriter_text(nc, NULL, "deck_sha256", digest);
  if (w->results->n_decks > 1) {
    const char *other = w->results->resolved[1];
    char second[DIGEST_TEXT];
    digest_hex(other, strlen(other), second);
    ncwriter_text(nc, NULL, "second_deck", w->results->decks[1]->name);
    ncwriter_text(nc, NULL, "second_deck_sha256", second);
  }
  ncwriter_text(nc, NULL, "seed", seed);
  ncwriter_text(nc, NULL, "sampling", w->results->sampling.points > 0 ? "sobol" : "philox");
  ncwriter_text(nc, NULL, "model_version", MODEL_VERSION);
  ncwriter_number(nc, NULL, "tenor_format_version", NCTYPE_INT, &format);
}

static void put_scalar(struct writing *w, const char *name, enum nctype type,
                       const char *long_name, const void *value) {
  static const size_t one[] = {1};
  const struct ncvariable variable = ncwriter_variable(&w->nc, name, type, 0, NULL);
  ncwriter_text(&w->nc, &variable, "long_name", long_name);
  ncwriter_text(&w->nc, &variable, "units", "1");
  if (type == NCTYPE_DOUBLE) {
    ncwriter_number(&w->nc, &variable, "_FillValue", NCTYPE_DOUBLE, &ncfile_fill);
  }
  ncwriter_put(&w->nc, variable, one, value);
}

/* How large the sample is, and how an error becomes an interval. */
static void put_sizes(struct writing *w) {
  const int64_t n = ranges_count(&w->results->state->paths);
  const double half = filled(figures_half_width(&w->figures));
  put_scalar(w, "paths", NCTYPE_INT64, "number of Monte Carlo paths", &n);
  put_scalar(w, "interval_factor", NCTYPE_DOUBLE, "half of a 95 % interval, in standard errors",
             &half);
  if (w->results->sampling.points > 0) {
    const int64_t replicates = n / w->results->sampling.points;
    put_scalar(w, "replicates", NCTYPE_INT64,
               "number of independent scrambles; errors come from their spread", &replicates);
  }
  if (w->figures.tally->clustered) {
    const int64_t blocks = tally_blocks(w->figures.tally);
    put_scalar(w, "blocks", NCTYPE_INT64,
               "number of blocks of paths that share drawn keys; errors come from their spread",
               &blocks);
  }
  if (w->results->n_decks == 1) {
    static const size_t parts[] = {N_PARTS};
    int64_t paths[N_PARTS];
    for (int part = 0; part < N_PARTS; ++part) {
      paths[part] = tally_part_paths(w->figures.tally, part);
    }
    const struct ncvariable variable =
        ncwriter_variable(&w->nc, "part_paths", NCTYPE_INT64, 1, &w->dims.part);
    ncwriter_text(&w->nc, &variable, "long_name", "number of paths of a part of the sample");
    ncwriter_text(&w->nc, &variable, "units", "1");
    ncwriter_put(&w->nc, variable, parts, paths);
  }
}

enum status results_build(const struct results *results, void **bytes, size_t *size) {
  struct writing w = {.results = results};
  const struct tally *tallies = results->state->tallies;
  const bool *has = results->state->has;
  char digest[DIGEST_TEXT];
  *bytes = NULL;
  figures_make(&w.figures, results->decks[0], results->layout, &tallies[TALLY_SAMPLE],
               has[TALLY_FIRST] ? &tallies[TALLY_FIRST] : NULL,
               has[TALLY_SECOND] ? &tallies[TALLY_SECOND] : NULL,
               has[TALLY_REPLICATES] ? &tallies[TALLY_REPLICATES] : NULL);
  digest_hex(results->resolved[0], strlen(results->resolved[0]), digest);
  enum status status = ncwriter_open(&w.nc);
  if (status != STATUS_OK) {
    return status;
  }
  results_put_axes(&w.nc, results, &w.figures, &w.dims);
  put_globals(&w, digest);
  put_sizes(&w);
  for (int m = 0; m < N_METRICS; ++m) {
    put_metric(&w, (enum metric_id)m);
    warn_of_bad(&w, (enum metric_id)m);
  }
  if (results->n_decks == 1) {
    put_wrong_way(&w);
  }
  results_put_state(&w.nc, results, digest);
  return ncwriter_finish(&w.nc, bytes, size);
}

enum status results_write(const char *path, bool force, const struct results *results) {
  void *bytes = NULL;
  size_t size = 0;
  enum status status = results_build(results, &bytes, &size);
  if (status == STATUS_OK) {
    status = files_write(path, force, bytes, size);
  }
  free(bytes);
  return status;
}
