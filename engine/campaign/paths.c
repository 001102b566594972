/* Paths as they are: drawn a second time, and written by all ranks together. */
#include <inttypes.h>

#include "base/arrays.h"
#include "campaign/campaign.h"
#include "campaign/crew.h"
#include "edge/interrupt.h"

struct drawing { /* this rank's blocks of a group */
  const struct campaign *campaign;
  int64_t first_block, end_path;
  double *columns; /* [dump_share][n_columns][BLOCK_PATHS] */
};

static void store(void *context, struct worker *worker, int64_t offset) {
  sheet_store(&worker->sheets[0], context, offset);
}

static void draw_block(void *context, struct worker *worker, int64_t i) {
  const struct drawing *drawing = context;
  const struct job *job = &drawing->campaign->job;
  const struct team *team = drawing->campaign->team;
  const int64_t block = drawing->first_block + i * team->size + team->rank,
                left = drawing->end_path - block * BLOCK_PATHS;
  worker_walk(worker, job, block, left < BLOCK_PATHS ? left : BLOCK_PATHS, store,
              drawing->columns + i * job->layout->n_columns * BLOCK_PATHS);
}

static void draw_no_more(void *context, struct worker *worker, int64_t number) {
  (void)context, (void)worker, (void)number;
}

enum status campaign_dump(const struct campaign *campaign, struct path_range paths,
                          struct dump *dump) {
  const struct layout *layout = campaign->job.layout;
  const int64_t group = dump_group(layout, paths);
  const int64_t most = dump_share(group, campaign->team);
  double *columns =
      array_make((size_t)(most * layout->n_columns) * BLOCK_PATHS, sizeof *columns);
  const enum status status = team_agree(
      columns != NULL
          ? STATUS_OK
          : status_fail(STATUS_FAILED, "no memory for %" PRId64 " blocks of paths", most));
  for (int64_t first = paths.first; status == STATUS_OK && first < paths.end;
       first += group * BLOCK_PATHS) {
    const int64_t left = (paths.end - first + BLOCK_PATHS - 1) / BLOCK_PATHS;
    struct drawing drawing = {campaign, first / BLOCK_PATHS, paths.end, columns};
    crew_run(campaign->crew, dump_share(left < group ? left : group, campaign->team),
             draw_block, draw_no_more, &drawing);
    interrupt_wait();
    dump_put(dump, campaign->team, first, columns);
    interrupt_heard();
  }
  array_free(columns);
  return status;
}
