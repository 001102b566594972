/* Result files: what a tally says, as NetCDF-4 with CF and ACDD attributes, built in memory and
   written whole or not at all; and its table, its JSON and its digest. Invariant: the bytes are
   a function of deck, seed, paths and library versions, never of ranks, threads, host, time or
   instruction set; what varies goes into the sidecar (sidecar.h). */
#ifndef TENOR_EDGE_RESULTS_H
#define TENOR_EDGE_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "model/deck.h"
#include "random/sampling.h"
#include "stats/figures.h"
#include "stats/state.h"

enum { RESULT_FORMAT_VERSION = 2 };

/* What a result file is made from: one deck, or two on the same paths, whose differences it
   then holds, first minus second. All borrowed. */
struct results {
  int n_decks;
  const struct deck *decks[2];
  const char *resolved[2]; /* canonical deck texts */
  struct sampling sampling;
  const struct layout *layout; /* of every deck */
  const struct state *state;   /* canonical */
};

/* Builds the file in memory; *bytes, of *size, is freed with free(). STATUS_FAILED (memory,
   NetCDF). Not collective. */
enum status results_build(const struct results *results, void **bytes, size_t *size);

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
