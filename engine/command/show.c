#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "command/command.h"
#include "edge/checkpoint.h"
#include "edge/results.h"

static const char help_text[] =
    "usage: tenor show OUT.nc [--json | --digest]\n\n"
    "Prints the headline table of a result, with 95 % intervals; of a checkpoint, how far it "
    "is.\n\n"
    "  --json      every variable of the result, or all of that, as JSON\n"
    "  --digest    SHA-256 of the content, equal across library versions\n"
    "  -h, --help  this text\n\n"
    "examples:\n"
    "  tenor show out.nc\n"
    "  tenor show out.nc --json | head\n"
    "  tenor show run.ckpt\n";

enum status command_show(int argc, char **argv) {
  static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                          {"digest", no_argument, NULL, 'd'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  bool json = false, digest = false;
  int letter = 0;
  opterr = 0;
  while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
    switch (letter) {
      case 'j': json = true; break;
      case 'd': digest = true; break;
      case 'h': fputs(help_text, stdout); return STATUS_OK;
      default:
        return status_fail(STATUS_USAGE, "unknown option `%s` (tenor show --help)",
                           argv[optind - 1]);
    }
  }
  if (argc - optind != 1 || (json && digest)) {
    return status_fail(STATUS_USAGE,
                       "wanted one result, and one of --json and --digest at most");
  }
  if (!digest && checkpoint_is(argv[optind])) {
    return checkpoint_show(argv[optind], json);
  }
  return json     ? results_show_json(argv[optind])
         : digest ? results_show_digest(argv[optind])
                  : results_show(argv[optind]);
}
