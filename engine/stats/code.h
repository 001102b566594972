/* Where a value belongs in a histogram, as 32 bits: the bin, from the lowest values to the
   highest, times PLACES plus the place inside the bin. Straight arithmetic, for loops over
   lanes. */
#ifndef TENOR_STATS_CODE_H
#define TENOR_STATS_CODE_H

#include <math.h>
#include <stdint.h>

#include "math/lane.h"
#include "model/metrics.h"

enum {
  PER_OCTAVE = 128,
  OCTAVES = 17,                                     /* 2^-3 .. 2^14 */
  FIRST_EXPONENT = 1020,                            /* biased, of 2^-3 */
  OVERFLOW_BIN = PER_OCTAVE + OCTAVES * PER_OCTAVE, /* behind the linear bins and the octaves */
  SIDE = OVERFLOW_BIN + 1,                          /* bins of one sign */
  PLACE_BITS = 19,
  PLACES = 1 << PLACE_BITS /* of a value inside its bin */
};
static const double LINEAR_END = 0x1p-3, LINEAR_WIDTH = 0x1p-10, RANGE_END = 0x1p14;
static const double SORTED_END = 0x1p56; /* values from here on are neither summed nor sorted */

_Static_assert(2 * SIDE + 1 <= 1 << (32 - PLACE_BITS), "bin and place fit 32 bits");

/* The code of a value that no histogram takes: NaN, -infinity, beyond SORTED_END. */
static const uint32_t NO_CODE = UINT32_MAX;

static inline int64_t code_bins(enum window window) {
  return window == WINDOW_SIGNED ? 2 * SIDE + 1 : window == WINDOW_POSITIVE ? SIDE + 1 : 0;
}

/* Bin of zero; the bins of positive values follow it. */
static inline int64_t code_origin(enum window window) {
  return window == WINDOW_SIGNED ? SIDE : 0;
}

static inline uint32_t code_bin(uint32_t code) {
  return code >> PLACE_BITS;
}

static inline uint32_t code_place(uint32_t code) {
  return code & (PLACES - 1);
}

/* Bin and place of a magnitude: 0 <= size, infinity included. */
static inline uint32_t code_of_size(double size) {
  const double near = size < LINEAR_END ? size : LINEAR_END;
  const double far = size < RANGE_END ? size : RANGE_END; /* has the first code beyond */
  /* Below 2^27, so a 32-bit conversion holds it, which every instruction set has. */
  const uint32_t linear = (uint32_t)(int32_t)(near * (PLACES / LINEAR_WIDTH));
  const uint64_t first = ((uint64_t)FIRST_EXPONENT - 1) * PER_OCTAVE * PLACES;
  const uint32_t octave = (uint32_t)((lane_bits(far) >> (45 - PLACE_BITS)) - first);
  return size < LINEAR_END ? linear : octave;
}

/* The code of a value of either sign, not infinite: bins of negative values lie below the
   origin. */
static inline uint32_t code_signed_finite(double x) {
  const uint32_t code = code_of_size(fabs(x));
  const uint32_t below = (uint32_t)SIDE * PLACES - PLACES - (code & ~(uint32_t)(PLACES - 1));
  const uint32_t mirrored = below | (code & (PLACES - 1));
  return x < 0.0 ? mirrored : (uint32_t)SIDE * PLACES + code;
}

static inline uint32_t code_signed(double x) {
  return x == INFINITY ? (uint32_t)(2 * SIDE) * PLACES : code_signed_finite(x);
}

/* The code of a value that is never below zero; a negative one (rounding) counts as 0. */
static inline uint32_t code_positive(double x) {
  return x == INFINITY ? (uint32_t)SIDE * PLACES : code_of_size(x > 0.0 ? x : 0.0);
}

static inline uint32_t code_of(double x, enum window window) {
  return window == WINDOW_SIGNED ? code_signed(x) : code_positive(x);
}

#endif
