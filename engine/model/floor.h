/* The arithmetic floor of a month: the draws, exponentials and divisions that the model cannot
   do without, and nothing else. What a month takes beyond it is the price of the rest: loads,
   stores, selects, sums. */
#ifndef TENOR_MODEL_FLOOR_H
#define TENOR_MODEL_FLOOR_H

#include "model/isa.h"
#include "model/kernel.h"

/* Exponentials and divisions of a month: of the provider, and of each customer. Of sites and
   generations one each is counted, since most of the time the others rest. */
enum {
  FLOOR_EXPS = 2,               /* market price, base business */
  FLOOR_CUSTOMER_EXPS = 5,      /* revenue, training, inference, price at default, hazard */
  FLOOR_DIVISIONS = 10,         /* starvation 1, chips 5, a site 1, a generation 2, payback 1 */
  FLOOR_CUSTOMER_DIVISIONS = 11 /* demand 3, allocation 2, financing 4, credit 2 */
};

/* Does it for LANES paths. The results stand in w, where the compiler cannot know them idle. */
void floor_month(struct workspace *w, const struct draw_shape *shape, uint64_t seed,
                 int64_t first_path, int64_t m);

#endif
