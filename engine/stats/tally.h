/* The state of a sample: for every column, counts and four power sums in integer
   superaccumulators, and for some a histogram; sums over the parts of the sample; all of it in
   one array of int64 that merges by addition, in any order. Invariant: two tallies of the same
   shape and centres that saw the same values in the same blocks are equal word for word after
   tally_canonical, whoever added what, in whatever order.

   Values of a block are independent of each other, unless the tally is clustered: then the
   paths of a block share drawn keys of the deck, only blocks are independent, and the state
   holds in addition what the variances between blocks follow from. */
#ifndef TENOR_STATS_TALLY_H
#define TENOR_STATS_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "model/metrics.h"

/* Disjoint parts of a sample: those of block (or of replicate) i belong to part i mod N_PARTS.
 */
enum { N_PARTS = 32 };

struct exact;
struct digest;

struct tally {
  struct exact *exact; /* borrowed, for order statistics (exact.h); NULL: from the histograms */
  int64_t n_columns;
  int64_t n_words; /* of `words` */
  int64_t *words;  /* all state; owned */
  bool clustered;
  int64_t column_words;      /* of each column, from FIRST on */
  int64_t *histogram_offset; /* [n_columns] into words, -1 where a column has none; owned */
  int64_t *parts_offset;     /* [n_columns] into words, -1 where a column has none; owned */
  enum window *window;       /* [n_columns]; owned */
  double
      *centre; /* [n_columns] c of the power sums of (x - c), fixed by deck and seed; owned */
};

/* Which histograms a tally carries: those of the table of metrics, the same on both sides of
   zero (for differences), or none. Parts are kept with those of the table. */
enum histogram_set { HISTOGRAMS_OF_TABLE, HISTOGRAMS_SIGNED, HISTOGRAMS_NONE };

/* An empty tally for `layout`. `centre` [n_columns] is copied; a centre that is not finite
   or beyond what can be summed becomes 0. Error: STATUS_FAILED when memory is short. Not
   collective. */
enum status tally_make(struct tally *tally, const struct layout *layout, enum histogram_set set,
                       bool clustered, const double *centre);

/* An empty tally of `n_columns` columns of power sums about 0, and nothing else. */
enum status tally_make_sums(struct tally *tally, int64_t n_columns);
void tally_free(struct tally *tally);

struct block_part { /* of a block: how many of its paths count (1..BLOCK_PATHS), and its part */
  int64_t n, part;
};

/* Adds one column of one block: its digest (digest.h), and where the column has a histogram the
   codes of its values, codes[block.n] (else NULL). Calls for different columns may run at the
   same time; calls for one column may not. */
void tally_add_block(struct tally *tally, int64_t column, struct block_part block,
                     const struct digest *digest, const uint32_t *codes);

/* The same for a block whose values stand side by side: values[n]. */
void tally_add(struct tally *tally, int64_t column, const double *values, int64_t n,
               int64_t part);

/* Does a histogram take a value? Not NaN, -infinity and what is beyond 2^56. */
bool tally_sorts(double value);

/* Can `words`, of a tally of the same shape, be what `n` values of every column left there, in
   canonical form? Counts are in [0, n], sums inside the words that hold them: then nothing that
   is computed of them, or of the sum of such tallies of 2^40 values together, leaves its range.
 */
bool tally_holds(const struct tally *tally, const int64_t *words, int64_t n);

/* into += from, word by word. Same shape required. */
void tally_merge(struct tally *into, const struct tally *from);

/* Turns every word's sign: adding between two calls takes a block out again. */
void tally_negate(struct tally *tally);

/* Carries every superaccumulator so that equal sums are equal words. Before writing or reading
 * results. */
void tally_canonical(struct tally *tally);

struct moments {
  int64_t n;                  /* values seen */
  int64_t n_finite;           /* the moments below are over these */
  int64_t n_infinite;         /* +infinity: "never" */
  int64_t n_bad;              /* NaN, -infinity, or beyond the accumulator: 0 in a sound run */
  double mean, se, sd, sd_se; /* se of the mean; sd with n-1; sd_se from the fourth moment, both
                                 between blocks if the tally is clustered: NaN if there is
                                 but one. 0 if n_finite < 2 */
};
struct moments tally_moments(const struct tally *tally, int64_t column);

/* Values of a column that could be neither summed nor sorted (NaN, -infinity, beyond 2^56). */
int64_t tally_bad(const struct tally *tally, int64_t column);

/* Blocks seen, and paths seen of a part (0..N_PARTS-1). */
int64_t tally_blocks(const struct tally *tally);
int64_t tally_part_paths(const struct tally *tally, int64_t part);

/* The mean of a column over a part of the sample that has paths; of a column with parts. */
double tally_part_mean(const struct tally *tally, int64_t column, int64_t part);

struct interval {
  bool exists; /* false: no histogram, no values, or the estimate is "never" or out of range */
  double value, lo, hi; /* estimate and 95 % interval; an end may be +infinity ("never"), or
                           NaN: the sample is too small to have one */
};

/* Quantile p in [0,1]: order statistic ceil(pN) (infinities sort last), located in its
   histogram bin and interpolated inside it; the interval from the binomial ranks Np -/+ 1.96
   sqrt(D Np(1-p)), D the design effect: 1, or in a clustered tally the variance between blocks
   of the share below over that of independent values; one block tells no D, and the ends are
   NaN. */
struct interval tally_quantile(const struct tally *tally, int64_t column, double p);

/* The share of values at or above `edge`, an edge of a histogram bin (histogram.h), and its
   standard error, NaN of a clustered tally of one block. Not for columns without a histogram.
 */
struct share {
  double value, se;
};
struct share tally_share_from(const struct tally *tally, int64_t column, double edge);

/* The share of values that are "never", and its standard error. */
struct share tally_share_never(const struct tally *tally, int64_t column);

/* Wilson's score interval of a share, from its value, its standard error and the number of
   values; where the standard error is 0 or NaN the values count as independent (their blocks
   do, if the tally is clustered). */
struct interval tally_share_interval(const struct tally *tally, struct share share, int64_t n);

/* The bad tail of a metric: of X where high values are bad, of -X where low ones are (X a
   column with a histogram). VaR_p is the order statistic ceil(pN) of the losses, with its
   interval by binomial ranks; CVaR_p = VaR_p + mean(max(loss - VaR_p, 0)) / (1 - p), the mean
   beyond it (Rockafellar and Uryasev, 2000), with se = sd(max(loss - VaR_p, 0)) / ((1 - p)
   sqrt(N)), times the root of the design effect of the tail. */
struct tail {
  bool exists;        /* false: no values, or the tail is beyond the histogram's range */
  double var, lo, hi; /* NaN for an end the sample is too small to have */
  double cvar, cvar_se;
};
struct tail tally_tail(const struct tally *tally, int64_t column, double p, bool low_is_bad);

#endif
