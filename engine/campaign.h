/* A campaign: blocks of paths, computed by the ranks' threads and added to tallies, in rounds.
   One side samples a deck; two sides put two decks on the same paths and look at the
   differences. The only file with an `omp parallel`. After the last round rank 0 holds the sums
   of all tallies. Invariant: canonical tallies depend on decks, seed and paths alone. */
#ifndef TENOR_CAMPAIGN_H
#define TENOR_CAMPAIGN_H

#include "base/status.h"
#include "edge/progress.h"
#include "edge/team.h"
#include "model/kernel.h"
#include "plan.h"
#include "stats/tally.h"

struct side { /* a deck and what follows from it */
  const struct deck *deck;
  const struct constants *constants;
};

enum { MAX_SIDES = 2, MAX_TALLIES = 3 };
enum pair_tally { TALLY_DIFFERENCE, TALLY_FIRST, TALLY_SECOND }; /* of two sides */

struct campaign { /* all borrowed */
  const struct team *team;
  const struct kernel *kernel;
  struct side sides[MAX_SIDES];
  int n_sides;
  const struct layout *layout; /* of every side */
  struct plan plan;
  int threads;               /* of this rank */
  struct progress *progress; /* NULL but on rank 0 */
};

/* Samples all paths of the plan. With one side tallies[0] is the sample's; with two there are
   three (enum pair_tally): first minus second with histograms on both sides of zero, and the
   moments of each. The tallies are made here (the caller frees them with campaign_free,
   whatever the outcome), centred on the values of the seed's path 0; on rank 0 they end
   canonical and whole. Returns the same status on every rank. Errors: STATUS_FAILED (memory).
   Collective. */
enum status campaign_run(const struct campaign *campaign, struct tally tallies[MAX_TALLIES]);
void campaign_free(struct tally tallies[MAX_TALLIES]);

/* Threads this rank should use when none were asked for: OMP_NUM_THREADS, else the CPUs it may
   run on, shared with the other ranks of the machine unless it is bound. Not collective. */
int campaign_threads(const struct team *team);

#endif
