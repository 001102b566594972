#include "stats/accumulator.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const int64_t PAYLOAD = 0xffffffff; /* the 32 bits of a limb */
enum { LOWEST = -128 };                    /* power of two of limb 0 */

void accumulator_add(int64_t limbs[ACCUMULATOR_LIMBS], double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  const int exponent = (int)(bits >> 52 & 0x7ff);
  if (exponent == 0) { /* zero and subnormals lie below the lowest bit */
    return;
  }
  uint64_t mantissa = (bits & UINT64_C(0xfffffffffffff)) | UINT64_C(0x10000000000000);
  int place = exponent - 1075 - LOWEST; /* x = mantissa * 2^(place + LOWEST) */
  if (place < 0) {
    mantissa = place > -64 ? mantissa >> -place : 0;
    place = 0;
  }
  const int limb = place / 32, shift = place % 32;
  assert(limb + 2 < ACCUMULATOR_LIMBS);
  const uint64_t low = (mantissa & (uint64_t)PAYLOAD) << shift;
  const uint64_t high = (mantissa >> 32) << shift;
  const int64_t sign = bits >> 63 ? -1 : 1;
  limbs[limb] += sign * ((int64_t)low & PAYLOAD);
  limbs[limb + 1] += sign * ((int64_t)(low >> 32) + ((int64_t)high & PAYLOAD));
  limbs[limb + 2] += sign * (int64_t)(high >> 32);
}

void accumulator_carry(int64_t limbs[ACCUMULATOR_LIMBS]) {
  for (int j = 0; j + 1 < ACCUMULATOR_LIMBS; ++j) {
    const int64_t kept = limbs[j] & PAYLOAD; /* never negative, so the carry is rounded down */
    limbs[j + 1] += (limbs[j] - kept) / (PAYLOAD + 1);
    limbs[j] = kept;
  }
}

double accumulator_value(const int64_t limbs[ACCUMULATOR_LIMBS]) {
  int64_t size[ACCUMULATOR_LIMBS];
  memcpy(size, limbs, sizeof size);
  const int negative = limbs[ACCUMULATOR_LIMBS - 1] < 0;
  if (negative) {
    for (int j = 0; j < ACCUMULATOR_LIMBS; ++j) {
      size[j] = -size[j];
    }
    accumulator_carry(size);
  }
  double sum = 0.0; /* from the smallest: each limb is exact, the last additions round */
  for (int j = 0; j < ACCUMULATOR_LIMBS; ++j) {
    sum += ldexp((double)size[j], 32 * j + LOWEST);
  }
  return negative ? -sum : sum;
}
