#include "model/floor.h"

#include "math/lane.h"
#include "model/workspace.h"
#include "random/sampler.h"

void floor_month(struct workspace *w, const struct draw_shape *shape, uint64_t seed,
                 int64_t first_path, int64_t m) {
  const int64_t exps = FLOOR_EXPS + FLOOR_CUSTOMER_EXPS * shape->customers;
  const int64_t divisions = FLOOR_DIVISIONS + FLOOR_CUSTOMER_DIVISIONS * shape->customers;
  sampler_month(seed, 0, first_path, shape, m, &w->month_draws);
  for (int64_t n = 0; n < exps; ++n) {
    const double *x = w->month_draws.factors[n % N_FACTORS];
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      w->price[i] = lane_exp(x[i]);
    }
  }
  for (int64_t n = 0; n < divisions; ++n) {
    const double *x = w->month_draws.factors[n % N_FACTORS];
#pragma omp simd
    for (int i = 0; i < LANES; ++i) {
      w->capacity[i] = x[i] / w->price[i];
    }
  }
}
