/* A campaign: blocks of paths, computed by the ranks' threads and added to a state, in rounds.
   One side samples a deck; two sides put two decks on the same paths and look at the
   differences. Rank 0 holds the sums
   of all ranks whenever they are looked at: at the end, after each replicate, and at the looks
   of precision targets. Invariant: a state depends on decks, seed, sampling and paths alone. */
#ifndef TENOR_CAMPAIGN_H
#define TENOR_CAMPAIGN_H

#include "base/status.h"
#include "campaign/plan.h"
#include "campaign/worker.h"
#include "edge/placement.h"
#include "edge/progress.h"
#include "edge/team.h"
#include "stats/exact.h"
#include "stats/targets.h"

struct campaign { /* set by the caller, all borrowed */
  const struct team *team;
  struct job job;
  const struct targets *targets;     /* NULL or empty: none */
  double max_seconds;                /* of sampling; 0: no limit */
  const struct placement *placement; /* of this rank's threads */
  struct progress *progress;         /* NULL but on rank 0 */

  struct crew *crew; /* what the threads compute in; campaign_open makes it */
};

enum ending { ENDED_WHOLE, ENDED_ON_TARGET, ENDED_ON_TIME };

struct outcome { /* how a campaign went; on every rank but for the looks, which are rank 0's */
  enum ending ending;
  int n_looks;
  struct look looks[MAX_LOOKS];
};

/* Makes what the threads compute in. The same status on every rank: STATUS_FAILED (memory).
   campaign_close frees it, whatever the outcome. Collective. */
enum status campaign_open(struct campaign *campaign);
void campaign_close(struct campaign *campaign);

/* An empty state for this campaign, centred on the values of path 0, which every run, shard and
   extension has in common. Freed with state_free, whatever the outcome. STATUS_FAILED (memory).
   Not collective. */
enum status campaign_state(const struct campaign *campaign, struct state *state);

/* Takes the last block of a range out of the state if it is not a whole one, so that the range
   can go on: a block counts as a whole. STATUS_FAILED (memory). Not collective; where the state
   is. */
enum status campaign_take_out(const struct campaign *campaign, struct state *state,
                              struct path_range range);

/* Samples the paths of `todo`, none of which is in the state, and adds them to rank 0's; the
   other ranks' tallies are empty before and after. Ranges begin with a block; with replicates
   they hold whole ones. Ends early when every target is met, or when time is up. Returns the
   same status on every rank: STATUS_FAILED (memory). Collective. */
enum status campaign_run(const struct campaign *campaign, const struct ranges *todo,
                         struct state *state, struct outcome *outcome);

/* The figures of a state, with those of its replicates or without (NULL). Not collective. */
void campaign_figures(const struct campaign *campaign, const struct state *state,
                      const struct tally *replicates, struct figures *figures);

/* Gives every rank rank 0's ranges; the other ranks' are empty before. The same status on every
   rank: STATUS_FAILED (memory). Collective. */
enum status campaign_share(const struct campaign *campaign, struct ranges *ranges);

/* Finds the order statistics of a finished state exactly: draws its paths a second time, and a
   batch of columns after the other, keeps the values near them. From then on rank 0's state
   answers with exact ones; `exact` must live as long, and is freed with exact_free, whatever
   the outcome. The same status on every rank: STATUS_FAILED (memory). Collective. */
enum status campaign_exact(const struct campaign *campaign, struct state *state,
                           struct exact *exact);

#endif
