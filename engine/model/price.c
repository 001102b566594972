#include "math/lane.h"
#include "model/blocks.h"

void price_begin(struct workspace *w, const struct constants *k) {
  lanes_fill(w->ln_price, k->ln_initial_price);
}

/* An exact step of a log Ornstein-Uhlenbeck process towards the price level of the regime. */
void price_month(struct workspace *w, const struct constants *k) {
  const double memory = k->price_memory, spread = k->price_spread;
  const struct by_regime pull = k->price_pull;
  const double *z = w->factors[FACTOR_PRICE];
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    w->ln_price[i] = memory * w->ln_price[i] + in_regime(w->regime[i], pull) + spread * z[i];
    w->price[i] = lane_exp(w->ln_price[i]);
  }
}
