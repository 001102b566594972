/* Where a run stands between two rounds, and the same as bytes. The bytes begin with who wrote
   them, and end with the SHA-256 of all before: not a bit can change unnoticed. */
#ifndef TENOR_EDGE_SNAPSHOT_H
#define TENOR_EDGE_SNAPSHOT_H

#include <stddef.h>

#include "edge/results_state.h"
#include "stats/targets.h"

enum { SNAPSHOT_HEAD = 280 }; /* bytes that tell the owner */

struct owner {        /* who wrote a checkpoint */
  char job[64];       /* of the batch system; "" outside of one */
  int64_t restart;    /* how often the batch system had started that job again */
  char instance[160]; /* one process, never another: host, number, time */
  int64_t generation; /* 1, 2, ...: counts the writes from the first run on */
};

struct snapshot {
  struct saved saved;      /* decks, sampling, and the paths and sums of all that is whole */
  struct saved replicate;  /* of the replicate under way, its tallies only */
  int64_t replicate_end;   /* the path after its last one; 0: none is under way */
  struct path_range range; /* all paths the run is to sample */
  struct targets targets;
  int64_t n_looks;
  struct look looks[MAX_LOOKS];
};

/* *bytes is freed with array_free. Error: STATUS_FAILED (memory). */
enum status snapshot_pack(const struct owner *owner, const struct snapshot *snapshot,
                          void **bytes, size_t *size);

/* The other way; freed with snapshot_free, whatever the outcome. Targets come back as texts
   only. Errors: STATUS_MISMATCH (not whole, or not one of this program's), STATUS_FAILED
   (memory); says nothing, because the caller may have an older one. */
enum status snapshot_unpack(const void *bytes, size_t size, struct owner *owner,
                            struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot);

/* The owner from the first SNAPSHOT_HEAD bytes; false if that is not what they are. */
bool snapshot_owner(const void *bytes, size_t size, struct owner *owner);

#endif
