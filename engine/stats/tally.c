#include "stats/tally.h"

#include <math.h>
#include <string.h>

#include "base/arrays.h"
#include "stats/accumulator.h"
#include "stats/code.h"
#include "stats/digest.h"
#include "stats/histogram.h"

enum {
  BLOCKS = N_PARTS, /* first the paths of each part, then the number of blocks */
  FIRST,            /* column 0; of each column: */
  WORD_N = 0,       /* values seen */
  WORD_INFINITE,    /* +infinity */
  WORD_BAD,         /* NaN, -infinity, beyond SORTED_END */
  WORD_SUMS,        /* four accumulators: S, Q, ... the sums of powers 1 to 4 of x - c */
  COLUMN_WORDS = WORD_SUMS + MOMENTS * ACCUMULATOR_LIMBS,
  /* of a clustered tally too; M, S, Q are the count and the sums of a block */
  WORD_MM = COLUMN_WORDS,
  WORD_CLUSTER, /* five accumulators: SS, SM, QQ, QM, QS */
  CROSSES = 5,
  CLUSTERED_WORDS = WORD_CLUSTER + CROSSES * ACCUMULATOR_LIMBS
};

static enum window choose_window(enum window of_table, enum histogram_set set) {
  const bool carried = of_table != WINDOW_NONE && set != HISTOGRAMS_NONE;
  return !carried ? WINDOW_NONE : set == HISTOGRAMS_SIGNED ? WINDOW_SIGNED : of_table;
}

/* The columns without histograms and parts, not yet the words. */
static enum status make_columns(struct tally *tally, int64_t n_columns, bool clustered) {
  const size_t n = (size_t)n_columns;
  *tally = (struct tally){.n_columns = n_columns, .clustered = clustered};
  tally->column_words = clustered ? CLUSTERED_WORDS : COLUMN_WORDS;
  tally->n_words = FIRST + n_columns * tally->column_words;
  tally->histogram_offset = array_make(n, sizeof *tally->histogram_offset);
  tally->parts_offset = array_make(n, sizeof *tally->parts_offset);
  tally->window = array_make(n, sizeof *tally->window);
  tally->centre = array_make(n, sizeof *tally->centre);
  if (tally->histogram_offset == NULL || tally->parts_offset == NULL || tally->window == NULL ||
      tally->centre == NULL) {
    return status_fail(STATUS_FAILED, "no memory for the tally of %zu columns", n);
  }
  for (int64_t column = 0; column < n_columns; ++column) {
    tally->histogram_offset[column] = -1;
    tally->parts_offset[column] = -1;
  }
  return STATUS_OK;
}

static enum status make_words(struct tally *tally) {
  tally->words = array_make((size_t)tally->n_words, sizeof *tally->words);
  return tally->words != NULL
             ? STATUS_OK
             : status_fail(STATUS_FAILED, "no memory for a tally of %lld words",
                           (long long)tally->n_words);
}

/* Room behind the columns for a histogram and for parts. */
static void extend_column(struct tally *tally, int64_t column, enum window window,
                          enum parts parts) {
  tally->window[column] = window;
  if (window != WINDOW_NONE) {
    tally->histogram_offset[column] = tally->n_words;
    tally->n_words +=
        histogram_words(window) + (tally->clustered ? histogram_cluster_words(window) : 0);
  }
  if (parts == PARTS_PARTS) {
    tally->parts_offset[column] = tally->n_words;
    tally->n_words += N_PARTS * SHORT_LIMBS;
  }
}

enum status tally_make(struct tally *tally, const struct layout *layout, enum histogram_set set,
                       bool clustered, const double *centre) {
  const enum status status = make_columns(tally, layout->n_columns, clustered);
  if (status != STATUS_OK) {
    return status;
  }
  for (int m = 0; m < N_METRICS; ++m) {
    const enum metric_id metric = (enum metric_id)m;
    for (int64_t i = 0; i < layout->items[m] * layout->dates[m]; ++i) {
      const int64_t column = layout->first[m] + i;
      extend_column(tally, column,
                    choose_window(layout_window(layout, metric, i % layout->dates[m]), set),
                    set == HISTOGRAMS_OF_TABLE ? metrics[m].parts : PARTS_WHOLE);
      tally->centre[column] = fabs(centre[column]) < SORTED_END ? centre[column] : 0.0;
    }
  }
  return make_words(tally);
}

enum status tally_make_sums(struct tally *tally, int64_t n_columns) {
  const enum status status = make_columns(tally, n_columns, false);
  return status == STATUS_OK ? make_words(tally) : status;
}

void tally_free(struct tally *tally) {
  array_free(tally->words);
  array_free(tally->histogram_offset);
  array_free(tally->parts_offset);
  array_free(tally->window);
  array_free(tally->centre);
  *tally = (struct tally){0};
}

static int64_t *column_words(const struct tally *tally, int64_t column) {
  return tally->words + FIRST + column * tally->column_words;
}

/* The products of a block's count and sums, of which the variance between blocks is made. */
static void add_cluster(int64_t *words, int64_t good, const double block[MOMENTS]) {
  const double m = (double)good, s = block[0], most = 0x1p119;
  const double q = block[1] < most ? block[1] : most; /* its square must fit the accumulator */
  const double product[CROSSES] = {s * s, s * m, q * q, q * m, q * s};
  words[WORD_MM] += good * good;
  for (int i = 0; i < CROSSES; ++i) {
    accumulator_add(words + WORD_CLUSTER + i * ACCUMULATOR_LIMBS, product[i]);
  }
}

bool tally_sorts(double value) {
  return fabs(value) < SORTED_END || value == INFINITY;
}

/* The codes of a block that a histogram takes, one after the other. */
static int64_t sortable(const uint32_t *codes, int64_t n, uint32_t *kept) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (codes[i] != NO_CODE) {
      kept[count++] = codes[i];
    }
  }
  return count;
}

static void add_sums(struct tally *tally, int64_t column, const struct digest *digest,
                     struct block_part block) {
  int64_t *words = column_words(tally, column);
  words[WORD_N] += block.n;
  words[WORD_INFINITE] += digest->infinite;
  words[WORD_BAD] += digest->bad;
  for (int power = 0; power < MOMENTS; ++power) {
    accumulator_add(words + WORD_SUMS + power * ACCUMULATOR_LIMBS, digest->sums[power]);
  }
  if (tally->clustered) {
    add_cluster(words, block.n - digest->infinite - digest->bad, digest->sums);
  }
  if (tally->parts_offset[column] >= 0) {
    accumulator_add_short(tally->words + tally->parts_offset[column] + block.part * SHORT_LIMBS,
                          digest->sums[0]);
  }
}

static void add_codes(struct tally *tally, int64_t column, const struct digest *digest,
                      int64_t n, const uint32_t *codes) {
  int64_t *histogram = tally->words + tally->histogram_offset[column];
  const enum window window = tally->window[column];
  uint32_t room[BLOCK_PATHS];
  if (digest->bad > 0) {
    n = sortable(codes, n, room);
    codes = room;
  }
  histogram_add(histogram, codes, n);
  if (tally->clustered) {
    histogram_add_cluster(histogram + histogram_words(window), window, codes, n);
  }
}

void tally_add_block(struct tally *tally, int64_t column, struct block_part block,
                     const struct digest *digest, const uint32_t *codes) {
  if (column == 0) {
    tally->words[block.part] += block.n;
    tally->words[BLOCKS] += 1;
  }
  add_sums(tally, column, digest, block);
  if (tally->histogram_offset[column] >= 0) {
    add_codes(tally, column, digest, block.n, codes);
  }
}

void tally_add(struct tally *tally, int64_t column, const double *values, int64_t n,
               int64_t part) {
  struct digest digest = {{0.0}, 0, 0};
  uint32_t codes[BLOCK_PATHS];
  for (int64_t i = 0; i < n; i += ROW_PATHS) {
    const int64_t rest = n - i;
    double row[ROW_PATHS] = {0};
    memcpy(row, values + i, (size_t)(rest < ROW_PATHS ? rest : ROW_PATHS) * sizeof *row);
    digest_row_this_isa(row, rest < ROW_PATHS ? rest : ROW_PATHS, tally->centre[column],
                        tally->window[column], &digest, codes + i);
  }
  tally_add_block(tally, column, (struct block_part){n, part}, &digest, codes);
}

/* ---- words that come from outside */

static bool within(int64_t word, int64_t least, int64_t most) {
  return least <= word && word <= most;
}

static bool all_within(const int64_t *words, int64_t n, int64_t least, int64_t most) {
  bool good = true;
  for (int64_t i = 0; i < n; ++i) {
    good = good && within(words[i], least, most);
  }
  return good;
}

/* Canonical limbs, the last one as far from its end as 2^40 values at most can bring it. */
static bool limbs_hold(const int64_t *limbs, int64_t n) {
  const int64_t most = INT64_C(1) << 56;
  return all_within(limbs, n - 1, 0, UINT32_MAX) && within(limbs[n - 1], -most, most);
}

static bool column_holds(const int64_t *words, int64_t n_words, int64_t n) {
  bool good = within(words[WORD_N], 0, n) && within(words[WORD_INFINITE], 0, words[WORD_N]) &&
              within(words[WORD_BAD], 0, words[WORD_N] - words[WORD_INFINITE]);
  for (int64_t i = WORD_SUMS; good && i < COLUMN_WORDS; i += ACCUMULATOR_LIMBS) {
    good = limbs_hold(words + i, ACCUMULATOR_LIMBS);
  }
  for (int64_t i = WORD_CLUSTER; good && i < n_words; i += ACCUMULATOR_LIMBS) {
    good =
        within(words[WORD_MM], 0, n * BLOCK_PATHS) && limbs_hold(words + i, ACCUMULATOR_LIMBS);
  }
  return good;
}

bool tally_holds(const struct tally *tally, const int64_t *words, int64_t n) {
  const int64_t most = n * BLOCK_PATHS * BLOCK_PATHS; /* of squares between blocks */
  bool good = all_within(words, FIRST, 0, n);
  for (int64_t column = 0; good && column < tally->n_columns; ++column) {
    const int64_t histogram = tally->histogram_offset[column],
                  parts = tally->parts_offset[column];
    const enum window window = tally->window[column];
    good = column_holds(words + FIRST + column * tally->column_words, tally->column_words, n) &&
           (histogram < 0 || histogram_holds(words + histogram, window, n));
    if (good && histogram >= 0 && tally->clustered) {
      good = all_within(words + histogram + histogram_words(window),
                        histogram_cluster_words(window), -most, most);
    }
    for (int part = 0; good && parts >= 0 && part < N_PARTS; ++part) {
      good = limbs_hold(words + parts + part * SHORT_LIMBS, SHORT_LIMBS);
    }
  }
  return good;
}

void tally_merge(struct tally *into, const struct tally *from) {
  for (int64_t i = 0; i < into->n_words; ++i) {
    into->words[i] += from->words[i];
  }
}

void tally_negate(struct tally *tally) {
  /* The count of blocks and of a part's paths change sign with the rest, and tally_add then
     counts the block that is taken out. */
  for (int64_t i = 0; i < tally->n_words; ++i) {
    tally->words[i] = -tally->words[i];
  }
}

void tally_canonical(struct tally *tally) {
  for (int64_t column = 0; column < tally->n_columns; ++column) {
    int64_t *words = column_words(tally, column);
    for (int64_t i = WORD_SUMS; i < COLUMN_WORDS; i += ACCUMULATOR_LIMBS) {
      accumulator_carry(words + i);
    }
    for (int64_t i = WORD_CLUSTER; i < tally->column_words; i += ACCUMULATOR_LIMBS) {
      accumulator_carry(words + i);
    }
    for (int part = 0; tally->parts_offset[column] >= 0 && part < N_PARTS; ++part) {
      accumulator_carry_short(tally->words + tally->parts_offset[column] + part * SHORT_LIMBS);
    }
  }
}

int64_t tally_blocks(const struct tally *tally) {
  return tally->words[BLOCKS];
}

int64_t tally_part_paths(const struct tally *tally, int64_t part) {
  return tally->words[part];
}

double tally_part_mean(const struct tally *tally, int64_t column, int64_t part) {
  const int64_t *limbs = tally->words + tally->parts_offset[column] + part * SHORT_LIMBS;
  return tally->centre[column] +
         accumulator_value_short(limbs) / (double)tally_part_paths(tally, part);
}

/* Standard error of a mean of a x^2 + b x + e over the finite values, whose sum is 0, from the
   sums over the blocks: with A, B, E the sums of the three over a block, the sum over the
   blocks of the square of (a Q + b S + e M), over the square of their number. */
static double error_between(const int64_t *words, double a, double b, double e, double n,
                            double blocks) {
  enum { SS, SM, QQ, QM, QS };
  double cross[CROSSES];
  for (int i = 0; i < CROSSES; ++i) {
    cross[i] = accumulator_value(words + WORD_CLUSTER + i * ACCUMULATOR_LIMBS);
  }
  const double sum = a * a * cross[QQ] + b * b * cross[SS] + e * e * (double)words[WORD_MM] +
                     2.0 * (a * b * cross[QS] + a * e * cross[QM] + b * e * cross[SM]);
  return sum > 0.0 ? sqrt(sum * (blocks / (blocks - 1.0))) / n : 0.0;
}

struct moments tally_moments(const struct tally *tally, int64_t column) {
  const int64_t *words = column_words(tally, column);
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
  if (tally->clustered && tally_blocks(tally) < 2) { /* one draw of the keys tells no error */
    moments.se = moments.sd_se = NAN;
  } else if (tally->clustered && moments.sd > 0.0) {
    const double blocks = (double)tally_blocks(tally);
    moments.se = error_between(words, 0.0, 1.0, -d, n, blocks);
    moments.sd_se =
        error_between(words, 1.0, -2.0 * d, d * d - variance, n, blocks) / (2.0 * moments.sd);
  }
  return moments;
}

int64_t tally_bad(const struct tally *tally, int64_t column) {
  return column_words(tally, column)[WORD_BAD];
}
