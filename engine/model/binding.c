#include "model/blocks.h"

/* 7.5 Which constraint binds. The tolerance matters: backfill often makes installed chips equal
   to power up to rounding. */

static void find_supply_constraint(struct workspace *w, double cap) {
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double power = w->power[i];
    const double low = least(least(power, cap), w->installed[i]) + TINY;
    const double cap_or_chips =
        cap <= low ? (double)CONSTRAINT_CONTRACT_CAP : (double)CONSTRAINT_CHIPS;
    w->supply_constraint[i] = power <= low ? (double)CONSTRAINT_POWER : cap_or_chips;
  }
}

/* Writes the customer's code; takes it over as the system's when it wants more than the ones
   before it. */
static void find_customer_constraint(struct workspace *w, struct customer_lanes *a,
                                     double limit, double largest[LANES], int64_t q) {
  double *code = a->constraint[q], *system = w->constraint[q];
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double demand = a->live_demand[i], afford = a->affordable[i], want = a->wanted[i];
    const double low = least(least(demand, limit), afford) + TINY;
    const double budget_or_demand =
        afford <= low ? (double)CONSTRAINT_BUDGET : (double)CONSTRAINT_DEMAND;
    const double own = limit <= low ? (double)CONSTRAINT_CONTRACT_CAP : budget_or_demand;
    const double found = a->used[i] < want - TINY ? w->supply_constraint[i] : own;
    code[i] = demand > 0 ? found : (double)CONSTRAINT_NONE;
    system[i] = want > largest[i] ? code[i] : system[i];
    largest[i] = most(want, largest[i]);
  }
}

void binding_month(struct workspace *w, const struct deck *deck, int64_t m) {
  const int64_t q = m % MONTHS_IN_QUARTER;
  alignas(64) double largest[LANES];
  lanes_fill(largest, -1);
  find_supply_constraint(w, deck->build.capacity_cap);
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    find_customer_constraint(w, &w->customers[c], deck->customers[c].capacity_limit, largest,
                             q);
  }
  double *system = w->constraint[q];
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    system[i] = w->wanted[i] > w->capacity[i] + TINY ? w->supply_constraint[i] : system[i];
  }
}
