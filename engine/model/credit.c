#include "math/beta.h"
#include "math/lane.h"
#include "model/blocks.h"

void credit_begin(struct workspace *w, const struct deck *deck,
                  const struct path_draws *draws) {
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    struct customer_lanes *a = &w->customers[c];
    const double *u = draws->default_[c], *recovery = draws->recovery[c];
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      a->threshold[i] = -lane_log(1 - u[i]);
      a->recovery_draw[i] = recovery[i];
    }
    lanes_fill(a->alive, 1);
    lanes_fill(a->default_month, NEVER);
    double *const zero[] = {a->hazard_sum,  a->freed,       a->ecl,      a->peak_exposure,
                            a->equity_loss, a->written_off, a->forfeited};
    for (size_t n = 0; n < sizeof zero / sizeof zero[0]; ++n) {
      lanes_fill(zero[n], 0);
    }
    a->any_default = 0;
  }
}

/* 7.8 What would be lost: bills not yet paid, and the backlog less what the freed capacity is
   expected to earn over the rest of the term. */
static void measure_exposure(struct workspace *w, struct customer_lanes *a,
                             const struct deck *deck, const struct constants *k, int64_t h) {
  const struct by_regime absorption = k->expected_absorption[h], level = k->expected_level[h];
  const double memory = k->expected_memory[h], relet_part = 1 - deck->relet.discount;
  const double months = deck->credit.receivable_months;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double s = w->regime[i];
    const double price = lane_exp(memory * w->ln_price[i] + in_regime(s, level));
    const double keep = clip01(in_regime(s, absorption) * relet_part * price / a->price[i]);
    const double receivable = months * (a->billed[i] - a->shortfall[i]) + a->shortfall[i];
    const double exposure = receivable + (a->backlog[i] - a->deferred[i]) * (1 - keep);
    a->exposure[i] = a->alive[i] > 0 ? exposure : 0.0;
    a->peak_exposure[i] = most(a->peak_exposure[i], a->exposure[i]);
  }
}

/* 7.8 The hazard of slow growth, short runway and empty cash; returns how many lanes default.
 */
static double cumulate_hazard(struct workspace *w, struct customer_lanes *a,
                              const struct credit *credit, double growth_boom) {
  const struct by_regime base = by_regime(credit->hazard);
  const double slope = credit->hazard_growth_slope, limit = credit->hazard_growth_limit;
  const double runway_slope = credit->hazard_runway_slope;
  const double per_month = 1 / credit->runway_reference, cash_out = credit->hazard_cash_out;
  double n_fail = 0;
#pragma omp simd reduction(+ : n_fail)
  for (int i = 0; i < LANES; ++i) {
    const double slow = lane_exp(clip(slope * (growth_boom - a->growth[i]), -limit, limit));
    const double strained = 1 + runway_slope * (1 - clip01(a->runway[i] * per_month));
    const double out = a->cash[i] < 0 ? cash_out : 0.0;
    const double hazard = in_regime(w->regime[i], base) * slow * strained + out;
    const double alive = a->alive[i];
    const double sum = a->hazard_sum[i] + alive * hazard * STEP;
    a->hazard_sum[i] = sum;
    a->fails[i] = sum >= a->threshold[i] ? alive : 0.0;
    n_fail += a->fails[i];
  }
  return n_fail;
}

/* 7.8 One lane's default, in its month; rare, so lane by lane. */
static void fail_lane(struct workspace *w, struct customer_lanes *a, const struct deck *deck,
                      const struct constants *k, int64_t c, int64_t m, int i) {
  const double winter = w->regime[i] == REGIME_WINTER ? deck->credit.recovery_winter_factor : 1;
  const double rate = winter * beta_inverse(k->recovery_a, k->recovery_b, a->recovery_draw[i]);
  const double exposure = a->exposure[i], shortfall = a->shortfall[i];
  const double receivable =
      deck->credit.receivable_months * (a->billed[i] - shortfall) + shortfall;
  a->default_month[i] = (double)(m + 1);
  a->ecl[i] += (1 - rate) * exposure * k->risk_free[m];
  a->equity_loss[i] += deck->customers[c].prior_investment + a->invested[i];
  w->cash_in[i] += rate * exposure * k->recovery_discount - receivable;
  a->freed[i] = a->used[i];
  a->unlet[i] = 1;
  a->written_off[i] += a->backlog[i];
  a->forfeited[i] += a->deferred[i];
  a->backlog[i] = 0;
  a->deferred[i] = 0;
  for (int v = 0; v < MAX_VINTAGES; ++v) {
    a->makeup[v][i] = 0;
  }
  a->alive[i] = 0;
}

void credit_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                  int64_t c, int64_t m) {
  struct customer_lanes *a = &w->customers[c];
  const struct customer *customer = &deck->customers[c];
  measure_exposure(w, a, deck, k, k->customers[c].months[m].months_left);
  const double n_fail =
      cumulate_hazard(w, a, &deck->credit, customer->growth_level[REGIME_BOOM]);
  if (n_fail > 0) {
    for (int i = 0; i < LANES; ++i) {
      if (a->fails[i] > 0) {
        fail_lane(w, a, deck, k, c, m, i);
      }
    }
    a->any_default = 1;
  }
}
