#include "command/sampling.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "campaign/crew.h"
#include "edge/interrupt.h"

/* What of the paths 0 .. paths-1 a result lacks; a block that is not whole is taken out of its
   state, to be sampled as a whole. Rank 0 only. */
static enum status go_on(struct run *run, const struct campaign *campaign) {
  enum status status = saved_add(&run->saved, run->sample->extended, &run->standing.state);
  for (int64_t i = 0; status == STATUS_OK && i < run->saved.paths.n; ++i) {
    const struct path_range range = run->saved.paths.at[i];
    if (range.end < run->order.paths) {
      status = campaign_take_out(campaign, &run->standing.state, range);
    }
  }
  if (status == STATUS_OK && !state_holds(&run->standing.state)) {
    status = status_fail(STATUS_MISMATCH, "%s: its state does not fit its deck",
                         run->sample->extended);
  }
  if (status == STATUS_OK &&
      !ranges_missing(&run->standing.state.paths, run->order.paths, &run->todo)) {
    status = status_fail(STATUS_FAILED, "no memory for ranges of paths");
  }
  return status;
}

/* Is what a checkpoint says of the paths possible? A run takes its range from the front: whole
   paths first, then the replicate under way. */
static bool is_possible(const struct run *run, int64_t whole, int64_t next) {
  const struct ranges *paths = &run->resumed.saved.paths;
  const struct path_range range = run->order.range;
  const int64_t points = run->order.sampling.points;
  const bool front = paths->n == 0 || (paths->n == 1 && paths->at[0].first == range.first);
  const bool open = next > whole;
  return front && next <= range.end && (next == range.end || next % BLOCK_PATHS == 0) &&
         (!open || next - whole < points) && next >= whole;
}

/* Takes over the checkpoint's sums and looks; what is missing of the range is to be sampled.
   Rank 0 only. */
static enum status resume(struct run *run) {
  struct standing *standing = &run->standing;
  struct snapshot *from = &run->resumed;
  const char *path = run->options->checkpoint;
  const int64_t whole = run->order.range.first + ranges_count(&from->saved.paths);
  const int64_t next = from->replicate_end > 0 ? from->replicate_end : whole;
  if (!is_possible(run, whole, next)) {
    return status_fail(STATUS_MISMATCH, "%s: it contradicts itself", path);
  }
  from->replicate.sampling = from->saved.sampling;
  if (!ranges_add(&from->replicate.paths, (struct path_range){whole, next}) ||
      !ranges_add(&run->todo, (struct path_range){next, run->order.range.end})) {
    return status_fail(STATUS_FAILED, "no memory for ranges of paths");
  }
  enum status status = saved_add(&from->saved, path, &standing->state);
  if (status == STATUS_OK && next > whole) {
    status = saved_add(&from->replicate, path, &standing->replicate);
  }
  if (status != STATUS_OK) {
    return status;
  }
  standing->replicate_end = next > whole ? next : 0;
  standing->n_looks = (int)from->n_looks;
  memcpy(standing->looks, from->looks, sizeof standing->looks);
  run->resumed_paths = next - run->order.range.first;
  /* From now on the file names this run: an earlier one that still lives finds itself stale. */
  return campaign_keep(&run->checkpoint, standing);
}

static enum status start(struct run *run, const struct campaign *campaign) {
  enum status status = campaign_start(campaign, &run->standing);
  if (status == STATUS_OK && run->team->rank == 0) {
    status = run->sample->extended != NULL ? go_on(run, campaign)
             : run->resumes                ? resume(run)
             : ranges_add(&run->todo, run->order.range)
                 ? STATUS_OK
                 : status_fail(STATUS_FAILED, "no memory for ranges of paths");
  }
  snapshot_free(&run->resumed); /* it is in the standing now */
  status = team_agree(status);
  return status == STATUS_OK ? campaign_share(campaign, &run->todo) : status;
}

/* Those of a replicate under way too. */
static int64_t paths_done(const struct run *run) {
  const struct standing *standing = &run->standing;
  const int64_t points = run->order.sampling.points;
  return ranges_count(&standing->state.paths) +
         (standing->replicate_end > 0 ? standing->replicate_end % points : 0);
}

/* The first paths of the range, as many as were asked for and are in the result. */
static struct path_range paths_to_dump(const struct run *run) {
  const struct run_options *options = run->options;
  const struct ranges *has = &run->standing.state.paths;
  struct path_range paths = has->n > 0 ? has->at[0] : (struct path_range){0, 0};
  const int64_t all = paths.end - paths.first;
  const double share = ceil(options->dump_share * (double)all);
  const int64_t n = options->dump_paths > 0 ? options->dump_paths : (int64_t)share;
  paths.end = n < all ? paths.first + n : paths.end;
  return paths;
}

static enum status dump_paths(struct run *run, const struct campaign *campaign) {
  const struct results results = {.n_decks = 1,
                                  .decks = {&run->order.decks[0]},
                                  .sampling = run->order.sampling,
                                  .layout = &run->layout};
  struct path_range paths = paths_to_dump(run);
  struct dump dump;
  team_broadcast(&paths, sizeof paths);
  enum status status = dump_open(&dump, run->dump_calls, run->team, run->dump, &results, paths);
  if (status == STATUS_OK) {
    status = campaign_dump(campaign, paths, &dump);
    if (status == STATUS_OK) {
      status = dump_close(&dump, run->team, run->dump, run->options->force || run->resumes);
    } else {
      dump_discard(&dump);
    }
  }
  if (status == STATUS_OK && run->team->rank == 0 && !run->options->quiet) {
    status_tell("wrote %s", run->dump);
  }
  return status;
}

/* Order statistics, exactly. A run that is told to stop meanwhile keeps what it sampled: the
   next start has only these left to find. */
static enum status find_exact(struct run *run, const struct campaign *campaign) {
  const enum status status = campaign_exact(campaign, &run->standing.state, &run->exact);
  if (status != STATUS_STOPPED) {
    return status;
  }
  run->ending = ENDED_STOPPED;
  return run->team->rank == 0 ? campaign_keep(&run->checkpoint, &run->standing) : STATUS_OK;
}

static enum status compute(struct run *run, struct campaign *campaign) {
  struct progress progress;
  const bool first = run->team->rank == 0;
  enum status status = start(run, campaign);
  if (status != STATUS_OK) {
    return status;
  }
  if (first) {
    progress_start(&progress, run->options->progress, paths_done(run),
                   ranges_count(&run->todo));
    progress.keepable = run->options->checkpoint == NULL && run->sample->extended == NULL &&
                        !run->sample->into_folder;
    progress.until = run->order.targets.n > 0;
    campaign->progress = &progress;
  }
  status = campaign_run(campaign, &run->todo, &run->standing, &run->ending);
  if (first) {
    run->seconds = progress_elapsed(&progress);
    run->sampled = paths_done(run) - progress.before;
  }
  if (status == STATUS_OK && run->options->exact && run->ending != ENDED_STOPPED) {
    status = find_exact(run, campaign);
  }
  if (first) {
    progress_end(&progress);
    status = status == STATUS_OK ? sampling_report(run, campaign) : status;
  }
  team_wait(); /* asleep, while rank 0 writes */
  status = team_agree(status);
  if (run->dump_calls != NULL && run->ending != ENDED_STOPPED &&
      (status == STATUS_OK || status == STATUS_TARGET)) {
    const enum status dumped = dump_paths(run, campaign);
    status = dumped > status ? dumped : status;
  }
  return status;
}

static enum status run_sides(struct run *run) {
  enum status status = team_agree(sampling_prepare(run));
  if (status != STATUS_OK) {
    return status;
  }
  team_broadcast(&run->order, sizeof run->order);
  layout_make(&run->layout, &run->order.decks[0]);
  struct campaign campaign = {.team = run->team,
                              .job = {.kernel = kernel_pick(),
                                      .n_sides = run->order.n_sides,
                                      .layout = &run->layout,
                                      .sampling = run->order.sampling},
                              .targets = &run->order.targets,
                              .max_seconds = run->options->max_seconds,
                              .placement = &run->placement,
                              .stoppable = run->options->checkpoint != NULL,
                              .checkpoint_every = run->options->checkpoint_every};
  if (campaign.stoppable) {
    status = team_agree(interrupt_catch());
    campaign.checkpoint = run->team->rank == 0 ? &run->checkpoint : NULL;
  }
  if (status != STATUS_OK) {
    return status;
  }
  for (int i = 0; i < campaign.job.n_sides; ++i) {
    constants_make(&run->constants[i], &run->order.decks[i]);
    campaign.job.sides[i] = (struct side){&run->order.decks[i], &run->constants[i]};
  }
  placement_arrange(&run->placement, run->team, run->options->threads, crew_openmp(),
                    !run->sample->again);
  status = team_agree(campaign.job.kernel != NULL ? STATUS_OK : STATUS_USAGE);
  if (status == STATUS_OK) {
    status = campaign_open(&campaign);
    status = status == STATUS_OK ? compute(run, &campaign) : status;
    campaign_close(&campaign);
  }
  return status;
}

enum status sample_run(const struct sample *sample, const struct team *team,
                       const struct run_options *options) {
  struct run *run = array_make(1, sizeof *run);
  enum status status =
      team_agree(run != NULL ? STATUS_OK : status_fail(STATUS_FAILED, "no memory for a deck"));
  if (status == STATUS_OK) {
    run->sample = sample;
    run->team = team;
    run->options = options;
    status = run_sides(run);
  }
  for (int i = 0; run != NULL && i < MAX_SIDES; ++i) {
    free(run->resolved[i]);
  }
  if (run != NULL) {
    saved_free(&run->saved);
    snapshot_free(&run->resumed);
    checkpoint_close(&run->checkpoint);
    campaign_leave(&run->standing);
    exact_free(&run->exact);
    ranges_free(&run->todo);
  }
  array_free(run);
  return status;
}
