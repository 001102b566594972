#include <getopt.h>
#include <stdio.h>

#include "campaign/plan.h"
#include "command/command.h"
#include "command/sample.h"
#include "edge/deck_file.h"
#include "edge/results_state.h"
#include "edge/sidecar.h"

static const char help_text[] =
    "usage: tenor merge PART.nc... -o OUT.nc [--force] [--quiet]\n\n"
    "Joins results of the same deck, seed and sampling whose paths are disjoint: shards, "
    "results of\n"
    "merges, in any order. Equals the run that sampled all their paths, byte for byte.\n\n"
    "  -o, --output OUT.nc  the joined result\n"
    "  --force              replace an existing file\n"
    "  --quiet              no table\n"
    "  -h, --help           this text\n\n"
    "examples:\n"
    "  tenor merge part1.nc part2.nc -o whole.nc\n"
    "  tenor merge out/part*.nc -o whole.nc --force --quiet\n";

struct merge {        /* under way; owned */
  struct saved first; /* the first part; the others must belong to it */
  struct deck decks[2];
  struct layout layout;
  struct state state;
};

/* An empty state of the kind that the first part has. */
static enum status begin(struct merge *merge, const char *path) {
  const double *centres[MAX_TALLIES];
  enum status status = saved_read(&merge->first, path);
  for (int i = 0; status == STATUS_OK && i < merge->first.n_decks; ++i) {
    status =
        deck_read_text(merge->first.resolved[i], merge->first.name[i], path, &merge->decks[i]);
  }
  if (status != STATUS_OK) {
    return status;
  }
  if (merge->first.n_decks > 1) {
    status = sample_check_pair(merge->decks, (const char *const[]){path, path});
  }
  if (status != STATUS_OK) {
    return STATUS_MISMATCH;
  }
  layout_make(&merge->layout, &merge->decks[0]);
  saved_centres(&merge->first, centres);
  for (int t = 0; t < MAX_TALLIES; ++t) {
    const bool of_paths =
        t == TALLY_SAMPLE || (t < TALLY_REPLICATES && merge->first.n_decks > 1);
    if (of_paths &&
        (centres[t] == NULL || merge->first.tallies[t].n_columns != merge->layout.n_columns)) {
      return status_fail(STATUS_MISMATCH, "%s: its state does not fit its deck", path);
    }
  }
  bool clustered = false;
  for (int i = 0; i < merge->first.n_decks; ++i) {
    clustered = clustered || plan_clustered(&merge->decks[i], merge->first.sampling);
  }
  status = state_make(&merge->state, &merge->layout, merge->first.n_decks, clustered, centres,
                      merge->first.sampling.points > 0
                          ? figures_values(&merge->layout, merge->first.n_decks)
                          : 0);
  return status == STATUS_OK ? saved_add(&merge->first, path, &merge->state) : status;
}

static enum status add(struct merge *merge, const char *first, const char *path) {
  struct saved saved;
  enum status status = saved_read(&saved, path);
  if (status == STATUS_OK) {
    status = saved_match(&merge->first, first, &saved, path);
  }
  if (status == STATUS_OK) {
    status = saved_add(&saved, path, &merge->state);
  }
  saved_free(&saved);
  return status;
}

static enum status join(struct merge *merge, char *const *parts, int n, const char *output,
                        bool force) {
  enum status status = begin(merge, parts[0]);
  for (int i = 1; status == STATUS_OK && i < n; ++i) {
    status = add(merge, parts[0], parts[i]);
  }
  const struct results results = {
      .n_decks = merge->first.n_decks,
      .decks = {&merge->decks[0], &merge->decks[1]},
      .resolved = {merge->first.resolved[0], merge->first.resolved[1]},
      .sampling = merge->first.sampling,
      .layout = &merge->layout,
      .state = &merge->state};
  if (status == STATUS_OK) {
    status = results_write(output, force, &results);
  }
  return status == STATUS_OK ? sidecar_remove(output) : status; /* it would tell of another */
}

enum status command_merge(int argc, char **argv) {
  static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                          {"force", no_argument, NULL, 'f'},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  static struct merge merge; /* large */
  const char *output = NULL;
  bool force = false, quiet = false;
  int letter = 0;
  opterr = 0;
  while ((letter = getopt_long(argc, argv, ":ho:", options, NULL)) != -1) {
    switch (letter) {
      case 'o': output = optarg; break;
      case 'f': force = true; break;
      case 'q': quiet = true; break;
      case 'h': fputs(help_text, stdout); return STATUS_OK;
      default:
        return status_fail(STATUS_USAGE,
                           "unknown option or missing value at `%s` (tenor merge --help)",
                           argv[optind - 1]);
    }
  }
  if (optind == argc || output == NULL) {
    return status_fail(STATUS_USAGE,
                       "wanted results to join and -o OUT.nc (tenor merge --help)");
  }
  enum status status = sidecar_check(output, force);
  if (status == STATUS_OK) {
    status = join(&merge, argv + optind, argc - optind, output, force);
  }
  saved_free(&merge.first);
  state_free(&merge.state);
  return status == STATUS_OK && !quiet ? results_show(output) : status;
}
