/* Sums that do not depend on the order of their terms, histograms against sorting, tallies
   against two-pass moments. How often intervals cover is test_coverage.c, blocks as clusters
   are test_clusters.c. */
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

#include "chance.h"
#include "stats/accumulator.h"
#include "stats/code.h"
#include "stats/digest.h"
#include "stats/histogram.h"
#include "stats/tally.h"

__extension__ typedef __int128 wide;

static void shuffle(struct stream *stream, double *values, int64_t n) {
  for (int64_t i = n - 1; i > 0; --i) {
    const int64_t j = next_below(stream, i + 1);
    const double kept = values[i];
    values[i] = values[j];
    values[j] = kept;
  }
}

/* A double of random sign and mantissa, its size between 2^low and 2^(high+1). */
static double next_of_size(struct stream *stream, int low, int high) {
  const uint64_t bits = next_bits(stream);
  const double mantissa = lane_from_bits(UINT64_C(0x3ff0000000000000) | bits >> 12);
  const double size = ldexp(mantissa, low + (int)next_below(stream, high - low + 1));
  return bits & 1 ? -size : size;
}

static void *new_array(size_t n, size_t size) {
  void *array = calloc(n, size);
  assert_non_null(array);
  return array;
}

/* ---- accumulator */

enum { UNIT = -64 }; /* the sums below are whole multiples of 2^UNIT in 128 bits */

/* The canonical limbs of total * 2^UNIT, worked out from the whole number. */
static void limbs_of(wide total, int64_t limbs[ACCUMULATOR_LIMBS]) {
  const int first = (UNIT + 128) / 32;
  memset(limbs, 0, ACCUMULATOR_LIMBS * sizeof limbs[0]);
  for (int j = first; j < ACCUMULATOR_LIMBS; ++j) {
    limbs[j] = j < ACCUMULATOR_LIMBS - 1 ? (int64_t)(total & 0xffffffff) : (int64_t)total;
    total = (total - (total & 0xffffffff)) / ((wide)1 << 32);
  }
}

static wide size_of(wide x) {
  return x < 0 ? -x : x;
}

/* Checks the value of the limbs of `total`: within one unit of its last place. */
static void check_value(const int64_t limbs[ACCUMULATOR_LIMBS], wide total) {
  const double value = accumulator_value(limbs);
  const wide got = (wide)ldexp(value, -UNIT); /* whole: no bit lies below 2^UNIT */
  int places = 0;                             /* bits beyond the 53 of a double */
  while (size_of(total) >> (53 + places) != 0) {
    ++places;
  }
  assert_true(size_of(got - total) <= (places == 0 ? 0 : (wide)1 << places));
}

static void sums_are_exact(void **state) {
  (void)state;
  struct stream chance = stream(1);
  for (int trial = 0; trial < 2000; ++trial) {
    int64_t limbs[ACCUMULATOR_LIMBS] = {0}, wanted[ACCUMULATOR_LIMBS];
    wide total = 0;
    const int64_t terms = 1 + next_below(&chance, 60);
    for (int64_t i = 0; i < terms; ++i) {
      /* 2^-12 .. 2^54 times a mantissa of 52 bits: whole multiples of 2^-64. */
      const double x = next_of_size(&chance, -12, 54);
      accumulator_add(limbs, x);
      total += (wide)ldexp(x, -UNIT);
    }
    accumulator_carry(limbs);
    limbs_of(total, wanted);
    assert_memory_equal(limbs, wanted, sizeof wanted);
    check_value(limbs, total);
  }
}

static void what_cancels_leaves_nothing(void **state) {
  (void)state;
  struct stream chance = stream(2);
  enum { N = 1000 };
  double x[2 * N];
  int64_t limbs[ACCUMULATOR_LIMBS] = {0};
  const int64_t nothing[ACCUMULATOR_LIMBS] = {0};
  for (int i = 0; i < N; ++i) {
    x[2 * i] = next_of_size(&chance, -300, 239);
    x[2 * i + 1] = -x[2 * i];
  }
  shuffle(&chance, x, (int64_t)2 * N);
  for (int i = 0; i < 2 * N; ++i) {
    accumulator_add(limbs, x[i]);
  }
  accumulator_carry(limbs);
  assert_memory_equal(limbs, nothing, sizeof nothing);
  assert_true(accumulator_value(limbs) == 0.0);
}

/* Adds the values to accumulators at random, merges them pair by pair at random, carrying now
   and then. */
static void sum_in_parts(struct stream *chance, const double *x, int64_t n,
                         int64_t total[ACCUMULATOR_LIMBS]) {
  enum { PARTS = 9 };
  int64_t parts[PARTS][ACCUMULATOR_LIMBS] = {{0}};
  for (int64_t i = 0; i < n; ++i) {
    accumulator_add(parts[next_below(chance, PARTS)], x[i]);
  }
  for (int left = PARTS; left > 1; --left) {
    const int64_t from = next_below(chance, left), into = (from + 1) % left;
    if (next_below(chance, 2) == 0) {
      accumulator_carry(parts[from]);
    }
    for (int j = 0; j < ACCUMULATOR_LIMBS; ++j) {
      parts[into][j] += parts[from][j];
    }
    memmove(parts[from], parts[left - 1], sizeof parts[0]);
  }
  accumulator_carry(parts[0]);
  memcpy(total, parts[0], sizeof parts[0]);
}

static void merging_in_any_order_gives_the_same_integers(void **state) {
  (void)state;
  enum { N = 5000 };
  struct stream chance = stream(3);
  double *x = new_array(N, sizeof *x);
  int64_t straight[ACCUMULATOR_LIMBS] = {0};
  for (int i = 0; i < N; ++i) {
    x[i] = next_of_size(&chance, -200, 239);
    accumulator_add(straight, x[i]);
  }
  accumulator_carry(straight);
  for (int trial = 0; trial < 30; ++trial) {
    int64_t other[ACCUMULATOR_LIMBS];
    shuffle(&chance, x, N);
    sum_in_parts(&chance, x, N, other);
    assert_memory_equal(other, straight, sizeof straight);
  }
  free(x);
}

static double value_of_one(double x) {
  int64_t limbs[ACCUMULATOR_LIMBS] = {0};
  accumulator_add(limbs, x);
  accumulator_carry(limbs);
  return accumulator_value(limbs);
}

static void one_value_comes_back_cut_at_the_lowest_bit(void **state) {
  (void)state;
  static const struct {
    double x, value;
  } cases[] = {{0.0, 0.0},
               {-0.0, 0.0},
               {0x1p-128, 0x1p-128},
               {0x1.8p-128, 0x1p-128},
               {-0x1.8p-128, -0x1p-128},
               {0x1.fffffffffffffp-129, 0.0},
               {-0x1.fffffffffffffp-129, 0.0},
               {0x1p-1022, 0.0},
               {0x1p-1074, 0.0},
               {0x1.fffffffffffffp-77, 0x1.ffffffffffffep-77},
               {0x1.fffffffffffffp-76, 0x1.fffffffffffffp-76},
               {0x1.fffffffffffffp239, 0x1.fffffffffffffp239},
               {-0x1.fffffffffffffp239, -0x1.fffffffffffffp239}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    assert_true(value_of_one(cases[i].x) == cases[i].value);
  }
  struct stream chance = stream(4);
  for (int i = 0; i < 100000; ++i) {
    const double x = next_of_size(&chance, -76, 239);
    assert_true(value_of_one(x) == x);
  }
}

/* 2^29 additions without a carry, by doubling: as many as the header promises room for. */
static void half_a_billion_additions_fit_before_a_carry(void **state) {
  (void)state;
  for (int exponent = -76; exponent < 240; ++exponent) {
    for (int sign = -1; sign <= 1; sign += 2) {
      const double x = sign * ldexp(0x1.fffffffffffffp0, exponent);
      int64_t limbs[ACCUMULATOR_LIMBS] = {0};
      accumulator_add(limbs, x);
      for (int doubling = 0; doubling < 29; ++doubling) {
        for (int j = 0; j < ACCUMULATOR_LIMBS; ++j) {
          limbs[j] *= 2; /* the sanitizers see an overflow */
        }
      }
      accumulator_carry(limbs);
      assert_true(accumulator_value(limbs) == ldexp(x, 29));
    }
  }
}

/* ---- histogram */

/* The width of the bin of x that the header states. */
static double bin_width(double x) {
  const double size = fabs(x);
  if (size < 0x1p-3) {
    return 0x1p-10;
  }
  int exponent;
  (void)frexp(size, &exponent); /* size in [2^(exponent-1), 2^exponent) */
  return ldexp(1.0, exponent - 1) / 128.0;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void add_values(int64_t *words, enum window window, const double *values, int64_t n) {
  uint32_t codes[BLOCK_PATHS];
  for (int64_t i = 0; i < n; ++i) {
    codes[i] = code_of(values[i], window);
  }
  histogram_add(words, codes, n);
}

static void add_all(int64_t *words, enum window window, const double *values, int64_t n) {
  for (int64_t i = 0; i < n; i += BLOCK_PATHS) {
    add_values(words, window, values + i, n - i < BLOCK_PATHS ? n - i : BLOCK_PATHS);
  }
}

static int64_t *new_histogram(enum window window) {
  return new_array((size_t)histogram_words(window), sizeof(int64_t));
}

/* Checks every order statistic (or `steps` of them) against sorting; the largest error in bin
   widths. Values are sorted. */
static double check_against_sorting(double *values, int64_t n, enum window window) {
  int64_t *words = new_histogram(window);
  double largest = 0.0;
  add_all(words, window, values, n);
  assert_int_equal(histogram_count(words, window), n);
  qsort(values, (size_t)n, sizeof *values, ascending);
  const int64_t step = n > 4000 ? n / 4000 : 1;
  for (int64_t rank = 1; rank <= n; rank += step) {
    const double wanted = values[rank - 1];
    double value = NAN;
    assert_true(histogram_order_statistic(words, window, rank, &value));
    if (isinf(wanted)) {
      assert_true(value == wanted);
      continue;
    }
    const double floored = window == WINDOW_POSITIVE && wanted < 0.0 ? 0.0 : wanted;
    const double error = fabs(value - floored) / bin_width(floored);
    assert_true(error <= 1.0);
    largest = error > largest ? error : largest;
  }
  free(words);
  return largest;
}

enum { SORTED = 20000 };

static void order_statistics_of_a_lognormal_are_those_of_sorting(void **state) {
  (void)state;
  struct stream chance = stream(5);
  static const double medians[] = {0.02, 1.0, 90.0};
  double *values = new_array(SORTED, sizeof *values);
  for (size_t m = 0; m < sizeof medians / sizeof medians[0]; ++m) {
    for (int i = 0; i < SORTED; ++i) {
      values[i] = medians[m] * lane_exp(next_normal(&chance));
    }
    check_against_sorting(values, SORTED, WINDOW_POSITIVE);
    check_against_sorting(values, SORTED, WINDOW_SIGNED);
  }
  free(values);
}

static void negative_values_are_sorted_before_positive_ones(void **state) {
  (void)state;
  struct stream chance = stream(6);
  double *values = new_array(SORTED, sizeof *values);
  for (int i = 0; i < SORTED; ++i) {
    values[i] = 0.05 * lane_exp(2.0 * next_normal(&chance));
    values[i] *= next_below(&chance, 3) == 0 ? -1.0 : 1.0;
    values[i] = next_below(&chance, 50) == 0 ? -0.0 : values[i];
  }
  check_against_sorting(values, SORTED, WINDOW_SIGNED);
  free(values);
}

static void a_positive_histogram_takes_negative_values_as_zero(void **state) {
  (void)state;
  double values[] = {-1e-12, -3.0, -0.0, 0.0, 5.0};
  int64_t *words = new_histogram(WINDOW_POSITIVE);
  double value = NAN;
  add_values(words, WINDOW_POSITIVE, values, 5);
  for (int64_t rank = 1; rank <= 4; ++rank) {
    assert_true(histogram_order_statistic(words, WINDOW_POSITIVE, rank, &value) &&
                value == 0.0);
  }
  assert_true(histogram_order_statistic(words, WINDOW_POSITIVE, 5, &value) && value == 5.0);
  free(words);
}

static void never_sorts_behind_every_date(void **state) {
  (void)state;
  struct stream chance = stream(7);
  double values[3000];
  for (int i = 0; i < 3000; ++i) {
    values[i] = i % 3 == 0 ? INFINITY : floor(120.0 * next_uniform(&chance));
  }
  check_against_sorting(values, 3000, WINDOW_POSITIVE);
  for (int i = 0; i < 3000; ++i) {
    values[i] = i % 7 == 0 ? INFINITY : next_normal(&chance);
  }
  check_against_sorting(values, 3000, WINDOW_SIGNED);
}

/* A place inside a bin has 2^19 parts; a value keeps its place. */
static double one_place(double x) {
  return bin_width(x) * 0x1p-19;
}

/* Whole months, counts, shares of a hundred: atoms, some of them neighbours in one bin. */
static void atoms_are_found_where_they_are(void **state) {
  (void)state;
  struct stream chance = stream(8);
  double values[4096];
  for (int i = 0; i < 4096; ++i) {
    values[i] = (double)next_below(&chance, 60); /* below 2^7 whole numbers have a bin each */
  }
  assert_true(check_against_sorting(values, 4096, WINDOW_POSITIVE) == 0.0);
  for (int i = 0; i < 4096; ++i) {
    values[i] = 0.01 * (double)next_below(&chance, 100);
  }
  assert_true(check_against_sorting(values, 4096, WINDOW_POSITIVE) < 0x1p-19);
}

static void equal_values_give_their_value(void **state) {
  (void)state;
  static const double atoms[] = {0.0,     0x1p-30, 1e-4,  0.1,     0.12499999, 0.125,
                                 1.0 / 3, 1.0,     100.0, 116.667, 8e3,        16383.999};
  enum { N = 3 * BLOCK_PATHS };
  double values[N];
  for (size_t a = 0; a < sizeof atoms / sizeof atoms[0]; ++a) {
    for (int sign = -1; sign <= 1; sign += 2) {
      const double x = sign * atoms[a];
      int64_t *words = new_histogram(WINDOW_SIGNED);
      for (int i = 0; i < N; ++i) {
        values[i] = x;
      }
      add_all(words, WINDOW_SIGNED, values, N);
      for (int64_t rank = 1; rank <= N; rank += 7) {
        double value = NAN;
        assert_true(histogram_order_statistic(words, WINDOW_SIGNED, rank, &value));
        assert_true(fabs(value - x) <= one_place(x));
      }
      free(words);
    }
  }
}

/* One bin filled evenly from edge to edge: the k-th of its values is at the k-th place, on
   either side of zero. */
static void values_of_one_bin_are_told_apart(void **state) {
  (void)state;
  static const double edges[] = {0.0, 0x1p-4, 0.125, 1.0, 1.5, 8192.0};
  enum { N = BLOCK_PATHS };
  double values[N];
  for (size_t e = 0; e < sizeof edges / sizeof edges[0]; ++e) {
    for (int sign = -1; sign <= 1; sign += 2) {
      int64_t *words = new_histogram(WINDOW_SIGNED);
      const double width = bin_width(edges[e]);
      for (int i = 0; i < N; ++i) {
        values[i] = sign * (edges[e] + width * (i + 0.5) / N);
      }
      add_values(words, WINDOW_SIGNED, values, N);
      qsort(values, N, sizeof values[0], ascending);
      for (int64_t rank = 1; rank <= N; ++rank) {
        double value = NAN;
        assert_true(histogram_order_statistic(words, WINDOW_SIGNED, rank, &value));
        assert_true(fabs(value - values[rank - 1]) <= width / 512.0);
      }
      free(words);
    }
  }
}

static void check_its_bin(double x) {
  static int64_t *words = NULL; /* kept clean between calls */
  if (words == NULL) {
    words = new_histogram(WINDOW_SIGNED);
  }
  double value = NAN;
  add_values(words, WINDOW_SIGNED, &x, 1);
  assert_true(histogram_order_statistic(words, WINDOW_SIGNED, 1, &value));
  /* Cut towards zero, never by a whole place: so the bin and its edges are those of x. */
  assert_true(fabs(value) <= fabs(x) && fabs(x) - fabs(value) < one_place(x));
  assert_true(value == 0.0 || signbit(value) == signbit(x));
  memset(words, 0, (size_t)histogram_words(WINDOW_SIGNED) * sizeof *words);
}

/* A path with next to nothing among many with nothing at all: nothing stays nothing. */
static void an_atom_at_zero_stays_there_beside_small_values(void **state) {
  (void)state;
  enum { N = 309, ZEROS = 300 };
  for (int others = 1; others <= N - ZEROS; ++others) {
    double values[N] = {0.0};
    int64_t *words = new_histogram(WINDOW_POSITIVE);
    for (int i = 0; i < others; ++i) {
      values[ZEROS + i] = 0x1p-10 * ((double)i + 0.5) / others;
    }
    add_values(words, WINDOW_POSITIVE, values, ZEROS + others);
    for (int64_t rank = 1; rank <= ZEROS + others; ++rank) {
      double value = NAN;
      assert_true(histogram_order_statistic(words, WINDOW_POSITIVE, rank, &value));
      assert_true(rank < ZEROS ? value == 0.0 : value >= 0.0 && value <= 0x1p-10);
    }
    free(words);
  }
}

static void every_value_lies_in_its_bin(void **state) {
  (void)state;
  struct stream chance = stream(9);
  for (int i = 0; i < 2000; ++i) {
    check_its_bin(next_of_size(&chance, -14, 13));
  }
  for (int edge = 1; edge < 128; edge += 3) { /* edges, and what lies just beside them */
    for (int exponent = -10; exponent <= 13; exponent += 2) {
      const double x = exponent < -3 ? ldexp(edge, -10) : ldexp(1.0 + edge / 128.0, exponent);
      check_its_bin(x);
      check_its_bin(-x);
      check_its_bin(nextafter(x, 0.0));
      check_its_bin(nextafter(x, INFINITY));
    }
  }
}

static void values_beyond_the_last_bin_are_counted_not_located(void **state) {
  (void)state;
  double values[] = {-1e300, -16384.0, -1.0, 16383.0, 16384.0, 0x1p55};
  int64_t *words = new_histogram(WINDOW_SIGNED);
  double value = NAN;
  add_values(words, WINDOW_SIGNED, values, 6);
  assert_int_equal(histogram_count(words, WINDOW_SIGNED), 6);
  static const bool located[] = {false, false, true, true, false, false};
  for (int64_t rank = 1; rank <= 6; ++rank) {
    assert_true(histogram_order_statistic(words, WINDOW_SIGNED, rank, &value) ==
                located[rank - 1]);
  }
  free(words);
}

static void histograms_merge_by_addition(void **state) {
  (void)state;
  enum { N = 4096 };
  struct stream chance = stream(10);
  double values[N];
  int64_t *whole = new_histogram(WINDOW_SIGNED), *parts = new_histogram(WINDOW_SIGNED);
  for (int i = 0; i < N; ++i) {
    values[i] = 3.0 * next_normal(&chance);
  }
  add_all(whole, WINDOW_SIGNED, values, N);
  shuffle(&chance, values, N);
  for (int i = 0; i < N; i += 8) {
    add_values(parts, WINDOW_SIGNED, values + i, 8);
  }
  assert_memory_equal(whole, parts, (size_t)histogram_words(WINDOW_SIGNED) * sizeof *whole);
  free(whole);
  free(parts);
}

/* ---- tally */

/* A layout of one column for each of the metrics that the tests use. */
enum { POSITIVE, SIGNED, PLAIN, N_COLUMNS };

static struct layout three_columns(void) {
  struct layout layout = {.n_quarters = 1, .n_customers = 1, .n_columns = N_COLUMNS};
  const enum metric_id chosen[N_COLUMNS] = {METRIC_payback, METRIC_npv, METRIC_defaulted};
  for (int64_t column = 0; column < N_COLUMNS; ++column) {
    layout.first[chosen[column]] = column;
    layout.items[chosen[column]] = 1;
    layout.dates[chosen[column]] = 1;
  }
  return layout;
}

static struct tally new_tally(double centre) {
  const struct layout layout = three_columns();
  const double centres[N_COLUMNS] = {centre, centre, centre};
  struct tally tally;
  assert_int_equal(tally_make(&tally, &layout, HISTOGRAMS_OF_TABLE, false, centres), STATUS_OK);
  return tally;
}

static void tally_add_all(struct tally *tally, int64_t column, const double *values,
                          int64_t n) {
  for (int64_t i = 0; i < n; i += BLOCK_PATHS) {
    tally_add(tally, column, values + i, n - i < BLOCK_PATHS ? n - i : BLOCK_PATHS, 0);
  }
}

/* Mean, sd, and the standard errors of both, in two passes of extended precision over the
   distances from the first value. */
static struct moments two_pass(const double *values, int64_t n) {
  const long double first = (long double)values[0], count = (long double)n;
  long double sum = 0.0L, second = 0.0L, fourth = 0.0L;
  for (int64_t i = 0; i < n; ++i) {
    sum += (long double)values[i] - first;
  }
  const long double mean = sum / count;
  for (int64_t i = 0; i < n; ++i) {
    const long double distance = (long double)values[i] - first - mean;
    second += distance * distance / count;
    fourth += distance * distance * distance * distance / count;
  }
  const long double sd = sqrtl(second * count / (count - 1.0L));
  return (struct moments){
      .mean = (double)(first + mean),
      .sd = (double)sd,
      .se = (double)(sd / sqrtl(count)),
      .sd_se = (double)(sqrtl((fourth - second * second) / count) / (2.0L * sd))};
}

static void check_moments(const double *values, int64_t n, double centre) {
  struct tally tally = new_tally(centre);
  tally_add_all(&tally, SIGNED, values, n);
  tally_canonical(&tally);
  const struct moments got = tally_moments(&tally, SIGNED), wanted = two_pass(values, n);
  assert_int_equal(got.n, n);
  assert_int_equal(got.n_finite, n);
  assert_int_equal(got.n_infinite + got.n_bad, 0);
  assert_true(fabs(got.mean - wanted.mean) <= 1e-15 * (wanted.sd + fabs(wanted.mean)));
  assert_true(fabs(got.sd / wanted.sd - 1.0) <= 1e-14);
  assert_true(fabs(got.se / wanted.se - 1.0) <= 1e-14);
  assert_true(fabs(got.sd_se / wanted.sd_se - 1.0) <= 1e-13);
  tally_free(&tally);
}

static void moments_are_those_of_two_passes(void **state) {
  (void)state;
  static const int64_t counts[] = {5, 17, 511, 512, 513, 10000};
  struct stream chance = stream(11);
  double values[10000];
  for (size_t n = 0; n < sizeof counts / sizeof counts[0]; ++n) {
    for (int i = 0; i < 10000; ++i) {
      values[i] = 40.0 * lane_exp(0.8 * next_normal(&chance)) - 30.0;
    }
    check_moments(values, counts[n], values[0]);
  }
}

/* The spread is a hundred-millionth of the values: naive power sums would keep no digit. */
static void a_large_mean_costs_the_spread_no_digit(void **state) {
  (void)state;
  struct stream chance = stream(12);
  double values[6000];
  for (int i = 0; i < 6000; ++i) {
    values[i] = 1e6 + 1e-2 * next_normal(&chance);
  }
  check_moments(values, 6000, values[0]);
}

static void a_constant_has_no_spread_at_all(void **state) {
  (void)state;
  static const double constants[] = {0.0, 0.1, 1.0 / 3.0, 116.0 + 2.0 / 3.0, 1e-200, 12345.678};
  double values[777];
  for (size_t k = 0; k < sizeof constants / sizeof constants[0]; ++k) {
    struct tally tally = new_tally(constants[k]);
    for (int i = 0; i < 777; ++i) {
      values[i] = constants[k];
    }
    for (int64_t column = 0; column < N_COLUMNS; ++column) {
      tally_add_all(&tally, column, values, 777);
    }
    tally_canonical(&tally);
    for (int64_t column = 0; column < N_COLUMNS; ++column) {
      const struct moments moments = tally_moments(&tally, column);
      assert_true(moments.mean == constants[k]);
      assert_true(moments.sd == 0.0 && moments.se == 0.0 && moments.sd_se == 0.0);
    }
    tally_free(&tally);
  }
}

static void one_value_or_none_has_no_spread(void **state) {
  (void)state;
  struct tally tally = new_tally(1.0);
  const double value = 42.0;
  assert_int_equal(tally_moments(&tally, SIGNED).n, 0);
  assert_false(tally_quantile(&tally, SIGNED, 0.5).exists);
  tally_add(&tally, SIGNED, &value, 1, 0);
  tally_canonical(&tally);
  const struct moments moments = tally_moments(&tally, SIGNED);
  assert_int_equal(moments.n_finite, 1);
  assert_true(moments.mean == 42.0 && moments.sd == 0.0 && moments.se == 0.0);
  const struct interval median = tally_quantile(&tally, SIGNED, 0.5);
  assert_true(median.exists && median.value == 42.0 && isnan(median.lo) && isnan(median.hi));
  tally_free(&tally);
}

/* Deals blocks to several tallies in a random order and merges them in a random order. */
static void tally_in_parts(struct stream *chance, const double *values, int blocks,
                           struct tally *total) {
  enum { PARTS = 5, MOST = 64 };
  struct tally parts[PARTS];
  int order[MOST];
  for (int p = 0; p < PARTS; ++p) {
    parts[p] = new_tally(values[0]);
  }
  for (int b = 0; b < blocks; ++b) {
    const int place = (int)next_below(chance, b + 1);
    order[b] = order[place];
    order[place] = b;
  }
  for (int b = 0; b < blocks; ++b) {
    struct tally *mine = &parts[next_below(chance, PARTS)];
    for (int64_t column = 0; column < N_COLUMNS; ++column) {
      tally_add(mine, column, values + (int64_t)order[b] * BLOCK_PATHS, BLOCK_PATHS, 0);
    }
  }
  for (int left = PARTS; left > 0; --left) {
    const int64_t next = next_below(chance, left);
    if (next_below(chance, 2) == 0) {
      tally_canonical(&parts[next]);
    }
    tally_merge(total, &parts[next]);
    tally_free(&parts[next]);
    parts[next] = parts[left - 1];
  }
  tally_canonical(total);
}

static void tallies_merged_in_any_order_are_equal_word_for_word(void **state) {
  (void)state;
  enum { BLOCKS = 37 };
  struct stream chance = stream(13);
  double *values = new_array((size_t)BLOCKS * BLOCK_PATHS, sizeof *values);
  for (int i = 0; i < BLOCKS * BLOCK_PATHS; ++i) {
    values[i] = 1e3 * next_normal(&chance);
    values[i] = next_below(&chance, 40) == 0 ? INFINITY : values[i];
  }
  struct tally straight = new_tally(values[0]);
  for (int64_t column = 0; column < N_COLUMNS; ++column) {
    tally_add_all(&straight, column, values, (int64_t)BLOCKS * BLOCK_PATHS);
  }
  tally_canonical(&straight);
  for (int trial = 0; trial < 8; ++trial) {
    struct tally other = new_tally(values[0]);
    tally_in_parts(&chance, values, BLOCKS, &other);
    assert_int_equal(other.n_words, straight.n_words);
    assert_memory_equal(other.words, straight.words,
                        (size_t)straight.n_words * sizeof *straight.words);
    tally_free(&other);
  }
  tally_free(&straight);
  free(values);
}

/* NaN, infinities and numbers no accumulator holds are counted, and harm no one else. */
static void bad_values_are_counted_apart(void **state) {
  (void)state;
  static const double strange[] = {NAN, -NAN, -INFINITY, INFINITY, INFINITY, 0x1p56, -1e300};
  enum { STRANGE = sizeof strange / sizeof strange[0], GOOD = 1500, BLOCKS = GOOD / 20 };
  enum {
    INFINITE = 44
  }; /* in 75 blocks the first comes 22 times from two of the seven, and so
        does the second */
  struct stream chance = stream(14);
  double good[GOOD];
  struct tally clean = new_tally(2.0), mixed = new_tally(2.0);
  for (int i = 0; i < GOOD; ++i) {
    good[i] = 2.0 + next_normal(&chance);
  }
  for (int64_t column = 0; column < N_COLUMNS; ++column) {
    for (int i = 0; i < GOOD; i += 20) { /* in small blocks, each with two strange values */
      double block[22];
      memcpy(block, good + i, 20 * sizeof block[0]);
      block[20] = strange[i / 20 % STRANGE];
      block[21] = strange[(i / 20 + 2) % STRANGE];
      tally_add(&clean, column, block, 20, 0);
      tally_add(&mixed, column, block, 22, 0);
    }
  }
  tally_canonical(&clean);
  tally_canonical(&mixed);
  for (int64_t column = 0; column < N_COLUMNS; ++column) {
    const struct moments a = tally_moments(&clean, column), b = tally_moments(&mixed, column);
    assert_int_equal(b.n, GOOD + BLOCKS + BLOCKS);
    assert_int_equal(b.n_infinite, INFINITE);
    assert_int_equal(b.n_bad, BLOCKS + BLOCKS - INFINITE);
    assert_int_equal(b.n_finite, GOOD);
    assert_true(a.mean == b.mean && a.sd == b.sd && a.se == b.se && a.sd_se == b.sd_se);
  }
  /* In the histograms only "never" is added, behind all others. */
  const int64_t n = GOOD + INFINITE;
  for (int64_t rank = 1; rank <= GOOD; rank += 50) {
    const double p = (double)rank / (double)n, q = (double)rank / GOOD;
    assert_true(tally_quantile(&mixed, SIGNED, p).value ==
                tally_quantile(&clean, SIGNED, q).value);
  }
  assert_false(tally_quantile(&mixed, SIGNED, 1.0).exists);
  tally_free(&clean);
  tally_free(&mixed);
}

static void a_centre_that_is_not_finite_becomes_zero(void **state) {
  (void)state;
  struct tally tally = new_tally(INFINITY);
  const double values[] = {1.0, 3.0};
  tally_add(&tally, SIGNED, values, 2, 0);
  tally_canonical(&tally);
  const struct moments moments = tally_moments(&tally, SIGNED);
  assert_true(moments.mean == 2.0 && moments.sd == sqrt(2.0));
  tally_free(&tally);
}

static void a_quantile_is_the_order_statistic_at_its_rank(void **state) {
  (void)state;
  struct tally tally = new_tally(0.0);
  double values[100];
  for (int i = 0; i < 100; ++i) {
    values[i] =
        (double)((i * 37) % 100 + 1); /* 1 .. 100, each once, each in a bin of its own */
  }
  tally_add(&tally, POSITIVE, values, 100, 0);
  static const struct {
    double p, value, lo, hi;
  } cases[] = {/* ceil(pN); floor and ceil of Np -/+ 1.96 sqrt(Np(1-p)), 0: not in 1 .. N */
               {0.0, 1, 0, 0},    {0.001, 1, 0, 1},    {0.05, 5, 0, 10},
               {0.5, 50, 40, 60}, {0.501, 51, 40, 60}, {0.95, 95, 90, 100},
               {0.99, 99, 97, 0}, {1.0, 100, 100, 100}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    const struct interval got = tally_quantile(&tally, POSITIVE, cases[i].p);
    assert_true(got.exists && got.value == cases[i].value);
    assert_true(cases[i].lo > 0 ? got.lo == cases[i].lo : isnan(got.lo));
    assert_true(cases[i].hi > 0 ? got.hi == cases[i].hi : isnan(got.hi));
  }
  assert_false(tally_quantile(&tally, PLAIN, 0.5).exists);
  tally_free(&tally);
}

static void a_quantile_that_is_never_does_not_exist(void **state) {
  (void)state;
  struct tally tally = new_tally(0.0);
  double values[100];
  for (int i = 0; i < 100; ++i) {
    values[i] = i < 60 ? (double)i : INFINITY;
  }
  tally_add(&tally, POSITIVE, values, 100, 0);
  const struct interval median = tally_quantile(&tally, POSITIVE, 0.5);
  assert_true(median.exists && median.value == 49.0 && median.hi == 59.0);
  const struct interval near = tally_quantile(&tally, POSITIVE, 0.58);
  assert_true(near.exists && near.value == 57.0 && near.hi == INFINITY);
  assert_false(tally_quantile(&tally, POSITIVE, 0.61).exists);
  tally_free(&tally);
}

/* Every word has both ends; what may be negative are the last limbs of sums alone. */
static void words_that_no_values_leave_are_told(void **state) {
  (void)state;
  enum { N = 100 };
  struct tally tally = new_tally(0.0);
  int64_t negative = 0, limbs = 0;
  for (int64_t column = 0; column < N_COLUMNS; ++column) {
    for (int i = 0; i < N; ++i) {
      const double value = (double)(i % 7);
      tally_add(&tally, column, &value, 1, i % N_PARTS);
    }
    limbs += MOMENTS + (tally.parts_offset[column] >= 0 ? N_PARTS : 0);
  }
  tally_canonical(&tally);
  assert_true(tally_holds(&tally, tally.words, N));
  assert_false(tally_holds(&tally, tally.words, N - 1));
  for (int64_t i = 0; i < tally.n_words; ++i) {
    const int64_t kept = tally.words[i];
    tally.words[i] = INT64_MAX;
    assert_false(tally_holds(&tally, tally.words, N));
    tally.words[i] = INT64_MIN;
    assert_false(tally_holds(&tally, tally.words, N));
    tally.words[i] = -1;
    negative += tally_holds(&tally, tally.words, N);
    tally.words[i] = kept;
  }
  assert_int_equal(negative, limbs);
  ++tally.words[tally.histogram_offset[POSITIVE]]; /* one more than there are values */
  assert_false(tally_holds(&tally, tally.words, N));
  tally_free(&tally);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums_are_exact),
      cmocka_unit_test(what_cancels_leaves_nothing),
      cmocka_unit_test(merging_in_any_order_gives_the_same_integers),
      cmocka_unit_test(one_value_comes_back_cut_at_the_lowest_bit),
      cmocka_unit_test(half_a_billion_additions_fit_before_a_carry),
      cmocka_unit_test(order_statistics_of_a_lognormal_are_those_of_sorting),
      cmocka_unit_test(negative_values_are_sorted_before_positive_ones),
      cmocka_unit_test(a_positive_histogram_takes_negative_values_as_zero),
      cmocka_unit_test(never_sorts_behind_every_date),
      cmocka_unit_test(atoms_are_found_where_they_are),
      cmocka_unit_test(equal_values_give_their_value),
      cmocka_unit_test(values_of_one_bin_are_told_apart),
      cmocka_unit_test(an_atom_at_zero_stays_there_beside_small_values),
      cmocka_unit_test(every_value_lies_in_its_bin),
      cmocka_unit_test(values_beyond_the_last_bin_are_counted_not_located),
      cmocka_unit_test(histograms_merge_by_addition),
      cmocka_unit_test(moments_are_those_of_two_passes),
      cmocka_unit_test(a_large_mean_costs_the_spread_no_digit),
      cmocka_unit_test(a_constant_has_no_spread_at_all),
      cmocka_unit_test(one_value_or_none_has_no_spread),
      cmocka_unit_test(tallies_merged_in_any_order_are_equal_word_for_word),
      cmocka_unit_test(bad_values_are_counted_apart),
      cmocka_unit_test(a_centre_that_is_not_finite_becomes_zero),
      cmocka_unit_test(a_quantile_is_the_order_statistic_at_its_rank),
      cmocka_unit_test(a_quantile_that_is_never_does_not_exist),
      cmocka_unit_test(words_that_no_values_leave_are_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
