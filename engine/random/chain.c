#include "random/chain.h"

#include <math.h>

#include "math/lane.h"

static double chance(const struct chain_law *law, int from, int to) {
  return law->high[from][to] - law->low[from][to];
}

/* Months until the chain leaves, for a uniform u: more than n with chance stay^n. */
static double holding_time(double u, double stay) {
  if (stay <= 0) {
    return 1;
  }
  return stay < 1 ? 1 + floor(lane_log(u) / lane_log(stay)) : INFINITY;
}

/* The next jump of a lane that enters its state in month m. The uniform falls into the part of
   one target; where it lies in that part is the uniform of the holding time. */
static void plan_jump(struct chain *chain, const struct chain_law *law, int i, double m) {
  const int state = (int)chain->state[i], n = (int)chain->n[i];
  if (n == CHAIN_JUMPS) {
    chain->leaves[i] = -1;
    return;
  }
  double leave = 0, below = 0, part = 0;
  for (int to = 0; to < N_REGIMES; ++to) {
    leave += to != state ? chance(law, state, to) : 0.0;
  }
  const double at = chain->jump[n][i] * leave;
  for (int to = 0; to < N_REGIMES && below + part <= at; ++to) {
    if (to != state && chance(law, state, to) > 0) {
      below += part;
      part = chance(law, state, to);
      chain->target[i] = to;
    }
  }
  const double within = (at - below) / part, smallest = 0x1p-53; /* part 0: never leaves */
  const double u = within > smallest ? (within < 1 ? within : 1 - smallest) : smallest;
  chain->leaves[i] = part > 0 ? m + holding_time(u, chance(law, state, state)) : INFINITY;
  chain->n[i] = n + 1;
}

void chain_begin(struct chain *chain, const struct chain_law *law, int64_t initial) {
  for (int i = 0; i < LANES; ++i) {
    chain->state[i] = (double)initial;
    chain->n[i] = 0;
    plan_jump(chain, law, i, -1);
  }
}

/* Where the month's own uniform leads. */
static int follow(const struct chain_law *law, int state, double u) {
  int to = 0;
  while (to < N_REGIMES - 1 && !(u > law->low[state][to] && u <= law->high[state][to])) {
    ++to;
  }
  return to;
}

/* A lane that jumps this month, or goes month by month. */
static double move(struct chain *chain, const struct chain_law *law, int i, double m,
                   double u) {
  const int from = (int)chain->state[i];
  if (chain->leaves[i] < 0) {
    chain->state[i] = follow(law, from, u);
  } else {
    chain->state[i] = chain->target[i];
    plan_jump(chain, law, i, m);
  }
  const int to = (int)chain->state[i];
  return 0.5 * (law->low[from][to] + law->high[from][to]);
}

void chain_month(struct chain *chain, const struct chain_law *law, int64_t m, double u[LANES]) {
  double stay[N_REGIMES], stays[LANES], n_move = 0;
  const double month = (double)m;
  for (int s = 0; s < N_REGIMES; ++s) {
    stay[s] = 0.5 * (law->low[s][s] + law->high[s][s]);
  }
  const double stay0 = stay[0], stay1 = stay[1], stay2 = stay[2];
#pragma omp simd reduction(+ : n_move)
  for (int i = 0; i < LANES; ++i) {
    const double s = chain->state[i];
    stays[i] = s < 0.5 ? stay0 : (s < 1.5 ? stay1 : stay2);
    n_move += chain->leaves[i] <= month ? 1.0 : 0.0;
  }
  for (int i = 0; n_move > 0 && i < LANES; ++i) { /* few, so lane by lane */
    if (chain->leaves[i] <= month) {
      stays[i] = move(chain, law, i, month, u[i]);
    }
  }
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    u[i] = stays[i];
  }
}
