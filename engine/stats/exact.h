/* Exact order statistics of a sample whose paths can be drawn again. A histogram tells in which
   bin an order statistic lies and how many values lie below that bin; a second pass over the
   same paths keeps the values of those bins only, and finds it among them. Columns go through
   the second pass in batches, so that memory has a bound.

   Life: tallies whose `exact` it is record which order statistics are asked for (recording);
   then batch by batch exact_begin, exact_add of every block, and exact_open, exact_count,
   exact_narrow and exact_close, which find it; after that the tallies answer with exact values.
 */
#ifndef TENOR_STATS_EXACT_H
#define TENOR_STATS_EXACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "model/metrics.h"

struct want { /* one order statistic of a column */
  int64_t column, rank;
  int64_t bin, below; /* where it lies; values in the bins below */
  int64_t size;       /* values in its bin */
  double value;
};

struct cell; /* one bin of a column, while its values are collected */

struct exact {
  bool recording;
  struct want *wants; /* [n_wants]; ascending by column and rank once recorded; owned */
  int64_t n_wants, room;
  bool failed;                  /* no memory while recording */
  int64_t first_want, end_want; /* of the batch */
  struct cell *cells;           /* of the batch; owned */
  int64_t n_cells;
  int64_t *cell_of; /* [n_columns + 1] first cell of each column; owned */
  int64_t n_columns;
};

/* Notes an order statistic; with no memory left it notes that. */
void exact_want(struct exact *exact, struct want want);

/* Puts the wants in order, once each. false if one could not be noted. */
bool exact_recorded(struct exact *exact);

/* Room for the next batch of wants; *more is false when all are found. `most` values at most
   are to be kept by all ranks together (a single column may need more). STATUS_FAILED (memory).
 */
enum status exact_begin(struct exact *exact, int64_t n_columns, int64_t most, bool *more);

/* Keeps the values of one block of a column that lie in wanted bins. Calls for different
   columns may run at the same time. false if memory is short. */
bool exact_add(struct exact *exact, int64_t column, enum window window, const double *values,
               int64_t n);

/* Halves the place of every want of the batch between lows and highs (keys of doubles,
   ascending as they do): counts[i] is how many of the values kept here lie at or below the
   middle. After the counts of all ranks are added exact_narrow keeps the half that holds the
   want; 64 rounds find it. lows, highs, counts: [end_want - first_want]. */
void exact_open(const struct exact *exact, uint64_t *lows, uint64_t *highs);
void exact_count(struct exact *exact, const uint64_t *lows, const uint64_t *highs,
                 int64_t *counts);
void exact_narrow(const struct exact *exact, uint64_t *lows, uint64_t *highs,
                  const int64_t *counts);
/* Sets the values of the batch, and gives its room back. */
void exact_close(struct exact *exact, const uint64_t *lows);

/* The value of an order statistic that was recorded; false if it was not. */
bool exact_order_statistic(const struct exact *exact, int64_t column, int64_t rank,
                           double *value);

void exact_free(struct exact *exact);

#endif
