#include "model/blocks.h"

void regime_begin(struct workspace *w, const struct deck *deck) {
  lanes_fill(w->regime, (double)deck->regime.initial_regime);
}

static void step_regime(struct workspace *w, const struct constants *k, const double u[LANES]) {
  const struct by_regime boom = k->boom_next, no_winter = k->no_winter_next;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double s = w->regime[i];
    w->regime[i] =
        (u[i] > in_regime(s, boom) ? 1.0 : 0.0) + (u[i] > in_regime(s, no_winter) ? 1.0 : 0.0);
  }
}

/* z = L factors */
static void correlate(struct workspace *w, const struct constants *k,
                      const double factors[N_FACTORS][LANES]) {
  for (int f = 0; f < N_FACTORS; ++f) {
    const double *row = k->cholesky[f];
    const double l0 = row[0], l1 = row[1], l2 = row[2], l3 = row[3], l4 = row[4];
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      w->factors[f][i] = l0 * factors[0][i] + l1 * factors[1][i] + l2 * factors[2][i] +
                         l3 * factors[3][i] + l4 * factors[4][i];
    }
  }
}

void regime_month(struct workspace *w, const struct constants *k,
                  const struct month_draws *draws) {
  step_regime(w, k, draws->regime);
  correlate(w, k, draws->factors);
}
