/* Wrong-way risk of a sample: is a customer more likely to fail when more would be lost?
   Functions of several means, whose errors follow from leaving out one part of the sample after
   the other (the jackknife), because the covariances between means are kept in no other way. */
#ifndef TENOR_STATS_WRONG_WAY_H
#define TENOR_STATS_WRONG_WAY_H

#include "stats/estimate.h"
#include "stats/figures.h"

/* Expected credit loss of customer c if default struck whatever the exposure [bn USD]
   (engine/MODEL.md, section 8). Of one deck. */
struct estimate wrong_way_independent_loss(const struct figures *figures, int64_t c);

/* Expected credit loss over that one. */
struct estimate wrong_way_factor(const struct figures *figures, int64_t c);

#endif
