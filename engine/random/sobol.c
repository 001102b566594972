#include "random/sobol.h"

#include "random/philox.h"
#include "random/purposes.h"

enum { BITS = 32, LANE_BITS = __builtin_ctz(LANES) };
_Static_assert(1 << LANE_BITS == LANES, "lanes are the points of the low bits of a number");

/* The first n direction numbers of a dimension, first bit lowest: Sobol's recurrence, mirrored.
   Cheap enough not to be kept. */
static void direction_numbers(int dimension, int n, uint32_t v[BITS]) {
  const int degree = sobol_table[dimension].degree;
  for (int i = 0; i < n; ++i) {
    if (i < degree || degree == 0) {
      const uint32_t m = degree == 0 ? 1u : sobol_table[dimension].first[i];
      v[i] = 0;
      for (int bit = 0; bit <= i; ++bit) { /* m has i+1 bits; its lowest ends at place i */
        v[i] |= (m >> bit & 1u) << (i - bit);
      }
      continue;
    }
    v[i] = v[i - degree] ^ v[i - degree] << degree;
    for (int k = 1; k < degree; ++k) {
      v[i] ^= sobol_table[dimension].polynomial >> (degree - k) & 1u ? v[i - k] : 0u;
    }
  }
}

void sobol_bits(int64_t first_point, int dimension, uint32_t bits[LANES]) {
  uint32_t v[BITS];
  int n = LANE_BITS;
  while (n < BITS && first_point >> n != 0) {
    ++n;
  }
  direction_numbers(dimension, n, v);
  bits[0] = 0;
  for (int i = LANE_BITS; i < n; ++i) {
    bits[0] ^= first_point >> i & 1 ? v[i] : 0u;
  }
  for (int i = 0; i < LANE_BITS; ++i) {
    for (int lane = 0; lane < 1 << i; ++lane) {
      bits[(1 << i) + lane] = bits[lane] ^ v[i];
    }
  }
}

/* Each step leaves a bit's fate to the bits below it, which are those above it in the point. */
static inline uint32_t scramble(uint32_t x, uint32_t seed, uint32_t shift) {
  x ^= x * 0x3d20adeau;
  x += seed;
  x *= seed >> 16 | 1u;
  x ^= x * 0x05526c56u;
  x ^= x * 0x53a22864u;
  return x ^ shift;
}

static inline uint32_t mirror(uint32_t x) {
  x = (x & 0x55555555u) << 1 | (x >> 1 & 0x55555555u);
  x = (x & 0x33333333u) << 2 | (x >> 2 & 0x33333333u);
  x = (x & 0x0f0f0f0fu) << 4 | (x >> 4 & 0x0f0f0f0fu);
  x = (x & 0x00ff00ffu) << 8 | (x >> 8 & 0x00ff00ffu);
  return x << 16 | x >> 16;
}

void sobol_lanes(uint64_t seed, uint32_t replicate, int64_t first_point, int dimension,
                 double u[LANES]) {
  struct address address = {.seed = seed,
                            .replicate = replicate,
                            .month = NO_MONTH,
                            .block = (uint32_t)dimension,
                            .purpose = PURPOSE_SCRAMBLE};
  uint64_t key[2], word0[LANES], word1[LANES];
  uint32_t bits[LANES];
  philox_words(&address, key);
  const uint32_t hash = (uint32_t)key[0], shift = (uint32_t)key[1];
  address.path = first_point;
  address.purpose = PURPOSE_SOBOL;
  philox_lanes(&address, word0, word1);
  sobol_bits(first_point, dimension, bits);
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const uint64_t high = mirror(scramble(bits[i], hash, shift));
    u[i] = philox_uniform(high << 32 | (word0[i] & 0xffffffffu));
  }
}
