/* How the paths of a run are drawn. Path numbers are one line, 0 .. 2^40-1: with Sobol points,
   path p is point p % points of replicate p / points. Invariant: a block of BLOCK_PATHS paths
   never spans replicates, and a path's draws are a function of this struct and its number. */
#ifndef TENOR_RANDOM_SAMPLING_H
#define TENOR_RANDOM_SAMPLING_H

#include <stdint.h>

struct sampling {
  uint64_t seed;
  int64_t points; /* Sobol points of a replicate, a power of two and a multiple of BLOCK_PATHS;
                     0: plain Philox, no replicates. At most 2^32, of at most 2^24 replicates */
};

#endif
