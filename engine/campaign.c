#include "campaign.h"

#include <fenv.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arrays.h"
#include "model/uncertain.h"

enum { STRIPES = 64 };                 /* parts of the tally that are locked one by one */
static const double ROUND_SECONDS = 1; /* between two agreements of the ranks */

struct worker { /* what one thread computes in */
  struct workspace *workspace;
  struct variant *variant;    /* of a side with uncertain keys; NULL if no side has any */
  double *columns[MAX_SIDES]; /* each [n_columns][BLOCK_PATHS] */
};

struct crew {
  struct worker *workers; /* [threads] */
  omp_lock_t locks[STRIPES];
};

struct march { /* a campaign under way */
  const struct campaign *campaign;
  struct state *state; /* what is to be filled, on rank 0 */
  struct state *local; /* what this rank adds to: the same, or one replicate's */
  struct outcome *outcome;
  struct plan plan;    /* of the range being sampled */
  int64_t all_workers; /* threads of all ranks */
  int64_t blocks;      /* sampled, of all ranks */
  int64_t before;      /* paths in the state before the range */
  double start;        /* [s] of the clock */
};

int campaign_threads(const struct team *team) {
  if (getenv("OMP_NUM_THREADS") != NULL) {
    return omp_get_max_threads();
  }
  const int mine = omp_get_num_procs();
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  const int share = mine < online ? mine : mine / team->node_ranks;
  return share > 1 ? share : 1;
}

/* ---- what the threads compute in */

static bool worker_make(struct worker *worker, const struct campaign *campaign) {
  worker->workspace = workspace_make(campaign->sides[0].deck);
  bool made = worker->workspace != NULL;
  for (int side = 0; side < campaign->n_sides; ++side) {
    worker->columns[side] =
        array_make((size_t)campaign->layout->n_columns, BLOCK_PATHS * sizeof(double));
    made = made && worker->columns[side] != NULL;
    if (campaign->sides[side].deck->n_uncertain > 0 && worker->variant == NULL) {
      worker->variant = array_make(1, sizeof *worker->variant);
      made = made && worker->variant != NULL;
    }
  }
  return made;
}

static void worker_free(struct worker *worker) {
  workspace_free(worker->workspace);
  array_free(worker->variant);
  for (int side = 0; side < MAX_SIDES; ++side) {
    array_free(worker->columns[side]);
  }
}

enum status campaign_open(struct campaign *campaign) {
  struct crew *crew = array_make(1, sizeof *crew);
  bool made = crew != NULL;
  campaign->crew = crew;
  if (made) {
    crew->workers = array_make((size_t)campaign->threads, sizeof *crew->workers);
    made = crew->workers != NULL;
    for (int i = 0; i < STRIPES; ++i) {
      omp_init_lock(&crew->locks[i]);
    }
  }
  for (int i = 0; made && i < campaign->threads; ++i) {
    made = worker_make(&crew->workers[i], campaign);
  }
  fesetenv(FE_DFL_ENV);
  return team_agree(made ? STATUS_OK
                         : status_fail(STATUS_FAILED, "no memory for the blocks of %d threads",
                                       campaign->threads));
}

void campaign_close(struct campaign *campaign) {
  struct crew *crew = campaign->crew;
  if (crew == NULL) {
    return;
  }
  for (int i = 0; crew->workers != NULL && i < campaign->threads; ++i) {
    worker_free(&crew->workers[i]);
  }
  for (int i = 0; i < STRIPES; ++i) {
    omp_destroy_lock(&crew->locks[i]);
  }
  array_free(crew->workers);
  array_free(crew);
  campaign->crew = NULL;
}

/* ---- one block */

/* All sides draw under one seed. */
static void simulate(const struct campaign *campaign, struct worker *worker, int64_t block) {
  for (int n = 0; n < campaign->n_sides; ++n) {
    struct side side = campaign->sides[n];
    if (side.deck->n_uncertain > 0) {
      variant_draw(worker->variant, side.deck, campaign->sampling.seed, block);
      side = (struct side){&worker->variant->deck, &worker->variant->constants};
    }
    campaign->kernel->run(worker->workspace, side.deck, side.constants, &campaign->sampling,
                          block * BLOCK_PATHS, campaign->layout, worker->columns[n]);
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

/* The part of the sample that a block belongs to: every 32nd block, or replicate. */
static int64_t part_of(const struct campaign *campaign, int64_t block) {
  const int64_t points = campaign->sampling.points;
  return (points > 0 ? block * BLOCK_PATHS / points : block) % N_PARTS;
}

/* Adds columns first .. end-1 of a block's first n paths. */
static void add_columns(const struct worker *worker, int64_t first, int64_t end, int64_t n,
                        int64_t part, struct state *state) {
  const int n_tallies = state_path_tallies(state);
  double room[BLOCK_PATHS];
  for (int64_t column = first; column < end; ++column) {
    for (int t = 0; t < n_tallies; ++t) {
      tally_add(&state->tallies[t], column, values_of(worker, t, n_tallies, column, n, room), n,
                part);
    }
  }
}

/* Adds a block to the state, stripe by stripe. Threads start at different stripes and pass by
   the ones that are taken at first; integers commute, so the order changes nothing. */
static void deposit(const struct march *march, const struct worker *worker, int64_t block) {
  omp_lock_t *locks = march->campaign->crew->locks;
  const int64_t n_paths = plan_block_paths(&march->plan, block);
  const int64_t part = part_of(march->campaign, block);
  const int64_t n_columns = march->campaign->layout->n_columns;
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
    add_columns(worker, n_columns * stripe / STRIPES, n_columns * (stripe + 1) / STRIPES,
                n_paths, part, march->local);
    omp_unset_lock(&locks[stripe]);
    done[stripe] = true;
  }
}

/* ---- states */

static void state_figures(const struct campaign *campaign, const struct state *state,
                          const struct tally *replicates, struct figures *figures) {
  figures_make(figures, campaign->sides[0].deck, campaign->layout,
               &state->tallies[TALLY_SAMPLE],
               state->has[TALLY_FIRST] ? &state->tallies[TALLY_FIRST] : NULL,
               state->has[TALLY_SECOND] ? &state->tallies[TALLY_SECOND] : NULL, replicates);
}

enum status campaign_state(const struct campaign *campaign, struct state *state) {
  const int64_t n_columns = campaign->layout->n_columns;
  const int n_tallies = campaign->n_sides == 1 ? 1 : TALLY_REPLICATES;
  struct worker *worker = &campaign->crew->workers[0];
  double *centres[MAX_TALLIES] = {NULL};
  bool made = true, clustered = false;
  *state = (struct state){0};
  for (int n = 0; n < campaign->n_sides; ++n) {
    clustered = clustered || plan_clustered(campaign->sides[n].deck, campaign->sampling);
  }
  simulate(campaign, worker, 0);
  for (int t = 0; made && t < n_tallies; ++t) {
    double room[BLOCK_PATHS];
    centres[t] = array_make((size_t)n_columns, sizeof *centres[t]);
    made = centres[t] != NULL;
    for (int64_t column = 0; made && column < n_columns; ++column) {
      centres[t][column] = values_of(worker, t, n_tallies, column, 1, room)[0];
    }
  }
  const enum status status =
      made ? state_make(state, campaign->layout, campaign->n_sides, clustered,
                        (const double *const *)centres,
                        campaign->sampling.points > 0
                            ? figures_values(campaign->layout, campaign->n_sides)
                            : 0)
           : status_fail(STATUS_FAILED, "no memory for %lld columns", (long long)n_columns);
  for (int t = 0; t < n_tallies; ++t) {
    array_free(centres[t]);
  }
  return status;
}

void campaign_take_out(const struct campaign *campaign, struct state *state,
                       struct path_range range) {
  const int64_t block = range.end / BLOCK_PATHS, n = range.end % BLOCK_PATHS;
  const int n_tallies = state_path_tallies(state);
  if (n == 0) {
    return;
  }
  for (int t = 0; t < n_tallies; ++t) {
    tally_negate(&state->tallies[t]);
  }
  simulate(campaign, &campaign->crew->workers[0], block);
  add_columns(&campaign->crew->workers[0], 0, campaign->layout->n_columns, n,
              part_of(campaign, block), state);
  for (int t = 0; t < n_tallies; ++t) {
    tally_negate(&state->tallies[t]);
  }
  state_canonical(state);
  ranges_cut(&state->paths, (struct path_range){range.end - n, range.end});
}

static void empty(struct state *state) {
  for (int t = 0; t < MAX_TALLIES; ++t) {
    if (state->has[t]) {
      memset(state->tallies[t].words, 0,
             (size_t)state->tallies[t].n_words * sizeof *state->tallies[t].words);
    }
  }
}

/* Brings what the ranks have counted together on rank 0; the other ranks start anew. */
static void collect(const struct march *march) {
  const struct team *team = march->campaign->team;
  for (int t = 0; t < state_path_tallies(march->local); ++t) {
    struct tally *tally = &march->local->tallies[t];
    team_sum(team, tally->words, (size_t)tally->n_words);
  }
  if (team->rank != 0) {
    empty(march->local);
  } else {
    state_canonical(march->local);
  }
}

/* A replicate is whole: notes its figures and adds it to the state. */
static void close_replicate(const struct march *march) {
  if (march->campaign->team->rank == 0) {
    struct figures figures;
    state_figures(march->campaign, march->local, NULL, &figures);
    figures_add(&figures, &march->state->tallies[TALLY_REPLICATES]);
    for (int t = 0; t < state_path_tallies(march->state); ++t) {
      tally_merge(&march->state->tallies[t], &march->local->tallies[t]);
    }
    state_canonical(march->state);
  }
  empty(march->local);
}

/* ---- rounds */

/* This rank's blocks of [begin, end). */
static void run_round(const struct march *march, int64_t begin, int64_t end) {
  const struct team *team = march->campaign->team;
  const int64_t share = plan_share(begin, end, team->rank, team->size);
#pragma omp parallel num_threads(march->campaign->threads)
  {
    fesetenv(FE_DFL_ENV); /* a library may have changed rounding or flushes small numbers */
#pragma omp for schedule(dynamic, 1)
    for (int64_t i = 0; i < share; ++i) {
      struct worker *worker = &march->campaign->crew->workers[omp_get_thread_num()];
      const int64_t block = begin + team->rank + i * team->size;
      simulate(march->campaign, worker, block);
      deposit(march, worker, block);
    }
  }
  state_canonical(march->local); /* leaves the accumulators room for the next round */
}

static int64_t earlier(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* The blocks [begin, stop) in rounds of about a second; where it came to, before `stop` if time
   is up. */
static int64_t run_rounds(struct march *march, int64_t begin, int64_t stop) {
  const struct campaign *campaign = march->campaign;
  struct {
    int64_t end, over;
  } word = {0, 0};
  while (begin < stop && !word.over) {
    word.end = earlier(stop, begin + plan_round(march->blocks, progress_clock() - march->start,
                                                ROUND_SECONDS, march->all_workers));
    team_broadcast(&word, sizeof word); /* rank 0's clock decides */
    run_round(march, begin, word.end);
    march->blocks += word.end - begin;
    begin = word.end;
    if (campaign->progress != NULL) {
      progress_show(campaign->progress, march->before +
                                            earlier(begin * BLOCK_PATHS, march->plan.end_path) -
                                            march->plan.first_path);
    }
    word.over =
        campaign->max_seconds > 0 && progress_clock() - march->start >= campaign->max_seconds;
    team_broadcast(&word.over, sizeof word.over);
  }
  march->outcome->ending = word.over ? ENDED_ON_TIME : march->outcome->ending;
  return begin;
}

/* ---- looks */

static bool has_targets(const struct campaign *campaign) {
  return campaign->targets != NULL && campaign->targets->n > 0;
}

/* The block at which the range must pause: the end of a replicate, the next look, the end. */
static int64_t next_pause(const struct march *march, int64_t begin) {
  const int64_t points = march->campaign->sampling.points;
  if (points > 0) {
    const int64_t blocks = points / BLOCK_PATHS;
    return earlier(march->plan.end_block, (begin / blocks + 1) * blocks);
  }
  return has_targets(march->campaign)
             ? earlier(march->plan.end_block, targets_next_look(begin, FIRST_LOOK_BLOCKS))
             : march->plan.end_block;
}

/* Is a look due, now that `end` blocks are done? At the end of all there is always one. */
static bool is_look(const struct march *march, int64_t end) {
  const int64_t points = march->campaign->sampling.points;
  if (!has_targets(march->campaign)) {
    return false;
  }
  if (end == march->plan.end_block || march->outcome->ending == ENDED_ON_TIME) {
    return true;
  }
  if (points == 0) {
    return targets_next_look(end - 1, FIRST_LOOK_BLOCKS) == end;
  }
  const int64_t replicates = end * BLOCK_PATHS / points;
  return targets_next_look(replicates - 1, FIRST_LOOK_REPLICATES) == replicates;
}

/* Rank 0 looks, all ranks learn whether every target is met. */
static bool look(const struct march *march) {
  const struct campaign *campaign = march->campaign;
  struct outcome *outcome = march->outcome;
  int64_t met = 0;
  if (campaign->team->rank == 0) {
    const bool replicates = march->state->has[TALLY_REPLICATES];
    struct look *seen =
        &outcome->looks[outcome->n_looks < MAX_LOOKS ? outcome->n_looks++ : MAX_LOOKS - 1];
    struct figures figures;
    state_figures(campaign, march->state,
                  replicates ? &march->state->tallies[TALLY_REPLICATES] : NULL, &figures);
    met = targets_look(campaign->targets, &figures, ranges_count(&march->state->paths), seen);
    if (campaign->progress != NULL) {
      progress_look(campaign->progress, campaign->targets, seen);
    }
  }
  team_broadcast(&met, sizeof met);
  return met != 0;
}

/* ---- all */

/* Up to the next pause; false if the campaign ends here. The paths done are noted on every
 * rank.
 */
static bool run_to_pause(struct march *march, int64_t *begin, enum status *status) {
  const bool replicates = march->campaign->sampling.points > 0;
  const int64_t pause = next_pause(march, *begin);
  const int64_t end = run_rounds(march, *begin, pause);
  const bool whole = end == pause;
  if (replicates && !whole) { /* part of a replicate is worth nothing */
    empty(march->local);
    if (has_targets(march->campaign) && ranges_count(&march->state->paths) > 0 && look(march)) {
      march->outcome->ending = ENDED_ON_TARGET;
    }
    return false;
  }
  if (!ranges_add(&march->state->paths,
                  (struct path_range){*begin * BLOCK_PATHS,
                                      earlier(end * BLOCK_PATHS, march->plan.end_path)})) {
    *status =
        status_fail(STATUS_FAILED, "no memory for a range of paths"); /* agreed on later */
  }
  *begin = end;
  if (replicates || is_look(march, end)) {
    collect(march);
  }
  if (replicates) {
    close_replicate(march);
  }
  if (is_look(march, end) && look(march)) {
    march->outcome->ending = ENDED_ON_TARGET;
  }
  return march->outcome->ending == ENDED_WHOLE;
}

static enum status run_all(struct march *march, const struct ranges *todo) {
  enum status status = STATUS_OK;
  bool on = true;
  int64_t left = todo->n; /* ranges that are not done */
  for (int64_t i = 0; on && i < todo->n; ++i) {
    march->plan = plan_range(todo->at[i]);
    march->before = ranges_count(&march->state->paths);
    int64_t begin = march->plan.first_block;
    while (on && begin < march->plan.end_block) {
      on = run_to_pause(march, &begin, &status);
      status = team_agree(status);
      on = on && status == STATUS_OK;
    }
    left -= begin == march->plan.end_block ? 1 : 0;
  }
  if (left == 0 && march->outcome->ending == ENDED_ON_TIME) {
    march->outcome->ending = ENDED_WHOLE; /* time was up when all was done */
  }
  if (march->campaign->sampling.points == 0) {
    collect(march);
  }
  return status;
}

enum status campaign_run(const struct campaign *campaign, const struct ranges *todo,
                         struct state *state, struct outcome *outcome) {
  struct state replicate = {0};
  struct march march = {.campaign = campaign,
                        .state = state,
                        .local = state,
                        .outcome = outcome,
                        .start = progress_clock()};
  int64_t threads[1] = {campaign->threads};
  enum status status = STATUS_OK;
  *outcome = (struct outcome){.ending = ENDED_WHOLE};
  if (campaign->sampling.points > 0) {
    march.local = &replicate;
    status = campaign_state(campaign, &replicate);
  }
  status = team_agree(status);
  if (status == STATUS_OK) {
    team_sum(campaign->team, threads, 1);
    team_broadcast(threads, sizeof threads);
    march.all_workers = threads[0];
    status = run_all(&march, todo);
  }
  state_free(&replicate);
  return status;
}

enum status campaign_share(const struct campaign *campaign, struct ranges *ranges) {
  const bool first = campaign->team->rank == 0;
  int64_t n = ranges->n;
  bool added = true;
  team_broadcast(&n, sizeof n);
  for (int64_t i = 0; i < n; ++i) {
    struct path_range range = first ? ranges->at[i] : (struct path_range){0, 0};
    team_broadcast(&range, sizeof range);
    added = first || (added && ranges_add(ranges, range));
  }
  return team_agree(added ? STATUS_OK : status_fail(STATUS_FAILED, "no memory for ranges"));
}

/* ---- exact order statistics: a second pass */

/* At most so many values are kept at a time, by all ranks together. */
static const int64_t KEPT_VALUES = INT64_C(1) << 26;

/* Every rank learns which order statistics the figures of rank 0's state ask for. */
static enum status record_wants(const struct campaign *campaign, struct state *state,
                                struct exact *exact) {
  const bool first = campaign->team->rank == 0;
  bool made = true;
  if (first) {
    struct figures figures;
    exact->recording = true;
    state->tallies[TALLY_SAMPLE].exact = exact;
    state_figures(campaign, state, NULL, &figures);
    figures_ask_order_statistics(&figures);
    made = exact_recorded(exact);
  }
  team_broadcast(&exact->n_wants, sizeof exact->n_wants);
  if (!first) {
    exact->wants = calloc((size_t)exact->n_wants + 1, sizeof *exact->wants);
    made = exact->wants != NULL;
  }
  const enum status status = team_agree(
      made ? STATUS_OK : status_fail(STATUS_FAILED, "no memory for exact quantiles"));
  if (status == STATUS_OK) {
    team_broadcast(exact->wants, (size_t)exact->n_wants * sizeof *exact->wants);
  }
  return status;
}

/* Keeps what the batch wants of one block. */
static bool keep_block(const struct march *march, const struct worker *worker, int64_t block,
                       struct exact *exact) {
  omp_lock_t *locks = march->campaign->crew->locks;
  const struct tally *tally = &march->state->tallies[TALLY_SAMPLE];
  const int64_t n = plan_block_paths(&march->plan, block);
  double room[BLOCK_PATHS];
  bool kept = true;
  for (int64_t column = 0; column < tally->n_columns; ++column) {
    if (exact->cell_of[column] < exact->cell_of[column + 1]) {
      const double *values =
          values_of(worker, TALLY_SAMPLE, state_path_tallies(march->state), column, n, room);
      omp_set_lock(&locks[column % STRIPES]);
      kept = exact_add(exact, column, tally->window[column], values, n) && kept;
      omp_unset_lock(&locks[column % STRIPES]);
    }
  }
  return kept;
}

/* This rank's part of a second pass over the plan's paths. */
static bool keep_paths(const struct march *march, struct exact *exact) {
  const struct team *team = march->campaign->team;
  const int64_t begin = march->plan.first_block;
  const int64_t share = plan_share(begin, march->plan.end_block, team->rank, team->size);
  int lost = 0;
#pragma omp parallel num_threads(march->campaign->threads) reduction(+ : lost)
  {
    fesetenv(FE_DFL_ENV);
#pragma omp for schedule(dynamic, 1)
    for (int64_t i = 0; i < share; ++i) {
      struct worker *worker = &march->campaign->crew->workers[omp_get_thread_num()];
      const int64_t block = begin + team->rank + i * team->size;
      simulate(march->campaign, worker, block);
      lost += keep_block(march, worker, block, exact) ? 0 : 1;
    }
  }
  return lost == 0;
}

/* Bisection over the values that all ranks keep. */
static enum status find_wants(const struct campaign *campaign, struct exact *exact) {
  enum { ROUNDS = 64 }; /* bits of a double */
  const size_t n = (size_t)(exact->end_want - exact->first_want);
  uint64_t *lows = array_make(n, sizeof *lows), *highs = array_make(n, sizeof *highs);
  int64_t *counts = array_make(n, sizeof *counts);
  const enum status status =
      team_agree(lows != NULL && highs != NULL && counts != NULL
                     ? STATUS_OK
                     : status_fail(STATUS_FAILED, "no memory for exact quantiles"));
  if (status == STATUS_OK) {
    exact_open(exact, lows, highs);
    for (int round = 0; round < ROUNDS; ++round) {
      exact_count(exact, lows, highs, counts);
      team_sum(campaign->team, counts, n);
      team_broadcast(counts, n * sizeof *counts);
      exact_narrow(exact, lows, highs, counts);
    }
    exact_close(exact, lows);
  }
  array_free(lows);
  array_free(highs);
  array_free(counts);
  return status;
}

static enum status find_batch(struct march *march, const struct ranges *paths,
                              struct exact *exact, bool *more) {
  bool kept = true;
  enum status status =
      team_agree(exact_begin(exact, march->campaign->layout->n_columns, KEPT_VALUES, more));
  if (status != STATUS_OK || !*more) {
    return status;
  }
  for (int64_t i = 0; i < paths->n; ++i) {
    march->plan = plan_range(paths->at[i]);
    kept = keep_paths(march, exact) && kept;
  }
  status = team_agree(
      kept ? STATUS_OK : status_fail(STATUS_FAILED, "no memory for the values near quantiles"));
  return status == STATUS_OK ? find_wants(march->campaign, exact) : status;
}

enum status campaign_exact(const struct campaign *campaign, struct state *state,
                           struct exact *exact) {
  struct march march = {.campaign = campaign, .state = state, .local = state};
  struct ranges paths = {0};
  bool more = true, added = true;
  enum status status = record_wants(campaign, state, exact);
  for (int64_t i = 0; campaign->team->rank == 0 && i < state->paths.n; ++i) {
    added = added && ranges_add(&paths, state->paths.at[i]);
  }
  if (status == STATUS_OK) {
    status = team_agree(added ? STATUS_OK : status_fail(STATUS_FAILED, "no memory for ranges"));
  }
  if (status == STATUS_OK) {
    status = campaign_share(campaign, &paths);
  }
  while (status == STATUS_OK && more) {
    status = find_batch(&march, &paths, exact, &more);
  }
  ranges_free(&paths);
  return status;
}
