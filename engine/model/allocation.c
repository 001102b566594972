#include "model/blocks.h"

/* 7.5 The anniversary: the price follows the market in part, between floor and limit; the
   reference price always. */
static void reset_price(struct customer_lanes *a, const struct customer *customer,
                        const double market[LANES]) {
  const double floor_price = customer->price_floor_fraction * customer->contract_price;
  const double indexation = customer->price_indexation, limit = customer->price_reset_limit;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double move = least(market[i] / a->reference[i], limit) - 1;
    const double price = most(floor_price, a->price[i] * (1 + indexation * move));
    a->price[i] = a->alive[i] > 0 ? price : a->price[i];
    a->reference[i] = market[i];
  }
}

/* 7.5 What the customer wants, within its contract and its means. */
static void set_wanted(struct workspace *w, struct customer_lanes *a,
                       const struct customer *customer, const struct funding *funding) {
  const double of_revenue = funding->budget_revenue_share, of_cash = funding->budget_cash_rate;
  const double limit = customer->capacity_limit;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    a->budget[i] = a->share[i] * (of_revenue * a->revenue[i] + of_cash * max0(a->cash[i]));
    a->affordable[i] = a->budget[i] / a->price[i];
    a->wanted[i] = least(least(a->live_demand[i], limit), a->affordable[i]);
    w->wanted[i] += a->wanted[i];
  }
}

/* 7.5 In deck order, each takes what the ones before it left; `free` is what is left. */
static void allocate_by_priority(struct workspace *w, struct customer_lanes *a) {
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    a->used[i] = least(w->free[i], a->wanted[i]);
    w->free[i] -= a->used[i];
    w->used[i] += a->used[i];
  }
}

/* 7.5 All get the same part of what they want. */
static void allocate_pro_rata(struct workspace *w, struct customer_lanes *a) {
  const double nobody = 1e-12;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    a->used[i] = a->wanted[i] * least(1.0, w->capacity[i] / most(w->wanted[i], nobody));
    w->used[i] += a->used[i];
  }
}

static void allocate(struct workspace *w, const struct deck *deck) {
  const int64_t priority = deck->provider.allocation == ALLOCATION_PRIORITY;
  lanes_fill(w->used, 0);
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    w->free[i] = w->capacity[i];
  }
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    if (priority) {
      allocate_by_priority(w, &w->customers[c]);
    } else {
      allocate_pro_rata(w, &w->customers[c]);
    }
  }
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    w->free[i] = max0(w->capacity[i] - w->used[i]);
  }
}

void allocation_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                      int64_t m) {
  lanes_fill(w->wanted, 0);
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    struct customer_lanes *a = &w->customers[c];
    if (k->customers[c].months[m].resets) {
      reset_price(a, &deck->customers[c], w->price);
    }
    set_wanted(w, a, &deck->customers[c], &deck->funding);
  }
  allocate(w, deck);
}
