#include "campaign/measure.h"

#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "campaign/campaign.h"
#include "campaign/crew.h"
#include "edge/machine.h"
#include "edge/progress.h"

struct measurement {
  const struct team *team;
  const struct deck *deck;
  const struct effort *effort;
  struct placement placement; /* of the full crew */
  struct constants constants;
  struct layout layout;
  int n_kernels;
  struct job jobs[MAX_KERNELS];
  struct crew *crews[MAX_KERNELS]; /* one thread each */
  struct crew *full_crew;          /* of the first kernel */
  int64_t blocks[MAX_KERNELS];     /* a worker's part of one measurement */
  struct workspace *workspace;     /* of the floor */
  struct state state;
  struct times rounds[MAX_ROUNDS];
};

/* ---- one measurement */

struct shared { /* by the tasks of a crew */
  struct crew *crew;
  const struct job *job;
  struct state *state;
};

static void deposit(const struct shared *shared, struct worker *worker) {
  crew_deposit(shared->crew, worker, shared->state);
  lap(worker->laps, STAGE_STATISTICS);
}

static void sample_block(void *context, struct worker *worker, int64_t i) {
  const struct shared *shared = context;
  worker_block(worker, shared->job, i, (struct block_part){BLOCK_PATHS, i % N_PARTS});
  if (gather_full(&worker->gathers[TALLY_SAMPLE])) {
    deposit(shared, worker);
  }
}

static void hand_in(void *context, struct worker *worker, int64_t number) {
  (void)number;
  deposit(context, worker);
}

/* Of a worker's part. */
static double path_months(const struct measurement *of, int kernel) {
  return (double)(of->blocks[kernel] * BLOCK_PATHS * of->layout.n_months);
}

/* ns per path and month of each worker, when each has its part. */
static double sample(struct measurement *of, struct crew *crew, int kernel) {
  struct shared shared = {crew, &of->jobs[kernel], &of->state};
  const double start = progress_clock();
  crew_run(crew, of->blocks[kernel] * crew_size(crew), sample_block, hand_in, &shared);
  const double seconds = progress_clock() - start;
  state_canonical(&of->state); /* leaves the accumulators room */
  return 1e9 * seconds / path_months(of, kernel);
}

/* The same draws, and then the least arithmetic. */
static double sample_floor(struct measurement *of, int k) {
  const struct kernel *kernel = of->jobs[k].kernel;
  const struct sampling *sampling = &of->jobs[k].sampling;
  struct workspace *w = of->workspace;
  const double start = progress_clock();
  for (int64_t first = 0; first < of->blocks[k] * BLOCK_PATHS; first += LANES) {
    kernel->draw_begin(w, of->deck, &of->constants, sampling, first);
    for (int64_t m = 0; m < of->layout.n_months; ++m) {
      kernel->draw_month(w, of->deck, &of->constants, sampling, first, m);
      kernel->floor(w, of->deck->n_customers);
    }
  }
  return 1e9 * (progress_clock() - start) / path_months(of, k);
}

/* What one reading of the clock takes [s]. */
static double clock_cost(void) {
  enum { READINGS = 20000 };
  const double start = progress_clock();
  double end = start;
  for (int i = 0; i < READINGS; ++i) {
    end = progress_clock();
  }
  return (end - start) / READINGS;
}

static void sample_stages(struct measurement *of, int k, double stages[N_STAGES]) {
  struct worker *worker = crew_worker(of->crews[k], 0);
  const double reading = clock_cost();
  struct laps laps = {.clock = progress_clock, .last = progress_clock()};
  worker_time(worker, &of->jobs[k], &laps);
  (void)sample(of, of->crews[k], k);
  worker_time(worker, &of->jobs[k], NULL);
  for (int stage = 0; stage < N_STAGES; ++stage) {
    const double seconds = laps.seconds[stage] - reading * (double)laps.counts[stage];
    stages[stage] = seconds > 0 ? 1e9 * seconds / path_months(of, k) : 0;
  }
}

/* ---- a round */

/* All ranks begin together. */
static double sample_together(struct measurement *of, struct crew *crew) {
  team_wait();
  team_agree(STATUS_OK);
  const double mine = sample(of, crew, 0);
  team_wait(); /* a rank that is done leaves the slower ones alone */
  return team_most(mine);
}

static double sum_states(struct measurement *of) {
  struct tally *tally = &of->state.tallies[TALLY_SAMPLE];
  team_agree(STATUS_OK);
  const double start = progress_clock();
  team_sum(of->team, tally->words, (size_t)tally->n_words);
  const double seconds = progress_clock() - start;
  memset(tally->words, 0, (size_t)tally->n_words * sizeof *tally->words);
  return team_most(seconds);
}

/* The slowest kernel comes first, so that the first one's time alone stands beside its times in
   company. */
static void measure_round(struct measurement *of, struct times *times) {
  const double start = progress_clock(), used = machine_thread_seconds();
  for (int k = of->n_kernels - 1; of->team->rank == 0 && k >= 0; --k) {
    struct kernel_times *mine = &times->kernels[k];
    mine->floor = sample_floor(of, k);
    sample_stages(of, k, mine->stages);
    mine->whole = sample(of, of->crews[k], k);
  }
  times->share = (machine_thread_seconds() - used) / (progress_clock() - start);
  times->one_each = sample_together(of, of->crews[0]);
  times->all = sample_together(of, of->full_crew);
  times->reduction = sum_states(of);
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void find_medians(const struct times *rounds, int64_t n, struct times *medians) {
  for (size_t i = 0; i < sizeof *medians / sizeof(double); ++i) {
    double sorted[MAX_ROUNDS];
    for (int64_t round = 0; round < n; ++round) {
      sorted[round] = ((const double *)&rounds[round])[i];
    }
    qsort(sorted, (size_t)n, sizeof sorted[0], ascending);
    ((double *)medians)[i] = 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]);
  }
}

/* ---- set-up */

static enum status list_kernels(struct measurement *of) {
  const struct kernel *first = kernel_pick(), *kernel = NULL;
  int64_t n_paths = 0;
  if (first == NULL) {
    return STATUS_USAGE;
  }
  for (int n = 0; of->n_kernels < MAX_KERNELS && (kernel = kernel_number(n)) != NULL; ++n) {
    if (of->n_kernels > 0 || kernel == first) {
      of->jobs[of->n_kernels++] =
          (struct job){.kernel = kernel,
                       .sides = {{of->deck, &of->constants}},
                       .n_sides = 1,
                       .layout = &of->layout,
                       .sampling = plan_sampling(&of->deck->sampling, &n_paths)};
    }
  }
  return STATUS_OK;
}

/* The workers of a crew can gather. */
static bool make_room(struct measurement *of, struct crew *crew, int kernel) {
  bool made = crew != NULL;
  for (int i = 0; made && i < crew_size(crew); ++i) {
    made = worker_gather(crew_worker(crew, i), &of->jobs[kernel], &of->state);
  }
  return made;
}

static enum status set_up(struct measurement *of) {
  placement_arrange(&of->placement, of->team, of->effort->threads, crew_openmp(), true);
  layout_make(&of->layout, of->deck);
  constants_make(&of->constants, of->deck);
  enum status status = list_kernels(of);
  if (status != STATUS_OK) {
    return status;
  }
  of->full_crew = crew_make(of->placement.threads, &of->jobs[0]);
  of->workspace = workspace_make(of->deck);
  bool made = of->full_crew != NULL && of->workspace != NULL;
  if (made) {
    crew_place(of->full_crew, &of->placement);
    const struct campaign campaign = {
        .team = of->team, .job = of->jobs[0], .crew = of->full_crew};
    status = campaign_state(&campaign, &of->state);
    made = status == STATUS_OK && make_room(of, of->full_crew, 0);
  }
  for (int k = 0; made && k < of->n_kernels; ++k) {
    of->crews[k] = crew_make(1, &of->jobs[k]);
    made = make_room(of, of->crews[k], k);
  }
  return made || status != STATUS_OK
             ? status
             : status_fail(STATUS_FAILED, "no memory for the blocks of %d threads",
                           of->placement.threads);
}

/* Rank 0 finds how many blocks fill the time. The first block warms up. */
static void calibrate(struct measurement *of) {
  for (int k = 0; of->team->rank == 0 && k < of->n_kernels; ++k) {
    of->blocks[k] = 1;
    (void)sample(of, of->crews[k], k);
    const double block = 1e-9 * sample(of, of->crews[k], k) * path_months(of, k);
    const double blocks = of->effort->seconds / block;
    of->blocks[k] = blocks > GATHER_BLOCKS ? (int64_t)blocks : GATHER_BLOCKS;
  }
  team_wait();
  team_broadcast(of->blocks, sizeof of->blocks);
}

static void tell(struct measurement *of, struct speeds *speeds) {
  int64_t workers = crew_size(of->full_crew);
  team_sum(of->team, &workers, 1);
  *speeds =
      (struct speeds){.n_kernels = of->n_kernels,
                      .months = of->layout.n_months,
                      .threads = crew_size(of->full_crew),
                      .workers = (int)workers,
                      .reduction_bytes = 8.0 * (double)of->state.tallies[TALLY_SAMPLE].n_words};
  for (int k = 0; k < of->n_kernels; ++k) {
    speeds->names[k] = of->jobs[k].kernel->name;
  }
  find_medians(of->rounds, of->effort->rounds, &speeds->times);
}

static void clear(struct measurement *of) {
  for (int k = 0; k < of->n_kernels; ++k) {
    crew_free(of->crews[k]);
  }
  crew_free(of->full_crew);
  workspace_free(of->workspace);
  state_free(&of->state);
  array_free(of);
}

enum status measure_deck(const struct team *team, const struct deck *deck,
                         const struct effort *effort, struct speeds *speeds) {
  struct measurement *of = array_make(1, sizeof *of);
  enum status status = team_agree(
      of != NULL ? STATUS_OK : status_fail(STATUS_FAILED, "no memory for measurements"));
  if (status == STATUS_OK) {
    of->team = team;
    of->deck = deck;
    of->effort = effort;
    status = team_agree(set_up(of));
  }
  if (status == STATUS_OK) {
    calibrate(of);
    for (int64_t round = 0; round < effort->rounds; ++round) {
      measure_round(of, &of->rounds[round]);
    }
    tell(of, speeds);
  }
  if (of != NULL) {
    clear(of);
  }
  return status;
}
