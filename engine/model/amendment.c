#include "model/blocks.h"

/* 7.8 A customer far below its minimum cuts the open commitment, once. */
static void renegotiate(struct workspace *w, struct customer_lanes *a,
                        const struct customer *customer, struct by_regime chance,
                        double minimum, const double u[LANES]) {
  const double part = customer->renegotiation_cut;
  const double trigger = minimum / customer->renegotiation_trigger;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double open = a->backlog[i] - a->deferred[i], scale = a->scale[i];
    const double may = ((a->renegotiated[i] < 1) & (open > TINY)) ? a->alive[i] : 0.0;
    const double wants = 12 * a->usage[i] < trigger * scale ? may : 0.0;
    const double happens = u[i] < in_regime(w->regime[i], chance) ? wants : 0.0;
    const double cut = happens * part * open;
    a->commitment[i] -= cut;
    a->backlog[i] -= cut;
    a->cut[i] += cut;
    a->scale[i] = happens > 0 ? scale * (1 - part) : scale;
    a->renegotiated[i] += happens;
  }
}

/* 7.8 A customer that has nearly used up an open commitment extends it, once. */
static void extend(struct workspace *w, struct customer_lanes *a,
                   const struct customer *customer, struct by_regime chance,
                   const double u[LANES]) {
  const double size = customer->extension_size * customer->commitment;
  const double trigger = customer->extension_trigger * 12;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double backlog = a->backlog[i], open = backlog - a->deferred[i];
    const double may = ((a->extended[i] < 1) & (open > TINY)) ? a->alive[i] : 0.0;
    const double wants = backlog < trigger * a->usage[i] ? may : 0.0;
    const double happens = u[i] < in_regime(w->regime[i], chance) ? wants : 0.0;
    const double more = happens * size;
    a->commitment[i] += more;
    a->backlog[i] = backlog + more;
    a->bookings[i] += more;
    a->extended[i] += happens;
  }
}

void amendment_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                     const struct month_draws *draws, int64_t c, int64_t m) {
  const struct customer_constants *constants = &k->customers[c];
  const struct contract_clock *clock = &constants->months[m];
  if (!clock->active) {
    return;
  }
  struct customer_lanes *a = &w->customers[c];
  renegotiate(w, a, &deck->customers[c], constants->renegotiation, clock->minimum,
              draws->renegotiation[c]);
  extend(w, a, &deck->customers[c], constants->extension, draws->extension[c]);
}

void amendment_soon(const struct workspace *w, const struct deck *deck,
                    const struct constants *k, int64_t c, int64_t m,
                    double renegotiation[LANES], double extension[LANES]) {
  const struct contract_clock *clock = &k->customers[c].months[m];
  const struct customer *customer = &deck->customers[c];
  const struct customer_lanes *a = &w->customers[c];
  const double begun = m > 0 && clock->active ? 1.0 : 0.0; /* else last month tells nothing */
  const double within = customer->extension_trigger * 12 + 2;
  const double beneath = 1.05 * clock->minimum / customer->renegotiation_trigger;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    renegotiation[i] = 12 * a->usage[i] < beneath * a->scale[i] ? begun : 0.0;
    extension[i] = a->backlog[i] < within * a->usage[i] ? begun : 0.0;
  }
}
