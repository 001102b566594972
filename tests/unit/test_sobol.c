/* Sobol's points against SciPy's, and what scrambling must keep (even filling) and bring
   (uniform points, honest errors). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "random/sobol.h"

static const uint64_t SEED = UINT64_C(20260601);
enum { MANY = 4096 }; /* points of the largest replicate here */

/* Point n of replicate `replicate` in dimension d at u[n]. */
static void draw(uint32_t replicate, int n_points, int dimension, double *u) {
  for (int first = 0; first < n_points; first += LANES) {
    sobol_lanes(SEED, replicate, first, dimension, u + first);
  }
}

/* The 32 bits of an unscrambled coordinate as a number below 1. */
static void draw_unscrambled(int n_points, int dimension, double *u) {
  for (int first = 0; first < n_points; first += LANES) {
    uint32_t bits[LANES];
    sobol_bits(first, dimension, bits);
    for (int i = 0; i < LANES; ++i) {
      u[first + i] = 0;
      for (int bit = 0; bit < 32; ++bit) {
        u[first + i] += (bits[i] >> bit & 1u) * ldexp(1, -1 - bit);
      }
    }
  }
}

static void points_are_those_of_scipy(void **state) {
  (void)state;
  const char *folder = getenv("TEST_DATA");
  char path[4096], line[256];
  snprintf(path, sizeof path, "%s/sobol.txt", folder != NULL ? folder : "TEST_DATA is not set");
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  int n = 0;
  while (fgets(line, sizeof line, file) != NULL) {
    int point, dimension;
    unsigned wanted;
    if (line[0] == '#') {
      continue;
    }
    assert_int_equal(sscanf(line, "%d %d %8x", &point, &dimension, &wanted), 3);
    uint32_t bits[LANES];
    sobol_bits(point - point % LANES, dimension, bits);
    for (int bit = 0; bit < 32; ++bit) {
      assert_int_equal(bits[point % LANES] >> bit & 1u, wanted >> (31 - bit) & 1u);
    }
    ++n;
  }
  fclose(file);
  assert_int_equal(n, 221);
}

/* The last of 2^32 points has all bits of its number set. */
static void points_far_out_are_sums_of_points(void **state) {
  (void)state;
  uint32_t near[LANES], far[LANES], step[LANES], both[LANES];
  for (int dimension = 0; dimension < SOBOL_DIMENSIONS; dimension += 37) {
    sobol_bits(INT64_C(1) << 31, dimension, far);
    sobol_bits(INT64_C(1) << 20, dimension, step);
    sobol_bits(0, dimension, near);
    sobol_bits((INT64_C(1) << 31) + (INT64_C(1) << 20), dimension, both);
    for (int i = 0; i < LANES; ++i) {
      assert_true(both[i] == (far[i] ^ step[i] ^ near[i]));
    }
  }
}

static void each_dimension_puts_one_point_in_each_interval(void **state) {
  (void)state;
  static double u[MANY];
  for (int dimension = 0; dimension < SOBOL_DIMENSIONS; ++dimension) {
    for (int n = LANES; n <= MANY; n *= 8) {
      char taken[MANY] = {0};
      draw((uint32_t)dimension, n, dimension, u);
      for (int i = 0; i < n; ++i) {
        const int at = (int)(u[i] * n);
        assert_int_equal(taken[at], 0);
        taken[at] = 1;
      }
    }
  }
}

/* Largest k such that every box of 2^-a by 2^-(k-a), a = 0 .. k, holds n 2^-k points. */
static int evenness(const double *x, const double *y, int n) {
  int k = 0;
  for (; 1 << (k + 1) <= n; ++k) {
    for (int a = 0; a <= k + 1; ++a) {
      int count[MANY] = {0};
      for (int i = 0; i < n; ++i) {
        ++count[((int)(x[i] * (1 << a)) << (k + 1 - a)) + (int)(y[i] * (1 << (k + 1 - a)))];
      }
      for (int box = 0; box < 1 << (k + 1); ++box) {
        if (count[box] != n >> (k + 1)) {
          return k;
        }
      }
    }
  }
  return k;
}

/* Scrambling permutes the boxes of each size; a pair fills them as before. Dimensions 0 and 1
   are the perfect pair: one point a box, of every shape. */
static void pairs_of_dimensions_stay_as_even_as_sobol_made_them(void **state) {
  (void)state;
  enum { N = 1024, DIMENSIONS = 12 };
  static double plain[DIMENSIONS][N], scrambled[DIMENSIONS][N];
  for (int d = 0; d < DIMENSIONS; ++d) {
    draw_unscrambled(N, d, plain[d]);
    draw(3, N, d, scrambled[d]);
  }
  assert_int_equal(evenness(scrambled[0], scrambled[1], N), 10);
  for (int d = 1; d < DIMENSIONS; ++d) {
    for (int e = 0; e < d; ++e) {
      assert_int_equal(evenness(scrambled[d], scrambled[e], N),
                       evenness(plain[d], plain[e], N));
    }
  }
}

static void check(const char *what, double sum, double n, double mean, double variance) {
  const double error = sum / n - mean, se = sqrt(variance / n);
  if (!(fabs(error) <= 5 * se)) {
    fail_msg("%s: %.2f standard errors off", what, error / se);
  }
}

/* One point in many replicates: uniform, and no word of the next replicate or dimension. */
static void a_point_is_uniform_over_the_replicates(void **state) {
  (void)state;
  enum { REPLICATES = 20000, CELLS = 16 };
  static const int points[] = {0, 1, 37, 1000};
  for (int dimension = 0; dimension < 200; dimension += 13) {
    for (size_t p = 0; p < sizeof points / sizeof points[0]; ++p) {
      double count[CELLS] = {0}, sum = 0, square = 0, next = 0, beside = 0, before = 0;
      for (uint32_t r = 0; r < REPLICATES; ++r) {
        double u[LANES], v[LANES];
        const int first = points[p] - points[p] % LANES;
        sobol_lanes(SEED, r, first, dimension, u);
        sobol_lanes(SEED, r, first, dimension + 1, v);
        const double x = u[points[p] % LANES] - 0.5, y = v[points[p] % LANES] - 0.5;
        sum += x;
        square += x * x;
        next += x * before;
        beside += x * y;
        before = x;
        ++count[(int)((x + 0.5) * CELLS)];
      }
      check("mean", sum, REPLICATES, 0, 1.0 / 12);
      check("variance", square, REPLICATES, 1.0 / 12, 1.0 / 180);
      check("product with the next replicate", next, REPLICATES, 0, 1.0 / 144);
      check("product with the next dimension", beside, REPLICATES, 0, 1.0 / 144);
      for (int cell = 0; cell < CELLS; ++cell) {
        check("sixteenth", count[cell], REPLICATES, 1.0 / CELLS,
              (CELLS - 1.0) / (CELLS * CELLS));
      }
    }
  }
}

/* What is left of two coordinates below the first bit in which they differ is independent:
   points 2^k - 1 and 2^k part early in some dimensions and late in others. */
static void points_that_part_are_independent_below(void **state) {
  (void)state;
  enum { REPLICATES = 20000 };
  for (int dimension = 0; dimension < 40; dimension += 3) {
    for (int k = 0; k < 6; ++k) {
      double sum = 0, same = 0;
      for (uint32_t r = 0; r < REPLICATES; ++r) {
        double u[LANES];
        sobol_lanes(SEED, r, 0, dimension, u);
        double x = u[(1 << k) - 1], y = u[1 << k];
        while (floor(2 * x) == floor(2 * y)) {
          x = fmod(2 * x, 1);
          y = fmod(2 * y, 1);
        }
        x = fmod(2 * x, 1) - 0.5;
        y = fmod(2 * y, 1) - 0.5;
        sum += x * y;
        same += fabs(fabs(x) - fabs(y)) < 1.0 / 64; /* no reflection or copy either */
      }
      check("product", sum, REPLICATES, 0, 1.0 / 144);
      const double p = 2.0 / 32 - 1.0 / 1024; /* two uniforms on 0 .. 1/2 within 1/64 */
      check("nearness", same, REPLICATES, p, p * (1 - p));
    }
  }
}

/* Bits below the 32 are random too: a uniform is never a multiple of 2^-32. */
static void uniforms_have_all_52_bits(void **state) {
  (void)state;
  double u[LANES], sum = 0;
  for (uint32_t r = 0; r < 1000; ++r) {
    sobol_lanes(SEED, r, 0, 5, u);
    for (int i = 0; i < LANES; ++i) {
      assert_true(u[i] > 0 && u[i] < 1);
      assert_true(fmod(u[i] * 0x1p53, 2) == 1); /* (k + 1/2) 2^-52 */
      sum += fmod(u[i] * 0x1p32, 1);
    }
  }
  check("bits below", sum, 1000 * LANES, 0.5, 1.0 / 12);
}

/* Mean and variance over replicates of the estimate of an integral that is 1. */
static void integrate(int n, uint32_t replicates, const int dimensions[4], double *mean,
                      double *variance) {
  static double u[4][MANY];
  double sum = 0, square = 0;
  for (uint32_t r = 0; r < replicates; ++r) {
    double estimate = 0;
    for (int d = 0; d < 4; ++d) {
      draw(r, n, dimensions[d], u[d]);
    }
    for (int i = 0; i < n; ++i) {
      double f = 1;
      for (int d = 0; d < 4; ++d) {
        f *= 1 + (u[d][i] * u[d][i] - 1.0 / 3);
      }
      estimate += f / n;
    }
    sum += estimate - 1;
    square += (estimate - 1) * (estimate - 1);
  }
  *mean = sum / replicates;
  *variance = square / replicates - *mean * *mean;
}

/* Plain points: a sixteenth of the variance. A scrambled net: 16^-3 in the end, up to
   logarithms; in four dimensions these are still some way from it. */
static void sixteen_times_the_points_have_a_hundredth_of_the_variance(void **state) {
  (void)state;
  static const int dimensions[][4] = {{0, 1, 2, 3}, {4, 9, 17, 25}};
  for (size_t k = 0; k < sizeof dimensions / sizeof dimensions[0]; ++k) {
    double mean[2], variance[2];
    integrate(MANY / 16, 300, dimensions[k], &mean[0], &variance[0]);
    integrate(MANY, 300, dimensions[k], &mean[1], &variance[1]);
    check("integral", mean[0] * 300, 300, 0, variance[0]);
    check("integral", mean[1] * 300, 300, 0, variance[1]);
    assert_true(variance[1] < variance[0] / 100);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(points_are_those_of_scipy),
      cmocka_unit_test(points_far_out_are_sums_of_points),
      cmocka_unit_test(each_dimension_puts_one_point_in_each_interval),
      cmocka_unit_test(pairs_of_dimensions_stay_as_even_as_sobol_made_them),
      cmocka_unit_test(a_point_is_uniform_over_the_replicates),
      cmocka_unit_test(points_that_part_are_independent_below),
      cmocka_unit_test(uniforms_have_all_52_bits),
      cmocka_unit_test(sixteen_times_the_points_have_a_hundredth_of_the_variance),
  };
  return cmocka_run_group_tests_name("sobol", tests, NULL, NULL);
}
