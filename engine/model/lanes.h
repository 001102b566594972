/* What the formulas of the model are written with: selects on one lane. Everything is static
   inline, so that each instruction set has its own copy. Invariant: no branch on a lane's
   value, no call into a library. */
#ifndef TENOR_MODEL_LANES_H
#define TENOR_MODEL_LANES_H

#include <math.h>

#include "base/limits.h"

static const double STEP = 1.0 / 12.0; /* [year] one month */
static const double TINY = 1e-9; /* guard of divisions; tolerance of ties and of "no backlog" */
static const double NEVER = INFINITY; /* a date that does not come */

/* One value a regime. */
struct by_regime {
  double boom, plateau, winter;
};

static inline struct by_regime by_regime(const double values[N_REGIMES]) {
  return (struct by_regime){values[0], values[1], values[2]};
}

/* The value of regime s, a number 0, 1 or 2. */
static inline double in_regime(double s, struct by_regime values) {
  return s < 0.5 ? values.boom : (s < 1.5 ? values.plateau : values.winter);
}

static inline double least(double a, double b) {
  return a < b ? a : b;
}
static inline double most(double a, double b) {
  return a > b ? a : b;
}
static inline double max0(double x) {
  return x > 0 ? x : 0.0;
}
static inline double clip01(double x) {
  return least(max0(x), 1.0);
}
static inline double clip(double x, double low, double high) {
  return least(most(x, low), high);
}

#endif
