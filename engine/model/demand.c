#include "math/lane.h"
#include "model/blocks.h"

void demand_begin(struct workspace *w, const struct deck *deck, const struct constants *k) {
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    struct customer_lanes *a = &w->customers[c];
    const struct customer *customer = &deck->customers[c];
    lanes_fill(a->share, customer->initial_share);
    lanes_fill(a->growth, customer->initial_growth);
    lanes_fill(a->ln_revenue, k->customers[c].ln_initial_revenue);
    lanes_fill(a->revenue, customer->initial_revenue);
    lanes_fill(a->ln_training, 0);
  }
}

/* The part of last month's demand that capacity could not serve. */
void demand_starvation(struct workspace *w) {
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double demand = w->live_demand[i];
    const double unserved = clip01(1 - w->capacity[i] / most(demand, TINY));
    w->starvation[i] = demand > TINY ? unserved : 0.0;
  }
}

/* z_c = sqrt(w) z + sqrt(1-w) L3 own_factors; a single customer has the common factors alone.
 */
static void mix_factors(double z[3][LANES], const struct workspace *w,
                        const struct constants *k, const double own[3][LANES]) {
  const double common = k->customers_common, apart = k->customers_own;
  for (int f = 0; f < 3; ++f) {
    const double l0 = k->cholesky[f][0], l1 = k->cholesky[f][1], l2 = k->cholesky[f][2];
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      z[f][i] = common * w->factors[f][i] +
                apart * (l0 * own[0][i] + l1 * own[1][i] + l2 * own[2][i]);
    }
  }
}

static void step_share(struct customer_lanes *a, const struct customer *customer,
                       const double starvation[LANES]) {
  const double recovery = customer->share_recovery_rate, target = customer->target_share;
  const double loss = customer->share_loss_rate;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double share = a->share[i];
    a->share[i] = share + (recovery * (target - share) - loss * share * starvation[i]) * STEP;
  }
}

/* Growth reverts to the level of the regime and fades as the market fills; starvation costs
   growth. */
static void step_revenue(struct customer_lanes *a, const struct customer *customer,
                         const struct workspace *w, const double z_revenue[LANES],
                         const double z_growth[LANES]) {
  const struct by_regime level = by_regime(customer->growth_level);
  const double uplift = customer->distribution_growth, reversion = customer->growth_reversion;
  const double growth_spread = customer->growth_volatility * sqrt(STEP);
  const double sigma = customer->revenue_volatility, spread = sigma * sqrt(STEP);
  const double drag = customer->growth_starvation, filled = 1 / customer->revenue_ceiling;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double towards = in_regime(w->regime[i], level) + uplift;
    const double growth = a->growth[i] + reversion * (towards - a->growth[i]) * STEP +
                          growth_spread * z_growth[i];
    const double room = clip01(1 - a->revenue[i] * filled);
    const double felt = growth > 0 ? growth * room : growth;
    a->growth[i] = growth;
    a->ln_revenue[i] +=
        (felt - drag * w->starvation[i] - 0.5 * sigma * sigma) * STEP + spread * z_revenue[i];
    a->revenue[i] = lane_exp(a->ln_revenue[i]);
  }
}

/* D: training and inference, in proportion to the share bought here, served by chips of
   performance q. */
static void set_demand(struct customer_lanes *a, const struct customer *customer,
                       const struct customer_constants *constants, const struct workspace *w,
                       const struct deck *deck, double fade, const double z_training[LANES]) {
  const struct demand *demand = &deck->demand;
  const struct by_regime training_growth = by_regime(demand->training_growth);
  const double saved = demand->efficiency_pass_through * demand->efficiency_growth;
  const double sigma = demand->training_volatility, spread = sigma * sqrt(STEP);
  const double elasticity = demand->inference_elasticity;
  const double training = customer->training_demand, inference = customer->inference_demand;
  const double ln_initial = constants->ln_initial_revenue;
  const double scale = deck->fleet.initial_performance / customer->initial_share;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double trend = (in_regime(w->regime[i], training_growth) - saved) * fade;
    a->ln_training[i] += trend * STEP - 0.5 * sigma * sigma * STEP + spread * z_training[i];
    const double work = training * lane_exp(a->ln_training[i]) +
                        inference * lane_exp(elasticity * (a->ln_revenue[i] - ln_initial));
    a->demand[i] = work * a->share[i] * scale / w->performance[i];
  }
}

/* What the provider sees: the demand of living customers with a running contract. */
static void add_live_demand(struct workspace *w, struct customer_lanes *a, int64_t active) {
  const double counts = active ? 1.0 : 0.0;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    a->live_demand[i] = a->demand[i] * (a->alive[i] * counts);
    w->live_demand[i] += a->live_demand[i];
  }
}

void demand_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                  const struct month_draws *draws, int64_t m) {
  alignas(64) double mixed[3][LANES];
  lanes_fill(w->live_demand, 0);
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    struct customer_lanes *a = &w->customers[c];
    const struct customer *customer = &deck->customers[c];
    const double(*z)[LANES] = (const double(*)[LANES])w->factors;
    if (deck->n_customers > 1) {
      mix_factors(mixed, w, k, draws->own_factors[c]);
      z = (const double(*)[LANES])mixed;
    }
    step_share(a, customer, w->starvation);
    step_revenue(a, customer, w, z[FACTOR_REVENUE], z[FACTOR_GROWTH]);
    set_demand(a, customer, &k->customers[c], w, deck, k->fade[m], z[FACTOR_TRAINING]);
    add_live_demand(w, a, k->customers[c].months[m].active);
  }
}
