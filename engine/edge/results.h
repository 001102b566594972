/* Result files: what a tally says, as NetCDF-4 with CF and ACDD attributes, built in memory and
   written whole or not at all; and its table, its JSON and its digest. Invariant: the bytes are
   a function of deck, seed, paths and library versions, never of ranks, threads, host, time or
   instruction set; what varies goes into the sidecar (sidecar.h). */
#ifndef TENOR_EDGE_RESULTS_H
#define TENOR_EDGE_RESULTS_H

#include <stdbool.h>

#include "base/status.h"
#include "model/deck.h"
#include "model/metrics.h"
#include "stats/tally.h"

enum { RESULT_FORMAT_VERSION = 1 };

/* The other side of a comparison: another deck on the same paths, and the moments of each side.
   The result's own tally then holds the differences, first minus second. All borrowed. */
struct comparison {
  const struct deck *deck;
  const char *resolved;
  const struct tally *first, *second;
};

struct results {           /* what a result file is made from; all borrowed */
  const struct deck *deck; /* deck->sampling holds seed and paths */
  const char *resolved;    /* canonical deck text */
  const struct layout *layout;
  const struct tally *tally;        /* canonical */
  const struct comparison *against; /* NULL: one deck */
  int64_t first_path, end_path;     /* paths in the tally: [first_path, end_path) */
};

/* Writes `results` to `path`, over another file only with `force` (else STATUS_USAGE). Errors:
   STATUS_IO with the system's reason, nothing left behind; STATUS_FAILED (memory, NetCDF). Not
   collective: rank 0 calls it. */
enum status results_write(const char *path, bool force, const struct results *results);

/* Prints the headline table of the result at `path` to stdout. STATUS_IO, STATUS_MISMATCH (not
 * a result). */
enum status results_show(const char *path);

/* Prints every variable of the result outside its state as one JSON object. */
enum status results_show_json(const char *path);

/* Prints the content digest of the result: SHA-256 over its dimensions, variables, attributes
   and values, equal across versions of the libraries. */
enum status results_show_digest(const char *path);

#endif
