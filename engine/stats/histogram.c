#include "stats/histogram.h"

#include <assert.h>
#include <math.h>

#include "math/lane.h"
#include "stats/vector.h"

enum {
  PER_OCTAVE = 128,
  OCTAVES = 17,                                     /* 2^-3 .. 2^14 */
  FIRST_EXPONENT = 1020,                            /* biased, of 2^-3 */
  OVERFLOW_BIN = PER_OCTAVE + OCTAVES * PER_OCTAVE, /* behind the linear bins and the octaves */
  SIDE = OVERFLOW_BIN + 1,                          /* bins of one sign */
  PLACES = 1 << 20,                                 /* of a value inside its bin */
  COARSE = 1 << 10,                                 /* places of the squares */
  BIN_WORDS = 3,    /* count, places, squares of coarse places */
  CLUSTER_BINS = 8, /* bins between two edges at which blocks are compared */
  PORTION = 32      /* values located before their bins are asked for */
};
static const double LINEAR_END = 0x1p-3, LINEAR_WIDTH = 0x1p-10, RANGE_END = 0x1p14;

static int64_t count_bins(enum window window) {
  return window == WINDOW_SIGNED ? 2 * SIDE + 1 : window == WINDOW_POSITIVE ? SIDE + 1 : 0;
}

int64_t histogram_words(enum window window) {
  return BIN_WORDS * count_bins(window);
}

/* Bin of zero; the bins of positive values follow it. */
static int64_t origin(enum window window) {
  return window == WINDOW_SIGNED ? SIDE : 0;
}

/* Bin and place of a magnitude as bin * PLACES + place, without a branch: 0 <= size, infinity
   included. */
static inline uint32_t locate(double size) {
  const double near = size < LINEAR_END ? size : 0.0;
  /* Below 2^27, so a 32-bit conversion holds it, which every instruction set has. */
  const uint32_t linear = (uint32_t)(int32_t)(near * (PLACES / LINEAR_WIDTH));
  const uint64_t first = ((uint64_t)FIRST_EXPONENT - 1) * PER_OCTAVE * PLACES;
  const uint32_t octave = (uint32_t)((lane_bits(size) >> 25) - first);
  return size < LINEAR_END  ? linear
         : size < RANGE_END ? octave
                            : (uint32_t)OVERFLOW_BIN * PLACES;
}

/* Where the values of a block belong. */
struct located {
  int32_t bin[BLOCK_PATHS], place[BLOCK_PATHS], coarse_square[BLOCK_PATHS];
};

/* Of the values begin .. end - 1. */
VECTOR_CLONES static void locate_some(const double *values, int64_t begin, int64_t end,
                                      enum window window, struct located *at) {
  const bool is_signed = window == WINDOW_SIGNED;
  const int32_t zero = (int32_t)origin(window), last = (int32_t)count_bins(window) - 1;
#pragma omp simd
  for (int64_t i = begin; i < end; ++i) {
    const double x = values[i];
    const double floored = x < 0.0 && !is_signed ? 0.0 : x;
    const uint32_t code = locate(fabs(floored));
    const int32_t bin = (int32_t)(code / PLACES), place = (int32_t)(code % PLACES);
    const int32_t coarse = (int32_t)(code % PLACES / (PLACES / COARSE));
    const int32_t mirrored = floored < 0.0 ? zero - 1 - bin : zero + bin;
    at->bin[i] = x == INFINITY ? last : mirrored;
    at->place[i] = place;
    at->coarse_square[i] = coarse * coarse;
  }
}

/* The bins of a block are scattered over a histogram that the last block left far from the
   core. They are asked for while the next values are located: in small portions, because the
   core drops what it cannot remember. */
void histogram_add(int64_t *words, enum window window, const double *values, int64_t n) {
  struct located at;
  assert(n <= BLOCK_PATHS);
  for (int64_t begin = 0; begin < n; begin += PORTION) {
    const int64_t end = begin + PORTION < n ? begin + PORTION : n;
    locate_some(values, begin, end, window, &at);
    for (int64_t i = begin; i < end; ++i) {
      __builtin_prefetch(words + BIN_WORDS * at.bin[i], 1);
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    int64_t *bin = words + BIN_WORDS * at.bin[i];
    bin[0] += 1;
    bin[1] += at.place[i];
    bin[2] += at.coarse_square[i];
  }
}

int64_t histogram_count(const int64_t *words, enum window window) {
  int64_t sum = 0;
  for (int64_t bin = 0; bin < count_bins(window); ++bin) {
    sum += words[BIN_WORDS * bin];
  }
  return sum;
}

/* Lower edge and width of the magnitudes of a bin, counted from zero on. */
static void edges(int64_t bin, double *low, double *width) {
  if (bin < PER_OCTAVE) {
    *low = (double)bin * LINEAR_WIDTH;
    *width = LINEAR_WIDTH;
  } else {
    const uint64_t first =
        ((uint64_t)FIRST_EXPONENT * PER_OCTAVE + (uint64_t)(bin - PER_OCTAVE)) << 45;
    *low = lane_from_bits(first);
    *width = lane_from_bits(first + (UINT64_C(1) << 45)) - *low;
  }
}

/* Mean place of a bin's values, and the standard deviation of their places. */
static void places_of(const int64_t words[BIN_WORDS], double *mean, double *sd) {
  const double count = (double)words[0], step = PLACES / COARSE;
  const int64_t coarse = words[1] / words[0] / (PLACES / COARSE);
  *mean = (double)words[1] / count;
  *sd = 0.0;
  if (words[2] != words[0] * coarse * coarse) {
    const double centre = *mean / step - 0.5; /* a coarse place is half a step low */
    const double variance = (double)words[2] / count - centre * centre;
    *sd = sqrt(variance > 0.0 ? variance : 0.0) * step;
  }
}

/* The place at share t of a bin whose places have a mean and a standard deviation: they lie
   evenly over sqrt(12) standard deviations. Where that reaches below the bin a part of them
   lies at its lower edge (an atom at zero with few values above it) and the others evenly
   above. */
static double place_at(double t, double mean, double sd) {
  if (mean >= sqrt(3.0) * sd) {
    return mean + (t - 0.5) * (sqrt(12.0) * sd);
  }
  const double reach = 1.5 * (sd * sd + mean * mean) / mean, above = 2.0 * mean / reach;
  return t > 1.0 - above ? reach * (t - 1.0 + above) / above : 0.0;
}

/* The k-th of a bin's magnitudes, k from 1. What would reach above the bin is the mirror image.
 */
static double inside(int64_t bin, const int64_t words[BIN_WORDS], int64_t k) {
  double low, width, mean, sd;
  edges(bin, &low, &width);
  places_of(words, &mean, &sd);
  const double t = ((double)k - 0.5) / (double)words[0];
  double place = mean > 0.5 * PLACES ? PLACES - place_at(1.0 - t, PLACES - mean, sd)
                                     : place_at(t, mean, sd);
  place = place < 0.0 ? 0.0 : place > PLACES ? PLACES : place;
  return low + width * (place / PLACES);
}

int64_t histogram_bins(enum window window) {
  return count_bins(window);
}

struct bin histogram_bin(const int64_t *words, enum window window, int64_t bin) {
  const int64_t *found = words + BIN_WORDS * bin, zero = origin(window);
  const int64_t size_bin = bin < zero ? zero - 1 - bin : bin - zero;
  struct bin result = {found[0], NAN, NAN};
  if (found[0] > 0 && bin < count_bins(window) - 1 && size_bin != OVERFLOW_BIN) {
    double low, width, mean, sd;
    edges(size_bin, &low, &width);
    places_of(found, &mean, &sd);
    result.mean = (bin < zero ? -1.0 : 1.0) * (low + width * (mean / PLACES));
    result.variance = width * width * (sd / PLACES) * (sd / PLACES);
  }
  return result;
}

int64_t histogram_bin_of_rank(const int64_t *words, enum window window, int64_t rank,
                              int64_t *below) {
  const int64_t last = count_bins(window) - 1;
  int64_t bin = 0;
  *below = 0;
  while (bin < last && *below + words[BIN_WORDS * bin] < rank) {
    *below += words[BIN_WORDS * bin];
    ++bin;
  }
  return bin;
}

void histogram_locate(enum window window, const double *values, int64_t n, int64_t *bins) {
  struct located at;
  locate_some(values, 0, n, window, &at);
  for (int64_t i = 0; i < n; ++i) {
    bins[i] = at.bin[i];
  }
}

bool histogram_order_statistic(const int64_t *words, enum window window, int64_t rank,
                               double *value) {
  const int64_t last = count_bins(window) - 1, zero = origin(window);
  int64_t below = 0;
  const int64_t bin = histogram_bin_of_rank(words, window, rank, &below);
  const int64_t *found = words + BIN_WORDS * bin, k = rank - below;
  if (bin == last) {
    *value = INFINITY;
    return true;
  }
  const bool negative = bin < zero;
  const int64_t size_bin = negative ? zero - 1 - bin : bin - zero;
  if (size_bin == OVERFLOW_BIN) {
    return false;
  }
  *value = negative ? -inside(size_bin, found, found[0] + 1 - k) : inside(size_bin, found, k);
  return true;
}

int64_t histogram_count_from(const int64_t *words, enum window window, double edge) {
  const uint32_t code = locate(fabs(edge));
  const int64_t first = code / PLACES;
  int64_t sum = 0;
  assert(code % PLACES == 0);
  for (int64_t bin = origin(window) + (edge < 0.0 ? -first : first); bin < count_bins(window);
       ++bin) {
    sum += words[BIN_WORDS * bin];
  }
  return sum;
}

int64_t histogram_cluster_words(enum window window) {
  return (count_bins(window) + CLUSTER_BINS - 1) / CLUSTER_BINS;
}

void histogram_add_cluster(int64_t *squares, enum window window, const double *values,
                           int64_t n) {
  struct located at;
  int64_t counts[(2 * SIDE + CLUSTER_BINS) / CLUSTER_BINS + 1] = {0};
  locate_some(values, 0, n, window, &at);
  for (int64_t i = 0; i < n; ++i) {
    ++counts[at.bin[i] / CLUSTER_BINS];
  }
  int64_t below = 0, before = 0;
  for (int64_t k = 0; k < histogram_cluster_words(window) && below < n; ++k) {
    below += counts[k];
    const int64_t square = below * below * BLOCK_PATHS / n;
    squares[k] += square - before;
    before = square;
  }
}

/* At an edge with `below` of n values below it. */
static double design_effect(double below, double squares, double n, double blocks) {
  const double independent = below / n * (1.0 - below / n);
  const double between = (squares / BLOCK_PATHS - below * below / n) / (blocks - 1.0);
  return independent > 0.0 && between > independent ? between / independent : 1.0;
}

double histogram_design_effect(const int64_t *words, const int64_t *squares, enum window window,
                               int64_t blocks, int64_t rank) {
  const int64_t n = histogram_count(words, window);
  int64_t below = 0, square = 0;
  double effect = 1.0;
  if (blocks < 2) {
    return 1.0;
  }
  for (int64_t k = 0; k < histogram_cluster_words(window) && below < rank; ++k) {
    effect = design_effect((double)below, (double)square, (double)n, (double)blocks);
    for (int64_t bin = k * CLUSTER_BINS;
         bin < (k + 1) * CLUSTER_BINS && bin < count_bins(window); ++bin) {
      below += words[BIN_WORDS * bin];
    }
    square += squares[k];
  }
  const double above = design_effect((double)below, (double)square, (double)n, (double)blocks);
  return above > effect ? above : effect;
}
