#include "stats/histogram.h"

#include <assert.h>
#include <math.h>

#include "math/lane.h"
#include "stats/code.h"

enum {
  COARSE = 1 << 10, /* places of the squares */
  BIN_WORDS = 3,    /* count, places, squares of coarse places */
  CLUSTER_BINS = 8, /* bins between two edges at which blocks are compared */
  ATOM_SEARCH = 24, /* values among which an atom is looked for */
  PORTION = 32      /* values located before their bins are asked for */
};
int64_t histogram_words(enum window window) {
  return BIN_WORDS * code_bins(window);
}

static inline void add_times(int64_t *words, uint32_t code, int64_t times) {
  int64_t *bin = words + BIN_WORDS * code_bin(code);
  const int64_t place = code_place(code), coarse = place / (PLACES / COARSE);
  bin[0] += times;
  bin[1] += times * place;
  bin[2] += times * coarse * coarse;
}

/* Is there a value that several paths have (a cap, nothing at all)? Two neighbours tell. */
static bool find_atom(const uint32_t *codes, int64_t n, uint32_t *atom) {
  for (int64_t i = 1; i < n && i < ATOM_SEARCH; ++i) {
    if (codes[i] == codes[i - 1]) {
      *atom = codes[i];
      return true;
    }
  }
  return false;
}

/* Equal values would wait for each other in the same bin: they are counted, and added at once.
   Returns how many others there are. */
static int64_t set_atom_apart(const uint32_t *codes, int64_t n, uint32_t atom,
                              uint32_t *others) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; ++i) {
    others[count] = codes[i];
    count += codes[i] != atom ? 1 : 0;
  }
  return count;
}

/* Bins are scattered over a histogram that the last block left far from the core. They are
   asked for in small portions, because the core drops what it cannot remember. */
void histogram_add(int64_t *words, const uint32_t *codes, int64_t n) {
  uint32_t atom, others[BLOCK_PATHS];
  assert(n <= BLOCK_PATHS);
  if (find_atom(codes, n, &atom)) {
    const int64_t n_others = set_atom_apart(codes, n, atom, others);
    add_times(words, atom, n - n_others);
    codes = others;
    n = n_others;
  }
  for (int64_t begin = 0; begin < n; begin += PORTION) {
    const int64_t end = begin + PORTION < n ? begin + PORTION : n;
    for (int64_t i = begin; i < end; ++i) {
      __builtin_prefetch(words + BIN_WORDS * code_bin(codes[i]), 1);
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    add_times(words, codes[i], 1);
  }
}

bool histogram_holds(const int64_t *words, enum window window, int64_t n) {
  int64_t left = n;
  for (int64_t bin = 0; bin < code_bins(window); ++bin, words += BIN_WORDS) {
    const int64_t count = words[0];
    if (count < 0 || count > left || words[1] < 0 || words[1] > count * PLACES ||
        words[2] < 0 || words[2] > count * COARSE * COARSE) {
      return false;
    }
    left -= count;
  }
  return true;
}

int64_t histogram_count(const int64_t *words, enum window window) {
  int64_t sum = 0;
  for (int64_t bin = 0; bin < code_bins(window); ++bin) {
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
  return code_bins(window);
}

struct bin histogram_bin(const int64_t *words, enum window window, int64_t bin) {
  const int64_t *found = words + BIN_WORDS * bin, zero = code_origin(window);
  const int64_t size_bin = bin < zero ? zero - 1 - bin : bin - zero;
  struct bin result = {found[0], NAN, NAN};
  if (found[0] > 0 && bin < code_bins(window) - 1 && size_bin != OVERFLOW_BIN) {
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
  const int64_t last = code_bins(window) - 1;
  int64_t bin = 0;
  *below = 0;
  while (bin < last && *below + words[BIN_WORDS * bin] < rank) {
    *below += words[BIN_WORDS * bin];
    ++bin;
  }
  return bin;
}

int64_t histogram_bin_of(enum window window, double value) {
  return code_bin(code_of(value, window));
}

bool histogram_order_statistic(const int64_t *words, enum window window, int64_t rank,
                               double *value) {
  const int64_t last = code_bins(window) - 1, zero = code_origin(window);
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
  const uint32_t code = code_of(fabs(edge), WINDOW_POSITIVE);
  const int64_t first = code_bin(code);
  int64_t sum = 0;
  assert(code_place(code) == 0);
  for (int64_t bin = code_origin(window) + (edge < 0.0 ? -first : first);
       bin < code_bins(window); ++bin) {
    sum += words[BIN_WORDS * bin];
  }
  return sum;
}

int64_t histogram_cluster_words(enum window window) {
  return (code_bins(window) + CLUSTER_BINS - 1) / CLUSTER_BINS;
}

void histogram_add_cluster(int64_t *squares, enum window window, const uint32_t *codes,
                           int64_t n) {
  int64_t counts[(2 * SIDE + CLUSTER_BINS) / CLUSTER_BINS + 1] = {0};
  for (int64_t i = 0; i < n; ++i) {
    ++counts[code_bin(codes[i]) / CLUSTER_BINS];
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
    return NAN;
  }
  for (int64_t k = 0; k < histogram_cluster_words(window) && below < rank; ++k) {
    effect = design_effect((double)below, (double)square, (double)n, (double)blocks);
    for (int64_t bin = k * CLUSTER_BINS;
         bin < (k + 1) * CLUSTER_BINS && bin < code_bins(window); ++bin) {
      below += words[BIN_WORDS * bin];
    }
    square += squares[k];
  }
  const double above = design_effect((double)below, (double)square, (double)n, (double)blocks);
  return above > effect ? above : effect;
}
