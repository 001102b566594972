#include "model/blocks.h"

void relet_begin(struct workspace *w, const struct deck *deck) {
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    lanes_fill(w->customers[c].unlet, 1);
  }
  lanes_fill(w->relet_sum, 0);
  lanes_fill(w->idle_sum, 0);
}

/* The capacity a defaulted customer freed is used again by others, slowly, after a lag, which
   may end inside a month. */
static void add_freed(struct workspace *w, struct customer_lanes *a, const struct constants *k,
                      double lag, int64_t m) {
  const double next = (double)(m + 1), decay = k->unlet_decay, first = k->unlet_first_decay;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double since = next - a->default_month[i] - lag;
    a->unlet[i] *= since > 1 ? decay : (since > 0 ? first : 1.0);
    w->relet_demand[i] += a->freed[i] * (1 - a->unlet[i]);
  }
}

void relet_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                 int64_t m) {
  const struct by_regime absorption = by_regime(deck->relet.absorption);
  const double spot = deck->market.spot_fraction, relet_part = 1 - deck->relet.discount;
  lanes_fill(w->relet_demand, 0);
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    if (w->customers[c].any_default) {
      add_freed(w, &w->customers[c], k, deck->relet.lag, m);
    }
  }
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double absorbed = in_regime(w->regime[i], absorption), free = w->free[i];
    const double demand = w->relet_demand[i] * absorbed;
    const double relet = least(demand, free);
    const double sold = relet + spot * absorbed * (free - relet);
    w->relet_demand[i] = demand;
    w->sold[i] = sold;
    w->idle[i] = free - sold;
    w->relet_revenue[i] = sold * w->price[i] * relet_part * STEP;
    w->relet_sum[i] += w->relet_revenue[i];
    w->idle_sum[i] += w->idle[i] * STEP;
  }
}
