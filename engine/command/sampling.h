/* What the files of `tenor run`, `compare` and `extend` share: one result in the making. */
#ifndef TENOR_COMMAND_SAMPLING_H
#define TENOR_COMMAND_SAMPLING_H

#include "campaign/campaign.h"
#include "command/sample.h"
#include "edge/results_state.h"

struct order { /* what rank 0 decides and every rank must know */
  int n_sides;
  struct sampling sampling;
  int64_t paths;           /* of the whole run; with targets the most */
  struct path_range range; /* of them, the ones to sample */
  struct targets targets;
  struct deck decks[MAX_SIDES];
};

struct run { /* one result in the making; text and output on rank 0 only */
  const struct sample *sample;
  const struct team *team;
  const struct run_options *options;
  char output[4096];
  char dump[4096 + 16];                /* where paths go */
  const struct dump_calls *dump_calls; /* on every rank, if paths are to be written */
  char *resolved[MAX_SIDES];           /* owned */
  struct saved saved;                  /* what is extended */
  struct snapshot resumed;             /* what the checkpoint holds that the run goes on with */
  bool resumes;
  struct checkpoint checkpoint;
  struct order order;
  struct constants constants[MAX_SIDES];
  struct layout layout;
  struct placement placement;
  struct standing standing;
  struct ranges todo;
  enum ending ending;
  struct exact exact;
  double seconds;
  int64_t sampled;       /* paths, in these seconds */
  int64_t resumed_paths; /* that the checkpoint held, those of a replicate under way too */
};

/* Rank 0 reads decks or result, options and checkpoint, and before anything is computed asks
   whether the result can be written. All ranks look for what writes dumps. Collective. */
enum status sampling_prepare(struct run *run);

/* Rank 0 writes and shows what was computed, and says what was asked for and not reached
   (STATUS_TARGET), or where a stopped run can go on (STATUS_STOPPED). Not collective. */
enum status sampling_report(struct run *run, const struct campaign *campaign);

#endif
