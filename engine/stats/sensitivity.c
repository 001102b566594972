#include "stats/sensitivity.h"

#include <math.h>

#include "base/arrays.h"

static const double NORMAL_975 = 1.959963984540054; /* quantile of the normal law */

static double average(const double *values, int64_t n) {
  double sum = 0.0;
  for (int64_t i = 0; i < n; ++i) {
    sum += values[i];
  }
  return sum / (double)n;
}

static struct estimate nothing(void) {
  return (struct estimate){NAN, NAN};
}

bool sensitivity_is_grey(const struct estimate *difference, double factor) {
  return !(fabs(difference->value) > factor * difference->se);
}

bool sensitivity_share_is_grey(const struct estimate *share, double factor) {
  return !(share->value > factor * share->se);
}

/* ---- means */

struct estimate sensitivity_mean(const struct path_sums *sums) {
  const double mean = sums->sum / sums->n;
  const double variance = (sums->squares - sums->sum * mean) / (sums->n - 1.0);
  return (struct estimate){mean, sqrt((variance < 0.0 ? 0.0 : variance) / sums->n)};
}

struct estimate sensitivity_block_mean(const struct block_means *means) {
  const double n = (double)means->n, centre = average(means->mean, means->n);
  double squares = 0.0;
  for (int64_t b = 0; b < means->n; ++b) {
    const double away = means->mean[b] - centre;
    squares += away * away;
  }
  return (struct estimate){centre, sqrt(squares / (n - 1.0) / n)};
}

/* ---- the variance */

/* What block b says of the variance: its mean over the blocks is the estimate. */
static double variance_of(const struct block_means *means, double centre, int64_t b) {
  const double n = (double)means->n, away = means->mean[b] - centre;
  return away * away * n / (n - 1.0) - means->noise[b];
}

struct estimate sensitivity_variance(const struct block_means *means) {
  const double n = (double)means->n, centre = average(means->mean, means->n);
  double sum = 0.0, squares = 0.0;
  for (int64_t b = 0; b < means->n; ++b) {
    sum += variance_of(means, centre, b);
  }
  const double variance = sum / n;
  for (int64_t b = 0; b < means->n; ++b) {
    const double away = variance_of(means, centre, b) - variance;
    squares += away * away;
  }
  return (struct estimate){variance, sqrt(squares / (n - 1.0) / n)};
}

/* Is there a variance to take shares of? */
static bool is_divisible(const struct block_means *means, struct estimate *variance) {
  if (means->n < FEWEST_BLOCKS) {
    return false;
  }
  *variance = sensitivity_variance(means);
  return !sensitivity_share_is_grey(variance, NORMAL_975);
}

/* A share of the variance whose numerator is the mean of influence[], which then says by how
   much each block moves it; of the quotient, to first order, a block moves
   (numerator's - share * variance's) / variance. */
static struct estimate share(const struct block_means *means, double variance, double part,
                             const double *influence) {
  const double n = (double)means->n, centre = average(means->mean, means->n);
  const double value = part / variance;
  double sum = 0.0, squares = 0.0;
  for (int64_t b = 0; b < means->n; ++b) {
    sum += (influence[b] - value * variance_of(means, centre, b)) / variance;
  }
  for (int64_t b = 0; b < means->n; ++b) {
    const double mine = (influence[b] - value * variance_of(means, centre, b)) / variance;
    squares += (mine - sum / n) * (mine - sum / n);
  }
  return (struct estimate){value, sqrt(squares / (n - 1.0) / n)};
}

/* ---- first order */

struct fit { /* of block means by a polynomial in one key's value */
  int64_t n;
  int degree;       /* columns of `basis` in use */
  double *basis;    /* [HIGHEST_DEGREE + 1][n] orthonormal over the blocks, the first even */
  double *fitted;   /* [n] less the mean; then the influence of each block */
  double *leverage; /* [n] of each block on its own fitted value */
};

static double *column(const struct fit *fit, int k) {
  return fit->basis + k * fit->n;
}

static double product(const double *a, const double *b, int64_t n) {
  double sum = 0.0;
  for (int64_t i = 0; i < n; ++i) {
    sum += a[i] * b[i];
  }
  return sum;
}

/* Takes out of `v` what lies along the first k columns. Returns what is left of its length. */
static double take_out(const struct fit *fit, int k, double *v) {
  for (int j = 0; j < k; ++j) {
    const double *q = column(fit, j);
    const double along = product(q, v, fit->n);
    for (int64_t b = 0; b < fit->n; ++b) {
      v[b] -= along * q[b];
    }
  }
  return sqrt(product(v, v, fit->n));
}

/* Polynomials of rising degree, each made of the one before, times x, by Gram and Schmidt
   (twice, which is enough: Giraud, Langou and Rozloznik 2005). Where x has few values there are
   not so many. */
static void make_basis(struct fit *fit, const double *x, int most) {
  const double centre = average(x, fit->n), least = 1e-7;
  double size = 0.0;
  for (int64_t b = 0; b < fit->n; ++b) {
    size = fabs(x[b] - centre) > size ? fabs(x[b] - centre) : size;
    column(fit, 0)[b] = 1.0 / sqrt((double)fit->n);
  }
  fit->degree = 0;
  while (size > 1e-13 * fabs(centre) && fit->degree < most) {
    const double *before = column(fit, fit->degree);
    double *next = column(fit, fit->degree + 1);
    for (int64_t b = 0; b < fit->n; ++b) {
      next[b] = before[b] * ((x[b] - centre) / size);
    }
    const double whole = sqrt(product(next, next, fit->n));
    take_out(fit, fit->degree + 1, next);
    const double left = take_out(fit, fit->degree + 1, next);
    if (!(left > least * whole)) {
      return;
    }
    for (int64_t b = 0; b < fit->n; ++b) {
      next[b] /= left;
    }
    ++fit->degree;
  }
}

static void fit_means(const struct fit *fit, const double *mean) {
  for (int64_t b = 0; b < fit->n; ++b) {
    fit->fitted[b] = 0.0;
    fit->leverage[b] = 1.0 / (double)fit->n;
  }
  for (int k = 1; k <= fit->degree; ++k) {
    const double *q = column(fit, k);
    const double slope = product(q, mean, fit->n);
    for (int64_t b = 0; b < fit->n; ++b) {
      fit->fitted[b] += slope * q[b];
      fit->leverage[b] += q[b] * q[b];
    }
  }
}

/* The variance of the fitted values, less what residuals put into them: the residual of a block
   enters its own fit by its leverage, and its square is 1 - leverage of what it would be
   (HC2 of MacKinnon and White 1985), whatever the variance is where the block lies. Its error
   is of the second order, what it would be if there were nothing to fit: a chi-square's. Leaves
   in `fitted` by how much each block moves it, from which the error of the first order
   follows. */
static struct estimate explained(const struct fit *fit, const double *mean) {
  const double n = (double)fit->n, centre = average(mean, fit->n);
  double sum = 0.0, rests = 0.0;
  for (int64_t b = 0; b < fit->n; ++b) {
    const double f = fit->fitted[b], rest = mean[b] - centre - f;
    const double free = 1.0 - fit->leverage[b], own = fit->leverage[b] - 1.0 / n;
    sum += f * f - (free > 1e-9 ? own * rest * rest / free : 0.0);
    rests += rest * rest;
    fit->fitted[b] =
        (f * f + 2.0 * f * rest / (free > 1e-9 ? sqrt(free) : 1.0)) * n / (n - 1.0);
  }
  return (struct estimate){
      sum / (n - 1.0), sqrt(2.0 * fit->degree) * rests / (n - 1.0 - fit->degree) / (n - 1.0)};
}

enum status sensitivity_first_order(const struct block_means *means, const double *x,
                                    struct estimate *out) {
  struct estimate variance;
  *out = nothing();
  if (!is_divisible(means, &variance)) {
    return STATUS_OK;
  }
  const int64_t most = means->n / BLOCKS_A_DEGREE;
  const size_t n = (size_t)means->n;
  struct fit fit = {.n = means->n,
                    .basis = array_make((HIGHEST_DEGREE + 1) * n, sizeof *fit.basis),
                    .fitted = array_make(n, sizeof *fit.fitted),
                    .leverage = array_make(n, sizeof *fit.leverage)};
  const bool made = fit.basis != NULL && fit.fitted != NULL && fit.leverage != NULL;
  if (made) {
    make_basis(&fit, x, most < HIGHEST_DEGREE ? (int)most : HIGHEST_DEGREE);
    fit_means(&fit, means->mean);
    const struct estimate part = explained(&fit, means->mean);
    const double chance = part.se / variance.value;
    *out = share(means, variance.value, part.value, fit.fitted);
    out->se = sqrt(out->se * out->se + chance * chance); /* first and second order */
  }
  array_free(fit.basis);
  array_free(fit.fitted);
  array_free(fit.leverage);
  return made ? STATUS_OK
              : status_fail(STATUS_FAILED, "no memory for the means of %lld blocks",
                            (long long)means->n);
}

/* ---- total order */

struct estimate sensitivity_total(const struct block_means *means, const double *squares) {
  struct estimate variance;
  if (!is_divisible(means, &variance)) {
    return nothing();
  }
  const struct estimate twice =
      share(means, variance.value, average(squares, means->n), squares);
  /* share() took the share of the variance for that of `squares`: 2 ST. */
  return (struct estimate){twice.value / 2.0, twice.se / 2.0};
}
