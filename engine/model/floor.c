#include "model/floor.h"

#include "math/lane.h"
#include "model/workspace.h"

/* The row is wanted: no compiler may leave it out because the next one overwrites it. */
static inline void want(const double row[LANES]) {
  __asm__ volatile("" : : "r"(row) : "memory");
}

void floor_month(struct workspace *w, int64_t customers) {
  const int64_t exps = FLOOR_EXPS + FLOOR_CUSTOMER_EXPS * customers;
  const int64_t divisions = FLOOR_DIVISIONS + FLOOR_CUSTOMER_DIVISIONS * customers;
  for (int64_t n = 0; n < exps; ++n) {
    const double *x = w->month_draws.factors[n % N_FACTORS];
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      w->price[i] = lane_exp(x[i]);
    }
    want(w->price);
  }
  for (int64_t n = 0; n < divisions; ++n) {
    const double *x = w->month_draws.factors[n % N_FACTORS];
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      w->capacity[i] = x[i] / w->price[i];
    }
    want(w->capacity);
  }
}
