/* How much one deck may hold. The flat structs of the deck, the draws and the kernel are sized
 * by these. */
#ifndef TENOR_BASE_LIMITS_H
#define TENOR_BASE_LIMITS_H

/* Paths the kernel computes side by side, a power of two; results do not depend on it. */
#ifndef LANES
#define LANES 64
#endif

enum {
  MAX_GENERATIONS = 16,
  MAX_SITES = 32,
  MAX_CUSTOMERS = 16,
  MAX_TRANCHES = 16,
  MAX_MONTHS = 360,
  MAX_QUARTERS = 120,
  MAX_YEARS =
      50, /* entries of a yearly list; a contract term is at most 12 times as many months */
  MAX_START = 360,    /* [month] latest contract start */
  MAX_HISTORY = 120,  /* past quarters */
  MAX_VINTAGES = 4,   /* make-up vintages kept */
  MAX_NAME = 64,      /* bytes of a name, the closing zero included */
  MAX_UNCERTAIN = 32, /* keys with a law */
  MAX_KEY = 160,      /* bytes of a key in full: customers.NAME.tranches.0.amount */
  MAX_UNIT = 32,      /* bytes of a unit */
  N_REGIMES = 3,
  N_FACTORS = 5,
  BLOCK_PATHS =
      512 /* paths of a block, the unit of work, restart and sharding; results depend on it */
};
_Static_assert(BLOCK_PATHS % LANES == 0, "a block is a number of groups of lanes");

#endif
