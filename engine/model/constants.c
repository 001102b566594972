#include "model/constants.h"

#include <math.h>
#include <string.h>

#include "math/lane.h"
#include "model/contract_clock.h"
#include "model/matrix.h"

static double chance_in_a_month(double rate) {
  return 1 - lane_exp(-rate * STEP);
}

static struct by_regime chances_in_a_month(const double rate[N_REGIMES]) {
  return (struct by_regime){chance_in_a_month(rate[0]), chance_in_a_month(rate[1]),
                            chance_in_a_month(rate[2])};
}

static void make_weights(struct constants *k, const struct deck *deck) {
  const double common = deck->n_customers > 1 ? deck->correlation.between_customers : 1;
  cholesky(N_FACTORS, N_FACTORS, k->cholesky[0], deck->correlation.factors[0]);
  k->customers_common = sqrt(common);
  k->customers_own = sqrt(1 - common);
  k->slips_common = sqrt(deck->fleet.slip_correlation);
  k->slips_own = sqrt(1 - deck->fleet.slip_correlation);
  k->delays_common = sqrt(deck->power.delay_correlation);
  k->delays_own = sqrt(1 - deck->power.delay_correlation);
}

static void make_generation(struct generation_constants *k, const struct generation *g,
                            const struct fleet *fleet) {
  const double at_start = g->ramp_slope * g->ramp_midpoint;
  k->at_zero = 1 / (1 + lane_exp(at_start));
  k->scale = 1 / (1 - k->at_zero);
  k->steepest = g->ramp_slope / 4 * k->scale;
  k->fade = lane_exp(-g->ramp_slope);
  k->fade_disrupted = lane_exp(-g->ramp_slope * fleet->disruption_speed);
  k->steep = at_start > 600;
  k->weight[FLEET_CAPACITY] = 1;
  k->weight[FLEET_OWN] = (double)g->own;
  k->weight[FLEET_MILESTONE] = (double)g->milestone;
  k->weight[FLEET_PERFORMANCE] = g->performance;
  k->weight[FLEET_CHIPS] = (double)g->own / g->chip_power;
  k->weight[FLEET_COST] = g->chip_cost;
}

static void make_site(struct site_constants *k, const struct site *site,
                      const struct deck *deck) {
  k->planned_start = (double)(site->energised - deck->power.shell_lead);
  k->gated = deck->build.mode == BUILD_FULFIL && k->planned_start >= 0 && !site->committed;
  k->shell_spending = deck->power.shell_cost * site->capacity / (double)deck->power.shell_lead;
}

static void make_fleet(struct constants *k, const struct deck *deck) {
  const struct fleet *fleet = &deck->fleet;
  const int64_t horizon = deck->time.horizon;
  k->disruption_starts = chance_in_a_month(fleet->disruption_rate);
  k->disruption_ends = 1 - lane_exp(-STEP / fleet->disruption_duration);
  for (int64_t n = 0; n <= horizon; ++n) {
    const double retired =
        ((double)n - fleet->initial_retirement_start) / fleet->initial_retirement_spread;
    k->initial_fleet[n] = fleet->initial_capacity * (1 - clip01(retired));
    k->book_value[n] = clip01(1 - (double)(horizon - n) / (double)fleet->service_life);
  }
  for (int64_t i = 0; i < deck->n_generations; ++i) {
    make_generation(&k->generations[i], &deck->generations[i], fleet);
  }
  for (int64_t j = 0; j < deck->n_sites; ++j) {
    make_site(&k->sites[j], &deck->sites[j], deck);
  }
}

static void make_price(struct constants *k, const struct market *market) {
  const double kappa = market->reversion_rate, sigma = market->price_volatility;
  const double e = lane_exp(-kappa * STEP);
  const double *level = market->price_level;
  k->price_memory = e;
  const double x = kappa * STEP; /* for small ones 1 - e^2 would cancel: its series */
  k->price_spread = x > 1e-4 ? sigma * sqrt((1 - e * e) / (2 * kappa))
                             : sigma * sqrt(STEP * (1 - x + 2 * x * x / 3));
  k->price_pull = (struct by_regime){(1 - e) * lane_log(level[0]), (1 - e) * lane_log(level[1]),
                                     (1 - e) * lane_log(level[2])};
  k->ln_initial_price = lane_log(market->initial_price);
}

static void make_discounts(struct constants *k, const struct deck *deck) {
  const struct provider *provider = &deck->provider;
  const double horizon = (double)deck->time.horizon;
  for (int64_t m = 0; m < deck->time.horizon; ++m) {
    const double month = (double)m;
    k->fade[m] =
        deck->demand.fade_floor +
        (1 - deck->demand.fade_floor) * lane_exp(-(month * STEP) / deck->demand.fade_time);
    k->discount[m] = lane_exp(-provider->discount_rate * (month + 0.5) * STEP);
    k->risk_free[m] = lane_exp(-provider->risk_free_rate * (month + 1) * STEP);
  }
  k->recovery_discount = lane_exp(-provider->discount_rate * deck->credit.recovery_lag * STEP);
  k->terminal_discount = lane_exp(-provider->discount_rate * horizon * STEP);
  k->equity_discount = lane_exp(-provider->equity_discount_rate * horizon * STEP);
}

/* The tables of expected re-letting: sums over j = 1 .. h of P^j a, e^j and r_j, over h. */
static void make_expectations(struct constants *k, const struct deck *deck,
                              const double step[N_REGIMES][N_REGIMES]) {
  const double e = k->price_memory;
  double absorption[N_REGIMES], level[N_REGIMES], reach[N_REGIMES] = {0}, memory = 1;
  double sum_a[N_REGIMES] = {0}, sum_r[N_REGIMES] = {0}, sum_e = 0;
  for (int s = 0; s < N_REGIMES; ++s) {
    absorption[s] = deck->relet.absorption[s];
    level[s] = lane_log(deck->market.price_level[s]);
  }
  k->expected_absorption[0] = by_regime(absorption);
  k->expected_memory[0] = 1;
  int64_t longest = 0;
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    const int64_t end = deck->customers[c].start + deck->customers[c].term;
    longest = end > longest ? end : longest;
  }
  for (int64_t h = 1; h <= longest; ++h) {
    double next[N_REGIMES], mean_a[N_REGIMES], mean_r[N_REGIMES];
    matrix_apply(next, step, absorption);
    memcpy(absorption, next, sizeof next); /* P^h a */
    matrix_apply(next, step, level);
    memcpy(level, next, sizeof next); /* P^h l */
    memory *= e;
    sum_e += memory;
    for (int s = 0; s < N_REGIMES; ++s) {
      reach[s] = e * reach[s] + (1 - e) * level[s];
      sum_a[s] += absorption[s];
      sum_r[s] += reach[s];
      mean_a[s] = sum_a[s] / (double)h;
      mean_r[s] = sum_r[s] / (double)h;
    }
    k->expected_absorption[h] = by_regime(mean_a);
    k->expected_memory[h] = sum_e / (double)h;
    k->expected_level[h] = by_regime(mean_r);
  }
}

static void make_credit(struct constants *k, const struct deck *deck) {
  const double mean = deck->credit.recovery_mean, sd = deck->credit.recovery_sd;
  const double n = mean * (1 - mean) / (sd * sd) - 1;
  k->recovery_a = mean * n;
  k->recovery_b = (1 - mean) * n;
  k->unlet_decay = lane_exp(-1 / deck->relet.time_constant);
  k->unlet_first_decay =
      lane_exp((deck->relet.lag - floor(deck->relet.lag) - 1) / deck->relet.time_constant);
}

static void make_customer(struct customer_constants *k, const struct customer *customer,
                          const struct deck *deck) {
  k->ln_initial_revenue = lane_log(customer->initial_revenue);
  k->renegotiation = chances_in_a_month(customer->renegotiation_rate);
  k->extension = chances_in_a_month(customer->extension_rate);
  for (int64_t m = 0; m < deck->time.horizon; ++m) {
    k->months[m] = contract_clock(customer, m, deck->build.order_lead);
  }
}

/* What the model makes of its uniforms (regime.c, supply.c, amendment.c). */
static void make_laws(struct draw_laws *laws, const struct constants *k,
                      const struct deck *deck) {
  const double bounds[N_REGIMES + 1][N_REGIMES] = {
      {0, 0, 0},
      {k->boom_next.boom, k->boom_next.plateau, k->boom_next.winter},
      {k->no_winter_next.boom, k->no_winter_next.plateau, k->no_winter_next.winter},
      {1, 1, 1}};
  for (int from = 0; from < N_REGIMES; ++from) {
    for (int to = 0; to < N_REGIMES; ++to) {
      laws->regime.low[from][to] = bounds[to][from];
      laws->regime.high[from][to] = bounds[to + 1][from];
    }
  }
  laws->initial_regime = deck->regime.initial_regime;
  const double starts = k->disruption_starts, ends = k->disruption_ends;
  laws->disruption =
      (struct chain_law){.low = {{starts, 0}, {0, ends}}, .high = {{1, starts}, {ends, 1}}};
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    const struct by_regime cut = k->customers[c].renegotiation;
    const struct by_regime more = k->customers[c].extension;
    memcpy(laws->renegotiation[c], (double[]){cut.boom, cut.plateau, cut.winter},
           sizeof laws->renegotiation[c]);
    memcpy(laws->extension[c], (double[]){more.boom, more.plateau, more.winter},
           sizeof laws->extension[c]);
  }
}

void constants_make(struct constants *constants, const struct deck *deck) {
  memset(constants, 0, sizeof *constants);
  double step[N_REGIMES][N_REGIMES], first[N_REGIMES], second[N_REGIMES];
  transition_probabilities(step, deck->regime.transition_rate, STEP);
  for (int s = 0; s < N_REGIMES; ++s) {
    first[s] = step[s][0];
    second[s] = step[s][0] + step[s][1];
  }
  constants->boom_next = by_regime(first);
  constants->no_winter_next = by_regime(second);
  constants->ln_initial_base_revenue = lane_log(deck->base_business.initial_revenue);
  make_weights(constants, deck);
  make_fleet(constants, deck);
  make_price(constants, &deck->market);
  make_discounts(constants, deck);
  make_credit(constants, deck);
  make_expectations(constants, deck, (const double(*)[N_REGIMES])step);
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    make_customer(&constants->customers[c], &deck->customers[c], deck);
  }
  make_laws(&constants->laws, constants, deck);
}
