/* A campaign: blocks of paths, computed by the ranks' threads and added to a state, in rounds.
   One side samples a deck; two sides put two decks on the same paths and look at the
   differences. Rank 0 holds the sums
   of all ranks whenever they are looked at: at the end, after each replicate, at the looks of
   precision targets, and when a checkpoint is written. Invariant: a state depends on decks,
   seed, sampling and paths alone. */
#ifndef TENOR_CAMPAIGN_H
#define TENOR_CAMPAIGN_H

#include "base/status.h"
#include "campaign/plan.h"
#include "campaign/worker.h"
#include "edge/checkpoint.h"
#include "edge/dump.h"
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
  bool stoppable;                    /* by signals and the clock, at the end of any round */
  struct checkpoint *checkpoint;     /* of stoppable ones; NULL but on rank 0 */
  double checkpoint_every;           /* [s] */

  struct crew *crew; /* what the threads compute in; campaign_open makes it */
};

enum ending { ENDED_WHOLE, ENDED_ON_TARGET, ENDED_ON_TIME, ENDED_STOPPED };

struct standing {     /* where a campaign is; but for the paths of the state it is rank 0's */
  struct state state; /* all that is whole */
  struct state replicate; /* of the replicate under way; without replicates not used */
  int64_t replicate_end;  /* the path after its last one; 0: none is under way */
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

/* A standing with nothing done. Freed with campaign_leave, whatever the outcome.
   STATUS_FAILED (memory). Not collective. */
enum status campaign_start(const struct campaign *campaign, struct standing *standing);
void campaign_leave(struct standing *standing);

/* Writes the standing to a checkpoint. Errors as checkpoint_write. Not collective; where the
   state is. */
enum status campaign_keep(struct checkpoint *checkpoint, const struct standing *standing);

/* Samples the paths of `todo`, none of which is in the standing, and adds them to rank 0's; the
   other ranks' tallies are empty before and after. Ranges begin with a block; with replicates
   they hold whole ones, but that the first goes on with the one under way. Ends early when
   every target is met, at once if the standing's last look says so, or when time is up; a
   stoppable one also when any rank was told to stop, and then a checkpoint holds all that was
   done. Returns the same status on every rank: STATUS_FAILED (memory), STATUS_IO (a stopped
   one's checkpoint), STATUS_MISMATCH (another run has taken over). Collective. */
enum status campaign_run(const struct campaign *campaign, const struct ranges *todo,
                         struct standing *standing, enum ending *ending);

/* The figures of a state, with those of its replicates or without (NULL). Not collective. */
void campaign_figures(const struct campaign *campaign, const struct state *state,
                      const struct tally *replicates, struct figures *figures);

/* Gives every rank rank 0's ranges; the other ranks' are empty before. The same status on every
   rank: STATUS_FAILED (memory). Collective. */
enum status campaign_share(const struct campaign *campaign, struct ranges *ranges);

/* Finds the order statistics of a finished state exactly: draws its paths a second time, and a
   batch of columns after the other, keeps the values near them. From then on rank 0's state
   answers with exact ones; `exact` must live as long, and is freed with exact_free, whatever
   the outcome. The same status on every rank: STATUS_FAILED (memory), STATUS_STOPPED (a
   stoppable one was told to). Collective. */
enum status campaign_exact(const struct campaign *campaign, struct state *state,
                           struct exact *exact);

/* Draws paths that a result holds once more and writes them. They begin with a block. The same
   status on every rank: STATUS_FAILED (memory). Collective. */
enum status campaign_dump(const struct campaign *campaign, struct path_range paths,
                          struct dump *dump);

#endif
