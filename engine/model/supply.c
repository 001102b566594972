#include "math/lane.h"
#include "model/blocks.h"

/* ---- path constants and initial values */

static void begin_generation(struct generation_lanes *lanes, const struct generation *g,
                             const struct generation_constants *constants,
                             const struct constants *k, const struct fleet *fleet,
                             const double common[LANES], const double own[LANES],
                             const double yield[LANES]) {
  const double with_common = k->slips_common, with_own = k->slips_own;
  const double median = fleet->slip_multiplier * g->slip_median, sigma = g->slip_sigma;
  const double spread = fleet->yield_sigma, drift = fleet->yield_sigma * fleet->yield_sigma / 2;
  const double planned = g->planned_capacity, start = g->start;
  const double slope = g->ramp_slope, midpoint = g->ramp_midpoint;
  const double at_zero = constants->at_zero, scale = constants->scale;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double slip =
        median * lane_exp(sigma * (with_common * common[i] + with_own * own[i]));
    const double age = 0.0 - start - slip; /* on a clock that shows 0 */
    const double tail = lane_exp(-slope * (max0(age) - midpoint));
    const double done = age > 0 ? (1 / (1 + tail) - at_zero) * scale : 0.0;
    const double volume = planned * lane_exp(spread * yield[i] - drift);
    lanes->age_at_zero[i] = age;
    lanes->tail[i] = tail;
    lanes->volume[i] = volume;
    lanes->delivered[i] = volume * done;
  }
}

/* Adds `weight` times a row to each sum over the fleet. */
static void add_to_sums(double sums[N_FLEET_SUMS][LANES], const double weights[N_FLEET_SUMS],
                        const double row[LANES]) {
  for (int f = 0; f < FLEET_BACKFILL; ++f) {
    const double weight = weights[f];
    if (weight == 0) {
      continue;
    }
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      sums[f][i] += weight * row[i];
    }
  }
}

/* Keeps the sums of date n if they retire within the horizon. */
static void keep_history(struct workspace *w, const struct deck *deck, int64_t n) {
  if (n + deck->fleet.service_life > deck->time.horizon) {
    return;
  }
  for (int f = 0; f < N_FLEET_SUMS; ++f) {
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      w->history[n][f][i] = w->delivered[f][i];
    }
  }
}

void supply_begin(struct workspace *w, const struct deck *deck, const struct constants *k,
                  const struct path_draws *draws) {
  for (int f = 0; f < N_FLEET_SUMS; ++f) {
    lanes_fill(w->delivered[f], 0);
  }
  for (int64_t g = 0; g < deck->n_generations; ++g) {
    begin_generation(&w->generations[g], &deck->generations[g], &k->generations[g], k,
                     &deck->fleet, draws->slip[0], draws->slip[1 + g], draws->yield[g]);
    w->generations[g].all_begun = w->generations[g].on_offer = w->generations[g].is_over = 0;
    add_to_sums(w->delivered, k->generations[g].weight, w->generations[g].delivered);
  }
  keep_history(w, deck, 0);
  sites_begin(w, deck, k, draws);
  lanes_fill(w->disrupted, 0);
  lanes_fill(w->clock, 0);
  lanes_fill(w->capacity, deck->fleet.initial_capacity);
  lanes_fill(w->live_demand, deck->fleet.initial_capacity);
  lanes_fill(w->relet_demand, 0);
  lanes_fill(w->book_value, 0);
  lanes_fill(w->capex_sum, 0);
  lanes_fill(w->backfill_cost_sum, 0);
}

/* ---- disruption, build target */

static void step_disruption(struct workspace *w, const struct constants *k,
                            const double u[LANES]) {
  const double starts = k->disruption_starts, ends = k->disruption_ends;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double stays = u[i] >= ends ? 1.0 : 0.0, begins = u[i] < starts ? 1.0 : 0.0;
    w->disrupted[i] = w->disrupted[i] > 0 ? stays : begins;
  }
}

/* What is sold or promised decides what is built: demand seen last month plus a margin, at
   least what the contracts promise `order_lead` months ahead. */
static void set_target(struct workspace *w, const struct deck *deck, const struct constants *k,
                       int64_t m) {
  const double margin = deck->build.demand_margin, cap = deck->build.capacity_cap;
  lanes_fill(w->target, 0);
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    const double promised = k->customers[c].months[m].promised_ahead;
    const double *alive = w->customers[c].alive;
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      w->target[i] += promised * alive[i];
    }
  }
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double seen = margin * (w->live_demand[i] + w->relet_demand[i]);
    w->target[i] = least(cap, most(seen, w->target[i]));
  }
}

/* ---- chips */

/* The roadmap clock, which disruption slows. */
static void advance_clock(struct workspace *w, const struct fleet *fleet) {
  const double slow = fleet->disruption_speed;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    w->clock_before[i] = w->clock[i];
    w->clock[i] += w->disrupted[i] > 0 ? slow : 1.0;
  }
}

/* A generation that begins on some lanes. The logistic curve is kept as its tail
   exp(-k (age - mid)), which a month multiplies by a constant; it is worked out afresh, for the
   month before, when the generation begins. */
static void begin_on_lanes(struct generation_lanes *lanes, const struct generation *g,
                           const struct generation_constants *constants,
                           const struct workspace *w) {
  alignas(64) double begins[LANES];
  double n_begin = 0, n_begun = 0;
#pragma omp simd reduction(+ : n_begin, n_begun)
  for (int i = 0; i < LANES; ++i) {
    const double before = lanes->age_at_zero[i] + w->clock_before[i];
    const double begun = lanes->age_at_zero[i] + w->clock[i] > 0 ? 1.0 : 0.0;
    begins[i] = before <= 0 ? begun : 0.0;
    n_begin += begins[i];
    n_begun += begun;
  }
  lanes->all_begun = n_begun == LANES;
  if (n_begin > 0 || constants->steep) {
    const double slope = g->ramp_slope, midpoint = g->ramp_midpoint;
    const double steep = constants->steep ? 1.0 : 0.0;
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      const double before = lanes->age_at_zero[i] + w->clock_before[i];
      const double tail = lane_exp(-slope * (before - midpoint));
      lanes->tail[i] = begins[i] + steep > 0 ? tail : lanes->tail[i];
    }
  }
}

/* av: what the curve has reached less what was taken, at most the steepest month of the curve,
   until the offer ends. */
static void offer_generation(struct generation_lanes *lanes,
                             const struct generation_constants *constants,
                             const struct fleet *fleet, const struct workspace *w) {
  const double at_zero = constants->at_zero, scale = constants->scale;
  const double steepest = constants->steepest, offer_life = fleet->offer_life;
  const double fade = constants->fade, fade_slow = constants->fade_disrupted;
  double n_over = 0;
#pragma omp simd reduction(+ : n_over)
  for (int i = 0; i < LANES; ++i) {
    const double age = lanes->age_at_zero[i] + w->clock[i], volume = lanes->volume[i];
    const double tail = lanes->tail[i] * (w->disrupted[i] > 0 ? fade_slow : fade);
    const double done = (1 / (1 + tail) - at_zero) * scale;
    const double reach = volume * (age > 0 ? done : 0.0);
    const double offer = max0(least(reach - lanes->delivered[i], volume * steepest));
    const double over = age > offer_life ? 1.0 : 0.0;
    lanes->available[i] = age > offer_life ? 0.0 : offer;
    lanes->tail[i] = tail;
    n_over += over;
  }
  lanes->is_over = n_over == LANES;
}

static void offer_chips(struct workspace *w, const struct deck *deck, const struct constants *k,
                        int64_t m) {
  advance_clock(w, &deck->fleet);
  for (int f = 0; f < FLEET_BACKFILL; ++f) {
    lanes_fill(w->offer[f], 0);
  }
  for (int64_t g = 0; g < deck->n_generations; ++g) {
    struct generation_lanes *lanes = &w->generations[g];
    /* Never before its planned start: a slip is never negative. */
    lanes->on_offer = !lanes->is_over && (double)(m + 1) > deck->generations[g].start;
    if (lanes->on_offer) {
      if (!lanes->all_begun || k->generations[g].steep) {
        begin_on_lanes(lanes, &deck->generations[g], &k->generations[g], w);
      }
      offer_generation(lanes, &k->generations[g], &deck->fleet, w);
      add_to_sums(w->offer, k->generations[g].weight, lanes->available);
    }
  }
}

/* Takes the part of the offer that the target needs, after retirement. */
static void take_chips(struct workspace *w, const struct deck *deck, double initial_left,
                       const double retired[N_FLEET_SUMS][LANES]) {
  if (deck->build.mode == BUILD_FULFIL) {
    const double *all = w->delivered[FLEET_CAPACITY], *backfill = w->delivered[FLEET_BACKFILL];
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      const double left = initial_left + (all[i] - retired[FLEET_CAPACITY][i]) +
                          (backfill[i] - retired[FLEET_BACKFILL][i]);
      const double need = max0(w->target[i] - left);
      w->part[i] = clip01(need / most(w->offer[FLEET_CAPACITY][i], TINY));
    }
  } else {
    lanes_fill(w->part, 1);
  }
  for (int64_t g = 0; g < deck->n_generations; ++g) {
    struct generation_lanes *lanes = &w->generations[g];
    if (lanes->on_offer) {
#pragma omp simd
      for (int i = 0; i < LANES; ++i) {
        lanes->delivered[i] += lanes->available[i] * w->part[i];
      }
    }
  }
  for (int f = 0; f < FLEET_BACKFILL; ++f) {
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      w->offer[f][i] *= w->part[i]; /* what is taken, from here on */
      w->delivered[f][i] += w->offer[f][i];
    }
  }
}

/* ---- backfill, capacity, performance, capital expenditure */

/* Buys other accelerators for live customers, as far as power and capacity cap allow. Returns
   nothing; w->offer[FLEET_BACKFILL] is what is bought. */
static void buy_backfill(struct workspace *w, const struct deck *deck, double initial_left,
                         const double retired[N_FLEET_SUMS][LANES]) {
  const double cap = deck->build.capacity_cap, most_a_month = deck->fleet.backfill_rate * STEP;
  const double *all = w->delivered[FLEET_CAPACITY];
  double *backfill = w->delivered[FLEET_BACKFILL], *bought = w->offer[FLEET_BACKFILL];
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double new_chips = initial_left + (all[i] - retired[FLEET_CAPACITY][i]);
    const double left = backfill[i] - retired[FLEET_BACKFILL][i];
    const double room = least(least(w->power[i], cap), w->live_demand[i]);
    bought[i] = clip(room - new_chips - left, 0.0, most_a_month);
    backfill[i] += bought[i];
  }
}

static void measure_fleet(struct workspace *w, const struct deck *deck, double initial_left,
                          const double retired[N_FLEET_SUMS][LANES]) {
  const struct fleet *fleet = &deck->fleet;
  const double cap = deck->build.capacity_cap;
  const double initial_performance = fleet->initial_performance;
  const double initial_work = fleet->initial_performance * initial_left;
  const double initial_own = (double)fleet->initial_own * initial_left;
  const double backfill_performance = fleet->backfill_performance;
  const double(*all)[LANES] = (const double(*)[LANES])w->delivered;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double backfill = all[FLEET_BACKFILL][i] - retired[FLEET_BACKFILL][i];
    const double new_chips =
        initial_left + (all[FLEET_CAPACITY][i] - retired[FLEET_CAPACITY][i]);
    const double work = initial_work +
                        (all[FLEET_PERFORMANCE][i] - retired[FLEET_PERFORMANCE][i]) +
                        backfill_performance * backfill;
    const double marked = all[FLEET_MILESTONE][i] - retired[FLEET_MILESTONE][i];
    const double installed = new_chips + backfill;
    w->installed[i] = installed;
    w->capacity[i] = least(least(installed, w->power[i]), cap);
    w->performance[i] = installed > TINY ? work / most(installed, TINY) : initial_performance;
    w->own_chips[i] = initial_own + (all[FLEET_OWN][i] - retired[FLEET_OWN][i]);
    w->chips[i] = all[FLEET_CHIPS][i] - retired[FLEET_CHIPS][i];
    w->milestone[i] = least(marked, max0(w->power[i] - initial_left));
  }
}

/* `gone` is what left service this month: `retired` less what had retired a month ago. */
static void spend_capital(struct workspace *w, const struct deck *deck,
                          const struct constants *k, int64_t m,
                          const double retired[N_FLEET_SUMS][LANES],
                          const double retired_before[N_FLEET_SUMS][LANES]) {
  const double initial_left = k->initial_fleet[m + 1];
  const double initial_gone = k->initial_fleet[m] - initial_left;
  const double initial_cost = deck->fleet.initial_cost * initial_left;
  const double backfill_cost = deck->fleet.backfill_cost;
  const double chip_part = 1 / (double)deck->fleet.service_life;
  const double shell_part = deck->power.shell_cost / deck->power.shell_life;
  const double book_value = k->book_value[m + 1];
  const double(*taken)[LANES] = (const double(*)[LANES])w->offer;
  const double(*all)[LANES] = (const double(*)[LANES])w->delivered;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double bought = taken[FLEET_BACKFILL][i];
    const double chips = taken[FLEET_COST][i] + backfill_cost * bought;
    const double added = taken[FLEET_CAPACITY][i] + bought;
    const double gone = (retired[FLEET_CAPACITY][i] - retired_before[FLEET_CAPACITY][i]) +
                        (retired[FLEET_BACKFILL][i] - retired_before[FLEET_BACKFILL][i]) +
                        initial_gone;
    const double cost_in_service =
        initial_cost + (all[FLEET_COST][i] - retired[FLEET_COST][i]) +
        backfill_cost * (all[FLEET_BACKFILL][i] - retired[FLEET_BACKFILL][i]);
    w->capex[i] = chips + w->shells[i];
    w->depreciation[i] = cost_in_service * chip_part + shell_part * w->power[i];
    w->replacement[i] = added > TINY ? chips * least(1.0, gone / most(added, TINY)) : 0.0;
    w->book_value[i] += book_value * chips;
    w->capex_sum[i] += w->capex[i];
    w->backfill_cost_sum[i] += backfill_cost * bought;
  }
}

void supply_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                  const struct month_draws *draws, int64_t m) {
  const int64_t n = m + 1, r = n - deck->fleet.service_life;
  const double initial_left = k->initial_fleet[n];
  const double(*nothing)[LANES] = (const double(*)[LANES])w->nothing;
  const double(*retired)[LANES] = r >= 0 ? (const double(*)[LANES])w->history[r] : nothing;
  const double(*retired_before)[LANES] =
      r >= 1 ? (const double(*)[LANES])w->history[r - 1] : nothing;
  step_disruption(w, k, draws->disruption);
  if (deck->build.mode == BUILD_FULFIL) {
    set_target(w, deck, k, m);
  }
  offer_chips(w, deck, k, m);
  take_chips(w, deck, initial_left, retired);
  sites_month(w, deck, k, m);
  buy_backfill(w, deck, initial_left, retired);
  measure_fleet(w, deck, initial_left, retired);
  spend_capital(w, deck, k, m, retired, retired_before);
  keep_history(w, deck, n);
}
