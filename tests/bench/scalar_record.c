/* The metrics of one path (MODEL.md, 8). */
#include "scalar_path.h"

struct sums { /* over the customers */
  double backlog, deferred, exposure, revenue, shortfall, relief, billed, bookings, used;
  double financed_fifo, financed_mix, current_rpo, duration, lost;
};

static void put(double *row, const struct layout *layout, enum metric_id metric, int64_t item,
                int64_t date, double value) {
  row[layout_column(layout, metric, item, date)] = value;
}

static struct sums sum_customers(const struct path_state *p, const struct deck *deck,
                                 const struct constants *k, int64_t m) {
  struct sums s = {0};
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    const struct customer_state *a = &p->customers[c];
    const struct contract_clock *clock = &k->customers[c].months[m];
    s.backlog += a->backlog;
    s.deferred += a->deferred;
    s.exposure += a->exposure;
    s.revenue += a->revenue_sum;
    s.shortfall += a->shortfall_sum;
    s.relief += a->relief_sum;
    s.billed += a->billed_sum;
    s.bookings += a->bookings;
    s.used += a->used_sum;
    s.financed_fifo += a->financed_fifo;
    s.financed_mix += a->financed_mix;
    if (clock->standing) {
      s.current_rpo += least(a->backlog, most(clock->near * a->scale, 12 * a->usage));
    }
    s.duration += a->backlog * clock->duration;
  }
  s.duration /= most(s.backlog, TINY);
  return s;
}

static void record_contract(const struct sums *s, const struct layout *l, int64_t q,
                            double *row) {
  put(row, l, METRIC_backlog, 0, q, s->backlog);
  put(row, l, METRIC_current_rpo, 0, q, s->current_rpo);
  put(row, l, METRIC_deferred_revenue, 0, q, s->deferred);
  put(row, l, METRIC_duration, 0, q, s->duration);
  put(row, l, METRIC_exposure, 0, q, s->exposure);
  put(row, l, METRIC_contract_revenue_cum, 0, q, s->revenue);
  put(row, l, METRIC_shortfall_cum, 0, q, s->shortfall);
  put(row, l, METRIC_relief_cum, 0, q, s->relief);
  put(row, l, METRIC_billed_cum, 0, q, s->billed);
  put(row, l, METRIC_bookings_cum, 0, q, s->bookings);
  put(row, l, METRIC_used_cum, 0, q, s->used);
  put(row, l, METRIC_financed_fifo_cum, 0, q, s->financed_fifo);
  put(row, l, METRIC_financed_mix_cum, 0, q, s->financed_mix);
  put(row, l, METRIC_circularity_fifo, 0, q, s->financed_fifo / most(s->billed, TINY));
  put(row, l, METRIC_circularity_mixing, 0, q, s->financed_mix / most(s->billed, TINY));
}

static void record_provider(const struct path_state *p, const struct sums *s,
                            const struct layout *l, int64_t q, double *row) {
  const struct quarter_state *sum = &p->quarter;
  const double whole = most(sum->capacity, TINY);
  put(row, l, METRIC_contract_revenue, 0, q, sum->contract_revenue);
  put(row, l, METRIC_aws_revenue, 0, q, sum->aws_revenue);
  put(row, l, METRIC_capex, 0, q, sum->capex);
  put(row, l, METRIC_relet_revenue, 0, q, sum->relet_revenue);
  put(row, l, METRIC_distribution_revenue, 0, q, sum->distribution);
  put(row, l, METRIC_operating_income, 0, q, sum->operating_income);
  put(row, l, METRIC_depreciation, 0, q, sum->depreciation);
  put(row, l, METRIC_utilisation, 0, q, (sum->used + sum->sold) / whole);
  put(row, l, METRIC_customer_utilisation, 0, q, sum->used / whole);
  put(row, l, METRIC_aws_obligations, 0, q, p->obligations + s->backlog);
  put(row, l, METRIC_capex_cum, 0, q, p->capex_sum);
  put(row, l, METRIC_backfill_cost_cum, 0, q, p->backfill_cost_sum);
  put(row, l, METRIC_market_price, 0, q, p->price);
}

static void record_fleet(const struct path_state *p, const struct layout *l, int64_t q,
                         double *row) {
  put(row, l, METRIC_capacity, 0, q, p->capacity);
  put(row, l, METRIC_installed, 0, q, p->installed);
  put(row, l, METRIC_power, 0, q, p->power);
  put(row, l, METRIC_demand, 0, q, p->live_demand);
  put(row, l, METRIC_idle_capacity, 0, q, p->idle);
  put(row, l, METRIC_own_chip_share, 0, q, p->own_chips / most(p->installed, TINY));
  put(row, l, METRIC_own_chip_capacity, 0, q, p->own_chips);
  put(row, l, METRIC_chips_in_service, 0, q, p->chips);
  put(row, l, METRIC_milestone_capacity, 0, q, p->milestone);
  put(row, l, METRIC_milestone_reached, 0, q, p->milestone >= 1 - 1e-6 ? 1 : 0);
  put(row, l, METRIC_five_gw_reached, 0, q, p->peak_capacity >= 5 - 1e-6 ? 1 : 0);
}

static void record_shares(const struct path_state *p, const struct deck *deck,
                          const struct layout *l, int64_t q, double *row) {
  const double months = p->quarter.months;
  for (int s = 0; s < N_REGIMES; ++s) {
    put(row, l, METRIC_regime_share, s, q, p->regime == s ? 1 : 0);
  }
  for (int i = 0; i < N_CONSTRAINTS; ++i) {
    put(row, l, METRIC_binding_share, i, q, p->quarter.months_bound[i] / months);
  }
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    for (int i = 0; i < N_CONSTRAINTS; ++i) {
      put(row, l, METRIC_customer_binding_share, c * N_CONSTRAINTS + i, q,
          p->customers[c].months_bound[i] / months);
    }
  }
}

static void record_customers(const struct path_state *p, const struct deck *deck,
                             const struct layout *l, int64_t q, double *row) {
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    const struct customer_state *a = &p->customers[c];
    put(row, l, METRIC_alive, c, q, a->alive ? 1 : 0);
    put(row, l, METRIC_customer_revenue, c, q, a->revenue);
    put(row, l, METRIC_customer_cash, c, q, a->cash);
    put(row, l, METRIC_customer_backlog, c, q, a->backlog);
    put(row, l, METRIC_customer_exposure, c, q, a->exposure);
  }
}

static void empty_quarter(struct path_state *p, const struct deck *deck) {
  p->quarter = (struct quarter_state){0};
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    for (int i = 0; i < N_CONSTRAINTS; ++i) {
      p->customers[c].months_bound[i] = 0;
    }
  }
}

static void add_month(struct path_state *p, const struct deck *deck) {
  struct quarter_state *sum = &p->quarter;
  sum->months += 1;
  sum->contract_revenue += p->recognised;
  sum->capex += p->capex;
  sum->relet_revenue += p->relet_revenue;
  sum->distribution += p->distribution;
  sum->depreciation += p->depreciation;
  sum->used += p->used;
  sum->sold += p->sold;
  sum->capacity += p->capacity;
  sum->months_bound[p->binding] += 1;
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    p->customers[c].months_bound[p->customers[c].binding] += 1;
  }
}

void record_step(struct path_state *p, const struct deck *deck, const struct constants *k,
                 int64_t m, const struct layout *layout, double *row) {
  const int64_t q = m / 3;
  add_month(p, deck);
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    const struct contract_clock *clock = &k->customers[c].months[m];
    if (clock->closes) {
      put(row, layout, METRIC_floor_binds, c, clock->year,
          p->customers[c].shortfall > TINY ? 1 : 0);
    }
  }
  if (m % 3 != 2 && m != deck->time.horizon - 1) {
    return;
  }
  const struct sums sums = sum_customers(p, deck, k, m);
  p->peak_capacity = most(p->peak_capacity, p->capacity);
  record_contract(&sums, layout, q, row);
  record_provider(p, &sums, layout, q, row);
  record_fleet(p, layout, q, row);
  record_shares(p, deck, layout, q, row);
  record_customers(p, deck, layout, q, row);
  empty_quarter(p, deck);
}

/* ---- per path */

static void record_customer_totals(const struct customer_state *a, int64_t c,
                                   const struct layout *l, double *row) {
  put(row, l, METRIC_defaulted, c, 0, a->alive ? 0 : 1);
  put(row, l, METRIC_default_month, c, 0, a->default_month);
  put(row, l, METRIC_fulfilled_month, c, 0, a->fulfilled_month);
  put(row, l, METRIC_fulfilled_in_full_month, c, 0, a->fulfilled_in_full_month);
  put(row, l, METRIC_revenue_total, c, 0, a->revenue_sum);
  put(row, l, METRIC_billed_total, c, 0, a->billed_sum);
  put(row, l, METRIC_used_total, c, 0, a->used_sum);
  put(row, l, METRIC_shortfall_total, c, 0, a->shortfall_sum);
  put(row, l, METRIC_relief_total, c, 0, a->relief_sum);
  put(row, l, METRIC_credit_total, c, 0, a->credit_sum);
  put(row, l, METRIC_ecl, c, 0, a->ecl);
  put(row, l, METRIC_peak_exposure, c, 0, a->peak_exposure);
  put(row, l, METRIC_equity_loss, c, 0, a->equity_loss);
  put(row, l, METRIC_invested, c, 0, a->invested);
  put(row, l, METRIC_stake, c, 0, a->stake);
  put(row, l, METRIC_distributed, c, 0, a->distributed);
  put(row, l, METRIC_financed_fifo, c, 0, a->financed_fifo);
  put(row, l, METRIC_financed_mix, c, 0, a->financed_mix);
  put(row, l, METRIC_renegotiated, c, 0, a->renegotiated ? 1 : 0);
  put(row, l, METRIC_extended, c, 0, a->extended ? 1 : 0);
  put(row, l, METRIC_recognised_gross, c, 0, a->fulfilled);
  put(row, l, METRIC_commitment_final, c, 0, a->commitment);
  put(row, l, METRIC_beyond, c, 0, a->beyond);
  put(row, l, METRIC_cut, c, 0, a->cut);
  put(row, l, METRIC_written_off, c, 0, a->written_off);
  put(row, l, METRIC_lapsed, c, 0, a->lapsed);
  put(row, l, METRIC_forfeited, c, 0, a->forfeited);
  put(row, l, METRIC_bookings, c, 0, a->bookings);
  put(row, l, METRIC_final_backlog, c, 0, a->backlog);
  put(row, l, METRIC_final_deferred, c, 0, a->deferred);
}

static double lost_backlog(const struct path_state *p, const struct deck *deck) {
  double lost = 0;
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    const struct customer_state *a = &p->customers[c];
    const struct customer *keys = &deck->customers[c];
    lost += a->written_off + a->cut + a->lapsed;
    lost += keys->start + keys->term <= deck->time.horizon ? a->backlog : 0;
  }
  return lost;
}

void record_finish(const struct path_state *p, const struct deck *deck, const struct layout *l,
                   double *row) {
  const double npv = p->npv_operating - p->npv_capex + p->npv_terminal;
  put(row, l, METRIC_npv, 0, 0, npv);
  put(row, l, METRIC_npv_operating, 0, 0, p->npv_operating);
  put(row, l, METRIC_npv_capex, 0, 0, p->npv_capex);
  put(row, l, METRIC_npv_terminal, 0, 0, p->npv_terminal);
  put(row, l, METRIC_npv_with_equity, 0, 0, npv + p->investment_pv + p->stake_value);
  put(row, l, METRIC_investment_pv, 0, 0, p->investment_pv);
  put(row, l, METRIC_stake_value, 0, 0, p->stake_value);
  put(row, l, METRIC_prior_stake_value, 0, 0, p->prior_stake_value);
  put(row, l, METRIC_distribution_pv, 0, 0, p->distribution_pv);
  put(row, l, METRIC_distribution_total, 0, 0, p->distribution_sum);
  put(row, l, METRIC_payback, 0, 0, p->payback);
  put(row, l, METRIC_payback_net_of_growth, 0, 0, p->payback_net_of_growth);
  put(row, l, METRIC_cash_total, 0, 0, p->cash_sum);
  put(row, l, METRIC_capex_total, 0, 0, p->capex_sum);
  put(row, l, METRIC_idle_total, 0, 0, p->idle_sum);
  put(row, l, METRIC_lost_backlog, 0, 0, lost_backlog(p, deck));
  put(row, l, METRIC_relet_total, 0, 0, p->relet_sum);
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    record_customer_totals(&p->customers[c], c, l, row);
  }
}
