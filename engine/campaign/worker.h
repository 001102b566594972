/* What one thread computes in: it walks a block of paths group by group and month by month, on
   all sides at once, and hands on what every date reports. Sides are decks on the same paths:
   of two, what counts is the difference. */
#ifndef TENOR_WORKER_H
#define TENOR_WORKER_H

#include "model/kernel.h"
#include "model/uncertain.h"
#include "random/sampling.h"
#include "stats/gather.h"
#include "stats/state.h"

struct side { /* a deck and what follows from it */
  const struct deck *deck;
  const struct constants *constants;
};

enum { MAX_SIDES = 2 };

struct job { /* what the workers of a campaign walk; all borrowed */
  const struct kernel *kernel;
  struct side sides[MAX_SIDES];
  int n_sides;
  const struct layout *layout; /* of every side */
  struct sampling sampling;
};

struct worker {
  struct workspace *workspaces[MAX_SIDES];
  struct variant *variants[MAX_SIDES]; /* of sides with uncertain keys, else NULL */
  struct sheet *sheets;                /* [MAX_SIDES] what the present date reports */
  struct gather gathers[MAX_TALLIES];  /* between worker_gather and worker_drop */
  struct laps *laps;                   /* NULL: stages are not timed */
};

/* false if memory is short; worker_free frees it, whatever the outcome. */
bool worker_make(struct worker *worker, const struct job *job);
void worker_free(struct worker *worker);

/* From now on its stages are timed (model/laps.h), with NULL no more. `laps` is borrowed. */
void worker_time(struct worker *worker, const struct job *job, struct laps *laps);

/* Walks the first n paths of a block. Every month of every group of LANES paths, and once more
   at its end, the sheets are filled and `receive` is called; `offset` is the group's place in
   the block. */
typedef void worker_receive(void *context, struct worker *worker, int64_t offset);
void worker_walk(struct worker *worker, const struct job *job, int64_t block, int64_t n,
                 worker_receive *receive, void *context);

/* The values [LANES] that a path tally (state.h) gets from a row of the sheets; differences are
   made in `room`. */
const double *worker_values(const struct worker *worker, const struct job *job, int tally,
                            int64_t row, double room[LANES]);

/* Room to gather blocks for the path tallies of a state; false if memory is short. */
bool worker_gather(struct worker *worker, const struct job *job, const struct state *state);
void worker_drop(struct worker *worker);

/* Walks the first block.n paths of a block and gathers what they report. There must be room:
   gathers[TALLY_SAMPLE] not full. */
void worker_block(struct worker *worker, const struct job *job, int64_t number,
                  struct block_part block);

#endif
