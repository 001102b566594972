/* A campaign: blocks of paths, computed by the ranks' threads and added to a tally, in rounds.
   The only file with an `omp parallel`. After every round the ranks agree on the worst status;
   after the last one rank 0 holds the sum of all tallies. Invariant: the canonical tally
   depends on deck, seed and paths alone. */
#ifndef TENOR_CAMPAIGN_H
#define TENOR_CAMPAIGN_H

#include "base/status.h"
#include "edge/progress.h"
#include "edge/team.h"
#include "model/kernel.h"
#include "plan.h"
#include "stats/tally.h"

struct campaign { /* all borrowed */
  const struct team *team;
  const struct kernel *kernel;
  const struct deck *deck;
  const struct constants *constants;
  const struct layout *layout;
  struct plan plan;
  int threads;               /* of this rank */
  struct progress *progress; /* NULL but on rank 0 */
};

/* Samples all paths of the plan. *tally is made here (the caller frees it, whatever the
   outcome), centred on the values of the seed's path 0; on rank 0 it ends canonical and whole.
   Returns the same status on every rank. Errors: STATUS_FAILED (memory). Collective. */
enum status campaign_run(const struct campaign *campaign, struct tally *tally);

/* Threads this rank should use when none were asked for: OMP_NUM_THREADS, else the CPUs it may
   run on, shared with the other ranks of the machine unless it is bound. Not collective. */
int campaign_threads(const struct team *team);

#endif
