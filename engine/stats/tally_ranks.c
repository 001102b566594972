/* What a tally says of ranks: quantiles, shares of values, tails, with their intervals. */
#include <math.h>
#include <stddef.h>

#include "stats/exact.h"
#include "stats/histogram.h"
#include "stats/tally.h"

static const double NORMAL_975 = 1.959963984540054; /* quantile of the normal law */

static int64_t clamp_rank(double rank, int64_t n) {
  return rank < 1.0 ? 1 : rank > (double)n ? n : (int64_t)rank;
}

/* The order statistic of a column at a rank; false if it lies beyond the histogram's range. */
static bool order_statistic(const struct tally *tally, int64_t column, int64_t rank,
                            double *value) {
  const enum window window = tally->window[column];
  const int64_t *words = tally->words + tally->histogram_offset[column];
  if (tally->exact != NULL && tally->exact->recording) {
    struct want want = {.column = column, .rank = rank};
    want.bin = histogram_bin_of_rank(words, window, rank, &want.below);
    want.size = histogram_bin(words, window, want.bin).count;
    exact_want(tally->exact, want);
  } else if (tally->exact != NULL && exact_order_statistic(tally->exact, column, rank, value)) {
    return true;
  }
  return histogram_order_statistic(words, window, rank, value);
}

/* The end of an interval at a rank; there is none beyond the sample. false: out of range. */
static bool find_end(const struct tally *tally, int64_t column, double rank, int64_t n,
                     double *end) {
  if (!(rank >= 1.0 && rank <= (double)n)) {
    *end = NAN;
    return true;
  }
  return order_statistic(tally, column, (int64_t)rank, end);
}

/* The design effect of the share of values up to a rank; NaN if there is but one block. */
static double effect_at(const struct tally *tally, int64_t column, int64_t rank) {
  const enum window window = tally->window[column];
  const int64_t *words = tally->words + tally->histogram_offset[column];
  return tally->clustered ? histogram_design_effect(words, words + histogram_words(window),
                                                    window, tally_blocks(tally), rank)
                          : 1.0;
}

/* Half of the interval of a rank [ranks], of n values at p. */
static double half_of_ranks(const struct tally *tally, int64_t column, int64_t n, double p,
                            int64_t rank) {
  return NORMAL_975 * sqrt(effect_at(tally, column, rank) * (double)n * p * (1.0 - p));
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
  /* p n a hair above a whole number is that whole number: 0.95 * 20 is 19. */
  const double centre = (double)n * p;
  const int64_t rank = clamp_rank(ceil(centre - 1e-9), n);
  const double half = half_of_ranks(tally, column, n, p, rank);
  interval.exists = order_statistic(tally, column, rank, &interval.value) &&
                    find_end(tally, column, floor(centre - half), n, &interval.lo) &&
                    find_end(tally, column, ceil(centre + half), n, &interval.hi) &&
                    isfinite(interval.value);
  return interval;
}

/* The share of a column's values beyond order statistic `rank`. */
static struct share share_beyond(const struct tally *tally, int64_t column, int64_t rank,
                                 int64_t count) {
  const double n = (double)count, p = count > 0 ? (double)(count - rank) / n : 0.0;
  const double effect =
      tally->window[column] != WINDOW_NONE ? effect_at(tally, column, rank) : 1.0;
  return (struct share){p, count > 1 ? sqrt(effect * p * (1.0 - p) / (n - 1.0)) : 0.0};
}

struct share tally_share_from(const struct tally *tally, int64_t column, double edge) {
  const enum window window = tally->window[column];
  const int64_t *words = tally->words + tally->histogram_offset[column];
  const int64_t count = histogram_count(words, window);
  const int64_t from = histogram_count_from(words, window, edge);
  return share_beyond(tally, column, count - from, count);
}

struct share tally_share_never(const struct tally *tally, int64_t column) {
  const struct moments m = tally_moments(tally, column);
  const int64_t count = m.n_finite + m.n_infinite;
  return share_beyond(tally, column, m.n_finite, count);
}

struct interval tally_share_interval(const struct tally *tally, struct share share, int64_t n) {
  const double z2 = NORMAL_975 * NORMAL_975, p = share.value;
  const double all = tally->clustered ? (double)tally_blocks(tally) : (double)n;
  const double size = share.se > 0.0 ? p * (1.0 - p) / (share.se * share.se) : all;
  const double middle = (p + z2 / (2.0 * size)) / (1.0 + z2 / size);
  const double half =
      NORMAL_975 * sqrt(p * (1.0 - p) / size + z2 / (4.0 * size * size)) / (1.0 + z2 / size);
  return (struct interval){.exists = n > 0,
                           .value = p,
                           .lo = p > 0.0 && middle > half ? middle - half : 0.0,
                           .hi = p < 1.0 && middle + half < 1.0 ? middle + half : 1.0};
}

/* The order statistic of the losses at a rank; NaN if there is none or it is out of range. */
static double loss_at(const struct tally *tally, int64_t column, double rank, int64_t n,
                      bool low_is_bad) {
  double value = NAN;
  if (!(rank >= 1.0 && rank <= (double)n)) {
    return NAN;
  }
  const int64_t mine = low_is_bad ? n + 1 - (int64_t)rank : (int64_t)rank;
  const bool found = order_statistic(tally, column, mine, &value);
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
  const double centre = (double)n * p;
  const double rank = ceil(centre - 1e-9) < 1.0 ? 1.0 : ceil(centre - 1e-9);
  const double effect =
      effect_at(tally, column, low_is_bad ? n - (int64_t)rank : (int64_t)rank);
  const double half = NORMAL_975 * sqrt(effect * centre * (1.0 - p));
  tail.var = loss_at(tally, column, rank, n, low_is_bad);
  tail.lo = loss_at(tally, column, floor(centre - half), n, low_is_bad);
  tail.hi = loss_at(tally, column, ceil(centre + half), n, low_is_bad);
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
  tail.cvar_se = sqrt(effect * (variance > 0.0 ? variance : 0.0) / (double)n) / (1.0 - p);
  tail.exists = isfinite(tail.cvar);
  return tail;
}
