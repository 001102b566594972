#include "model/metrics.h"

#include <string.h>

const char *const constraint_names[N_CONSTRAINTS] = {"none",         "power",  "chips",
                                                     "contract_cap", "budget", "demand"};
const char *const regime_names[N_REGIMES] = {"boom", "plateau", "winter"};

const struct metric metrics[N_METRICS] = {
#define METRIC(name, axis, item, histogram, window, parts, sense, unit, long_name, value) \
  {#name,           AXIS_##axis,   ITEM_##item,   HISTOGRAM_##histogram,                  \
   WINDOW_##window, PARTS_##parts, SENSE_##sense, UNIT_##unit,                            \
   long_name},
#include "model/metrics.def"
};

static int64_t count_items(const struct layout *layout, enum item item) {
  switch (item) {
    case ITEM_CUSTOMER: return layout->n_customers;
    case ITEM_CONSTRAINT: return N_CONSTRAINTS;
    case ITEM_CUSTOMER_CONSTRAINT: return layout->n_customers * N_CONSTRAINTS;
    case ITEM_REGIME: return N_REGIMES;
    case ITEM_ONE: break;
  }
  return 1;
}

static int64_t count_dates(const struct layout *layout, enum axis axis) {
  switch (axis) {
    case AXIS_QUARTER: return layout->n_quarters;
    case AXIS_MONTH: return layout->n_months;
    case AXIS_CONTRACT_YEAR: return layout->n_contract_years;
    case AXIS_TERMINAL: break;
  }
  return 1;
}

void layout_make(struct layout *layout, const struct deck *deck) {
  layout->n_quarters = deck_quarters(deck);
  layout->n_months = deck->time.horizon;
  layout->n_customers = deck->n_customers;
  layout->n_contract_years = deck_contract_years(deck);
  layout->n_columns = 0;
  for (int m = 0; m < N_METRICS; ++m) {
    layout->first[m] = layout->n_columns;
    layout->items[m] = count_items(layout, metrics[m].item);
    layout->dates[m] = count_dates(layout, metrics[m].axis);
    layout->n_columns += layout->items[m] * layout->dates[m];
  }
}

enum window layout_window(const struct layout *layout, enum metric_id metric, int64_t date) {
  const bool year_end = date % 4 == 3 || date == layout->dates[metric] - 1;
  const enum histogram_dates dates = metrics[metric].histogram;
  const bool carried = dates == HISTOGRAM_ALWAYS || (dates == HISTOGRAM_YEARS && year_end);
  return carried ? metrics[metric].window : WINDOW_NONE;
}

enum metric_id metric_find(const char *name) {
  for (int m = 0; m < N_METRICS; ++m) {
    if (strcmp(metrics[m].name, name) == 0) {
      return (enum metric_id)m;
    }
  }
  return N_METRICS;
}
