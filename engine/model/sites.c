#include "math/lane.h"
#include "model/blocks.h"

void sites_begin(struct workspace *w, const struct deck *deck, const struct constants *k,
                 const struct path_draws *draws) {
  const double with_common = k->delays_common, with_own = k->delays_own;
  const double *common = draws->delay[0];
  for (int64_t j = 0; j < deck->n_sites; ++j) {
    const struct site *site = &deck->sites[j];
    struct site_lanes *lanes = &w->sites[j];
    const double median = deck->power.delay_multiplier * site->delay_median;
    const double sigma = site->delay_sigma, lead = (double)deck->power.shell_lead;
    const double cancelled = deck->power.cancel_multiplier * site->cancel_probability;
    const double *own = draws->delay[1 + j], *u = draws->cancel[j];
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      const double normal = with_common * common[i] + with_own * own[i];
      lanes->ready_lag[i] = lead + median * lane_exp(sigma * normal);
      lanes->kept[i] = u[i] >= cancelled ? 1.0 : 0.0;
    }
    lanes_fill(lanes->start, k->sites[j].gated ? NEVER : k->sites[j].planned_start);
    lanes->begun = !k->sites[j].gated;
    lanes->settled = 0;
  }
}

/* (a) A gated site starts in the first month, not before its plan, in which the target exceeds
   the capacity of the sites before it. */
static void start_site(struct workspace *w, struct site_lanes *lanes, int64_t m) {
  const double month = (double)m;
  double n_begun = 0;
#pragma omp simd reduction(+ : n_begun)
  for (int i = 0; i < LANES; ++i) {
    const double before = lanes->start[i];
    const double start =
        ((before == NEVER) & (w->target[i] > w->started_capacity[i] + TINY)) ? month : before;
    lanes->start[i] = start;
    n_begun += start <= month ? 1.0 : 0.0;
  }
  lanes->begun = n_begun > 0;
}

/* (b) capacity started, as far as it is known not to be cancelled; (c) power; (d) shells. */
static void count_site(struct workspace *w, struct site_lanes *lanes, const struct site *site,
                       const struct site_constants *constants, const struct power *power,
                       int64_t m) {
  const double month = (double)m, now = (double)(m + 1), capacity = site->capacity;
  const double lead = (double)power->shell_lead, ramp = power->ramp;
  const double spending = constants->shell_spending, cancel_cost = power->cancel_cost_fraction;
  double n_settled = 0;
#pragma omp simd reduction(+ : n_settled)
  for (int i = 0; i < LANES; ++i) {
    const double start = lanes->start[i], kept = lanes->kept[i];
    const double begun = start <= month ? 1.0 : 0.0;
    const double building = month < start + lead ? begun : 0.0;
    const double energised = clip01((now - (start + lanes->ready_lag[i])) / ramp);
    const double complete = kept > 0 ? energised : begun;
    w->started_capacity[i] += capacity * most(begun * kept, building);
    w->power[i] += capacity * kept * energised;
    w->shells[i] += spending * building * (kept > 0 ? 1.0 : cancel_cost);
    n_settled += ((complete >= 1) & (building < 1)) ? 1.0 : 0.0;
  }
  lanes->settled = n_settled == LANES;
}

/* The same once nothing of the site will change any more. */
static void count_settled_site(struct workspace *w, const struct site_lanes *lanes,
                               const struct site *site) {
  const double capacity = site->capacity;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double kept = capacity * lanes->kept[i];
    w->started_capacity[i] += kept;
    w->power[i] += kept;
  }
}

void sites_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                 int64_t m) {
  lanes_fill(w->started_capacity, 0);
  lanes_fill(w->power, 0);
  lanes_fill(w->shells, 0);
  for (int64_t j = 0; j < deck->n_sites; ++j) {
    struct site_lanes *lanes = &w->sites[j];
    const struct site_constants *constants = &k->sites[j];
    if ((double)m < constants->planned_start) {
      continue;
    }
    if (lanes->settled) {
      count_settled_site(w, lanes, &deck->sites[j]);
      continue;
    }
    if (constants->gated) {
      start_site(w, lanes, m);
    }
    if (lanes->begun) {
      count_site(w, lanes, &deck->sites[j], constants, &deck->power, m);
    }
  }
}

/* Only money spent since t = 0 is valued; a site that never started has none. */
void sites_end(const struct workspace *w, const struct deck *deck, double value[LANES]) {
  const double horizon = (double)deck->time.horizon, lead = (double)deck->power.shell_lead;
  const double life = deck->power.shell_life;
  for (int64_t j = 0; j < deck->n_sites; ++j) {
    const struct site_lanes *lanes = &w->sites[j];
    const double cost = deck->power.shell_cost * deck->sites[j].capacity;
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      const double start = lanes->start[i], complete = start + lead;
      const double built = clip01((least(horizon, complete) - max0(start)) / lead);
      const double unused = clip01(1 - (horizon - complete) / life);
      value[i] += cost * built * unused * lanes->kept[i];
    }
  }
}
