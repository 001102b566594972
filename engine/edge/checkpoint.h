/* The checkpoint of a run: a file that is replaced as a whole, its predecessor kept beside it
   as FILE.previous. Who writes it, and how often it was written, stands in it: a run that finds
   that another one has meanwhile written there is stale, and changes nothing. */
#ifndef TENOR_EDGE_CHECKPOINT_H
#define TENOR_EDGE_CHECKPOINT_H

#include "edge/snapshot.h"

struct checkpoint { /* of rank 0 */
  const char *path; /* borrowed */
  char previous[4096];
  struct owner owner;    /* this run, and what it wrote last */
  struct owner found;    /* whose state it goes on with; generation 0: nobody's */
  struct owner replaced; /* what stood at `path` when the run began */
  bool spoiled; /* what stands at `path` is not whole: it is put aside as FILE.damaged */
  struct snapshot
      *snapshot;   /* what belongs to the run, owned: decks, sampling, range, targets */
  double last;     /* [s] of the clock, when it was written or the run began */
  int64_t written; /* how often */
  double seconds;  /* that took */
};

/* For a run of that snapshot (its decks and sampling, borrowed; range, targets; no state). With
   `resume` reads what is there, FILE, or FILE.previous if that is not whole: *found, freed with
   snapshot_free whatever the outcome; *has says whether there was anything. Errors:
   STATUS_USAGE (a checkpoint is there, and neither `resume` nor `force`), STATUS_MISMATCH (of
   another run; damaged, and no whole one before it; a later start of the same job wrote it),
   STATUS_IO, STATUS_FAILED. Not collective. */
enum status checkpoint_open(struct checkpoint *checkpoint, const char *path,
                            const struct snapshot *run, bool resume, bool force,
                            struct snapshot *found, bool *has);

/* Writes where the run stands: the tallies and paths of `state`; of the replicate under way,
   which ends before path `replicate_end` (0: none); the looks. Errors: STATUS_MISMATCH if
   another run has taken over, STATUS_IO, STATUS_FAILED (memory). Not collective. */
enum status checkpoint_write(struct checkpoint *checkpoint, const struct state *state,
                             const struct state *replicate, int64_t replicate_end,
                             const struct look *looks, int n_looks);

/* May this run still write? STATUS_MISMATCH if another one has taken over. */
enum status checkpoint_guard(const struct checkpoint *checkpoint);

/* The run is done: the files go. STATUS_IO. */
enum status checkpoint_remove(const struct checkpoint *checkpoint);

/* Is there a checkpoint at `path`, whole or not? Without a word if there is something else. */
bool checkpoint_is(const char *path);

/* Prints what a checkpoint holds to stdout, as lines or as a JSON object. STATUS_MISMATCH (not
   a whole one of this program), STATUS_IO, STATUS_FAILED. Not collective. */
enum status checkpoint_show(const char *path, bool json);

void checkpoint_close(struct checkpoint *checkpoint);

#endif
