/* The beta distribution, for recovery rates: portable, the same bits everywhere, no libm
   transcendental. Scalar and slow (about a microsecond): called only where a customer defaults.
 */
#ifndef TENOR_MATH_BETA_H
#define TENOR_MATH_BETA_H

/* Inverse of the regularised incomplete beta function: the x with I_x(a, b) = u. a, b in [0.05,
   1e4], u in [0, 1]. Absolute error below 1e-13. Source: the continued fraction of I
   (DLMF 8.17.22), Stirling's series of the log of the gamma function (DLMF 5.11.1), Newton's
   method on ln I as a function of ln x, kept inside a bracket. */
double beta_inverse(double a, double b, double u);

#endif
