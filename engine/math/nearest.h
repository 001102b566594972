/* The correlation matrix nearest to a symmetric one that is none. */
#ifndef TENOR_MATH_NEAREST_H
#define TENOR_MATH_NEAREST_H

#include <stdbool.h>

enum { NEAREST_MOST = 32 }; /* rows */

/* into = the matrix with unit diagonal and no eigenvalue below `least` that is nearest to the
   symmetric n x n matrix `a` in the Frobenius norm (rows one after another, n <= NEAREST_MOST):
   alternating projections with Dykstra's correction (Higham, IMA J. Numer. Anal. 22, 2002).
   Returns the distance; negative if it has not settled to 1e-9 within a thousand rounds. */
double nearest_correlation(int n, double *into, const double *a, double least);

#endif
