/* Where ranks and threads run: how many threads a rank starts, and which processors they are
   bound to. From what the ranks of a node know of each other; arithmetic but for
   placement_arrange, placement_bind and placement_release. Invariant: no result depends on it,
   and nothing ends because of it. */
#ifndef TENOR_EDGE_PLACEMENT_H
#define TENOR_EDGE_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "edge/host.h"
#include "edge/team.h"

struct stand {            /* what the ranks of a node tell each other */
  struct processors mine; /* that the rank may use; empty: unknown, or bound by OpenMP */
  double quota;           /* processors' worth of time; 0: no limit */
  int32_t n;              /* how many processors it may use, at least 1 */
  int32_t online;         /* of the node */
  int32_t asked;          /* threads: by option, OMP_NUM_THREADS or Slurm; 0: not */
  int32_t may_bind;
};

struct placement {
  int threads;    /* that this rank starts */
  int processors; /* that it may use */
  bool pinned;
  int16_t thread_of[MAX_PROCESSORS]; /* if pinned: of each processor, -1: none of this rank's */
  struct processors before;          /* what the main thread could use */
};

struct openmp {   /* what OpenMP was told by its environment */
  int asked;      /* threads by OMP_NUM_THREADS; 0: not set */
  int processors; /* that it counts */
};

/* The processors' worth of time that the ranks of a node are granted together, whole ones; 0:
   no limit. They are taken to be in one control group. */
int placement_granted(const struct stand *stands, int n);

/* How many threads each of the n ranks of a node starts: what was asked for, else its share of
   the processors it may use, and of the time that is granted. threads[n] is filled. */
void placement_threads(const struct stand *stands, int n, int threads[]);

/* Binds each thread of rank `me` of the node to a processor, or to a core, if the threads of
   the ranks with the same processors fill them: then nothing is gained by moving them. If they
   do not, another program may run beside them, and the system knows better. Fills pinned and
   thread_of. */
void placement_pin(const struct stand *stands, int n, int me, const int threads[],
                   const struct host *host, struct placement *placement);

/* What a single rank here would get. Without memory to find out, one thread. */
struct placement placement_alone(struct openmp openmp);

/* Arranges this rank: `asked` threads (0: none asked for). Rank 0 warns of the first node with
   something wrong if `warn`. Without memory for it, the ranks start as many threads as were
   asked for, or one. Collective. */
void placement_arrange(struct placement *placement, const struct team *team, int asked,
                       struct openmp openmp, bool warn);

/* Binds the calling thread, number `thread` of its rank, if the rank is pinned.
   placement_release lets the main thread run where it could before. Not collective. */
void placement_bind(const struct placement *placement, int thread);
void placement_release(const struct placement *placement);

#endif
