/* The ranks of a run (the only file that knows MPI). One rank is the serial program: there is
   no other build. Invariant: every function marked collective is called by all ranks in the
   same order, and no rank leaves one alone: an MPI call that fails ends the whole job. MPI is
   initialised with MPI_THREAD_FUNNELED; only the main thread calls in here. */
#ifndef TENOR_EDGE_TEAM_H
#define TENOR_EDGE_TEAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct team {
  int rank, size;
  int node_ranks; /* ranks that share this machine, this one included */
  int node_rank;  /* number of this one among them */
};

/* Starts MPI. Error: STATUS_FAILED if MPI cannot start or gives less than MPI_THREAD_FUNNELED,
   if srun started processes that do not know each other, or if a rank cannot have the
   floating-point environment (base/fpenv.h). Collective. */
enum status team_open(struct team *team, int *argc, char ***argv);

/* Ends MPI. Collective. */
void team_close(void);

/* Ends the whole job at once, with this exit code: for a fault of one rank while the others
   wait in a call that this one cannot answer any more. Not collective, and does not return. */
_Noreturn void team_abort(enum status status);

/* Gives every rank rank 0's `size` bytes. Collective. */
void team_broadcast(void *bytes, size_t size);

/* The worst status of all ranks, known to all. Collective. */
enum status team_agree(enum status mine);

/* The largest of all ranks' numbers, known to all. Collective. */
double team_most(double mine);

/* Waits until all ranks are here, asleep: a rank that is early leaves its processor to the
   others, and is late by a millisecond at most. Collective. */
void team_wait(void);

/* Adds the `n` words of all ranks into rank 0's; the other ranks' words are left undefined.
   Integers, so the order does not matter. Collective. */
void team_sum(const struct team *team, int64_t *words, size_t n);

/* The `size` bytes of each rank of this machine, by node_rank: all[node_ranks][size].
 * Collective.
 */
void team_gather_node(const void *mine, size_t size, void *all);

/* Gives rank 0 the text of the first rank whose text is not empty; returns how many there are.
   `size` is the same everywhere. Collective. */
int team_first_text(const struct team *team, char *text, size_t size);

/* The MPI library's name and version in one line, cut to `size` bytes. Not collective, works
 * before team_open. */
void team_library(char *text, size_t size);

#endif
