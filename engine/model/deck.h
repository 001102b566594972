/* The deck as the kernel reads it: one flat struct without pointers, zeroed before it is
   filled, so that a broadcast and a comparison are one call each. Units: money in billion US
   dollars, power in GW, rates per year, dates and durations in months since t = 0, unless a
   comment says otherwise. Every member is one key of the table in edge/schema.c, where its
   unit, range and meaning stand; but the laws of uncertain keys, which model/uncertain.h draws
   from. */
#ifndef TENOR_MODEL_DECK_H
#define TENOR_MODEL_DECK_H

#include <stdint.h>

#include "base/limits.h"
#include "math/law.h"

enum regime { REGIME_BOOM, REGIME_PLATEAU, REGIME_WINTER };
enum factor { FACTOR_REVENUE, FACTOR_GROWTH, FACTOR_TRAINING, FACTOR_PRICE, FACTOR_BASE };
enum build_mode { BUILD_FULFIL, BUILD_WAIT };
enum allocation { ALLOCATION_PRIORITY, ALLOCATION_PRO_RATA };

struct yearly { /* a list with one entry a contract year (a model year for other_spend) */
  int64_t n;
  double at[MAX_YEARS];
};

struct time_keys {
  int64_t year, month, day; /* calendar date of t = 0 */
  int64_t horizon;          /* [month] 1..360 */
};

enum sampling_method { SAMPLING_PHILOX, SAMPLING_SOBOL };

struct sampling_keys {
  int64_t paths;
  uint64_t seed;
  int64_t method;     /* enum sampling_method */
  int64_t replicates; /* of Sobol points */
};

struct regime_keys {
  double transition_rate[N_REGIMES][N_REGIMES]; /* [1/year] rows add to 0 */
  int64_t initial_regime;                       /* enum regime */
};

struct generation {
  char name[MAX_NAME];
  double start;            /* [month] */
  double planned_capacity; /* [GW] */
  double ramp_midpoint;    /* [month] */
  double ramp_slope;       /* [1/month] */
  double slip_median;      /* [month] */
  double slip_sigma;
  double chip_power; /* [kW] */
  double performance;
  double chip_cost; /* [billion USD/GW] */
  int64_t own, milestone;
};

struct fleet {
  double initial_capacity, initial_performance, initial_cost;
  int64_t initial_own;
  double initial_retirement_start, initial_retirement_spread; /* [month] */
  int64_t service_life;                                       /* [month] */
  double offer_life;                                          /* [month] */
  double slip_multiplier, slip_correlation, yield_sigma;
  double disruption_rate;     /* [1/year] */
  double disruption_duration; /* [year] */
  double disruption_speed;
  double backfill_rate; /* [GW/year] */
  double backfill_performance, backfill_cost;
};

struct site {
  char name[MAX_NAME]; /* optional */
  double capacity;     /* [GW] */
  int64_t energised;   /* [month] planned */
  double delay_median; /* [month] */
  double delay_sigma, cancel_probability;
  int64_t committed;
};

struct power {
  double delay_multiplier, cancel_multiplier, delay_correlation;
  double ramp;        /* [month] */
  double shell_cost;  /* [billion USD/GW] */
  int64_t shell_lead; /* [month] */
  double shell_life;  /* [month] */
  double cancel_cost_fraction;
};

struct build {
  int64_t mode; /* enum build_mode */
  double demand_margin;
  int64_t order_lead;  /* [month] */
  double capacity_cap; /* [GW] */
};

struct market {
  double initial_price, reversion_rate, price_level[N_REGIMES], price_volatility, spot_fraction;
};

struct base_business {
  double initial_revenue, initial_growth, growth_reversion, growth_level[N_REGIMES],
      growth_volatility;
  double revenue_volatility, cannibalisation, base_margin, initial_obligations;
  double book_to_bill[N_REGIMES], obligated_fraction;
};

struct correlation {
  double factors[N_FACTORS][N_FACTORS], between_customers;
};

struct demand {
  double training_growth[N_REGIMES], efficiency_growth, efficiency_pass_through;
  double fade_floor, fade_time, training_volatility,
      inference_elasticity; /* fade_time [year] */
};

struct funding {
  double raise_probability[N_REGIMES],
      raise_multiple[N_REGIMES];      /* [1/month], [year of revenue] */
  double raise_trigger, raise_target; /* [month] */
  double overhead_share, budget_revenue_share, budget_cash_rate, cash_ceiling;
};

struct credit {
  double hazard[N_REGIMES], hazard_growth_slope, hazard_growth_limit, hazard_runway_slope;
  double runway_reference, runway_limit; /* [month] */
  double hazard_cash_out, recovery_mean, recovery_sd, recovery_winter_factor;
  double receivable_months, recovery_lag; /* [month] */
};

struct relet {
  double lag, time_constant; /* [month] */
  double absorption[N_REGIMES], discount;
};

struct provider {
  double operating_cost, idle_cost_fraction, risk_free_rate, discount_rate;
  int64_t terminal_value, allocation; /* 0/1, enum allocation */
  int64_t payback_cutoff;             /* [month] */
  double equity_price_to_sales[N_REGIMES], equity_discount_rate;
};

struct tranche {
  double amount, spend_threshold; /* [billion USD] */
  double capacity_threshold;      /* [GW] */
  double stake;
};

struct customer {
  char name[MAX_NAME];
  int64_t start, term; /* [month] */
  double commitment;
  struct yearly annual_minimum, guaranteed_capacity,
      other_spend; /* [bn USD/year], [GW], [bn USD/year] */
  double capacity_limit, contract_price, price_indexation, price_reset_limit,
      price_floor_fraction;
  double carry_forward;
  int64_t makeup_years;
  double relief_fraction, credit_fraction;
  double extension_rate[N_REGIMES], extension_size, extension_trigger; /* trigger [year] */
  double initial_revenue, initial_growth, growth_reversion, growth_level[N_REGIMES];
  double revenue_volatility, growth_volatility, revenue_ceiling, growth_from_investment;
  double training_demand, inference_demand, initial_share, target_share;
  double share_recovery_rate, share_loss_rate, growth_starvation;
  double distribution_share, take_rate, distribution_growth;
  double initial_cash, prior_investment, prior_stake;
  double renegotiation_rate[N_REGIMES], renegotiation_cut, renegotiation_trigger;
  int64_t n_tranches;
  struct tranche tranches[MAX_TRANCHES];
};

struct past_quarter {       /* what a chart draws before the fan; the model does not read it */
  int64_t year, month, day; /* its last day */
  double aws_revenue, aws_obligations; /* [billion USD] 0 where it is not known */
};

struct uncertain { /* a key with a law; its value in the deck is the one without uncertainty */
  char name[MAX_KEY];        /* the key in full: market.price_level.winter */
  char unit[MAX_UNIT];       /* of the law; empty for a pure number */
  int64_t offset, n, stride; /* of what it sets: first [byte], doubles, step [byte] */
  int64_t scale;             /* the law is that of a factor on the deck's own values */
  struct law law;
};

struct deck {
  char name[MAX_NAME];
  struct time_keys time;
  struct sampling_keys sampling;
  struct regime_keys regime;
  int64_t n_generations, n_sites, n_customers, n_history;
  struct generation generations[MAX_GENERATIONS];
  struct fleet fleet;
  struct site sites[MAX_SITES];
  struct power power;
  struct build build;
  struct market market;
  struct base_business base_business;
  struct correlation correlation;
  struct demand demand;
  struct funding funding;
  struct credit credit;
  struct relet relet;
  struct provider provider;
  struct customer customers[MAX_CUSTOMERS];
  struct past_quarter history[MAX_HISTORY];
  int64_t n_uncertain;
  struct uncertain uncertain[MAX_UNCERTAIN];
  /* lower triangular L, L L' the correlation of the normals behind the uncertain keys */
  double uncertain_weights[MAX_UNCERTAIN][MAX_UNCERTAIN];
};

/* Number of quarters of the deck's horizon; the last one may hold one or two months. */
static inline int64_t deck_quarters(const struct deck *deck) {
  return (deck->time.horizon + 2) / 3;
}

/* Contract years of the longest contract. */
static inline int64_t deck_contract_years(const struct deck *deck) {
  int64_t years = 0;
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    const int64_t mine = (deck->customers[c].term + 11) / 12;
    years = mine > years ? mine : years;
  }
  return years;
}

#endif
