#include "campaign/crew.h"

#include <omp.h>
#include <stdlib.h>

#include "base/arrays.h"
#include "base/fpenv.h"

struct crew {
  int threads;
  struct worker *workers;            /* [threads] */
  const struct placement *placement; /* of the threads; NULL: left to the system */
  omp_lock_t locks[STRIPES];
};

struct openmp crew_openmp(void) {
  return (struct openmp){.asked = getenv("OMP_NUM_THREADS") != NULL ? omp_get_max_threads() : 0,
                         .processors = omp_get_num_procs()};
}

struct crew *crew_make(int threads, const struct job *job) {
  struct crew *crew = array_make(1, sizeof *crew);
  if (crew == NULL) {
    return NULL;
  }
  for (int i = 0; i < STRIPES; ++i) {
    omp_init_lock(&crew->locks[i]);
  }
  crew->workers = array_make((size_t)threads, sizeof *crew->workers);
  crew->threads = crew->workers != NULL ? threads : 0;
  bool made = crew->workers != NULL;
  for (int i = 0; made && i < threads; ++i) {
    made = worker_make(&crew->workers[i], job);
  }
  if (!made) {
    crew_free(crew);
    return NULL;
  }
  return crew;
}

void crew_place(struct crew *crew, const struct placement *placement) {
  crew->placement = placement;
}

void crew_free(struct crew *crew) {
  if (crew == NULL) {
    return;
  }
  for (int i = 0; i < crew->threads; ++i) {
    worker_free(&crew->workers[i]);
  }
  for (int i = 0; i < STRIPES; ++i) {
    omp_destroy_lock(&crew->locks[i]);
  }
  array_free(crew->workers);
  array_free(crew);
}

int crew_size(const struct crew *crew) {
  return crew->threads;
}

struct worker *crew_worker(struct crew *crew, int number) {
  return &crew->workers[number];
}

enum status crew_set_arithmetic(struct crew *crew) {
  int lost = 0;
#pragma omp parallel num_threads(crew->threads) reduction(+ : lost)
  lost += fpenv_set() == STATUS_OK ? 0 : 1;
  return lost == 0 ? STATUS_OK : STATUS_FAILED;
}

void crew_run(struct crew *crew, int64_t n, crew_task *task, crew_task *last, void *context) {
#pragma omp parallel num_threads(crew->threads)
  {
    const int number = omp_get_thread_num();
    struct worker *worker = &crew->workers[number];
    if (crew->placement != NULL) {
      placement_bind(crew->placement, number);
    }
    fpenv_demand();
#pragma omp for schedule(dynamic, 1) nowait
    for (int64_t i = 0; i < n; ++i) {
      task(context, worker, i);
    }
    last(context, worker, number);
  }
  if (crew->placement != NULL) {
    placement_release(crew->placement);
  }
}

void crew_lock(struct crew *crew, int64_t stripe) {
  omp_set_lock(&crew->locks[stripe]);
}

bool crew_try_lock(struct crew *crew, int64_t stripe) {
  return omp_test_lock(&crew->locks[stripe]) != 0;
}

void crew_unlock(struct crew *crew, int64_t stripe) {
  omp_unset_lock(&crew->locks[stripe]);
}

/* Stripe by stripe: threads start at different stripes and pass by the ones that are taken at
   first. Integers commute, so the order changes nothing. */
void crew_deposit(struct crew *crew, struct worker *worker, struct state *state) {
  const int64_t n_columns = state->tallies[TALLY_SAMPLE].n_columns;
  const int64_t start = (worker - crew->workers) * STRIPES / crew->threads;
  bool done[STRIPES] = {false};
  for (int64_t visit = 0; visit < 2 * STRIPES; ++visit) {
    const int64_t stripe = (start + visit) % STRIPES;
    if (done[stripe]) {
      continue;
    }
    if (visit >= STRIPES) {
      crew_lock(crew, stripe);
    } else if (!crew_try_lock(crew, stripe)) {
      continue;
    }
    for (int t = 0; t < state_path_tallies(state); ++t) {
      gather_deposit(&worker->gathers[t], &state->tallies[t], n_columns * stripe / STRIPES,
                     n_columns * (stripe + 1) / STRIPES);
    }
    crew_unlock(crew, stripe);
    done[stripe] = true;
  }
  for (int t = 0; t < state_path_tallies(state); ++t) {
    gather_empty(&worker->gathers[t]);
  }
}
