/* invariants DECK SEED PATHS [KEY=VALUE]...

   What must hold on every path whatever is drawn, looked at after every month of every sampled
   path: roll-forwards, cash identities, bounds. Prints the largest violation of each and fails
   if one is above 1e-8 (billion USD, GW, or a pure number) or not a number. And prints on how
   many paths the exception of engine/MODEL.md, section 9, has its way. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "campaign/plan.h"
#include "edge/deck_file.h"
#include "model/kernel.h"
#include "model/uncertain.h"
#include "model/workspace.h"

static const double ALLOWED = 1e-8;

enum identity {
  BACKLOG_ROLLS_FORWARD,
  BILLS_ARE_RECOGNISED_DEFERRED_OR_FORFEITED,
  GROSS_IS_REVENUE_AND_CREDITS,
  CAPACITY_IS_WITHIN_POWER_CHIPS_AND_CAP,
  USE_IS_WITHIN_CAPACITY,
  DEFERRED_IS_WITHIN_BACKLOG,
  CURRENT_RPO_IS_WITHIN_BACKLOG,
  LOSS_IS_WITHIN_PEAK_EXPOSURE,
  FINANCED_IS_WITHIN_INVESTED_AND_BILLED,
  BINDING_SHARES_ADD_TO_ONE,
  QUARTERS_ADD_TO_SUMS,
  OUTPUTS_ARE_FINITE,
  THE_DEAD_DO_NOTHING,
  DELIVERIES_NEVER_FALL_AND_STAY_WITHIN_VOLUME,
  VALUE_IS_THE_SUM_OF_ITS_PARTS,
  PARTS_ARE_WITHIN_WHOLES,
  STATE_STAYS_IN_RANGE,
  N_IDENTITIES
};
static const char *const identity_names[N_IDENTITIES] = {
    "backlog rolls forward",
    "bills are recognised, deferred or forfeited",
    "gross is revenue and credits",
    "capacity is within power, chips and cap",
    "use is within capacity",
    "deferred is within backlog",
    "current RPO is within backlog",
    "loss is within peak exposure",
    "financed is within invested and billed",
    "binding shares add to 1",
    "quarters add to sums",
    "outputs are finite",
    "the dead do nothing",
    "deliveries never fall and stay within volume",
    "value is the sum of its parts",
    "parts are within wholes",
    "state stays in range",
};

struct watch {
  /* what a thread has seen, and what it must remember from month to month */
  struct sheet sheet;
  double worst[N_IDENTITIES];
  double alive[MAX_CUSTOMERS][LANES];       /* before the month */
  double cash[MAX_CUSTOMERS][LANES];        /* before the month */
  double delivered[MAX_GENERATIONS][LANES]; /* before the month */
  bool overdrawn[MAX_CUSTOMERS][LANES];     /* spent more than it had, in some month */
  int64_t n_excepted; /* paths that end with more financed than invested */
};

static void see(struct watch *watch, enum identity identity, double violation) {
  if (!(violation <= watch->worst[identity])) { /* not a number counts as infinite */
    watch->worst[identity] = isnan(violation) ? INFINITY : violation;
  }
}

static void see_equal(struct watch *watch, enum identity identity, double a, double b) {
  see(watch, identity, fabs(a - b));
}

static void see_within(struct watch *watch, enum identity identity, double low, double x,
                       double high) {
  see(watch, identity, low - x);
  see(watch, identity, x - high);
}

static void remember(struct watch *watch, const struct workspace *w, const struct deck *deck) {
  for (int i = 0; i < LANES; ++i) {
    for (int64_t c = 0; c < deck->n_customers; ++c) {
      watch->alive[c][i] = w->customers[c].alive[i];
      watch->cash[c][i] = w->customers[c].cash[i];
    }
    for (int64_t g = 0; g < deck->n_generations; ++g) {
      watch->delivered[g][i] = w->generations[g].delivered[i];
    }
  }
}

static void check_customer(struct watch *watch, const struct workspace *w,
                           const struct deck *deck, int64_t c, int i) {
  const struct customer_lanes *a = &w->customers[c];
  see_equal(watch, BACKLOG_ROLLS_FORWARD, a->backlog[i],
            deck->customers[c].commitment - a->fulfilled[i] + a->beyond[i] - a->cut[i] -
                a->written_off[i] - a->lapsed[i] + a->bookings[i]);
  see_equal(watch, BILLS_ARE_RECOGNISED_DEFERRED_OR_FORFEITED, a->billed_sum[i],
            a->revenue_sum[i] + a->deferred[i] + a->forfeited[i]);
  see_equal(watch, GROSS_IS_REVENUE_AND_CREDITS, a->fulfilled[i],
            a->revenue_sum[i] + a->credit_sum[i]);
  see_within(watch, DEFERRED_IS_WITHIN_BACKLOG, 0, a->deferred[i], a->backlog[i]);
  see_within(watch, LOSS_IS_WITHIN_PEAK_EXPOSURE, 0, a->ecl[i], a->peak_exposure[i]);
  see_within(watch, LOSS_IS_WITHIN_PEAK_EXPOSURE, 0, a->exposure[i], a->peak_exposure[i]);
  /* A month's spending is attributed in proportion to the cash pool. A customer who spends more
     than the pool holds pays with money it does not have, and the share says more than was
     invested; engine/MODEL.md names this limit. */
  if (fmax(watch->cash[c][i], 0) + a->investment[i] < a->burn[i]) {
    watch->overdrawn[c][i] = true;
  }
  const double most = fmin(a->invested[i], a->billed_sum[i]);
  see_within(watch, FINANCED_IS_WITHIN_INVESTED_AND_BILLED, 0, a->financed_fifo[i], most);
  see_within(watch, FINANCED_IS_WITHIN_INVESTED_AND_BILLED, 0, a->financed_mix[i],
             watch->overdrawn[c][i] ? a->billed_sum[i] : most);
  if (watch->alive[c][i] == 0) {
    const double all = fabs(a->used[i]) + fabs(a->billed[i]) + fabs(a->backlog[i]) +
                       fabs(a->live_demand[i]) + fabs(a->exposure[i]) + fabs(a->recognised[i]);
    see(watch, THE_DEAD_DO_NOTHING, all);
  }
  see(watch, STATE_STAYS_IN_RANGE, a->revenue[i] > 0 ? 0 : INFINITY);
  see(watch, STATE_STAYS_IN_RANGE, a->share[i] > 0 && a->price[i] > 0 ? 0 : INFINITY);
  see(watch, STATE_STAYS_IN_RANGE, a->cash[i] - deck->funding.cash_ceiling * a->revenue[i]);
}

static void check_month(struct watch *watch, const struct workspace *w,
                        const struct deck *deck) {
  for (int i = 0; i < LANES; ++i) {
    double used = 0;
    for (int64_t c = 0; c < deck->n_customers; ++c) {
      check_customer(watch, w, deck, c, i);
      see_within(watch, USE_IS_WITHIN_CAPACITY, 0, w->customers[c].used[i], w->capacity[i]);
      used += w->customers[c].used[i];
    }
    see_within(watch, USE_IS_WITHIN_CAPACITY, 0, used + w->sold[i], w->capacity[i]);
    see_equal(watch, USE_IS_WITHIN_CAPACITY, used + w->sold[i] + w->idle[i], w->capacity[i]);
    const double least = fmin(fmin(w->power[i], w->installed[i]), deck->build.capacity_cap);
    see_within(watch, CAPACITY_IS_WITHIN_POWER_CHIPS_AND_CAP, 0, w->capacity[i], least);
    for (int64_t g = 0; g < deck->n_generations; ++g) {
      see_within(watch, DELIVERIES_NEVER_FALL_AND_STAY_WITHIN_VOLUME, watch->delivered[g][i],
                 w->generations[g].delivered[i], w->generations[g].volume[i]);
    }
    see_within(watch, PARTS_ARE_WITHIN_WHOLES, 0, w->milestone[i], w->power[i]);
    see_within(watch, PARTS_ARE_WITHIN_WHOLES, 0, w->own_chips[i], w->installed[i]);
    see_within(watch, STATE_STAYS_IN_RANGE, 0, w->obligations[i], INFINITY);
    see_within(watch, STATE_STAYS_IN_RANGE, 0, w->regime[i], 2);
    see_within(watch, STATE_STAYS_IN_RANGE, 0, w->part[i], 1);
    see(watch, STATE_STAYS_IN_RANGE, w->price[i] > 0 ? 0 : INFINITY);
  }
}

/* ---- of the columns */

struct rows {
  const struct layout *layout;
  const double *columns;
};

static double at(const struct rows *rows, enum metric_id metric, int64_t item, int64_t date,
                 int i) {
  return rows->columns[layout_column(rows->layout, metric, item, date) * BLOCK_PATHS + i];
}

static double over_dates(const struct rows *rows, enum metric_id metric, int i) {
  double sum = 0;
  for (int64_t date = 0; date < rows->layout->dates[metric]; ++date) {
    sum += at(rows, metric, 0, date, i);
  }
  return sum;
}

static double over_items(const struct rows *rows, enum metric_id metric, int64_t date, int i) {
  double sum = 0;
  for (int64_t item = 0; item < rows->layout->items[metric]; ++item) {
    sum += at(rows, metric, item, date, i);
  }
  return sum;
}

static void check_finite(struct watch *watch, const struct rows *rows, int i) {
  for (int metric = 0; metric < N_METRICS; ++metric) {
    const int64_t n = rows->layout->items[metric] * rows->layout->dates[metric];
    for (int64_t k = 0; k < n; ++k) {
      const double value = rows->columns[(rows->layout->first[metric] + k) * BLOCK_PATHS + i];
      const bool never = metrics[metric].unit == UNIT_MONTH && value == INFINITY;
      see(watch, OUTPUTS_ARE_FINITE, isfinite(value) || never ? 0 : INFINITY);
    }
  }
}

static void check_quarters(struct watch *watch, const struct rows *rows, int i) {
  for (int64_t q = 0; q < rows->layout->n_quarters; ++q) {
    const double backlog = at(rows, METRIC_backlog, 0, q, i);
    see_within(watch, CURRENT_RPO_IS_WITHIN_BACKLOG, 0, at(rows, METRIC_current_rpo, 0, q, i),
               backlog);
    see_equal(watch, BINDING_SHARES_ADD_TO_ONE, over_items(rows, METRIC_binding_share, q, i),
              1);
    see_equal(watch, BINDING_SHARES_ADD_TO_ONE,
              over_items(rows, METRIC_customer_binding_share, q, i),
              (double)rows->layout->n_customers);
    see_within(watch, PARTS_ARE_WITHIN_WHOLES, 0, backlog,
               at(rows, METRIC_aws_obligations, 0, q, i));
    const double utilisation = at(rows, METRIC_utilisation, 0, q, i);
    see_within(watch, PARTS_ARE_WITHIN_WHOLES, 0, utilisation, 1);
    see_within(watch, PARTS_ARE_WITHIN_WHOLES, 0,
               at(rows, METRIC_customer_utilisation, 0, q, i), utilisation);
    see_equal(watch, PARTS_ARE_WITHIN_WHOLES, over_items(rows, METRIC_customer_backlog, q, i),
              backlog);
  }
}

static void check_sums(struct watch *watch, const struct rows *rows, int i) {
  const int64_t last = rows->layout->n_quarters - 1;
  see_equal(watch, QUARTERS_ADD_TO_SUMS, over_dates(rows, METRIC_contract_revenue, i),
            at(rows, METRIC_contract_revenue_cum, 0, last, i));
  see_equal(watch, QUARTERS_ADD_TO_SUMS, over_dates(rows, METRIC_capex, i),
            at(rows, METRIC_capex_cum, 0, last, i));
  see_equal(watch, QUARTERS_ADD_TO_SUMS, over_dates(rows, METRIC_relet_revenue, i),
            at(rows, METRIC_relet_total, 0, 0, i));
  see_equal(watch, QUARTERS_ADD_TO_SUMS, over_dates(rows, METRIC_distribution_revenue, i),
            at(rows, METRIC_distribution_total, 0, 0, i));
  see_equal(watch, QUARTERS_ADD_TO_SUMS, over_items(rows, METRIC_revenue_total, 0, i),
            at(rows, METRIC_contract_revenue_cum, 0, last, i));
  see_equal(watch, VALUE_IS_THE_SUM_OF_ITS_PARTS, at(rows, METRIC_npv, 0, 0, i),
            at(rows, METRIC_npv_operating, 0, 0, i) - at(rows, METRIC_npv_capex, 0, 0, i) +
                at(rows, METRIC_npv_terminal, 0, 0, i));
  see_equal(watch, VALUE_IS_THE_SUM_OF_ITS_PARTS, at(rows, METRIC_npv_with_equity, 0, 0, i),
            at(rows, METRIC_npv, 0, 0, i) + at(rows, METRIC_investment_pv, 0, 0, i) +
                at(rows, METRIC_stake_value, 0, 0, i));
}

/* ---- all paths */

struct job {
  const struct kernel *kernel;
  const struct deck *deck;
  struct layout layout;
  struct sampling sampling;
  int64_t n_paths;
};

/* Mixing may have attributed more than was invested to a customer who overdrew
 * (check_customer). */
static bool is_excepted(const struct workspace *w, const struct deck *deck, int i) {
  bool is = false;
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    const struct customer_lanes *a = &w->customers[c];
    is = is || a->financed_mix[i] > a->invested[i] + ALLOWED;
  }
  return is;
}

static void check_group(const struct job *job, const struct variant *variant,
                        struct workspace *w, double *columns, struct watch *watch,
                        int64_t first_path) {
  const struct deck *deck = &variant->deck;
  const struct constants *constants = &variant->constants;
  const struct rows rows = {&job->layout, columns};
  job->kernel->draw_begin(w, deck, constants, &job->sampling, first_path);
  job->kernel->begin(w, deck, constants, NULL);
  memset(watch->overdrawn, 0, sizeof watch->overdrawn);
  for (int64_t m = 0; m < deck->time.horizon; ++m) {
    remember(watch, w, deck);
    job->kernel->draw_month(w, deck, constants, &job->sampling, first_path, m);
    job->kernel->month(w, deck, constants, NULL, m, &job->layout, &watch->sheet);
    sheet_store(&watch->sheet, columns, 0);
    check_month(watch, w, deck);
  }
  job->kernel->end(w, deck, constants, &job->layout, &watch->sheet);
  sheet_store(&watch->sheet, columns, 0);
  for (int i = 0; i < LANES; ++i) {
    check_finite(watch, &rows, i);
    check_quarters(watch, &rows, i);
    check_sums(watch, &rows, i);
    watch->n_excepted += first_path + i < job->n_paths && is_excepted(w, deck, i) ? 1 : 0;
  }
}

static bool check_all(const struct job *job, double worst[N_IDENTITIES], int64_t *n_excepted) {
  bool done = true;
#pragma omp parallel
  {
    struct workspace *w = workspace_make(job->deck);
    struct watch *watch = array_make(1, sizeof *watch);
    struct variant *variant = array_make(1, sizeof *variant);
    double *columns = array_make((size_t)job->layout.n_columns, BLOCK_PATHS * sizeof(double));
    const bool ready = w != NULL && watch != NULL && columns != NULL && variant != NULL;
#pragma omp for schedule(dynamic, 1)
    for (int64_t group = 0; group < (job->n_paths + LANES - 1) / LANES; ++group) {
      if (ready) {
        variant_draw(variant, job->deck, job->sampling.seed, group * LANES / BLOCK_PATHS);
        check_group(job, variant, w, columns, watch, group * LANES);
      }
    }
#pragma omp critical
    {
      done = done && ready;
      for (int identity = 0; ready && identity < N_IDENTITIES; ++identity) {
        worst[identity] = fmax(worst[identity], watch->worst[identity]);
      }
      *n_excepted += ready ? watch->n_excepted : 0;
    }
    array_free(columns);
    array_free(variant);
    array_free(watch);
    workspace_free(w);
  }
  return done;
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: invariants DECK SEED PATHS [KEY=VALUE]...\n");
    return EXIT_FAILURE;
  }
  struct deck *deck = array_make(1, sizeof *deck);
  struct job job = {.kernel = kernel_pick(),
                    .deck = deck,
                    .sampling = {.seed = strtoull(argv[2], NULL, 10)},
                    .n_paths = strtoll(argv[3], NULL, 10)};
  int64_t n_excepted = 0;
  double worst[N_IDENTITIES] = {0};
  bool holds = false;
  if (deck != NULL && job.kernel != NULL &&
      deck_read(argv[1], (const char *const *)&argv[4], argc - 4, deck, NULL) == STATUS_OK) {
    layout_make(&job.layout, deck);
    holds = check_all(&job, worst, &n_excepted);
  }
  for (int identity = 0; identity < N_IDENTITIES; ++identity) {
    printf("%-48s %.1e\n", identity_names[identity], worst[identity]);
    holds = holds && worst[identity] <= ALLOWED;
  }
  printf("%-48s %lld\n", "paths that end with more financed than invested",
         (long long)n_excepted);
  array_free(deck);
  return holds ? EXIT_SUCCESS : EXIT_FAILURE;
}
