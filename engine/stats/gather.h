/* Some blocks of one tally's values on their way into it, of one thread. Rows are digested as
   the kernel makes them, in cache; the tally, which is far larger than a cache, is visited once
   for GATHER_BLOCKS blocks. Invariant: what a deposit adds is what tally_add would have added
   for each block. */
#ifndef TENOR_STATS_GATHER_H
#define TENOR_STATS_GATHER_H

#include "stats/digest.h"
#include "stats/tally.h"

enum { GATHER_BLOCKS = 8 };

struct gather {
  const struct tally *tally; /* whose columns, centres and histograms these are; borrowed */
  digest_row *digest_row;
  int n_blocks;
  struct block_part blocks[GATHER_BLOCKS];
  struct digest *digests; /* [n_columns][GATHER_BLOCKS]; owned */
  int64_t *first_code;    /* [n_columns] into codes, of the first block; -1: none; owned */
  uint32_t *codes;        /* CODE_STRIDE a histogram; owned */
};

/* Nothing gathered, for a tally of that shape, by the code of a kernel of that name. false if
   memory is short; gather_free frees it, whatever the outcome. */
bool gather_make(struct gather *gather, const struct tally *tally, const char *kernel_name);
void gather_free(struct gather *gather);

/* What it takes. */
int64_t gather_bytes(const struct tally *tally);

/* The next block; there is room for GATHER_BLOCKS. */
void gather_open_block(struct gather *gather, struct block_part block);
static inline bool gather_full(const struct gather *gather) {
  return gather->n_blocks == GATHER_BLOCKS;
}

/* LANES values of a column, of the block's paths from `offset` on; those beyond the block's
   number of paths are left out. */
void gather_row(struct gather *gather, int64_t column, int64_t offset, const double *values);

/* Adds the columns first .. end-1 of the blocks to a tally of the same shape. */
void gather_deposit(struct gather *gather, struct tally *tally, int64_t first, int64_t end);

/* After all columns have been deposited: no block is left. */
void gather_empty(struct gather *gather);

#endif
