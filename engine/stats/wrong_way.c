#include "stats/wrong_way.h"

#include <math.h>

#include "math/lane.h"

enum { NONE_LEFT_OUT = -1, FEWEST_PARTS = 8 };

/* Mean of a metric, without one part of the sample. */
static double mean_without(const struct figures *figures, enum metric_id id, int64_t item,
                           int64_t date, int part) {
  const int64_t column = layout_column(figures->layout, id, item, date);
  const struct moments all = tally_moments(figures->tally, column);
  if (part == NONE_LEFT_OUT) {
    return all.mean;
  }
  const double n = (double)all.n, out = (double)tally_part_paths(figures->tally, part);
  return (n * all.mean - out * tally_part_mean(figures->tally, column, part)) / (n - out);
}

/* The jackknife: the spread of the values of a function when each part is left out in turn. */
static struct estimate jackknife(const struct figures *figures, int64_t c,
                                 double (*function)(const struct figures *figures, int64_t c,
                                                    int part)) {
  double value[N_PARTS], mean = 0.0, sum = 0.0;
  int n = 0;
  for (int part = 0; part < N_PARTS; ++part) {
    if (tally_part_paths(figures->tally, part) > 0) {
      value[n] = function(figures, c, part);
      mean += value[n++];
    }
  }
  mean /= n > 0 ? (double)n : 1.0;
  for (int i = 0; i < n; ++i) {
    sum += (value[i] - mean) * (value[i] - mean);
  }
  return (struct estimate){
      function(figures, c, NONE_LEFT_OUT),
      n >= FEWEST_PARTS ? sqrt(sum * ((double)n - 1.0) / (double)n) : (double)NAN};
}

/* The sum over the months of mean exposure and mean loss rate of the survivors, times the share
   of paths that default, discounted. Recovery rates are drawn independently of everything else,
   so their mean is the deck's. */
static double independent_loss(const struct figures *figures, int64_t c, int part) {
  const struct deck *deck = figures->deck;
  const int64_t months = deck->time.horizon;
  double sum = 0.0;
  for (int64_t m = 0; m < months; ++m) {
    const double alive = mean_without(figures, METRIC_survivor, c, m, part);
    const double after = m + 1 < months
                             ? mean_without(figures, METRIC_survivor, c, m + 1, part)
                             : 1.0 - mean_without(figures, METRIC_defaulted, c, 0, part);
    if (alive > 0.0) {
      const double winter = mean_without(figures, METRIC_winter_survivor, c, m, part) / alive;
      const double lost =
          1.0 - deck->credit.recovery_mean *
                    (1.0 - (1.0 - deck->credit.recovery_winter_factor) * winter);
      sum += mean_without(figures, METRIC_monthly_exposure, c, m, part) / alive * lost *
             (alive - after) *
             lane_exp(-deck->provider.risk_free_rate * (double)(m + 1) / 12.0);
    }
  }
  return sum;
}

static double factor(const struct figures *figures, int64_t c, int part) {
  const double loss = independent_loss(figures, c, part);
  return loss > 0.0 ? mean_without(figures, METRIC_ecl, c, 0, part) / loss : (double)NAN;
}

struct estimate wrong_way_independent_loss(const struct figures *figures, int64_t c) {
  return jackknife(figures, c, independent_loss);
}

struct estimate wrong_way_factor(const struct figures *figures, int64_t c) {
  return jackknife(figures, c, factor);
}
