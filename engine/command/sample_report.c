/* From what was computed to a result, or to a checkpoint. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "command/sampling.h"
#include "edge/results.h"
#include "edge/sidecar.h"

static const char *const endings[] = {[ENDED_WHOLE] = "all paths were sampled",
                                      [ENDED_ON_TARGET] = "every precision target was met",
                                      [ENDED_ON_TIME] = "the time was up"};
_Static_assert(sizeof endings / sizeof *endings == ENDED_STOPPED,
               "a stopped run has no result");

/* What was asked for and not reached, in words; STATUS_TARGET if there is anything. */
static enum status check_reached(const struct run *run) {
  const struct standing *standing = &run->standing;
  const struct targets *targets = &run->order.targets;
  enum status status = STATUS_OK;
  const struct look *last =
      standing->n_looks > 0 ? &standing->looks[standing->n_looks - 1] : NULL;
  for (int t = 0; last != NULL && t < targets->n; ++t) {
    if (!last->met[t] && run->ending != ENDED_ON_TARGET) {
      char predicted[64] = "", half[32] = "what cannot be told yet";
      if (isfinite(last->predicted)) {
        snprintf(predicted, sizeof predicted, "; about %.3g would do", last->predicted);
      }
      if (isfinite(last->half[t])) {
        snprintf(half, sizeof half, "%.3g", last->half[t]);
      }
      status_warn("target %s not met: %.6g +/- %s after %" PRId64 " paths%s",
                  targets->at[t].text, last->value[t], half, last->paths, predicted);
      status = STATUS_TARGET;
    }
  }
  if (targets->n == 0 && run->ending == ENDED_ON_TIME) {
    status_warn("time was up after %" PRId64 " of %" PRId64 " paths",
                ranges_count(&run->standing.state.paths),
                run->order.range.end - run->order.range.first);
    status = STATUS_TARGET;
  }
  return status;
}

static enum status write_result(struct run *run, const struct campaign *campaign) {
  const struct results results = {.n_decks = run->order.n_sides,
                                  .decks = {&run->order.decks[0], &run->order.decks[1]},
                                  .resolved = {run->resolved[0], run->resolved[1]},
                                  .sampling = run->order.sampling,
                                  .layout = &run->layout,
                                  .state = &run->standing.state};
  const bool in_place = run->sample->extended != NULL && run->options->output == NULL;
  enum status status =
      run->options->checkpoint != NULL ? checkpoint_guard(&run->checkpoint) : STATUS_OK;
  if (status == STATUS_OK) {
    status =
        results_write(run->output, run->options->force || run->resumes || in_place, &results);
  }
  const struct sidecar sidecar = {.result = run->output,
                                  .deck_path = run->sample->extended != NULL
                                                   ? run->sample->extended
                                                   : run->sample->decks[0],
                                  .instruction_set = campaign->job.kernel->name,
                                  .team = run->team,
                                  .placement = &run->placement,
                                  .paths = ranges_count(&run->standing.state.paths),
                                  .sampled = run->sampled,
                                  .resumed = run->resumed_paths,
                                  .checkpoints = run->checkpoint.written,
                                  .checkpoint_seconds = run->checkpoint.seconds,
                                  .seconds = run->seconds,
                                  .ending = endings[run->ending],
                                  .targets = &run->order.targets,
                                  .looks = run->standing.looks,
                                  .n_looks = run->standing.n_looks,
                                  .argc = run->sample->argc,
                                  .argv = run->sample->argv};
  if (status == STATUS_OK) {
    status = sidecar_write(&sidecar);
  }
  if (status == STATUS_OK && run->options->checkpoint != NULL &&
      checkpoint_remove(&run->checkpoint) != STATUS_OK) {
    status_warn("the result is whole; %s is of no use any more", run->options->checkpoint);
  }
  return status;
}

static enum status report_stop(const struct run *run) {
  if (!run->options->quiet) {
    status_tell("stopped after %" PRId64 " of %" PRId64
                " paths%s; %s holds them, and the same command with --resume goes on",
                run->resumed_paths + run->sampled,
                run->order.range.end - run->order.range.first,
                run->exact.n_wants > 0 ? ", in the second pass over them" : "",
                run->options->checkpoint);
  }
  return STATUS_STOPPED;
}

enum status sampling_report(struct run *run, const struct campaign *campaign) {
  if (run->ending == ENDED_STOPPED) {
    return report_stop(run);
  }
  if (ranges_count(&run->standing.state.paths) == 0) {
    return status_fail(STATUS_FAILED, "time was up before a single replicate was whole");
  }
  enum status status = write_result(run, campaign);
  if (status == STATUS_OK && (!run->options->quiet || run->options->json)) {
    status = run->options->json ? results_show_json(run->output) : results_show(run->output);
  }
  if (status == STATUS_OK && !run->options->quiet) {
    fflush(stdout); /* a log of both must not be mixed; what fails here is seen at the end */
    status_tell("wrote %s", run->output);
  }
  return status == STATUS_OK ? check_reached(run) : status;
}
