#include "model/matrix.h"

#include <math.h>
#include <string.h>

#include "math/lane.h"

void matrix_multiply(double into[N_REGIMES][N_REGIMES], const double a[N_REGIMES][N_REGIMES],
                     const double b[N_REGIMES][N_REGIMES]) {
  for (int i = 0; i < N_REGIMES; ++i) {
    for (int j = 0; j < N_REGIMES; ++j) {
      double sum = 0;
      for (int k = 0; k < N_REGIMES; ++k) {
        sum += a[i][k] * b[k][j];
      }
      into[i][j] = sum;
    }
  }
}

void matrix_apply(double into[N_REGIMES], const double a[N_REGIMES][N_REGIMES],
                  const double x[N_REGIMES]) {
  for (int i = 0; i < N_REGIMES; ++i) {
    into[i] = 0;
    for (int j = 0; j < N_REGIMES; ++j) {
      into[i] += a[i][j] * x[j];
    }
  }
}

/* into = exp(a) by Taylor's series, for a non-negative `a` with row sums of at most 1/4. */
static void exponential_series(double into[N_REGIMES][N_REGIMES],
                               const double a[N_REGIMES][N_REGIMES]) {
  enum { N_TERMS = 16 }; /* (1/4)^16 / 16! is below 1e-22 */
  const double identity[N_REGIMES][N_REGIMES] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  double product[N_REGIMES][N_REGIMES];
  memcpy(into, identity, sizeof identity);
  for (int n = N_TERMS; n > 0; --n) { /* Horner: 1 + a/n (1 + a/(n+1) (...)) */
    matrix_multiply(product, a, (const double(*)[N_REGIMES])into);
    for (int i = 0; i < N_REGIMES; ++i) {
      for (int j = 0; j < N_REGIMES; ++j) {
        into[i][j] = identity[i][j] + product[i][j] / n;
      }
    }
  }
}

void transition_probabilities(double into[N_REGIMES][N_REGIMES],
                              const double rate[N_REGIMES][N_REGIMES], double step) {
  /* exp(A) = exp(-shift) exp(A + shift): with the largest diagonal rate as shift no entry is
     negative, so that no sum cancels. */
  double shift = 0;
  for (int i = 0; i < N_REGIMES; ++i) {
    shift = -rate[i][i] > shift ? -rate[i][i] : shift;
  }
  double scale = step;
  int squarings = 0;
  while (shift * scale > 0.125) { /* the row sums of the shifted rates are `shift` */
    scale /= 2;
    ++squarings;
  }
  double shifted[N_REGIMES][N_REGIMES], square[N_REGIMES][N_REGIMES];
  for (int i = 0; i < N_REGIMES; ++i) {
    for (int j = 0; j < N_REGIMES; ++j) {
      shifted[i][j] = (rate[i][j] + (i == j ? shift : 0)) * scale;
    }
  }
  exponential_series(into, (const double(*)[N_REGIMES])shifted);
  const double unshift = lane_exp(-shift * scale);
  for (int i = 0; i < N_REGIMES; ++i) {
    for (int j = 0; j < N_REGIMES; ++j) {
      into[i][j] *= unshift;
    }
  }
  for (int n = 0; n < squarings; ++n) {
    matrix_multiply(square, (const double(*)[N_REGIMES])into, (const double(*)[N_REGIMES])into);
    memcpy(into, square, sizeof square);
  }
}

bool cholesky(int n, int stride, double *into, const double *a) {
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j <= i; ++j) {
      double rest = a[i * stride + j];
      for (int k = 0; k < j; ++k) {
        rest -= into[i * stride + k] * into[j * stride + k];
      }
      if (i == j && !(rest > 1e-12)) {
        return false;
      }
      into[i * stride + j] = i == j ? sqrt(rest) : rest / into[j * stride + j];
      into[j * stride + i] = i == j ? into[i * stride + i] : 0.0;
    }
  }
  return true;
}
