/* The addresses that the sampler forms, in the order in which it consumes them: the engine's
   own sampler.c, compiled once more with a Philox that notes each address it is asked for. */
#ifndef TESTS_TOOL_ADDRESSES_H
#define TESTS_TOOL_ADDRESSES_H

#include "random/philox.h"

enum { MOST_ADDRESSES = 1 << 15 };
static struct address noted[MOST_ADDRESSES];
static int n_noted;

static void note_lanes(const struct address *address, uint64_t *word0, uint64_t *word1) {
  if (n_noted < MOST_ADDRESSES) {
    noted[n_noted++] = *address;
  }
  for (int i = 0; i < LANES; ++i) {
    word0[i] = word1[i] = 0;
  }
}

static void note_words(const struct address *address, uint64_t words[2]) {
  if (n_noted < MOST_ADDRESSES) {
    noted[n_noted++] = *address;
  }
  words[0] = words[1] = 0;
}

#define TENOR_ISA _noted
#define philox_lanes note_lanes
#define philox_words note_words
#include "random/bridge.c"
#include "random/chain.c"
#include "random/quasi.c"
#include "random/sampler.c"
#include "random/sobol.c"
#undef philox_lanes
#undef philox_words

/* Fills noted[] with the addresses of a group of paths from its begin to its last month. */
static void note_addresses(const struct sampling *sampling, int64_t first_path,
                           const struct draw_shape *shape) {
  static struct quasi quasi;
  static const struct draw_laws laws;
  static const struct soon soon;
  static struct path_draws of_path;
  static struct month_draws of_month;
  const bool plain = sampling->points == 0;
  n_noted = 0;
  if (plain) {
    sampler_paths(sampling->seed, 0, first_path, shape, &of_path);
  } else {
    quasi_begin(&quasi, sampling, first_path, shape, &laws, &of_path);
  }
  for (int64_t m = 0; m < shape->months; ++m) {
    if (plain) {
      sampler_month(sampling->seed, 0, first_path, shape, m, &of_month);
    } else {
      quasi_month(&quasi, sampling, first_path, shape, &laws, &soon, m, &of_month);
    }
  }
}

#endif
