/* The calendar of a contract: which model month is which month of which contract year, and what
   the yearly lists say there. */
#ifndef TENOR_MODEL_CONTRACT_CLOCK_H
#define TENOR_MODEL_CONTRACT_CLOCK_H

#include "model/constants.h"

/* The contract of `customer` in model month m; capacity is ordered `order_lead` months ahead.
 */
struct contract_clock contract_clock(const struct customer *customer, int64_t m,
                                     int64_t order_lead);

#endif
