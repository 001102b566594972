/* The threads of a rank, a worker each, and the locks for what they share: the only door to
   OpenMP. Invariant: tasks run in the floating-point environment of base/fpenv.h, whatever a
   library has left behind. */
#ifndef TENOR_CREW_H
#define TENOR_CREW_H

#include "campaign/worker.h"
#include "edge/placement.h"

enum { STRIPES = 64 }; /* parts of the columns that are locked one by one */

struct crew;

/* What OpenMP was told by its environment. Not collective. */
struct openmp crew_openmp(void);

/* So many threads for a job (borrowed). NULL if memory is short; the caller frees it with
   crew_free. */
struct crew *crew_make(int threads, const struct job *job);
void crew_free(struct crew *crew);

/* From now on the threads run where `placement` (borrowed), which is of as many, has them; the
   main thread while it works with the others only. Not collective. */
void crew_place(struct crew *crew, const struct placement *placement);

int crew_size(const struct crew *crew);
struct worker *crew_worker(struct crew *crew, int number); /* 0 .. size-1 */

/* Gives each thread its floating-point environment before there is any work, when a rank that
   cannot have it can still tell the others. Error: STATUS_FAILED. Not collective. */
enum status crew_set_arithmetic(struct crew *crew);

/* Does task(context, worker, i) for i = 0 .. n-1, shared out as threads become free, and then
   last(context, worker, number of the thread) on every thread. */
typedef void crew_task(void *context, struct worker *worker, int64_t i);
void crew_run(struct crew *crew, int64_t n, crew_task *task, crew_task *last, void *context);

/* Adds what one of its workers has gathered to a state that all of them share, within a task.
 */
void crew_deposit(struct crew *crew, struct worker *worker, struct state *state);

/* The lock of a stripe, within tasks. */
void crew_lock(struct crew *crew, int64_t stripe);
bool crew_try_lock(struct crew *crew, int64_t stripe);
void crew_unlock(struct crew *crew, int64_t stripe);

#endif
