/* OUT.run.json: what varies between equal runs and therefore does not belong into the result
   file: host, times, ranks, threads, instruction set, libraries, job. */
#ifndef TENOR_EDGE_SIDECAR_H
#define TENOR_EDGE_SIDECAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "edge/placement.h"
#include "edge/team.h"
#include "stats/targets.h"

struct sidecar {      /* all borrowed */
  const char *result; /* path of the result file; the sidecar is written beside it */
  const char *deck_path;
  const char *instruction_set;
  const struct team *team;
  const struct placement *placement; /* of rank 0 */
  int64_t paths;
  int64_t sampled;               /* of them in this run */
  int64_t resumed;               /* paths that came from a checkpoint */
  int64_t checkpoints;           /* written in this run */
  double checkpoint_seconds;     /* that took */
  double seconds;                /* of sampling */
  const char *ending;            /* why sampling ended */
  const struct targets *targets; /* precision targets, and what was seen at each look */
  const struct look *looks;
  int n_looks;
  int argc;
  char *const *argv;
};

/* May a result be written at `result`, and its sidecar beside it? As files_check; an old
   sidecar is replaced with the result that it is of. */
enum status sidecar_check(const char *result, bool force);

/* Removes what an earlier result of that name left, for those that write none. STATUS_IO. */
enum status sidecar_remove(const char *result);

/* Writes RESULT with its ending .nc replaced by .run.json, whole or not at all. Errors:
   STATUS_IO, STATUS_FAILED. Not collective: rank 0 calls it. */
enum status sidecar_write(const struct sidecar *sidecar);

#endif
