/* Random numbers of the scalar twin: xoshiro256++ and a ziggurat of 256 layers. One generator a
   process, seeded by splitmix64. Nothing here is the engine's. */
#ifndef TENOR_BENCH_SCALAR_RANDOM_H
#define TENOR_BENCH_SCALAR_RANDOM_H

#include <math.h>
#include <stdint.h>

enum { ZIGGURAT_LAYERS = 256 };

struct generator {
  uint64_t state[4];
  double x[ZIGGURAT_LAYERS + 1]; /* right edge of a layer; x[0] is the base with its tail */
  double f[ZIGGURAT_LAYERS + 1]; /* exp(-x^2/2) there */
};

/* Start of the tail, and the area of each layer (Marsaglia and Tsang, J. Stat. Software 5(8),
   2000). */
static const double ZIGGURAT_TAIL = 3.6541528853610088;
static const double ZIGGURAT_AREA = 0.00492867323399;

static inline void generator_make(struct generator *g, uint64_t seed) {
  for (int n = 0; n < 4; ++n) {
    uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    g->state[n] = z ^ (z >> 31);
  }
  g->x[1] = ZIGGURAT_TAIL;
  g->f[1] = exp(-0.5 * ZIGGURAT_TAIL * ZIGGURAT_TAIL);
  g->x[0] = ZIGGURAT_AREA / g->f[1];
  g->f[0] = 0;
  for (int i = 2; i < ZIGGURAT_LAYERS; ++i) {
    g->f[i] = ZIGGURAT_AREA / g->x[i - 1] + g->f[i - 1];
    g->x[i] = sqrt(-2 * log(g->f[i]));
  }
  g->x[ZIGGURAT_LAYERS] = 0;
  g->f[ZIGGURAT_LAYERS] = 1;
}

static inline uint64_t rotate_left(uint64_t x, int n) {
  return (x << n) | (x >> (64 - n));
}

/* xoshiro256++ 1.0 (Blackman and Vigna). */
static inline uint64_t next_word(struct generator *g) {
  uint64_t *s = g->state;
  const uint64_t word = rotate_left(s[0] + s[3], 23) + s[0];
  const uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate_left(s[3], 45);
  return word;
}

/* In [0, 1), 53 bits. */
static inline double uniform(struct generator *g) {
  return (double)(int64_t)(next_word(g) >> 11) * 0x1p-53;
}

/* Beyond the last layer: Marsaglia's method of 1964. */
static inline double normal_tail(struct generator *g) {
  double x, y;
  do {
    x = -log1p(-uniform(g)) / ZIGGURAT_TAIL;
    y = -log1p(-uniform(g));
  } while (y + y < x * x);
  return ZIGGURAT_TAIL + x;
}

static inline double normal(struct generator *g) {
  for (;;) {
    const uint64_t word = next_word(g);
    const int i = (int)(word & (ZIGGURAT_LAYERS - 1));
    const double sign = (word & ZIGGURAT_LAYERS) != 0 ? -1.0 : 1.0;
    const double x = (double)(int64_t)(word >> 11) * 0x1p-53 * g->x[i];
    if (x < g->x[i + 1]) {
      return sign * x;
    }
    if (i == 0) {
      return sign * normal_tail(g);
    }
    if (g->f[i] + uniform(g) * (g->f[i + 1] - g->f[i]) < exp(-0.5 * x * x)) {
      return sign * x;
    }
  }
}

#endif
