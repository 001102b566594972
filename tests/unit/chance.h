/* Chance for tests, fixed by a seed: every test has its own stream of the engine's generator.
 */
#ifndef TENOR_TESTS_UNIT_CHANCE_H
#define TENOR_TESTS_UNIT_CHANCE_H

#include <math.h>
#include <stdint.h>

#include "math/lane.h"
#include "random/philox.h"

struct stream {
  struct address address;
};

static inline struct stream stream(uint32_t purpose) {
  return (struct stream){.address = {.seed = 20260601, .purpose = purpose}};
}

static inline uint64_t next_bits(struct stream *stream) {
  uint64_t words[2];
  philox_words(&stream->address, words);
  ++stream->address.path;
  return words[0];
}

static inline double next_uniform(struct stream *stream) {
  return philox_uniform(next_bits(stream));
}

static inline double next_normal(struct stream *stream) {
  return lane_normal(next_uniform(stream));
}

/* A whole number in 0 .. n-1. */
static inline int64_t next_below(struct stream *stream, int64_t n) {
  return (int64_t)(next_bits(stream) % (uint64_t)n);
}

/* The next n uniforms, many at a time. */
static inline void next_uniforms(struct stream *stream, double *u, int64_t n) {
  uint64_t words[2][LANES];
  for (int64_t i = 0; i < n; i += 2 * LANES) {
    philox_lanes(&stream->address, words[0], words[1]);
    stream->address.path += LANES;
    for (int64_t j = 0; j < 2 * LANES && i + j < n; ++j) {
      u[i + j] = philox_uniform(words[j / LANES][j % LANES]);
    }
  }
}

static inline void next_normals(struct stream *stream, double *z, int64_t n) {
  next_uniforms(stream, z, n);
  for (int64_t i = 0; i < n; ++i) {
    z[i] = lane_normal(z[i]);
  }
}

#endif
