/* tenor sensitivity: which uncertain key moves a result, and how much. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arrays.h"
#include "campaign/crew.h"
#include "campaign/survey.h"
#include "command/command.h"
#include "command/sample.h"
#include "command/sensitivity_request.h"
#include "edge/deck_file.h"
#include "edge/deck_store.h"
#include "edge/results.h"
#include "edge/sensitivity.h"
#include "edge/sidecar.h"

/* ---- what is asked for */

struct study { /* what every rank must know of it */
  struct deck deck;
  int64_t blocks, swing_blocks;
  int64_t n_quantities;
  struct quantity quantities[MAX_QUANTITIES];
};

static enum status read_quantities(struct study *study, const struct request *request) {
  const int64_t horizon = study->deck.time.horizon;
  struct layout layout;
  char backlog[32] = "backlog@year5";
  const char *const usual[] = {"npv", backlog};
  const bool given = request->n_quantities > 0;
  enum status status = STATUS_OK;
  layout_make(&layout, &study->deck);
  if (horizon < 60) {
    snprintf(backlog, sizeof backlog, "backlog@%" PRId64, horizon);
  }
  study->n_quantities = given ? request->n_quantities : 2;
  for (int64_t q = 0; q < study->n_quantities && status == STATUS_OK; ++q) {
    struct quantity *mine = &study->quantities[q];
    status = quantity_read(mine, "--metric", given ? request->quantities[q] : usual[q],
                           &study->deck, &layout);
    for (int64_t other = 0; status == STATUS_OK && other < q; ++other) {
      if (study->quantities[other].column == mine->column) {
        status = status_fail(STATUS_USAGE, "--metric %s: asked for twice", mine->text);
      }
    }
  }
  return status;
}

static int64_t blocks_of(int64_t paths) {
  return (paths + BLOCK_PATHS - 1) / BLOCK_PATHS;
}

static enum status choose_blocks(struct study *study, const struct request *request) {
  const int64_t paths = study->deck.sampling.paths;
  study->blocks = blocks_of(paths);
  study->swing_blocks = blocks_of(request->swing_paths > 0 ? request->swing_paths : paths);
  if (study->swing_blocks > study->blocks) {
    return status_fail(STATUS_USAGE,
                       "--swing-paths wants at most the %" PRId64
                       " paths there are, not %" PRId64,
                       paths, request->swing_paths);
  }
  if (study->blocks < FEWEST_BLOCKS) {
    status_warn("shares of variance want at least %d paths", FEWEST_BLOCKS * BLOCK_PATHS);
  }
  return STATUS_OK;
}

/* Every deck with a key low or high must be one that the model can run. */
static enum status check_swings(const struct study *study, const struct request *request) {
  struct deck *swung = array_make(1, sizeof *swung);
  enum status status =
      swung != NULL ? STATUS_OK : status_fail(STATUS_FAILED, "no memory for a deck");
  for (int64_t i = -1; i < N_SWINGS * study->deck.n_uncertain && status == STATUS_OK; ++i) {
    const int64_t key = i < 0 ? -1 : i / N_SWINGS;
    const enum swing swing = i % N_SWINGS == SWING_HIGH ? SWING_HIGH : SWING_LOW;
    char why[320];
    uncertain_swing(swung, &study->deck, key, swing);
    if (!deck_holds(swung, why, sizeof why)) {
      status =
          status_fail(STATUS_USAGE, "%s: with %s%severy %skey in the middle of its law: %s",
                      request->path, key < 0 ? "" : study->deck.uncertain[key].name,
                      key < 0              ? ""
                      : swing == SWING_LOW ? " low and "
                                           : " high and ",
                      key < 0 ? "" : "other ", why);
    }
  }
  array_free(swung);
  return status;
}

/* Rank 0 only. */
static enum status read_study(struct study *study, const struct request *request,
                              char **resolved) {
  enum status status = deck_read(request->path, request->assignments, request->n_assignments,
                                 &study->deck, resolved);
  if (status == STATUS_OK && study->deck.n_uncertain == 0) {
    status = status_fail(STATUS_USAGE,
                         "%s: no key is uncertain: give the keys in question a law in the "
                         "deck's section `uncertain` (decks/README.md)",
                         request->path);
  }
  if (status == STATUS_OK && study->deck.sampling.method != SAMPLING_PHILOX) {
    status = status_fail(STATUS_USAGE,
                         "%s: sampling.method: sensitivity wants independent paths; add --set "
                         "sampling.method=philox",
                         request->path);
  }
  if (status == STATUS_OK) {
    status = read_quantities(study, request);
  }
  if (status == STATUS_OK) {
    status = choose_blocks(study, request);
  }
  return status == STATUS_OK ? check_swings(study, request) : status;
}

static enum status choose_output(const struct request *request, char *output, size_t size) {
  char stem[1024];
  int length = 0;
  sample_stem(request->path, stem, sizeof stem);
  if (request->output != NULL) {
    length = snprintf(output, size, "%s", request->output);
  } else if (mkdir("out", 0777) != 0 && errno != EEXIST) {
    return status_fail(STATUS_IO, "out: %s", strerror(errno));
  } else {
    length = snprintf(output, size, "out/%s-sensitivity.nc", stem);
  }
  return length >= (int)size ? status_fail(STATUS_IO, "%s: name too long", request->path)
                             : sidecar_check(output, request->force);
}

/* ---- the story */

struct work { /* one sensitivity in the making; texts on rank 0 only */
  const struct request *request;
  const struct team *team;
  int argc;
  char **argv;
  struct study study;
  char *resolved; /* owned (free) */
  char output[4096];
  struct placement placement;
  struct sensitivity figures;
  const struct kernel *kernel;
  double seconds;
  int64_t walked; /* paths, each as often as it was walked */
};

/* Rank 0 only. */
static enum status report(const struct work *work) {
  static const struct targets none;
  const struct request *request = work->request;
  const struct sensitivity_result result = {.deck = &work->study.deck,
                                            .resolved = work->resolved,
                                            .quantities = work->study.quantities,
                                            .figures = &work->figures};
  const struct sidecar sidecar = {.result = work->output,
                                  .deck_path = request->path,
                                  .instruction_set = work->kernel->name,
                                  .team = work->team,
                                  .placement = &work->placement,
                                  .paths = work->study.blocks * BLOCK_PATHS,
                                  .sampled = work->walked,
                                  .seconds = work->seconds,
                                  .ending = "all paths were sampled",
                                  .targets = &none,
                                  .argc = work->argc,
                                  .argv = work->argv};
  enum status status = sensitivity_write(work->output, request->force, &result);
  if (status == STATUS_OK) {
    status = sidecar_write(&sidecar);
  }
  if (status == STATUS_OK && (!request->quiet || request->json)) {
    status = request->json ? results_show_json(work->output) : results_show(work->output);
  }
  if (status == STATUS_OK && !request->quiet) {
    fflush(stdout); /* a log of both must not be mixed; what fails here is seen at the end */
    status_tell("wrote %s", work->output);
  }
  return status;
}

static enum status compute(struct work *work) {
  const bool first = work->team->rank == 0;
  const struct study *study = &work->study;
  struct layout layout;
  struct progress progress;
  layout_make(&layout, &study->deck);
  struct survey survey = {.team = work->team,
                          .placement = &work->placement,
                          .progress = first ? &progress : NULL,
                          .kernel = work->kernel,
                          .deck = &study->deck,
                          .layout = &layout,
                          .n_quantities = study->n_quantities,
                          .blocks = study->blocks,
                          .swing_blocks = study->swing_blocks,
                          .total = work->request->total};
  for (int64_t q = 0; q < study->n_quantities; ++q) {
    survey.columns[q] = study->quantities[q].column;
  }
  work->walked = survey_walked(&survey, study->blocks);
  if (first) {
    progress_start(&progress, work->request->progress, 0, work->walked);
  }
  enum status status = survey_run(&survey, &work->figures);
  if (first) {
    work->seconds = progress_elapsed(&progress);
    progress_end(&progress);
    status = status == STATUS_OK ? report(work) : status;
  }
  team_wait(); /* asleep, while rank 0 writes */
  return team_agree(status);
}

static enum status work_out(struct work *work) {
  enum status status = STATUS_OK;
  if (work->team->rank == 0) {
    status = read_study(&work->study, work->request, &work->resolved);
    status = status == STATUS_OK
                 ? choose_output(work->request, work->output, sizeof work->output)
                 : status;
  }
  status = team_agree(status);
  if (status == STATUS_OK) {
    team_broadcast(&work->study, sizeof work->study);
    work->kernel = kernel_pick();
    status = team_agree(work->kernel != NULL ? STATUS_OK : STATUS_USAGE);
  }
  if (status == STATUS_OK) {
    placement_arrange(&work->placement, work->team, work->request->threads, crew_openmp(),
                      true);
    status = compute(work);
  }
  return status;
}

enum status command_sensitivity(int argc, char **argv) {
  struct team team;
  struct request request = {.progress = PROGRESS_AUTO};
  enum status status = team_open(&team, &argc, &argv);
  if (status != STATUS_OK) {
    return status;
  }
  status = team_agree(team.rank == 0 ? request_read(argc, argv, &request) : STATUS_OK);
  if (status == STATUS_OK && team.rank != 0) {
    status = request_read(argc, argv, &request); /* which rank 0 found right */
  }
  if (status == STATUS_OK && request.help) {
    fputs(team.rank == 0 ? request_help : "", stdout);
  } else if (status == STATUS_OK) {
    struct work *work = array_make(1, sizeof *work);
    status = team_agree(work != NULL ? STATUS_OK
                                     : status_fail(STATUS_FAILED, "no memory for a deck"));
    if (status == STATUS_OK) {
      work->request = &request;
      work->team = &team;
      work->argc = argc;
      work->argv = argv;
      status = work_out(work);
    }
    free(work != NULL ? work->resolved : NULL);
    array_free(work);
  }
  team_close();
  return status;
}
