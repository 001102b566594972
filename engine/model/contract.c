#include "model/blocks.h"

void contract_begin(struct workspace *w, const struct deck *deck) {
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    struct customer_lanes *a = &w->customers[c];
    const struct customer *customer = &deck->customers[c];
    lanes_fill(a->price, customer->contract_price);
    lanes_fill(a->reference, deck->market.initial_price);
    lanes_fill(a->commitment, customer->commitment);
    lanes_fill(a->backlog, customer->commitment);
    lanes_fill(a->scale, 1);
    lanes_fill(a->fulfilled_month, NEVER);
    lanes_fill(a->fulfilled_in_full_month, NEVER);
    for (int v = 0; v < MAX_VINTAGES; ++v) {
      lanes_fill(a->makeup[v], 0);
    }
    double *const zero[] = {a->fulfilled,  a->year_paid,    a->year_relief,   a->bank,
                            a->deferred,   a->renegotiated, a->extended,      a->revenue_sum,
                            a->billed_sum, a->used_sum,     a->shortfall_sum, a->relief_sum,
                            a->credit_sum, a->beyond,       a->cut,           a->lapsed,
                            a->bookings,   a->drawn,        a->shortfall,     a->breakage};
    for (size_t n = 0; n < sizeof zero / sizeof zero[0]; ++n) {
      lanes_fill(zero[n], 0);
    }
  }
}

/* 7.6 Usage; relief of this year's minimum for promised capacity that was wanted and missing.
 */
static void use_capacity(struct customer_lanes *a, const struct customer *customer,
                         const struct contract_clock *clock) {
  const double guaranteed = clock->guaranteed, relief_fraction = customer->relief_fraction;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double missing = max0(least(guaranteed, a->wanted[i]) - a->used[i]) * a->alive[i];
    const double relief = relief_fraction * missing * a->price[i] * STEP;
    a->missing[i] = missing;
    a->usage[i] = a->used[i] * a->price[i] * STEP;
    a->year_relief[i] += relief;
    a->relief_sum[i] += relief;
    a->used_sum[i] += a->used[i] * STEP;
  }
}

/* DR: what is prepaid and unused, over all vintages. */
static void sum_makeup(struct customer_lanes *a, int64_t n_vintages) {
  lanes_fill(a->deferred, 0);
  for (int64_t v = 0; v < n_vintages; ++v) {
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      a->deferred[i] += a->makeup[v][i];
    }
  }
}

/* 7.6 Usage above the month's share of the minimum is served from make-up rights, the oldest
   first; all of it when the rest of the commitment is already prepaid. */
static void draw_makeup(struct customer_lanes *a, const struct contract_clock *clock,
                        int64_t n_vintages) {
  if (n_vintages == 0) {
    return; /* drawn and deferred stay 0 */
  }
  const double minimum = clock->minimum / clock->length;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double unfunded = max0(a->commitment[i] - a->fulfilled[i] - a->deferred[i]);
    a->over[i] = max0(a->usage[i] - least(minimum * a->scale[i], unfunded));
    a->drawn[i] = 0;
  }
  for (int64_t v = n_vintages - 1; v >= 0; --v) {
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      const double take = least(a->over[i], a->makeup[v][i]);
      a->makeup[v][i] -= take;
      a->over[i] -= take;
      a->drawn[i] += take;
    }
  }
  sum_makeup(a, n_vintages);
}

/* 7.6 What is left to pay, and the service credit, never larger than the bill. */
static void set_net(struct customer_lanes *a, double credit_fraction) {
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double net = a->usage[i] - a->drawn[i];
    const double credit = least(credit_fraction * a->missing[i] * a->price[i] * STEP, net);
    a->net[i] = net;
    a->credit[i] = credit;
    a->credit_sum[i] += credit;
    a->year_paid[i] += net;
  }
}

/* 7.6 The year closes: what was not used up to the minimum is paid, as far as the commitment is
   open; what was paid beyond it is carried forward. */
static void true_up(struct customer_lanes *a, const struct customer *customer,
                    const struct contract_clock *clock) {
  const double minimum = clock->minimum, carry = customer->carry_forward;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double due = max0(minimum * a->scale[i] - a->year_relief[i]);
    const double open = max0(a->commitment[i] - a->fulfilled[i] - a->usage[i] - a->deferred[i]);
    const double have = a->year_paid[i] + a->bank[i];
    const double alive = a->alive[i];
    a->shortfall[i] = alive > 0 ? max0(least(due - have, open)) : 0.0;
    a->bank[i] = alive > 0 ? carry * max0(have - due) : 0.0;
    a->shortfall_sum[i] += a->shortfall[i];
    a->year_paid[i] = 0;
    a->year_relief[i] = 0;
  }
}

/* 7.6 Vintages age by a year; the one that expires, or all at the end, is breakage. */
static void age_makeup(struct customer_lanes *a, int64_t n_vintages, int64_t ends) {
  const double kept = ends ? 0.0 : 1.0;
  alignas(64) double moving[LANES], left[LANES]; /* to the next place; in all places */
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    moving[i] = a->shortfall[i];
    left[i] = 0;
  }
  for (int64_t v = 0; v < n_vintages; ++v) { /* each takes its younger neighbour's place */
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      const double older = a->makeup[v][i];
      left[i] += moving[i];
      a->makeup[v][i] = kept * moving[i];
      moving[i] = older;
    }
  }
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double expired = moving[i] + (1 - kept) * left[i];
    a->breakage[i] = a->alive[i] > 0 ? expired : 0.0;
  }
  sum_makeup(a, n_vintages);
}

/* 7.6 Recognition and billing. */
static void recognise(struct workspace *w, struct customer_lanes *a) {
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double alive = a->alive[i], credit = a->credit[i];
    const double used = a->usage[i] + a->breakage[i];
    const double bill = a->net[i] - credit + a->shortfall[i];
    const double gross = alive > 0 ? used : 0.0;
    const double recognised = alive > 0 ? gross - credit : 0.0;
    const double billed = alive > 0 ? bill : 0.0;
    a->gross[i] = gross;
    a->recognised[i] = recognised;
    a->billed[i] = billed;
    a->fulfilled[i] += gross;
    a->revenue_sum[i] += recognised;
    a->billed_sum[i] += billed;
    w->recognised[i] += recognised;
    w->cash_in[i] += billed;
  }
}

/* 7.6 Backlog, and the month in which the commitment is used up. */
static void roll_backlog(struct customer_lanes *a, int64_t m) {
  const double next = (double)(m + 1);
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double alive = a->alive[i], deferred = a->deferred[i];
    const double open = most(a->commitment[i] - a->fulfilled[i], deferred);
    const double beyond = max0(deferred - (a->backlog[i] - a->gross[i]));
    const double backlog = alive > 0 ? open : 0.0;
    const double first = a->fulfilled_month[i] == NEVER ? alive : 0.0;
    const double done = backlog <= TINY ? first : 0.0;
    const double in_full = a->renegotiated[i] > 0 ? 0.0 : done;
    a->beyond[i] += alive > 0 ? beyond : 0.0;
    a->backlog[i] = backlog;
    a->fulfilled_month[i] = done > 0 ? next : a->fulfilled_month[i];
    a->fulfilled_in_full_month[i] = in_full > 0 ? next : a->fulfilled_in_full_month[i];
  }
}

/* A month before the term or after it: nothing is used or billed. What is open when the term is
   over lapses. */
static void pass_idle_month(struct customer_lanes *a, const struct contract_clock *clock) {
  const double standing = clock->standing ? 1.0 : 0.0, lapses = clock->lapses ? 1.0 : 0.0;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    a->usage[i] = 0;
    a->gross[i] = 0;
    a->recognised[i] = 0;
    a->billed[i] = 0;
    a->lapsed[i] += lapses * a->backlog[i];
    a->backlog[i] =
        standing * (a->alive[i] > 0 ? most(a->commitment[i] - a->fulfilled[i], 0.0) : 0.0);
  }
}

void contract_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                    int64_t c, int64_t m) {
  struct customer_lanes *a = &w->customers[c];
  const struct customer *customer = &deck->customers[c];
  const struct contract_clock *clock = &k->customers[c].months[m];
  if (!clock->active) {
    lanes_fill(a->shortfall, 0);
    pass_idle_month(a, clock);
    return;
  }
  use_capacity(a, customer, clock);
  draw_makeup(a, clock, customer->makeup_years);
  set_net(a, customer->credit_fraction);
  if (clock->closes) {
    true_up(a, customer, clock);
    age_makeup(a, customer->makeup_years, clock->ends);
  } else {
    lanes_fill(a->shortfall, 0);
    lanes_fill(a->breakage, 0);
  }
  recognise(w, a);
  roll_backlog(a, m);
}
