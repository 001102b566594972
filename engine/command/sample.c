#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arrays.h"
#include "campaign.h"
#include "command/sample.h"
#include "edge/deck_file.h"
#include "edge/files.h"
#include "edge/results.h"
#include "edge/sidecar.h"

struct run { /* one result in the making; text and output on rank 0 only */
  const struct sample *sample;
  const struct team *team;
  const struct run_options *options;
  char output[4096];
  char *resolved[MAX_SIDES]; /* owned */
  struct deck decks[MAX_SIDES];
  struct constants constants[MAX_SIDES];
  double seconds;
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
static void name_result(const struct sample *sample, char *name, size_t size) {
  char first[1024], second[1024];
  sample_stem(sample->decks[0], first, sizeof first);
  if (sample->n_decks == 1) {
    snprintf(name, size, "%s", first);
  } else {
    sample_stem(sample->decks[1], second, sizeof second);
    snprintf(name, size, "%s-minus-%s", first, second);
  }
}

/* Where the result goes: -o FILE, -o FOLDER with several results, or out/NAME.nc, whose folder
   is ours to make. */
static enum status choose_output(struct run *run) {
  char name[2200];
  const char *output = run->options->output;
  int length = 0;
  name_result(run->sample, name, sizeof name);
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

/* Two decks go through the same paths only if every figure of one has its like in the other. */
static enum status check_pair(const struct run *run) {
  const struct deck *a = &run->decks[0], *b = &run->decks[1];
  if (a->time.horizon != b->time.horizon) {
    return status_fail(STATUS_USAGE, "%s and %s have horizons of %lld and %lld months",
                       run->sample->decks[0], run->sample->decks[1], (long long)a->time.horizon,
                       (long long)b->time.horizon);
  }
  if (a->n_customers != b->n_customers) {
    return status_fail(STATUS_USAGE, "%s and %s have %lld and %lld customers",
                       run->sample->decks[0], run->sample->decks[1], (long long)a->n_customers,
                       (long long)b->n_customers);
  }
  for (int64_t c = 0; c < a->n_customers; ++c) {
    if (strcmp(a->customers[c].name, b->customers[c].name) != 0) {
      return status_fail(STATUS_USAGE, "customer %lld is %s in %s and %s in %s",
                         (long long)c + 1, a->customers[c].name, run->sample->decks[0],
                         b->customers[c].name, run->sample->decks[1]);
    }
  }
  if (deck_contract_years(a) != deck_contract_years(b)) {
    return status_fail(STATUS_USAGE, "%s and %s have contracts of different numbers of years",
                       run->sample->decks[0], run->sample->decks[1]);
  }
  return STATUS_OK;
}

/* Rank 0 reads the decks; before anything is computed it also asks whether the result can be
   written. */
static enum status prepare(struct run *run) {
  const struct sample *sample = run->sample;
  enum status status = STATUS_OK;
  if (run->team->rank != 0) {
    return STATUS_OK;
  }
  const struct run_options *options = run->options;
  const char *settings[2 * MAX_ASSIGNMENTS];
  memcpy(settings, options->assignments, sizeof options->assignments);
  memcpy(settings + options->n_assignments, options->second,
         (size_t)options->n_second * sizeof *settings);
  for (int i = 0; status == STATUS_OK && i < sample->n_decks; ++i) {
    status = deck_read(sample->decks[i], settings,
                       options->n_assignments + (i > 0 ? options->n_second : 0), &run->decks[i],
                       &run->resolved[i]);
  }
  if (status == STATUS_OK && sample->n_decks > 1) {
    status = check_pair(run);
  }
  return status == STATUS_OK ? choose_output(run) : status;
}

static enum status report(const struct run *run, const struct campaign *campaign,
                          const struct tally tallies[MAX_TALLIES]) {
  const struct comparison against = {.deck = &run->decks[1],
                                     .resolved = run->resolved[1],
                                     .first = &tallies[TALLY_FIRST],
                                     .second = &tallies[TALLY_SECOND]};
  const struct results results = {.deck = &run->decks[0],
                                  .resolved = run->resolved[0],
                                  .layout = campaign->layout,
                                  .tally = &tallies[0],
                                  .against = campaign->n_sides > 1 ? &against : NULL,
                                  .first_path = campaign->plan.first_path,
                                  .end_path = campaign->plan.end_path};
  enum status status = results_write(run->output, run->options->force, &results);
  if (status == STATUS_OK) {
    const struct sidecar sidecar = {.result = run->output,
                                    .deck_path = run->sample->decks[0],
                                    .instruction_set = campaign->kernel->name,
                                    .team = run->team,
                                    .threads = campaign->threads,
                                    .paths = run->decks[0].sampling.paths,
                                    .seconds = run->seconds,
                                    .argc = run->sample->argc,
                                    .argv = run->sample->argv};
    status = sidecar_write(&sidecar);
  }
  if (status == STATUS_OK && (!run->options->quiet || run->options->json)) {
    status = run->options->json ? results_show_json(run->output) : results_show(run->output);
  }
  if (status == STATUS_OK && !run->options->quiet) {
    fprintf(stderr, "tenor: wrote %s\n", run->output);
  }
  return status;
}

static void warn_if_crowded(const struct team *team, int threads) {
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  if (team->rank == 0 && (long)threads * team->node_ranks > online) {
    status_warn(
        "%d ranks x %d threads share %ld CPUs of this machine; ask for --threads %ld, or with "
        "mpirun "
        "--map-by slot:PE=%d, or with srun --cpus-per-task=%d",
        team->node_ranks, threads, online,
        online / team->node_ranks > 1 ? online / team->node_ranks : 1, threads, threads);
  }
}

static enum status compute(struct run *run, struct campaign *campaign) {
  struct progress progress;
  struct tally tallies[MAX_TALLIES];
  if (run->team->rank == 0) {
    progress_start(&progress, run->options->progress, run->decks[0].sampling.paths);
    campaign->progress = &progress;
  }
  enum status status = campaign_run(campaign, tallies);
  if (run->team->rank == 0) {
    progress_end(&progress);
    run->seconds = progress_elapsed(&progress);
    if (status == STATUS_OK) {
      status = report(run, campaign, tallies);
    }
  }
  campaign_free(tallies);
  return team_agree(status);
}

static enum status run_sides(struct run *run) {
  enum status status = team_agree(prepare(run));
  if (status != STATUS_OK) {
    return status;
  }
  team_broadcast(run->decks, sizeof run->decks);
  struct layout layout;
  layout_make(&layout, &run->decks[0]);
  struct campaign campaign = {.team = run->team,
                              .kernel = kernel_pick(),
                              .n_sides = run->sample->n_decks,
                              .layout = &layout,
                              .plan = plan_make(run->decks[0].sampling.paths),
                              .threads = run->options->threads};
  for (int i = 0; i < campaign.n_sides; ++i) {
    constants_make(&run->constants[i], &run->decks[i]);
    campaign.sides[i] = (struct side){&run->decks[i], &run->constants[i]};
  }
  if (campaign.threads == 0) {
    campaign.threads = campaign_threads(run->team);
  }
  warn_if_crowded(run->team, campaign.threads);
  status = team_agree(campaign.kernel != NULL ? STATUS_OK : STATUS_USAGE);
  return status == STATUS_OK ? compute(run, &campaign) : status;
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
  array_free(run);
  return status;
}
