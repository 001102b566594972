/* A figure with its standard error, for those that stand alone. */
#ifndef TENOR_STATS_ESTIMATE_H
#define TENOR_STATS_ESTIMATE_H

struct estimate {
  double value, se; /* NaN if it does not exist */
};

#endif
