/* Uniforms of LANES paths to standard normals, in place. */
#ifndef TENOR_RANDOM_NORMALS_H
#define TENOR_RANDOM_NORMALS_H

#include "base/limits.h"
#include "math/lane.h"

/* In two loops, because one long chain of dependent steps starves the core. */
static inline void to_normals(double u[LANES]) {
  double w[LANES];
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    w[i] = lane_normal_argument(u[i]);
  }
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    u[i] = lane_normal_rational(u[i], w[i]);
  }
}

#endif
