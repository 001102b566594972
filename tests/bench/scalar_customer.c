/* Contract, financing, credit and amendments of one customer of one path (MODEL.md, 7.6 to
   7.8). */
#include "math/beta.h"
#include "scalar_path.h"

/* ---- contract */

static double sum_makeup(const struct customer_state *a, int64_t n_vintages) {
  double sum = 0;
  for (int64_t v = 0; v < n_vintages; ++v) {
    sum += a->makeup[v];
  }
  return sum;
}

/* Serves usage above the month's part of the minimum from make-up rights. Returns what they
   served. */
static double draw_makeup(struct customer_state *a, const struct customer *keys,
                          const struct contract_clock *clock) {
  const double unfunded = max0(a->commitment - a->fulfilled - a->deferred);
  double over = max0(a->usage - least(clock->minimum * a->scale / clock->length, unfunded));
  double drawn = 0;
  for (int64_t v = keys->makeup_years - 1; v >= 0; --v) {
    const double x = least(over, a->makeup[v]);
    a->makeup[v] -= x;
    over -= x;
    drawn += x;
  }
  a->deferred = sum_makeup(a, keys->makeup_years);
  return drawn;
}

/* The year closes: take-or-pay payment, and the vintages age. Returns what expires. */
static double true_up(struct customer_state *a, const struct customer *keys,
                      const struct contract_clock *clock) {
  const double due = max0(clock->minimum * a->scale - a->year_relief);
  const double have = a->year_paid + a->bank;
  const double open = max0(a->commitment - a->fulfilled - a->usage - a->deferred);
  a->shortfall = a->serves ? max0(least(due - have, open)) : 0;
  a->bank = a->serves ? keys->carry_forward * max0(have - due) : 0;
  a->year_paid = a->year_relief = 0;
  double expired = a->shortfall;
  for (int64_t v = 0; v < keys->makeup_years; ++v) {
    const double older = a->makeup[v];
    a->makeup[v] = expired;
    expired = older;
  }
  if (clock->ends) {
    expired += sum_makeup(a, keys->makeup_years);
    for (int v = 0; v < MAX_VINTAGES; ++v) {
      a->makeup[v] = 0;
    }
  }
  return expired;
}

static void roll_backlog(struct customer_state *a, const struct contract_clock *clock,
                         int64_t m) {
  if (clock->lapses) {
    a->lapsed += a->backlog;
  }
  if (!a->alive || !clock->standing) {
    a->backlog = 0;
  } else {
    a->beyond += max0(a->deferred - (a->backlog - a->gross));
    a->backlog = most(a->commitment - a->fulfilled, a->deferred);
  }
  if (a->serves && a->backlog <= TINY && a->fulfilled_month == FAR_AWAY) {
    a->fulfilled_month = (double)(m + 1);
    a->fulfilled_in_full_month = a->renegotiated ? FAR_AWAY : (double)(m + 1);
  }
}

static void step_contract(struct customer_state *a, const struct customer *keys,
                          const struct contract_clock *clock, int64_t m) {
  a->usage = a->shortfall = a->gross = a->recognised = a->billed = 0;
  if (a->serves) {
    a->usage = a->used * a->price * STEP;
    a->missing = max0(least(clock->guaranteed, a->wanted) - a->used);
    const double relief = keys->relief_fraction * a->missing * a->price * STEP;
    const double net = a->usage - draw_makeup(a, keys, clock);
    const double credit = least(keys->credit_fraction * a->missing * a->price * STEP, net);
    a->year_relief += relief;
    a->relief_sum += relief;
    a->year_paid += net;
    const double expired = clock->closes ? true_up(a, keys, clock) : 0;
    a->deferred = sum_makeup(a, keys->makeup_years);
    a->gross = a->usage + expired;
    a->recognised = a->gross - credit;
    a->billed = net - credit + a->shortfall;
    a->fulfilled += a->gross;
    a->credit_sum += credit;
    a->billed_sum += a->billed;
    a->revenue_sum += a->recognised;
    a->used_sum += a->used * STEP;
    a->shortfall_sum += a->shortfall;
  }
  roll_backlog(a, clock, m);
}

/* ---- financing */

/* Returns what the provider pays in this month. */
static double pay_tranches(struct path_state *p, struct customer_state *a,
                           const struct customer *keys) {
  double paid = 0;
  for (int64_t i = a->tranches_paid; a->serves && i < keys->n_tranches; ++i) {
    const struct tranche *tranche = &keys->tranches[i];
    if (a->billed_sum < tranche->spend_threshold - TINY ||
        p->capacity < tranche->capacity_threshold - TINY ||
        (p->regime == REGIME_WINTER && i > 0)) {
      break;
    }
    a->tranches_paid += 1;
    a->stake += tranche->stake;
    paid += tranche->amount;
  }
  return paid;
}

/* A raise if cash is short; what exceeds the ceiling is paid out. */
static void balance_cash(struct path_state *p, struct customer_state *a,
                         const struct funding *funding, double burn, struct generator *g) {
  if (a->alive && (a->cash < funding->raise_trigger * burn || a->cash < 0) &&
      uniform(g) < funding->raise_probability[p->regime]) {
    a->cash += least(max0(funding->raise_target * burn - a->cash),
                     funding->raise_multiple[p->regime] * a->revenue);
  }
  const double excess = a->cash - funding->cash_ceiling * a->revenue;
  if (excess > 0) {
    a->mix *= 1 - excess / most(a->cash, TINY);
    a->cash -= excess;
    a->distributed += a->alive ? excess : 0;
  }
}

static void step_financing(struct path_state *p, struct customer_state *a,
                           const struct deck *deck, const struct customer *keys,
                           double other_spend, double discount, struct generator *g) {
  const double paid = pay_tranches(p, a, keys);
  a->invested += paid;
  a->growth += keys->growth_from_investment * paid / most(a->revenue, TINY);
  p->investment_pv -= paid * discount;
  const double ratio = (1 - a->share) / a->share;
  const double other =
      most(least(ratio * a->demand * p->price, ratio * a->budget), other_spend) * STEP;
  const double income = a->revenue * STEP, overhead = deck->funding.overhead_share * income;
  const double flow = income - overhead - a->billed - other, burn = max0(-flow);
  const double phi = clip01((a->mix + paid) / most(max0(a->cash) + paid + income, TINY));
  a->financed_mix += phi * a->billed;
  a->mix = max0(a->mix + paid - phi * (a->billed + other + overhead));
  const double spent = least(a->fifo + paid, a->billed);
  a->financed_fifo += spent;
  a->fifo += paid - spent;
  a->cash += paid + flow;
  balance_cash(p, a, &deck->funding, burn, g);
  a->runway = burn > TINY ? max0(a->cash) / burn : deck->credit.runway_limit;
}

/* ---- credit */

static void fail(struct path_state *p, struct customer_state *a, const struct deck *deck,
                 const struct customer *keys, const struct constants *k, double receivable,
                 int64_t m, struct generator *g) {
  const double rate = beta_inverse(k->recovery_a, k->recovery_b, uniform(g)) *
                      (p->regime == REGIME_WINTER ? deck->credit.recovery_winter_factor : 1);
  a->default_month = (double)(m + 1);
  a->ecl += (1 - rate) * a->exposure * k->risk_free[m];
  a->equity_loss += keys->prior_investment + a->invested;
  p->default_cash += rate * a->exposure * k->recovery_discount - receivable;
  a->freed = a->used;
  a->written_off += a->backlog;
  a->forfeited += a->deferred;
  a->backlog = a->deferred = 0;
  for (int v = 0; v < MAX_VINTAGES; ++v) {
    a->makeup[v] = 0;
  }
  a->alive = false;
}

static double hazard(const struct path_state *p, const struct customer_state *a,
                     const struct credit *credit, const struct customer *keys) {
  const double slow =
      credit->hazard_growth_slope * (keys->growth_level[REGIME_BOOM] - a->growth);
  const double limit = credit->hazard_growth_limit;
  const double strain =
      1 + credit->hazard_runway_slope * (1 - clip01(a->runway / credit->runway_reference));
  return credit->hazard[p->regime] * exp(clip(slow, -limit, limit)) * strain +
         (a->cash < 0 ? credit->hazard_cash_out : 0);
}

static void step_credit(struct path_state *p, struct customer_state *a, const struct deck *deck,
                        const struct customer *keys, const struct constants *k,
                        const struct contract_clock *clock, int64_t m, struct generator *g) {
  a->exposure = 0;
  if (!a->alive) {
    return;
  }
  const int64_t h = clock->months_left;
  const double price =
      exp(k->expected_memory[h] * p->ln_price + for_regime(k->expected_level[h], p->regime));
  const double keep = clip01(for_regime(k->expected_absorption[h], p->regime) *
                             (1 - deck->relet.discount) * price / a->price);
  const double receivable =
      deck->credit.receivable_months * (a->billed - a->shortfall) + a->shortfall;
  a->exposure = receivable + (a->backlog - a->deferred) * (1 - keep);
  a->peak_exposure = most(a->peak_exposure, a->exposure);
  a->hazard_sum += hazard(p, a, &deck->credit, keys) * STEP;
  if (a->hazard_sum >= a->threshold) {
    fail(p, a, deck, keys, k, receivable, m, g);
  }
}

/* ---- amendments */

static void step_amendments(struct path_state *p, struct customer_state *a,
                            const struct customer *keys, const struct customer_constants *k,
                            const struct contract_clock *clock, struct generator *g) {
  if (!a->alive || !clock->active) {
    return;
  }
  if (!a->renegotiated && a->backlog - a->deferred > TINY &&
      12 * a->usage < clock->minimum * a->scale / keys->renegotiation_trigger &&
      uniform(g) < for_regime(k->renegotiation, p->regime)) {
    const double cut = keys->renegotiation_cut * (a->backlog - a->deferred);
    a->commitment -= cut;
    a->backlog -= cut;
    a->cut += cut;
    a->scale *= 1 - keys->renegotiation_cut;
    a->renegotiated = true;
  }
  if (!a->extended && a->backlog - a->deferred > TINY &&
      a->backlog < keys->extension_trigger * 12 * a->usage &&
      uniform(g) < for_regime(k->extension, p->regime)) {
    const double more = keys->extension_size * keys->commitment;
    a->commitment += more;
    a->backlog += more;
    a->bookings += more;
    a->extended = true;
  }
}

void customer_step(struct path_state *p, const struct deck *deck, const struct constants *k,
                   struct generator *g, int64_t c, int64_t m) {
  struct customer_state *a = &p->customers[c];
  const struct customer *keys = &deck->customers[c];
  const struct contract_clock *clock = &k->customers[c].months[m];
  step_contract(a, keys, clock, m);
  step_financing(p, a, deck, keys, clock->other_spend, k->discount[m], g);
  step_credit(p, a, deck, keys, k, clock, m, g);
  step_amendments(p, a, keys, &k->customers[c], clock, g);
}
