/* The small dense matrices of a deck: one-month transition probabilities and the correlation of
   the monthly factors. */
#ifndef TENOR_MODEL_MATRIX_H
#define TENOR_MODEL_MATRIX_H

#include <stdbool.h>

#include "base/limits.h"

/* into = exp(rate * step), the transition probabilities over `step` of a chain with those
   rates (rows adding to 0). Scaling and squaring; correct to about 1e-15, because the rates are
   shifted to be non-negative and nothing cancels. */
void transition_probabilities(double into[N_REGIMES][N_REGIMES],
                              const double rate[N_REGIMES][N_REGIMES], double step);

/* into = a b. `into` may not be a or b. */
void matrix_multiply(double into[N_REGIMES][N_REGIMES], const double a[N_REGIMES][N_REGIMES],
                     const double b[N_REGIMES][N_REGIMES]);

/* into = a x. `into` may not be x. */
void matrix_apply(double into[N_REGIMES], const double a[N_REGIMES][N_REGIMES],
                  const double x[N_REGIMES]);

/* into = lower triangular L with L L' = a, for a symmetric a; zeros above. Both n x n, one row
   every `stride` numbers. false, with `into` half done, if `a` is not positive definite (a
   pivot is not above 1e-12). `into` may not be a. */
bool cholesky(int n, int stride, double *into, const double *a);

#endif
