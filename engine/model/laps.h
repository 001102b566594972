/* How long the stages of a month take, for whoever wants to know: a kernel whose workspace has
   no laps (the usual case) reads no clock. */
#ifndef TENOR_MODEL_LAPS_H
#define TENOR_MODEL_LAPS_H

#include <stddef.h>

enum stage {
  STAGE_DRAWS,
  STAGE_SUPPLY,     /* regime and factors, starvation, chips, sites */
  STAGE_PRICE,      /* market price */
  STAGE_DEMAND,     /* demand, allocation, constraints */
  STAGE_CONTRACT,   /* the contract and its clauses */
  STAGE_CREDIT,     /* financing, exposure, default, amendments */
  STAGE_PROVIDER,   /* re-letting, base business, provider cash */
  STAGE_RECORD,     /* rows of the sheet */
  STAGE_STATISTICS, /* sums and histograms */
  N_STAGES
};

struct laps {
  double (*clock)(void); /* [s] */
  double last;           /* when the present stage began */
  double seconds[N_STAGES];
  long counts[N_STAGES]; /* readings of the clock */
};

/* The stage ends now, and the next one begins. */
static inline void lap(struct laps *laps, enum stage stage) {
  if (laps != NULL) {
    const double now = laps->clock();
    laps->seconds[stage] += now - laps->last;
    laps->counts[stage] += 1;
    laps->last = now;
  }
}

#endif
