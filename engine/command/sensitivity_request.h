/* The command line of `tenor sensitivity`. */
#ifndef TENOR_COMMAND_SENSITIVITY_REQUEST_H
#define TENOR_COMMAND_SENSITIVITY_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "edge/options.h"
#include "edge/progress.h"
#include "stats/sensitivity.h"

struct request {
  const char *path, *output; /* output NULL: the default */
  const char *assignments[MAX_ASSIGNMENTS];
  int n_assignments;
  char paths[64], seed[64];
  const char *quantities[MAX_QUANTITIES];
  int n_quantities;
  int64_t swing_paths; /* 0: all paths */
  int threads;
  enum progress_mode progress;
  bool total, quiet, json, force, help;
};

extern const char request_help[];

/* Reads argv (argv[0] is the command) into a request that is zero but for its defaults; texts
   are borrowed. Says what is wrong. Errors: STATUS_USAGE. Not collective. */
enum status request_read(int argc, char **argv, struct request *request);

#endif
