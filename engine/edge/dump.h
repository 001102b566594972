/* A file of paths as they are, written by all ranks together: every metric of every path.
   Invariant: the bytes do not depend on the ranks. Rank 0 makes the file alone, with all that
   describes it and no values, in memory, as results are made. Then all ranks open it with
   parallel NetCDF (dump_parallel.h) and only add chunks: a chunk is a block of paths, and
   blocks come in groups of a size that the deck and the number of paths alone decide. One call
   writes at most one block of each rank: HDF5 places the blocks of one rank in the order of
   where they were before, and those of several in the order of the ranks. */
#ifndef TENOR_EDGE_DUMP_H
#define TENOR_EDGE_DUMP_H

#include <limits.h>

#include "edge/dump_parallel.h"
#include "edge/results.h"
#include "edge/team.h"

struct dump {
  const struct dump_calls *calls;
  const struct results *results; /* borrowed */
  struct path_range paths;
  int file;
  double *values; /* [BLOCK_PATHS][dates][items] of one metric; owned */
  char temporary[PATH_MAX];
};

/* Blocks of one group: 256 MB of values, of all ranks together, or all blocks. */
static inline int64_t dump_group(const struct layout *layout, struct path_range paths) {
  const int64_t most = INT64_C(1) << 28;
  const int64_t block = layout->n_columns * BLOCK_PATHS * (int64_t)sizeof(double);
  const int64_t group = block < most ? most / block : 1;
  const int64_t all = (paths.end - paths.first + BLOCK_PATHS - 1) / BLOCK_PATHS;
  return all < group ? all : group;
}

/* How many of `blocks` blocks a rank holds: one in turn after the other rank, so that those of
   one round, in the order of the ranks, are in the order of the paths. */
static inline int64_t dump_share(int64_t blocks, const struct team *team) {
  return (blocks - team->rank + team->size - 1) / team->size;
}

/* The library, from beside the program or from where it was installed; NULL if it was not
   built or does not fit. Not collective. */
const struct dump_calls *dump_load(void);

/* Begins a file that shall stand at `path` (rank 0's counts), for paths of a result of one deck
   (decks, sampling, layout, of every rank). The paths begin with a block. Errors, on every rank
   the same: STATUS_IO, STATUS_FAILED (memory). No rank may be left alone in a call of parallel
   NetCDF: its first fault on any rank, here and below, is said, the temporary removed, and the
   job ended (STATUS_IO). Collective. */
enum status dump_open(struct dump *dump, const struct dump_calls *calls,
                      const struct team *team, const char *path, const struct results *results,
                      struct path_range paths);

/* This rank's blocks of the group that begins with path `first`: columns
   [dump_share][n_columns][BLOCK_PATHS]. Collective. */
void dump_put(struct dump *dump, const struct team *team, int64_t first, const double *columns);

/* Closes the file and gives it its name, as files_write does. The same status on every rank.
   Collective. */
enum status dump_close(struct dump *dump, const struct team *team, const char *path,
                       bool force);

/* Closes the file and removes it: not all of it was put. Collective. */
void dump_discard(struct dump *dump);

#endif
