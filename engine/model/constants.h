/* Everything that follows from the deck alone, worked out once per deck: chances per month,
   decays, discount factors, the calendar of every contract, expected re-letting. One flat
   struct without pointers. Invariant: equal decks give equal constants, bit for bit, on every
   machine. Symbols are those of MODEL.md. */
#ifndef TENOR_MODEL_CONSTANTS_H
#define TENOR_MODEL_CONSTANTS_H

#include "model/deck.h"
#include "model/lanes.h"
#include "random/draws.h"

enum { MAX_MONTHS_LEFT = MAX_START + 12 * MAX_YEARS }; /* of the longest contract, at t = 0 */

/* What is summed over the fleet; retirement needs the sums only. */
enum fleet_sum {
  FLEET_CAPACITY,    /* [GW] */
  FLEET_OWN,         /* [GW] own chips */
  FLEET_MILESTONE,   /* [GW] generations of the milestone */
  FLEET_PERFORMANCE, /* [GW x performance] */
  FLEET_CHIPS,       /* [million] own chips */
  FLEET_COST,        /* [billion USD] */
  FLEET_BACKFILL,    /* [GW] bought in, not part of the sums above */
  N_FLEET_SUMS
};

struct generation_constants {
  double at_zero;              /* L0, the logistic curve at age 0 */
  double scale;                /* 1 / (1 - L0) */
  double steepest;             /* [1/month] largest monthly part of the volume on offer */
  double fade, fade_disrupted; /* exp(-k a) for the clock speeds a of a month */
  double weight[N_FLEET_SUMS]; /* of one GW in each sum; 0 for the backfill */
  int64_t steep;               /* exp(k mid) may overflow: see supply.c */
};

struct site_constants {
  double planned_start;  /* [month] plan_j */
  int64_t gated;         /* starts on demand */
  double shell_spending; /* [billion USD/month] while the shell is built and the site is kept */
};

/* One customer's contract in one month: where the clock stands and what the lists say. */
struct contract_clock {
  int64_t active, standing;             /* k in the term; k before the end of the term */
  int64_t closes, ends, resets, lapses; /* contract year closes, contract ends, ... */
  int64_t year;                         /* y */
  int64_t months_left;                  /* h, at the end of the month */
  double length;                        /* [month] of the contract year */
  double minimum;                       /* [billion USD] annual minimum of this contract year */
  double guaranteed;                    /* [GW] guaranteed capacity */
  double promised_ahead;                /* [GW] guaranteed capacity, order_lead months ahead */
  double near;                          /* [billion USD] minimum of the next 12 months */
  double duration;                      /* [year] of the schedule of minima still ahead */
  double other_spend;                   /* [billion USD/year] */
};

struct customer_constants {
  double ln_initial_revenue;
  struct by_regime renegotiation, extension; /* chance per month */
  struct contract_clock months[MAX_MONTHS];
};

struct constants {
  struct draw_laws laws;

  /* chances of a month: next regime is boom; next regime is boom or plateau */
  struct by_regime boom_next, no_winter_next;
  double disruption_starts, disruption_ends;

  /* weights of common and own normals */
  double cholesky[N_FACTORS][N_FACTORS];
  double customers_common, customers_own, slips_common, slips_own, delays_common, delays_own;

  double initial_fleet[MAX_MONTHS + 1]; /* [GW] left at date n */
  double book_value[MAX_MONTHS + 1]; /* part of the cost of a chip of date n at the horizon */
  struct generation_constants generations[MAX_GENERATIONS];
  struct site_constants sites[MAX_SITES];

  /* ln P <- price_memory ln P + price_pull[s] + price_spread z */
  double price_memory, price_spread;
  struct by_regime price_pull;
  double ln_initial_price, ln_initial_base_revenue;

  double fade[MAX_MONTHS];      /* of training growth */
  double discount[MAX_MONTHS];  /* to the middle of the month, at the discount rate */
  double risk_free[MAX_MONTHS]; /* to the end of the month, at the risk-free rate */
  double recovery_discount;     /* over the recovery lag */
  double terminal_discount, equity_discount; /* over the horizon */
  double recovery_a, recovery_b;             /* of the beta law of recovery rates */
  double unlet_decay, unlet_first_decay; /* factor of defaulted capacity not yet let again in a
                                            month, and in the part of one after the lag */

  /* expected over the next h months: absorption; ln P = memory ln P now + level */
  struct by_regime expected_absorption[MAX_MONTHS_LEFT + 1];
  double expected_memory[MAX_MONTHS_LEFT + 1];
  struct by_regime expected_level[MAX_MONTHS_LEFT + 1];

  struct customer_constants customers[MAX_CUSTOMERS];
};

/* Fills *constants (zeroed first) from a deck that was checked when it was read. Cannot fail.
   Not collective. */
void constants_make(struct constants *constants, const struct deck *deck);

#endif
