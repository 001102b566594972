/* The state of one group of LANES paths, and the figures of its present month: a struct of
   arrays, one double a lane. Symbols in brackets are those of MODEL.md. Invariant: lanes never
   meet; what a lane holds depends on its own draws only, whatever its neighbours do. Flags of a
   lane are 0.0 or 1.0; members that are no arrays are facts of the whole group that only save
   work. */
#ifndef TENOR_MODEL_WORKSPACE_H
#define TENOR_MODEL_WORKSPACE_H

#include <stdalign.h>
#include <stddef.h>

#include "model/constants.h"
#include "model/laps.h"
#include "model/sheet.h"
#include "random/draws.h"
#include "random/quasi.h"

enum { MONTHS_IN_QUARTER = 3 };

/* One generation of accelerators. */
struct generation_lanes {
  alignas(64) double age_at_zero[LANES]; /* [month] on the delivery curve, at clock 0 */
  double tail[LANES];                    /* exp(-k (age - mid)) once age > 0 */
  double volume[LANES];                  /* [GW] V */
  double delivered[LANES];               /* [GW] d(n) */
  double available[LANES];               /* [GW] av, on offer this month */
  int64_t all_begun;                     /* on every lane age > 0 */
  int64_t on_offer;                      /* some lane may have it on offer this month */
  int64_t is_over;                       /* no lane ever will again */
};

/* One site. */
struct site_lanes {
  alignas(64) double start[LANES]; /* [month] b */
  double
      ready_lag[LANES]; /* [month] from start of construction to energisation, delay included */
  double kept[LANES];   /* k */
  double last_start;    /* [month] of a lane so far */
  double first_ready;   /* [month] no lane is energised before */
  int64_t begun, all_begun; /* some lane has, all lanes have begun */
  int64_t settled;          /* of every lane it is known for good what it gives */
};

/* One customer: state, then the figures of the month. */
struct customer_lanes {
  /* demand */
  alignas(64) double share[LANES], growth[LANES]; /* W, g */
  double ln_revenue[LANES], revenue[LANES];       /* ln R, R [$B/year] */
  double ln_training[LANES];                      /* l */
  /* contract */
  double price[LANES], reference[LANES];      /* p, ref [$B/GW-year] */
  double commitment[LANES], fulfilled[LANES]; /* C, G [$B] */
  double year_paid[LANES], year_relief[LANES], bank[LANES];
  double makeup[MAX_VINTAGES][LANES];     /* mk, vintage 0 the youngest */
  double scale[LANES];                    /* on the minimum */
  double backlog[LANES], deferred[LANES]; /* bl, DR [$B] */
  double renegotiated[LANES], extended[LANES];
  double fulfilled_month[LANES], fulfilled_in_full_month[LANES];
  /* money of the customer */
  double cash[LANES], runway[LANES];
  double tranches_paid[LANES], stake[LANES], invested[LANES];
  double mix[LANES], fifo[LANES];
  /* credit */
  double alive[LANES], hazard_sum[LANES], threshold[LANES]; /* alive, Lam, theta */
  double recovery_draw[LANES], default_month[LANES];
  double freed[LANES], unlet[LANES]; /* relK; part of it not yet let again */
  /* cumulative, $B unless noted */
  double revenue_sum[LANES], billed_sum[LANES], used_sum[LANES]; /* used: GW-years */
  double shortfall_sum[LANES], relief_sum[LANES], credit_sum[LANES];
  double financed_mix[LANES], financed_fifo[LANES], distributed[LANES];
  double ecl[LANES], peak_exposure[LANES], equity_loss[LANES];
  double beyond[LANES], cut[LANES], written_off[LANES], lapsed[LANES], forfeited[LANES],
      bookings[LANES];
  /* the month */
  double demand[LANES], live_demand[LANES];          /* D, D* [GW] */
  double budget[LANES], affordable[LANES];           /* bud [$B/year], bud/p [GW] */
  double wanted[LANES], used[LANES];                 /* want, U [GW] */
  double missing[LANES], usage[LANES], drawn[LANES]; /* miss [GW]; the rest $B */
  double over[LANES], credit[LANES], net[LANES];
  double shortfall[LANES], breakage[LANES]; /* sf, brk; zero unless the year closes */
  double gross[LANES], recognised[LANES], billed[LANES];   /* gr, rec, bill */
  double investment[LANES], burn[LANES];                   /* nt, burn */
  double elsewhere[LANES], raised[LANES], paid_out[LANES]; /* oth, raised, ex */
  double exposure[LANES];                                  /* E */
  double fails[LANES];                                     /* defaults this month */
  double constraint[MONTHS_IN_QUARTER][LANES]; /* codes of the quarter's months, -1: no month */
  int64_t any_default;                         /* some lane has defaulted */
  int64_t fewest_tranches;                     /* paid, or out of reach, on every lane */
};

/* Sums over the months of a quarter. */
struct quarter_flows {
  double contract_revenue[LANES], aws_revenue[LANES], capex[LANES], relet_revenue[LANES],
      distribution[LANES], operating_income[LANES], depreciation[LANES];
  double used[LANES], sold[LANES], capacity[LANES]; /* [GW x months] */
};

/* Sums over the customers, made at the end of a quarter. */
struct customer_totals {
  double backlog[LANES], current_rpo[LANES], deferred[LANES], exposure[LANES];
  double duration[LANES]; /* [year] */
  double revenue[LANES], shortfall[LANES], relief[LANES], billed[LANES], bookings[LANES],
      used[LANES], financed_fifo[LANES], financed_mix[LANES];
  double lost[LANES]; /* backlog that will never be revenue */
};

struct workspace {
  struct laps *laps;                    /* NULL: nobody asks how long it takes */
  alignas(64) double regime[LANES];     /* s */
  double factors[N_FACTORS][LANES];     /* z, correlated */
  double ln_price[LANES], price[LANES]; /* P [$B/GW-year] */

  /* supply */
  double disrupted[LANES];
  double clock[LANES], clock_before[LANES]; /* [month] of the roadmap, now and a month ago */
  double target[LANES];                     /* [GW] */
  double part[LANES];                       /* of what is on offer that is taken */
  double offer[N_FLEET_SUMS][LANES];        /* the sums over what is on offer */
  double delivered[N_FLEET_SUMS][LANES];    /* the sums over all delivered so far */
  double nothing[N_FLEET_SUMS][LANES]; /* zeros: what has retired before anything retires */
  double history[MAX_MONTHS + 1][N_FLEET_SUMS][LANES]; /* delivered[] at date n, where needed */
  double started_capacity[LANES];                      /* S */
  double settled_capacity[LANES];                      /* of the first n_settled sites */
  double shells[LANES];                                /* [$B] of the month */
  double power[LANES], installed[LANES], capacity[LANES];       /* K [GW] */
  double performance[LANES];                                    /* q */
  double own_chips[LANES], chips[LANES], milestone[LANES];      /* [GW], [million], [GW] */
  double capex[LANES], depreciation[LANES], replacement[LANES]; /* [$B] of the month */
  double book_value[LANES]; /* [$B] of chips bought so far, at the horizon */
  double capex_sum[LANES], backfill_cost_sum[LANES];

  /* all customers, this month */
  double starvation[LANES];                       /* f */
  double live_demand[LANES];                      /* sum D* [GW] */
  double wanted[LANES], used[LANES], free[LANES]; /* [GW] */
  double constraint[MONTHS_IN_QUARTER][LANES];    /* codes of the system */
  double supply_constraint[LANES];
  double recognised[LANES], cash_in[LANES], distribution[LANES]; /* [$B] */

  /* re-letting, base business, provider */
  double relet_demand[LANES], sold[LANES], idle[LANES]; /* X1, sold, free - sold [GW] */
  double relet_revenue[LANES];
  double ln_base_revenue[LANES], base_growth[LANES], obligations[LANES]; /* ln B, gB, O */
  double npv[LANES], npv_operating[LANES], npv_capex[LANES], npv_terminal[LANES];
  double npv_with_equity[LANES];
  double operating[LANES]; /* [$B] cash of the month before capital expenditure */
  double cash_sum[LANES], frozen_sum[LANES], cutoff_capacity[LANES]; /* cum, frozen, Kc */
  double payback[LANES], payback_net_of_growth[LANES];
  double investment_pv[LANES], stake_value[LANES], prior_stake_value[LANES];
  double distribution_sum[LANES], distribution_pv[LANES], idle_sum[LANES], relet_sum[LANES];

  double peak_capacity[LANES]; /* [GW] the largest at a quarter's end */
  double month;                /* m */
  double months_recorded;      /* of the quarter */
  int64_t n_settled;           /* sites; stands here, so that no row is out of line */
  alignas(64) struct quarter_flows quarter;
  struct customer_totals total;
  struct generation_lanes generations[MAX_GENERATIONS];
  struct site_lanes sites[MAX_SITES];
  struct customer_lanes customers[MAX_CUSTOMERS];
  double contract_years[N_CONTRACT_YEAR_METRICS][MAX_CONTRACT_YEARS][LANES]; /* of the sheet */
  struct path_draws path_draws; /* of draw_begin() and draw_month() */
  struct month_draws month_draws;
  struct quasi quasi; /* what they prepare on Sobol points */
  struct soon soon;
};

/* A row of the same number on every lane. */
static inline void lanes_fill(double row[LANES], double value) {
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    row[i] = value;
  }
}

static inline void lanes_copy(double row[restrict LANES], const double from[restrict LANES]) {
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    row[i] = from[i];
  }
}

#endif
