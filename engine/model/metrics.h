/* What the model reports, as a table (metrics.def), and where each value of it stands: a layout
   gives every (metric, item, date) of a deck one column. A block of paths fills a matrix
   double[n_columns][BLOCK_PATHS], column-major in the sense that the paths of one column are
   neighbours. Invariant: the column number depends on the deck's shape only (horizon,
   customers, terms). */
#ifndef TENOR_MODEL_METRICS_H
#define TENOR_MODEL_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/deck.h"

enum axis { AXIS_QUARTER, AXIS_MONTH, AXIS_CONTRACT_YEAR, AXIS_TERMINAL };
enum item { ITEM_ONE, ITEM_CUSTOMER, ITEM_CONSTRAINT, ITEM_CUSTOMER_CONSTRAINT, ITEM_REGIME };
enum histogram_dates { HISTOGRAM_NONE, HISTOGRAM_YEARS, HISTOGRAM_ALWAYS };
enum window { WINDOW_NONE, WINDOW_POSITIVE, WINDOW_SIGNED }; /* of a column's histogram */
enum parts { PARTS_WHOLE, PARTS_PARTS }; /* are the means of parts of the sample kept? */
enum sense { SENSE_PLAIN, SENSE_GAIN, SENSE_LOSS }; /* to the provider */
enum unit {
  UNIT_USD,
  UNIT_USD_PER_YEAR,
  UNIT_GW,
  UNIT_GW_YEAR,
  UNIT_PRICE,
  UNIT_ONE_UNIT,
  UNIT_MILLION,
  UNIT_YEAR,
  UNIT_MONTH
};

/* Constraint codes, and N_CONSTRAINTS; constraint_names gives their words. */
enum constraint {
  CONSTRAINT_NONE,
  CONSTRAINT_POWER,
  CONSTRAINT_CHIPS,
  CONSTRAINT_CONTRACT_CAP,
  CONSTRAINT_BUDGET,
  CONSTRAINT_DEMAND,
  N_CONSTRAINTS
};
extern const char *const constraint_names[N_CONSTRAINTS];
extern const char *const regime_names[N_REGIMES];

enum metric_id {
#define METRIC(name, axis, item, histogram, window, parts, sense, unit, long_name, value) \
  METRIC_##name,
#include "model/metrics.def"
  N_METRICS
};

struct metric {
  const char *name;
  enum axis axis;
  enum item item;
  enum histogram_dates histogram;
  enum window window;
  enum parts parts;
  enum sense sense;
  enum unit unit;
  const char *long_name;
};
extern const struct metric metrics[N_METRICS];

struct layout {
  int64_t n_quarters, n_months, n_customers, n_contract_years, n_columns;
  int64_t first[N_METRICS]; /* column of item 0, date 0 */
  int64_t items[N_METRICS]; /* values at one date */
  int64_t dates[N_METRICS]; /* dates of one item */
};

/* The layout of a deck. Cannot fail. Not collective. */
void layout_make(struct layout *layout, const struct deck *deck);

/* Column of `metric` for `item` (customer, constraint, ... as the metric says) at `date`
   (quarter, contract year, or 0). The dates of an item are neighbours. */
static inline int64_t layout_column(const struct layout *layout, enum metric_id metric,
                                    int64_t item, int64_t date) {
  return layout->first[metric] + item * layout->dates[metric] + date;
}

/* The histogram a column of `metric` carries at `date`, WINDOW_NONE if none. YEARS means
   quarters 3, 7, 11, ... and the last one. */
enum window layout_window(const struct layout *layout, enum metric_id metric, int64_t date);

/* The metric of that name, N_METRICS if there is none. */
enum metric_id metric_find(const char *name);

#endif
