#include "campaign.h"

#include <fenv.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arrays.h"

enum { STRIPES = 64 };                 /* parts of the tally that are locked one by one */
static const double ROUND_SECONDS = 1; /* between two agreements of the ranks */

struct worker { /* what one thread computes in */
  struct workspace *workspace;
  double *columns[MAX_SIDES]; /* each [n_columns][BLOCK_PATHS] */
};

static int count_tallies(const struct campaign *campaign) {
  return campaign->n_sides == 1 ? 1 : MAX_TALLIES;
}

int campaign_threads(const struct team *team) {
  if (getenv("OMP_NUM_THREADS") != NULL) {
    return omp_get_max_threads();
  }
  const int mine = omp_get_num_procs();
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  const int share = mine < online ? mine : mine / team->node_ranks;
  return share > 1 ? share : 1;
}

static enum status worker_make(struct worker *worker, const struct campaign *campaign) {
  worker->workspace = workspace_make(campaign->sides[0].deck);
  bool made = worker->workspace != NULL;
  for (int side = 0; side < campaign->n_sides; ++side) {
    worker->columns[side] =
        array_make((size_t)campaign->layout->n_columns, BLOCK_PATHS * sizeof(double));
    made = made && worker->columns[side] != NULL;
  }
  return made ? STATUS_OK : status_fail(STATUS_FAILED, "no memory for a block of paths");
}

static void worker_free(struct worker *worker) {
  workspace_free(worker->workspace);
  for (int side = 0; side < MAX_SIDES; ++side) {
    array_free(worker->columns[side]);
  }
}

static void simulate(const struct campaign *campaign, struct worker *worker, int64_t block) {
  for (int n = 0; n < campaign->n_sides; ++n) {
    const struct side *side = &campaign->sides[n];
    campaign->kernel->run(worker->workspace, side->deck, side->constants,
                          campaign->sides[0].deck->sampling.seed, block * BLOCK_PATHS,
                          campaign->layout, worker->columns[n]);
  }
}

/* The n values of a block that tally number `t` gets of a column; `room` is for differences. */
static const double *values_of(const struct worker *worker, int t, int n_tallies,
                               int64_t column, int64_t n, double room[BLOCK_PATHS]) {
  const double *first = worker->columns[0] + column * BLOCK_PATHS;
  if (n_tallies == 1 || t == TALLY_FIRST) {
    return first;
  }
  const double *second = worker->columns[1] + column * BLOCK_PATHS;
  if (t == TALLY_SECOND) {
    return second;
  }
  for (int64_t i = 0; i < n;
       ++i) { /* a date that never comes on either side is no difference */
    room[i] = first[i] == second[i] ? 0.0 : first[i] - second[i];
  }
  return room;
}

static void add_column(const struct worker *worker, int64_t column, int64_t n, int64_t part,
                       struct tally *tallies, int n_tallies) {
  double room[BLOCK_PATHS];
  for (int t = 0; t < n_tallies; ++t) {
    tally_add(&tallies[t], column, values_of(worker, t, n_tallies, column, n, room), n, part);
  }
}

/* Adds a block to the tallies, stripe by stripe. Threads start at different stripes and pass by
   the ones that are taken at first; integers commute, so the order changes nothing. */
static void deposit(const struct campaign *campaign, const struct worker *worker, int64_t block,
                    struct tally *tallies, omp_lock_t *locks) {
  const int64_t n_paths = plan_block_paths(&campaign->plan, block);
  const int n_tallies = count_tallies(campaign);
  const int64_t n_columns = campaign->layout->n_columns;
  const int start = omp_get_thread_num() * STRIPES / omp_get_num_threads();
  bool done[STRIPES] = {false};
  for (int visit = 0; visit < 2 * STRIPES; ++visit) {
    const int stripe = (start + visit) % STRIPES;
    if (done[stripe]) {
      continue;
    }
    if (visit >= STRIPES) {
      omp_set_lock(&locks[stripe]);
    } else if (!omp_test_lock(&locks[stripe])) {
      continue;
    }
    for (int64_t column = n_columns * stripe / STRIPES;
         column < n_columns * (stripe + 1) / STRIPES; ++column) {
      add_column(worker, column, n_paths, block % N_PARTS, tallies, n_tallies);
    }
    omp_unset_lock(&locks[stripe]);
    done[stripe] = true;
  }
}

/* Centres of the power sums: the values of path 0, which every run, shard and extension of this
   seed has in common. Centred sums lose nothing to cancellation where a column hardly varies.
 */
static enum status make_tallies(const struct campaign *campaign, struct worker *worker,
                                struct tally *tallies) {
  const int64_t n_columns = campaign->layout->n_columns;
  const int n_tallies = count_tallies(campaign);
  double *centre = array_make((size_t)n_columns, sizeof *centre);
  enum status status = STATUS_OK;
  if (centre == NULL) {
    return status_fail(STATUS_FAILED, "no memory for %lld columns", (long long)n_columns);
  }
  fesetenv(FE_DFL_ENV);
  simulate(campaign, worker, 0);
  for (int t = 0; status == STATUS_OK && t < n_tallies; ++t) {
    double room[BLOCK_PATHS];
    for (int64_t column = 0; column < n_columns; ++column) {
      centre[column] = values_of(worker, t, n_tallies, column, 1, room)[0];
    }
    const enum histogram_set set = n_tallies == 1          ? HISTOGRAMS_OF_TABLE
                                   : t == TALLY_DIFFERENCE ? HISTOGRAMS_SIGNED
                                                           : HISTOGRAMS_NONE;
    status = tally_make(&tallies[t], campaign->layout, set, false, centre);
  }
  array_free(centre);
  return status;
}

/* This rank's blocks of [begin, end). */
static void run_round(const struct campaign *campaign, struct worker *workers, int64_t begin,
                      int64_t end, struct tally *tallies, omp_lock_t *locks) {
  const struct team *team = campaign->team;
  const int64_t share = plan_share(begin, end, team->rank, team->size);
#pragma omp parallel num_threads(campaign->threads)
  {
    fesetenv(FE_DFL_ENV); /* a library may have changed rounding or flushes small numbers */
#pragma omp for schedule(dynamic, 1)
    for (int64_t i = 0; i < share; ++i) {
      struct worker *worker = &workers[omp_get_thread_num()];
      const int64_t block = begin + team->rank + i * team->size;
      simulate(campaign, worker, block);
      deposit(campaign, worker, block, tallies, locks);
    }
  }
}

static void run_rounds(const struct campaign *campaign, struct worker *workers,
                       struct tally *tallies, omp_lock_t *locks, int64_t all_workers) {
  const struct plan *plan = &campaign->plan;
  const double start = progress_clock();
  int64_t begin = plan->first_block;
  while (begin < plan->end_block) {
    int64_t end = begin + plan_round(begin - plan->first_block, progress_clock() - start,
                                     ROUND_SECONDS, all_workers);
    team_broadcast(&end, sizeof end); /* rank 0's clock decides */
    end = end < plan->end_block ? end : plan->end_block;
    run_round(campaign, workers, begin, end, tallies, locks);
    for (int t = 0; t < count_tallies(campaign); ++t) {
      tally_canonical(&tallies[t]); /* leaves the accumulators room for the next round */
    }
    begin = end;
    const int64_t done = end * BLOCK_PATHS;
    if (campaign->progress != NULL) {
      progress_show(campaign->progress, done < plan->end_path ? done : plan->end_path);
    }
  }
}

static int64_t count_workers(const struct campaign *campaign) {
  int64_t threads[1] = {campaign->threads};
  team_sum(campaign->team, threads, 1);
  team_broadcast(threads, sizeof threads);
  return threads[0];
}

void campaign_free(struct tally tallies[MAX_TALLIES]) {
  for (int t = 0; t < MAX_TALLIES; ++t) {
    tally_free(&tallies[t]);
  }
}

enum status campaign_run(const struct campaign *campaign, struct tally tallies[MAX_TALLIES]) {
  memset(tallies, 0, MAX_TALLIES * sizeof *tallies);
  enum status status = STATUS_OK;
  struct worker *workers = array_make((size_t)campaign->threads, sizeof *workers);
  if (workers == NULL) {
    status = status_fail(STATUS_FAILED, "no memory for %d threads", campaign->threads);
  }
  for (int i = 0; status == STATUS_OK && i < campaign->threads; ++i) {
    status = worker_make(&workers[i], campaign);
  }
  if (status == STATUS_OK) {
    status = make_tallies(campaign, &workers[0], tallies);
  }
  status = team_agree(status);
  if (status == STATUS_OK) {
    omp_lock_t locks[STRIPES];
    for (int i = 0; i < STRIPES; ++i) {
      omp_init_lock(&locks[i]);
    }
    run_rounds(campaign, workers, tallies, locks, count_workers(campaign));
    for (int i = 0; i < STRIPES; ++i) {
      omp_destroy_lock(&locks[i]);
    }
    for (int t = 0; t < count_tallies(campaign); ++t) {
      team_sum(campaign->team, tallies[t].words, (size_t)tallies[t].n_words);
      if (campaign->team->rank == 0) {
        tally_canonical(&tallies[t]);
      }
    }
  }
  for (int i = 0; workers != NULL && i < campaign->threads; ++i) {
    worker_free(&workers[i]);
  }
  array_free(workers);
  return status;
}
