/* Path numbers -> blocks -> rounds -> ranks: pure arithmetic. A block is BLOCK_PATHS paths with
   neighbouring numbers, the first of which is a multiple of BLOCK_PATHS. Invariant: which paths
   belong to which block depends on nothing but the path numbers; which rank computes a block,
   and in which round, never changes a result. */
#ifndef TENOR_PLAN_H
#define TENOR_PLAN_H

#include <stdint.h>

#include "base/limits.h"

struct plan {
  int64_t first_path, end_path;   /* paths of the whole run: [first_path, end_path) */
  int64_t first_block, end_block; /* blocks that hold them */
};

/* The plan for the paths 0 .. paths-1. paths >= 1. */
struct plan plan_make(int64_t paths);

/* How many of block `block`'s paths belong to the plan: BLOCK_PATHS, fewer in the last one.
   They are the first ones of the block. */
int64_t plan_block_paths(const struct plan *plan, int64_t block);

/* Blocks of [begin, end) that rank `rank` of `size` computes: begin + rank, begin + rank +
 * size, ... Their number. */
int64_t plan_share(int64_t begin, int64_t end, int rank, int size);

/* Blocks of the next round, so that it takes about `seconds` at the rate seen so far (blocks in
   `elapsed` seconds; 0 done means no rate yet), a multiple of `workers` (ranks x threads), at
   least one a worker. */
int64_t plan_round(int64_t done, double elapsed, double seconds, int64_t workers);

#endif
