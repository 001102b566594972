/* How fast a deck is sampled here: each instruction set on one thread, stage by stage, beside
   what the arithmetic alone would take; then all threads, all ranks, and the sum of their
   states. Invariant: whatever is compared was measured in the same round, one right after the
   other, and while rank 0 measures alone the other ranks sleep. */
#ifndef TENOR_MEASURE_H
#define TENOR_MEASURE_H

#include "edge/team.h"
#include "model/deck.h"
#include "model/laps.h"

enum { MAX_KERNELS = 4, MAX_ROUNDS = 99 };

struct effort {   /* what is spent on it */
  int64_t rounds; /* 1 .. MAX_ROUNDS */
  double seconds; /* of each measurement, about */
  int threads;    /* of each rank; 0: all it may use */
};

struct kernel_times { /* ns per path and month, of one thread on rank 0 alone */
  double whole, stages[N_STAGES];
  double floor; /* draws, and exponentials and divisions (model/floor.h), and nothing else */
};

struct times { /* doubles only: each is a median over the rounds */
  struct kernel_times kernels[MAX_KERNELS];
  /* ns per path and month of each thread, on the slowest rank, with the first kernel: one
     thread on every rank at the same time, and all threads on every rank */
  double one_each, all;
  double reduction; /* [s] of the sum of all ranks' states */
  double share;     /* of a processor that rank 0 had while it measured alone: below 1 it had
                       to share it, and its times are too long */
};

struct speeds { /* on rank 0 */
  int n_kernels;
  const char *names[MAX_KERNELS]; /* the kernel that kernel_pick() gives, and slower ones */
  int64_t months;
  int threads, workers; /* threads of rank 0, and of all ranks together */
  double reduction_bytes;
  struct times times;
};

/* Measures a deck, which is the same on every rank. The same status on every rank: STATUS_USAGE
   (TENOR_ISA), STATUS_FAILED (memory). Collective. */
enum status measure_deck(const struct team *team, const struct deck *deck,
                         const struct effort *effort, struct speeds *speeds);

#endif
