#include "model/uncertain.h"

#include <stddef.h>
#include <string.h>

#include "math/lane.h"
#include "random/philox.h"
#include "random/purposes.h"

uint32_t uncertain_address(const char *name) {
  uint32_t hash = UINT32_C(2166136261);
  for (; *name != '\0'; ++name) {
    hash = (hash ^ (unsigned char)*name) * UINT32_C(16777619);
  }
  return hash;
}

static double own_uniform(const char *name, uint64_t seed, int64_t block) {
  const uint32_t hash = uncertain_address(name);
  const struct address address = {.seed = seed,
                                  .path = block,
                                  .month = hash & 0xffff,
                                  .block = hash >> 16,
                                  .purpose = PURPOSE_UNCERTAIN};
  uint64_t words[2];
  philox_words(&address, words);
  return philox_uniform(words[0]);
}

void uncertain_uniforms(const struct deck *deck, uint64_t seed, int64_t block, double *u) {
  double normals[MAX_UNCERTAIN];
  for (int64_t i = 0; i < deck->n_uncertain; ++i) {
    const double *weights = deck->uncertain_weights[i];
    u[i] = own_uniform(deck->uncertain[i].name, seed, block);
    normals[i] = lane_normal(u[i]);
    if (weights[i] < 1) { /* tied to keys before it */
      double z = 0;
      for (int64_t j = 0; j <= i; ++j) {
        z += weights[j] * normals[j];
      }
      u[i] = law_normal_below(z);
    }
  }
}

/* The k-th of the doubles that an uncertain key sets. */
static double *double_of(struct deck *deck, const struct uncertain *key, int64_t k) {
  return (double *)(void *)((char *)deck + key->offset + k * key->stride);
}

static void follow_rates(struct deck *deck) {
  double(*rate)[N_REGIMES] = deck->regime.transition_rate;
  for (int row = 0; row < N_REGIMES; ++row) {
    double leaving = 0;
    for (int column = 0; column < N_REGIMES; ++column) {
      leaving += row != column ? rate[row][column] : 0;
    }
    rate[row][row] = -leaving;
  }
}

void uncertain_set(struct deck *into, const struct deck *deck, const double *u) {
  *into = *deck;
  const int64_t rates = offsetof(struct deck, regime.transition_rate);
  for (int64_t i = 0; i < deck->n_uncertain; ++i) {
    const struct uncertain *key = &deck->uncertain[i];
    const double value = law_quantile(&key->law, u[i]);
    for (int64_t k = 0; k < key->n; ++k) {
      double *to = double_of(into, key, k);
      *to = key->scale ? *to * value : value;
    }
    if (key->offset >= rates &&
        key->offset < rates + (int64_t)sizeof deck->regime.transition_rate) {
      follow_rates(into);
    }
  }
}

void variant_draw(struct variant *variant, const struct deck *deck, uint64_t seed,
                  int64_t block) {
  double u[MAX_UNCERTAIN];
  uncertain_uniforms(deck, seed, block, u);
  uncertain_set(&variant->deck, deck, u);
  constants_make(&variant->constants, &variant->deck);
}
