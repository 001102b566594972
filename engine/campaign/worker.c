#include "campaign/worker.h"

#include "base/arrays.h"
#include "model/laps.h"

bool worker_make(struct worker *worker, const struct job *job) {
  bool made = true;
  for (int n = 0; n < job->n_sides; ++n) {
    worker->workspaces[n] = workspace_make(job->sides[n].deck);
    made = made && worker->workspaces[n] != NULL;
    if (job->sides[n].deck->n_uncertain > 0) {
      worker->variants[n] = array_make(1, sizeof *worker->variants[n]);
      made = made && worker->variants[n] != NULL;
    }
  }
  worker->sheets = array_make((size_t)job->n_sides, sizeof *worker->sheets);
  return made && worker->sheets != NULL;
}

void worker_free(struct worker *worker) {
  worker_drop(worker);
  for (int n = 0; n < MAX_SIDES; ++n) {
    workspace_free(worker->workspaces[n]);
    array_free(worker->variants[n]);
  }
  array_free(worker->sheets);
  *worker = (struct worker){.sheets = NULL};
}

void worker_time(struct worker *worker, const struct job *job, struct laps *laps) {
  worker->laps = laps;
  for (int n = 0; n < job->n_sides; ++n) {
    workspace_time(worker->workspaces[n], laps);
  }
}

/* ---- walking */

/* The sides as they are for one block: with uncertain keys drawn. */
static void draw_sides(struct worker *worker, const struct job *job, int64_t block,
                       struct side sides[MAX_SIDES]) {
  for (int n = 0; n < job->n_sides; ++n) {
    sides[n] = job->sides[n];
    if (worker->variants[n] != NULL) {
      variant_draw(worker->variants[n], sides[n].deck, job->sampling.seed, block);
      sides[n] = (struct side){&worker->variants[n]->deck, &worker->variants[n]->constants};
    }
  }
}

/* One month of one side; all sides draw under one seed. */
static void step(struct worker *worker, const struct job *job, struct side side, int n,
                 int64_t first_path, int64_t m) {
  struct workspace *w = worker->workspaces[n];
  job->kernel->draw_month(w, side.deck, side.constants, &job->sampling, first_path, m);
  job->kernel->month(w, side.deck, side.constants, NULL, m, job->layout, &worker->sheets[n]);
}

static void walk_group(struct worker *worker, const struct job *job,
                       const struct side sides[MAX_SIDES], int64_t block, int64_t offset,
                       worker_receive *receive, void *context) {
  const int64_t first_path = block * BLOCK_PATHS + offset;
  for (int n = 0; n < job->n_sides; ++n) {
    job->kernel->draw_begin(worker->workspaces[n], sides[n].deck, sides[n].constants,
                            &job->sampling, first_path);
    job->kernel->begin(worker->workspaces[n], sides[n].deck, sides[n].constants, NULL);
  }
  for (int64_t m = 0; m < job->layout->n_months; ++m) {
    for (int n = 0; n < job->n_sides; ++n) {
      step(worker, job, sides[n], n, first_path, m);
    }
    receive(context, worker, offset);
  }
  for (int n = 0; n < job->n_sides; ++n) {
    job->kernel->end(worker->workspaces[n], sides[n].deck, sides[n].constants, job->layout,
                     &worker->sheets[n]);
  }
  receive(context, worker, offset);
}

void worker_walk(struct worker *worker, const struct job *job, int64_t block, int64_t n,
                 worker_receive *receive, void *context) {
  struct side sides[MAX_SIDES];
  draw_sides(worker, job, block, sides);
  for (int64_t offset = 0; offset < n; offset += LANES) {
    walk_group(worker, job, sides, block, offset, receive, context);
  }
}

const double *worker_values(const struct worker *worker, const struct job *job, int tally,
                            int64_t row, double room[LANES]) {
  const double *first = worker->sheets[0].rows[row];
  if (job->n_sides == 1 || tally == TALLY_FIRST) {
    return first;
  }
  const double *second = worker->sheets[1].rows[row];
  if (tally == TALLY_SECOND) {
    return second;
  }
  for (int i = 0; i < LANES; ++i) {
    /* A date that never comes on either side is no difference. */
    room[i] = first[i] == second[i] ? 0.0 : first[i] - second[i];
  }
  return room;
}

/* ---- gathering */

bool worker_gather(struct worker *worker, const struct job *job, const struct state *state) {
  bool made = true;
  for (int t = 0; t < state_path_tallies(state); ++t) {
    made = gather_make(&worker->gathers[t], &state->tallies[t], job->kernel->name) && made;
  }
  return made;
}

void worker_drop(struct worker *worker) {
  for (int t = 0; t < MAX_TALLIES; ++t) {
    gather_free(&worker->gathers[t]);
  }
}

static void gather_sheets(void *context, struct worker *worker, int64_t offset) {
  const struct job *job = context;
  double room[LANES];
  for (int t = 0; t < MAX_TALLIES && worker->gathers[t].tally != NULL; ++t) {
    for (int64_t row = 0; row < worker->sheets[0].n; ++row) {
      gather_row(&worker->gathers[t], worker->sheets[0].column[row], offset,
                 worker_values(worker, job, t, row, room));
    }
  }
  lap(worker->laps, STAGE_STATISTICS);
}

void worker_block(struct worker *worker, const struct job *job, int64_t number,
                  struct block_part block) {
  for (int t = 0; t < MAX_TALLIES && worker->gathers[t].tally != NULL; ++t) {
    gather_open_block(&worker->gathers[t], block);
  }
  worker_walk(worker, job, number, block.n, gather_sheets, (void *)(uintptr_t)job);
}
