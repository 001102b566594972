#include "campaign/campaign.h"

#include <string.h>

#include "base/arrays.h"
#include "campaign/crew.h"

static const double ROUND_SECONDS = 1; /* between two agreements of the ranks */

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

enum status campaign_open(struct campaign *campaign) {
  campaign->crew = crew_make(campaign->placement->threads, &campaign->job);
  if (campaign->crew != NULL) {
    crew_place(campaign->crew, campaign->placement);
  }
  return team_agree(campaign->crew != NULL
                        ? crew_set_arithmetic(campaign->crew)
                        : status_fail(STATUS_FAILED, "no memory for the blocks of %d threads",
                                      campaign->placement->threads));
}

void campaign_close(struct campaign *campaign) {
  crew_free(campaign->crew);
  campaign->crew = NULL;
}

/* ---- blocks */

/* The part of the sample that a block belongs to: every 32nd block, or replicate. */
static int64_t part_of(const struct campaign *campaign, int64_t block) {
  const int64_t points = campaign->job.sampling.points;
  return (points > 0 ? block * BLOCK_PATHS / points : block) % N_PARTS;
}

/* ---- states */

void campaign_figures(const struct campaign *campaign, const struct state *state,
                      const struct tally *replicates, struct figures *figures) {
  figures_make(figures, campaign->job.sides[0].deck, campaign->job.layout,
               &state->tallies[TALLY_SAMPLE],
               state->has[TALLY_FIRST] ? &state->tallies[TALLY_FIRST] : NULL,
               state->has[TALLY_SECOND] ? &state->tallies[TALLY_SECOND] : NULL, replicates);
}

struct centring { /* the values of path 0, tally by tally */
  const struct job *job;
  int n_tallies;
  double *centres[MAX_TALLIES]; /* [n_columns] */
};

static void note_centres(void *context, struct worker *worker, int64_t offset) {
  struct centring *centring = context;
  double room[LANES];
  (void)offset;
  for (int t = 0; t < centring->n_tallies; ++t) {
    for (int64_t row = 0; row < worker->sheets[0].n; ++row) {
      centring->centres[t][worker->sheets[0].column[row]] =
          worker_values(worker, centring->job, t, row, room)[0];
    }
  }
}

enum status campaign_state(const struct campaign *campaign, struct state *state) {
  const struct job *job = &campaign->job;
  const int64_t n_columns = job->layout->n_columns;
  struct centring centring = {.job = job,
                              .n_tallies = job->n_sides == 1 ? 1 : TALLY_REPLICATES};
  bool made = true, clustered = false;
  *state = (struct state){0};
  for (int n = 0; n < job->n_sides; ++n) {
    clustered = clustered || plan_clustered(job->sides[n].deck, job->sampling);
  }
  for (int t = 0; t < centring.n_tallies; ++t) {
    centring.centres[t] = array_make((size_t)n_columns, sizeof *centring.centres[t]);
    made = made && centring.centres[t] != NULL;
  }
  if (made) {
    worker_walk(crew_worker(campaign->crew, 0), job, 0, 1, note_centres, &centring);
  }
  const enum status status =
      made
          ? state_make(state, job->layout, job->n_sides, clustered,
                       (const double *const *)centring.centres,
                       job->sampling.points > 0 ? figures_values(job->layout, job->n_sides) : 0)
          : status_fail(STATUS_FAILED, "no memory for %lld columns", (long long)n_columns);
  for (int t = 0; t < centring.n_tallies; ++t) {
    array_free(centring.centres[t]);
  }
  return status;
}

enum status campaign_take_out(const struct campaign *campaign, struct state *state,
                              struct path_range range) {
  const int64_t block = range.end / BLOCK_PATHS, n = range.end % BLOCK_PATHS;
  struct worker *worker = crew_worker(campaign->crew, 0);
  if (n == 0) {
    return STATUS_OK;
  }
  const bool made = worker_gather(worker, &campaign->job, state);
  if (made) {
    worker_block(worker, &campaign->job, block,
                 (struct block_part){n, part_of(campaign, block)});
    for (int t = 0; t < state_path_tallies(state); ++t) {
      tally_negate(&state->tallies[t]);
      gather_deposit(&worker->gathers[t], &state->tallies[t], 0,
                     campaign->job.layout->n_columns);
      tally_negate(&state->tallies[t]);
    }
    state_canonical(state);
    ranges_cut(&state->paths, (struct path_range){range.end - n, range.end});
  }
  worker_drop(worker);
  return made ? STATUS_OK : status_fail(STATUS_FAILED, "no memory for a block of paths");
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
    campaign_figures(march->campaign, march->local, NULL, &figures);
    figures_add(&figures, &march->state->tallies[TALLY_REPLICATES]);
    for (int t = 0; t < state_path_tallies(march->state); ++t) {
      tally_merge(&march->state->tallies[t], &march->local->tallies[t]);
    }
    state_canonical(march->state);
  }
  empty(march->local);
}

/* ---- rounds */

struct round { /* this rank's blocks of one round */
  const struct march *march;
  int64_t begin;
};

static void run_block(void *context, struct worker *worker, int64_t i) {
  const struct round *round = context;
  const struct march *march = round->march;
  const struct team *team = march->campaign->team;
  const int64_t block = round->begin + team->rank + i * team->size;
  worker_block(worker, &march->campaign->job, block,
               (struct block_part){plan_block_paths(&march->plan, block),
                                   part_of(march->campaign, block)});
  if (gather_full(&worker->gathers[TALLY_SAMPLE])) {
    crew_deposit(march->campaign->crew, worker, march->local);
  }
}

static void hand_in(void *context, struct worker *worker, int64_t number) {
  const struct round *round = context;
  (void)number;
  crew_deposit(round->march->campaign->crew, worker, round->march->local);
}

static void run_round(const struct march *march, int64_t begin, int64_t end) {
  const struct team *team = march->campaign->team;
  struct round round = {march, begin};
  crew_run(march->campaign->crew, plan_share(begin, end, team->rank, team->size), run_block,
           hand_in, &round);
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
  const int64_t points = march->campaign->job.sampling.points;
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
  const int64_t points = march->campaign->job.sampling.points;
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
    campaign_figures(campaign, march->state,
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
  const bool replicates = march->campaign->job.sampling.points > 0;
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
  if (march->campaign->job.sampling.points == 0) {
    collect(march);
  }
  return status;
}

/* Room for every thread to gather in, as long as a march lasts. The same status on every rank.
 */
static enum status open_gathers(const struct march *march) {
  const struct campaign *campaign = march->campaign;
  bool made = true;
  for (int i = 0; made && i < crew_size(campaign->crew); ++i) {
    made = worker_gather(crew_worker(campaign->crew, i), &campaign->job, march->local);
  }
  return team_agree(made ? STATUS_OK
                         : status_fail(STATUS_FAILED, "no memory for the blocks of %d threads",
                                       crew_size(campaign->crew)));
}

static void close_gathers(const struct campaign *campaign) {
  for (int i = 0; i < crew_size(campaign->crew); ++i) {
    worker_drop(crew_worker(campaign->crew, i));
  }
}

enum status campaign_run(const struct campaign *campaign, const struct ranges *todo,
                         struct state *state, struct outcome *outcome) {
  struct state replicate = {0};
  struct march march = {.campaign = campaign,
                        .state = state,
                        .local = state,
                        .outcome = outcome,
                        .start = progress_clock()};
  int64_t threads[1] = {crew_size(campaign->crew)};
  enum status status = STATUS_OK;
  *outcome = (struct outcome){.ending = ENDED_WHOLE};
  if (campaign->job.sampling.points > 0) {
    march.local = &replicate;
    status = campaign_state(campaign, &replicate);
  }
  status = team_agree(status);
  if (status == STATUS_OK) {
    team_sum(campaign->team, threads, 1);
    team_broadcast(threads, sizeof threads);
    march.all_workers = threads[0];
    status = open_gathers(&march);
  }
  if (status == STATUS_OK) {
    status = run_all(&march, todo);
  }
  close_gathers(campaign);
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
