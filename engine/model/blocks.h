/* The blocks of a month, with the sections of MODEL.md, in its order; block.c tells the story.
   Each takes the group's workspace and works on all LANES of it. `begin` sets the initial
   values of section 6 from what was drawn once per path; `month` is one month. Contract,
   financing, credit and amendment take one customer c at a time, in deck order. None of them
   fails, allocates or knows what a path number is. */
#ifndef TENOR_MODEL_BLOCKS_H
#define TENOR_MODEL_BLOCKS_H

#include "model/isa.h"
#include "model/sheet.h"
#include "model/workspace.h"

/* 7.1 Regime, and the correlated factors of the month. */
void regime_begin(struct workspace *w, const struct deck *deck);
void regime_month(struct workspace *w, const struct constants *k,
                  const struct month_draws *draws);

/* 7.2 Chips, sites, power, capacity, capital expenditure. The starvation of last month is read
   off capacity and demand before supply_month overwrites the capacity. */
void supply_begin(struct workspace *w, const struct deck *deck, const struct constants *k,
                  const struct path_draws *draws);
void supply_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                  const struct month_draws *draws, int64_t m);
void sites_begin(struct workspace *w, const struct deck *deck, const struct constants *k,
                 const struct path_draws *draws);
/* Fills power and shells from the target. */
void sites_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                 int64_t m);
/* Adds the book value of the shells at the horizon to `value` [$B]. */
void sites_end(const struct workspace *w, const struct deck *deck, double value[LANES]);

/* 7.3 Market price. */
void price_begin(struct workspace *w, const struct constants *k);
void price_month(struct workspace *w, const struct constants *k);

/* 7.4 Customers' revenue, growth, share and demand. */
void demand_begin(struct workspace *w, const struct deck *deck, const struct constants *k);
void demand_starvation(struct workspace *w);
void demand_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                  const struct month_draws *draws, int64_t m);

/* 7.5 Price reset, budget, allocation; then the constraint that binds. */
void allocation_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                      int64_t m);
void binding_month(struct workspace *w, const struct deck *deck, int64_t m);

/* 7.6 The contract. */
void contract_begin(struct workspace *w, const struct deck *deck);
void contract_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                    int64_t c, int64_t m);

/* 7.7 The financing loop. */
void financing_begin(struct workspace *w, const struct deck *deck);
void financing_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                     const struct month_draws *draws, int64_t c, int64_t m);

/* 7.8 Exposure, hazard, default, recovery; then renegotiation and extension. */
void credit_begin(struct workspace *w, const struct deck *deck, const struct path_draws *draws);
void credit_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                  int64_t c, int64_t m);
void amendment_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                     const struct month_draws *draws, int64_t c, int64_t m);
/* Before month m: where customer c may want to renegotiate or extend in it, 1.0; else 0.0. A
   guess on the safe side; it decides how the sampler draws, not what happens. */
void amendment_soon(const struct workspace *w, const struct deck *deck,
                    const struct constants *k, int64_t c, int64_t m,
                    double renegotiation[LANES], double extension[LANES]);

/* 7.9 Re-letting and spot. */
void relet_begin(struct workspace *w, const struct deck *deck);
void relet_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                 int64_t m);

/* 7.10 to 7.12 Base business, provider cash, terminal value. */
void provider_begin(struct workspace *w, const struct deck *deck, const struct constants *k);
/* Sets the month's sums over the customers to 0. */
void provider_open_books(struct workspace *w);
/* Adds customer c's distribution revenue, before this month's default. */
void provider_distribution(struct workspace *w, const struct deck *deck, int64_t c);
void provider_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                    const struct month_draws *draws, int64_t m);
void provider_end(struct workspace *w, const struct deck *deck, const struct constants *k);

/* The rows of the month, and of the quarter and contract years that end with it; those of the
   path as a whole. */
void record_begin(struct workspace *w, const struct deck *deck);
void record_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                  int64_t m, const struct layout *layout, struct sheet *sheet);
void record_end(const struct workspace *w, const struct layout *layout, struct sheet *sheet);

#endif
