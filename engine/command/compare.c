#include "command/command.h"
#include "command/sample.h"

static const struct guide guide = {
    .taker = TAKER_COMPARE,
    .usage =
        "usage: tenor compare A.yaml B.yaml [options]\n\n"
        "Puts two decks on the same paths and writes the distributions of the pathwise\n"
        "differences, A minus B, with their paired standard errors and those of two unrelated\n"
        "runs; to out/A-minus-B.nc where -o does not say otherwise.\n",
    .examples =
        "  tenor compare decks/anthropic-aws.yaml decks/no-deal.yaml --paths 1e6 -o deal.nc\n"
        "  tenor compare decks/gpu.yaml decks/gpu.yaml --set-second fleet.slip_multiplier=2\n"};

enum status command_compare(int argc, char **argv) {
  struct team team;
  struct run_options options;
  bool help = false;
  enum status status = team_open(&team, &argc, &argv);
  if (status != STATUS_OK) {
    return status;
  }
  status = team_agree(options_run(argc, argv, team.rank == 0, &guide, &options, &help));
  if (status == STATUS_OK && !help && options.n_decks != 2) {
    status = team.rank == 0 ? status_fail(STATUS_USAGE,
                                          "wanted two decks, not %d (tenor compare --help "
                                          "lists the options)",
                                          options.n_decks)
                            : STATUS_USAGE;
  }
  if (status == STATUS_OK && !help) {
    const struct sample sample = {.decks = {options.decks[0], options.decks[1]},
                                  .n_decks = 2,
                                  .argc = argc,
                                  .argv = argv};
    status = sample_run(&sample, &team, &options);
  }
  team_close();
  return status;
}
