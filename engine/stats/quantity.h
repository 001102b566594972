/* What a user names of a result: metrics, and one number a path as METRIC[.ITEM][@DATE]. */
#ifndef TENOR_STATS_QUANTITY_H
#define TENOR_STATS_QUANTITY_H

#include "base/status.h"
#include "model/metrics.h"

struct quantity {
  char text[128]; /* as it was asked for */
  enum metric_id metric;
  int64_t item, date; /* of the metric's */
  int64_t column;     /* of the layout */
};

/* The metric `name`, which `text` of `option` names. Errors: STATUS_USAGE, with the name that
   may have been meant. */
enum status quantity_metric(enum metric_id *metric, const char *option, const char *text,
                            const char *name);

/* The item of a metric that `name` names, behind `mark` in `text`; NULL: the only one. Errors:
   STATUS_USAGE, with the names there are; also for a metric whose items have no names. */
enum status quantity_item(int64_t *item, const char *option, const char *text,
                          enum metric_id metric, char mark, const char *name,
                          const struct deck *deck, const struct layout *layout);

/* Reads it: ITEM the name of a customer, constraint or regime, where the metric has several;
   DATE yearN, the end of year N, or the month in which a quarter ends, where it has dates.
   Metrics that are dates themselves, which may never come, and those of contract years are
   refused. STATUS_USAGE, with the reason, which begins with `option`. */
enum status quantity_read(struct quantity *quantity, const char *option, const char *text,
                          const struct deck *deck, const struct layout *layout);

#endif
