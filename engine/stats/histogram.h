/* Histogram keyed on the bits of the double, with integer bins, so that it merges by addition
   in any order. A value belongs to a bin of width 2^-10 below 2^-3 and to one of 128 bins an
   octave from there to 2^14: a relative width of at most 0.78 %. Beyond is one overflow bin,
   and one for +infinity ("never"), which sorts last. WINDOW_SIGNED has the mirror image for
   negative values; WINDOW_POSITIVE takes a negative value (rounding) as 0.

   A bin is three words: the count, the sum of where in the bin its values lie (in 2^-19 of its
   width), and the sum of the squares of that place (in 2^-10 of its width): mean and spread
   inside a bin are known, so that a cap or another atom is not smeared over its bin. Invariant:
   the words are sums over values of something that depends on the value alone. */
#ifndef TENOR_STATS_HISTOGRAM_H
#define TENOR_STATS_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "model/metrics.h"

/* Words of a histogram; 0 for WINDOW_NONE. */
int64_t histogram_words(enum window window);

/* Adds n (at most BLOCK_PATHS) values by their codes (code.h), NO_CODE not among them. */
void histogram_add(int64_t *words, const uint32_t *codes, int64_t n);

/* Can these words be a histogram of n values at most (tally_holds)? */
bool histogram_holds(const int64_t *words, enum window window, int64_t n);

/* Values in it. */
int64_t histogram_count(const int64_t *words, enum window window);

/* Order statistic `rank` (1 .. count), located in its bin and interpolated inside it: the bin's
   values are taken to lie evenly about their mean with their standard deviation, or, where that
   would leave the bin, partly at its edge. Equal values give their value. false if the order
   statistic lies in an overflow bin. *value is infinite for "never". */
bool histogram_order_statistic(const int64_t *words, enum window window, int64_t rank,
                               double *value);

/* The bin in which an order statistic lies, and how many values lie in the bins below. */
int64_t histogram_bin_of_rank(const int64_t *words, enum window window, int64_t rank,
                              int64_t *below);

/* The bin of a value. */
int64_t histogram_bin_of(enum window window, double value);

/* One bin, from the lowest values to the highest. */
struct bin {
  int64_t count;
  double mean, variance; /* of its values; not finite where they are not known */
};
int64_t histogram_bins(enum window window);
struct bin histogram_bin(const int64_t *words, enum window window, int64_t bin);

/* How many values are at or above `edge`, which must be the edge of a bin (0, a multiple of
   2^-10 up to 2^-3, and 128 evenly spaced values an octave from there to 2^14, either sign);
   "never" counts as above. */
int64_t histogram_count_from(const int64_t *words, enum window window, double edge);

/* Between blocks. A clustered tally keeps, behind a histogram, how the counts of a block vary:
   for every eighth bin edge the sum over the blocks of BLOCK_PATHS/m times the square of the
   count below it of a block of m values (rounded down, and its increase from edge to edge, so
   that it merges by addition). */
int64_t histogram_cluster_words(enum window window);

/* Adds one block of n (at most BLOCK_PATHS) values by their codes, NO_CODE not among them. */
void histogram_add_cluster(int64_t *squares, enum window window, const uint32_t *codes,
                           int64_t n);

/* Variance between blocks of the share of values up to order statistic `rank`, over that of
   independent values (each block weighs by its size); 1 at least, NaN of a single block. Taken
   at the nearest edges, the larger of the two. */
double histogram_design_effect(const int64_t *words, const int64_t *squares, enum window window,
                               int64_t blocks, int64_t rank);

#endif
