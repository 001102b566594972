/* Exact order statistics: the paths of a finished state are drawn a second time. */
#include <stdlib.h>

#include "base/arrays.h"
#include "campaign/campaign.h"
#include "campaign/crew.h"
#include "edge/interrupt.h"

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
    campaign_figures(campaign, state, NULL, &figures);
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

struct pass { /* the second pass over the paths of a state */
  const struct campaign *campaign;
  const struct state *state;
  struct exact *exact;
  struct plan plan;   /* of the range being drawn */
  bool lost[STRIPES]; /* values that there was no memory for */
};

struct keeping { /* one block's paths, of one thread */
  struct pass *pass;
  int64_t n; /* that count */
};

/* Keeps what the batch wants of the sheets. */
static void keep_sheets(void *context, struct worker *worker, int64_t offset) {
  const struct keeping *keeping = context;
  struct pass *pass = keeping->pass;
  const struct sheet *sheet = &worker->sheets[0];
  struct exact *exact = pass->exact;
  const int64_t rest = keeping->n - offset, n = rest < LANES ? rest : LANES;
  double room[LANES];
  for (int64_t row = 0; row < sheet->n; ++row) {
    const int64_t column = sheet->column[row], stripe = column % STRIPES;
    if (exact->cell_of[column] < exact->cell_of[column + 1]) {
      const double *values =
          worker_values(worker, &pass->campaign->job, TALLY_SAMPLE, row, room);
      const enum window window = pass->state->tallies[TALLY_SAMPLE].window[column];
      crew_lock(pass->campaign->crew, stripe);
      if (!exact_add(exact, column, window, values, n)) {
        pass->lost[stripe] = true;
      }
      crew_unlock(pass->campaign->crew, stripe);
    }
  }
}

static void keep_block(void *context, struct worker *worker, int64_t i) {
  struct pass *pass = context;
  const struct team *team = pass->campaign->team;
  const int64_t block = pass->plan.first_block + team->rank + i * team->size;
  if (pass->campaign->stoppable && interrupt_seen()) {
    return; /* what is kept is of no use any more; find_batch tells the others */
  }
  struct keeping keeping = {pass, plan_block_paths(&pass->plan, block)};
  worker_walk(worker, &pass->campaign->job, block, keeping.n, keep_sheets, &keeping);
}

static void keep_no_more(void *context, struct worker *worker, int64_t number) {
  (void)context, (void)worker, (void)number;
}

/* This rank's part of the plan's paths, once more. */
static bool keep_paths(struct pass *pass) {
  const struct team *team = pass->campaign->team;
  bool kept = true;
  crew_run(pass->campaign->crew,
           plan_share(pass->plan.first_block, pass->plan.end_block, team->rank, team->size),
           keep_block, keep_no_more, pass);
  for (int stripe = 0; stripe < STRIPES; ++stripe) {
    kept = kept && !pass->lost[stripe];
  }
  return kept;
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

static enum status find_batch(struct pass *pass, const struct ranges *paths, bool *more) {
  bool kept = true;
  enum status status = team_agree(
      exact_begin(pass->exact, pass->campaign->job.layout->n_columns, KEPT_VALUES, more));
  if (status != STATUS_OK || !*more) {
    return status;
  }
  for (int64_t i = 0; i < paths->n; ++i) {
    pass->plan = plan_range(paths->at[i]);
    kept = keep_paths(pass) && kept;
  }
  status = team_agree(
      pass->campaign->stoppable && interrupt_seen() ? STATUS_STOPPED
      : kept                                        ? STATUS_OK
             : status_fail(STATUS_FAILED, "no memory for the values near quantiles"));
  return status == STATUS_OK ? find_wants(pass->campaign, pass->exact) : status;
}

enum status campaign_exact(const struct campaign *campaign, struct state *state,
                           struct exact *exact) {
  struct pass pass = {.campaign = campaign, .state = state, .exact = exact};
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
    status = find_batch(&pass, &paths, &more);
  }
  ranges_free(&paths);
  return status;
}
