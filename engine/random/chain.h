/* A Markov chain of a few states by holding times: another way to draw the same chain. A path
   spends one uniform on each jump, which says where the chain goes and how long it stays
   before, instead of one a month; the month's uniform handed to the model is then the midpoint
   of those that make it take just that step. The model is not told, and the law is the same:
   months of stay are geometric, and where a jump leads does not depend on when it comes. */
#ifndef TENOR_RANDOM_CHAIN_H
#define TENOR_RANDOM_CHAIN_H

#include <stdint.h>

#include "random/draws.h"
#include "random/isa.h"

enum { CHAIN_JUMPS = 8 }; /* by their own uniforms; after them the chain goes month by month */

struct chain {
  double jump[CHAIN_JUMPS][LANES]; /* uniform, of each jump */
  double state[LANES];
  double leaves[LANES]; /* month in which the chain leaves its state; -1: month by month */
  double target[LANES], n[LANES]; /* where to; jumps planned so far */
};

#define chain_begin ISA_NAME(chain_begin)
#define chain_month ISA_NAME(chain_month)

/* All lanes in state `initial` before month 0; jump[] is filled. */
void chain_begin(struct chain *chain, const struct chain_law *law, int64_t initial);

/* Months in order. u: the month's own uniforms, used once the jumps are spent; on return those
 * that take the chain from the state it was in to the state it is in now. */
void chain_month(struct chain *chain, const struct chain_law *law, int64_t m, double u[LANES]);

#endif
