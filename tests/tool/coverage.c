/* coverage DECK SEEDS PATHS TRUTH_PATHS [KEY=VALUE]... METRIC[:DATE]...

   How often the 95 % intervals of a deck's figures hold the long-run value: samples PATHS paths
   with each of the seeds 1 .. SEEDS in one process, and TRUTH_PATHS with seed 0, whose own
   error is added to each interval's. Figures and intervals are the engine's (stats/figures.h).
   DATE is a quarter or contract year counted from 0; -1 is the last.

   Prints a table with a line for every figure that has a long-run value:
   metric item date statistic index truth truth_half seen covered half
   where `seen` seeds had an interval, `covered` of these held the truth, and `half` is the mean
   of half their widths. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "campaign/plan.h"
#include "edge/deck_file.h"
#include "model/kernel.h"
#include "model/uncertain.h"
#include "stats/figures.h"

enum { MOST_FIGURES = 4096 };

static void stop(const char *what, const char *why) {
  fprintf(stderr, "coverage: %s: %s\n", what, why);
  exit(EXIT_FAILURE);
}

static void *memory(size_t count, size_t size) {
  void *array = array_make(count, size);
  if (array == NULL) {
    stop("memory", "there is none");
  }
  return array;
}

struct figure { /* one value of one statistic */
  enum metric_id metric;
  int64_t item, date;
  enum statistic statistic;
  int index;
  double truth, truth_half, sum_of_halves;
  int64_t seen, covered;
};

struct study {
  const struct kernel *kernel;
  struct deck *deck;
  struct layout layout;
  int64_t n_figures;
  struct figure *figures;
  bool *needed; /* [n_columns] */
  double *centre;
};

struct sample { /* what a thread samples in */
  struct workspace *workspace;
  struct variant *variant;
  double *columns;
  struct tally tally;
  struct figures figures;
};

/* ---- what is wanted */

static const char *name_of(enum statistic statistic) {
  switch (statistic) {
    case STAT_MEAN: return "mean";
    case STAT_SD: return "sd";
    case STAT_NEVER: return "never";
    case STAT_QUANTILE: return "quantile";
    case STAT_VAR: return "var";
    case STAT_CVAR: return "cvar";
    case STAT_EXCEEDANCE: return "exceedance";
    case STAT_BY: return "by";
    default: return "other";
  }
}

static void want_column(struct study *study, const struct figures *figures, struct figure at) {
  study->needed[layout_column(&study->layout, at.metric, at.item, at.date)] = true;
  for (int s = 0; s < N_STATISTICS; ++s) {
    at.statistic = (enum statistic)s;
    if (statistic_kinds[s].role != ROLE_VALUE ||
        !figures_has(figures, &metrics[at.metric], at.statistic)) {
      continue;
    }
    for (at.index = 0; at.index < (int)figures_count(at.statistic); ++at.index) {
      if (study->n_figures == MOST_FIGURES) {
        stop("figures", "too many");
      }
      study->figures[study->n_figures++] = at;
    }
  }
}

static void want(struct study *study, const struct figures *figures, const char *word) {
  char name[MAX_NAME];
  const char *colon = strchr(word, ':');
  snprintf(name, sizeof name, "%.*s", (int)(colon != NULL ? colon - word : MAX_NAME - 1), word);
  struct figure at = {.metric = metric_find(name)};
  if (at.metric == N_METRICS) {
    stop(word, "no such metric");
  }
  const int64_t dates = study->layout.dates[at.metric];
  at.date = colon != NULL ? strtoll(colon + 1, NULL, 10) : 0;
  at.date += at.date < 0 ? dates : 0;
  if (at.date < 0 || at.date >= dates) {
    stop(word, "no such date");
  }
  for (; at.item < study->layout.items[at.metric]; ++at.item) {
    want_column(study, figures, at);
  }
}

/* ---- sampling */

static struct sample sample_make(const struct study *study) {
  const struct sampling plain = {.seed = 0};
  struct sample s = {
      .workspace = workspace_make(study->deck),
      .variant = memory(1, sizeof *s.variant),
      .columns = memory((size_t)study->layout.n_columns, BLOCK_PATHS * sizeof(double))};
  if (s.workspace == NULL ||
      tally_make(&s.tally, &study->layout, HISTOGRAMS_OF_TABLE,
                 plan_clustered(study->deck, plain), study->centre) != STATUS_OK) {
    stop("memory", "there is none");
  }
  return s;
}

static void sample_free(struct sample *s) {
  workspace_free(s->workspace);
  array_free(s->variant);
  array_free(s->columns);
  tally_free(&s->tally);
}

static void sample_block(const struct study *study, struct sample *s, uint64_t seed,
                         int64_t block) {
  const struct sampling sampling = {.seed = seed};
  variant_draw(s->variant, study->deck, seed, block);
  kernel_block(study->kernel, s->workspace, &s->variant->deck, &s->variant->constants,
               &sampling, block * BLOCK_PATHS, &study->layout, s->columns);
}

static void add_block(const struct study *study, struct sample *s, uint64_t seed, int64_t block,
                      const struct plan *plan) {
  sample_block(study, s, seed, block);
  for (int64_t column = 0; column < study->layout.n_columns; ++column) {
    if (study->needed[column]) {
      tally_add(&s->tally, column, s->columns + column * BLOCK_PATHS,
                plan_block_paths(plan, block), block % N_PARTS);
    }
  }
}

/* The long run: all threads add to one tally in the end. */
static void find_truth(struct study *study, int64_t paths) {
  const struct plan plan = plan_make(paths);
  struct sample all = sample_make(study);
#pragma omp parallel
  {
    struct sample mine = sample_make(study);
#pragma omp for schedule(dynamic, 1)
    for (int64_t block = 0; block < plan.end_block; ++block) {
      add_block(study, &mine, 0, block, &plan);
    }
#pragma omp critical
    tally_merge(&all.tally, &mine.tally);
    sample_free(&mine);
  }
  tally_canonical(&all.tally);
  figures_make(&all.figures, study->deck, &study->layout, &all.tally, NULL, NULL, NULL);
  for (int64_t i = 0; i < study->n_figures; ++i) {
    struct figure *f = &study->figures[i];
    f->truth = figures_value(&all.figures, f->metric, f->item, f->date, f->statistic, f->index);
    f->truth_half =
        figures_half(&all.figures, f->metric, f->item, f->date, f->statistic, f->index);
  }
  sample_free(&all);
}

/* ---- counting */

/* An end of an interval: its own where the metric has one, else the standard error's; NaN if
   there is none. */
static double end_of(const struct figures *figures, const struct figure *f, enum role role,
                     double value) {
  for (int s = 0; s < N_STATISTICS; ++s) {
    const enum statistic end = (enum statistic)s;
    if (statistic_kinds[s].value == f->statistic && statistic_kinds[s].role == role &&
        figures_has(figures, &metrics[f->metric], end)) {
      return figures_value(figures, f->metric, f->item, f->date, end, f->index);
    }
  }
  const double half =
      figures_half(figures, f->metric, f->item, f->date, f->statistic, f->index);
  return role == ROLE_LO ? value - half : value + half;
}

static void count(const struct figures *figures, struct figure *f) {
  const double value =
      figures_value(figures, f->metric, f->item, f->date, f->statistic, f->index);
  const double lo = end_of(figures, f, ROLE_LO, value), hi = end_of(figures, f, ROLE_HI, value);
  if (isnan(value) || isnan(lo) || isnan(hi) || isnan(f->truth)) {
    return;
  }
  const double below = hypot(value - lo, f->truth_half),
               above = hypot(hi - value, f->truth_half);
  const double rounding = 1e-12 * fabs(value);
  const bool held =
      value - below - rounding <= f->truth && f->truth <= value + above + rounding;
#pragma omp critical
  {
    f->seen += 1;
    f->covered += held;
    f->sum_of_halves += 0.5 * (hi - lo);
  }
}

static void count_seeds(struct study *study, int64_t seeds, int64_t paths) {
  const struct plan plan = plan_make(paths);
#pragma omp parallel
  {
    struct sample mine = sample_make(study);
    figures_make(&mine.figures, study->deck, &study->layout, &mine.tally, NULL, NULL, NULL);
#pragma omp for schedule(dynamic, 1)
    for (int64_t seed = 1; seed <= seeds; ++seed) {
      memset(mine.tally.words, 0, (size_t)mine.tally.n_words * sizeof *mine.tally.words);
      for (int64_t block = 0; block < plan.end_block; ++block) {
        add_block(study, &mine, (uint64_t)seed, block, &plan);
      }
      tally_canonical(&mine.tally);
      for (int64_t i = 0; i < study->n_figures; ++i) {
        count(&mine.figures, &study->figures[i]);
      }
    }
    sample_free(&mine);
  }
}

static void print(const struct study *study) {
  printf("metric item date statistic index truth truth_half seen covered half\n");
  for (int64_t i = 0; i < study->n_figures; ++i) {
    const struct figure *f = &study->figures[i];
    if (isfinite(f->truth)) {
      printf("%s %lld %lld %s %d %.9g %.3g %lld %lld %.3g\n", metrics[f->metric].name,
             (long long)f->item, (long long)f->date, name_of(f->statistic), f->index, f->truth,
             f->truth_half, (long long)f->seen, (long long)f->covered,
             f->sum_of_halves / (double)f->seen);
    }
  }
}

/* Centres of the power sums: path 0 of seed 0. */
static void find_centres(struct study *study) {
  struct sample first = sample_make(study);
  sample_block(study, &first, 0, 0);
  for (int64_t column = 0; column < study->layout.n_columns; ++column) {
    study->centre[column] = first.columns[column * BLOCK_PATHS];
  }
  sample_free(&first);
}

int main(int argc, char **argv) {
  if (argc < 6) {
    fprintf(stderr,
            "usage: coverage DECK SEEDS PATHS TRUTH_PATHS [KEY=VALUE]... "
            "METRIC[:DATE]...\n");
    return EXIT_FAILURE;
  }
  int first_metric = 5;
  while (first_metric < argc && strchr(argv[first_metric], '=') != NULL) {
    ++first_metric;
  }
  struct study study = {.kernel = kernel_pick(), .deck = memory(1, sizeof *study.deck)};
  const enum status status =
      deck_read(argv[1], (const char *const *)&argv[5], first_metric - 5, study.deck, NULL);
  if (status != STATUS_OK || study.kernel == NULL) {
    return EXIT_FAILURE;
  }
  layout_make(&study.layout, study.deck);
  study.figures = memory(MOST_FIGURES, sizeof *study.figures);
  study.needed = memory((size_t)study.layout.n_columns, sizeof *study.needed);
  study.centre = memory((size_t)study.layout.n_columns, sizeof *study.centre);
  study.needed[0] = true; /* counts the blocks and the paths of the parts */
  struct figures *shape = memory(1, sizeof *shape);
  figures_make(shape, study.deck, &study.layout, NULL, NULL, NULL, NULL);
  for (int n = first_metric; n < argc; ++n) {
    want(&study, shape, argv[n]);
  }
  find_centres(&study);
  find_truth(&study, strtoll(argv[4], NULL, 10));
  count_seeds(&study, strtoll(argv[2], NULL, 10), strtoll(argv[3], NULL, 10));
  print(&study);
  array_free(shape);
  array_free(study.centre);
  array_free(study.needed);
  array_free(study.figures);
  array_free(study.deck);
  return EXIT_SUCCESS;
}
