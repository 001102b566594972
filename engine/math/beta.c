#include "math/beta.h"

#include "math/lane.h"

/* ln Gamma(x), x > 0: shifted up to where Stirling's series is exact to the last bits. */
static double log_gamma(double x) {
  static const double series[] = {1.0 / 12,   -1.0 / 360,      1.0 / 1260, -1.0 / 1680,
                                  1.0 / 1188, -691.0 / 360360, 1.0 / 156};
  double product = 1.0;
  while (x < 16.0) {
    product *= x;
    x += 1.0;
  }
  const double y = 1.0 / (x * x);
  double sum = 0.0;
  for (int i = 6; i >= 0; --i) {
    sum = fma(sum, y, series[i]);
  }
  const double half_log_two_pi = 0.91893853320467274178;
  return (x - 0.5) * lane_log(x) - x + half_log_two_pi + sum / x - lane_log(product);
}

/* The continued fraction of I_x(a,b), by the modified Lentz method. Converges fast for x <
 * (a+1)/(a+b+2). */
static double fraction(double a, double b, double x) {
  const double tiny = 1e-300;
  double c = 1.0;
  double d = 1.0 - (a + b) * x / (a + 1.0);
  d = 1.0 / (fabs(d) < tiny ? tiny : d);
  double value = d;
  for (int m = 1; m <= 5000; ++m) {
    const double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
    d = 1.0 + even * d;
    d = 1.0 / (fabs(d) < tiny ? tiny : d);
    c = 1.0 + even / c;
    c = fabs(c) < tiny ? tiny : c;
    value *= c * d;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
    d = 1.0 + odd * d;
    d = 1.0 / (fabs(d) < tiny ? tiny : d);
    c = 1.0 + odd / c;
    c = fabs(c) < tiny ? tiny : c;
    value *= c * d;
    if (fabs(c * d - 1.0) < 1e-16) {
      break;
    }
  }
  return value;
}

/* I_x(a,b) and x times its density. */
static double distribution(double a, double b, double log_beta, double x, double *x_density) {
  const double power =
      lane_exp(a * lane_log(x) + b * lane_log(1.0 - x) - log_beta); /* x^a (1-x)^b / B */
  *x_density = power / (1.0 - x);
  return x < (a + 1.0) / (a + b + 2.0) ? power * fraction(a, b, x) / a
                                       : 1.0 - power * fraction(b, a, 1.0 - x) / b;
}

double beta_inverse(double a, double b, double u) {
  if (u > 0.5) {
    return 1.0 - beta_inverse(b, a, 1.0 - u);
  }
  if (!(u > 0.0)) {
    return 0.0;
  }
  const double log_beta = log_gamma(a) + log_gamma(b) - log_gamma(a + b);
  const double log_u = lane_log(u);
  /* Left of the root of the leading term x^a / (a B): from the left Newton's steps never
   * overshoot. */
  double log_x = (log_u + lane_log(a) + log_beta) / a;
  const double highest = lane_log(a / (a + b));
  log_x = b < 1.0 || log_x > highest ? highest : log_x;
  for (int step = 0; step < 200; ++step) {
    double x = lane_exp(log_x);
    x = x > 1.0 - 0x1p-53 ? 1.0 - 0x1p-53 : x;
    double x_density = 0.0;
    const double value = distribution(a, b, log_beta, x, &x_density);
    if (!(value > 0.0) || !(x_density > 0.0)) {
      break;
    }
    const double move = (log_u - lane_log(value)) * value / x_density;
    log_x += move;
    log_x = log_x > 0.0 ? 0.0 : log_x;
    if (fabs(move) < 1e-15) {
      break;
    }
  }
  return lane_exp(log_x);
}
