#include "math/law.h"

#include <stdbool.h>

#include "math/beta.h"
#include "math/lane.h"

static double within(double x, double low, double high) {
  return x > low ? (x < high ? x : high) : low;
}

double law_normal_below(double z) {
  /* Positive doubles stand in the order of their bits, so that halving the interval of bits
     finds the last place of a probability however small. */
  uint64_t low = lane_bits(LAW_FIRST), high = lane_bits(0.5);
  const double tail = -fabs(z);
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (lane_normal(lane_from_bits(middle)) < tail) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const double u = lane_from_bits(low);
  return z < 0.0 ? u : 1.0 - u;
}

/* The normal law behind a normal or lognormal one below one of its ends. */
static double below(const struct law *law, double end) {
  if (!isfinite(end)) {
    return end > 0.0 ? 1.0 : 0.0;
  }
  if (law->kind == LAW_NORMAL) {
    return law_normal_below((end - law->centre) / law->spread);
  }
  return end > 0.0 ? law_normal_below((lane_log(end) - lane_log(law->centre)) / law->spread)
                   : 0.0;
}

double law_kept(const struct law *law) {
  const bool cut = law->kind == LAW_NORMAL || law->kind == LAW_LOGNORMAL;
  if (!cut || !(law->spread > 0.0)) {
    return 1.0;
  }
  return below(law, law->high) - below(law, law->low);
}

static double normal_quantile(const struct law *law, double u) {
  if (!(law->spread > 0.0)) {
    return law->centre;
  }
  const double first = below(law, law->low), last = below(law, law->high);
  const double z = lane_normal(within(first + u * (last - first), LAW_FIRST, LAW_LAST));
  const double x = law->kind == LAW_NORMAL ? law->centre + law->spread * z
                                           : law->centre * lane_exp(law->spread * z);
  return within(x, law->low, law->high);
}

static double triangular_quantile(const struct law *law, double u) {
  const double whole = law->high - law->low, rising = law->centre - law->low;
  const double falling = law->high - law->centre;
  return u * whole < rising ? law->low + sqrt(u * whole * rising)
                            : law->high - sqrt((1.0 - u) * whole * falling);
}

static double pert_quantile(const struct law *law, double u) {
  const double whole = law->high - law->low;
  const double a = 1.0 + 4.0 * (law->centre - law->low) / whole;
  const double b = 1.0 + 4.0 * (law->high - law->centre) / whole;
  return law->low + whole * beta_inverse(a, b, u);
}

static double discrete_quantile(const struct law *law, double u) {
  double whole = 0.0, sum = 0.0;
  for (int64_t i = 0; i < law->n_outcomes; ++i) {
    whole += law->weights[i];
  }
  int64_t i = 0;
  for (sum = law->weights[0]; i + 1 < law->n_outcomes && !(u * whole < sum);) {
    sum += law->weights[++i];
  }
  return law->outcomes[i];
}

double law_quantile(const struct law *law, double u) {
  switch (law->kind) {
    case LAW_NORMAL:
    case LAW_LOGNORMAL: return normal_quantile(law, u);
    case LAW_DISCRETE: return discrete_quantile(law, u);
    default: break;
  }
  if (!(law->high > law->low)) {
    return law->low;
  }
  const double x = law->kind == LAW_TRIANGULAR ? triangular_quantile(law, u)
                   : law->kind == LAW_PERT     ? pert_quantile(law, u)
                                               : law->low + u * (law->high - law->low);
  return within(x, law->low, law->high);
}

double law_normal_correlation(double rank) {
  const double x = rank * 0x1.0c152382d7366p-1; /* pi / 6 */
  double sum = 0.0;
  for (int n = 8; n > 0; --n) { /* the series of the sine; x^19 / 19! is below 1e-22 */
    sum = 1.0 - x * x * sum / ((2.0 * n) * (2.0 * n + 1.0));
  }
  return 2.0 * x * sum;
}
