/* The arithmetic floor of a month: its exponentials and divisions, on rows that lie in cache,
   and nothing else. With the draws before it and the statistics behind it this is what a month
   cannot do without; what it takes beyond that is the price of the rest: loads, stores,
   selects, sums. Invariant: low rather than high, since a high floor flatters the model. */
#ifndef TENOR_MODEL_FLOOR_H
#define TENOR_MODEL_FLOOR_H

#include <stdint.h>

#include "model/isa.h"

struct workspace;

/* What a lane needs in every month of every deck: counted in the sources of the model's month.
   Not counted are the exponentials of path constants and of a generation that begins, and what
   only some decks or months need (pro rata allocation, price reset, tranches, payback net of
   growth).

   Exponentials: market price, base business; of a customer revenue, training, inference, price
   expected after a default, hazard.
   Divisions: starvation; chips 4 (one generation on offer, part taken, performance,
   replacement); a third of the quarter's 6 (utilisation 2, circularity 2, own chips, duration).
   Of a customer: demand by performance, affordable capacity, what exposure keeps, and of the
   financing loop 4 (share elsewhere, part of the pool, excess cash, runway). */
enum {
  FLOOR_EXPS = 2,
  FLOOR_CUSTOMER_EXPS = 5,
  FLOOR_DIVISIONS = 7,
  FLOOR_CUSTOMER_DIVISIONS = 7
};

/* Does them on LANES paths, from the normals in w->month_draws. */
void floor_month(struct workspace *w, int64_t customers);

#endif
