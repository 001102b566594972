#include "model/uncertain.h"

#include <stdbool.h>
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

enum draw { FIRST_DRAW, SECOND_DRAW };

static double own_uniform(const char *name, uint64_t seed, int64_t block, enum draw draw) {
  const uint32_t hash = uncertain_address(name);
  const struct address address = {.seed = seed,
                                  .path = block,
                                  .month = hash & 0xffff,
                                  .block = hash >> 16,
                                  .purpose = PURPOSE_UNCERTAIN};
  uint64_t words[2];
  philox_words(&address, words);
  return philox_uniform(words[draw]);
}

void uncertain_uniforms(const struct deck *deck, uint64_t seed, int64_t block, double *u) {
  double normals[MAX_UNCERTAIN];
  for (int64_t i = 0; i < deck->n_uncertain; ++i) {
    const double *weights = deck->uncertain_weights[i];
    u[i] = own_uniform(deck->uncertain[i].name, seed, block, FIRST_DRAW);
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

/* ---- one key again */

static bool is_tied(const struct deck *deck, int64_t key) {
  for (int64_t i = 0; i < deck->n_uncertain; ++i) {
    const int64_t row = i > key ? i : key, column = i > key ? key : i;
    if (i != key && deck->uncertain_weights[row][column] != 0) {
      return true;
    }
  }
  return false;
}

/* Column `key` of the inverse of L L', L = uncertain_weights: says how the normal of the key
   follows from the others (Rue and Held, Gaussian Markov Random Fields, 2005, theorem 2.3). */
static void precision_of(const struct deck *deck, int64_t key, double *p) {
  const int64_t n = deck->n_uncertain;
  for (int64_t i = 0; i < n; ++i) {
    const double *weights = deck->uncertain_weights[i];
    p[i] = i == key ? 1 : 0;
    for (int64_t j = 0; j < i; ++j) {
      p[i] -= weights[j] * p[j];
    }
    p[i] /= weights[i];
  }
  for (int64_t i = n - 1; i >= 0; --i) {
    for (int64_t j = i + 1; j < n; ++j) {
      p[i] -= deck->uncertain_weights[j][i] * p[j];
    }
    p[i] /= deck->uncertain_weights[i][i];
  }
}

void uncertain_redraw(const struct deck *deck, uint64_t seed, int64_t block, int64_t key,
                      const double *u, double *redrawn) {
  const double fresh = own_uniform(deck->uncertain[key].name, seed, block, SECOND_DRAW);
  double p[MAX_UNCERTAIN], along = 0, own = 0;
  for (int64_t i = 0; i < deck->n_uncertain; ++i) {
    redrawn[i] = u[i];
  }
  redrawn[key] = fresh;
  if (is_tied(deck, key)) {
    precision_of(deck, key, p);
    for (int64_t i = 0; i < deck->n_uncertain; ++i) {
      const double z = lane_normal(u[i]);
      along += p[i] * z;
      own = i == key ? z : own;
    }
    redrawn[key] = law_normal_below(own - along / p[key] + lane_normal(fresh) / sqrt(p[key]));
  }
}

/* ---- the deck at given quantiles */

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

void uncertain_swing(struct deck *into, const struct deck *deck, int64_t key,
                     enum swing swing) {
  double u[MAX_UNCERTAIN];
  for (int64_t i = 0; i < deck->n_uncertain; ++i) {
    u[i] = i == key ? swing_quantiles[swing] : swing_middle;
  }
  uncertain_set(into, deck, u);
}

void variant_draw(struct variant *variant, const struct deck *deck, uint64_t seed,
                  int64_t block) {
  double u[MAX_UNCERTAIN];
  uncertain_uniforms(deck, seed, block, u);
  uncertain_set(&variant->deck, deck, u);
  constants_make(&variant->constants, &variant->deck);
}
