/* A campaign under way: rounds, and what is due between them: replicates that are whole, looks
   at precision targets, checkpoints. */
#include <string.h>

#include "campaign/campaign.h"
#include "campaign/crew.h"
#include "edge/interrupt.h"

/* Between two agreements of the ranks. A run that may be told to stop must answer before its
   patience with it ends, which with mpirun is two seconds. */
static const double ROUND_SECONDS = 1, SHORT_ROUND_SECONDS = 0.25;

struct march {
  const struct campaign *campaign;
  struct standing *standing; /* what is to be filled, on rank 0 */
  struct state *local;       /* what this rank adds to: its state, or the replicate under way */
  enum ending ending;
  enum status status;
  struct plan plan;    /* of the range being sampled */
  int64_t all_workers; /* threads of all ranks */
  int64_t blocks;      /* sampled, of all ranks */
  double start;        /* [s] of the clock */
};

static int64_t points(const struct march *march) {
  return march->campaign->job.sampling.points;
}

static int64_t earlier(int64_t a, int64_t b) {
  return a < b ? a : b;
}

static void note_paths(struct march *march, int64_t first, int64_t end) {
  if (!ranges_add(&march->standing->state.paths, (struct path_range){first, end})) {
    march->status =
        status_fail(STATUS_FAILED, "no memory for a range of paths"); /* agreed on later */
  }
}

/* ---- sums */

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
static void close_replicate(struct march *march, int64_t end) {
  struct state *state = &march->standing->state;
  note_paths(march, end * BLOCK_PATHS - points(march), end * BLOCK_PATHS);
  if (march->campaign->team->rank == 0) {
    struct figures figures;
    campaign_figures(march->campaign, march->local, NULL, &figures);
    figures_add(&figures, &state->tallies[TALLY_REPLICATES]);
    for (int t = 0; t < state_path_tallies(state); ++t) {
      tally_merge(&state->tallies[t], &march->local->tallies[t]);
    }
    state_canonical(state);
  }
  march->standing->replicate_end = 0;
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
                                   plan_part(march->campaign->job.sampling, block)});
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

/* Rank 0 knows how many paths are done, whole replicates and the one under way. */
static void show(const struct march *march, int64_t end) {
  const int64_t path = earlier(end * BLOCK_PATHS, march->plan.end_path);
  const int64_t open = points(march) > 0 ? (path - 1) % points(march) + 1 : 0;
  if (march->campaign->progress != NULL) {
    progress_show(march->campaign->progress,
                  ranges_count(&march->standing->state.paths) + open);
  }
}

/* What happens after a round; the later wins. */
enum verdict { GO_ON, CHECKPOINT, TIME_IS_UP, TOLD_TO_STOP };

/* Rank 0's clock decides on time, a signal to any rank stops all. */
static enum verdict judge(const struct march *march) {
  const struct campaign *campaign = march->campaign;
  const double now = progress_clock();
  enum verdict mine = GO_ON;
  if (campaign->checkpoint != NULL &&
      now - campaign->checkpoint->last >= campaign->checkpoint_every) {
    mine = CHECKPOINT;
  }
  if (campaign->team->rank == 0 && campaign->max_seconds > 0 &&
      now - march->start >= campaign->max_seconds) {
    mine = TIME_IS_UP;
  }
  if (campaign->stoppable && interrupt_seen()) {
    mine = TOLD_TO_STOP;
  }
  return (enum verdict)team_most((double)mine);
}

/* The blocks [*begin, stop) in rounds, until something else is due; *begin is where it came to.
 */
static enum verdict run_rounds(struct march *march, int64_t *begin, int64_t stop) {
  const double seconds = march->campaign->stoppable ? SHORT_ROUND_SECONDS : ROUND_SECONDS;
  enum verdict verdict = GO_ON;
  while (*begin < stop && verdict == GO_ON) {
    int64_t end =
        earlier(stop, *begin + plan_round(march->blocks, progress_clock() - march->start,
                                          seconds, march->all_workers));
    team_broadcast(&end, sizeof end); /* rank 0's clock decides */
    interrupt_heard();
    run_round(march, *begin, end);
    interrupt_wait();
    if (points(march) == 0) {
      note_paths(march, *begin * BLOCK_PATHS, earlier(end * BLOCK_PATHS, march->plan.end_path));
    }
    march->blocks += end - *begin;
    *begin = end;
    show(march, end);
    verdict = judge(march);
  }
  return verdict;
}

/* ---- looks */

static bool has_targets(const struct march *march) {
  return march->campaign->targets != NULL && march->campaign->targets->n > 0;
}

/* The block at which the range must pause: the end of a replicate, the next look, the end. */
static int64_t next_pause(const struct march *march, int64_t begin) {
  if (points(march) > 0) {
    const int64_t blocks = points(march) / BLOCK_PATHS;
    return earlier(march->plan.end_block, (begin / blocks + 1) * blocks);
  }
  return has_targets(march)
             ? earlier(march->plan.end_block, targets_next_look(begin, FIRST_LOOK_BLOCKS))
             : march->plan.end_block;
}

/* Is a look due, now that `end` blocks are done? At the end of all there is always one. */
static bool is_look(const struct march *march, int64_t end) {
  if (!has_targets(march)) {
    return false;
  }
  if (end == march->plan.end_block || march->ending == ENDED_ON_TIME) {
    return true;
  }
  if (points(march) == 0) {
    return targets_next_look(end - 1, FIRST_LOOK_BLOCKS) == end;
  }
  const int64_t replicates = end * BLOCK_PATHS / points(march);
  return targets_next_look(replicates - 1, FIRST_LOOK_REPLICATES) == replicates;
}

/* Did an earlier start meet every target? It was stopped between that and its result. */
static bool has_met(const struct march *march) {
  const struct standing *standing = march->standing;
  int64_t met = has_targets(march) && standing->n_looks > 0 &&
                targets_met(march->campaign->targets, &standing->looks[standing->n_looks - 1]);
  team_broadcast(&met, sizeof met);
  return met != 0;
}

/* Rank 0 looks, all ranks learn whether every target is met. */
static void look(struct march *march) {
  const struct campaign *campaign = march->campaign;
  struct standing *standing = march->standing;
  const struct state *state = &standing->state;
  int64_t met = 0;
  if (campaign->team->rank == 0) {
    const bool replicates = state->has[TALLY_REPLICATES];
    struct look *seen =
        &standing->looks[standing->n_looks < MAX_LOOKS ? standing->n_looks++ : MAX_LOOKS - 1];
    struct figures figures;
    campaign_figures(campaign, state, replicates ? &state->tallies[TALLY_REPLICATES] : NULL,
                     &figures);
    met = targets_look(campaign->targets, &figures, ranges_count(&state->paths), seen);
    if (campaign->progress != NULL) {
      progress_look(campaign->progress, campaign->targets, seen);
    }
  }
  team_broadcast(&met, sizeof met);
  march->ending = met != 0 ? ENDED_ON_TARGET : march->ending;
}

/* What is due at a pause, or where the time was up. */
static void arrive(struct march *march, int64_t end, bool whole) {
  const bool replicates = points(march) > 0;
  if (replicates && !whole) { /* part of a replicate is worth nothing */
    empty(march->local);
    if (has_targets(march) && ranges_count(&march->standing->state.paths) > 0) {
      look(march);
    }
    return;
  }
  if (replicates || is_look(march, end)) {
    collect(march);
  }
  if (replicates) {
    close_replicate(march, end);
  }
  if (is_look(march, end)) {
    look(march);
  }
}

/* ---- checkpoints */

/* A checkpoint that cannot be written is no reason to lose what is being computed, unless
   nothing else is left to do. */
static void keep(struct march *march, int64_t end) {
  struct standing *standing = march->standing;
  struct checkpoint *checkpoint = march->campaign->checkpoint;
  const bool under_way = points(march) > 0 && end * BLOCK_PATHS % points(march) != 0;
  enum status status = STATUS_OK;
  if (points(march) == 0 || under_way) {
    collect(march);
  }
  interrupt_heard(); /* nobody is silent while rank 0 waits for its disk */
  if (checkpoint != NULL) {
    standing->replicate_end = under_way ? end * BLOCK_PATHS : 0;
    status = campaign_keep(checkpoint, standing);
    if ((status == STATUS_IO || status == STATUS_FAILED) && march->ending == ENDED_WHOLE) {
      status_warn("the run goes on without that checkpoint and will try again");
      status = STATUS_OK;
    }
    interrupt_wait(); /* should the others have gone, rank 0 ends the job */
  }
  march->status = march->status == STATUS_OK ? status : march->status;
}

/* ---- all */

/* Up to the next pause, or to what else is due; false if the campaign ends here. */
static bool run_on(struct march *march, int64_t *begin) {
  const bool stoppable = march->campaign->stoppable;
  const int64_t stop = next_pause(march, *begin);
  const enum verdict verdict = run_rounds(march, begin, stop);
  const bool whole = *begin == stop;
  if (verdict >= TIME_IS_UP) {
    march->ending = stoppable ? ENDED_STOPPED : ENDED_ON_TIME;
  }
  if (whole || march->ending == ENDED_ON_TIME) {
    arrive(march, *begin, whole);
  }
  if (stoppable && verdict != GO_ON && march->ending != ENDED_ON_TARGET) {
    keep(march, *begin);
  }
  march->status = team_agree(march->status);
  return march->ending == ENDED_WHOLE && march->status == STATUS_OK;
}

static void run_all(struct march *march, const struct ranges *todo) {
  bool on = march->ending == ENDED_WHOLE;
  int64_t left = todo->n; /* ranges that are not done */
  for (int64_t i = 0; on && i < todo->n; ++i) {
    march->plan = plan_range(todo->at[i]);
    int64_t begin = march->plan.first_block;
    while (on && begin < march->plan.end_block) {
      on = run_on(march, &begin);
    }
    left -= begin == march->plan.end_block ? 1 : 0;
  }
  if (left == 0 && march->ending != ENDED_ON_TARGET) {
    march->ending = ENDED_WHOLE; /* time was up when all was done */
  }
  if (points(march) == 0) {
    collect(march);
  }
  interrupt_heard();
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
                         struct standing *standing, enum ending *ending) {
  struct march march = {
      .campaign = campaign,
      .standing = standing,
      .local = campaign->job.sampling.points > 0 ? &standing->replicate : &standing->state,
      .ending = ENDED_WHOLE,
      .start = progress_clock()};
  int64_t threads[1] = {crew_size(campaign->crew)};
  team_sum(campaign->team, threads, 1);
  team_broadcast(threads, sizeof threads);
  march.all_workers = threads[0];
  march.status = open_gathers(&march);
  if (march.status == STATUS_OK) {
    march.ending = has_met(&march) ? ENDED_ON_TARGET : ENDED_WHOLE;
    run_all(&march, todo);
  }
  close_gathers(campaign);
  *ending = march.ending;
  return march.status;
}
