#include "model/blocks.h"

void financing_begin(struct workspace *w, const struct deck *deck) {
  lanes_fill(w->investment_pv, 0);
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    struct customer_lanes *a = &w->customers[c];
    lanes_fill(a->cash, deck->customers[c].initial_cash);
    lanes_fill(a->runway, deck->credit.runway_limit);
    double *const zero[] = {a->tranches_paid, a->stake,         a->invested,   a->mix, a->fifo,
                            a->financed_mix,  a->financed_fifo, a->distributed};
    for (size_t n = 0; n < sizeof zero / sizeof zero[0]; ++n) {
      lanes_fill(zero[n], 0);
    }
    a->fewest_tranches = 0;
  }
}

/* 7.7 Pays tranche number i on the lanes whose turn it is and that have reached its thresholds.
 */
static void pay_tranche(struct workspace *w, struct customer_lanes *a,
                        const struct tranche *tranche, int64_t i_tranche) {
  const double number = (double)i_tranche, amount = tranche->amount, stake = tranche->stake;
  const double spend = tranche->spend_threshold - TINY;
  const double capacity = tranche->capacity_threshold - TINY;
  const double winter =
      i_tranche == 0 ? N_REGIMES : REGIME_WINTER; /* the first is paid always */
  double n_open = 0;                              /* living lanes that may still be paid it */
#pragma omp simd reduction(+ : n_open)
  for (int i = 0; i < LANES; ++i) {
    const double alive = a->alive[i], paid = a->tranches_paid[i];
    const double turn = ((paid == number) & (w->regime[i] < winter) &
                         (a->billed_sum[i] >= spend) & (w->capacity[i] >= capacity))
                            ? alive
                            : 0.0;
    a->investment[i] += turn * amount;
    a->stake[i] += turn * stake;
    a->tranches_paid[i] = paid + turn;
    n_open += paid + turn <= number ? alive : 0.0;
  }
  if (n_open == 0 && a->fewest_tranches == i_tranche) {
    a->fewest_tranches = i_tranche + 1;
  }
}

static void pay_tranches(struct workspace *w, struct customer_lanes *a,
                         const struct customer *customer, double discount) {
  lanes_fill(a->investment, 0);
  for (int64_t n = a->fewest_tranches; n < customer->n_tranches; ++n) {
    pay_tranche(w, a, &customer->tranches[n], n);
  }
  const double speed_up = customer->growth_from_investment;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double paid = a->investment[i];
    a->invested[i] += paid;
    a->growth[i] += speed_up * paid / most(a->revenue[i], TINY);
    w->investment_pv[i] -= paid * discount;
  }
}

/* 7.7 The month's income and spending, and how much of the bill is paid with the
   provider's own money: in proportion to the cash pool, and first in first out. */
static void settle_bill(struct workspace *w, struct customer_lanes *a, double other_spend,
                        double overhead_share) {
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double share = a->share[i], revenue = a->revenue[i], bill = a->billed[i];
    const double paid_in = a->investment[i], cash = a->cash[i];
    const double elsewhere = (1 - share) / share;
    const double other =
        most(least(elsewhere * a->demand[i] * w->price[i], elsewhere * a->budget[i]),
             other_spend) *
        STEP;
    const double overhead = overhead_share * revenue * STEP;
    const double flow = revenue * (1 - overhead_share) * STEP - bill - other;
    const double pool = max0(cash) + paid_in + revenue * STEP;
    const double fraction = clip01((a->mix[i] + paid_in) / most(pool, TINY));
    a->financed_mix[i] += fraction * bill;
    a->mix[i] = max0(a->mix[i] + paid_in - fraction * (bill + other + overhead));
    const double unspent = a->fifo[i] + paid_in;
    const double spent = least(unspent, bill);
    a->fifo[i] = unspent - spent;
    a->financed_fifo[i] += spent;
    a->burn[i] = max0(-flow);
    a->elsewhere[i] = other;
    a->cash[i] = cash + (paid_in + flow);
  }
}

/* 7.7 A raise when cash is short; cash above the ceiling leaves and takes its part of the
   provider's money along; the runway that remains. */
static void balance_cash(struct workspace *w, struct customer_lanes *a,
                         const struct funding *funding, double runway_limit,
                         const double u[LANES]) {
  const double trigger = funding->raise_trigger, goal = funding->raise_target;
  const double ceiling = funding->cash_ceiling;
  const struct by_regime multiple = by_regime(funding->raise_multiple);
  const struct by_regime chance = by_regime(funding->raise_probability);
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double revenue = a->revenue[i], burn = a->burn[i], s = w->regime[i];
    const double before = a->cash[i], alive = a->alive[i];
    const double size = least(max0(goal * burn - before), in_regime(s, multiple) * revenue);
    /* Negative cash is short of cash too: trigger and burn are not negative. */
    const double short_of_cash = before < trigger * burn ? alive : 0.0;
    const double raised = u[i] < in_regime(s, chance) ? short_of_cash * size : 0.0;
    const double cash = before + raised;
    const double excess = max0(cash - ceiling * revenue);
    const double left = cash - excess;
    a->mix[i] *= 1 - excess / most(cash, TINY);
    a->raised[i] = raised;
    a->paid_out[i] = excess;
    a->distributed[i] += excess * alive;
    a->cash[i] = left;
    a->runway[i] = burn > TINY ? max0(left) / most(burn, TINY) : runway_limit;
  }
}

void financing_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                     const struct month_draws *draws, int64_t c, int64_t m) {
  struct customer_lanes *a = &w->customers[c];
  const struct customer *customer = &deck->customers[c];
  const struct contract_clock *clock = &k->customers[c].months[m];
  if (clock->active && customer->n_tranches > 0) {
    pay_tranches(w, a, customer, k->discount[m]);
  } else {
    lanes_fill(a->investment, 0);
  }
  settle_bill(w, a, clock->other_spend, deck->funding.overhead_share);
  balance_cash(w, a, &deck->funding, deck->credit.runway_limit, draws->raise[c]);
}
