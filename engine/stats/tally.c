#include "stats/tally.h"

#include <math.h>

#include "base/arrays.h"
#include "stats/accumulator.h"
#include "stats/histogram.h"
#include "stats/vector.h"

enum {
  WORD_N,        /* values seen */
  WORD_INFINITE, /* +infinity */
  WORD_BAD,      /* NaN, -infinity, beyond LIMIT */
  WORD_SUMS,     /* four accumulators */
  MOMENTS = 4,
  COLUMN_WORDS = WORD_SUMS + MOMENTS * ACCUMULATOR_LIMBS,
  VIRTUAL_LANES = 16 /* partial sums of a block; fixes the order of its additions */
};
static const double NORMAL_975 = 1.959963984540054; /* quantile of the normal law */
static const double LIMIT = 0x1p56; /* of a value: 512 fourth powers of it stay below 2^240 */

static enum window choose_window(enum window of_table, enum histogram_set set) {
  const bool carried = of_table != WINDOW_NONE && set != HISTOGRAMS_NONE;
  return !carried ? WINDOW_NONE : set == HISTOGRAMS_SIGNED ? WINDOW_SIGNED : of_table;
}

enum status tally_make(struct tally *tally, const struct layout *layout, enum histogram_set set,
                       const double *centre) {
  *tally = (struct tally){.n_columns = layout->n_columns};
  const size_t n = (size_t)layout->n_columns;
  tally->histogram_offset = array_make(n, sizeof *tally->histogram_offset);
  tally->window = array_make(n, sizeof *tally->window);
  tally->centre = array_make(n, sizeof *tally->centre);
  if (tally->histogram_offset == NULL || tally->window == NULL || tally->centre == NULL) {
    return status_fail(STATUS_FAILED, "no memory for the tally of %zu columns", n);
  }
  tally->n_words = layout->n_columns * COLUMN_WORDS;
  for (int m = 0; m < N_METRICS; ++m) {
    const enum metric_id metric = (enum metric_id)m;
    for (int64_t i = 0; i < layout->items[m] * layout->dates[m]; ++i) {
      const int64_t column = layout->first[m] + i;
      const enum window window =
          choose_window(layout_window(layout, metric, i % layout->dates[m]), set);
      tally->window[column] = window;
      tally->histogram_offset[column] = window == WINDOW_NONE ? -1 : tally->n_words;
      tally->n_words += histogram_words(window);
      tally->centre[column] = fabs(centre[column]) < LIMIT ? centre[column] : 0.0;
    }
  }
  tally->words = array_make((size_t)tally->n_words, sizeof *tally->words);
  return tally->words != NULL
             ? STATUS_OK
             : status_fail(STATUS_FAILED, "no memory for a tally of %lld words",
                           (long long)tally->n_words);
}

void tally_free(struct tally *tally) {
  array_free(tally->words);
  array_free(tally->histogram_offset);
  array_free(tally->window);
  array_free(tally->centre);
  *tally = (struct tally){0};
}

/* Centred values of a block, 0 where a value is missing or not to be summed; the number of
 * those that count. */
VECTOR_CLONES static int64_t centred(const double *values, int64_t n, double centre,
                                     double *x) {
  double good = 0.0;
#pragma omp simd reduction(+ : good)
  for (int64_t i = 0; i < n; ++i) {
    const double is_good = fabs(values[i]) < LIMIT ? 1.0 : 0.0;
    x[i] = fabs(values[i]) < LIMIT ? values[i] - centre : 0.0;
    good += is_good;
  }
  for (int64_t i = n; i < BLOCK_PATHS; ++i) {
    x[i] = 0.0;
  }
  return (int64_t)good;
}

/* Sums of the first four powers of x[BLOCK_PATHS]: each virtual lane adds every 16th value,
   then the lanes are added from the first to the last. */
VECTOR_CLONES static void add_powers(const double *x, int64_t *sums) {
  double lane[MOMENTS][VIRTUAL_LANES] = {{0.0}};
  for (int64_t i = 0; i < BLOCK_PATHS; i += VIRTUAL_LANES) {
#pragma omp simd
    for (int j = 0; j < VIRTUAL_LANES; ++j) {
      const double v = x[i + j], square = v * v;
      lane[0][j] += v;
      lane[1][j] += square;
      lane[2][j] += square * v;
      lane[3][j] += square * square;
    }
  }
  for (int power = 0; power < MOMENTS; ++power) {
    double sum = 0.0;
    for (int j = 0; j < VIRTUAL_LANES; ++j) {
      sum += lane[power][j];
    }
    accumulator_add(sums + power * ACCUMULATOR_LIMBS, sum);
  }
}

static void count_the_rest(const double *values, int64_t n, int64_t *words) {
  for (int64_t i = 0; i < n; ++i) {
    if (!(fabs(values[i]) < LIMIT)) {
      ++words[values[i] == INFINITY ? WORD_INFINITE : WORD_BAD];
    }
  }
}

void tally_add(struct tally *tally, int64_t column, const double *values, int64_t n) {
  double x[BLOCK_PATHS];
  int64_t *words = tally->words + column * COLUMN_WORDS;
  const int64_t bad = words[WORD_BAD];
  words[WORD_N] += n;
  if (centred(values, n, tally->centre[column], x) < n) {
    count_the_rest(values, n, words);
  }
  add_powers(x, words + WORD_SUMS);
  const int64_t offset = tally->histogram_offset[column];
  if (offset < 0) {
    return;
  }
  if (words[WORD_BAD] == bad) {
    histogram_add(tally->words + offset, tally->window[column], values, n);
    return;
  }
  for (int64_t i = 0; i < n; ++i) { /* a block with values that no histogram takes */
    if (fabs(values[i]) < LIMIT || values[i] == INFINITY) {
      histogram_add(tally->words + offset, tally->window[column], values + i, 1);
    }
  }
}

void tally_merge(struct tally *into, const struct tally *from) {
  for (int64_t i = 0; i < into->n_words; ++i) {
    into->words[i] += from->words[i];
  }
}

void tally_canonical(struct tally *tally) {
  for (int64_t column = 0; column < tally->n_columns; ++column) {
    int64_t *sums = tally->words + column * COLUMN_WORDS + WORD_SUMS;
    for (int power = 0; power < MOMENTS; ++power) {
      accumulator_carry(sums + power * ACCUMULATOR_LIMBS);
    }
  }
}

struct moments tally_moments(const struct tally *tally, int64_t column) {
  const int64_t *words = tally->words + column * COLUMN_WORDS;
  struct moments moments = {
      .n = words[WORD_N], .n_infinite = words[WORD_INFINITE], .n_bad = words[WORD_BAD]};
  moments.n_finite = moments.n - moments.n_infinite - moments.n_bad;
  if (moments.n_finite == 0) {
    return moments;
  }
  double raw[MOMENTS];
  const double n = (double)moments.n_finite;
  for (int power = 0; power < MOMENTS; ++power) {
    raw[power] = accumulator_value(words + WORD_SUMS + power * ACCUMULATOR_LIMBS) / n;
  }
  const double d = raw[0]; /* mean of x - c */
  moments.mean = tally->centre[column] + d;
  if (moments.n_finite < 2) {
    return moments;
  }
  const double variance = raw[1] - d * d > 0.0 ? raw[1] - d * d : 0.0;
  const double fourth = raw[3] - 4.0 * d * raw[2] + 6.0 * d * d * raw[1] - 3.0 * d * d * d * d;
  const double spread = fourth - variance * variance; /* n times the variance of the variance */
  moments.sd = sqrt(variance * (n / (n - 1.0)));
  moments.se = moments.sd / sqrt(n);
  moments.sd_se =
      moments.sd > 0.0 && spread > 0.0 ? sqrt(spread / n) / (2.0 * moments.sd) : 0.0;
  return moments;
}

int64_t tally_bad(const struct tally *tally, int64_t column) {
  return tally->words[column * COLUMN_WORDS + WORD_BAD];
}

static int64_t clamp_rank(double rank, int64_t n) {
  return rank < 1.0 ? 1 : rank > (double)n ? n : (int64_t)rank;
}

/* The end of an interval at a rank; there is none beyond the sample. false: out of range. */
static bool find_end(const int64_t *words, enum window window, double rank, int64_t n,
                     double *end) {
  if (rank < 1.0 || rank > (double)n) {
    *end = NAN;
    return true;
  }
  return histogram_order_statistic(words, window, (int64_t)rank, end);
}

struct interval tally_quantile(const struct tally *tally, int64_t column, double p) {
  struct interval interval = {.exists = false};
  const enum window window = tally->window[column];
  if (window == WINDOW_NONE) {
    return interval;
  }
  const int64_t *words = tally->words + tally->histogram_offset[column];
  const int64_t n = histogram_count(words, window);
  if (n == 0) {
    return interval;
  }
  const double centre = (double)n * p, half = NORMAL_975 * sqrt(centre * (1.0 - p));
  /* p n a hair above a whole number is that whole number: 0.95 * 20 is 19. */
  const int64_t rank = clamp_rank(ceil(centre - 1e-9), n);
  interval.exists = histogram_order_statistic(words, window, rank, &interval.value) &&
                    find_end(words, window, floor(centre - half), n, &interval.lo) &&
                    find_end(words, window, ceil(centre + half), n, &interval.hi) &&
                    isfinite(interval.value);
  return interval;
}

struct share tally_share_from(const struct tally *tally, int64_t column, double edge) {
  const enum window window = tally->window[column];
  const int64_t *words = tally->words + tally->histogram_offset[column];
  const double n = (double)histogram_count(words, window);
  const double p = n > 0.0 ? (double)histogram_count_from(words, window, edge) / n : 0.0;
  return (struct share){p, n > 1.0 ? sqrt(p * (1.0 - p) / (n - 1.0)) : 0.0};
}

/* The order statistic of the losses at a rank; NaN if there is none or it is out of range. */
static double loss_at(const int64_t *words, enum window window, double rank, int64_t n,
                      bool low_is_bad) {
  double value = NAN;
  if (rank < 1.0 || rank > (double)n) {
    return NAN;
  }
  const int64_t mine = low_is_bad ? n + 1 - (int64_t)rank : (int64_t)rank;
  const bool found = histogram_order_statistic(words, window, mine, &value);
  return found && isfinite(value) ? (low_is_bad ? -value : value) : NAN;
}

/* Sums of max(loss - from, 0) and of its square over a bin, whose values lie evenly around
   their mean. Not a number where they are out of range. */
static void add_excess(struct bin bin, bool low_is_bad, double from, double *first,
                       double *second) {
  const double count = (double)bin.count, mean = (low_is_bad ? -bin.mean : bin.mean) - from;
  const double reach = sqrt(3.0 * bin.variance), low = mean - reach, high = mean + reach;
  if (high <= 0.0) {
    return;
  }
  if (low < 0.0) { /* the bin of `from` itself: its upper part */
    *first += count * high * high / (2.0 * (high - low));
    *second += count * high * high * high / (3.0 * (high - low));
  } else {
    *first += count * mean;
    *second += count * (mean * mean + bin.variance);
  }
}

struct tail tally_tail(const struct tally *tally, int64_t column, double p, bool low_is_bad) {
  struct tail tail = {.exists = false};
  const enum window window = tally->window[column];
  const int64_t *words = tally->words + tally->histogram_offset[column];
  const int64_t n = histogram_count(words, window);
  const double centre = (double)n * p, half = NORMAL_975 * sqrt(centre * (1.0 - p));
  const double rank = ceil(centre - 1e-9) < 1.0 ? 1.0 : ceil(centre - 1e-9);
  tail.var = loss_at(words, window, rank, n, low_is_bad);
  tail.lo = loss_at(words, window, floor(centre - half), n, low_is_bad);
  tail.hi = loss_at(words, window, ceil(centre + half), n, low_is_bad);
  if (n == 0 || !isfinite(tail.var)) {
    return tail;
  }
  double first = 0.0, second = 0.0;
  for (int64_t i = 0; i < histogram_bins(window); ++i) {
    const struct bin bin = histogram_bin(words, window, i);
    /* What is beyond the range on the good side is below VaR, wherever it is. */
    const bool good_end =
        low_is_bad ? i >= histogram_bins(window) - 2 : window == WINDOW_SIGNED && i == 0;
    if (bin.count > 0 && !(good_end && isnan(bin.mean))) {
      add_excess(bin, low_is_bad, tail.var, &first, &second);
    }
  }
  const double mean = first / (double)n, variance = second / (double)n - mean * mean;
  tail.cvar = tail.var + mean / (1.0 - p);
  tail.cvar_se = sqrt(variance > 0.0 ? variance / (double)n : 0.0) / (1.0 - p);
  tail.exists = isfinite(tail.cvar);
  return tail;
}
