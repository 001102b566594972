#include "math/lane.h"
#include "model/blocks.h"

void provider_begin(struct workspace *w, const struct deck *deck, const struct constants *k) {
  lanes_fill(w->ln_base_revenue, k->ln_initial_base_revenue);
  lanes_fill(w->base_growth, deck->base_business.initial_growth);
  lanes_fill(w->obligations, deck->base_business.initial_obligations);
  lanes_fill(w->payback, NEVER);
  lanes_fill(w->payback_net_of_growth, NEVER);
  double *const zero[] = {
      w->npv,        w->npv_operating,   w->npv_capex,        w->cash_sum,
      w->frozen_sum, w->cutoff_capacity, w->distribution_sum, w->distribution_pv};
  for (size_t n = 0; n < sizeof zero / sizeof zero[0]; ++n) {
    lanes_fill(zero[n], 0);
  }
}

void provider_open_books(struct workspace *w) {
  lanes_fill(w->recognised, 0);
  lanes_fill(w->cash_in, 0);
  lanes_fill(w->distribution, 0);
}

/* What the customer's own products, sold through the provider, bring. */
void provider_distribution(struct workspace *w, const struct deck *deck, int64_t c) {
  const struct customer_lanes *a = &w->customers[c];
  const struct customer *customer = &deck->customers[c];
  const double part = customer->distribution_share * customer->take_rate;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    w->distribution[i] += a->alive[i] * part * a->revenue[i] * STEP;
  }
}

/* 10. The rest of the provider's cloud business, and its obligations. */
static void step_base_business(struct workspace *w, const struct base_business *base,
                               const double z[LANES], const double z_growth[LANES]) {
  const struct by_regime level = by_regime(base->growth_level);
  const struct by_regime book_to_bill = by_regime(base->book_to_bill);
  const double reversion = base->growth_reversion, obligated = base->obligated_fraction;
  const double growth_spread = base->growth_volatility * sqrt(STEP);
  const double v = base->revenue_volatility, spread = v * sqrt(STEP);
  const double kept = 1 - base->cannibalisation;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double s = w->regime[i];
    const double growth = w->base_growth[i] +
                          reversion * (in_regime(s, level) - w->base_growth[i]) * STEP +
                          growth_spread * z_growth[i];
    w->base_growth[i] = growth;
    w->ln_base_revenue[i] += (growth - 0.5 * v * v) * STEP + spread * z[i];
    const double revenue = lane_exp(w->ln_base_revenue[i]);
    const double booked = (in_regime(s, book_to_bill) - 1) * obligated * revenue * STEP;
    w->obligations[i] = max0(w->obligations[i] + booked);
    w->quarter.aws_revenue[i] +=
        revenue * STEP + w->recognised[i] * kept + w->relet_revenue[i] + w->distribution[i];
  }
}

/* 11. Cash of the compute contract, its present value, and the accounts of the quarter. */
static void add_cash(struct workspace *w, const struct deck *deck, double discount) {
  const struct provider *provider = &deck->provider;
  const double cost_rate = provider->operating_cost, idle_part = provider->idle_cost_fraction;
  const double displaced =
      deck->base_business.cannibalisation * deck->base_business.base_margin;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double recognised = w->recognised[i], relet = w->relet_revenue[i];
    const double capex = w->capex[i];
    const double cost = cost_rate * (w->used[i] + w->sold[i] + idle_part * w->idle[i]) * STEP;
    const double operating = w->cash_in[i] + relet - cost - displaced * recognised;
    const double flow = operating - capex;
    w->operating[i] = operating;
    w->npv[i] += flow * discount;
    w->npv_operating[i] += operating * discount;
    w->npv_capex[i] += capex * discount;
    w->cash_sum[i] += flow;
    w->distribution_sum[i] += w->distribution[i];
    w->distribution_pv[i] += w->distribution[i] * discount;
    w->quarter.operating_income[i] += recognised + relet - cost - w->depreciation[i];
  }
}

static void add_flows(struct workspace *w) {
  struct quarter_flows *quarter = &w->quarter;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    quarter->contract_revenue[i] += w->recognised[i];
    quarter->capex[i] += w->capex[i];
    quarter->relet_revenue[i] += w->relet_revenue[i];
    quarter->distribution[i] += w->distribution[i];
    quarter->depreciation[i] += w->depreciation[i];
    quarter->used[i] += w->used[i];
    quarter->sold[i] += w->sold[i];
    quarter->capacity[i] += w->capacity[i];
  }
}

/* The month from which a sum of cash stays at or above zero. */
static inline double last_crossing(double payback, double sum, double next) {
  const double reached = payback == NEVER ? next : payback;
  return sum < 0 ? NEVER : reached;
}

/* Net of growth: the fleet is frozen at the cutoff; later growth and its income are left out.
 */
static void find_paybacks(struct workspace *w, const struct deck *deck, int64_t m) {
  const double next = (double)(m + 1);
  if (m < deck->provider.payback_cutoff) {
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      w->cutoff_capacity[i] = w->capacity[i];
      w->frozen_sum[i] += w->operating[i] - w->capex[i];
    }
  } else {
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      const double part = least(1.0, w->cutoff_capacity[i] / most(w->capacity[i], TINY));
      w->frozen_sum[i] += (w->operating[i] - w->replacement[i]) * part;
    }
  }
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    w->payback[i] = last_crossing(w->payback[i], w->cash_sum[i], next);
    w->payback_net_of_growth[i] =
        last_crossing(w->payback_net_of_growth[i], w->frozen_sum[i], next);
  }
}

void provider_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                    const struct month_draws *draws, int64_t m) {
  step_base_business(w, &deck->base_business, w->factors[FACTOR_BASE], draws->base_growth);
  add_cash(w, deck, k->discount[m]);
  add_flows(w);
  find_paybacks(w, deck, m);
}

/* 12. What the customers' shares are worth at the horizon. */
static void value_stakes(struct workspace *w, const struct deck *deck,
                         const struct constants *k) {
  const struct by_regime multiple = by_regime(deck->provider.equity_price_to_sales);
  const double discount = k->equity_discount;
  lanes_fill(w->stake_value, 0);
  lanes_fill(w->prior_stake_value, 0);
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    const struct customer_lanes *a = &w->customers[c];
    const double prior = deck->customers[c].prior_stake;
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      const double worth =
          a->alive[i] * in_regime(w->regime[i], multiple) * a->revenue[i] * discount;
      w->stake_value[i] += a->stake[i] * worth;
      w->prior_stake_value[i] += prior * worth;
    }
  }
}

void provider_end(struct workspace *w, const struct deck *deck, const struct constants *k) {
  const double discount = deck->provider.terminal_value ? k->terminal_discount : 0.0;
  sites_end(w, deck, w->book_value);
  value_stakes(w, deck, k);
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    w->npv_terminal[i] = w->book_value[i] * discount;
    w->npv[i] += w->npv_terminal[i];
    w->npv_with_equity[i] = w->npv[i] + w->investment_pv[i] + w->stake_value[i];
  }
}
