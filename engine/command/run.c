#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "campaign.h"
#include "command/command.h"
#include "edge/deck_file.h"
#include "edge/files.h"
#include "edge/options.h"
#include "edge/results.h"
#include "edge/sidecar.h"

struct run { /* one deck of one command; text and output on rank 0 only */
  const struct team *team;
  const struct run_options *options;
  int argc;
  char **argv;
  const char *deck_path;
  char output[4096];
  char *resolved; /* owned */
  struct deck deck;
  double seconds;
};

/* The file name of a deck without folder and ending. */
static void stem_of(const char *path, char *stem, size_t size) {
  const char *base = strrchr(path, '/');
  base = base != NULL ? base + 1 : path;
  snprintf(stem, size, "%s", base);
  char *dot = strrchr(stem, '.');
  if (dot != NULL && dot != stem) {
    *dot = '\0';
  }
}

/* Where the result goes: -o FILE, -o FOLDER with several decks, or out/DECKNAME.nc, whose
 * folder is ours to make. */
static enum status choose_output(struct run *run) {
  char stem[1024];
  stem_of(run->deck_path, stem, sizeof stem);
  const char *output = run->options->output;
  int length = 0;
  if (output == NULL) {
    if (mkdir("out", 0777) != 0 && errno != EEXIST) {
      return status_fail(STATUS_IO, "out: %s", strerror(errno));
    }
    length = snprintf(run->output, sizeof run->output, "out/%s.nc", stem);
  } else if (run->options->n_decks > 1) {
    length = snprintf(run->output, sizeof run->output, "%s/%s.nc", output, stem);
  } else {
    length = snprintf(run->output, sizeof run->output, "%s", output);
  }
  if (length >= (int)sizeof run->output) {
    return status_fail(STATUS_IO, "%s: name too long", output);
  }
  return files_check(run->output, run->options->force);
}

/* Rank 0 reads the deck, before anything is computed it also asks whether the result can be
 * written. */
static enum status prepare(struct run *run) {
  if (run->team->rank != 0) {
    return STATUS_OK;
  }
  const enum status status = deck_read(run->deck_path, run->options->assignments,
                                       run->options->n_assignments, &run->deck, &run->resolved);
  return status == STATUS_OK ? choose_output(run) : status;
}

static enum status report(const struct run *run, const struct campaign *campaign,
                          const struct tally *tally) {
  const struct results results = {.deck = &run->deck,
                                  .resolved = run->resolved,
                                  .layout = campaign->layout,
                                  .tally = tally,
                                  .first_path = campaign->plan.first_path,
                                  .end_path = campaign->plan.end_path};
  enum status status = results_write(run->output, &results);
  if (status == STATUS_OK) {
    const struct sidecar sidecar = {.result = run->output,
                                    .deck_path = run->deck_path,
                                    .instruction_set = campaign->kernel->name,
                                    .team = run->team,
                                    .threads = campaign->threads,
                                    .paths = run->deck.sampling.paths,
                                    .seconds = run->seconds,
                                    .argc = run->argc,
                                    .argv = run->argv};
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

static enum status sample(struct run *run, struct campaign *campaign) {
  struct progress progress;
  struct tally tallies[MAX_TALLIES];
  if (run->team->rank == 0) {
    progress_start(&progress, run->options->progress, run->deck.sampling.paths);
    campaign->progress = &progress;
  }
  enum status status = campaign_run(campaign, tallies);
  if (run->team->rank == 0) {
    progress_end(&progress);
    run->seconds = progress_elapsed(&progress);
    if (status == STATUS_OK) {
      status = report(run, campaign, &tallies[0]);
    }
  }
  campaign_free(tallies);
  return team_agree(status);
}

static enum status run_deck(struct run *run) {
  enum status status = team_agree(prepare(run));
  if (status != STATUS_OK) {
    return status;
  }
  team_broadcast(&run->deck, sizeof run->deck);
  struct constants *constants = calloc(1, sizeof *constants);
  struct layout layout;
  layout_make(&layout, &run->deck);
  struct campaign campaign = {.team = run->team,
                              .kernel = kernel_pick(),
                              .sides = {{&run->deck, constants}},
                              .n_sides = 1,
                              .layout = &layout,
                              .plan = plan_make(run->deck.sampling.paths),
                              .threads = run->options->threads};
  if (campaign.threads == 0) {
    campaign.threads = campaign_threads(run->team);
  }
  warn_if_crowded(run->team, campaign.threads);
  if (constants == NULL) {
    status = status_fail(STATUS_FAILED, "no memory for the deck's constants");
  } else if (campaign.kernel == NULL) {
    status = STATUS_USAGE;
  } else {
    constants_make(constants, &run->deck);
  }
  status = team_agree(status);
  if (status == STATUS_OK) {
    status = sample(run, &campaign);
  }
  free(constants);
  return status;
}

enum status command_run(int argc, char **argv) {
  struct team team;
  struct run_options options;
  bool help = false;
  enum status status = team_open(&team, &argc, &argv);
  if (status != STATUS_OK) {
    return status;
  }
  status = team_agree(options_run(argc, argv, team.rank == 0, &options, &help));
  for (int i = 0; status == STATUS_OK && !help && i < options.n_decks; ++i) {
    struct run *run = calloc(1, sizeof *run);
    status = team_agree(run != NULL ? STATUS_OK
                                    : status_fail(STATUS_FAILED, "no memory for a deck"));
    if (status == STATUS_OK) {
      run->team = &team;
      run->options = &options;
      run->argc = argc;
      run->argv = argv;
      run->deck_path = options.decks[i];
      status = run_deck(run);
      free(run->resolved);
    }
    free(run);
  }
  team_close();
  return status;
}
