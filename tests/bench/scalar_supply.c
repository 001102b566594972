/* Chips, sites and power of one path (MODEL.md, 5 and 7.2). */
#include "scalar_path.h"

/* F_i: the logistic curve of deliveries. */
static double delivered_part(const struct generation *keys,
                             const struct generation_constants *k, double age) {
  if (age <= 0) {
    return 0;
  }
  const double raw = 1 / (1 + exp(-keys->ramp_slope * (age - keys->ramp_midpoint)));
  return (raw - k->at_zero) / (1 - k->at_zero);
}

static void start_generations(struct path_state *p, const struct deck *deck,
                              const struct constants *k, struct generator *g) {
  const struct fleet *fleet = &deck->fleet;
  const double common = normal(g);
  for (int64_t i = 0; i < deck->n_generations; ++i) {
    const struct generation *keys = &deck->generations[i];
    struct generation_state *s = &p->generations[i];
    const double z = k->slips_common * common + k->slips_own * normal(g);
    const double slip = fleet->slip_multiplier * keys->slip_median * exp(keys->slip_sigma * z);
    const double v = fleet->yield_sigma;
    s->age = -keys->start - slip;
    s->volume = keys->planned_capacity * exp(v * normal(g) - v * v / 2);
    s->delivered[0] = s->volume * delivered_part(keys, &k->generations[i], s->age);
  }
}

static void start_sites(struct path_state *p, const struct deck *deck,
                        const struct constants *k, struct generator *g) {
  const struct power *power = &deck->power;
  const double common = normal(g);
  for (int64_t j = 0; j < deck->n_sites; ++j) {
    const struct site *keys = &deck->sites[j];
    struct site_state *s = &p->sites[j];
    s->begin = k->sites[j].gated ? FAR_AWAY : k->sites[j].planned_start;
    s->delay = 0;
    if (keys->delay_median > 0) {
      const double z = k->delays_common * common + k->delays_own * normal(g);
      s->delay = power->delay_multiplier * keys->delay_median * exp(keys->delay_sigma * z);
    }
    s->kept = uniform(g) >= power->cancel_multiplier * keys->cancel_probability;
  }
}

void supply_start(struct path_state *p, const struct deck *deck, const struct constants *k,
                  struct generator *g) {
  start_generations(p, deck, k, g);
  start_sites(p, deck, k, g);
  p->backfill[0] = 0;
  p->capacity = p->live_demand = deck->fleet.initial_capacity;
}

static void step_disruption(struct path_state *p, const struct constants *k, double u) {
  p->disrupted = p->disrupted ? u >= k->disruption_ends : u < k->disruption_starts;
}

static void set_target(struct path_state *p, const struct deck *deck, const struct constants *k,
                       int64_t m) {
  double promised = 0;
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    promised += p->customers[c].alive ? k->customers[c].months[m].promised_ahead : 0;
  }
  const double seen = deck->build.demand_margin * (p->live_demand + p->relet_demand);
  p->target = least(deck->build.capacity_cap, most(seen, promised));
}

/* What is delivered up to date n, less what has retired by then. */
static double in_service(const double *delivered, int64_t n, int64_t retired) {
  return delivered[n] - (retired >= 0 ? delivered[retired] : 0);
}

/* Takes the part of the offer that the target needs. Returns A_0 and all chips of the roadmap
   in service [GW]. */
static double take_chips(struct path_state *p, const struct deck *deck,
                         const struct constants *k, int64_t m) {
  const int64_t retired = m + 1 - deck->fleet.service_life;
  const double months = p->disrupted ? deck->fleet.disruption_speed : 1;
  double left = k->initial_fleet[m + 1] + in_service(p->backfill, m, retired), offered = 0;
  for (int64_t i = 0; i < deck->n_generations; ++i) {
    struct generation_state *s = &p->generations[i];
    s->age += months;
    s->left = in_service(s->delivered, m, retired);
    left += s->left;
    s->available = 0;
    if (s->age > 0 && s->age <= deck->fleet.offer_life) {
      const double reached =
          s->volume * delivered_part(&deck->generations[i], &k->generations[i], s->age);
      s->available =
          max0(least(reached - s->delivered[m], s->volume * k->generations[i].steepest));
      offered += s->available;
    }
  }
  const double part = deck->build.mode == BUILD_FULFIL
                          ? clip01(max0(p->target - left) / most(offered, TINY))
                          : 1;
  double chips = k->initial_fleet[m + 1];
  for (int64_t i = 0; i < deck->n_generations; ++i) {
    struct generation_state *s = &p->generations[i];
    s->taken = s->available * part;
    s->serving = s->left + s->taken;
    s->delivered[m + 1] = s->delivered[m] + s->taken;
    chips += s->serving;
  }
  return chips;
}

static void build_sites(struct path_state *p, const struct deck *deck,
                        const struct constants *k, int64_t m) {
  const struct power *power = &deck->power;
  const double month = (double)m, lead = (double)power->shell_lead;
  double started = 0;
  p->power = p->shells = 0;
  for (int64_t j = 0; j < deck->n_sites; ++j) {
    struct site_state *s = &p->sites[j];
    const double size = deck->sites[j].capacity;
    if (month >= k->sites[j].planned_start && s->begin == FAR_AWAY &&
        p->target > started + TINY) {
      s->begin = month;
    }
    if (s->begin > month) {
      continue;
    }
    const bool building = month < s->begin + lead;
    started += s->kept || building ? size : 0;
    if (s->kept) {
      p->power += size * clip01((month + 1 - (s->begin + lead + s->delay)) / power->ramp);
    }
    if (building) {
      p->shells += k->sites[j].shell_spending * (s->kept ? 1 : power->cancel_cost_fraction);
    }
  }
}

static double buy_backfill(struct path_state *p, const struct deck *deck, double chips,
                           int64_t m) {
  const double left = in_service(p->backfill, m, m + 1 - deck->fleet.service_life);
  const double room = least(least(p->power, deck->build.capacity_cap), p->live_demand);
  const double bought = clip(room - chips - left, 0, deck->fleet.backfill_rate * STEP);
  p->backfill[m + 1] = p->backfill[m] + bought;
  p->installed = chips + left + bought;
  return bought;
}

/* What the fleet can do and what it cost. Returns the cost of chips in service. */
static double measure_fleet(struct path_state *p, const struct deck *deck,
                            const struct constants *k, int64_t m) {
  const struct fleet *fleet = &deck->fleet;
  const double initial = k->initial_fleet[m + 1];
  const double backfill = in_service(p->backfill, m + 1, m + 1 - fleet->service_life);
  double work = fleet->initial_performance * initial + fleet->backfill_performance * backfill;
  double cost = fleet->initial_cost * initial + fleet->backfill_cost * backfill;
  double own = (double)fleet->initial_own * initial, marked = 0, chips = 0;
  for (int64_t i = 0; i < deck->n_generations; ++i) {
    const struct generation *keys = &deck->generations[i];
    const double serving = p->generations[i].serving;
    work += keys->performance * serving;
    cost += keys->chip_cost * serving;
    own += (double)keys->own * serving;
    chips += (double)keys->own / keys->chip_power * serving;
    marked += (double)keys->milestone * serving;
  }
  p->capacity = least(least(p->installed, p->power), deck->build.capacity_cap);
  p->performance = p->installed > TINY ? work / p->installed : fleet->initial_performance;
  p->own_chips = own;
  p->chips = chips;
  p->milestone = least(marked, max0(p->power - initial));
  return cost;
}

/* Deliveries of the month r before last, which leave service now. */
static double retiring(const double *delivered, int64_t r) {
  return r < 0 ? 0 : (r == 0 ? delivered[0] : delivered[r] - delivered[r - 1]);
}

static void spend_capital(struct path_state *p, const struct deck *deck,
                          const struct constants *k, double bought, double in_service_cost,
                          int64_t m) {
  const struct fleet *fleet = &deck->fleet;
  const int64_t r = m + 1 - fleet->service_life;
  double chips = fleet->backfill_cost * bought, added = bought;
  double gone = k->initial_fleet[m] - k->initial_fleet[m + 1] + retiring(p->backfill, r);
  for (int64_t i = 0; i < deck->n_generations; ++i) {
    const struct generation_state *s = &p->generations[i];
    chips += deck->generations[i].chip_cost * s->taken;
    added += s->taken;
    gone += retiring(s->delivered, r);
  }
  p->capex = chips + p->shells;
  p->depreciation = in_service_cost / (double)fleet->service_life +
                    deck->power.shell_cost * p->power / deck->power.shell_life;
  p->replacement = added > TINY ? chips * least(1, gone / added) : 0;
  p->book_value += k->book_value[m + 1] * chips;
  p->capex_sum += p->capex;
  p->backfill_cost_sum += fleet->backfill_cost * bought;
}

void supply_step(struct path_state *p, const struct deck *deck, const struct constants *k,
                 struct generator *g, int64_t m) {
  step_disruption(p, k, uniform(g));
  set_target(p, deck, k, m);
  const double chips = take_chips(p, deck, k, m);
  build_sites(p, deck, k, m);
  const double bought = buy_backfill(p, deck, chips, m);
  const double cost = measure_fleet(p, deck, k, m);
  spend_capital(p, deck, k, bought, cost, m);
}

double supply_value(const struct path_state *p, const struct deck *deck) {
  const double horizon = (double)deck->time.horizon, lead = (double)deck->power.shell_lead;
  double value = p->book_value;
  for (int64_t j = 0; j < deck->n_sites; ++j) {
    const struct site_state *s = &p->sites[j];
    if (s->kept && s->begin < FAR_AWAY) {
      const double done = s->begin + lead;
      value += deck->power.shell_cost * deck->sites[j].capacity *
               clip01((least(horizon, done) - max0(s->begin)) / lead) *
               clip01(1 - (horizon - done) / deck->power.shell_life);
    }
  }
  return value;
}
