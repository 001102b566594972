#include "random/quasi.h"

#include <stdbool.h>
#include <stddef.h>

#include "random/normals.h"
#include "random/philox.h"
#include "random/purposes.h"
#include "random/sampler.h"
#include "random/sobol.h"

enum { /* levels of a bridge on Sobol coordinates; the others are Philox normals */
       FACTOR_LEVELS = 16,
       BASE_LEVELS = 8,
       OWN_LEVELS = 4,
       FIRST_BASE = N_FACTORS - 1 /* the base business's factor and growth come last */
};

enum what {
  TO_DEFAULT,
  TO_RECOVERY,
  TO_EXTENSION,
  TO_RENEGOTIATION,
  TO_REGIME,
  TO_DISRUPTION,
  TO_COMMON,
  TO_OWN,
  TO_SLIP,
  TO_YIELD,
  TO_DELAY,
  TO_CANCEL
};

/* The dimensions in their order: items (customers, factors, sites, ...) of a level (normal of a
   bridge, jump of a chain), then those of the next level. The first dimensions of a Sobol
   sequence are its best. A dimension is its draw's alone, in every deck.
   ROW(what, first item, items, first level, levels) */
/* clang-format off */
#define ORDER(ROW) \
  ROW(TO_EXTENSION, 0, 1, 0, 1)                       \
  ROW(TO_DEFAULT, 0, 1, 0, 1)                         \
  ROW(TO_REGIME, 0, 1, 0, 2)                          \
  ROW(TO_COMMON, 0, 1, 0, 1) /* revenue */            \
  ROW(TO_COMMON, 2, 2, 0, 1) /* training, price */    \
  ROW(TO_DELAY, 0, 1, 0, 1)                           \
  ROW(TO_COMMON, 1, 1, 0, 1) /* growth */             \
  ROW(TO_REGIME, 0, 1, 2, 1)                          \
  ROW(TO_COMMON, 0, FIRST_BASE, 1, 3)                 \
  ROW(TO_COMMON, FIRST_BASE, 2, 0, 1)                 \
  ROW(TO_DISRUPTION, 0, 1, 0, 1)                      \
  ROW(TO_RENEGOTIATION, 0, 1, 0, 1)                   \
  ROW(TO_EXTENSION, 1, QUASI_CUSTOMERS - 1, 0, 1)     \
  ROW(TO_DEFAULT, 1, QUASI_CUSTOMERS - 1, 0, 1)       \
  ROW(TO_OWN, 0, OWN_BRIDGES, 0, 1)                   \
  ROW(TO_RENEGOTIATION, 1, QUASI_CUSTOMERS - 1, 0, 1) \
  ROW(TO_COMMON, 0, FIRST_BASE, 4, FACTOR_LEVELS - 4) \
  ROW(TO_COMMON, FIRST_BASE, 2, 1, BASE_LEVELS - 1)   \
  ROW(TO_OWN, 0, OWN_BRIDGES, 1, OWN_LEVELS - 1)      \
  ROW(TO_REGIME, 0, 1, 3, CHAIN_JUMPS - 3)            \
  ROW(TO_DISRUPTION, 0, 1, 1, CHAIN_JUMPS - 1)        \
  ROW(TO_DELAY, 1, MAX_SITES, 0, 1)                   \
  ROW(TO_CANCEL, 0, MAX_SITES, 0, 1)                  \
  ROW(TO_SLIP, 0, 1 + MAX_GENERATIONS, 0, 1)          \
  ROW(TO_YIELD, 0, MAX_GENERATIONS, 0, 1)             \
  ROW(TO_RECOVERY, 0, QUASI_CUSTOMERS, 0, 1)
/* clang-format on */

static const struct run {
  enum what what;
  int first_item, n_items, first_level, n_levels;
} order[] = {
#define ROW(...) {__VA_ARGS__},
    ORDER(ROW)
#undef ROW
};

enum {
#define ROW(what, first_item, n_items, first_level, n_levels) +(n_items) * (n_levels)
  QUASI_DIMENSIONS = 0 ORDER(ROW)
#undef ROW
};
_Static_assert((int)QUASI_DIMENSIONS <= (int)SOBOL_DIMENSIONS, "the table is too short");

static int64_t least_of(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* Customers of the deck that have coordinates, and bridges of their own factors. */
static int64_t count_customers(const struct draw_shape *shape) {
  return least_of(shape->customers, QUASI_CUSTOMERS);
}

static int64_t count_own(const struct draw_shape *shape) {
  return shape->customers > 1 ? 3 * count_customers(shape) : 0;
}

/* Where a coordinate goes; NULL if the deck has no use for it. */
static double *find_row(struct quasi *q, struct path_draws *draws,
                        const struct draw_shape *shape, enum what what, int item, int level) {
  const bool paid = item < count_customers(shape);
  const bool segment = level < bridge_segments(shape->months);
  switch (what) {
    case TO_DEFAULT: return paid ? draws->default_[item] : NULL;
    case TO_RECOVERY: return paid ? draws->recovery[item] : NULL;
    case TO_EXTENSION: return paid ? q->extension[item].at : NULL;
    case TO_RENEGOTIATION: return paid ? q->renegotiation[item].at : NULL;
    case TO_REGIME: return q->regime.jump[level];
    case TO_DISRUPTION: return q->disruption.jump[level];
    case TO_COMMON: return segment ? q->common[item].segment[level] : NULL;
    case TO_OWN: return segment && item < count_own(shape) ? q->own[item].segment[level] : NULL;
    case TO_SLIP: return item <= shape->generations ? draws->slip[item] : NULL;
    case TO_YIELD: return item < shape->generations ? draws->yield[item] : NULL;
    case TO_DELAY: return item <= shape->sites ? draws->delay[item] : NULL;
    case TO_CANCEL: return item < shape->sites ? draws->cancel[item] : NULL;
  }
  return NULL;
}

static bool is_normal(enum what what) {
  return what == TO_COMMON || what == TO_OWN || what == TO_SLIP || what == TO_YIELD ||
         what == TO_DELAY;
}

struct place { /* of a group in its replicate */
  uint64_t seed;
  uint32_t replicate;
  int64_t point;
};

static struct place find_place(const struct sampling *sampling, int64_t first_path) {
  return (struct place){.seed = sampling->seed,
                        .replicate = (uint32_t)(first_path / sampling->points),
                        .point = first_path % sampling->points};
}

static void draw_coordinates(struct quasi *q, struct path_draws *draws, struct place place,
                             const struct draw_shape *shape) {
  int dimension = 0;
  for (size_t n = 0; n < sizeof order / sizeof order[0]; ++n) {
    const struct run *run = &order[n];
    for (int k = 0; k < run->n_items * run->n_levels; ++k, ++dimension) {
      double *row = find_row(q, draws, shape, run->what, run->first_item + k % run->n_items,
                             run->first_level + k / run->n_items);
      if (row == NULL) {
        continue;
      }
      sobol_lanes(place.seed, place.replicate, place.point, dimension, row);
      if (is_normal(run->what)) {
        to_normals(row);
      }
    }
  }
}

/* The normals of bridge `number` (own bridges after the common ones) that are no coordinates,
 * then its sums. */
static void begin_bridge(struct bridge *bridge, struct place place, int number, int first_level,
                         int64_t months) {
  struct address address = {.seed = place.seed,
                            .path = place.point,
                            .replicate = place.replicate,
                            .month = NO_MONTH,
                            .purpose = PURPOSE_BRIDGE};
  const int64_t n_levels = bridge_segments(months);
  for (int level = first_level; level < n_levels; level += 2) {
    address.block = (uint32_t)(number * BRIDGE_SEGMENTS + level) / 2;
    draw_normals(address, bridge->segment[level],
                 level + 1 < n_levels ? bridge->segment[level + 1] : NULL);
  }
  bridge_begin(bridge, months);
}

static void begin_arrival(struct arrival *arrival) {
  for (int i = 0; i < LANES; ++i) {
    arrival->survive[i] = 1;
  }
}

void quasi_begin(struct quasi *quasi, const struct sampling *sampling, int64_t first_path,
                 const struct draw_shape *shape, const struct draw_laws *laws,
                 struct path_draws *draws) {
  const struct place place = find_place(sampling, first_path);
  sampler_paths(place.seed, place.replicate, place.point, shape, draws);
  draw_coordinates(quasi, draws, place, shape);
  chain_begin(&quasi->regime, &laws->regime, laws->initial_regime);
  chain_begin(&quasi->disruption, &laws->disruption, 0);
  for (int b = 0; b < COMMON_BRIDGES; ++b) {
    begin_bridge(&quasi->common[b], place, b, b < FIRST_BASE ? FACTOR_LEVELS : BASE_LEVELS,
                 shape->months);
  }
  for (int b = 0; b < count_own(shape); ++b) {
    begin_bridge(&quasi->own[b], place, COMMON_BRIDGES + b, OWN_LEVELS, shape->months);
  }
  for (int64_t c = 0; c < count_customers(shape); ++c) {
    begin_arrival(&quasi->renegotiation[c]);
    begin_arrival(&quasi->extension[c]);
  }
}

/* Where the event may be soon, its coordinate decides whether the month's uniform lies below
   the month's chance, and the uniform only where it lies there. */
static void draw_arrival(struct arrival *arrival, const double chances[N_REGIMES],
                         const double regime[LANES], const double soon[LANES],
                         double u[LANES]) {
  const double chance0 = chances[0], chance1 = chances[1], chance2 = chances[2];
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double s = regime[i], before = arrival->survive[i];
    const double chance = s < 0.5 ? chance0 : (s < 1.5 ? chance1 : chance2);
    const double after = before * (1 - chance);
    const double below = chance * u[i], above = chance + (1 - chance) * u[i];
    const double waits = ((soon[i] > 0) & (before > 0)) ? 1.0 : 0.0;
    const double comes = arrival->at[i] >= after ? 1.0 : 0.0;
    u[i] = waits > 0 ? (comes > 0 ? below : above) : u[i];
    arrival->survive[i] = waits > 0 ? (comes > 0 ? -1.0 : after) : before;
  }
}

void quasi_month(struct quasi *quasi, const struct sampling *sampling, int64_t first_path,
                 const struct draw_shape *shape, const struct draw_laws *laws,
                 const struct soon *soon, int64_t m, struct month_draws *draws) {
  const struct place place = find_place(sampling, first_path);
  sampler_month(place.seed, place.replicate, place.point, shape, m, draws);
  chain_month(&quasi->regime, &laws->regime, m, draws->regime);
  chain_month(&quasi->disruption, &laws->disruption, m, draws->disruption);
  for (int f = 0; f < N_FACTORS; ++f) {
    bridge_month(&quasi->common[f], shape->months, m, draws->factors[f]);
  }
  bridge_month(&quasi->common[N_FACTORS], shape->months, m, draws->base_growth);
  for (int b = 0; b < count_own(shape); ++b) {
    bridge_month(&quasi->own[b], shape->months, m, draws->own_factors[b / 3][b % 3]);
  }
  for (int64_t c = 0; c < count_customers(shape); ++c) {
    draw_arrival(&quasi->renegotiation[c], laws->renegotiation[c], quasi->regime.state,
                 soon->renegotiation[c], draws->renegotiation[c]);
    draw_arrival(&quasi->extension[c], laws->extension[c], quasi->regime.state,
                 soon->extension[c], draws->extension[c]);
  }
}
