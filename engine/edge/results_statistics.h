/* The numbers of a result: what each statistic of a metric is, computed from tallies. Names,
   units and dimensions are the writer's (results.c). */
#ifndef TENOR_EDGE_RESULTS_STATISTICS_H
#define TENOR_EDGE_RESULTS_STATISTICS_H

#include <stddef.h>

#include "edge/results.h"

enum statistic {
  STAT_MEAN,
  STAT_SE,
  STAT_SD,
  STAT_SD_SE,
  STAT_NEVER,
  STAT_NEVER_SE,
  STAT_FIRST, /* from here to STAT_POSITIVE_SE: of comparisons */
  STAT_FIRST_SE,
  STAT_SECOND,
  STAT_SECOND_SE,
  STAT_UNPAIRED_SE,
  STAT_VARIANCE_RATIO,
  STAT_POSITIVE,
  STAT_POSITIVE_SE,
  STAT_QUANTILE,
  STAT_LO,
  STAT_HI,
  STAT_VAR, /* from here on: of terminal metrics, along a dimension of their own */
  STAT_VAR_LO,
  STAT_VAR_HI,
  STAT_CVAR,
  STAT_CVAR_SE,
  STAT_EXCEEDANCE,
  STAT_EXCEEDANCE_SE,
  STAT_BY,
  STAT_BY_SE
};

enum {
  N_QUANTILES = 8,
  N_LEVELS = 3,
  N_DATES = 4,
  THRESHOLD_STEP = 4, /* [bn USD] of exceedance curves, from -256 to 256: edges of bins */
  N_THRESHOLDS = 2 * 256 / THRESHOLD_STEP + 1
};

extern const double statistic_quantiles[N_QUANTILES];
extern const double statistic_levels[N_LEVELS]; /* of VaR and CVaR */
extern const double statistic_dates[N_DATES];   /* [month] by which something has happened */
double statistic_threshold(int i);              /* [bn USD] of exceedance curves */

bool statistic_is_quantile(enum statistic statistic);

/* How many values a statistic has at one date of one item. */
size_t statistic_count(enum statistic statistic);

/* The values of one statistic of one column: one, or one a quantile, level, threshold, date.
   What does not exist is ncfile_fill. */
void statistic_values(const struct results *results, const struct metric *metric,
                      int64_t column, enum statistic statistic, double *values);

/* `value`, or ncfile_fill if it does not exist or is not finite. */
double statistic_fill(bool exists, double value);

/* Mean of a metric of customer c at a date. */
double statistic_mean(const struct results *results, enum metric_id id, int64_t c,
                      int64_t date);

/* Expected credit loss of customer c if default struck whatever the exposure (engine/MODEL.md,
   section 8). */
double statistic_independent_loss(const struct results *results, int64_t c);

#endif
