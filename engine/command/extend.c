#include "command/command.h"
#include "command/sample.h"

static const char usage[] =
    "usage: tenor extend OUT.nc --paths N [-o NEW.nc] [options]\n\n"
    "Goes on with a finished result up to N paths; equals the run that had N paths from the\n"
    "start, byte for byte. Fills gaps between shards that were joined. Without -o the result "
    "is\n"
    "replaced. Deck, seed and sampling are the result's own.\n";

/* What an extension cannot take, because the result has it already. */
static enum status check(const struct run_options *options, bool loud) {
  const bool other = options->n_assignments != 1 || options->paths[0] == '\0' ||
                     options->n_second > 0 || options->n_shards > 0 || options->n_until > 0 ||
                     options->checkpoint != NULL || options->dump_paths > 0 ||
                     options->dump_share > 0;
  if (options->n_decks == 1 && !other) {
    return STATUS_OK;
  }
  return loud
             ? status_fail(STATUS_USAGE,
                           "wanted one result and --paths N, and of the options -o, --threads, "
                           "--exact-quantiles, "
                           "--max-time, --progress, --quiet, --json and --force only (tenor "
                           "extend --help)")
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
  status = team_agree(options_run(argc, argv, team.rank == 0, usage, &options, &help));
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
