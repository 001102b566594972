#include <math.h>
#include <stdalign.h>
#include <string.h>

#include "stats/code.h"
#include "stats/digest.h"

/* The partial sums of a row, and how many of them one vector of this instruction set holds. */
enum { PARTIAL = 8 };
#if defined(__AVX512F__)
enum { WIDTH = 8 };
#elif defined(__AVX2__)
enum { WIDTH = 4 };
#else
enum { WIDTH = 2 };
#endif
typedef double vector __attribute__((vector_size(WIDTH * sizeof(double))));

static inline vector load(const double *from) {
  vector x;
  memcpy(&x, from, sizeof x);
  return x;
}

static inline void store(double *to, vector x) {
  memcpy(to, &x, sizeof x);
}

typedef double four __attribute__((vector_size(4 * sizeof(double))));

/* Of each row of partial sums ((t0+t4)+(t1+t5)) + ((t2+t6)+(t3+t7)), all rows at once. */
static inline void add_in_pairs(const double partial[MOMENTS][PARTIAL], double sums[MOMENTS]) {
  four half[MOMENTS];
  for (int power = 0; power < MOMENTS; ++power) {
    four low, high;
    memcpy(&low, partial[power], sizeof low);
    memcpy(&high, partial[power] + 4, sizeof high);
    half[power] = low + high;
  }
  const four even01 = __builtin_shufflevector(half[0], half[1], 0, 4, 2, 6);
  const four odd01 = __builtin_shufflevector(half[0], half[1], 1, 5, 3, 7);
  const four even23 = __builtin_shufflevector(half[2], half[3], 0, 4, 2, 6);
  const four odd23 = __builtin_shufflevector(half[2], half[3], 1, 5, 3, 7);
  const four pairs01 = even01 + odd01, pairs23 = even23 + odd23;
  const four first = __builtin_shufflevector(pairs01, pairs23, 0, 1, 4, 5);
  const four second = __builtin_shufflevector(pairs01, pairs23, 2, 3, 6, 7);
  const four sum = first + second;
  memcpy(sums, &sum, sizeof sum);
}

/* Sums of powers of v = x - centre. */
static inline void sum_powers(const double values[ROW_PATHS], double centre,
                              double sums[MOMENTS]) {
  alignas(64) double partial[MOMENTS][PARTIAL];
  for (int j = 0; j < PARTIAL; j += WIDTH) {
    vector s1 = {0}, s2 = {0}, s3 = {0}, s4 = {0};
    for (int i = j; i < ROW_PATHS; i += PARTIAL) {
      const vector v = load(values + i) - centre, square = v * v;
      s1 += v;
      s2 += square;
      s3 += square * v;
      s4 += square * square;
    }
    store(partial[0] + j, s1);
    store(partial[1] + j, s2);
    store(partial[2] + j, s3);
    store(partial[3] + j, s4);
  }
  add_in_pairs((const double(*)[PARTIAL])partial, sums);
}

static void count_the_rest(const double *values, int64_t n, struct digest *digest) {
  for (int64_t i = 0; i < n; ++i) {
    if (!(fabs(values[i]) < SORTED_END)) {
      digest->infinite += values[i] == INFINITY ? 1 : 0;
      digest->bad += values[i] == INFINITY ? 0 : 1;
    }
  }
}

static void encode(const double values[ROW_PATHS], enum window window,
                   uint32_t codes[ROW_PATHS]) {
  if (window == WINDOW_SIGNED) {
#pragma omp simd
    for (int i = 0; i < ROW_PATHS; ++i) {
      codes[i] = code_signed_finite(values[i]);
    }
  } else {
#pragma omp simd
    for (int i = 0; i < ROW_PATHS; ++i) {
      codes[i] = code_of_size(values[i] > 0.0 ? values[i] : 0.0);
    }
  }
}

/* Some values may be missing, infinite or bad: in the sums they count as the centre. */
static void digest_odd_row(const double *values, int64_t n, double centre, enum window window,
                           struct digest *digest, uint32_t *codes) {
  double sums[MOMENTS], full[ROW_PATHS];
  for (int64_t i = 0; i < ROW_PATHS; ++i) {
    full[i] = i < n && fabs(values[i]) < SORTED_END ? values[i] : centre;
  }
  sum_powers(full, centre, sums);
  count_the_rest(values, n, digest);
  for (int power = 0; power < MOMENTS; ++power) {
    digest->sums[power] += sums[power];
  }
  for (int64_t i = 0; window != WINDOW_NONE && i < n; ++i) {
    const int sorts = fabs(values[i]) < SORTED_END || values[i] == INFINITY;
    codes[i] = sorts ? code_of(values[i], window) : NO_CODE;
  }
}

void digest_row_this_isa(const double *values, int64_t n, double centre, enum window window,
                         struct digest *digest, uint32_t *codes) {
  double sums[MOMENTS];
  sum_powers(values, centre, sums);
  /* A small sum of fourth powers: no value is NaN, infinite, or near SORTED_END. */
  if (n < ROW_PATHS || !(sums[3] < 0x1p220)) {
    digest_odd_row(values, n, centre, window, digest, codes);
    return;
  }
  for (int power = 0; power < MOMENTS; ++power) {
    digest->sums[power] += sums[power];
  }
  if (window != WINDOW_NONE) {
    encode(values, window, codes);
  }
}
