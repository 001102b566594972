#include "model/blocks.h"

/* The values of metrics.def, in the kernel's words. w: workspace, i: lane, c: customer, k:
   constraint or regime. Every metric becomes a function that returns one row of its column:
   worked out in `room`, or where the kernel keeps it. */

/* The part of the quarter's months in which constraint k was the code. */
static inline double binding_share(const struct workspace *w,
                                   const double codes[MONTHS_IN_QUARTER][LANES], int i,
                                   double k) {
  const double months = (codes[0][i] == k ? 1.0 : 0.0) + (codes[1][i] == k ? 1.0 : 0.0) +
                        (codes[2][i] == k ? 1.0 : 0.0);
  return months * (1 / w->months_recorded);
}

#define METRIC(name, axis, item, histogram, window, parts, sense, unit, long_name, value) \
  static const double *row_##name(const struct workspace *w, int64_t c, double k,         \
                                  double room[restrict LANES]) {                          \
    (void)c, (void)k;                                                                     \
    _Pragma("omp simd") for (int i = 0; i < LANES; ++i) {                                 \
      room[i] = value;                                                                    \
    }                                                                                     \
    return room;                                                                          \
  }
#define METRIC_ROW(name, axis, item, histogram, window, parts, sense, unit, long_name, row) \
  static const double *row_##name(const struct workspace *w, int64_t c, double k,           \
                                  double room[restrict LANES]) {                            \
    (void)c, (void)k, (void)room;                                                           \
    return row;                                                                             \
  }
#include "model/metrics.def"

/* Which customer and which constraint or regime an item of a metric is. */
static inline int64_t customer_of(enum item item, int64_t number) {
  return item == ITEM_CUSTOMER
             ? number
             : (item == ITEM_CUSTOMER_CONSTRAINT ? number / N_CONSTRAINTS : 0);
}
static inline double code_of(enum item item, int64_t number) {
  return (double)(item == ITEM_CUSTOMER_CONSTRAINT ? number % N_CONSTRAINTS : number);
}

/* ---- per quarter */

static void fill_quarter(const struct workspace *w, const struct layout *layout,
                         int64_t quarter, struct sheet *sheet) {
#define METRIC(name, axis, item, histogram, window, parts, sense, unit, long_name, value) \
  if (AXIS_##axis == AXIS_QUARTER) {                                                      \
    for (int64_t n = 0; n < layout->items[METRIC_##name]; ++n) {                          \
      sheet_add(sheet, layout_column(layout, METRIC_##name, n, quarter),                  \
                row_##name(w, customer_of(ITEM_##item, n), code_of(ITEM_##item, n),       \
                           sheet_room(sheet)));                                           \
    }                                                                                     \
  }
#include "model/metrics.def"
}

static void add_row(double sum[restrict LANES], const double row[restrict LANES]) {
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    sum[i] += row[i];
  }
}

/* The sum over the customers so far; the first one begins it. */
static void add_customer(int64_t c, double sum[LANES], const double row[LANES]) {
  if (c == 0) {
    lanes_copy(sum, row);
  } else {
    add_row(sum, row);
  }
}

/* Current RPO, and the duration of the schedule weighted with the backlog. */
static void add_schedule(struct workspace *w, const struct customer_lanes *a,
                         const struct contract_clock *clock) {
  const double near = clock->near, duration = clock->duration;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    const double due = most(near * a->scale[i], 12 * a->usage[i]);
    w->total.current_rpo[i] += least(a->backlog[i], due);
    w->total.duration[i] += a->backlog[i] * duration;
  }
}

static void close_quarter(struct workspace *w, const struct deck *deck,
                          const struct constants *k, int64_t m) {
  struct customer_totals *total = &w->total;
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    w->peak_capacity[i] = most(w->peak_capacity[i], w->capacity[i]);
  }
  lanes_fill(total->current_rpo, 0);
  lanes_fill(total->duration, 0);
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    const struct customer_lanes *a = &w->customers[c];
    add_customer(c, total->backlog, a->backlog);
    add_customer(c, total->deferred, a->deferred);
    add_customer(c, total->exposure, a->exposure);
    add_customer(c, total->revenue, a->revenue_sum);
    add_customer(c, total->shortfall, a->shortfall_sum);
    add_customer(c, total->relief, a->relief_sum);
    add_customer(c, total->billed, a->billed_sum);
    add_customer(c, total->bookings, a->bookings);
    add_customer(c, total->used, a->used_sum);
    add_customer(c, total->financed_fifo, a->financed_fifo);
    add_customer(c, total->financed_mix, a->financed_mix);
    add_schedule(w, a, &k->customers[c].months[m]);
    add_customer(c, total->lost, a->written_off);
    add_row(total->lost, a->cut);
    add_row(total->lost, a->lapsed);
    if (deck->customers[c].start + deck->customers[c].term <= m + 1) {
      add_row(total->lost, a->backlog); /* the term is over: it can only lapse */
    }
  }
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    total->duration[i] /= most(total->backlog[i], TINY);
  }
}

/* Empties the sums of the quarter and marks its months as not there. */
void record_begin(struct workspace *w, const struct deck *deck) {
  w->quarter = (struct quarter_flows){.contract_revenue = {0}};
  w->months_recorded = 0;
  for (int month = 0; month < MONTHS_IN_QUARTER; ++month) {
    lanes_fill(w->constraint[month], -1);
    for (int64_t c = 0; c < deck->n_customers; ++c) {
      lanes_fill(w->customers[c].constraint[month], -1);
    }
  }
}

/* ---- per month */

static void fill_month(const struct workspace *w, const struct layout *layout, int64_t m,
                       struct sheet *sheet) {
#define METRIC(name, axis, item, histogram, window, parts, sense, unit, long_name, value) \
  if (AXIS_##axis == AXIS_MONTH) {                                                        \
    for (int64_t n = 0; n < layout->items[METRIC_##name]; ++n) {                          \
      sheet_add(sheet, layout_column(layout, METRIC_##name, n, m),                        \
                row_##name(w, customer_of(ITEM_##item, n), code_of(ITEM_##item, n),       \
                           sheet_room(sheet)));                                           \
    }                                                                                     \
  }
#include "model/metrics.def"
}

/* ---- per contract year: kept until the end of the path, because decks close them at different
   times */

static void keep_contract_year(struct workspace *w, const struct layout *layout, int64_t c,
                               int64_t year) {
  int64_t n = 0;
#define METRIC(name, axis, item, histogram, window, parts, sense, unit, long_name, value) \
  if (AXIS_##axis == AXIS_CONTRACT_YEAR) {                                                \
    double *kept = w->contract_years[n++][c * layout->dates[METRIC_##name] + year];       \
    const double *row = row_##name(w, c, 0, kept);                                        \
    if (row != kept) {                                                                    \
      lanes_copy(kept, row);                                                              \
    }                                                                                     \
  }
#include "model/metrics.def"
}

/* Those that do not close within the horizon report 0. */
static void clear_contract_years(struct workspace *w, const struct layout *layout) {
  for (int64_t n = 0; n < N_CONTRACT_YEAR_METRICS; ++n) {
    for (int64_t year = 0; year < layout->n_customers * layout->n_contract_years; ++year) {
      lanes_fill(w->contract_years[n][year], 0);
    }
  }
}

static void fill_contract_years(const struct workspace *w, const struct layout *layout,
                                struct sheet *sheet) {
  int64_t n = 0;
#define METRIC(name, axis, item, histogram, window, parts, sense, unit, long_name, value)   \
  if (AXIS_##axis == AXIS_CONTRACT_YEAR) {                                                  \
    for (int64_t year = 0; year < layout->n_customers * layout->n_contract_years; ++year) { \
      sheet_add(sheet, layout->first[METRIC_##name] + year, w->contract_years[n][year]);    \
    }                                                                                       \
    ++n;                                                                                    \
  }
#include "model/metrics.def"
}

void record_month(struct workspace *w, const struct deck *deck, const struct constants *k,
                  int64_t m, const struct layout *layout, struct sheet *sheet) {
  if (m == 0) {
    lanes_fill(w->peak_capacity, 0);
    clear_contract_years(w, layout);
  }
  sheet->n = 0;
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    const struct contract_clock *clock = &k->customers[c].months[m];
    if (clock->closes) {
      keep_contract_year(w, layout, c, clock->year);
    }
  }
  w->month = (double)m;
  fill_month(w, layout, m, sheet);
  w->months_recorded += 1;
  if (m % MONTHS_IN_QUARTER == MONTHS_IN_QUARTER - 1 || m == deck->time.horizon - 1) {
    close_quarter(w, deck, k, m);
    fill_quarter(w, layout, m / MONTHS_IN_QUARTER, sheet);
  }
}

/* ---- per path */

void record_end(const struct workspace *w, const struct layout *layout, struct sheet *sheet) {
  sheet->n = 0;
  fill_contract_years(w, layout, sheet);
#define METRIC(name, axis, item, histogram, window, parts, sense, unit, long_name, value) \
  if (AXIS_##axis == AXIS_TERMINAL) {                                                     \
    for (int64_t n = 0; n < layout->items[METRIC_##name]; ++n) {                          \
      sheet_add(sheet, layout_column(layout, METRIC_##name, n, 0),                        \
                row_##name(w, customer_of(ITEM_##item, n), code_of(ITEM_##item, n),       \
                           sheet_room(sheet)));                                           \
    }                                                                                     \
  }
#include "model/metrics.def"
}
