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
    lanes->last_start = k->sites[j].gated ? NEVER : k->sites[j].planned_start;
    lanes_fill(lanes->start, lanes->last_start);
    lanes->begun = lanes->all_begun = !k->sites[j].gated;
    lanes->settled = 0;
    lanes->first_ready = lanes->last_start + lead;
  }
  lanes_fill(w->settled_capacity, 0);
  w->n_settled = 0;
}

/* (a) A gated site starts in the first month, not before its plan, in which the target exceeds
   the capacity of the sites before it. */
static void start_site(struct workspace *w, struct site_lanes *lanes, double lead, int64_t m) {
  const double month = (double)m;
  double n_begun = 0, n_begin = 0;
#pragma omp simd reduction(+ : n_begun, n_begin)
  for (int i = 0; i < LANES; ++i) {
    const double before = lanes->start[i];
    const double wanted = w->target[i] > w->started_capacity[i] + TINY ? 1.0 : 0.0;
    const double begins = before == NEVER ? wanted : 0.0;
    lanes->start[i] = begins > 0 ? month : before;
    n_begin += begins;
    n_begun += lanes->start[i] <= month ? 1.0 : 0.0;
  }
  lanes->begun = n_begun > 0;
  lanes->all_begun = n_begun == LANES;
  if (n_begin > 0) {
    lanes->last_start = month;
    lanes->first_ready = least(lanes->first_ready, month + lead);
  }
}

/* (b) capacity started, as far as it is known not to be cancelled; (d) shells. */
static void build_shells(struct workspace *w, const struct site_lanes *lanes,
                         const struct site *site, const struct site_constants *constants,
                         const struct power *power, int64_t m) {
  const double month = (double)m, capacity = site->capacity, lead = (double)power->shell_lead;
  const double spending = constants->shell_spending, cancel_cost = power->cancel_cost_fraction;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double start = lanes->start[i], kept = lanes->kept[i];
    const double begun = start <= month ? 1.0 : 0.0;
    const double building = month < start + lead ? begun : 0.0;
    w->started_capacity[i] += capacity * most(begun * kept, building);
    w->shells[i] += spending * building * (kept > 0 ? 1.0 : cancel_cost);
  }
}

/* (b) when no lane is building its shell. */
static void keep_shells(struct workspace *w, const struct site_lanes *lanes,
                        const struct site *site, int64_t m) {
  const double capacity = site->capacity, month = (double)m;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    w->started_capacity[i] += capacity * (lanes->start[i] <= month ? lanes->kept[i] : 0.0);
  }
}

/* (c) power; returns on how many lanes more may come, counting a ramp that ended within the
   month, so that rounding has no say in it. */
static double energise(struct workspace *w, const struct site_lanes *lanes,
                       const struct site *site, const struct power *power, int64_t m) {
  const double now = (double)(m + 1), capacity = site->capacity, a_month = 1 / power->ramp;
  const double long_since = 1 + a_month;
  double n_rising = 0;
#pragma omp simd reduction(+ : n_rising)
  for (int i = 0; i < LANES; ++i) {
    const double kept = lanes->kept[i];
    const double energised = (now - (lanes->start[i] + lanes->ready_lag[i])) * a_month;
    w->power[i] += capacity * kept * clip01(energised);
    n_rising += energised < long_since ? kept : 0.0;
  }
  return n_rising;
}

/* The first sites, as far as nothing of them will change any more, are added up once. */
static void add_settled_sites(struct workspace *w, const struct deck *deck) {
  for (; w->n_settled < deck->n_sites && w->sites[w->n_settled].settled; ++w->n_settled) {
    const double capacity = deck->sites[w->n_settled].capacity;
    const double *kept = w->sites[w->n_settled].kept;
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      w->settled_capacity[i] += capacity * kept[i];
    }
  }
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    w->started_capacity[i] = w->settled_capacity[i];
    w->power[i] = w->settled_capacity[i];
    w->shells[i] = 0;
  }
}

static void add_site(struct workspace *w, struct site_lanes *lanes, const struct site *site,
                     const struct site_constants *constants, const struct power *power,
                     int64_t m) {
  const bool building = (double)m < lanes->last_start + (double)power->shell_lead;
  if (building) {
    build_shells(w, lanes, site, constants, power, m);
  } else {
    keep_shells(w, lanes, site, m);
  }
  if ((double)(m + 1) > lanes->first_ready) {
    const double n_rising = energise(w, lanes, site, power, m);
    lanes->settled = lanes->all_begun && !building && n_rising == 0;
  }
}

void sites_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                 int64_t m) {
  bool waiting = false; /* a site that no lane wants yet: no lane wants a later one */
  add_settled_sites(w, deck);
  for (int64_t j = w->n_settled; j < deck->n_sites; ++j) {
    struct site_lanes *lanes = &w->sites[j];
    const struct site_constants *constants = &k->sites[j];
    if ((double)m < constants->planned_start || (waiting && !lanes->begun)) {
      continue;
    }
    if (!lanes->all_begun) {
      start_site(w, lanes, (double)deck->power.shell_lead, m);
    }
    if (lanes->begun) {
      add_site(w, lanes, &deck->sites[j], constants, &deck->power, m);
    }
    waiting = waiting || !lanes->begun;
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
