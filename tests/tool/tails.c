/* tails NORMALS SEED

   How many of the sampler's normals lie beyond 4, 5 and 6: one line `LIMIT BELOW ABOVE` for
   each after a line with the number of normals looked at (NORMALS rounded up to whole groups of
   paths). They are the common factors and those of the most customers a deck may have, over a
   year. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arrays.h"
#include "model/kernel.h"

enum { LIMITS = 3, FIRST_LIMIT = 4, MONTHS = 12 };
static const struct draw_shape SHAPE = {1, 1, MAX_CUSTOMERS, MONTHS};
static const int64_t GROUP = (int64_t)MONTHS * (N_FACTORS + 1 + 3 * MAX_CUSTOMERS) * LANES;

static void count_row(const double z[LANES], int64_t below[LIMITS], int64_t above[LIMITS]) {
  int far = 0;
  for (int i = 0; i < LANES; ++i) {
    far += fabs(z[i]) > FIRST_LIMIT;
  }
  for (int k = 0; k < LIMITS && far > 0; ++k) {
    for (int i = 0; i < LANES; ++i) {
      below[k] += z[i] < -(FIRST_LIMIT + k);
      above[k] += z[i] > FIRST_LIMIT + k;
    }
  }
}

static void count_month(const struct month_draws *draws, int64_t below[LIMITS],
                        int64_t above[LIMITS]) {
  for (int f = 0; f < N_FACTORS; ++f) {
    count_row(draws->factors[f], below, above);
  }
  count_row(draws->base_growth, below, above);
  for (int n = 0; n < 3 * MAX_CUSTOMERS; ++n) {
    count_row(draws->own_factors[n / 3][n % 3], below, above);
  }
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: tails NORMALS SEED\n");
    return EXIT_FAILURE;
  }
  const int64_t groups = (strtoll(argv[1], NULL, 10) + GROUP - 1) / GROUP;
  const uint64_t seed = strtoull(argv[2], NULL, 10);
  const struct kernel *kernel = kernel_pick();
  int64_t below[LIMITS] = {0}, above[LIMITS] = {0}, failed = kernel == NULL;
#pragma omp parallel reduction(+ : below, above, failed)
  {
    struct month_draws *draws = array_make(1, sizeof *draws);
    failed += draws == NULL;
#pragma omp for
    for (int64_t group = 0; group < groups; ++group) {
      for (int64_t month = 0; month < MONTHS && failed == 0; ++month) {
        kernel->sample_month(seed, 0, group * LANES, &SHAPE, month, draws);
        count_month(draws, below, above);
      }
    }
    array_free(draws);
  }
  if (failed > 0) {
    fprintf(stderr, "tails: no kernel or no memory\n");
    return EXIT_FAILURE;
  }
  printf("%lld\n", (long long)(groups * GROUP));
  for (int k = 0; k < LIMITS; ++k) {
    printf("%d %lld %lld\n", FIRST_LIMIT + k, (long long)below[k], (long long)above[k]);
  }
  return EXIT_SUCCESS;
}
