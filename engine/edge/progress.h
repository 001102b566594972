/* How far a run is, on stderr: one rewritten line on a terminal, whole lines in a log (every 5
   % or 30 s), or JSON lines. Results never go here. Only rank 0 makes one. */
#ifndef TENOR_EDGE_PROGRESS_H
#define TENOR_EDGE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "stats/targets.h"

enum progress_mode { PROGRESS_AUTO, PROGRESS_PLAIN, PROGRESS_JSON, PROGRESS_NONE };

struct progress {
  enum progress_mode mode;
  bool terminal;
  int64_t before;       /* paths there were when it started */
  int64_t most;         /* paths the whole run may take */
  int64_t paths;        /* that it is expected to take */
  double start;         /* [s] of the clock */
  double last_time;     /* [s] when the last line was written */
  int64_t last_percent; /* of the last line */
  int shown;            /* characters of the last line on a terminal */
  bool keepable;        /* a checkpoint could be asked for; set after progress_start */
  bool until;           /* it may end earlier, on a target; set after progress_start */
  bool said_length;     /* how long it will take was told, if it is long */
  char worst[160];      /* the target that is farthest from being met; "" if there is none */
};

/* The word after --progress; false if it is none of auto, plain, json, none. */
bool progress_parse(const char *word, enum progress_mode *mode);

/* Starts the clock for a run of `paths` paths beside the `before` that there are. */
void progress_start(struct progress *progress, enum progress_mode mode, int64_t before,
                    int64_t paths);

/* `done` paths are finished. Writes if it is time to. */
void progress_show(struct progress *progress, int64_t done);

/* A look at the precision targets was taken: how many paths are expected in all, which target
   is farthest. */
void progress_look(struct progress *progress, const struct targets *targets,
                   const struct look *look);

/* Closes the rewritten line. */
void progress_end(struct progress *progress);

/* Seconds since progress_start. */
double progress_elapsed(const struct progress *progress);

/* Monotonic clock [s]. */
double progress_clock(void);

#endif
