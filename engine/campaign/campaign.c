#include "campaign/campaign.h"

#include "base/arrays.h"
#include "campaign/crew.h"

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
                 (struct block_part){n, plan_part(campaign->job.sampling, block)});
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

enum status campaign_start(const struct campaign *campaign, struct standing *standing) {
  *standing = (struct standing){0};
  const enum status status = campaign_state(campaign, &standing->state);
  return status == STATUS_OK && campaign->job.sampling.points > 0
             ? campaign_state(campaign, &standing->replicate)
             : status;
}

void campaign_leave(struct standing *standing) {
  state_free(&standing->state);
  state_free(&standing->replicate);
}

enum status campaign_keep(struct checkpoint *checkpoint, const struct standing *standing) {
  return checkpoint_write(checkpoint, &standing->state, &standing->replicate,
                          standing->replicate_end, standing->looks, standing->n_looks);
}

/* ---- ranges */

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
