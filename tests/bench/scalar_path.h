/* One path of the model at a time, in plain C: no vectors, no lanes, libm's exp and log. The
   deck and what follows from the deck alone are the engine's (struct deck, struct constants);
   every month, every draw and every metric is worked out here, from MODEL.md. A second program
   to hold the engine's speed against, and its means. */
#ifndef TENOR_BENCH_SCALAR_PATH_H
#define TENOR_BENCH_SCALAR_PATH_H

#include <stdbool.h>

#include "model/constants.h"
#include "model/deck.h"
#include "model/metrics.h"
#include "scalar_random.h"

/* A date that does not come. A number, not infinity, so that -Ofast may be used. */
#define FAR_AWAY 1e30

struct generation_state {
  double age, volume;
  double delivered[MAX_MONTHS + 1]; /* [GW] up to a date */
  double left;                      /* of the deliveries, before this month's */
  double available, taken, serving;
};

struct site_state {
  double begin, delay;
  bool kept;
};

struct customer_state {
  double share, growth, revenue, ln_revenue, ln_training, demand, live_demand;
  double price, reference, budget, affordable, wanted, used;
  double commitment, fulfilled, backlog, deferred, makeup[MAX_VINTAGES], scale;
  double year_paid, year_relief, bank;
  double usage, missing, shortfall, gross, recognised, billed;
  double cash, runway, mix, fifo, invested, stake, distributed, financed_mix, financed_fifo;
  double threshold, hazard_sum, exposure, peak_exposure, ecl, equity_loss, freed;
  double default_month, fulfilled_month, fulfilled_in_full_month;
  double revenue_sum, billed_sum, used_sum, shortfall_sum, relief_sum, credit_sum;
  double beyond, cut, written_off, lapsed, forfeited, bookings;
  int64_t tranches_paid;
  bool alive, serves, renegotiated, extended; /* serves: alive before this month's default */
  enum constraint binding;
  double months_bound[N_CONSTRAINTS]; /* of the quarter */
};

struct quarter_state { /* sums over the months of a quarter */
  double contract_revenue, aws_revenue, capex, relet_revenue, distribution, operating_income;
  double depreciation, used, sold, capacity;
  double months, months_bound[N_CONSTRAINTS];
};

struct path_state {
  int regime;
  bool disrupted;
  double starvation, target;
  struct generation_state generations[MAX_GENERATIONS];
  struct site_state sites[MAX_SITES];
  double backfill[MAX_MONTHS + 1]; /* [GW] bought in up to a date */
  double capacity, installed, power, performance, own_chips, chips, milestone;
  double capex, depreciation, replacement, shells, book_value;
  double live_demand, relet_demand; /* of last month, until they are set anew */
  double ln_price, price, free, used, wanted;
  enum constraint binding;
  double ln_base_revenue, base_growth, obligations, distribution;
  double recognised, billed, default_cash, sold, idle, relet_revenue;
  double capex_sum, backfill_cost_sum, idle_sum, relet_sum, cash_sum, distribution_sum;
  double npv_operating, npv_capex, npv_terminal, investment_pv, distribution_pv;
  double stake_value, prior_stake_value;
  double frozen_sum, cutoff_capacity, payback, payback_net_of_growth, peak_capacity;
  struct quarter_state quarter;
  struct customer_state customers[MAX_CUSTOMERS];
};

/* Follows one path and writes its quarterly, yearly and terminal metrics to row[n_columns]
   (layout_column says where). Monthly metrics are left alone. */
void path_follow(struct path_state *p, const struct deck *deck, const struct constants *k,
                 struct generator *g, const struct layout *layout, double *row);

/* 7.2: regime, chips, sites, power. */
void supply_start(struct path_state *p, const struct deck *deck, const struct constants *k,
                  struct generator *g);
void supply_step(struct path_state *p, const struct deck *deck, const struct constants *k,
                 struct generator *g, int64_t m);
/* What chips and shells are worth at the horizon. */
double supply_value(const struct path_state *p, const struct deck *deck);

/* 7.6 to 7.8 for one customer: contract, financing, credit, amendments. */
void customer_step(struct path_state *p, const struct deck *deck, const struct constants *k,
                   struct generator *g, int64_t c, int64_t m);

/* Section 8. */
void record_step(struct path_state *p, const struct deck *deck, const struct constants *k,
                 int64_t m, const struct layout *layout, double *row);
void record_finish(const struct path_state *p, const struct deck *deck,
                   const struct layout *layout, double *row);

static inline double for_regime(struct by_regime values, int regime) {
  return regime == REGIME_BOOM ? values.boom
                               : (regime == REGIME_PLATEAU ? values.plateau : values.winter);
}

#endif
