#include "scalar_path.h"

#include <string.h>

/* ---- start */

static void start_customer(struct customer_state *a, const struct customer *keys,
                           const struct deck *deck, double u) {
  a->share = keys->initial_share;
  a->growth = keys->initial_growth;
  a->revenue = keys->initial_revenue;
  a->cash = keys->initial_cash;
  a->price = keys->contract_price;
  a->reference = deck->market.initial_price;
  a->commitment = a->backlog = keys->commitment;
  a->scale = 1;
  a->runway = deck->credit.runway_limit;
  a->threshold = -log1p(-u);
  a->default_month = a->fulfilled_month = a->fulfilled_in_full_month = FAR_AWAY;
  a->alive = true;
}

static void start(struct path_state *p, const struct deck *deck, const struct constants *k,
                  struct generator *g) {
  memset(p, 0, sizeof *p);
  p->regime = (int)deck->regime.initial_regime;
  p->ln_price = k->ln_initial_price;
  p->ln_base_revenue = k->ln_initial_base_revenue;
  p->base_growth = deck->base_business.initial_growth;
  p->obligations = deck->base_business.initial_obligations;
  p->payback = p->payback_net_of_growth = FAR_AWAY;
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    start_customer(&p->customers[c], &deck->customers[c], deck, uniform(g));
    p->customers[c].ln_revenue = k->customers[c].ln_initial_revenue;
  }
  supply_start(p, deck, k, g);
}

/* ---- regime, price, demand */

static void step_regime(struct path_state *p, const struct constants *k, double u) {
  const int s = p->regime;
  p->regime = (u > for_regime(k->boom_next, s)) + (u > for_regime(k->no_winter_next, s));
}

/* z = L factors, the first n of them */
static void draw_correlated(double z[N_FACTORS], int n, const struct constants *k,
                            struct generator *g) {
  double own[N_FACTORS];
  for (int i = 0; i < n; ++i) {
    own[i] = normal(g);
    z[i] = 0;
    for (int j = 0; j <= i; ++j) {
      z[i] += k->cholesky[i][j] * own[j];
    }
  }
}

static void step_price(struct path_state *p, const struct constants *k, double z) {
  p->ln_price = k->price_memory * p->ln_price + for_regime(k->price_pull, p->regime) +
                k->price_spread * z;
  p->price = exp(p->ln_price);
}

static double starvation(const struct path_state *p) {
  return p->live_demand > TINY ? clip01(1 - p->capacity / p->live_demand) : 0;
}

static void step_customer_demand(struct path_state *p, struct customer_state *a,
                                 const struct customer *keys, const struct deck *deck,
                                 double fade, double ln_initial_revenue, const double z[3]) {
  const struct demand *demand = &deck->demand;
  const int s = p->regime;
  a->share += (keys->share_recovery_rate * (keys->target_share - a->share) -
               keys->share_loss_rate * a->share * p->starvation) *
              STEP;
  const double towards = keys->growth_level[s] + keys->distribution_growth;
  a->growth += keys->growth_reversion * (towards - a->growth) * STEP +
               keys->growth_volatility * sqrt(STEP) * z[FACTOR_GROWTH];
  const double room = clip01(1 - a->revenue / keys->revenue_ceiling);
  const double felt = a->growth > 0 ? a->growth * room : a->growth;
  double v = keys->revenue_volatility;
  a->ln_revenue += (felt - keys->growth_starvation * p->starvation - v * v / 2) * STEP +
                   v * sqrt(STEP) * z[FACTOR_REVENUE];
  a->revenue = exp(a->ln_revenue);
  const double saved = demand->efficiency_pass_through * demand->efficiency_growth;
  v = demand->training_volatility;
  a->ln_training += ((demand->training_growth[s] - saved) * fade - v * v / 2) * STEP +
                    v * sqrt(STEP) * z[FACTOR_TRAINING];
  const double work = keys->training_demand * exp(a->ln_training) +
                      keys->inference_demand * exp(demand->inference_elasticity *
                                                   (a->ln_revenue - ln_initial_revenue));
  a->demand = work * (a->share / keys->initial_share) * deck->fleet.initial_performance /
              p->performance;
}

static void step_demand(struct path_state *p, const struct deck *deck,
                        const struct constants *k, struct generator *g,
                        const double common[N_FACTORS], int64_t m) {
  p->live_demand = p->distribution = 0;
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    struct customer_state *a = &p->customers[c];
    const struct customer *keys = &deck->customers[c];
    double z[N_FACTORS] = {common[0], common[1], common[2]};
    if (deck->n_customers > 1) {
      draw_correlated(z, 3, k, g);
      for (int i = 0; i < 3; ++i) {
        z[i] = k->customers_common * common[i] + k->customers_own * z[i];
      }
    }
    step_customer_demand(p, a, keys, deck, k->fade[m], k->customers[c].ln_initial_revenue, z);
    a->serves = a->alive && k->customers[c].months[m].active;
    a->live_demand = a->serves ? a->demand : 0;
    p->live_demand += a->live_demand;
    if (a->alive) {
      p->distribution += keys->distribution_share * keys->take_rate * a->revenue * STEP;
    }
  }
}

/* ---- allocation, and what binds */

static void reset_price(const struct path_state *p, struct customer_state *a,
                        const struct customer *keys) {
  if (a->alive) {
    const double move = least(p->price / a->reference, keys->price_reset_limit) - 1;
    a->price = most(keys->price_floor_fraction * keys->contract_price,
                    a->price * (1 + keys->price_indexation * move));
  }
  a->reference = p->price;
}

static void allocate(struct path_state *p, const struct deck *deck, const struct constants *k,
                     int64_t m) {
  const struct funding *funding = &deck->funding;
  p->wanted = p->used = 0;
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    struct customer_state *a = &p->customers[c];
    if (k->customers[c].months[m].resets) {
      reset_price(p, a, &deck->customers[c]);
    }
    a->budget = a->share * (funding->budget_revenue_share * a->revenue +
                            funding->budget_cash_rate * max0(a->cash));
    a->affordable = a->budget / a->price;
    a->wanted = least(least(a->live_demand, deck->customers[c].capacity_limit), a->affordable);
    p->wanted += a->wanted;
  }
  const double part = least(1, p->capacity / most(p->wanted, 1e-12));
  double left = p->capacity;
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    struct customer_state *a = &p->customers[c];
    const bool priority = deck->provider.allocation == ALLOCATION_PRIORITY;
    a->used = priority ? least(left, a->wanted) : a->wanted * part;
    left -= a->used;
    p->used += a->used;
  }
  p->free = max0(p->capacity - p->used);
}

static enum constraint binding_supply(const struct path_state *p, double cap) {
  const double low = least(least(p->power, cap), p->installed) + TINY;
  return p->power <= low ? CONSTRAINT_POWER
                         : (cap <= low ? CONSTRAINT_CONTRACT_CAP : CONSTRAINT_CHIPS);
}

static enum constraint binding_customer(const struct customer_state *a, double limit,
                                        enum constraint supply) {
  const double low = least(least(a->live_demand, limit), a->affordable) + TINY;
  if (a->live_demand <= 0) {
    return CONSTRAINT_NONE;
  }
  if (a->used < a->wanted - TINY) {
    return supply;
  }
  return limit <= low ? CONSTRAINT_CONTRACT_CAP
                      : (a->affordable <= low ? CONSTRAINT_BUDGET : CONSTRAINT_DEMAND);
}

static void find_binding(struct path_state *p, const struct deck *deck) {
  const enum constraint supply = binding_supply(p, deck->build.capacity_cap);
  double largest = -1;
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    struct customer_state *a = &p->customers[c];
    a->binding = binding_customer(a, deck->customers[c].capacity_limit, supply);
    if (a->wanted > largest) {
      largest = a->wanted;
      p->binding = a->binding;
    }
  }
  if (p->wanted > p->capacity + TINY) {
    p->binding = supply;
  }
}

/* ---- re-letting, base business, cash */

static void step_relet(struct path_state *p, const struct deck *deck, int64_t m) {
  const struct relet *relet = &deck->relet;
  const double absorption = relet->absorption[p->regime];
  double freed = 0;
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    const struct customer_state *a = &p->customers[c];
    const double since = (double)(m + 1) - a->default_month - relet->lag;
    if (since > 0) {
      freed += a->freed * (1 - exp(-since / relet->time_constant));
    }
  }
  p->relet_demand = freed * absorption;
  const double again = least(p->relet_demand, p->free);
  p->sold = again + deck->market.spot_fraction * absorption * (p->free - again);
  p->idle = p->free - p->sold;
  p->relet_revenue = p->sold * p->price * (1 - relet->discount) * STEP;
  p->relet_sum += p->relet_revenue;
  p->idle_sum += p->idle * STEP;
}

static double step_base_business(struct path_state *p, const struct base_business *keys,
                                 double z_base, double z_growth) {
  const double v = keys->revenue_volatility;
  p->base_growth +=
      keys->growth_reversion * (keys->growth_level[p->regime] - p->base_growth) * STEP +
      keys->growth_volatility * sqrt(STEP) * z_growth;
  p->ln_base_revenue += (p->base_growth - v * v / 2) * STEP + v * sqrt(STEP) * z_base;
  const double revenue = exp(p->ln_base_revenue);
  p->obligations = max0(p->obligations + (keys->book_to_bill[p->regime] - 1) *
                                             keys->obligated_fraction * revenue * STEP);
  return revenue;
}

/* The month from which a sum has stayed at or above 0. */
static double paid_back(double before, double sum, int64_t m) {
  return sum < 0 ? FAR_AWAY : least(before, (double)(m + 1));
}

static void step_cash(struct path_state *p, const struct deck *deck, const struct constants *k,
                      double base_revenue, int64_t m) {
  const struct provider *provider = &deck->provider;
  const struct base_business *business = &deck->base_business;
  const double cost = provider->operating_cost *
                      (p->used + p->sold + provider->idle_cost_fraction * p->idle) * STEP;
  const double operating = p->billed + p->default_cash + p->relet_revenue - cost -
                           business->cannibalisation * business->base_margin * p->recognised;
  const double flow = operating - p->capex;
  p->cash_sum += flow;
  p->npv_operating += operating * k->discount[m];
  p->npv_capex += p->capex * k->discount[m];
  p->distribution_pv += p->distribution * k->discount[m];
  p->distribution_sum += p->distribution;
  p->payback = paid_back(p->payback, p->cash_sum, m);
  if (m < provider->payback_cutoff) {
    p->frozen_sum += flow;
    p->cutoff_capacity = p->capacity;
  } else {
    p->frozen_sum +=
        (operating - p->replacement) * least(1, p->cutoff_capacity / most(p->capacity, TINY));
  }
  p->payback_net_of_growth = paid_back(p->payback_net_of_growth, p->frozen_sum, m);
  struct quarter_state *q = &p->quarter;
  q->aws_revenue += base_revenue * STEP + (1 - business->cannibalisation) * p->recognised +
                    p->relet_revenue + p->distribution;
  q->operating_income += p->recognised + p->relet_revenue - cost - p->depreciation;
}

static void finish(struct path_state *p, const struct deck *deck, const struct constants *k) {
  const struct provider *provider = &deck->provider;
  if (provider->terminal_value) {
    p->npv_terminal = supply_value(p, deck) * k->terminal_discount;
  }
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    const struct customer_state *a = &p->customers[c];
    if (a->alive) {
      const double worth =
          provider->equity_price_to_sales[p->regime] * a->revenue * k->equity_discount;
      p->stake_value += a->stake * worth;
      p->prior_stake_value += deck->customers[c].prior_stake * worth;
    }
  }
}

/* ---- a path */

static void step(struct path_state *p, const struct deck *deck, const struct constants *k,
                 struct generator *g, int64_t m) {
  double z[N_FACTORS];
  step_regime(p, k, uniform(g));
  draw_correlated(z, N_FACTORS, k, g);
  p->starvation = starvation(p);
  supply_step(p, deck, k, g, m);
  step_price(p, k, z[FACTOR_PRICE]);
  step_demand(p, deck, k, g, z, m);
  allocate(p, deck, k, m);
  find_binding(p, deck);
  p->recognised = p->billed = p->default_cash = 0;
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    customer_step(p, deck, k, g, c, m);
    p->recognised += p->customers[c].recognised;
    p->billed += p->customers[c].billed;
  }
  step_relet(p, deck, m);
  const double base = step_base_business(p, &deck->base_business, z[FACTOR_BASE], normal(g));
  step_cash(p, deck, k, base, m);
}

void path_follow(struct path_state *p, const struct deck *deck, const struct constants *k,
                 struct generator *g, const struct layout *layout, double *row) {
  start(p, deck, k, g);
  for (int64_t m = 0; m < deck->time.horizon; ++m) {
    step(p, deck, k, g, m);
    record_step(p, deck, k, m, layout, row);
  }
  finish(p, deck, k);
  record_finish(p, deck, layout, row);
}
