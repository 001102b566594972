/* Integer superaccumulator: a sum of doubles that is the same whatever the order of the terms,
   because it is an integer. 12 limbs of int64; limb j has the weight 2^(32 j - 128) and carries
   32 bits of payload, the rest is room: an addition changes a limb by less than 2^33, so 2^29
   additions fit before a carry is due. Merging is addition of the limbs. Bits below 2^-128 are
   cut off, term by term, so that cutting commutes too. Invariant: after accumulator_carry equal
   sums are equal words (limbs 0..10 in [0, 2^32), the sign in limb 11). */
#ifndef TENOR_STATS_ACCUMULATOR_H
#define TENOR_STATS_ACCUMULATOR_H

#include <stdint.h>

enum { ACCUMULATOR_LIMBS = 12, SHORT_LIMBS = 4 };

/* Adds x. |x| < 2^240 is required of the caller, NaN and infinity are his to keep out. */
void accumulator_add(int64_t limbs[ACCUMULATOR_LIMBS], double x);

/* Moves what exceeds 32 bits up: the canonical form. */
void accumulator_carry(int64_t limbs[ACCUMULATOR_LIMBS]);

/* The sum as a double, within one unit of its last place. The limbs must be canonical. */
double accumulator_value(const int64_t limbs[ACCUMULATOR_LIMBS]);

/* The same with 4 limbs from the weight 2^-32 on, for sums that need no more: what lies below
   2^-32 of a term is cut off. |x| < 2^84. */
void accumulator_add_short(int64_t limbs[SHORT_LIMBS], double x);
void accumulator_carry_short(int64_t limbs[SHORT_LIMBS]);
double accumulator_value_short(const int64_t limbs[SHORT_LIMBS]);

#endif
