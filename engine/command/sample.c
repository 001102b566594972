#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arrays.h"
#include "campaign/campaign.h"
#include "campaign/crew.h"
#include "command/sample.h"
#include "edge/deck_file.h"
#include "edge/files.h"
#include "edge/results.h"
#include "edge/results_state.h"
#include "edge/sidecar.h"

struct order { /* what rank 0 decides and every rank must know */
  int n_sides;
  struct sampling sampling;
  int64_t paths;           /* of the whole run; with targets the most */
  struct path_range range; /* of them, the ones to sample */
  struct targets targets;
  struct deck decks[MAX_SIDES];
};

struct run { /* one result in the making; text and output on rank 0 only */
  const struct sample *sample;
  const struct team *team;
  const struct run_options *options;
  char output[4096];
  char *resolved[MAX_SIDES]; /* owned */
  struct saved saved;        /* what is extended */
  struct order order;
  struct constants constants[MAX_SIDES];
  struct layout layout;
  struct placement placement;
  struct state state;
  struct ranges todo;
  struct outcome outcome;
  struct exact exact;
  double seconds;
  int64_t sampled; /* paths, in these seconds */
};

void sample_stem(const char *path, char *stem, size_t size) {
  const char *base = strrchr(path, '/');
  base = base != NULL ? base + 1 : path;
  snprintf(stem, size, "%s", base);
  char *dot = strrchr(stem, '.');
  if (dot != NULL && dot != stem) {
    *dot = '\0';
  }
}

/* The file name of the result without folder and ending. */
static void name_result(const struct run *run, char *name, size_t size) {
  const struct sample *sample = run->sample;
  char first[1024], second[1024];
  sample_stem(sample->decks[0], first, sizeof first);
  if (sample->n_decks == 1) {
    snprintf(name, size, "%s", first);
  } else {
    sample_stem(sample->decks[1], second, sizeof second);
    snprintf(name, size, "%s-minus-%s", first, second);
  }
  if (run->options->n_shards > 0) {
    const size_t length = strlen(name);
    snprintf(name + length, size - length, ".%" PRId64 "-of-%" PRId64, run->options->shard,
             run->options->n_shards);
  }
}

/* Where the result goes: -o FILE, -o FOLDER with several results, or out/NAME.nc, whose folder
   is ours to make. */
static enum status choose_output(struct run *run) {
  char name[2200];
  const char *output = run->options->output;
  int length = 0;
  if (run->sample->extended != NULL) {
    const char *path = output != NULL ? output : run->sample->extended;
    length = snprintf(run->output, sizeof run->output, "%s", path);
    return length >= (int)sizeof run->output
               ? status_fail(STATUS_IO, "%s: name too long", path)
               : files_check(run->output, run->options->force || output == NULL);
  }
  name_result(run, name, sizeof name);
  if (output == NULL) {
    if (mkdir("out", 0777) != 0 && errno != EEXIST) {
      return status_fail(STATUS_IO, "out: %s", strerror(errno));
    }
    length = snprintf(run->output, sizeof run->output, "out/%s.nc", name);
  } else if (run->sample->into_folder) {
    length = snprintf(run->output, sizeof run->output, "%s/%s.nc", output, name);
  } else {
    length = snprintf(run->output, sizeof run->output, "%s", output);
  }
  if (length >= (int)sizeof run->output) {
    return status_fail(STATUS_IO, "%s: name too long", output != NULL ? output : name);
  }
  return files_check(run->output, run->options->force);
}

enum status sample_check_pair(const struct deck decks[2], const char *const names[2]) {
  const struct deck *a = &decks[0], *b = &decks[1];
  if (a->time.horizon != b->time.horizon) {
    return status_fail(STATUS_USAGE, "%s and %s have horizons of %lld and %lld months",
                       names[0], names[1], (long long)a->time.horizon,
                       (long long)b->time.horizon);
  }
  if (a->n_customers != b->n_customers) {
    return status_fail(STATUS_USAGE, "%s and %s have %lld and %lld customers", names[0],
                       names[1], (long long)a->n_customers, (long long)b->n_customers);
  }
  for (int64_t c = 0; c < a->n_customers; ++c) {
    if (strcmp(a->customers[c].name, b->customers[c].name) != 0) {
      return status_fail(STATUS_USAGE, "customer %lld is %s in %s and %s in %s",
                         (long long)c + 1, a->customers[c].name, names[0], b->customers[c].name,
                         names[1]);
    }
  }
  if (deck_contract_years(a) != deck_contract_years(b)) {
    return status_fail(STATUS_USAGE, "%s and %s have contracts of different numbers of years",
                       names[0], names[1]);
  }
  return STATUS_OK;
}

static enum status read_decks(struct run *run) {
  const struct sample *sample = run->sample;
  const struct run_options *options = run->options;
  const char *settings[2 * MAX_ASSIGNMENTS];
  enum status status = STATUS_OK;
  memcpy(settings, options->assignments, sizeof options->assignments);
  memcpy(settings + options->n_assignments, options->second,
         (size_t)options->n_second * sizeof *settings);
  for (int i = 0; status == STATUS_OK && i < sample->n_decks; ++i) {
    status = deck_read(sample->decks[i], settings,
                       options->n_assignments + (i > 0 ? options->n_second : 0),
                       &run->order.decks[i], &run->resolved[i]);
  }
  run->order.n_sides = sample->n_decks;
  return status == STATUS_OK && sample->n_decks > 1
             ? sample_check_pair(run->order.decks, sample->decks)
             : status;
}

/* The decks of a result that is to go on, from its state. */
static enum status read_saved(struct run *run) {
  const char *path = run->sample->extended;
  enum status status = saved_read(&run->saved, path);
  for (int i = 0; status == STATUS_OK && i < run->saved.n_decks; ++i) {
    status =
        deck_read_text(run->saved.resolved[i], run->saved.name[i], path, &run->order.decks[i]);
    run->resolved[i] = strdup(run->saved.resolved[i]);
    if (status == STATUS_OK && run->resolved[i] == NULL) {
      status = status_fail(STATUS_FAILED, "no memory for a deck");
    }
  }
  run->order.n_sides = run->saved.n_decks;
  run->order.sampling = run->saved.sampling;
  return status == STATUS_OK && run->saved.n_decks > 1
             ? sample_check_pair(run->order.decks, (const char *const[]){path, path})
             : status;
}

/* How many paths, how drawn, and which of them are sampled here. */
static enum status choose_paths(struct run *run) {
  const struct sampling_keys *keys = &run->order.decks[0].sampling;
  const struct run_options *options = run->options;
  struct order *order = &run->order;
  order->sampling = plan_sampling(keys, &order->paths);
  if (order->paths != keys->paths) {
    status_warn("%" PRId64 " replicates of %" PRId64 " Sobol points: %" PRId64
                " paths instead of %" PRId64,
                keys->replicates, order->sampling.points, order->paths, keys->paths);
  }
  const int64_t unit = order->sampling.points > 0 ? order->sampling.points : BLOCK_PATHS;
  if (options->n_until > 0 && options->paths[0] == '\0') {
    order->paths =
        plan_most(order->sampling); /* whose targets may need more than the deck says */
  }
  order->range = options->n_shards > 0
                     ? plan_shard(order->paths, unit, options->shard, options->n_shards)
                     : (struct path_range){0, order->paths};
  return order->range.first < order->range.end
             ? STATUS_OK
             : status_fail(STATUS_USAGE,
                           "shard %" PRId64 "/%" PRId64 " of %" PRId64
                           " paths is empty: shards are made of whole %s of %" PRId64 " paths",
                           options->shard, options->n_shards, order->paths,
                           order->sampling.points > 0 ? "replicates" : "blocks", unit);
}

/* Up to which path a result goes on. */
static enum status choose_extension(struct run *run) {
  const int64_t points = run->order.sampling.points, has = ranges_count(&run->saved.paths);
  uint64_t paths = 0;
  const bool whole = options_whole(strchr(run->options->paths, '=') + 1, &paths);
  if (!whole || paths > (uint64_t)plan_most(run->order.sampling)) {
    return status_fail(STATUS_USAGE, "--paths wants at most %" PRId64 " here",
                       plan_most(run->order.sampling));
  }
  run->order.paths = (int64_t)paths;
  if (points > 0) {
    run->order.paths = ((int64_t)paths + points - 1) / points * points;
  }
  run->order.range = (struct path_range){0, run->order.paths};
  if (run->order.paths < ranges_end(&run->saved.paths)) {
    return status_fail(STATUS_USAGE,
                       "%s holds %" PRId64 " paths already, up to number %" PRId64
                       "; --paths says up to which number it shall go on",
                       run->sample->extended, has, ranges_end(&run->saved.paths));
  }
  return STATUS_OK;
}

static enum status read_targets(struct run *run) {
  static const struct tally nothing;
  struct order *order = &run->order;
  struct layout layout;
  struct figures figures;
  enum status status = STATUS_OK;
  layout_make(&layout, &order->decks[0]);
  figures_make(&figures, &order->decks[0], &layout, &nothing,
               order->n_sides > 1 ? &nothing : NULL, order->n_sides > 1 ? &nothing : NULL,
               NULL);
  for (int i = 0; i < run->options->n_until; ++i) {
    const enum status mine = targets_add(&order->targets, run->options->until[i], &figures);
    status = mine > status ? mine : status;
  }
  return status;
}

/* Rank 0 reads the decks; before anything is computed it also asks whether the result can be
   written. */
static enum status prepare(struct run *run) {
  const bool extended = run->sample->extended != NULL;
  if (run->team->rank != 0) {
    return STATUS_OK;
  }
  enum status status = extended ? read_saved(run) : read_decks(run);
  if (status == STATUS_OK) {
    status = extended ? choose_extension(run) : choose_paths(run);
  }
  if (status == STATUS_OK) {
    status = read_targets(run);
  }
  return status == STATUS_OK ? choose_output(run) : status;
}

/* ---- computing */

/* What of the paths 0 .. paths-1 a result lacks; a block that is not whole is taken out of its
   state, to be sampled as a whole. Rank 0 only. */
static enum status go_on(struct run *run, const struct campaign *campaign) {
  enum status status = saved_add(&run->saved, run->sample->extended, &run->state);
  for (int64_t i = 0; status == STATUS_OK && i < run->saved.paths.n; ++i) {
    const struct path_range range = run->saved.paths.at[i];
    if (range.end < run->order.paths) {
      status = campaign_take_out(campaign, &run->state, range);
    }
  }
  if (status == STATUS_OK && !ranges_missing(&run->state.paths, run->order.paths, &run->todo)) {
    status = status_fail(STATUS_FAILED, "no memory for ranges of paths");
  }
  return status;
}

static enum status start(struct run *run, const struct campaign *campaign) {
  enum status status = campaign_state(campaign, &run->state);
  if (status == STATUS_OK && run->team->rank == 0) {
    status = run->sample->extended != NULL ? go_on(run, campaign)
             : ranges_add(&run->todo, run->order.range)
                 ? STATUS_OK
                 : status_fail(STATUS_FAILED, "no memory for ranges of paths");
  }
  status = team_agree(status);
  return status == STATUS_OK ? campaign_share(campaign, &run->todo) : status;
}

/* ---- the result */

static const char *const endings[] = {[ENDED_WHOLE] = "all paths were sampled",
                                      [ENDED_ON_TARGET] = "every precision target was met",
                                      [ENDED_ON_TIME] = "the time was up"};

/* What was asked for and not reached, in words; STATUS_TARGET if there is anything. */
static enum status check_reached(const struct run *run) {
  const struct outcome *outcome = &run->outcome;
  const struct targets *targets = &run->order.targets;
  enum status status = STATUS_OK;
  const struct look *last = outcome->n_looks > 0 ? &outcome->looks[outcome->n_looks - 1] : NULL;
  for (int t = 0; last != NULL && t < targets->n; ++t) {
    if (!last->met[t] && outcome->ending != ENDED_ON_TARGET) {
      char predicted[64] = "";
      if (isfinite(last->predicted)) {
        snprintf(predicted, sizeof predicted, "; about %.3g would do", last->predicted);
      }
      status_warn("target %s not met: %.6g +/- %.3g after %" PRId64 " paths%s",
                  targets->at[t].text, last->value[t], last->half[t], last->paths, predicted);
      status = STATUS_TARGET;
    }
  }
  if (targets->n == 0 && outcome->ending == ENDED_ON_TIME) {
    status_warn("time was up after %" PRId64 " of %" PRId64 " paths",
                ranges_count(&run->state.paths), run->order.range.end - run->order.range.first);
    status = STATUS_TARGET;
  }
  return status;
}

static enum status write_result(const struct run *run, const struct campaign *campaign) {
  const struct results results = {.n_decks = run->order.n_sides,
                                  .decks = {&run->order.decks[0], &run->order.decks[1]},
                                  .resolved = {run->resolved[0], run->resolved[1]},
                                  .sampling = run->order.sampling,
                                  .layout = &run->layout,
                                  .state = &run->state};
  const bool in_place = run->sample->extended != NULL && run->options->output == NULL;
  const enum status status =
      results_write(run->output, run->options->force || in_place, &results);
  const struct sidecar sidecar = {.result = run->output,
                                  .deck_path = run->sample->extended != NULL
                                                   ? run->sample->extended
                                                   : run->sample->decks[0],
                                  .instruction_set = campaign->job.kernel->name,
                                  .team = run->team,
                                  .placement = &run->placement,
                                  .paths = ranges_count(&run->state.paths),
                                  .sampled = run->sampled,
                                  .seconds = run->seconds,
                                  .ending = endings[run->outcome.ending],
                                  .targets = &run->order.targets,
                                  .looks = run->outcome.looks,
                                  .n_looks = run->outcome.n_looks,
                                  .argc = run->sample->argc,
                                  .argv = run->sample->argv};
  return status == STATUS_OK ? sidecar_write(&sidecar) : status;
}

static enum status report(const struct run *run, const struct campaign *campaign) {
  if (ranges_count(&run->state.paths) == 0) {
    return status_fail(STATUS_FAILED, "time was up before a single replicate was whole");
  }
  enum status status = write_result(run, campaign);
  if (status == STATUS_OK && (!run->options->quiet || run->options->json)) {
    status = run->options->json ? results_show_json(run->output) : results_show(run->output);
  }
  if (status == STATUS_OK && !run->options->quiet) {
    fflush(stdout); /* a log of both must not be mixed; what fails here is seen at the end */
    fprintf(stderr, "tenor: wrote %s\n", run->output);
  }
  return status == STATUS_OK ? check_reached(run) : status;
}

static enum status compute(struct run *run, struct campaign *campaign) {
  struct progress progress;
  const bool first = run->team->rank == 0;
  enum status status = start(run, campaign);
  if (status != STATUS_OK) {
    return status;
  }
  if (first) {
    progress_start(&progress, run->options->progress, ranges_count(&run->state.paths),
                   ranges_count(&run->todo));
    campaign->progress = &progress;
  }
  status = campaign_run(campaign, &run->todo, &run->state, &run->outcome);
  if (first) {
    run->seconds = progress_elapsed(&progress);
    run->sampled = ranges_count(&run->state.paths) - progress.before;
  }
  if (status == STATUS_OK && run->options->exact) {
    status = campaign_exact(campaign, &run->state, &run->exact);
  }
  if (first) {
    progress_end(&progress);
    status = status == STATUS_OK ? report(run, campaign) : status;
  }
  team_wait(); /* asleep, while rank 0 writes */
  return team_agree(status);
}

static enum status run_sides(struct run *run) {
  enum status status = team_agree(prepare(run));
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
                              .placement = &run->placement};
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
    state_free(&run->state);
    exact_free(&run->exact);
    ranges_free(&run->todo);
  }
  array_free(run);
  return status;
}
