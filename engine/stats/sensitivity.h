/* Which uncertain key moves a mean, and how much: differences of means on the same paths, and
   the shares of variance of first and total order. What is decomposed is the variance, over
   the keys, of the mean that a path has when they are given. Blocks of paths share one draw of
   the keys, so a block's mean is that conditional mean and the noise of its paths, and every
   estimator takes the noise out again. Pure functions of numbers, in a fixed order. */
#ifndef TENOR_STATS_SENSITIVITY_H
#define TENOR_STATS_SENSITIVITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"
#include "stats/estimate.h"

enum {
  MAX_QUANTITIES = 8,
  FEWEST_BLOCKS = 64,   /* from so many blocks on there are indices */
  BLOCKS_A_DEGREE = 32, /* a degree of the polynomial costs so many blocks, ... */
  HIGHEST_DEGREE = 8    /* ... up to this one */
};

struct block_means { /* of one quantity, borrowed */
  int64_t n;
  const double *mean;  /* [n] of the paths of a block */
  const double *noise; /* [n] variance of that mean, given the keys: s^2 / paths */
};

struct path_sums { /* of a quantity, or of its difference to another, over paths */
  double n, sum, squares;
};

/* The mean, from independent paths. */
struct estimate sensitivity_mean(const struct path_sums *sums);

/* The mean over blocks that count alike, and the variance of the conditional mean, which by
   chance may come out below 0. The errors are those between blocks. */
struct estimate sensitivity_block_mean(const struct block_means *means);
struct estimate sensitivity_variance(const struct block_means *means);

/* First order: the variance of the conditional mean given one key alone, over that given all.
   `x[n]` is the key's value in each block. NaN with fewer than FEWEST_BLOCKS blocks, or where
   the variance cannot be told from 0. *out is the status STATUS_FAILED (memory) or
   STATUS_OK. */
enum status sensitivity_first_order(const struct block_means *means, const double *x,
                                    struct estimate *out);

/* Total order (Jansen 1999): half the mean square of what the conditional mean changes by when
   the key alone is drawn again, over the variance. `squares[n]` holds, of each block, the
   square of the mean difference of its paths less the variance of that mean. NaN as above. */
struct estimate sensitivity_total(const struct block_means *means, const double *squares);

/* Can it not be told from 0? Of a difference: the interval, `factor` standard errors to both
   sides, holds 0. Of a variance or a share of one, which is never below 0: the interval reaches
   down to it. What does not exist cannot be told either. */
bool sensitivity_is_grey(const struct estimate *difference, double factor);
bool sensitivity_share_is_grey(const struct estimate *share, double factor);

/* All that is known of a deck's sensitivity: of each quantity, and of each key. */
struct sensitivity {
  int64_t n_quantities, n_keys;
  int64_t blocks, swing_blocks; /* with all keys drawn; with all but one in the middle */
  bool has_total;
  struct estimate base[MAX_QUANTITIES]; /* every key in the middle of its law */
  struct estimate mean[MAX_QUANTITIES], variance[MAX_QUANTITIES]; /* every key drawn */
  struct estimate low[MAX_QUANTITIES][MAX_UNCERTAIN]; /* one key low, less base; high */
  struct estimate high[MAX_QUANTITIES][MAX_UNCERTAIN];
  struct estimate first[MAX_QUANTITIES][MAX_UNCERTAIN], total[MAX_QUANTITIES][MAX_UNCERTAIN];
};

#endif
