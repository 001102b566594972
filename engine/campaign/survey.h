/* A survey of a deck with uncertain keys: the means of a few quantities when all keys are
   drawn, when all stand in the middle of their laws, when one of them stands low or high, and
   when one is drawn again. All of it on the same paths, whose draws are made once a group and
   then used by one deck after the other: a difference between two decks is then known far
   better than either mean. No tally: of a block only sums of the quantities are kept.
   Invariant: what rank 0 finds depends on deck, seed, quantities and numbers of blocks alone.
 */
#ifndef TENOR_CAMPAIGN_SURVEY_H
#define TENOR_CAMPAIGN_SURVEY_H

#include "base/status.h"
#include "edge/placement.h"
#include "edge/progress.h"
#include "edge/team.h"
#include "model/kernel.h"
#include "model/uncertain.h"
#include "stats/sensitivity.h"

struct survey { /* all borrowed */
  const struct team *team;
  const struct placement *placement;
  struct progress *progress; /* NULL but on rank 0 */
  const struct kernel *kernel;
  const struct deck *deck; /* with uncertain keys, paths drawn one by one (Philox) */
  const struct layout *layout;
  int64_t n_quantities;
  int64_t columns[MAX_QUANTITIES];
  int64_t blocks;       /* with all keys drawn: the blocks 0 .. blocks-1 */
  int64_t swing_blocks; /* of them, the first ones on which keys stand low and high */
  bool total;           /* draw each key again, on all blocks */
};

/* Paths of the first `blocks` blocks, each counted as often as it is walked. */
int64_t survey_walked(const struct survey *survey, int64_t blocks);

/* Walks them all and fills rank 0's figures. The same status on every rank: STATUS_FAILED
   (memory, arithmetic of a thread). Collective. */
enum status survey_run(const struct survey *survey, struct sensitivity *sensitivity);

#endif
