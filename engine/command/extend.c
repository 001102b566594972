#include "command/command.h"
#include "command/sample.h"

static const struct guide guide = {
    .taker = TAKER_EXTEND,
    .usage =
        "usage: tenor extend OUT.nc --paths N [-o NEW.nc] [options]\n\n"
        "Goes on with a finished result up to N paths; equals the run that had N paths from\n"
        "the start, byte for byte. Fills gaps between shards that were joined. Without -o\n"
        "the result is replaced. Deck, seed and sampling are the result's own.\n",
    .examples =
        "  tenor extend out.nc --paths 4e6\n"
        "  tenor extend whole.nc --paths 1e7 -o larger.nc\n"};

static enum status check(const struct run_options *options, bool loud) {
  if (options->n_decks == 1 && options->paths[0] != '\0') {
    return STATUS_OK;
  }
  return loud ? status_fail(STATUS_USAGE,
                            "wanted one result and --paths N (tenor extend "
                            "--help lists the options)")
              : STATUS_USAGE;
}

enum status command_extend(int argc, char **argv) {
  struct team team;
  struct run_options options;
  bool help = false;
  enum status status = team_open(&team, &argc, &argv);
  if (status != STATUS_OK) {
    return status;
  }
  status = team_agree(options_run(argc, argv, team.rank == 0, &guide, &options, &help));
  if (status == STATUS_OK && !help) {
    status = check(&options, team.rank == 0);
  }
  if (status == STATUS_OK && !help) {
    const struct sample sample = {.extended = options.decks[0], .argc = argc, .argv = argv};
    status = sample_run(&sample, &team, &options);
  }
  team_close();
  return status;
}
