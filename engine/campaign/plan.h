/* Path numbers -> blocks -> rounds -> ranks: pure arithmetic. A block is BLOCK_PATHS paths with
   neighbouring numbers, the first of which is a multiple of BLOCK_PATHS. Invariant: which paths
   belong to which block depends on nothing but the path numbers; which rank computes a block,
   and in which round, never changes a result. */
#ifndef TENOR_PLAN_H
#define TENOR_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "model/deck.h"
#include "random/sampling.h"
#include "stats/ranges.h"
#include "stats/tally.h"

struct plan {
  int64_t first_path, end_path;   /* paths of the whole run: [first_path, end_path) */
  int64_t first_block, end_block; /* blocks that hold them */
};

/* The plan for a range that begins with a block. */
struct plan plan_range(struct path_range range);

/* The plan for the paths 0 .. paths-1. paths >= 1. */
struct plan plan_make(int64_t paths);

/* The paths of shard `shard` (1..n) of 0 .. paths-1: about as many whole units of `unit` paths
   (a block, or a replicate) as every other shard has. Empty if there are fewer units than
   shards.
 */
struct path_range plan_shard(int64_t paths, int64_t unit, int64_t shard, int64_t n);

/* How a deck's paths are drawn. *paths is how many: the deck's number, or with Sobol points the
   next one that fills every replicate with a power of two of them, a block at least. */
struct sampling plan_sampling(const struct sampling_keys *keys, int64_t *paths);

/* How many paths have an address: 2^40, and 2^24 replicates at most. */
int64_t plan_most(struct sampling sampling);

/* Are only its blocks independent of each other? Their paths share drawn keys of the deck. With
   replicates it does not matter: errors come from these alone. */
bool plan_clustered(const struct deck *deck, struct sampling sampling);

/* The part of the sample (stats/tally.h) that a block belongs to: every 32nd block, or
 * replicate. */
int64_t plan_part(struct sampling sampling, int64_t block);

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
