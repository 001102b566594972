/* The dimensions and coordinates of a result file. */
#ifndef TENOR_EDGE_RESULTS_AXES_H
#define TENOR_EDGE_RESULTS_AXES_H

#include "edge/ncfile.h"
#include "edge/results.h"

struct dims { /* numbers of the file's dimensions */
  int time, bounds, quantile, level, threshold, by, customer, constraint, regime, contract_year,
      month, part;
};

/* Defines them all, with their coordinate variables; which tails and quantiles to rely on
 * beside, and the deck's history. */
void results_put_axes(struct ncwriter *nc, const struct results *results,
                      const struct figures *figures, struct dims *dims);

/* Those of single paths only: dates, customers, constraints, regimes, contract years, months.
 */
void results_put_path_axes(struct ncwriter *nc, const struct results *results,
                           struct dims *dims);

/* Unit, scale and currency of a metric's values. */
void results_put_unit(struct ncwriter *nc, const struct ncvariable *variable,
                      const struct metric *metric);

/* The same as one text: "billion USD", "GW". */
void results_unit_text(const struct metric *metric, char *text, size_t size);

/* Does the contract year of a customer end within its term and the horizon? */
bool results_year_closes(const struct deck *deck, int64_t customer, int64_t year);

#endif
