/* Precision targets: how exact a figure must be before a run may stop. Looked at only at
   numbers of paths (or replicates) fixed in advance, on the canonical state, so that where a
   run stops is a function of deck, seed and targets; every target must hold at the same look.
 */
#ifndef TENOR_STATS_TARGETS_H
#define TENOR_STATS_TARGETS_H

#include "stats/figures.h"

enum { MAX_TARGETS = 16, MAX_LOOKS = 96, FIRST_LOOK_BLOCKS = 64, FIRST_LOOK_REPLICATES = 16 };

struct target {
  char text[128]; /* as it was asked for */
  enum metric_id metric;
  enum statistic statistic;
  int index;       /* of the quantile, level or date */
  int64_t date;    /* of the metric's axis */
  bool relative;   /* to the size of the estimate */
  double wanted;   /* half-width of the 95 % interval, at most */
  double reliable; /* the probability of a tail or quantile; 0.5 where there is none */
};

struct targets { /* flat: one broadcast */
  int n;
  struct target at[MAX_TARGETS];
};

struct look { /* what was seen at a look */
  int64_t paths;
  double value[MAX_TARGETS], half[MAX_TARGETS]; /* of the item that is worst; NaN: not known */
  bool met[MAX_TARGETS];
  double predicted; /* paths at which all will be met */
};

/* Reads METRIC[.STATISTIC][@MONTH]:WIDTH, where STATISTIC is mean (if left out), sd, q5, var99,
   cvar99 or by60, MONTH the end of a quarter, and WIDTH a share of the estimate (2%) or a
   number in the metric's unit (0.5; of a share of paths 0.01 is one point). Adds it.
   STATUS_USAGE, with the reason. */
enum status targets_add(struct targets *targets, const char *text,
                        const struct figures *figures);

/* Looks at the figures; are all targets met? */
bool targets_look(const struct targets *targets, const struct figures *figures, int64_t paths,
                  struct look *look);

/* Were all targets met at that look? */
bool targets_met(const struct targets *targets, const struct look *look);

/* The number of units (blocks or replicates) of the first look after `done`: first 2^(j/2),
   rounded to a whole number. */
int64_t targets_next_look(int64_t done, int64_t first);

#endif
