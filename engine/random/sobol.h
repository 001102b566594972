/* Sobol's points under nested uniform scrambling: the low-discrepancy twin of philox.h. Point n
   of a replicate is Sobol's point n, point 0 included, its first 32 bits scrambled so that the
   points of one replicate fill the cube evenly while each of them, over the replicates, is
   uniform and independent from one replicate to the next. The 20 bits below are Philox's, so
   that a uniform has the resolution every uniform has.

   The scramble is by hash (Burley, Practical hash-based Owen scrambling, JCGT 9(4), 2020, with
   Vegdahl's constants): a bit is flipped by what stands above it and by the seed of its
   dimension. A shift by 32 more random bits comes last; it alone makes every point exactly
   uniform, whatever the hash is worth. */
#ifndef TENOR_RANDOM_SOBOL_H
#define TENOR_RANDOM_SOBOL_H

#include <stdint.h>

#include "base/limits.h"
#include "random/isa.h"
#include "random/sobol_table.h"

#define sobol_lanes ISA_NAME(sobol_lanes)
#define sobol_bits ISA_NAME(sobol_bits)

/* Uniforms of the points first_point .. first_point + LANES - 1 of a replicate in dimension
 * `dimension` (0 .. SOBOL_DIMENSIONS-1). first_point is a multiple of LANES and below 2^32. */
void sobol_lanes(uint64_t seed, uint32_t replicate, int64_t first_point, int dimension,
                 double u[LANES]);

/* The points before they are scrambled, first bit lowest: for tests. */
void sobol_bits(int64_t first_point, int dimension, uint32_t bits[LANES]);

#endif
