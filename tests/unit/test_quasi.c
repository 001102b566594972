/* Paths on Sobol points have the law of plain paths: chains against powers of their matrix,
   bridges against the identity, every draw against its marginal law; and they are a function
   of seed, replicate and point, the same bits from every instruction set. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arrays.h"
#include "model/isa.h"
#include "model/kernel.h"
#include "model/matrix.h"
#include "model/workspace.h"
#include "random/philox.h"
#include "random/quasi.h"

static const uint64_t SEED = UINT64_C(20260601);

static const struct kernel *kernels[3];
static int n_kernels = 0;

static int find_kernels(void **state) {
  (void)state;
  kernels[n_kernels++] = &kernel_this_isa;
#ifdef HAVE_AVX2
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    kernels[n_kernels++] = &kernel_avx2;
  }
#endif
#ifdef HAVE_AVX512
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) {
    kernels[n_kernels++] = &kernel_avx512;
  }
#endif
  return 0;
}

static void *room(size_t count, size_t size) {
  void *array = array_make(count, size);
  assert_non_null(array);
  return array;
}

static void check(const char *what, double sum, double n, double mean, double variance) {
  const double error = sum / n - mean, se = sqrt(variance / n);
  if (!(fabs(error) <= 5 * se)) {
    fail_msg("%s: %.2f standard errors off", what, error / se);
  }
}

/* Independent uniforms of LANES paths. */
static void uniforms(int64_t first_path, uint32_t month, uint32_t purpose, double u[LANES]) {
  const struct address address = {
      .seed = SEED, .path = first_path, .month = month, .purpose = purpose};
  uint64_t word0[LANES], word1[LANES];
  philox_lanes(&address, word0, word1);
  for (int i = 0; i < LANES; ++i) {
    u[i] = philox_uniform(word0[i]);
  }
}

/* ---- chains */

/* The law of a chain whose matrix has cumulated rows `cum`, as regime.c reads them. */
static struct chain_law law_of(const double p[N_REGIMES][N_REGIMES]) {
  struct chain_law law = {{{0}}, {{0}}};
  for (int s = 0; s < N_REGIMES; ++s) {
    const double first = p[s][0], second = p[s][0] + p[s][1];
    const double bounds[] = {0, first, second, 1};
    memcpy(law.low[s], bounds, sizeof law.low[s]);
    memcpy(law.high[s], bounds + 1, sizeof law.high[s]);
  }
  return law;
}

static void begin_group(struct chain *chain, const struct chain_law *law, int64_t initial,
                        int64_t first_path) {
  for (int jump = 0; jump < CHAIN_JUMPS; ++jump) {
    uniforms(first_path, (uint32_t)jump, 101, chain->jump[jump]);
  }
  chain_begin(chain, law, initial);
}

enum { CHAIN_MONTHS = 60 };

/* Counts states by month, and pairs of states of neighbouring months. */
static void count_states(const struct chain_law *law, int64_t initial, int64_t n_paths,
                         double count[CHAIN_MONTHS][N_REGIMES],
                         double pairs[N_REGIMES][N_REGIMES]) {
  struct chain *chain = room(1, sizeof *chain);
  for (int64_t path = 0; path < n_paths; path += LANES) {
    begin_group(chain, law, initial, path);
    for (int m = 0; m < CHAIN_MONTHS; ++m) {
      double u[LANES], before[LANES];
      memcpy(before, chain->state, sizeof before);
      uniforms(path, (uint32_t)m, 102, u);
      chain_month(chain, law, m, u);
      for (int i = 0; i < LANES; ++i) {
        const int from = (int)before[i], to = (int)chain->state[i];
        const double model = (u[i] > law->high[from][0]) + (u[i] > law->high[from][1]);
        assert_true(model == to); /* what regime.c makes of u */
        ++count[m][to];
        ++pairs[from][to];
      }
    }
  }
  array_free(chain);
}

/* Seldom jumping, often jumping (month by month after the eighth jump), with a state never
   left, with one never kept, with steps that cannot be. */
static const double matrices[][N_REGIMES][N_REGIMES] = {
    {{0.976, 0.021, 0.003}, {0.02, 0.97, 0.01}, {0.01, 0.05, 0.94}},
    {{0.2, 0.5, 0.3}, {0.4, 0.3, 0.3}, {0.25, 0.25, 0.5}},
    {{0.9, 0.05, 0.05}, {0, 1, 0}, {0.3, 0.3, 0.4}},
    {{0, 0.5, 0.5}, {0.1, 0.9, 0}, {0, 0.2, 0.8}},
    {{0, 1, 0}, {0, 0, 1}, {1, 0, 0}},
};

static void a_chain_by_holding_times_has_the_law_of_its_matrix(void **state) {
  (void)state;
  enum { PATHS = 64 * 640 };
  for (size_t n = 0; n < sizeof matrices / sizeof matrices[0]; ++n) {
    const struct chain_law law = law_of(matrices[n]);
    for (int initial = 0; initial < N_REGIMES; ++initial) {
      double count[CHAIN_MONTHS][N_REGIMES] = {{0}}, pairs[N_REGIMES][N_REGIMES] = {{0}};
      double power[N_REGIMES][N_REGIMES], next[N_REGIMES][N_REGIMES];
      count_states(&law, initial, PATHS, count, pairs);
      memcpy(power, matrices[n], sizeof power);
      for (int m = 0; m < CHAIN_MONTHS; ++m) {
        for (int s = 0; s < N_REGIMES; ++s) {
          const double p = power[initial][s];
          check("state", count[m][s], PATHS, p, p * (1 - p) + 1e-12);
        }
        matrix_multiply(next, (const double(*)[N_REGIMES])power, matrices[n]);
        memcpy(power, next, sizeof power);
      }
      for (int s = 0; s < N_REGIMES; ++s) {
        const double all = pairs[s][0] + pairs[s][1] + pairs[s][2];
        for (int t = 0; t < N_REGIMES && all > 0; ++t) {
          const double p = matrices[n][s][t];
          check("step", pairs[s][t], all, p, p * (1 - p) + 1e-12);
        }
      }
    }
  }
}

/* The step of a month does not depend on how long the state has lasted: of the lanes that have
   stayed k months, the same part stays another. */
static void a_chain_does_not_remember(void **state) {
  (void)state;
  enum { PATHS = 64 * 1280, AGES = 12 };
  const struct chain_law law = law_of(matrices[1]);
  double stayed[AGES] = {0}, seen[AGES] = {0};
  struct chain *chain = room(1, sizeof *chain);
  for (int64_t path = 0; path < PATHS; path += LANES) {
    int age[LANES] = {0};
    begin_group(chain, &law, 2, path);
    for (int m = 0; m < CHAIN_MONTHS; ++m) {
      double u[LANES], before[LANES];
      memcpy(before, chain->state, sizeof before);
      uniforms(path, (uint32_t)m, 102, u);
      chain_month(chain, &law, m, u);
      for (int i = 0; i < LANES; ++i) {
        if (before[i] == 2 && age[i] < AGES) {
          ++seen[age[i]];
          stayed[age[i]] += chain->state[i] == 2;
        }
        age[i] = chain->state[i] == before[i] ? age[i] + 1 : 0;
      }
    }
  }
  array_free(chain);
  for (int age = 0; age < AGES; ++age) {
    check("stay", stayed[age], seen[age], 0.5, 0.25);
  }
}

/* ---- bridges */

/* A bridge is linear in its normals. Each lane gets one unit vector; with one column an input
   the matrix of the months must have A A' = 1, for every horizon. */
static void check_bridge(int64_t months) {
  const int64_t segments = bridge_segments(months), inputs = segments + months;
  double *a = room((size_t)(months * inputs), sizeof *a);
  struct bridge *bridge = room(1, sizeof *bridge);
  for (int64_t first = 0; first < inputs; first += LANES) {
    for (int64_t s = 0; s < BRIDGE_SEGMENTS; ++s) {
      for (int64_t i = 0; i < LANES; ++i) {
        bridge->segment[s][i] = s < segments ? first + i == s : NAN;
      }
    }
    bridge_begin(bridge, months);
    for (int64_t m = 0; m < months; ++m) {
      double z[LANES];
      for (int64_t i = 0; i < LANES; ++i) {
        z[i] = first + i == segments + m;
      }
      bridge_month(bridge, months, m, z);
      for (int64_t i = 0; i < LANES && first + i < inputs; ++i) {
        a[m * inputs + first + i] = z[i];
      }
    }
  }
  for (int64_t m = 0; m < months; ++m) {
    for (int64_t n = 0; n <= m; ++n) {
      double product = 0;
      for (int64_t k = 0; k < inputs; ++k) {
        product += a[m * inputs + k] * a[n * inputs + k];
      }
      assert_true(fabs(product - (m == n)) < 1e-13);
    }
  }
  array_free(a);
  array_free(bridge);
}

static void months_of_a_bridge_are_independent_standard_normals(void **state) {
  (void)state;
  for (int64_t months = 1; months <= 50; ++months) {
    check_bridge(months);
  }
  check_bridge(119);
  check_bridge(120);
  check_bridge(MAX_MONTHS);
}

/* The normals that come first move the walk most: over the horizon the first carries more of
   the sum of squares of its dates than all others together. */
static void the_first_normal_of_a_bridge_matters_most(void **state) {
  (void)state;
  enum { MONTHS = 120 };
  double part[BRIDGE_SEGMENTS] = {0}, all = 0;
  struct bridge *bridge = room(1, sizeof *bridge);
  for (int n = 0; n < BRIDGE_SEGMENTS; ++n) {
    for (int i = 0; i < LANES; ++i) {
      bridge->segment[n][i] = i == n;
    }
  }
  double walk[LANES] = {0};
  bridge_begin(bridge, MONTHS);
  for (int m = 0; m < MONTHS; ++m) {
    double z[LANES] = {0};
    bridge_month(bridge, MONTHS, m, z);
    for (int n = 0; n < BRIDGE_SEGMENTS; ++n) {
      walk[n] += z[n];
      part[n] += walk[n] * walk[n];
      all += walk[n] * walk[n];
    }
  }
  array_free(bridge);
  assert_true(part[0] > 0.5 * all);
  assert_true(part[0] + part[1] + part[2] > 0.9 * all);
}

/* ---- whole groups, through the kernels */

struct world { /* a deck and what draws need of it; no month of it is ever computed */
  struct deck *deck;
  struct constants *constants;
  struct workspace *workspace;
};

/* Laws of a deck with rates like those of the decks; customers that want to amend always, or
   never. */
static struct world make_world(struct draw_shape shape, int wants) {
  struct world world = {room(1, sizeof *world.deck), room(1, sizeof *world.constants), NULL};
  world.workspace = workspace_make(world.deck);
  assert_non_null(world.workspace);
  world.deck->n_generations = shape.generations;
  world.deck->n_sites = shape.sites;
  world.deck->n_customers = shape.customers;
  world.deck->time.horizon = shape.months;
  struct draw_laws *laws = &world.constants->laws;
  laws->regime = law_of(matrices[0]);
  laws->disruption =
      (struct chain_law){.low = {{0.017, 0}, {0, 0.19}}, .high = {{1, 0.017}, {0.19, 1}}};
  for (int64_t c = 0; c < shape.customers; ++c) {
    struct customer_lanes *a = &world.workspace->customers[c];
    for (int s = 0; s < N_REGIMES; ++s) {
      laws->renegotiation[c][s] = 0.01 * s;
      laws->extension[c][s] = 0.1;
    }
    for (int64_t m = 0; m < shape.months; ++m) {
      world.constants->customers[c].months[m].active = wants;
      world.constants->customers[c].months[m].minimum = 100;
    }
    world.deck->customers[c].renegotiation_trigger = 1;
    for (int i = 0; i < LANES; ++i) {
      a->usage[i] = 1;
      a->scale[i] = 1;
    }
  }
  return world;
}

static void free_world(struct world world) {
  workspace_free(world.workspace);
  array_free(world.constants);
  array_free(world.deck);
}

/* Draws of all months one after the other, as they lie in memory; unset rows are zero. */
struct group {
  struct path_draws of_path;
  struct month_draws of_month[MAX_MONTHS];
};

static void draw_group(const struct kernel *kernel, struct world world, int64_t points,
                       int64_t first_path, struct group *group) {
  const struct sampling sampling = {.seed = SEED, .points = points};
  memset(&world.workspace->path_draws, 0, sizeof world.workspace->path_draws);
  memset(&world.workspace->month_draws, 0, sizeof world.workspace->month_draws);
  kernel->draw_begin(world.workspace, world.deck, world.constants, &sampling, first_path);
  group->of_path = world.workspace->path_draws;
  for (int64_t m = 0; m < world.deck->time.horizon; ++m) {
    kernel->draw_month(world.workspace, world.deck, world.constants, &sampling, first_path, m);
    group->of_month[m] = world.workspace->month_draws;
  }
}

static const struct draw_shape shapes[] = {
    {1, 1, 1, 1}, {3, 2, 2, 2}, {6, 12, 1, 17}, {6, 12, 3, 120}, {16, 32, 16, 360}};
enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

static void all_instruction_sets_draw_the_same_bits(void **state) {
  (void)state;
  if (n_kernels < 2) {
    print_message("only the baseline is built and runs here: nothing to compare\n");
    skip();
  }
  struct group *first = room(1, sizeof *first), *other = room(1, sizeof *other);
  for (int n = 0; n < N_SHAPES; ++n) {
    struct world world = make_world(shapes[n], 1);
    for (int64_t path = 0; path < 4096; path += 1024 + LANES) {
      draw_group(kernels[0], world, 512 << n, path, first);
      for (int k = 1; k < n_kernels; ++k) {
        draw_group(kernels[k], world, 512 << n, path, other);
        assert_memory_equal(first, other, sizeof *first);
      }
    }
    free_world(world);
  }
  array_free(first);
  array_free(other);
}

static void a_group_does_not_depend_on_what_was_drawn_before_it(void **state) {
  (void)state;
  struct group *alone = room(1, sizeof *alone), *after = room(1, sizeof *after);
  for (int n = 0; n < N_SHAPES; ++n) {
    struct world fresh = make_world(shapes[n], 1), used = make_world(shapes[n], 1);
    draw_group(kernels[n_kernels - 1], fresh, 512, 640, alone);
    draw_group(kernels[n_kernels - 1], used, 4096, 8192, after);
    draw_group(kernels[n_kernels - 1], used, 512, 0, after);
    draw_group(kernels[n_kernels - 1], used, 512, 640, after);
    assert_memory_equal(alone, after, sizeof *alone);
    free_world(fresh);
    free_world(used);
  }
  array_free(alone);
  array_free(after);
}

/* Path 3 * 1024 + 128 of 1024 points and path 3 * 512 + 128 of 512 are one point. */
static void a_larger_replicate_begins_with_the_smaller_one(void **state) {
  (void)state;
  struct world world = make_world(shapes[3], 1);
  struct group *small = room(1, sizeof *small), *large = room(1, sizeof *large);
  draw_group(kernels[n_kernels - 1], world, 512, 3 * 512 + 128, small);
  draw_group(kernels[n_kernels - 1], world, 1024, 3 * 1024 + 128, large);
  assert_memory_equal(small, large, sizeof *small);
  draw_group(kernels[n_kernels - 1], world, 512, 2 * 512 + 128, small);
  assert_memory_not_equal(small, large, sizeof *small);
  array_free(small);
  array_free(large);
  free_world(world);
}

/* Draws that both decks have stay; `rows` doubles a lane are new. */
static void check_growth(struct draw_shape few, struct draw_shape more, int rows) {
  struct world small = make_world(few, 1), large = make_world(more, 1);
  struct group *before = room(1, sizeof *before), *after = room(1, sizeof *after);
  draw_group(kernels[n_kernels - 1], small, 512, 512, before);
  draw_group(kernels[n_kernels - 1], large, 512, 512, after);
  const double *x = (const double *)(const void *)before;
  const double *y = (const double *)(const void *)after;
  int added = 0;
  for (size_t n = 0; n < sizeof *before / sizeof *x; ++n) {
    assert_true(x[n] == 0 || x[n] == y[n]);
    added += x[n] == 0 && y[n] != 0;
  }
  assert_int_equal(added, rows * LANES);
  array_free(before);
  array_free(after);
  free_world(small);
  free_world(large);
}

static void what_a_deck_adds_moves_no_other_draw(void **state) {
  (void)state;
  check_growth((struct draw_shape){6, 12, 2, 20}, (struct draw_shape){7, 12, 2, 20}, 2);
  check_growth((struct draw_shape){6, 12, 2, 20}, (struct draw_shape){6, 13, 2, 20}, 2);
  for (int64_t c = 1; c < 6; ++c) { /* the second brings the first one's own factors too */
    check_growth((struct draw_shape){6, 12, c, 20}, (struct draw_shape){6, 12, c + 1, 20},
                 2 + 20 * (c == 1 ? 9 : 6));
  }
}

static void everything_else_is_a_philox_draw_of_the_replicate(void **state) {
  (void)state;
  struct world world = make_world(shapes[4], 0);
  struct group *group = room(1, sizeof *group);
  const struct draw_shape shape = shapes[4];
  struct path_draws *path = room(1, sizeof *path);
  struct month_draws *month = room(1, sizeof *month);
  draw_group(kernels[n_kernels - 1], world, 1024, 5 * 1024 + 192, group);
  kernels[0]->sample_paths(SEED, 5, 192, &shape, path);
  for (int c = QUASI_CUSTOMERS; c < MAX_CUSTOMERS; ++c) {
    assert_memory_equal(path->default_[c], group->of_path.default_[c],
                        sizeof path->default_[c]);
    assert_memory_equal(path->recovery[c], group->of_path.recovery[c],
                        sizeof path->recovery[c]);
  }
  for (int64_t m = 0; m < shape.months; m += 59) {
    const struct month_draws *drawn = &group->of_month[m];
    kernels[0]->sample_month(SEED, 5, 192, &shape, m, month);
    assert_memory_equal(month->raise, drawn->raise, sizeof month->raise);
    assert_memory_equal(month->renegotiation, drawn->renegotiation,
                        sizeof month->renegotiation);
    assert_memory_equal(month->extension, drawn->extension, sizeof month->extension);
    assert_memory_equal(month->own_factors[QUASI_CUSTOMERS],
                        drawn->own_factors[QUASI_CUSTOMERS],
                        sizeof month->own_factors[0] * (MAX_CUSTOMERS - QUASI_CUSTOMERS));
    assert_memory_not_equal(month->factors, drawn->factors, sizeof month->factors);
  }
  array_free(group);
  array_free(path);
  array_free(month);
  free_world(world);
}

/* Sums over replicates of a row's mean over the lanes of one group, x and x^2 of what has mean
   0 and variance 1. Replicates are independent; lanes of one are not. */
struct moments {
  double sum[2], square[2];
};

static void add_row(struct moments *moments, const double row[LANES], int normal) {
  double mean[2] = {0, 0};
  for (int i = 0; i < LANES; ++i) {
    const double x = normal ? row[i] : (row[i] - 0.5) * sqrt(12.0);
    mean[0] += x / LANES;
    mean[1] += (x * x - 1) / LANES;
  }
  for (int k = 0; k < 2; ++k) {
    moments->sum[k] += mean[k];
    moments->square[k] += mean[k] * mean[k];
  }
}

static const int path_is_normal[] = {1, 1, 1, 0, 0, 0};
static const size_t path_rows[] = {1 + MAX_GENERATIONS, MAX_GENERATIONS, 1 + MAX_SITES,
                                   MAX_SITES,           MAX_CUSTOMERS,   MAX_CUSTOMERS};

static void check_moments(const char *what, const struct moments *m, int n, int replicates) {
  for (int row = 0; row < n; ++row) {
    for (int k = 0; k < 2; ++k) {
      const double mean = m[row].sum[k] / replicates;
      check(what, m[row].sum[k], replicates, 0, m[row].square[k] / replicates - mean * mean);
    }
  }
}

/* Every normal and uniform of a path, on the replicates' points 448 .. 511. A month's regime
   and disruption are midpoints and have no such law; amendments do, whatever their chance. */
static void every_draw_has_the_law_of_a_plain_one(void **state) {
  (void)state;
  enum { REPLICATES = 1500, PATH_ROWS = sizeof(struct path_draws) / sizeof(double[LANES]) };
  enum { ROWS_OF_MONTH = N_FACTORS + 1 + 3 * 5 + 5 + 5 };
  const struct draw_shape shape = {MAX_GENERATIONS, MAX_SITES, MAX_CUSTOMERS, 20};
  static struct moments of_path[PATH_ROWS], of_month[20][ROWS_OF_MONTH];
  struct world world = make_world(shape, 1);
  struct group *group = room(1, sizeof *group);
  for (int r = 0; r < REPLICATES; ++r) {
    draw_group(kernels[n_kernels - 1], world, 512, r * 512 + 448, group);
    const double(*row)[LANES] = (const double(*)[LANES])(const void *)&group->of_path;
    for (size_t member = 0, n = 0; member < 6; ++member) {
      for (size_t k = 0; k < path_rows[member]; ++k, ++n) {
        add_row(&of_path[n], row[n], path_is_normal[member]);
      }
    }
    for (int m = 0; m < 20; ++m) {
      const struct month_draws *draws = &group->of_month[m];
      struct moments *to = of_month[m];
      for (int f = 0; f < N_FACTORS; ++f) {
        add_row(to++, draws->factors[f], 1);
      }
      add_row(to++, draws->base_growth, 1);
      for (int c = 0; c < 5; ++c) {
        for (int f = 0; f < 3; ++f) {
          add_row(to++, draws->own_factors[c][f], 1);
        }
        add_row(to++, draws->renegotiation[c], 0);
        add_row(to++, draws->extension[c], 0);
      }
    }
  }
  check_moments("path", of_path, PATH_ROWS, REPLICATES);
  for (int m = 0; m < 20; ++m) {
    check_moments("month", of_month[m], ROWS_OF_MONTH, REPLICATES);
  }
  array_free(group);
  free_world(world);
}

/* Marks the interval of each lane's uniform; false if one was taken. */
static int take_intervals(const double row[LANES], int points, char *taken) {
  int free = 1;
  for (int i = 0; i < LANES; ++i) {
    const int at = (int)(row[i] * points);
    free = free && !taken[at];
    taken[at] = 1;
  }
  return free;
}

static void a_replicate_puts_one_uniform_in_each_interval(void **state) {
  (void)state;
  enum { POINTS = 512, ROWS = MAX_SITES + 2 * QUASI_CUSTOMERS };
  static char taken[ROWS][POINTS];
  struct world world = make_world((struct draw_shape){1, MAX_SITES, MAX_CUSTOMERS, 1}, 0);
  struct group *group = room(1, sizeof *group);
  for (int64_t point = 0; point < POINTS; point += LANES) {
    draw_group(kernels[n_kernels - 1], world, POINTS, 7 * POINTS + point, group);
    for (int j = 0; j < MAX_SITES; ++j) {
      assert_true(take_intervals(group->of_path.cancel[j], POINTS, taken[j]));
    }
    for (int c = 0; c < QUASI_CUSTOMERS; ++c) {
      assert_true(take_intervals(group->of_path.default_[c], POINTS, taken[MAX_SITES + 2 * c]));
      assert_true(
          take_intervals(group->of_path.recovery[c], POINTS, taken[MAX_SITES + 2 * c + 1]));
    }
  }
  array_free(group);
  free_world(world);
}

/* ---- arrivals */

/* Months in which an extension would come are independent events of chance 0.1, counted from
   the second month, where the customer begins to want one: the first is geometric, and the one
   that follows is as likely as ever. */
static void arrivals_come_with_their_chance_every_month(void **state) {
  (void)state;
  enum { REPLICATES = 40, POINTS = 512, MONTHS = 24 };
  const struct draw_shape shape = {1, 1, 2, MONTHS};
  struct world world = make_world(shape, 1);
  struct group *group = room(1, sizeof *group);
  const double p = pow(0.9, MONTHS - 1);
  double comes[MONTHS] = {0}, again = 0, after = 0, none = 0, n = 0;
  for (int64_t path = 0; path < REPLICATES * POINTS; path += LANES) {
    draw_group(kernels[n_kernels - 1], world, POINTS, path, group);
    for (int i = 0; i < LANES; ++i) {
      int before = 0, ever = 0;
      for (int m = 0; m < MONTHS; ++m) {
        const int now = group->of_month[m].extension[1][i] < 0.1;
        comes[m] += now;
        after += before;
        again += before && now;
        before = now;
        ever = ever || (m > 0 && now);
      }
      none += !ever;
      ++n;
    }
    if ((path + LANES) % POINTS == 0) { /* one coordinate decides it: right to one point */
      assert_true(fabs(none - POINTS * p) < 2);
      none = 0;
    }
  }
  for (int m = 0; m < MONTHS; ++m) {
    check("chance of a month", comes[m], n, 0.1, 0.09);
  }
  check("chance after an arrival", again, after, 0.1, 0.09);
  array_free(group);
  free_world(world);
}

/* Of a replicate the first jump of the regime is one coordinate: the part that has jumped by a
   month is right to one point, give or take the ends of the interval. */
static void a_replicate_has_the_right_part_in_every_regime(void **state) {
  (void)state;
  enum { POINTS = 512, MONTHS = 36 };
  const struct draw_shape shape = {1, 1, 1, MONTHS};
  struct world world = make_world(shape, 0);
  struct group *group = room(1, sizeof *group);
  const double stay = world.constants->laws.regime.high[0][0];
  for (int64_t replicate = 0; replicate < 5; ++replicate) {
    double stayed[MONTHS] = {0};
    for (int64_t point = 0; point < POINTS; point += LANES) {
      draw_group(kernels[n_kernels - 1], world, POINTS, replicate * POINTS + point, group);
      for (int i = 0; i < LANES; ++i) {
        int boom = 1;
        for (int m = 0; m < MONTHS; ++m) {
          boom = boom && group->of_month[m].regime[i] <= stay;
          stayed[m] += boom;
        }
      }
    }
    for (int m = 0; m < MONTHS; ++m) { /* two targets: two intervals of the coordinate */
      assert_true(fabs(stayed[m] - POINTS * pow(stay, m + 1)) < 4);
    }
  }
  array_free(group);
  free_world(world);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_chain_by_holding_times_has_the_law_of_its_matrix),
      cmocka_unit_test(a_chain_does_not_remember),
      cmocka_unit_test(months_of_a_bridge_are_independent_standard_normals),
      cmocka_unit_test(the_first_normal_of_a_bridge_matters_most),
      cmocka_unit_test(all_instruction_sets_draw_the_same_bits),
      cmocka_unit_test(a_group_does_not_depend_on_what_was_drawn_before_it),
      cmocka_unit_test(a_larger_replicate_begins_with_the_smaller_one),
      cmocka_unit_test(what_a_deck_adds_moves_no_other_draw),
      cmocka_unit_test(everything_else_is_a_philox_draw_of_the_replicate),
      cmocka_unit_test(every_draw_has_the_law_of_a_plain_one),
      cmocka_unit_test(a_replicate_puts_one_uniform_in_each_interval),
      cmocka_unit_test(arrivals_come_with_their_chance_every_month),
      cmocka_unit_test(a_replicate_has_the_right_part_in_every_regime),
  };
  return cmocka_run_group_tests_name("quasi", tests, find_kernels, NULL);
}
