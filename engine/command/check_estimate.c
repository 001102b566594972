/* What a run of a deck takes: memory, time, room on disk, and where it would run. */
#include <stdio.h>
#include <stdlib.h>

#include "base/arrays.h"
#include "campaign/crew.h"
#include "campaign/plan.h"
#include "campaign/worker.h"
#include "command/check_parts.h"
#include "edge/placement.h"
#include "edge/progress.h"
#include "edge/results.h"

static const double tried_for = 0.3; /* seconds */
enum { TRIED_LEAST = 2, TRIED_MOST = 256 };

struct trial {
  const struct deck *deck;
  const char *resolved;
  int64_t n_paths; /* of the deck's run */
  struct layout layout;
  struct constants *constants;
  double *centre;
  struct job job;
  struct state state;
  struct worker worker;
  double seconds; /* of a block */
};

static enum status make(struct trial *trial) {
  const struct deck *deck = trial->deck;
  layout_make(&trial->layout, deck);
  trial->constants = array_make(1, sizeof *trial->constants);
  trial->centre = array_make((size_t)trial->layout.n_columns, sizeof *trial->centre);
  trial->job = (struct job){.kernel = kernel_pick(),
                            .sides = {{deck, trial->constants}},
                            .n_sides = 1,
                            .layout = &trial->layout,
                            .sampling = plan_sampling(&deck->sampling, &trial->n_paths)};
  if (trial->job.kernel == NULL) {
    return STATUS_USAGE;
  }
  if (trial->constants == NULL || trial->centre == NULL) {
    return status_fail(STATUS_FAILED, "no memory for a block of paths");
  }
  constants_make(trial->constants, deck);
  const enum status status =
      state_make(&trial->state, &trial->layout, 1, plan_clustered(deck, trial->job.sampling),
                 (const double *const[]){trial->centre}, 0);
  if (status != STATUS_OK) {
    return status;
  }
  return worker_make(&trial->worker, &trial->job) &&
                 worker_gather(&trial->worker, &trial->job, &trial->state)
             ? STATUS_OK
             : status_fail(STATUS_FAILED, "no memory for a block of paths");
}

static void give_back(struct trial *trial) {
  worker_drop(&trial->worker);
  worker_free(&trial->worker);
  state_free(&trial->state);
  array_free(trial->constants);
  array_free(trial->centre);
}

/* Computes blocks for a moment; the first warms up and is not timed. */
static bool try_blocks(struct trial *trial) {
  struct tally *tally = &trial->state.tallies[TALLY_SAMPLE];
  double start = progress_clock();
  int64_t n = 0;
  for (; n < TRIED_LEAST || (n < TRIED_MOST && progress_clock() - start < tried_for); ++n) {
    start = n == 1 ? progress_clock() : start;
    worker_block(&trial->worker, &trial->job, n, (struct block_part){BLOCK_PATHS, 0});
    gather_deposit(&trial->worker.gathers[TALLY_SAMPLE], tally, 0, trial->layout.n_columns);
    gather_empty(&trial->worker.gathers[TALLY_SAMPLE]);
  }
  trial->seconds = (progress_clock() - start) / (double)(n - 1);
  const struct path_range range = {0, n * BLOCK_PATHS};
  state_canonical(&trial->state);
  return ranges_add(&trial->state.paths, range);
}

/* Bytes of the result of what was tried. */
static enum status build(const struct trial *trial, size_t *size) {
  const struct results results = {.n_decks = 1,
                                  .decks = {trial->deck},
                                  .resolved = {trial->resolved},
                                  .sampling = {.points = 0},
                                  .layout = &trial->layout,
                                  .state = &trial->state};
  void *bytes = NULL;
  const enum status status = results_build(&results, &bytes, size);
  free(bytes);
  return status;
}

static void say_duration(double seconds) {
  if (seconds < 100.0) {
    fprintf(stderr, "%.2g s", seconds);
  } else if (seconds < 6000.0) {
    fprintf(stderr, "%.3g min", seconds / 60.0);
  } else {
    fprintf(stderr, "%.3g h", seconds / 3600.0);
  }
}

/* A number from Slurm's environment; 0: it says nothing. */
static long slurm(const char *name) {
  const char *text = getenv(name);
  const long n = text != NULL ? strtol(text, NULL, 10) : 0;
  return n > 0 ? n : 0;
}

static void say_placement(double core_seconds) {
  const struct placement here = placement_alone(crew_openmp());
  const long tasks = slurm("SLURM_NTASKS"), nodes = slurm("SLURM_JOB_NUM_NODES");
  const long each = slurm("SLURM_CPUS_PER_TASK");
  fprintf(stderr, "  here       1 rank of %d thread%s on %d processor%s%s: ", here.threads,
          here.threads == 1 ? "" : "s", here.processors, here.processors == 1 ? "" : "s",
          here.pinned ? ", each thread bound to its own" : "");
  say_duration(core_seconds /
               (here.threads < here.processors ? here.threads : here.processors));
  fputc('\n', stderr);
  if (tasks > 0 && nodes > 0) {
    const long threads = tasks * (each > 0 ? each : 1);
    fprintf(stderr, "  with srun  %ld rank%s of %ld thread%s on %ld node%s: ", tasks,
            tasks == 1 ? "" : "s", each > 0 ? each : 1, each > 1 ? "s" : "", nodes,
            nodes == 1 ? "" : "s");
    say_duration(core_seconds / (double)threads);
    fputc('\n', stderr);
  }
}

static void say(const struct trial *trial, size_t size) {
  const struct tally *tally = &trial->state.tallies[TALLY_SAMPLE];
  const double rate = BLOCK_PATHS / trial->seconds;
  const double core_seconds = (double)trial->n_paths / rate;
  fprintf(stderr,
          "tenor: the deck is valid; a run of it takes about\n"
          "  memory     %.0f MB a rank and %.0f MB a thread\n"
          "  result     %.2g to %.2g MB\n"
          "  time       %.0f paths at %.2g paths/s a core: ",
          8e-6 * (double)tally->n_words, 1e-6 * (double)gather_bytes(tally),
          1e-6 * (double)size, 1.6e-6 * (double)size, (double)trial->n_paths, rate);
  say_duration(core_seconds);
  fputs(" on one core\n", stderr);
  say_placement(core_seconds);
}

enum status check_estimate(const struct deck *deck, const char *resolved) {
  struct trial trial = {.deck = deck, .resolved = resolved};
  size_t size = 0;
  enum status status = make(&trial);
  if (status == STATUS_OK && !try_blocks(&trial)) {
    status = status_fail(STATUS_FAILED, "no memory for a block of paths");
  }
  if (status == STATUS_OK) {
    status = build(&trial, &size);
  }
  if (status == STATUS_OK) {
    say(&trial, size);
  }
  give_back(&trial);
  return status;
}
