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
#include "edge/results_statistics.h"
#include "model/version.h"

enum { STATE_CHUNK = 1 << 16 }; /* words of one chunk of the state */

/* CF wants units that UDUNITS knows; currencies are none, so money is "1" with attributes of
 * its own. */
static const struct {
  const char *units, *scale; /* scale: of money, NULL otherwise */
} unit_names[] = {
    [UNIT_USD] = {"1", "billion"},
    [UNIT_USD_PER_YEAR] = {"year-1", "billion"},
    [UNIT_GW] = {"GW", NULL},
    [UNIT_GW_YEAR] = {"GW year", NULL},
    [UNIT_PRICE] = {"GW-1 year-1", "billion"},
    [UNIT_ONE_UNIT] = {"1", NULL},
    [UNIT_MILLION] = {"1e6", NULL},
    [UNIT_YEAR] = {"year", NULL},
    [UNIT_MONTH] = {"month", NULL},
};

struct dims {
  int time, bounds, quantile, level, threshold, by, customer, constraint, regime, contract_year,
      month;
};

struct writing { /* one result being written */
  struct ncwriter nc;
  const struct results *results;
  struct dims dims;
};

/* ---- dates */

/* Days from 1970-01-01 to a date of the Gregorian calendar (years from March, 400-year eras).
 */
static int64_t days_of(int64_t year, int64_t month, int64_t day) {
  const int64_t y = month <= 2 ? year - 1 : year;
  const int64_t era = y / 400, of_era = y - era * 400;
  const int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Days from t = 0 to the date `months` later; a day that its month lacks is the month's last.
 */
static double days_after(const struct time_keys *start, int64_t months) {
  const int64_t count = start->year * 12 + start->month - 1 + months;
  const int64_t year = count / 12, month = count % 12 + 1;
  const int64_t next = month == 12 ? days_of(year + 1, 1, 1) : days_of(year, month + 1, 1);
  const int64_t length = next - days_of(year, month, 1);
  const int64_t day = start->day < length ? start->day : length;
  return (double)(days_of(year, month, day) - days_of(start->year, start->month, start->day));
}

static int64_t quarter_end(const struct deck *deck, int64_t quarter) {
  const int64_t end = 3 * (quarter + 1);
  return end < deck->time.horizon ? end : deck->time.horizon;
}

/* ---- coordinates */

static void put_times(struct writing *w) {
  const struct deck *deck = w->results->deck;
  const int64_t n = w->results->layout->n_quarters;
  double times[MAX_QUARTERS], bounds[MAX_QUARTERS][2];
  char units[64];
  for (int64_t q = 0; q < n; ++q) {
    times[q] = days_after(&deck->time, quarter_end(deck, q));
    bounds[q][0] = days_after(&deck->time, 3 * q);
    bounds[q][1] = times[q];
  }
  snprintf(units, sizeof units, "days since %04" PRId64 "-%02" PRId64 "-%02" PRId64,
           deck->time.year, deck->time.month, deck->time.day);
  const struct ncvariable time =
      ncwriter_variable(&w->nc, "time", NCTYPE_DOUBLE, 1, &w->dims.time);
  ncwriter_text(&w->nc, &time, "standard_name", "time");
  ncwriter_text(&w->nc, &time, "long_name", "end of the quarter");
  ncwriter_text(&w->nc, &time, "units", units);
  ncwriter_text(&w->nc, &time, "calendar", "standard");
  ncwriter_text(&w->nc, &time, "axis", "T");
  ncwriter_text(&w->nc, &time, "bounds", "time_bnds");
  const int dims[] = {w->dims.time, w->dims.bounds};
  const struct ncvariable edges =
      ncwriter_variable(&w->nc, "time_bnds", NCTYPE_DOUBLE, 2, dims);
  const size_t count[] = {(size_t)n, 2};
  ncwriter_put(&w->nc, time, count, times);
  ncwriter_put(&w->nc, edges, count, bounds);
}

/* A coordinate of words: char(n, longest), which every NetCDF tool reads. Each has its own
   dimension of letters: xarray cannot write words of different lengths along a shared one. */
static void put_words(struct writing *w, const char *name, int dim, const char *long_name,
                      size_t n, const char *(*word)(const struct deck *, size_t)) {
  const struct deck *deck = w->results->deck;
  char letters[MAX_NAME];
  size_t longest = 1;
  for (size_t i = 0; i < n; ++i) {
    longest = strlen(word(deck, i)) > longest ? strlen(word(deck, i)) : longest;
  }
  snprintf(letters, sizeof letters, "%s_letters", name);
  const int dims[] = {dim, ncwriter_dimension(&w->nc, letters, longest, false)};
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
    memcpy(text + i * longest, word(deck, i), strlen(word(deck, i)));
  }
  ncwriter_put(&w->nc, variable, count, text);
  array_free(text);
}

static const char *customer_word(const struct deck *deck, size_t i) {
  return deck->customers[i].name;
}
static const char *constraint_word(const struct deck *deck, size_t i) {
  (void)deck;
  return constraint_names[i];
}
static const char *regime_word(const struct deck *deck, size_t i) {
  (void)deck;
  return regime_names[i];
}

static void put_axis(struct writing *w, const char *name, int dim, const char *long_name,
                     const char *units, size_t n, const double *values) {
  const struct ncvariable variable = ncwriter_variable(&w->nc, name, NCTYPE_DOUBLE, 1, &dim);
  ncwriter_text(&w->nc, &variable, "long_name", long_name);
  ncwriter_text(&w->nc, &variable, "units", units);
  ncwriter_put(&w->nc, variable, &n, values);
}

static void put_coordinates(struct writing *w) {
  const struct layout *layout = w->results->layout;
  const size_t n_customers = (size_t)layout->n_customers,
               n_years = (size_t)layout->n_contract_years;
  struct ncwriter *nc = &w->nc;
  w->dims.time = ncwriter_dimension(nc, "time", (size_t)w->results->layout->n_quarters, true);
  w->dims.bounds = ncwriter_dimension(nc, "nv", 2, false);
  w->dims.quantile = ncwriter_dimension(nc, "quantile", N_QUANTILES, false);
  w->dims.level = ncwriter_dimension(nc, "level", N_LEVELS, false);
  w->dims.threshold = ncwriter_dimension(nc, "threshold", N_THRESHOLDS, false);
  w->dims.month = ncwriter_dimension(nc, "month", (size_t)layout->n_months, false);
  w->dims.by = ncwriter_dimension(nc, "by", N_DATES, false);
  w->dims.customer = ncwriter_dimension(nc, "customer", n_customers, false);
  w->dims.constraint = ncwriter_dimension(nc, "constraint", N_CONSTRAINTS, false);
  w->dims.regime = ncwriter_dimension(nc, "regime", N_REGIMES, false);
  w->dims.contract_year = ncwriter_dimension(nc, "contract_year", n_years, false);
  put_times(w);
  put_axis(w, "quantile", w->dims.quantile, "probability of the quantile", "1", N_QUANTILES,
           statistic_quantiles);
  double thresholds[N_THRESHOLDS];
  for (int t = 0; t < N_THRESHOLDS; ++t) {
    thresholds[t] = statistic_threshold(t);
  }
  put_axis(w, "level", w->dims.level, "level of value at risk", "1", N_LEVELS,
           statistic_levels);
  put_axis(w, "threshold", w->dims.threshold, "threshold of a loss, billion USD", "1",
           N_THRESHOLDS, thresholds);
  double months[MAX_MONTHS];
  for (int64_t m = 0; m < layout->n_months; ++m) {
    months[m] = (double)m + 1;
  }
  put_axis(w, "month", w->dims.month, "month, from 1", "1", (size_t)layout->n_months, months);
  put_axis(w, "by", w->dims.by, "date in months from the start", "1", N_DATES, statistic_dates);
  put_words(w, "customer", w->dims.customer, "customer", n_customers, customer_word);
  put_words(w, "constraint", w->dims.constraint, "binding constraint", N_CONSTRAINTS,
            constraint_word);
  put_words(w, "regime", w->dims.regime, "regime", N_REGIMES, regime_word);
  const struct ncvariable year =
      ncwriter_variable(nc, "contract_year", NCTYPE_INT, 1, &w->dims.contract_year);
  int years[MAX_YEARS];
  for (int y = 0; y < (int)n_years; ++y) {
    years[y] = y + 1;
  }
  ncwriter_text(nc, &year, "long_name", "contract year, from 1");
  ncwriter_text(nc, &year, "units", "1");
  ncwriter_put(nc, year, &n_years, years);
}

/* ---- metrics */

static const struct {
  const char *suffix, *phrase, *error; /* error: suffix of its standard error */
} statistics[] = {
    [STAT_MEAN] = {"_mean", "mean of ", "_se"},
    [STAT_SE] = {"_se", "standard error of the mean of ", NULL},
    [STAT_SD] = {"_sd", "standard deviation of ", "_sd_se"},
    [STAT_SD_SE] = {"_sd_se", "standard error of the standard deviation of ", NULL},
    [STAT_NEVER] = {"_never", "share of paths without a ", "_never_se"},
    [STAT_NEVER_SE] = {"_never_se", "standard error of the share of paths without a ", NULL},
    [STAT_FIRST] = {"_first", "mean of the first deck's ", "_first_se"},
    [STAT_FIRST_SE] = {"_first_se", "standard error of the mean of the first deck's ", NULL},
    [STAT_SECOND] = {"_second", "mean of the second deck's ", "_second_se"},
    [STAT_SECOND_SE] = {"_second_se", "standard error of the mean of the second deck's ", NULL},
    [STAT_UNPAIRED_SE] = {"_unpaired_se",
                          "standard error of the mean difference between unrelated runs in ",
                          NULL},
    [STAT_VARIANCE_RATIO] = {"_variance_ratio",
                             "variances of both decks over that of the difference in ", NULL},
    [STAT_POSITIVE] = {"_positive", "share of paths with a difference of at least 2^-10 in ",
                       "_positive_se"},
    [STAT_POSITIVE_SE] =
        {"_positive_se",
         "standard error of the share of paths with a difference of at least 2^-10 in ", NULL},
    [STAT_QUANTILE] = {"_quantile", "quantile of ", NULL},
    [STAT_VAR] = {"_var", "value at risk of ", NULL},
    [STAT_VAR_LO] = {"_var_lo", "lower end of the 95 % interval of the value at risk of ",
                     NULL},
    [STAT_VAR_HI] = {"_var_hi", "upper end of the 95 % interval of the value at risk of ",
                     NULL},
    [STAT_CVAR] = {"_cvar", "conditional value at risk of ", "_cvar_se"},
    [STAT_CVAR_SE] = {"_cvar_se", "standard error of the conditional value at risk of ", NULL},
    [STAT_EXCEEDANCE] = {"_exceedance", "share of paths whose loss exceeds the threshold, in ",
                         "_exceedance_se"},
    [STAT_EXCEEDANCE_SE] = {"_exceedance_se",
                            "standard error of the share of paths whose loss exceeds the "
                            "threshold, in ",
                            NULL},
    [STAT_BY] = {"_by", "share of paths that have had, by the date, the ", "_by_se"},
    [STAT_BY_SE] = {"_by_se",
                    "standard error of the share of paths that have had, by the date, the ",
                    NULL},
    [STAT_LO] = {"_quantile_lo", "lower end of the 95 % interval of the quantile of ", NULL},
    [STAT_HI] = {"_quantile_hi", "upper end of the 95 % interval of the quantile of ", NULL},
};
static const char tail_comment[] =
    "of the loss: the metric where high values are bad, its negative where low ones are; VaR "
    "the "
    "order statistic ceil(p N), CVaR = VaR + mean(max(loss - VaR, 0))/(1 - p); not to be "
    "relied "
    "on where N (1 - p) is below 100";
static const char quantile_comment[] =
    "order statistic ceil(p N), never sorted last, located in its histogram bin (128 an "
    "octave) and interpolated "
    "inside it; interval from the binomial ranks N p -/+ 1.96 sqrt(N p (1-p))";

/* A metric without a histogram that is a pure number is a share of paths: its mean is the
 * number itself. */
static bool is_share(const struct metric *metric) {
  return metric->histogram == HISTOGRAM_NONE && metric->unit == UNIT_ONE_UNIT;
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
  if (statistic >= STAT_QUANTILE) {
    dims[n] = statistic_is_quantile(statistic)  ? w->dims.quantile
              : statistic <= STAT_CVAR_SE       ? w->dims.level
              : statistic <= STAT_EXCEEDANCE_SE ? w->dims.threshold
                                                : w->dims.by;
    count[n++] = statistic_count(statistic);
  }
  return n;
}

/* The name of a variable of the file: the metric's, with what tells the statistic. */
static void name_variable(const struct writing *w, const struct metric *metric,
                          enum statistic statistic, char *name, size_t size) {
  const bool side = statistic >= STAT_FIRST && statistic <= STAT_SECOND_SE;
  const bool bare = is_share(metric) && statistic == STAT_MEAN;
  snprintf(name, size, "%s%s%s", metric->name,
           w->results->against != NULL && !side ? "_difference" : "",
           bare ? "" : statistics[statistic].suffix);
}

static void describe(struct writing *w, const struct metric *metric, enum statistic statistic,
                     const struct ncvariable *variable) {
  char text[256];
  const bool date = metric->unit == UNIT_MONTH;
  const bool number = statistic == STAT_NEVER || statistic == STAT_NEVER_SE ||
                      statistic == STAT_VARIANCE_RATIO || statistic == STAT_POSITIVE ||
                      statistic == STAT_POSITIVE_SE || statistic >= STAT_EXCEEDANCE;
  const bool difference =
      w->results->against != NULL && (statistic < STAT_FIRST || statistic >= STAT_QUANTILE);
  snprintf(text, sizeof text, "%s%s%s%s",
           is_share(metric) && statistic == STAT_MEAN ? "" : statistics[statistic].phrase,
           difference ? "the difference, first minus second, in " : "", metric->long_name,
           date && statistic == STAT_MEAN ? ", over the paths that have one" : "");
  ncwriter_text(&w->nc, variable, "long_name", text);
  ncwriter_text(&w->nc, variable, "units", number ? "1" : unit_names[metric->unit].units);
  if (unit_names[metric->unit].scale != NULL && !number) {
    ncwriter_text(&w->nc, variable, "currency", "USD");
    ncwriter_text(&w->nc, variable, "scale", unit_names[metric->unit].scale);
    ncwriter_text(&w->nc, variable, "price_basis", "nominal");
  }
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
    name_variable(w, metric, STAT_LO, text, sizeof text);
    const size_t length = strlen(text);
    text[length] = ' ';
    name_variable(w, metric, STAT_HI, text + length + 1, sizeof text - length - 1);
    ncwriter_text(&w->nc, variable, "ancillary_variables", text);
    ncwriter_text(&w->nc, variable, "comment", quantile_comment);
  } else if (statistics[statistic].error != NULL) {
    name_variable(w, metric, statistic + 1, text, sizeof text);
    ncwriter_text(&w->nc, variable, "ancillary_variables", text);
  }
  ncwriter_number(&w->nc, variable, "_FillValue", NCTYPE_DOUBLE, &ncfile_fill);
}

/* Does the contract year of a customer end within its term and the horizon? */
static bool closes(const struct deck *deck, int64_t c, int64_t year) {
  const struct customer *customer = &deck->customers[c];
  const int64_t end = 12 * (year + 1) < customer->term ? 12 * (year + 1) : customer->term;
  return 12 * year < customer->term && customer->start + end <= deck->time.horizon;
}

static bool closes_everywhere(const struct results *results, int64_t c, int64_t year) {
  return closes(results->deck, c, year) &&
         (results->against == NULL || closes(results->against->deck, c, year));
}

static void put_statistic(struct writing *w, enum metric_id id, enum statistic statistic) {
  const struct metric *metric = &metrics[id];
  const struct layout *layout = w->results->layout;
  const int64_t items = layout->items[id], dates = layout->dates[id];
  const size_t each = statistic_count(statistic);
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
      if (metric->axis == AXIS_CONTRACT_YEAR && !closes_everywhere(w->results, item, date)) {
        values[date * items + item] = ncfile_fill;
        continue;
      }
      statistic_values(w->results, metric, layout_column(layout, id, item, date), statistic,
                       values + (size_t)(date * items + item) * each);
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
    sum += tally_bad(results->tally, layout->first[id] + i);
  }
  return sum;
}

static void warn_of_bad(struct writing *w, enum metric_id id) {
  const int64_t n = count_bad(w->results, id);
  char name[128];
  if (n == 0 || (w->results->against != NULL && metrics[id].unit == UNIT_MONTH)) {
    return; /* a date on one side only has no difference, and is not reported */
  }
  snprintf(name, sizeof name, "%s_left_out", metrics[id].name);
  ncwriter_number(&w->nc, NULL, name, NCTYPE_INT64, &n);
  status_warn("%s: %" PRId64
              " values are no numbers or beyond 2^56 and are left out of its statistics",
              metrics[id].name, n);
}

static void put_metric(struct writing *w, enum metric_id id) {
  const struct metric *metric = &metrics[id];
  if (w->results->against != NULL) {
    if (metric->unit == UNIT_MONTH) { /* dates that may never come have no difference */
      return;
    }
    for (int s = STAT_FIRST; s <= STAT_VARIANCE_RATIO; ++s) {
      put_statistic(w, id, (enum statistic)s);
    }
    if (metric->histogram != HISTOGRAM_NONE) {
      put_statistic(w, id, STAT_POSITIVE);
      put_statistic(w, id, STAT_POSITIVE_SE);
    }
  }
  put_statistic(w, id, STAT_MEAN);
  put_statistic(w, id, STAT_SE);
  if (is_share(metric)) {
    return;
  }
  put_statistic(w, id, STAT_SD);
  put_statistic(w, id, STAT_SD_SE);
  if (metric->unit == UNIT_MONTH) {
    put_statistic(w, id, STAT_NEVER);
    put_statistic(w, id, STAT_NEVER_SE);
  }
  if (metric->histogram != HISTOGRAM_NONE) {
    put_statistic(w, id, STAT_QUANTILE);
    put_statistic(w, id, STAT_LO);
    put_statistic(w, id, STAT_HI);
  }
  if (metric->axis != AXIS_TERMINAL || metric->histogram == HISTOGRAM_NONE ||
      w->results->against != NULL) {
    return;
  }
  if (metric->unit != UNIT_MONTH && metric->sense == SENSE_PLAIN) {
    return; /* neither tail is the bad one */
  }
  if (metric->unit == UNIT_MONTH) {
    put_statistic(w, id, STAT_BY);
    put_statistic(w, id, STAT_BY_SE);
    return;
  }
  for (int s = STAT_VAR; s <= STAT_CVAR_SE; ++s) {
    put_statistic(w, id, (enum statistic)s);
  }
  if (metric->unit == UNIT_USD && metric->item == ITEM_ONE) {
    put_statistic(w, id, STAT_EXCEEDANCE);
    put_statistic(w, id, STAT_EXCEEDANCE_SE);
  }
}

static void put_wrong_way(struct writing *w) {
  const size_t n = (size_t)w->results->layout->n_customers;
  double loss[MAX_CUSTOMERS], ratio[MAX_CUSTOMERS];
  for (size_t c = 0; c < n; ++c) {
    loss[c] = statistic_independent_loss(w->results, (int64_t)c);
    ratio[c] = statistic_fill(loss[c] > 0.0,
                              statistic_mean(w->results, METRIC_ecl, (int64_t)c, 0) / loss[c]);
  }
  const struct ncvariable losses =
      ncwriter_variable(&w->nc, "ecl_independent", NCTYPE_DOUBLE, 1, &w->dims.customer);
  ncwriter_text(&w->nc, &losses, "long_name",
                "expected credit loss if default struck whatever the exposure");
  ncwriter_text(&w->nc, &losses, "units", "1");
  ncwriter_text(&w->nc, &losses, "currency", "USD");
  ncwriter_text(&w->nc, &losses, "scale", "billion");
  ncwriter_text(&w->nc, &losses, "price_basis", "nominal");
  const struct ncvariable ratios =
      ncwriter_variable(&w->nc, "wrong_way_ratio", NCTYPE_DOUBLE, 1, &w->dims.customer);
  ncwriter_text(&w->nc, &ratios, "long_name",
                "expected credit loss over what it would be if default struck whatever the "
                "exposure");
  ncwriter_text(&w->nc, &ratios, "units", "1");
  ncwriter_text(&w->nc, &ratios, "comment",
                "its relative standard error is about that of the expected credit loss");
  ncwriter_number(&w->nc, &ratios, "_FillValue", NCTYPE_DOUBLE, &ncfile_fill);
  ncwriter_put(&w->nc, losses, &n, loss);
  ncwriter_put(&w->nc, ratios, &n, ratio);
}

/* ---- the file */

static void put_globals(struct writing *w, const char *digest) {
  const struct deck *deck = w->results->deck;
  const int format = RESULT_FORMAT_VERSION;
  char title[256], seed[32];
  struct ncwriter *nc = &w->nc;
  if (w->results->against == NULL) {
    snprintf(title, sizeof title, "Distributions of a compute commitment: %s", deck->name);
  } else {
    snprintf(title, sizeof title, "Compute commitments on the same paths: %s minus %s",
             deck->name, w->results->against->deck->name);
  }
  snprintf(seed, sizeof seed, "%" PRIu64, deck->sampling.seed);
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
  if (w->results->against != NULL) {
    const char *other = w->results->against->resolved;
    char second[DIGEST_TEXT];
    digest_hex(other, strlen(other), second);
    ncwriter_text(nc, NULL, "second_deck", w->results->against->deck->name);
    ncwriter_text(nc, NULL, "second_deck_sha256", second);
  }
  ncwriter_text(nc, NULL, "seed", seed);
  ncwriter_text(nc, NULL, "model_version", MODEL_VERSION);
  ncwriter_number(nc, NULL, "tenor_format_version", NCTYPE_INT, &format);
  const struct ncvariable paths = ncwriter_variable(nc, "paths", NCTYPE_INT64, 0, NULL);
  const int64_t n = w->results->end_path - w->results->first_path;
  static const size_t one[] = {1};
  ncwriter_text(nc, &paths, "long_name", "number of Monte Carlo paths");
  ncwriter_text(nc, &paths, "units", "1");
  ncwriter_put(nc, paths, one, &n);
}

/* The group /state: the integers the statistics were computed from, and the deck's text. */
static void put_state(struct writing *w, const char *digest) {
  const struct results *results = w->results;
  const size_t n_words = (size_t)results->tally->n_words,
               n_columns = (size_t)results->tally->n_columns;
  const size_t n_text = strlen(results->resolved), range_count[] = {1, 2};
  const int64_t range[] = {results->first_path, results->end_path};
  const int block = BLOCK_PATHS;
  struct ncwriter *nc = &w->nc;
  ncwriter_group(nc, "state");
  const int word = ncwriter_dimension(nc, "word", n_words, false);
  const int column = ncwriter_dimension(nc, "column", n_columns, false);
  const int character = ncwriter_dimension(nc, "deck_size", n_text, false);
  const int ranges[] = {ncwriter_dimension(nc, "range", 1, false),
                        ncwriter_dimension(nc, "range_end", 2, false)};
  const struct ncvariable words = ncwriter_variable(nc, "words", NCTYPE_INT64, 1, &word);
  ncwriter_compress(nc, words, n_words < STATE_CHUNK ? n_words : STATE_CHUNK);
  ncwriter_text(nc, &words, "long_name", "counts, superaccumulators and histograms");
  const struct ncvariable centre = ncwriter_variable(nc, "centre", NCTYPE_DOUBLE, 1, &column);
  ncwriter_text(nc, &centre, "long_name", "centre of each column's power sums");
  const struct ncvariable paths = ncwriter_variable(nc, "path_ranges", NCTYPE_INT64, 2, ranges);
  ncwriter_text(nc, &paths, "long_name",
                "first path and path after the last of each range in the state");
  const struct ncvariable deck = ncwriter_variable(nc, "deck", NCTYPE_CHAR, 1, &character);
  ncwriter_text(nc, &deck, "long_name", "resolved deck, YAML");
  ncwriter_text(nc, &deck, "sha256", digest);
  struct ncvariable second = {0};
  const size_t n_second = results->against != NULL ? strlen(results->against->resolved) : 0;
  if (n_second > 0) {
    const int size = ncwriter_dimension(nc, "second_deck_size", n_second, false);
    second = ncwriter_variable(nc, "second_deck", NCTYPE_CHAR, 1, &size);
    ncwriter_text(nc, &second, "long_name", "resolved second deck, YAML");
  }
  ncwriter_number(nc, NULL, "seed", NCTYPE_UINT64, &results->deck->sampling.seed);
  ncwriter_text(nc, NULL, "model_version", MODEL_VERSION);
  ncwriter_number(nc, NULL, "block_paths", NCTYPE_INT, &block);
  ncwriter_all_defined(nc);
  ncwriter_put(nc, words, &n_words, results->tally->words);
  ncwriter_put(nc, centre, &n_columns, results->tally->centre);
  ncwriter_put(nc, paths, range_count, range);
  ncwriter_put(nc, deck, &n_text, results->resolved);
  if (n_second > 0) {
    ncwriter_put(nc, second, &n_second, results->against->resolved);
  }
}

enum status results_write(const char *path, bool force, const struct results *results) {
  struct writing w = {.results = results};
  char digest[DIGEST_TEXT];
  void *bytes = NULL;
  size_t size = 0;
  digest_hex(results->resolved, strlen(results->resolved), digest);
  enum status status = ncwriter_open(&w.nc);
  if (status != STATUS_OK) {
    return status;
  }
  put_coordinates(&w);
  put_globals(&w, digest);
  for (int m = 0; m < N_METRICS; ++m) {
    put_metric(&w, (enum metric_id)m);
    warn_of_bad(&w, (enum metric_id)m);
  }
  if (results->against == NULL) {
    put_wrong_way(&w);
  }
  put_state(&w, digest);
  status = ncwriter_finish(&w.nc, &bytes, &size);
  if (status == STATUS_OK) {
    status = files_write(path, force, bytes, size);
  }
  free(bytes);
  return status;
}
