#include "edge/results_axes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arrays.h"

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

struct axes { /* being written; all borrowed */
  struct ncwriter *nc;
  const struct results *results;
  const struct figures *figures;
  struct dims *dims;
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

static void name_days(const struct deck *deck, char *units, size_t size) {
  snprintf(units, size, "days since %04" PRId64 "-%02" PRId64 "-%02" PRId64, deck->time.year,
           deck->time.month, deck->time.day);
}

static void put_times(struct axes *w) {
  const struct deck *deck = w->results->decks[0];
  const int64_t n = w->results->layout->n_quarters;
  double times[MAX_QUARTERS], bounds[MAX_QUARTERS][2];
  char units[64];
  for (int64_t q = 0; q < n; ++q) {
    times[q] = days_after(&deck->time, quarter_end(deck, q));
    bounds[q][0] = days_after(&deck->time, 3 * q);
    bounds[q][1] = times[q];
  }
  name_days(deck, units, sizeof units);
  const struct ncvariable time =
      ncwriter_variable(w->nc, "time", NCTYPE_DOUBLE, 1, &w->dims->time);
  ncwriter_text(w->nc, &time, "standard_name", "time");
  ncwriter_text(w->nc, &time, "long_name", "end of the quarter");
  ncwriter_text(w->nc, &time, "units", units);
  ncwriter_text(w->nc, &time, "calendar", "standard");
  ncwriter_text(w->nc, &time, "axis", "T");
  ncwriter_text(w->nc, &time, "bounds", "time_bnds");
  const int dims[] = {w->dims->time, w->dims->bounds};
  const struct ncvariable edges = ncwriter_variable(w->nc, "time_bnds", NCTYPE_DOUBLE, 2, dims);
  const size_t count[] = {(size_t)n, 2};
  ncwriter_put(w->nc, time, count, times);
  ncwriter_put(w->nc, edges, count, bounds);
}

/* A coordinate of words: char(n, longest), which every NetCDF tool reads. Each has its own
   dimension of letters: xarray cannot write words of different lengths along a shared one. */
static void put_words(struct axes *w, const char *name, int dim, const char *long_name,
                      size_t n, const char *(*word)(const struct deck *, size_t)) {
  const struct deck *deck = w->results->decks[0];
  char letters[MAX_NAME];
  size_t longest = 1;
  for (size_t i = 0; i < n; ++i) {
    longest = strlen(word(deck, i)) > longest ? strlen(word(deck, i)) : longest;
  }
  snprintf(letters, sizeof letters, "%s_letters", name);
  const int dims[] = {dim, ncwriter_dimension(w->nc, letters, longest)};
  const size_t count[] = {n, longest};
  const struct ncvariable variable = ncwriter_variable(w->nc, name, NCTYPE_CHAR, 2, dims);
  ncwriter_text(w->nc, &variable, "long_name", long_name);
  ncwriter_text(w->nc, &variable, "_Encoding", "utf-8");
  char *text = array_make(n, longest);
  if (text == NULL) {
    ncwriter_no_memory(w->nc, name);
    return;
  }
  for (size_t i = 0; i < n; ++i) {
    memcpy(text + i * longest, word(deck, i), strlen(word(deck, i)));
  }
  ncwriter_put(w->nc, variable, count, text);
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

static void put_axis(struct axes *w, const char *name, int dim, const char *long_name,
                     const char *units, size_t n, const double *values) {
  const struct ncvariable variable = ncwriter_variable(w->nc, name, NCTYPE_DOUBLE, 1, &dim);
  ncwriter_text(w->nc, &variable, "long_name", long_name);
  ncwriter_text(w->nc, &variable, "units", units);
  ncwriter_put(w->nc, variable, &n, values);
}

/* 1 where a quantile or a tail is to be relied on. */
static void put_reliable(struct axes *w, const char *name, int dim, const char *what, size_t n,
                         const double *probabilities) {
  char text[160];
  int reliable[N_QUANTILES] = {0};
  const struct ncvariable variable = ncwriter_variable(w->nc, name, NCTYPE_INT, 1, &dim);
  for (size_t i = 0; i < n; ++i) {
    reliable[i] = figures_reliable(w->figures, probabilities[i]) ? 1 : 0;
  }
  const bool replicates = w->figures->replicates != NULL;
  const int units = replicates                     ? RELIABLE_REPLICATES
                    : w->figures->tally->clustered ? RELIABLE_BLOCKS
                                                   : 0;
  const int length = snprintf(text, sizeof text, "1 where at least %d paths lie beyond the %s",
                              RELIABLE_POINTS, what);
  if (units > 0 && length > 0 && length < (int)sizeof text) {
    snprintf(text + length, sizeof text - (size_t)length, ", of at least %d %s", units,
             replicates ? "replicates" : "blocks");
  }
  ncwriter_text(w->nc, &variable, "long_name", text);
  ncwriter_text(w->nc, &variable, "units", "1");
  ncwriter_put(w->nc, variable, &n, reliable);
}

static void put_months(struct axes *w) {
  const struct layout *layout = w->results->layout;
  double months[MAX_MONTHS];
  for (int64_t m = 0; m < layout->n_months; ++m) {
    months[m] = (double)m + 1;
  }
  put_axis(w, "month", w->dims->month, "month, from 1", "1", (size_t)layout->n_months, months);
}

static void put_contract_years(struct axes *w) {
  struct ncwriter *nc = w->nc;
  const size_t n_years = (size_t)w->results->layout->n_contract_years;
  const struct ncvariable year =
      ncwriter_variable(nc, "contract_year", NCTYPE_INT, 1, &w->dims->contract_year);
  int years[MAX_YEARS];
  for (int y = 0; y < (int)n_years; ++y) {
    years[y] = y + 1;
  }
  ncwriter_text(nc, &year, "long_name", "contract year, from 1");
  ncwriter_text(nc, &year, "units", "1");
  ncwriter_put(nc, year, &n_years, years);
}

static void put_past(struct axes *w, const char *name, int dim, const char *long_name,
                     enum metric_id like, const double *values) {
  const size_t n = (size_t)w->results->decks[0]->n_history;
  const struct ncvariable variable = ncwriter_variable(w->nc, name, NCTYPE_DOUBLE, 1, &dim);
  ncwriter_text(w->nc, &variable, "long_name", long_name);
  results_put_unit(w->nc, &variable, &metrics[like]);
  ncwriter_number(w->nc, &variable, "_FillValue", NCTYPE_DOUBLE, &ncfile_fill);
  ncwriter_put(w->nc, variable, &n, values);
}

/* The deck's history, so that a chart needs no other file. */
static void put_history(struct axes *w) {
  const struct deck *deck = w->results->decks[0];
  const size_t n = (size_t)deck->n_history;
  double ends[MAX_HISTORY], revenue[MAX_HISTORY], obligations[MAX_HISTORY];
  char units[64];
  if (n == 0) {
    return;
  }
  for (size_t i = 0; i < n; ++i) {
    const struct past_quarter *past = &deck->history[i];
    ends[i] = (double)(days_of(past->year, past->month, past->day) -
                       days_of(deck->time.year, deck->time.month, deck->time.day));
    revenue[i] = past->aws_revenue > 0.0 ? past->aws_revenue : ncfile_fill;
    obligations[i] = past->aws_obligations > 0.0 ? past->aws_obligations : ncfile_fill;
  }
  const int dim = ncwriter_dimension(w->nc, "history_time", n);
  const struct ncvariable time =
      ncwriter_variable(w->nc, "history_time", NCTYPE_DOUBLE, 1, &dim);
  ncwriter_text(w->nc, &time, "standard_name", "time");
  ncwriter_text(w->nc, &time, "long_name", "last day of a past quarter");
  name_days(deck, units, sizeof units);
  ncwriter_text(w->nc, &time, "units", units);
  ncwriter_text(w->nc, &time, "calendar", "standard");
  ncwriter_put(w->nc, time, &n, ends);
  put_past(w, "history_aws_revenue", dim, "AWS revenue of a past quarter", METRIC_aws_revenue,
           revenue);
  put_past(w, "history_aws_obligations", dim,
           "remaining performance obligations at the end of a past quarter",
           METRIC_aws_obligations, obligations);
}

void results_put_axes(struct ncwriter *writer, const struct results *results,
                      const struct figures *figures, struct dims *dims) {
  struct axes axes = {.nc = writer, .results = results, .figures = figures, .dims = dims};
  struct axes *const w = &axes;
  const struct layout *layout = w->results->layout;
  const size_t n_customers = (size_t)layout->n_customers,
               n_years = (size_t)layout->n_contract_years;
  struct ncwriter *nc = w->nc;
  /* Not of records: for each variable of records that it reads, the library asks all others how
     many they have, which took four fifths of the time of reading a result. */
  w->dims->time = ncwriter_dimension(nc, "time", (size_t)w->results->layout->n_quarters);
  w->dims->bounds = ncwriter_dimension(nc, "nv", 2);
  w->dims->quantile = ncwriter_dimension(nc, "quantile", N_QUANTILES);
  w->dims->level = ncwriter_dimension(nc, "level", N_LEVELS);
  w->dims->threshold = ncwriter_dimension(nc, "threshold", N_THRESHOLDS);
  w->dims->month = ncwriter_dimension(nc, "month", (size_t)layout->n_months);
  w->dims->by = ncwriter_dimension(nc, "by", N_DATES);
  w->dims->customer = ncwriter_dimension(nc, "customer", n_customers);
  w->dims->constraint = ncwriter_dimension(nc, "constraint", N_CONSTRAINTS);
  w->dims->regime = ncwriter_dimension(nc, "regime", N_REGIMES);
  w->dims->part = ncwriter_dimension(nc, "part", N_PARTS);
  w->dims->contract_year = ncwriter_dimension(nc, "contract_year", n_years);
  put_times(w);
  put_axis(w, "quantile", w->dims->quantile, "probability of the quantile", "1", N_QUANTILES,
           figure_quantiles);
  double thresholds[N_THRESHOLDS];
  for (int t = 0; t < N_THRESHOLDS; ++t) {
    thresholds[t] = figure_threshold(t);
  }
  put_axis(w, "level", w->dims->level, "level of value at risk", "1", N_LEVELS, figure_levels);
  put_axis(w, "threshold", w->dims->threshold, "threshold of a loss, billion USD", "1",
           N_THRESHOLDS, thresholds);
  put_reliable(w, "quantile_reliable", w->dims->quantile, "quantile", N_QUANTILES,
               figure_quantiles);
  put_reliable(w, "tail_reliable", w->dims->level, "value at risk", N_LEVELS, figure_levels);
  put_months(w);
  put_axis(w, "by", w->dims->by, "date in months from the start", "1", N_DATES, figure_dates);
  put_words(w, "customer", w->dims->customer, "customer", n_customers, customer_word);
  put_words(w, "constraint", w->dims->constraint, "binding constraint", N_CONSTRAINTS,
            constraint_word);
  put_words(w, "regime", w->dims->regime, "regime", N_REGIMES, regime_word);
  put_contract_years(w);
  if (w->results->n_decks == 1) {
    put_history(w);
  }
}

void results_put_path_axes(struct ncwriter *nc, const struct results *results,
                           struct dims *dims) {
  struct axes axes = {.nc = nc, .results = results, .dims = dims};
  const struct layout *layout = results->layout;
  const size_t n_customers = (size_t)layout->n_customers;
  dims->time = ncwriter_dimension(nc, "time", (size_t)layout->n_quarters);
  dims->bounds = ncwriter_dimension(nc, "nv", 2);
  dims->month = ncwriter_dimension(nc, "month", (size_t)layout->n_months);
  dims->customer = ncwriter_dimension(nc, "customer", n_customers);
  dims->constraint = ncwriter_dimension(nc, "constraint", N_CONSTRAINTS);
  dims->regime = ncwriter_dimension(nc, "regime", N_REGIMES);
  dims->contract_year =
      ncwriter_dimension(nc, "contract_year", (size_t)layout->n_contract_years);
  put_times(&axes);
  put_months(&axes);
  put_words(&axes, "customer", dims->customer, "customer", n_customers, customer_word);
  put_words(&axes, "constraint", dims->constraint, "binding constraint", N_CONSTRAINTS,
            constraint_word);
  put_words(&axes, "regime", dims->regime, "regime", N_REGIMES, regime_word);
  put_contract_years(&axes);
}

void results_put_unit(struct ncwriter *nc, const struct ncvariable *variable,
                      const struct metric *metric) {
  const char *scale = unit_names[metric->unit].scale;
  ncwriter_text(nc, variable, "units", unit_names[metric->unit].units);
  if (scale != NULL) {
    ncwriter_text(nc, variable, "currency", "USD");
    ncwriter_text(nc, variable, "scale", scale);
    ncwriter_text(nc, variable, "price_basis", "nominal");
  }
}

void results_unit_text(const struct metric *metric, char *text, size_t size) {
  const char *units = unit_names[metric->unit].units, *scale = unit_names[metric->unit].scale;
  if (scale == NULL) {
    snprintf(text, size, "%s", units);
  } else {
    const bool bare = strcmp(units, "1") == 0;
    snprintf(text, size, "%s USD%s%s", scale, bare ? "" : " ", bare ? "" : units);
  }
}

bool results_year_closes(const struct deck *deck, int64_t customer, int64_t year) {
  const struct customer *about = &deck->customers[customer];
  const int64_t end = 12 * (year + 1) < about->term ? 12 * (year + 1) : about->term;
  return 12 * year < about->term && about->start + end <= deck->time.horizon;
}
