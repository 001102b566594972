#include "stats/figures.h"

#include <math.h>

#include "math/beta.h"

const double figure_quantiles[N_QUANTILES] = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975, 0.99};
const double figure_levels[N_LEVELS] = {0.95, 0.99, 0.995};
const double figure_dates[N_DATES] = {36, 60, 84, 120};

double figure_threshold(int i) {
  return (double)(THRESHOLD_STEP * i - 256);
}

const struct statistic_kind statistic_kinds[N_STATISTICS] = {
    [STAT_MEAN] = {STAT_MEAN, ROLE_VALUE, ALONG_NOTHING},
    [STAT_SE] = {STAT_MEAN, ROLE_SE, ALONG_NOTHING},
    [STAT_MEAN_LO] = {STAT_MEAN, ROLE_LO, ALONG_NOTHING},
    [STAT_MEAN_HI] = {STAT_MEAN, ROLE_HI, ALONG_NOTHING},
    [STAT_GAIN] = {STAT_MEAN, ROLE_GAIN, ALONG_NOTHING},
    [STAT_SD] = {STAT_SD, ROLE_VALUE, ALONG_NOTHING},
    [STAT_SD_SE] = {STAT_SD, ROLE_SE, ALONG_NOTHING},
    [STAT_NEVER] = {STAT_NEVER, ROLE_VALUE, ALONG_NOTHING},
    [STAT_NEVER_SE] = {STAT_NEVER, ROLE_SE, ALONG_NOTHING},
    [STAT_NEVER_LO] = {STAT_NEVER, ROLE_LO, ALONG_NOTHING},
    [STAT_NEVER_HI] = {STAT_NEVER, ROLE_HI, ALONG_NOTHING},
    [STAT_FIRST] = {STAT_FIRST, ROLE_VALUE, ALONG_NOTHING},
    [STAT_FIRST_SE] = {STAT_FIRST, ROLE_SE, ALONG_NOTHING},
    [STAT_SECOND] = {STAT_SECOND, ROLE_VALUE, ALONG_NOTHING},
    [STAT_SECOND_SE] = {STAT_SECOND, ROLE_SE, ALONG_NOTHING},
    [STAT_UNPAIRED_SE] = {STAT_UNPAIRED_SE, ROLE_SE, ALONG_NOTHING},
    [STAT_VARIANCE_RATIO] = {STAT_VARIANCE_RATIO, ROLE_VALUE, ALONG_NOTHING},
    [STAT_POSITIVE] = {STAT_POSITIVE, ROLE_VALUE, ALONG_NOTHING},
    [STAT_POSITIVE_SE] = {STAT_POSITIVE, ROLE_SE, ALONG_NOTHING},
    [STAT_POSITIVE_LO] = {STAT_POSITIVE, ROLE_LO, ALONG_NOTHING},
    [STAT_POSITIVE_HI] = {STAT_POSITIVE, ROLE_HI, ALONG_NOTHING},
    [STAT_QUANTILE] = {STAT_QUANTILE, ROLE_VALUE, ALONG_QUANTILE},
    [STAT_LO] = {STAT_QUANTILE, ROLE_LO, ALONG_QUANTILE},
    [STAT_HI] = {STAT_QUANTILE, ROLE_HI, ALONG_QUANTILE},
    [STAT_VAR] = {STAT_VAR, ROLE_VALUE, ALONG_LEVEL},
    [STAT_VAR_LO] = {STAT_VAR, ROLE_LO, ALONG_LEVEL},
    [STAT_VAR_HI] = {STAT_VAR, ROLE_HI, ALONG_LEVEL},
    [STAT_CVAR] = {STAT_CVAR, ROLE_VALUE, ALONG_LEVEL},
    [STAT_CVAR_SE] = {STAT_CVAR, ROLE_SE, ALONG_LEVEL},
    [STAT_CVAR_GAIN] = {STAT_CVAR, ROLE_GAIN, ALONG_LEVEL},
    [STAT_EXCEEDANCE] = {STAT_EXCEEDANCE, ROLE_VALUE, ALONG_THRESHOLD},
    [STAT_EXCEEDANCE_SE] = {STAT_EXCEEDANCE, ROLE_SE, ALONG_THRESHOLD},
    [STAT_EXCEEDANCE_LO] = {STAT_EXCEEDANCE, ROLE_LO, ALONG_THRESHOLD},
    [STAT_EXCEEDANCE_HI] = {STAT_EXCEEDANCE, ROLE_HI, ALONG_THRESHOLD},
    [STAT_BY] = {STAT_BY, ROLE_VALUE, ALONG_DATE},
    [STAT_BY_SE] = {STAT_BY, ROLE_SE, ALONG_DATE},
    [STAT_BY_LO] = {STAT_BY, ROLE_LO, ALONG_DATE},
    [STAT_BY_HI] = {STAT_BY, ROLE_HI, ALONG_DATE},
};

static const double SOME = 0x1p-10; /* a difference is positive from here on: the first edge
                                       of a bin above zero, a million dollars, a megawatt */
static const double NORMAL_975 = 1.959963984540054; /* quantile of the normal law */

/* ---- what there is */

bool figures_is_share(const struct metric *metric) {
  return metric->histogram == HISTOGRAM_NONE && metric->unit == UNIT_ONE_UNIT;
}

/* Of the statistics of the differences between two decks. */
static bool has_of_pair(const struct metric *metric, enum statistic value) {
  switch (value) {
    case STAT_FIRST:
    case STAT_SECOND:
    case STAT_UNPAIRED_SE:
    case STAT_VARIANCE_RATIO:
    case STAT_MEAN: return true;
    case STAT_POSITIVE:
    case STAT_QUANTILE: return metric->histogram != HISTOGRAM_NONE;
    case STAT_SD: return !figures_is_share(metric);
    default: return false;
  }
}

bool figures_has(const struct figures *figures, const struct metric *metric,
                 enum statistic statistic) {
  const enum statistic value = statistic_kinds[statistic].value;
  const bool date = metric->unit == UNIT_MONTH, share = figures_is_share(metric);
  const bool sorted = metric->histogram != HISTOGRAM_NONE;
  const bool of_path = metric->axis == AXIS_TERMINAL && sorted;
  const bool tail = of_path && !date && metric->sense != SENSE_PLAIN; /* one of them is bad */
  if (statistic_kinds[statistic].role == ROLE_GAIN && figures->replicates == NULL) {
    return false;
  }
  if (statistic == STAT_MEAN_LO || statistic == STAT_MEAN_HI) {
    return share && figures->first == NULL;
  }
  if (figures->first != NULL) { /* dates that may never come have no difference */
    return !date && has_of_pair(metric, value);
  }
  switch (value) {
    case STAT_MEAN: return true;
    case STAT_SD: return !share;
    case STAT_NEVER: return date;
    case STAT_QUANTILE: return sorted;
    case STAT_VAR:
    case STAT_CVAR: return tail;
    case STAT_EXCEEDANCE: return tail && metric->unit == UNIT_USD && metric->item == ITEM_ONE;
    case STAT_BY: return date && of_path;
    default: return false;
  }
}

size_t figures_count(enum statistic statistic) {
  static const size_t counts[] = {[ALONG_NOTHING] = 1,
                                  [ALONG_QUANTILE] = N_QUANTILES,
                                  [ALONG_LEVEL] = N_LEVELS,
                                  [ALONG_THRESHOLD] = N_THRESHOLDS,
                                  [ALONG_DATE] = N_DATES};
  return counts[statistic_kinds[statistic].along];
}

void figures_make(struct figures *figures, const struct deck *deck, const struct layout *layout,
                  const struct tally *tally, const struct tally *first,
                  const struct tally *second, const struct tally *replicates) {
  *figures = (struct figures){.deck = deck,
                              .layout = layout,
                              .tally = tally,
                              .first = first,
                              .second = second,
                              .replicates = replicates};
  for (int m = 0; m < N_METRICS; ++m) {
    for (int s = 0; s < N_STATISTICS; ++s) {
      const enum statistic statistic = (enum statistic)s;
      figures->index[m][s] = figures->n_values;
      if (statistic_kinds[s].role == ROLE_VALUE &&
          figures_has(figures, &metrics[m], statistic)) {
        figures->n_values +=
            layout->items[m] * layout->dates[m] * (int64_t)figures_count(statistic);
      }
    }
  }
}

int64_t figures_values(const struct layout *layout, int n_decks) {
  static const struct tally other; /* only whether there is one counts */
  const struct tally *second = n_decks > 1 ? &other : NULL;
  struct figures figures;
  figures_make(&figures, NULL, layout, NULL, second, second, NULL);
  return figures.n_values;
}

/* ---- from the spread of paths or blocks */

struct figure { /* a value with what tells its error; NaN where there is none */
  double value, se, lo, hi, gain;
};
static const struct figure NOTHING = {NAN, NAN, NAN, NAN, NAN};

static struct figure of_share(const struct figures *figures, struct share share, int64_t n) {
  const struct interval ends = tally_share_interval(figures->tally, share, n);
  return ends.exists ? (struct figure){share.value, share.se, ends.lo, ends.hi, NAN} : NOTHING;
}

static struct figure of_mean(struct moments m) {
  return (struct figure){m.n_finite > 0 ? m.mean : NAN, m.n_finite > 1 ? m.se : NAN, NAN, NAN,
                         NAN};
}

static struct figure of_moments(const struct figures *figures, const struct metric *metric,
                                int64_t column, enum statistic value) {
  const struct moments m = tally_moments(figures->tally, column);
  if (value == STAT_SD) {
    return m.n_finite > 1 ? (struct figure){m.sd, m.sd_se, NAN, NAN, NAN} : NOTHING;
  }
  if (value == STAT_NEVER) {
    return of_share(figures, tally_share_never(figures->tally, column), m.n);
  }
  return figures_is_share(metric) && m.n_finite > 0
             ? of_share(figures, (struct share){m.mean, m.se}, m.n_finite)
             : of_mean(m);
}

static struct figure of_pair(const struct figures *figures, int64_t column,
                             enum statistic value) {
  const struct moments a = tally_moments(figures->first, column);
  const struct moments b = tally_moments(figures->second, column);
  const struct moments d = tally_moments(figures->tally, column);
  switch (value) {
    case STAT_FIRST: return of_mean(a);
    case STAT_SECOND: return of_mean(b);
    case STAT_UNPAIRED_SE:
      return (struct figure){NAN, sqrt(a.se * a.se + b.se * b.se), NAN, NAN, NAN};
    case STAT_VARIANCE_RATIO:
      return (struct figure){(a.sd * a.sd + b.sd * b.sd) / (d.sd * d.sd), NAN, NAN, NAN, NAN};
    default:
      return figures->tally->histogram_offset[column] >= 0
                 ? of_share(figures, tally_share_from(figures->tally, column, SOME), d.n)
                 : NOTHING;
  }
}

/* The share of paths whose loss is above x. */
static struct figure of_exceedance(const struct figures *figures, const struct metric *metric,
                                   int64_t column, double x) {
  const bool gain = metric->sense == SENSE_GAIN, floored = metric->window == WINDOW_POSITIVE;
  const int64_t n = tally_moments(figures->tally, column).n;
  if (x == 0.0 && !gain) { /* exact zeros share a bin with what is below its upper edge */
    x = SOME;
  }
  if (floored && x < 0.0 && !gain) { /* never below zero */
    return (struct figure){1.0, 0.0, 1.0, 1.0, NAN};
  }
  if (floored && x > 0.0 && gain) {
    return (struct figure){0.0, 0.0, 0.0, 0.0, NAN};
  }
  struct share share = tally_share_from(figures->tally, column, gain ? -x : x);
  share.value = gain ? 1.0 - share.value : share.value;
  return of_share(figures, share, n);
}

/* The share of paths on which a date has come by month `by`. */
static struct figure of_date(const struct figures *figures, int64_t column, double by) {
  if (by > (double)figures->deck->time.horizon) {
    return NOTHING;
  }
  struct share share = tally_share_from(figures->tally, column, by + 0.5);
  share.value = 1.0 - share.value;
  return of_share(figures, share, tally_moments(figures->tally, column).n);
}

static struct figure of_tail(const struct figures *figures, const struct metric *metric,
                             int64_t column, enum statistic value, double level) {
  const struct tail tail =
      tally_tail(figures->tally, column, level, metric->sense == SENSE_GAIN);
  if (value == STAT_VAR) {
    return (struct figure){tail.var, NAN, tail.lo, tail.hi, NAN};
  }
  return tail.exists ? (struct figure){tail.cvar, tail.cvar_se, NAN, NAN, NAN} : NOTHING;
}

static struct figure figure_of_paths(const struct figures *figures, const struct metric *metric,
                                     int64_t column, enum statistic value, int i) {
  switch (value) {
    case STAT_QUANTILE: {
      const struct interval q = tally_quantile(figures->tally, column, figure_quantiles[i]);
      return q.exists ? (struct figure){q.value, NAN, q.lo, q.hi, NAN} : NOTHING;
    }
    case STAT_VAR:
    case STAT_CVAR: return of_tail(figures, metric, column, value, figure_levels[i]);
    case STAT_EXCEEDANCE: return of_exceedance(figures, metric, column, figure_threshold(i));
    case STAT_BY: return of_date(figures, column, figure_dates[i]);
    case STAT_FIRST:
    case STAT_SECOND:
    case STAT_UNPAIRED_SE:
    case STAT_VARIANCE_RATIO:
    case STAT_POSITIVE: return of_pair(figures, column, value);
    default: return of_moments(figures, metric, column, value);
  }
}

/* ---- from the spread of replicates */

/* From its tail probability as a beta function's (DLMF 8.17, Abramowitz and Stegun 26.5.27). */
double figures_student(int64_t degrees) {
  const double n = (double)degrees,
               normal_from = 20000.0; /* where it is the normal's to 1e-4 */
  if (degrees < 1) {
    return NAN;
  }
  return n > normal_from ? NORMAL_975
                         : sqrt(n * (1.0 / beta_inverse(n / 2.0, 0.5, 0.05) - 1.0));
}

static int64_t count_replicates(const struct figures *figures) {
  return tally_blocks(figures->replicates);
}

double figures_half_width(const struct figures *figures) {
  return figures->replicates == NULL ? NORMAL_975
                                     : figures_student(count_replicates(figures) - 1);
}

static bool is_probability(const struct metric *metric, enum statistic value) {
  return value == STAT_NEVER || value == STAT_POSITIVE || value == STAT_EXCEEDANCE ||
         value == STAT_BY || (value == STAT_MEAN && figures_is_share(metric));
}

/* The error of a value of the whole sample, from the replicates' own values of it. */
static struct figure spread_of_replicates(const struct figures *figures,
                                          const struct metric *metric, enum statistic value,
                                          int64_t column, struct figure paths) {
  const struct moments m = tally_moments(figures->replicates, column);
  if (m.n_finite < 2 || m.n_finite < m.n) { /* some replicate has no such value */
    return (struct figure){paths.value, NAN, NAN, NAN, NAN};
  }
  const double half = figures_student(m.n_finite - 1) * m.se;
  struct figure figure = {paths.value, m.se, paths.value - half, paths.value + half,
                          (paths.se / m.se) * (paths.se / m.se)};
  if (is_probability(metric, value)) {
    figure.lo = figure.lo > 0.0 ? figure.lo : 0.0;
    figure.hi = figure.hi < 1.0 ? figure.hi : 1.0;
  }
  return figure;
}

static int64_t value_number(const struct figures *figures, enum metric_id id, int64_t item,
                            int64_t date, enum statistic value, int i) {
  return figures->index[id][value] +
         (item * figures->layout->dates[id] + date) * (int64_t)figures_count(value) + i;
}

static struct figure figure_of(const struct figures *figures, enum metric_id id, int64_t item,
                               int64_t date, enum statistic value, int i) {
  const int64_t column = layout_column(figures->layout, id, item, date);
  const struct figure figure = figure_of_paths(figures, &metrics[id], column, value, i);
  if (figures->replicates == NULL) {
    return figure;
  }
  if (value == STAT_UNPAIRED_SE) {
    const double a = figure_of(figures, id, item, date, STAT_FIRST, 0).se;
    const double b = figure_of(figures, id, item, date, STAT_SECOND, 0).se;
    return (struct figure){NAN, sqrt(a * a + b * b), NAN, NAN, NAN};
  }
  return spread_of_replicates(figures, &metrics[id], value,
                              value_number(figures, id, item, date, value, i), figure);
}

/* ---- all */

double figures_value(const struct figures *figures, enum metric_id id, int64_t item,
                     int64_t date, enum statistic statistic, int i) {
  const struct statistic_kind *kind = &statistic_kinds[statistic];
  const struct figure figure = figure_of(figures, id, item, date, kind->value, i);
  switch (kind->role) {
    case ROLE_VALUE: return figure.value;
    case ROLE_SE: return figure.se;
    case ROLE_LO: return figure.lo;
    case ROLE_HI: return figure.hi;
    case ROLE_GAIN: return figure.gain;
  }
  return NAN;
}

double figures_half(const struct figures *figures, enum metric_id id, int64_t item,
                    int64_t date, enum statistic statistic, int i) {
  const struct figure figure = figure_of(figures, id, item, date, statistic, i);
  const double half = (figure.hi - figure.lo) / 2.0;
  return isfinite(half) ? half : figures_half_width(figures) * figure.se;
}

void figures_add(const struct figures *figures, struct tally *replicates) {
  for (int m = 0; m < N_METRICS; ++m) {
    const enum metric_id id = (enum metric_id)m;
    for (int s = 0; s < N_STATISTICS; ++s) {
      const enum statistic statistic = (enum statistic)s;
      if (statistic_kinds[s].role != ROLE_VALUE ||
          !figures_has(figures, &metrics[m], statistic)) {
        continue;
      }
      int64_t number = figures->index[m][s];
      for (int64_t n = 0; n < figures->layout->items[m] * figures->layout->dates[m]; ++n) {
        for (int i = 0; i < (int)figures_count(statistic); ++i, ++number) {
          const double value = figure_of_paths(figures, &metrics[m],
                                               figures->layout->first[id] + n, statistic, i)
                                   .value;
          tally_add(replicates, number, &value, 1, 0);
        }
      }
    }
  }
}

void figures_ask_order_statistics(const struct figures *figures) {
  static const enum statistic sorted[] = {STAT_QUANTILE, STAT_VAR};
  for (int m = 0; m < N_METRICS; ++m) {
    for (size_t s = 0; s < sizeof sorted / sizeof sorted[0]; ++s) {
      if (!figures_has(figures, &metrics[m], sorted[s])) {
        continue;
      }
      for (int64_t n = 0; n < figures->layout->items[m] * figures->layout->dates[m]; ++n) {
        for (int i = 0; i < (int)figures_count(sorted[s]); ++i) {
          (void)figure_of_paths(figures, &metrics[m], figures->layout->first[m] + n, sorted[s],
                                i);
        }
      }
    }
  }
}

bool figures_reliable(const struct figures *figures, double p) {
  const double n = (double)tally_moments(figures->tally, 0).n;
  const double beyond = n * (p < 0.5 ? p : 1.0 - p);
  const bool blocks =
      !figures->tally->clustered || tally_blocks(figures->tally) >= RELIABLE_BLOCKS;
  const bool replicates =
      figures->replicates == NULL || tally_blocks(figures->replicates) >= RELIABLE_REPLICATES;
  return beyond >= RELIABLE_POINTS && blocks && replicates;
}
