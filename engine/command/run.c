#include <string.h>

#include "command/command.h"
#include "command/sample.h"

static const struct guide guide = {
    .taker = TAKER_RUN,
    .usage =
        "usage: tenor run DECK... [options]\n\n"
        "Samples paths of each deck and writes their distributions to NetCDF, to\n"
        "out/DECKNAME.nc where -o does not say otherwise.\n",
    .examples =
        "  tenor run decks/anthropic-aws.yaml --paths 1e6 -o out.nc\n"
        "  tenor run decks/chip-slip.yaml --set fleet.slip_multiplier=3 --until npv.cvar99:2%\n"
        "  mpirun -np 4 tenor run decks/gpu.yaml --paths 1e9 --checkpoint gpu.ckpt --resume\n"};

/* Results are named after their decks; two of one name would be one file. */
static enum status check_names(const struct run_options *options, bool loud) {
  for (int i = 0; i < options->n_decks; ++i) {
    for (int j = 0; j < i; ++j) {
      char a[1024], b[1024];
      sample_stem(options->decks[i], a, sizeof a);
      sample_stem(options->decks[j], b, sizeof b);
      if (strcmp(a, b) == 0) {
        return loud ? status_fail(STATUS_USAGE, "%s and %s would both write %s.nc",
                                  options->decks[j], options->decks[i], a)
                    : STATUS_USAGE;
      }
    }
  }
  return STATUS_OK;
}

enum status command_run(int argc, char **argv) {
  struct team team;
  struct run_options options;
  bool help = false;
  enum status status = team_open(&team, &argc, &argv);
  if (status != STATUS_OK) {
    return status;
  }
  status = team_agree(options_run(argc, argv, team.rank == 0, &guide, &options, &help));
  if (status == STATUS_OK && !help && options.n_decks == 0) {
    status = team.rank == 0
                 ? status_fail(STATUS_USAGE, "which deck? (tenor run --help lists the options)")
                 : STATUS_USAGE;
  }
  if (status == STATUS_OK && !help && options.n_decks > 1 && options.checkpoint != NULL) {
    status = team.rank == 0
                 ? status_fail(STATUS_USAGE, "--checkpoint is of one deck, not of %d",
                               options.n_decks)
                 : STATUS_USAGE;
  }
  if (status == STATUS_OK && !help) {
    status = check_names(&options, team.rank == 0);
  }
  /* A deck whose target was missed has its result; the others get theirs. */
  for (int i = 0;
       (status == STATUS_OK || status == STATUS_TARGET) && !help && i < options.n_decks; ++i) {
    const struct sample sample = {.decks = {options.decks[i]},
                                  .n_decks = 1,
                                  .into_folder = options.n_decks > 1,
                                  .again = i > 0,
                                  .argc = argc,
                                  .argv = argv};
    const enum status mine = sample_run(&sample, &team, &options);
    status = mine > status ? mine : status;
  }
  team_close();
  return status;
}
