#include "edge/results_statistics.h"

#include <math.h>

#include "edge/ncfile.h"
#include "math/lane.h"

const double statistic_quantiles[N_QUANTILES] = {0.01, 0.05, 0.25,  0.5,
                                                 0.75, 0.95, 0.975, 0.99};
const double statistic_levels[N_LEVELS] = {0.95, 0.99, 0.995};
const double statistic_dates[N_DATES] = {36, 60, 84, 120};

double statistic_threshold(int i) {
  return (double)(THRESHOLD_STEP * i - 256);
}

bool statistic_is_quantile(enum statistic statistic) {
  return statistic >= STAT_QUANTILE && statistic <= STAT_HI;
}

/* How many values a statistic has at one date of one item. */
size_t statistic_count(enum statistic statistic) {
  return statistic_is_quantile(statistic)                                  ? N_QUANTILES
         : statistic >= STAT_VAR && statistic <= STAT_CVAR_SE              ? N_LEVELS
         : statistic == STAT_EXCEEDANCE || statistic == STAT_EXCEEDANCE_SE ? N_THRESHOLDS
         : statistic >= STAT_BY                                            ? N_DATES
                                                                           : 1;
}

double statistic_fill(bool exists, double value) {
  return exists && isfinite(value) ? value : ncfile_fill;
}

static const double SOME = 0x1p-10; /* a difference is positive from here on: the first edge
                                       of a bin above zero, a million dollars, a megawatt */

static double of_comparison(const struct results *results, int64_t column,
                            enum statistic statistic) {
  const struct moments a = tally_moments(results->against->first, column);
  const struct moments b = tally_moments(results->against->second, column);
  const struct moments d = tally_moments(results->tally, column);
  switch (statistic) {
    case STAT_FIRST: return statistic_fill(a.n_finite > 0, a.mean);
    case STAT_FIRST_SE: return statistic_fill(a.n_finite > 1, a.se);
    case STAT_SECOND: return statistic_fill(b.n_finite > 0, b.mean);
    case STAT_SECOND_SE: return statistic_fill(b.n_finite > 1, b.se);
    case STAT_UNPAIRED_SE: return sqrt(a.se * a.se + b.se * b.se);
    case STAT_VARIANCE_RATIO:
      return statistic_fill(d.sd > 0.0, (a.sd * a.sd + b.sd * b.sd) / (d.sd * d.sd));
    case STAT_POSITIVE: return tally_share_from(results->tally, column, SOME).value;
    default: return tally_share_from(results->tally, column, SOME).se;
  }
}

static double of_tail(const struct results *results, const struct metric *metric,
                      int64_t column, enum statistic statistic, double level) {
  const struct tail tail =
      tally_tail(results->tally, column, level, metric->sense == SENSE_GAIN);
  switch (statistic) {
    case STAT_VAR: return statistic_fill(true, tail.var);
    case STAT_VAR_LO: return statistic_fill(true, tail.lo);
    case STAT_VAR_HI: return statistic_fill(true, tail.hi);
    case STAT_CVAR: return statistic_fill(tail.exists, tail.cvar);
    default: return statistic_fill(tail.exists, tail.cvar_se);
  }
}

/* The share of paths whose loss is above x, or its standard error. */
static double of_exceedance(const struct results *results, const struct metric *metric,
                            int64_t column, enum statistic statistic, double x) {
  const bool gain = metric->sense == SENSE_GAIN,
             nothing = x < 0.0 && metric->window == WINDOW_POSITIVE;
  const bool all_gains = gain && x > 0.0 && metric->window == WINDOW_POSITIVE;
  if (x == 0.0 && !gain) { /* exact zeros share a bin with what is below its upper edge */
    x = SOME;
  }
  if (nothing && !gain) { /* never below zero */
    return statistic == STAT_EXCEEDANCE ? 1.0 : 0.0;
  }
  if (all_gains) {
    return 0.0;
  }
  const struct share share = tally_share_from(results->tally, column, gain ? -x : x);
  return statistic == STAT_EXCEEDANCE_SE ? share.se : gain ? 1.0 - share.value : share.value;
}

/* The share of paths on which a date has come by month `by`, or its standard error. */
static double of_date(const struct results *results, int64_t column, enum statistic statistic,
                      double by) {
  if (by > (double)results->deck->time.horizon) {
    return ncfile_fill;
  }
  const struct share later = tally_share_from(results->tally, column, by + 0.5);
  return statistic == STAT_BY ? 1.0 - later.value : later.se;
}

/* The values of one statistic of one column: one, or one a quantile, level, threshold, date. */
void statistic_values(const struct results *results, const struct metric *metric,
                      int64_t column, enum statistic statistic, double *values) {
  const struct tally *tally = results->tally;
  if (statistic >= STAT_VAR) {
    for (size_t i = 0; i < statistic_count(statistic); ++i) {
      values[i] =
          statistic <= STAT_CVAR_SE
              ? of_tail(results, metric, column, statistic, statistic_levels[i])
          : statistic <= STAT_EXCEEDANCE_SE
              ? of_exceedance(results, metric, column, statistic, statistic_threshold((int)i))
              : of_date(results, column, statistic, statistic_dates[i]);
    }
    return;
  }
  if (statistic_is_quantile(statistic)) {
    for (int i = 0; i < N_QUANTILES; ++i) {
      const struct interval q = tally_quantile(tally, column, statistic_quantiles[i]);
      const double value = statistic == STAT_QUANTILE ? q.value
                           : statistic == STAT_LO     ? q.lo
                                                      : q.hi;
      values[i] = statistic_fill(q.exists, value);
    }
    return;
  }
  if (statistic >= STAT_FIRST) {
    const bool shares = statistic == STAT_POSITIVE || statistic == STAT_POSITIVE_SE;
    const bool exists = !shares || tally->histogram_offset[column] >= 0;
    values[0] = exists ? of_comparison(results, column, statistic) : ncfile_fill;
    return;
  }
  const struct moments m = tally_moments(tally, column);
  const double n = (double)m.n, never = m.n > 0 ? (double)m.n_infinite / n : 0.0;
  switch (statistic) {
    case STAT_SE: values[0] = statistic_fill(m.n_finite > 1, m.se); return;
    case STAT_SD: values[0] = statistic_fill(m.n_finite > 1, m.sd); return;
    case STAT_SD_SE: values[0] = statistic_fill(m.n_finite > 1, m.sd_se); return;
    case STAT_NEVER: values[0] = never; return;
    case STAT_NEVER_SE: values[0] = sqrt(never * (1.0 - never) / n); return;
    default: values[0] = statistic_fill(m.n_finite > 0, m.mean); return;
  }
}

double statistic_mean(const struct results *results, enum metric_id id, int64_t c, int64_t m) {
  return tally_moments(results->tally, layout_column(results->layout, id, c, m)).mean;
}

/* Per customer: the sum over the months of mean exposure and mean loss rate of the survivors,
   times the share of paths that default, discounted. Recovery rates are drawn independently of
   everything else, so their mean is the deck's. */
double statistic_independent_loss(const struct results *results, int64_t c) {
  const struct deck *deck = results->deck;
  const int64_t months = deck->time.horizon;
  double sum = 0.0;
  for (int64_t m = 0; m < months; ++m) {
    const double alive = statistic_mean(results, METRIC_survivor, c, m);
    const double after = m + 1 < months ? statistic_mean(results, METRIC_survivor, c, m + 1)
                                        : 1.0 - statistic_mean(results, METRIC_defaulted, c, 0);
    if (alive > 0.0) {
      const double winter = statistic_mean(results, METRIC_winter_survivor, c, m) / alive;
      const double lost =
          1.0 - deck->credit.recovery_mean *
                    (1.0 - (1.0 - deck->credit.recovery_winter_factor) * winter);
      sum += statistic_mean(results, METRIC_monthly_exposure, c, m) / alive * lost *
             (alive - after) *
             lane_exp(-deck->provider.risk_free_rate * (double)(m + 1) / 12.0);
    }
  }
  return sum;
}
