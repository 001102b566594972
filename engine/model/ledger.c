#include "model/ledger.h"

#include "base/arrays.h"
#include "model/workspace.h"

enum ledger_item { LEDGER_ITEM_ONE, LEDGER_ITEM_CUSTOMER };

#define WORDS_CODE "code"
#define WORDS_GW "GW"
#define WORDS_ONE_UNIT "1"
#define WORDS_PRICE "billion USD/GW/year"
#define WORDS_USD "billion USD"

const struct ledger_entry ledger_entries[N_LEDGER] = {
#define ENTRY(name, item, kind, unit, long_name, value) \
  {#name, LEDGER_ITEM_##item == LEDGER_ITEM_CUSTOMER, LEDGER_##kind, WORDS_##unit, long_name},
#include "model/ledger.def"
#undef ENTRY
};

/* What lane i holds after month m, of customer c; running sums as they are. */
static void read_month(const struct workspace *w, const struct deck *deck, int64_t c, int64_t m,
                       int64_t i, double values[N_LEDGER]) {
  const struct customer_lanes *a = &w->customers[c];
#define ENTRY(name, item, kind, unit, long_name, value) values[LEDGER_##name] = value;
#include "model/ledger.def"
#undef ENTRY
}

/* Running sums become what each month added. */
static void difference_sums(double *values, int64_t months, int64_t stride) {
  for (int64_t m = months - 1; m > 0; --m) {
    for (int64_t n = 0; n < stride; ++n) {
      if (ledger_entries[n % N_LEDGER].kind == LEDGER_SUM) {
        values[m * stride + n] -= values[(m - 1) * stride + n];
      }
    }
  }
}

enum status ledger_make(const struct kernel *kernel, const struct deck *deck,
                        const struct constants *constants, const struct sampling *sampling,
                        int64_t path, double *values) {
  struct layout layout;
  layout_make(&layout, deck);
  struct workspace *w = workspace_make(deck);
  struct sheet *sheet = array_make(1, sizeof *sheet);
  if (w == NULL || sheet == NULL) {
    array_free(sheet);
    workspace_free(w);
    return status_fail(STATUS_FAILED, "no memory for a ledger");
  }
  const int64_t lane = path % LANES, months = deck->time.horizon;
  const int64_t stride = deck->n_customers * N_LEDGER;
  kernel->draw_begin(w, deck, constants, sampling, path - lane);
  kernel->begin(w, deck, constants, NULL);
  for (int64_t m = 0; m < months; ++m) {
    kernel->draw_month(w, deck, constants, sampling, path - lane, m);
    kernel->month(w, deck, constants, NULL, m, &layout, sheet);
    for (int64_t c = 0; c < deck->n_customers; ++c) {
      read_month(w, deck, c, m, lane, values + m * stride + c * N_LEDGER);
    }
  }
  difference_sums(values, months, stride);
  array_free(sheet);
  workspace_free(w);
  return STATUS_OK;
}
