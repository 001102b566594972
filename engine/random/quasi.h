/* Randomised quasi-Monte Carlo: which draws of a path are coordinates of its Sobol point, and
   how the months are made of them. Everything else stays a Philox draw at its usual address,
   with the replicate in it. Three ways to spend few coordinates on many months:

     a chain    regime and disruption, by holding times (chain.h)
     a bridge   monthly normals, from coarse to fine (bridge.h)
     an arrival extension and renegotiation, which come with a chance per month: one coordinate
                decides in which month, counted from when the model says that it may be soon

   Invariant: each path has the law of a plain path, whatever the points are worth and whenever
   the model says `soon`, as long as it says so from what has happened. */
#ifndef TENOR_RANDOM_QUASI_H
#define TENOR_RANDOM_QUASI_H

#include <stdint.h>

#include "random/bridge.h"
#include "random/chain.h"
#include "random/draws.h"
#include "random/isa.h"
#include "random/sampling.h"

enum {
  QUASI_CUSTOMERS = 4, /* the first ones have coordinates */
  COMMON_BRIDGES = N_FACTORS + 1,
  OWN_BRIDGES = 3 * QUASI_CUSTOMERS
};

struct arrival {
  double at[LANES];      /* uniform: comes when the chance not to have come falls to it */
  double survive[LANES]; /* that chance; -1 once it has come */
};

/* From the model, at the start of a month: 1.0 where the event may be wanted this month. */
struct soon {
  double renegotiation[QUASI_CUSTOMERS][LANES], extension[QUASI_CUSTOMERS][LANES];
};

struct quasi { /* one group of paths */
  struct chain regime, disruption;
  struct bridge common[COMMON_BRIDGES]; /* the factors, base growth */
  struct bridge own[OWN_BRIDGES];       /* of customer c: 3c, 3c+1, 3c+2 */
  struct arrival renegotiation[QUASI_CUSTOMERS], extension[QUASI_CUSTOMERS];
};

#define quasi_begin ISA_NAME(quasi_begin)
#define quasi_month ISA_NAME(quasi_month)

/* Fills the path draws of paths first_path .. first_path + LANES - 1 (a multiple of LANES) and
 * what the months are made of. sampling->points > 0. */
void quasi_begin(struct quasi *quasi, const struct sampling *sampling, int64_t first_path,
                 const struct draw_shape *shape, const struct draw_laws *laws,
                 struct path_draws *draws);

/* The draws of month m of the same paths; months in order. */
void quasi_month(struct quasi *quasi, const struct sampling *sampling, int64_t first_path,
                 const struct draw_shape *shape, const struct draw_laws *laws,
                 const struct soon *soon, int64_t m, struct month_draws *draws);

#endif
