/* Philox against its published answers, and the sampler: a draw is a function of seed, path,
   month and purpose, the same bits from every instruction set, and random. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "math/lane.h"
#include "model/isa.h"
#include "model/kernel.h"
#include "random/draws.h"
#include "random/philox.h"
#include "random/purposes.h"

typedef double row_of_lanes[LANES];

/* All draws of a group: once per path, and of one month. Rows that are not drawn keep what they
   were filled with. */
struct group_draws {
  struct path_draws of_path;
  struct month_draws of_month;
};
enum { GROUP_ROWS = sizeof(struct group_draws) / sizeof(row_of_lanes) };

static const double NOT_DRAWN = -1e300;
static const uint64_t SEED = UINT64_C(0x9e3779b97f4a7c15);
static const struct draw_shape LARGEST = {MAX_GENERATIONS, MAX_SITES, MAX_CUSTOMERS,
                                          MAX_MONTHS};

/* ---- the kernels that were built and that this processor runs */
static const struct kernel *kernels[3];
static int n_kernels = 0;

static int find_kernels(void) {
  kernels[n_kernels++] = &kernel_this_isa;
#ifdef HAVE_AVX2
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    kernels[n_kernels++] = &kernel_avx2;
  }
#endif
#ifdef HAVE_AVX512
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) {
    kernels[n_kernels++] = &kernel_avx512;
  }
#endif
  return n_kernels;
}

static void draw_group(const struct kernel *kernel, uint64_t seed, int64_t first_path,
                       const struct draw_shape *shape, int64_t month,
                       struct group_draws *draws) {
  for (int row = 0; row < GROUP_ROWS; ++row) {
    for (int i = 0; i < LANES; ++i) {
      ((double *)draws)[row * LANES + i] = NOT_DRAWN;
    }
  }
  kernel->sample_paths(seed, 0, first_path, shape, &draws->of_path);
  kernel->sample_month(seed, 0, first_path, shape, month, &draws->of_month);
}

static struct group_draws *new_group(void) {
  struct group_draws *draws = malloc(sizeof *draws);
  assert_non_null(draws);
  return draws;
}

static double value_at(const struct group_draws *draws, int row, int lane) {
  return ((const double *)draws)[row * LANES + lane];
}

/* ---- Philox */

static void philox_gives_its_published_answers(void **state) {
  (void)state;
  const char *folder = getenv("TEST_DATA");
  char path[4096], line[256];
  snprintf(path, sizeof path, "%s/philox.txt",
           folder != NULL ? folder : "TEST_DATA is not set");
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  int n = 0;
  while (fgets(line, sizeof line, file) != NULL) {
    uint32_t counter[4], key[2], output[4];
    if (line[0] == '#') {
      continue;
    }
    assert_int_equal(sscanf(line, "%8x %8x %8x %8x %8x %8x %8x %8x %8x %8x", &counter[0],
                            &counter[1], &counter[2], &counter[3], &key[0], &key[1], &output[0],
                            &output[1], &output[2], &output[3]),
                     10);
    philox(counter, (uint64_t)key[1] << 32 | key[0]);
    assert_memory_equal(counter, output, sizeof output);
    ++n;
  }
  fclose(file);
  assert_int_equal(n, 3);
}

static void an_address_has_room_for_all_its_parts(void **state) {
  (void)state;
  const struct address address = {.path = INT64_C(0x123456789a),
                                  .replicate = 0xabcdef,
                                  .month = 0xfedc,
                                  .block = 0x5678,
                                  .purpose = 0x9abcdef0};
  uint32_t counter[4];
  philox_counter(&address, counter);
  assert_int_equal(counter[0], 0x3456789a);
  assert_int_equal(counter[1], 0xabcdef12);
  assert_int_equal(counter[2], 0x5678fedc);
  assert_int_equal(counter[3], 0x9abcdef0);
}

static void lanes_of_philox_are_neighbouring_paths(void **state) {
  (void)state;
  static const int64_t first_paths[] = {0,
                                        1,
                                        512 * 77,
                                        INT64_C(0xffffffff) - 20, /* the low word runs over */
                                        INT64_C(0x100000000),
                                        (INT64_C(1) << 40) - LANES};
  for (size_t n = 0; n < sizeof first_paths / sizeof first_paths[0]; ++n) {
    const struct address first = {.seed = SEED ^ n << 60,
                                  .path = first_paths[n],
                                  .replicate = n % 2 == 0 ? 0 : 0xfedcba,
                                  .month = NO_MONTH,
                                  .block = 0xffff,
                                  .purpose = 0xf0000001};
    uint64_t word0[LANES], word1[LANES];
    philox_lanes(&first, word0, word1);
    for (int i = 0; i < LANES; ++i) {
      struct address mine = first;
      uint64_t words[2];
      mine.path += i;
      philox_words(&mine, words);
      assert_true(word0[i] == words[0] && word1[i] == words[1]);
    }
  }
}

static int compare_words(const void *a, const void *b) {
  const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* Two addresses that meet in one counter would repeat both words. */
static void a_million_words_are_all_different(void **state) {
  (void)state;
  enum { PATHS = 1000, MONTHS = 10, PURPOSES = 5, BLOCKS = 5, REPLICATES = 2 };
  enum { WORDS = 2 * PATHS * MONTHS * PURPOSES * BLOCKS * REPLICATES };
  uint64_t *words = malloc(WORDS * sizeof *words);
  assert_non_null(words);
  for (int n = 0; n < WORDS / 2; ++n) {
    const struct address address = {
        .seed = SEED,
        .path = n % PATHS,
        .month = (uint32_t)(n / PATHS % MONTHS),
        .purpose = (uint32_t)(1 + n / (PATHS * MONTHS) % PURPOSES),
        .block = (uint32_t)(n / (PATHS * MONTHS * PURPOSES) % BLOCKS),
        .replicate = (uint32_t)(n / (PATHS * MONTHS * PURPOSES * BLOCKS))};
    philox_words(&address, words + 2 * n);
  }
  qsort(words, WORDS, sizeof *words, compare_words);
  int repeats = 0;
  for (int n = 1; n < WORDS; ++n) {
    repeats += words[n] == words[n - 1];
  }
  free(words);
  assert_int_equal(repeats, 0);
}

static void uniforms_lie_strictly_between_zero_and_one(void **state) {
  (void)state;
  assert_true(philox_uniform(0) == 0x1p-53);
  assert_true(philox_uniform(0xfff) == 0x1p-53);
  assert_true(philox_uniform(0x1000) == 0x1.8p-52);
  assert_true(philox_uniform(UINT64_MAX) == 1.0 - 0x1p-53);
  assert_true(philox_uniform(UINT64_C(1) << 63) == 0.5 + 0x1p-53);
  for (int n = 0; n < 64; ++n) {
    const uint64_t bits = UINT64_C(1) << n;
    /* The complement of the bits is the complement of the uniform, exactly. */
    assert_true(philox_uniform(~bits) == 1.0 - philox_uniform(bits));
  }
}

/* The k-th point of the grid of uniforms, as its normal. */
static double normal_of_point(int64_t k) {
  return lane_normal(philox_uniform((uint64_t)k << 12));
}

/* The words beyond a limit are those below a number, and it is the normal law's: the tail is
   not a matter of luck, up to one point of the grid and the error of the quantile. */
static void as_many_words_give_a_normal_far_out_as_should(void **state) {
  (void)state;
  for (int limit = 4; limit <= 8; ++limit) {
    int64_t inside = INT64_C(1) << 51,
            beyond = -1; /* the first point inside, the last beyond */
    while (inside - beyond > 1) {
      const int64_t middle = beyond + (inside - beyond) / 2;
      *(normal_of_point(middle) < -limit ? &beyond : &inside) = middle;
    }
    for (int64_t k = inside < 100 ? -inside : -100; k < 100; ++k) { /* in order */
      assert_true((normal_of_point(inside + k) < -limit) == (k < 0));
    }
    const double wanted = 0x1p52 * 0.5 * erfc(limit / sqrt(2.0));
    assert_true(fabs((double)inside - wanted) <= 1.0 + 1.2e-13 * (limit * limit + 1) * wanted);
  }
}

/* ---- the sampler */

/* What word `word` (0 or 1) of an address of this seed yields. */
static double drawn_alone(int64_t path, uint32_t month, uint32_t purpose, uint32_t block,
                          int word, bool normal) {
  const struct address address = {
      .seed = SEED, .path = path, .month = month, .block = block, .purpose = purpose};
  uint64_t words[2];
  philox_words(&address, words);
  const double u = philox_uniform(words[word]);
  return normal ? lane_normal(u) : u;
}

/* Checks one row: lane i is path first_path + i. */
static void check_row(const double row[LANES], int64_t first_path, uint32_t month,
                      uint32_t purpose, int draw, bool normal) {
  for (int i = 0; i < LANES; ++i) {
    const double wanted =
        drawn_alone(first_path + i, month, purpose, (uint32_t)draw / 2, draw % 2, normal);
    assert_true(lane_bits(row[i]) == lane_bits(wanted));
  }
}

static void check_addresses(const struct kernel *kernel, int64_t first, uint32_t month) {
  struct group_draws *draws = new_group();
  draw_group(kernel, SEED, first, &LARGEST, month, draws);
  const struct path_draws *p = &draws->of_path;
  const struct month_draws *m = &draws->of_month;
  for (int g = 0; g < MAX_GENERATIONS; ++g) {
    check_row(p->slip[1 + g], first, 0xffff, 1, 1 + g, true);
    check_row(p->yield[g], first, 0xffff, 2, g, true);
  }
  check_row(p->slip[0], first, 0xffff, 1, 0, true);
  check_row(p->delay[0], first, 0xffff, 3, 0, true);
  for (int j = 0; j < MAX_SITES; ++j) {
    check_row(p->delay[1 + j], first, 0xffff, 3, 1 + j, true);
    check_row(p->cancel[j], first, 0xffff, 4, j, false);
  }
  check_row(m->regime, first, month, 6, 0, false);
  check_row(m->disruption, first, month, 6, 1, false);
  for (int f = 0; f < N_FACTORS; ++f) {
    check_row(m->factors[f], first, month, 7, f, true);
  }
  check_row(m->base_growth, first, month, 7, 5, true);
  for (int c = 0; c < MAX_CUSTOMERS; ++c) {
    check_row(p->default_[c], first, 0xffff, 5, 2 * c, false);
    check_row(p->recovery[c], first, 0xffff, 5, 2 * c + 1, false);
    for (int f = 0; f < 3; ++f) {
      check_row(m->own_factors[c][f], first, month, 8, 4 * c + f, true);
    }
    check_row(m->raise[c], first, month, 9, 4 * c, false);
    check_row(m->renegotiation[c], first, month, 9, 4 * c + 1, false);
    check_row(m->extension[c], first, month, 9, 4 * c + 2, false);
  }
  free(draws);
}

/* The numbers of the registry (random/purposes.h), written out: none may ever move. */
static void each_draw_stands_at_its_registered_address(void **state) {
  (void)state;
  for (int n = 0; n < n_kernels; ++n) {
    check_addresses(kernels[n], 0, 0);
    check_addresses(kernels[n], 512 * 19530, 119);
    check_addresses(kernels[n], INT64_C(0xffffffff) - 31, 359);
  }
}

static void all_instruction_sets_draw_the_same_bits(void **state) {
  (void)state;
  if (n_kernels < 2) {
    print_message("only the baseline is built and runs here: nothing to compare\n");
    skip();
  }
  static const struct draw_shape shapes[] = {
      {1, 1, 1, 120}, {3, 2, 2, 12}, {4, 5, 3, 120}, {16, 32, 16, 360}};
  struct group_draws *first = new_group(), *other = new_group();
  for (int64_t n = 0; n < 40; ++n) {
    const int64_t path = n % 2 == 0 ? n * LANES : (n << 33) - 5;
    draw_group(kernels[0], SEED + (uint64_t)n, path, &shapes[n % 4], n % 12, first);
    for (int k = 1; k < n_kernels; ++k) {
      draw_group(kernels[k], SEED + (uint64_t)n, path, &shapes[n % 4], n % 12, other);
      assert_memory_equal(first, other, sizeof *first);
    }
  }
  free(first);
  free(other);
}

static void draws_of_a_path_do_not_depend_on_its_group(void **state) {
  (void)state;
  static const int64_t firsts[] = {0, 512, INT64_C(0x100000000) - 40};
  struct group_draws *straight = new_group(), *shifted = new_group();
  for (size_t n = 0; n < sizeof firsts / sizeof firsts[0]; ++n) {
    draw_group(kernels[n_kernels - 1], SEED, firsts[n], &LARGEST, 7, straight);
    for (int shift = 1; shift < LANES; shift += 9) {
      draw_group(kernels[n_kernels - 1], SEED, firsts[n] + shift, &LARGEST, 7, shifted);
      for (int row = 0; row < GROUP_ROWS; ++row) {
        for (int i = shift; i < LANES; ++i) {
          assert_true(lane_bits(value_at(straight, row, i)) ==
                      lane_bits(value_at(shifted, row, i - shift)));
        }
      }
    }
  }
  free(straight);
  free(shifted);
}

/* Draws for a small and a larger deck: what the small one draws stays, and `added` rows are
   new. */
static void check_growth(struct draw_shape small, struct draw_shape large, int added) {
  struct group_draws *before = new_group(), *after = new_group();
  draw_group(kernels[n_kernels - 1], SEED, 1024, &small, 3, before);
  draw_group(kernels[n_kernels - 1], SEED, 1024, &large, 3, after);
  int new_rows = 0;
  for (int row = 0; row < GROUP_ROWS; ++row) {
    for (int i = 0; i < LANES; ++i) {
      if (value_at(before, row, i) != NOT_DRAWN) {
        assert_true(value_at(before, row, i) == value_at(after, row, i));
      }
    }
    new_rows += value_at(before, row, 0) == NOT_DRAWN && value_at(after, row, 0) != NOT_DRAWN;
  }
  assert_int_equal(new_rows, added);
  free(before);
  free(after);
}

static void a_new_generation_moves_no_other_draw(void **state) {
  (void)state;
  for (int64_t n = 1; n < MAX_GENERATIONS; ++n) { /* slip and yield */
    check_growth((struct draw_shape){n, 2, 2, 12}, (struct draw_shape){n + 1, 2, 2, 12}, 2);
  }
}

static void a_new_site_moves_no_other_draw(void **state) {
  (void)state;
  for (int64_t n = 1; n < MAX_SITES; ++n) { /* delay and cancel */
    check_growth((struct draw_shape){2, n, 2, 12}, (struct draw_shape){2, n + 1, 2, 12}, 2);
  }
}

static void a_new_customer_moves_no_other_draw(void **state) {
  (void)state;
  /* default, recovery, raise, renegotiation, extension, and three factors of its own; the
     second customer brings those of the first too. */
  check_growth((struct draw_shape){2, 2, 1, 12}, (struct draw_shape){2, 2, 2, 12}, 11);
  for (int64_t n = 2; n < MAX_CUSTOMERS; ++n) {
    check_growth((struct draw_shape){2, 2, n, 12}, (struct draw_shape){2, 2, n + 1, 12}, 8);
  }
}

static void a_longer_horizon_moves_no_draw(void **state) {
  (void)state;
  check_growth((struct draw_shape){2, 2, 2, 12}, (struct draw_shape){2, 2, 2, 360}, 0);
}

/* ---- are they random? A sample of a million paths, its power sums and products. */

enum { SAMPLE_PATHS = 1000000 };

enum source { OF_PATH, OF_MONTH, OF_NEXT_MONTH, OF_NEXT_PATH, OF_NEXT_SEED, N_SOURCES };

struct variable {
  const char *name;
  enum source source;
  bool normal;   /* else uniform */
  size_t offset; /* of its row in struct path_draws or month_draws */
};

#define PATH_ROW(member, normal) \
  { #member, OF_PATH, normal, offsetof(struct path_draws, member) }
#define MONTH_ROW(member, source, normal) \
  { #member " " #source, source, normal, offsetof(struct month_draws, member) }

static const struct variable variables[] = {
    PATH_ROW(slip[0], true),
    PATH_ROW(slip[1], true),
    PATH_ROW(slip[2], true),
    PATH_ROW(yield[0], true),
    PATH_ROW(delay[0], true),
    PATH_ROW(cancel[0], false),
    PATH_ROW(default_[0], false),
    PATH_ROW(recovery[0], false),
    MONTH_ROW(regime, OF_MONTH, false),
    MONTH_ROW(disruption, OF_MONTH, false),
    MONTH_ROW(factors[0], OF_MONTH, true),
    MONTH_ROW(factors[1], OF_MONTH, true),
    MONTH_ROW(factors[2], OF_MONTH, true),
    MONTH_ROW(factors[3], OF_MONTH, true),
    MONTH_ROW(factors[4], OF_MONTH, true),
    MONTH_ROW(base_growth, OF_MONTH, true),
    MONTH_ROW(own_factors[0][0], OF_MONTH, true),
    MONTH_ROW(own_factors[0][2], OF_MONTH, true),
    MONTH_ROW(own_factors[1][0], OF_MONTH, true),
    MONTH_ROW(raise[0], OF_MONTH, false),
    MONTH_ROW(extension[0], OF_MONTH, false),
    MONTH_ROW(factors[0], OF_NEXT_MONTH, true),
    MONTH_ROW(regime, OF_NEXT_MONTH, false),
    MONTH_ROW(factors[0], OF_NEXT_PATH, true),
    MONTH_ROW(regime, OF_NEXT_PATH, false),
    MONTH_ROW(factors[0], OF_NEXT_SEED, true),
};
enum { N_VARIABLES = sizeof variables / sizeof variables[0], POWERS = 4 };

static struct {
  double power[N_VARIABLES][POWERS]; /* of the variable, scaled to mean 0 and variance 1 */
  double product[N_VARIABLES][N_VARIABLES];
  int out_of_range; /* uniforms outside (0,1), normals that are not finite */
} sums;

/* The row of a variable, scaled. */
static void scale(const struct variable *variable, const char *draws, double out[LANES]) {
  const double *row = (const double *)(const void *)(draws + variable->offset);
  for (int i = 0; i < LANES; ++i) {
    const bool inside = variable->normal ? fabs(row[i]) < 8.3 : row[i] > 0.0 && row[i] < 1.0;
    sums.out_of_range += !inside;
    out[i] = variable->normal ? row[i] : (row[i] - 0.5) * sqrt(12.0);
  }
}

static void add_group(double x[N_VARIABLES][LANES]) {
  for (int v = 0; v < N_VARIABLES; ++v) {
    for (int i = 0; i < LANES; ++i) {
      const double square = x[v][i] * x[v][i];
      sums.power[v][0] += x[v][i];
      sums.power[v][1] += square;
      sums.power[v][2] += square * x[v][i];
      sums.power[v][3] += square * square;
    }
    for (int other = 0; other < v; ++other) {
      double sum = 0.0;
      for (int i = 0; i < LANES; ++i) {
        sum += x[v][i] * x[other][i];
      }
      sums.product[v][other] += sum;
    }
  }
}

static void take_sample(void) {
  const struct draw_shape shape = {2, 1, 2, 12};
  const struct kernel *kernel = kernels[n_kernels - 1];
  struct path_draws *of_path = malloc(sizeof *of_path);
  struct month_draws *of_month = malloc(N_SOURCES * sizeof *of_month);
  assert_non_null(of_path);
  assert_non_null(of_month);
  for (int64_t path = 0; path < SAMPLE_PATHS; path += LANES) {
    double x[N_VARIABLES][LANES];
    kernel->sample_paths(SEED, 0, path, &shape, of_path);
    kernel->sample_month(SEED, 0, path, &shape, 0, &of_month[OF_MONTH]);
    kernel->sample_month(SEED, 0, path, &shape, 1, &of_month[OF_NEXT_MONTH]);
    kernel->sample_month(SEED, 0, path + 1, &shape, 0, &of_month[OF_NEXT_PATH]);
    kernel->sample_month(SEED + 1, 0, path, &shape, 0, &of_month[OF_NEXT_SEED]);
    for (int v = 0; v < N_VARIABLES; ++v) {
      const enum source source = variables[v].source;
      scale(&variables[v],
            source == OF_PATH ? (const char *)of_path : (const char *)&of_month[source], x[v]);
    }
    add_group(x);
  }
  free(of_path);
  free(of_month);
}

static int prepare(void **state) {
  (void)state;
  if (find_kernels() == 0) {
    return -1;
  }
  take_sample();
  return 0;
}

/* That the mean of `sum` over the sample is `wanted`, give or take 5 standard errors;
   `variance` is that of one term. */
static void check_mean(const char *what, const char *name, double sum, double wanted,
                       double variance) {
  const double error = sum / SAMPLE_PATHS - wanted, se = sqrt(variance / SAMPLE_PATHS);
  if (!(fabs(error) <= 5.0 * se)) {
    fail_msg("%s of %s: %.2f standard errors off", what, name, error / se);
  }
}

static void a_million_draws_lie_in_their_range(void **state) {
  (void)state;
  assert_int_equal(SAMPLE_PATHS % LANES, 0);
  assert_int_equal(sums.out_of_range, 0);
}

static void a_million_draws_have_the_moments_of_their_law(void **state) {
  (void)state;
  for (int v = 0; v < N_VARIABLES; ++v) {
    const char *name = variables[v].name;
    const bool normal = variables[v].normal;
    /* Moments of the standard normal: 1, 0, 3, 0, 15, 0, 105; of the uniform on -sqrt(3) ..
       sqrt(3): 1, 0, 9/5, 0, 27/7, 0, 9. */
    check_mean("mean", name, sums.power[v][0], 0.0, 1.0);
    check_mean("variance", name, sums.power[v][1], 1.0, normal ? 2.0 : 0.8);
    check_mean("third moment", name, sums.power[v][2], 0.0, normal ? 15.0 : 27.0 / 7.0);
    check_mean("fourth moment", name, sums.power[v][3], normal ? 3.0 : 1.8,
               normal ? 96.0 : 5.76);
  }
}

/* Purposes, months, neighbouring paths, neighbouring seeds. */
static void draws_at_different_addresses_are_uncorrelated(void **state) {
  (void)state;
  for (int v = 0; v < N_VARIABLES; ++v) {
    for (int other = 0; other < v; ++other) {
      char names[128];
      snprintf(names, sizeof names, "%s and %s", variables[v].name, variables[other].name);
      check_mean("correlation", names, sums.product[v][other], 0.0, 1.0);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(philox_gives_its_published_answers),
      cmocka_unit_test(an_address_has_room_for_all_its_parts),
      cmocka_unit_test(lanes_of_philox_are_neighbouring_paths),
      cmocka_unit_test(a_million_words_are_all_different),
      cmocka_unit_test(uniforms_lie_strictly_between_zero_and_one),
      cmocka_unit_test(as_many_words_give_a_normal_far_out_as_should),
      cmocka_unit_test(each_draw_stands_at_its_registered_address),
      cmocka_unit_test(all_instruction_sets_draw_the_same_bits),
      cmocka_unit_test(draws_of_a_path_do_not_depend_on_its_group),
      cmocka_unit_test(a_new_generation_moves_no_other_draw),
      cmocka_unit_test(a_new_site_moves_no_other_draw),
      cmocka_unit_test(a_new_customer_moves_no_other_draw),
      cmocka_unit_test(a_longer_horizon_moves_no_draw),
      cmocka_unit_test(a_million_draws_lie_in_their_range),
      cmocka_unit_test(a_million_draws_have_the_moments_of_their_law),
      cmocka_unit_test(draws_at_different_addresses_are_uncorrelated),
  };
  return cmocka_run_group_tests(tests, prepare, NULL);
}
