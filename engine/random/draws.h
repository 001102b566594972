/* Draws of one group of paths, as the model reads them: factor x month x lane. Normals are
   standard, uniforms lie in (0,1). The sampler fills them from addresses, a replay from a file;
   the model cannot tell. */
#ifndef TENOR_RANDOM_DRAWS_H
#define TENOR_RANDOM_DRAWS_H

#include <stdint.h>

#include "base/limits.h"

struct draw_shape { /* of a deck: how many of each there are */
  int64_t generations, sites, customers, months;
};

struct chain_law { /* a uniform in low .. high takes the chain from [a state] to [a state] */
  double low[N_REGIMES][N_REGIMES], high[N_REGIMES][N_REGIMES];
};

struct draw_laws {                     /* of a deck: what the model does with some uniforms */
  struct chain_law regime, disruption; /* of disruption: states 0 (none) and 1 */
  int64_t initial_regime;
  double renegotiation[MAX_CUSTOMERS][N_REGIMES], extension[MAX_CUSTOMERS][N_REGIMES];
};

struct path_draws {                        /* once per path */
  double slip[1 + MAX_GENERATIONS][LANES]; /* normal: common, then one per generation */
  double yield[MAX_GENERATIONS][LANES];    /* normal */
  double delay[1 + MAX_SITES][LANES];      /* normal: common, then one per site */
  double cancel[MAX_SITES][LANES];         /* uniform */
  double default_[MAX_CUSTOMERS][LANES];   /* uniform */
  double recovery[MAX_CUSTOMERS][LANES];   /* uniform */
};

struct month_draws {                /* once per path and month */
  double regime[LANES];             /* uniform */
  double factors[N_FACTORS][LANES]; /* normal, independent: the model correlates them */
  double own_factors[MAX_CUSTOMERS][3]
                    [LANES]; /* normal; left unset with one customer, whose weight is 0 */
  double disruption[LANES];  /* uniform */
  double raise[MAX_CUSTOMERS][LANES];         /* uniform */
  double renegotiation[MAX_CUSTOMERS][LANES]; /* uniform */
  double extension[MAX_CUSTOMERS][LANES];     /* uniform */
  double base_growth[LANES];                  /* normal */
};

#endif
