#include "random/bridge.h"

#include <math.h>
#include <string.h>

/* The first month of segment n. */
static int64_t first_month(int64_t n, int64_t months) {
  return n * months / bridge_segments(months);
}

void bridge_begin(struct bridge *bridge, int64_t months) {
  if (months <= BRIDGE_SEGMENTS) { /* a segment is a month: nothing to gain by rotating */
    return;
  }
  double normals[BRIDGE_SEGMENTS][LANES];
  memcpy(normals, bridge->segment, sizeof normals);
  for (int s = 0; s < BRIDGE_SEGMENTS; ++s) {
    const double scale = sqrt((double)(first_month(s + 1, months) - first_month(s, months)));
    double *sum = bridge->segment[s];
    memset(sum, 0, sizeof bridge->segment[s]);
    for (int n = 0; n < BRIDGE_SEGMENTS; ++n) {
      const double weight = scale * bridge_rotation[s][n];
#pragma omp simd
      for (int i = 0; i < LANES; ++i) {
        sum[i] = fma(weight, normals[n][i], sum[i]);
      }
    }
  }
}

void bridge_month(struct bridge *bridge, int64_t months, int64_t m, double z[LANES]) {
  const int64_t n = ((m + 1) * bridge_segments(months) - 1) / months;
  if (m == first_month(n, months)) {
    memcpy(bridge->left, bridge->segment[n], sizeof bridge->left);
  }
  const double part = 1 / (double)(first_month(n + 1, months) - m);
  const double spread = sqrt(1 - part);
#pragma omp simd
  for (int i = 0; i < LANES; ++i) {
    z[i] = bridge->left[i] * part + spread * z[i];
    bridge->left[i] -= z[i];
  }
}
