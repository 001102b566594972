#include "stats/accumulator.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const int64_t PAYLOAD = 0xffffffff;  /* the 32 bits of a limb */
enum { LOWEST = -128, SHORT_LOWEST = -32 }; /* power of two of limb 0 */

static inline void add(int64_t *limbs, int n, int lowest, double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  const int exponent = (int)(bits >> 52 & 0x7ff);
  if (exponent == 0) { /* zero and subnormals lie below the lowest bit */
    return;
  }
  uint64_t mantissa = (bits & UINT64_C(0xfffffffffffff)) | UINT64_C(0x10000000000000);
  int place = exponent - 1075 - lowest; /* x = mantissa * 2^(place + lowest) */
  if (place < 0) {
    mantissa = place > -64 ? mantissa >> -place : 0;
    place = 0;
  }
  const int limb = place / 32, shift = place % 32;
  assert(limb + 2 < n);
  (void)n;
  const uint64_t low = (mantissa & (uint64_t)PAYLOAD) << shift;
  const uint64_t high = (mantissa >> 32) << shift;
  const int64_t sign = bits >> 63 ? -1 : 1;
  limbs[limb] += sign * ((int64_t)low & PAYLOAD);
  limbs[limb + 1] += sign * ((int64_t)(low >> 32) + ((int64_t)high & PAYLOAD));
  limbs[limb + 2] += sign * (int64_t)(high >> 32);
}

static void carry(int64_t *limbs, int n) {
  for (int j = 0; j + 1 < n; ++j) {
    const int64_t kept = limbs[j] & PAYLOAD; /* never negative, so the carry is rounded down */
    limbs[j + 1] += (limbs[j] - kept) / (PAYLOAD + 1);
    limbs[j] = kept;
  }
}

static double value(const int64_t *limbs, int n, int lowest) {
  int64_t size[ACCUMULATOR_LIMBS];
  memcpy(size, limbs, (size_t)n * sizeof *size);
  const int negative = limbs[n - 1] < 0;
  if (negative) {
    for (int j = 0; j < n; ++j) {
      size[j] = -size[j];
    }
    carry(size, n);
  }
  double sum = 0.0; /* from the smallest: each limb is exact, the last additions round */
  for (int j = 0; j < n; ++j) {
    sum += ldexp((double)size[j], 32 * j + lowest);
  }
  return negative ? -sum : sum;
}

void accumulator_add(int64_t limbs[ACCUMULATOR_LIMBS], double x) {
  add(limbs, ACCUMULATOR_LIMBS, LOWEST, x);
}

void accumulator_carry(int64_t limbs[ACCUMULATOR_LIMBS]) {
  carry(limbs, ACCUMULATOR_LIMBS);
}

double accumulator_value(const int64_t limbs[ACCUMULATOR_LIMBS]) {
  return value(limbs, ACCUMULATOR_LIMBS, LOWEST);
}

void accumulator_add_short(int64_t limbs[SHORT_LIMBS], double x) {
  add(limbs, SHORT_LIMBS, SHORT_LOWEST, x);
}

void accumulator_carry_short(int64_t limbs[SHORT_LIMBS]) {
  carry(limbs, SHORT_LIMBS);
}

double accumulator_value_short(const int64_t limbs[SHORT_LIMBS]) {
  return value(limbs, SHORT_LIMBS, SHORT_LOWEST);
}
