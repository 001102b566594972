/* Uncertain keys: numbers of the deck with a law (math/law.h), drawn once per block of paths.
   The kernel sees a deck that is constant for the block, so that all that follows from it is
   worked out once per block. The uniform behind a key is addressed by the number of the block
   and the key's name: a law that is added, dropped or changed moves no other draw, of uncertain
   keys or of paths, and two decks on one seed share the quantiles of the keys they share, if
   these are tied by the same rank correlations or none. Equal deck, seed and block give equal
   variants, bit for bit, on every machine. */
#ifndef TENOR_MODEL_UNCERTAIN_H
#define TENOR_MODEL_UNCERTAIN_H

#include "model/constants.h"
#include "model/deck.h"

struct variant { /* a deck with its uncertain keys drawn, and what follows from it */
  struct deck deck;
  struct constants constants;
};

/* The deck of one block (number first path / BLOCK_PATHS). Without uncertain keys the variants
   of all blocks are the deck itself. Cannot fail for a deck that was checked when it was read.
   Not collective. */
void variant_draw(struct variant *variant, const struct deck *deck, uint64_t seed,
                  int64_t block);

/* The two halves of it: the uniforms of a block, u[deck->n_uncertain], correlated as the deck
   says, each within [LAW_FIRST, LAW_LAST]; and the deck whose uncertain keys stand at those
   quantiles of their laws. A transition rate takes the diagonal with it, so that rows still
   add to 0. */
void uncertain_uniforms(const struct deck *deck, uint64_t seed, int64_t block, double *u);
void uncertain_set(struct deck *into, const struct deck *deck, const double *u);

/* The deck with every key in the middle of its law, its median, but `key` (-1: none) low or
   high: at these quantiles of its law, whatever it is tied to. */
enum swing { SWING_LOW, SWING_HIGH, N_SWINGS };
static const double swing_quantiles[N_SWINGS] = {[SWING_LOW] = 0.1, [SWING_HIGH] = 0.9};
static const double swing_middle = 0.5;
void uncertain_swing(struct deck *into, const struct deck *deck, int64_t key, enum swing swing);

/* A block's uniforms with one key's drawn again, independently of the first draw, as it lies
   when all others stay where they are: redrawn[deck->n_uncertain]. Keys that are tied follow
   their law given the others (a Gaussian copula). */
void uncertain_redraw(const struct deck *deck, uint64_t seed, int64_t block, int64_t key,
                      const double *u, double *redrawn);

/* Where the uniforms of a key are drawn: the FNV-1a hash of its name (Fowler, Noll and Vo), 32
   bits. Two keys of one deck must differ in it. Of the two words of the address the first is
   the key's, the second that of the draw again. */
uint32_t uncertain_address(const char *name);

#endif
