#include "campaign/survey.h"

#include <math.h>
#include <string.h>

#include "base/arrays.h"
#include "campaign/crew.h"
#include "campaign/plan.h"
#include "math/lane.h"

static const double ROUND_SECONDS = 1; /* between two agreements of the ranks */
enum { MOST_BLOCKS = 1024 };           /* of a round, which bounds its memory */

/* ---- the walks of a block, in order: all keys drawn; each key drawn again; all in the middle;
   each key low, and high. The first and the middle one are what those after them are compared
   with. */

static int64_t first_middle(const struct survey *survey) {
  return 1 + (survey->total ? survey->deck->n_uncertain : 0);
}

static int64_t walk_of_swing(const struct survey *survey, int64_t key, enum swing swing) {
  return first_middle(survey) + 1 + key * N_SWINGS + swing;
}

static bool stands_alone(const struct survey *survey, int64_t walk) {
  return walk == 0 || walk == first_middle(survey);
}

static int64_t walks_of(const struct survey *survey, bool with_swings) {
  return first_middle(survey) + (with_swings ? 1 + N_SWINGS * survey->deck->n_uncertain : 0);
}

int64_t survey_walked(const struct survey *survey, int64_t blocks) {
  const int64_t swings = blocks < survey->swing_blocks ? blocks : survey->swing_blocks;
  return BLOCK_PATHS *
         (swings * walks_of(survey, true) + (blocks - swings) * walks_of(survey, false));
}

/* ---- walking */

struct draws { /* of a group of paths */
  struct path_draws path;
  struct month_draws months[]; /* [n_months] */
};

typedef double group_values[MAX_QUANTITIES][LANES];

struct sums { /* over paths, of a quantity or of its difference to the walk it is compared with
               */
  double sum, squares;
};

struct surveyor { /* what one thread needs beside its worker */
  struct draws *draws;
  struct variant *drawn; /* [first_middle] all keys drawn, and each again */
  struct sums *sums;     /* [walks][n_quantities] of a block */
};

struct expedition { /* a survey under way */
  const struct survey *survey;
  struct crew *crew;
  struct surveyor *surveyors; /* [threads] */
  struct variant *fixed;      /* of the other walks */
  int8_t *quantity_of;        /* [n_columns] -1: none is asked for */
  int64_t length;             /* doubles of a block's sums */
  int64_t begin, *words;      /* of a round: [blocks][length], doubles by their bits */
};

static const struct variant *variant_of(const struct expedition *of,
                                        const struct surveyor *surveyor, int64_t walk) {
  const int64_t middle = first_middle(of->survey);
  return walk < middle ? &surveyor->drawn[walk] : &of->fixed[walk - middle];
}

static void draw_keys(const struct survey *survey, struct variant *drawn, int64_t block) {
  const struct deck *deck = survey->deck;
  const uint64_t seed = deck->sampling.seed;
  double u[MAX_UNCERTAIN], again[MAX_UNCERTAIN];
  variant_draw(&drawn[0], deck, seed, block);
  uncertain_uniforms(deck, seed, block, u);
  for (int64_t key = 0; survey->total && key < deck->n_uncertain; ++key) {
    uncertain_redraw(deck, seed, block, key, u, again);
    uncertain_set(&drawn[1 + key].deck, deck, again);
    constants_make(&drawn[1 + key].constants, &drawn[1 + key].deck);
  }
}

static void draw_group(const struct survey *survey, struct draws *draws, int64_t first_path) {
  const struct draw_shape shape = kernel_draw_shape(survey->deck);
  const uint64_t seed = survey->deck->sampling.seed;
  survey->kernel->sample_paths(seed, 0, first_path, &shape, &draws->path);
  for (int64_t m = 0; m < survey->layout->n_months; ++m) {
    survey->kernel->sample_month(seed, 0, first_path, &shape, m, &draws->months[m]);
  }
}

/* One deck on a group, through all months; keeps what is asked for. */
static void walk_group(const struct expedition *of, struct worker *worker,
                       const struct draws *draws, const struct variant *variant,
                       group_values values) {
  const struct survey *survey = of->survey;
  const struct kernel *kernel = survey->kernel;
  const int64_t n_months = survey->layout->n_months;
  struct workspace *w = worker->workspaces[0];
  struct sheet *sheet = &worker->sheets[0];
  kernel->begin(w, &variant->deck, &variant->constants, &draws->path);
  for (int64_t m = 0; m <= n_months; ++m) {
    if (m < n_months) {
      kernel->month(w, &variant->deck, &variant->constants, &draws->months[m], m,
                    survey->layout, sheet);
    } else {
      kernel->end(w, &variant->deck, &variant->constants, survey->layout, sheet);
    }
    for (int64_t row = 0; row < sheet->n; ++row) {
      const int q = of->quantity_of[sheet->column[row]];
      if (q >= 0) {
        memcpy(values[q], sheet->rows[row], sizeof values[q]);
      }
    }
  }
}

static void add_group(struct sums *sums, const double *values, const double *others) {
  for (int i = 0; i < LANES; ++i) {
    const double difference = values[i] - others[i];
    sums->sum += difference;
    sums->squares += difference * difference;
  }
}

static void walk_block(void *context, struct worker *worker, int64_t i) {
  struct expedition *of = context;
  const struct survey *survey = of->survey;
  static const group_values nothing;
  struct surveyor *surveyor = &of->surveyors[worker - crew_worker(of->crew, 0)];
  const int64_t n = survey->n_quantities;
  const int64_t place = survey->team->rank + i * survey->team->size, block = of->begin + place;
  const int64_t walks = walks_of(survey, block < survey->swing_blocks);
  group_values values, compared;
  memset(surveyor->sums, 0, (size_t)of->length * sizeof(double));
  draw_keys(survey, surveyor->drawn, block);
  for (int64_t offset = 0; offset < BLOCK_PATHS; offset += LANES) {
    draw_group(survey, surveyor->draws, block * BLOCK_PATHS + offset);
    for (int64_t walk = 0; walk < walks; ++walk) {
      const bool alone = stands_alone(survey, walk);
      walk_group(of, worker, surveyor->draws, variant_of(of, surveyor, walk),
                 alone ? compared : values);
      for (int64_t q = 0; q < n; ++q) {
        add_group(&surveyor->sums[walk * n + q], alone ? compared[q] : values[q],
                  alone ? nothing[q] : compared[q]);
      }
    }
  }
  memcpy(of->words + place * of->length, surveyor->sums, (size_t)of->length * sizeof(double));
}

static void walk_no_more(void *context, struct worker *worker, int64_t number) {
  (void)context, (void)worker, (void)number;
}

/* ---- what rank 0 keeps */

struct journal {
  double *means, *noises;   /* [n_quantities][blocks] of all keys drawn */
  double *squares;          /* [n_quantities][n_keys][blocks] of each key drawn again */
  double *values;           /* [n_keys][blocks] of the keys */
  struct path_sums *totals; /* [walks][n_quantities] over the blocks with swings */
};

static bool journal_make(struct journal *journal, const struct survey *survey) {
  const size_t q = (size_t)survey->n_quantities, k = (size_t)survey->deck->n_uncertain,
               n = (size_t)survey->blocks;
  journal->means = array_make(q * n, sizeof(double));
  journal->noises = array_make(q * n, sizeof(double));
  journal->squares = array_make(survey->total ? q * k * n : 0, sizeof(double));
  journal->values = array_make(k * n, sizeof(double));
  journal->totals = array_make((size_t)walks_of(survey, true) * q, sizeof *journal->totals);
  return journal->means != NULL && journal->noises != NULL && journal->squares != NULL &&
         journal->values != NULL && journal->totals != NULL;
}

static void journal_free(struct journal *journal) {
  array_free(journal->means);
  array_free(journal->noises);
  array_free(journal->squares);
  array_free(journal->values);
  array_free(journal->totals);
}

/* Takes over a block's sums, blocks in their order. */
static void keep_block(struct journal *journal, const struct survey *survey, int64_t block,
                       const struct sums *sums) {
  const int64_t n = survey->n_quantities, keys = survey->deck->n_uncertain;
  for (int64_t i = 0; i < first_middle(survey) * n; ++i) {
    const int64_t walk = i / n, q = i % n;
    const struct path_sums of_block = {BLOCK_PATHS, sums[i].sum, sums[i].squares};
    const struct estimate mean = sensitivity_mean(&of_block);
    if (walk == 0) {
      journal->means[q * survey->blocks + block] = mean.value;
      journal->noises[q * survey->blocks + block] = mean.se * mean.se;
    } else {
      journal->squares[(q * keys + walk - 1) * survey->blocks + block] =
          mean.value * mean.value - mean.se * mean.se;
    }
  }
  const int64_t end = block < survey->swing_blocks ? walks_of(survey, true) * n : 0;
  for (int64_t i = first_middle(survey) * n; i < end; ++i) {
    journal->totals[i].n += BLOCK_PATHS;
    journal->totals[i].sum += sums[i].sum;
    journal->totals[i].squares += sums[i].squares;
  }
}

static void keep_keys(struct journal *journal, const struct survey *survey) {
  const struct deck *deck = survey->deck;
  double u[MAX_UNCERTAIN];
  for (int64_t block = 0; block < survey->blocks; ++block) {
    uncertain_uniforms(deck, deck->sampling.seed, block, u);
    for (int64_t key = 0; key < deck->n_uncertain; ++key) {
      journal->values[key * survey->blocks + block] =
          law_quantile(&deck->uncertain[key].law, u[key]);
    }
  }
}

static enum status conclude(const struct journal *journal, const struct survey *survey,
                            struct sensitivity *out) {
  const int64_t n = survey->n_quantities, keys = survey->deck->n_uncertain;
  enum status status = STATUS_OK;
  *out = (struct sensitivity){.n_quantities = n,
                              .n_keys = keys,
                              .blocks = survey->blocks,
                              .swing_blocks = survey->swing_blocks,
                              .has_total = survey->total};
  for (int64_t q = 0; q < n; ++q) {
    const struct block_means means = {survey->blocks, journal->means + q * survey->blocks,
                                      journal->noises + q * survey->blocks};
    out->base[q] = sensitivity_mean(&journal->totals[first_middle(survey) * n + q]);
    out->mean[q] = sensitivity_block_mean(&means);
    out->variance[q] = sensitivity_variance(&means);
    for (int64_t key = 0; key < keys && status == STATUS_OK; ++key) {
      const int64_t low = walk_of_swing(survey, key, SWING_LOW),
                    high = walk_of_swing(survey, key, SWING_HIGH);
      out->low[q][key] = sensitivity_mean(&journal->totals[low * n + q]);
      out->high[q][key] = sensitivity_mean(&journal->totals[high * n + q]);
      status = sensitivity_first_order(&means, journal->values + key * survey->blocks,
                                       &out->first[q][key]);
      if (survey->total) {
        out->total[q][key] =
            sensitivity_total(&means, journal->squares + (q * keys + key) * survey->blocks);
      }
    }
  }
  return status;
}

/* ---- the way there */

/* The blocks [begin, end), by all ranks; rank 0 keeps what they tell. */
static void run_round(struct expedition *of, struct journal *journal, int64_t begin,
                      int64_t end) {
  const struct survey *survey = of->survey;
  const struct team *team = survey->team;
  const size_t n_words = (size_t)((end - begin) * of->length);
  of->begin = begin;
  memset(of->words, 0, n_words * sizeof *of->words);
  crew_run(of->crew, plan_share(begin, end, team->rank, team->size), walk_block, walk_no_more,
           of);
  team_sum(team, of->words, n_words); /* a word is 0 on all ranks but the block's own */
  for (int64_t block = begin; team->rank == 0 && block < end; ++block) {
    struct sums *sums = of->surveyors[0].sums;
    memcpy(sums, of->words + (block - begin) * of->length, (size_t)of->length * sizeof(double));
    keep_block(journal, survey, block, sums);
  }
}

static void run_all(struct expedition *of, struct journal *journal) {
  const struct survey *survey = of->survey;
  const double start = progress_clock();
  int64_t threads[1] = {crew_size(of->crew)};
  team_sum(survey->team, threads, 1);
  team_broadcast(threads, sizeof threads);
  for (int64_t begin = 0; begin < survey->blocks;) {
    int64_t round = plan_round(begin, progress_clock() - start, ROUND_SECONDS, threads[0]);
    round = round < MOST_BLOCKS ? round : MOST_BLOCKS;
    int64_t end = begin + round < survey->blocks ? begin + round : survey->blocks;
    team_broadcast(&end, sizeof end); /* rank 0's clock decides */
    run_round(of, journal, begin, end);
    if (survey->progress != NULL) {
      progress_show(survey->progress, survey_walked(survey, end));
    }
    begin = end;
  }
}

static bool equip(struct expedition *of) {
  const struct survey *survey = of->survey;
  const int64_t middle = first_middle(survey);
  const int threads = survey->placement->threads;
  const struct job job = {.kernel = survey->kernel,
                          .sides = {{survey->deck, NULL}},
                          .n_sides = 1,
                          .layout = survey->layout};
  of->length = 2 * walks_of(survey, true) * survey->n_quantities;
  of->crew = crew_make(threads, &job);
  of->surveyors = array_make((size_t)threads, sizeof *of->surveyors);
  of->fixed = array_make((size_t)(walks_of(survey, true) - middle), sizeof *of->fixed);
  of->quantity_of = array_make((size_t)survey->layout->n_columns, 1);
  of->words = array_make((size_t)(MOST_BLOCKS * of->length), sizeof *of->words);
  bool made = of->crew != NULL && of->surveyors != NULL && of->fixed != NULL &&
              of->quantity_of != NULL && of->words != NULL;
  for (int i = 0; made && i < threads; ++i) {
    struct surveyor *surveyor = &of->surveyors[i];
    surveyor->draws =
        array_make(1, sizeof *surveyor->draws +
                          (size_t)survey->layout->n_months * sizeof surveyor->draws->months[0]);
    surveyor->drawn = array_make((size_t)middle, sizeof *surveyor->drawn);
    surveyor->sums = array_make((size_t)of->length, sizeof(double));
    made = surveyor->draws != NULL && surveyor->drawn != NULL && surveyor->sums != NULL;
  }
  return made;
}

static void prepare(struct expedition *of) {
  const struct survey *survey = of->survey;
  const int64_t swings = N_SWINGS * survey->deck->n_uncertain;
  for (int64_t i = -1; i < swings; ++i) {
    struct variant *variant = &of->fixed[1 + i];
    uncertain_swing(&variant->deck, survey->deck, i < 0 ? -1 : i / N_SWINGS,
                    i % N_SWINGS == SWING_HIGH ? SWING_HIGH : SWING_LOW);
    constants_make(&variant->constants, &variant->deck);
  }
  memset(of->quantity_of, -1, (size_t)survey->layout->n_columns);
  for (int8_t q = 0; q < survey->n_quantities; ++q) {
    of->quantity_of[survey->columns[q]] = q;
  }
  crew_place(of->crew, survey->placement);
}

static void pack_up(struct expedition *of) {
  for (int i = 0; of->surveyors != NULL && i < of->survey->placement->threads; ++i) {
    array_free(of->surveyors[i].draws);
    array_free(of->surveyors[i].drawn);
    array_free(of->surveyors[i].sums);
  }
  array_free(of->surveyors);
  array_free(of->fixed);
  array_free(of->quantity_of);
  array_free(of->words);
  crew_free(of->crew);
}

enum status survey_run(const struct survey *survey, struct sensitivity *sensitivity) {
  struct expedition of = {.survey = survey};
  struct journal journal = {.means = NULL};
  bool made = equip(&of);
  if (made && survey->team->rank == 0) {
    made = journal_make(&journal, survey);
  }
  if (made) {
    prepare(&of);
  }
  enum status status =
      team_agree(made ? crew_set_arithmetic(of.crew)
                      : status_fail(STATUS_FAILED, "no memory for the sensitivity of %lld keys",
                                    (long long)survey->deck->n_uncertain));
  if (status == STATUS_OK) {
    run_all(&of, &journal);
    if (survey->team->rank == 0) {
      keep_keys(&journal, survey);
      status = conclude(&journal, survey, sensitivity);
    }
    status = team_agree(status);
  }
  journal_free(&journal);
  pack_up(&of);
  return status;
}
