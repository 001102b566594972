/* One path, month by month: what the workspace holds after a month, entry by entry
   (ledger.def). For people who want to recompute a figure by hand. */
#ifndef TENOR_MODEL_LEDGER_H
#define TENOR_MODEL_LEDGER_H

#include "base/status.h"
#include "model/kernel.h"

enum ledger_kind { LEDGER_STOCK, LEDGER_FLOW, LEDGER_SUM };

enum ledger_id {
#define ENTRY(name, item, kind, unit, long_name, value) LEDGER_##name,
#include "model/ledger.def"
#undef ENTRY
  N_LEDGER
};

struct ledger_entry {
  const char *name;
  bool of_customer;
  enum ledger_kind kind;
  const char *unit;
  const char *long_name;
};
extern const struct ledger_entry ledger_entries[N_LEDGER];

/* Follows path `path` of a sampling through all months, exactly as a sampled run does: on the
   same kernel, in the same group of lanes. A deck with uncertain keys is wanted as the path's
   block draws it (model/uncertain.h). values [horizon][n_customers][N_LEDGER]; entries that are
   not of a customer stand at customer 0. Error: STATUS_FAILED (memory). Not collective. */
enum status ledger_make(const struct kernel *kernel, const struct deck *deck,
                        const struct constants *constants, const struct sampling *sampling,
                        int64_t path, double *values);

#endif
