/* The figures of a sample: what each statistic of a metric is and how sure it is, computed from
   tallies. A statistic has a value and, as statistics of their own, what tells its error: a
   standard error, the ends of its 95 % interval, or both. Names, units and dimensions are the
   result file's (edge/results.c). Formulas, sources and limits: engine/STATISTICS.md.

   Errors come from the spread of the paths, or of the blocks where these are clustered; of a
   run in replicates from the spread of the replicates' figures alone. */
#ifndef TENOR_STATS_FIGURES_H
#define TENOR_STATS_FIGURES_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/tally.h"

enum statistic {
  STAT_MEAN,
  STAT_SE,
  STAT_MEAN_LO, /* of shares of paths only */
  STAT_MEAN_HI,
  STAT_GAIN, /* of runs in replicates only */
  STAT_SD,
  STAT_SD_SE,
  STAT_NEVER,
  STAT_NEVER_SE,
  STAT_NEVER_LO,
  STAT_NEVER_HI,
  STAT_FIRST,
  STAT_FIRST_SE,
  STAT_SECOND,
  STAT_SECOND_SE,
  STAT_UNPAIRED_SE,
  STAT_VARIANCE_RATIO,
  STAT_POSITIVE,
  STAT_POSITIVE_SE,
  STAT_POSITIVE_LO,
  STAT_POSITIVE_HI,
  STAT_QUANTILE,
  STAT_LO,
  STAT_HI,
  STAT_VAR,
  STAT_VAR_LO,
  STAT_VAR_HI,
  STAT_CVAR,
  STAT_CVAR_SE,
  STAT_CVAR_GAIN,
  STAT_EXCEEDANCE,
  STAT_EXCEEDANCE_SE,
  STAT_EXCEEDANCE_LO,
  STAT_EXCEEDANCE_HI,
  STAT_BY,
  STAT_BY_SE,
  STAT_BY_LO,
  STAT_BY_HI,
  N_STATISTICS
};

enum along { ALONG_NOTHING, ALONG_QUANTILE, ALONG_LEVEL, ALONG_THRESHOLD, ALONG_DATE };
/* A gain is the variance of the value from as many independent paths over that from the
 * replicates. */
enum role { ROLE_VALUE, ROLE_SE, ROLE_LO, ROLE_HI, ROLE_GAIN };

struct statistic_kind {
  enum statistic value; /* the statistic whose error this is; itself if it is a value */
  enum role role;
  enum along along; /* one value, or one a quantile, level, threshold, date */
};
extern const struct statistic_kind statistic_kinds[N_STATISTICS];

enum {
  N_QUANTILES = 8,
  N_LEVELS = 3,
  N_DATES = 4,
  THRESHOLD_STEP = 4, /* [bn USD] of exceedance curves, from -256 to 256: edges of bins */
  N_THRESHOLDS = 2 * 256 / THRESHOLD_STEP + 1,
  RELIABLE_POINTS = 100,   /* values a tail must hold */
  RELIABLE_BLOCKS = 30,    /* blocks, where these are clustered */
  RELIABLE_REPLICATES = 16 /* replicates, where errors come from these */
};

extern const double figure_quantiles[N_QUANTILES];
extern const double figure_levels[N_LEVELS]; /* of VaR and CVaR */
extern const double figure_dates[N_DATES];   /* [month] by which something has happened */
double figure_threshold(int i);              /* [bn USD] of exceedance curves */

struct figures { /* what figures are computed from; all borrowed, tallies canonical */
  const struct deck *deck;
  const struct layout *layout;
  const struct tally *tally;          /* of the sample, or of the differences of two */
  const struct tally *first, *second; /* of two decks on the same paths; NULL: one deck */
  const struct tally *replicates; /* the figures of every replicate (figures_add); NULL: none */
  int64_t index[N_METRICS][N_STATISTICS]; /* number of a statistic's first value in them */
  int64_t n_values;                       /* of all values of all metrics */
};

/* Sets the pointers and numbers the values. `first` and `second` may be NULL, both;
   `replicates` may. */
void figures_make(struct figures *figures, const struct deck *deck, const struct layout *layout,
                  const struct tally *tally, const struct tally *first,
                  const struct tally *second, const struct tally *replicates);

/* How many values the statistics of one deck, or of two on the same paths, have in all: the
   columns of a tally of replicates. */
int64_t figures_values(const struct layout *layout, int n_decks);

/* A metric without a histogram that is a pure number is a share of paths: its mean is the
 * number itself. */
bool figures_is_share(const struct metric *metric);

/* Does a metric have a statistic? */
bool figures_has(const struct figures *figures, const struct metric *metric,
                 enum statistic statistic);

/* How many values a statistic has at one date of one item. */
size_t figures_count(enum statistic statistic);

/* Value `i` of a statistic of one column; NaN if it does not exist. */
double figures_value(const struct figures *figures, enum metric_id id, int64_t item,
                     int64_t date, enum statistic statistic, int i);

/* Half of the 95 % interval of a statistic that is a value: of its ends where it has them, else
   of its standard error; NaN if it has neither. */
double figures_half(const struct figures *figures, enum metric_id id, int64_t item,
                    int64_t date, enum statistic statistic, int i);

/* Adds the values of all statistics that are values (no errors) to the tally of replicates,
   which has figures->n_values columns: one replicate's figures. */
void figures_add(const struct figures *figures, struct tally *replicates);

/* Asks for every order statistic of the sample, so that they can be recorded (exact.h). */
void figures_ask_order_statistics(const struct figures *figures);

/* Half of a 95 % interval in standard errors: 1.96, or Student's quantile for few replicates.
 */
double figures_half_width(const struct figures *figures);

/* 97.5 % quantile of Student's law with that many degrees of freedom; NaN if there are none. */
double figures_student(int64_t degrees);

/* Is a quantile or tail of that probability to be relied on: do enough values lie beyond it? */
bool figures_reliable(const struct figures *figures, double p);

#endif
