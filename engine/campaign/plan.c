#include "campaign/plan.h"

struct plan plan_range(struct path_range range) {
  return (struct plan){.first_path = range.first,
                       .end_path = range.end,
                       .first_block = range.first / BLOCK_PATHS,
                       .end_block = (range.end + BLOCK_PATHS - 1) / BLOCK_PATHS};
}

struct plan plan_make(int64_t paths) {
  return plan_range((struct path_range){0, paths});
}

struct path_range plan_shard(int64_t paths, int64_t unit, int64_t shard, int64_t n) {
  const int64_t units = (paths + unit - 1) / unit;
  /* units (shard - 1) / n without overflow: 2^31 units at most, n below 2^31 */
  const int64_t first = units * (shard - 1) / n * unit, end = units * shard / n * unit;
  return (struct path_range){first < paths ? first : paths, end < paths ? end : paths};
}

struct sampling plan_sampling(const struct sampling_keys *keys, int64_t *paths) {
  const int64_t most = INT64_C(1) << 30; /* points of a replicate that have an address */
  struct sampling sampling = {.seed = keys->seed};
  *paths = keys->paths;
  if (keys->method == SAMPLING_SOBOL) {
    sampling.points = BLOCK_PATHS;
    while (sampling.points * keys->replicates < keys->paths && sampling.points < most) {
      sampling.points *= 2;
    }
    *paths = sampling.points * keys->replicates;
  }
  return sampling;
}

int64_t plan_most(struct sampling sampling) {
  const int64_t all = INT64_C(1) << 40, replicates = INT64_C(1) << 24;
  return sampling.points > 0 && sampling.points < all / replicates
             ? sampling.points * replicates
             : all;
}

bool plan_clustered(const struct deck *deck, struct sampling sampling) {
  return deck->n_uncertain > 0 && sampling.points == 0;
}

int64_t plan_part(struct sampling sampling, int64_t block) {
  return (sampling.points > 0 ? block * BLOCK_PATHS / sampling.points : block) % N_PARTS;
}

int64_t plan_block_paths(const struct plan *plan, int64_t block) {
  const int64_t left = plan->end_path - block * BLOCK_PATHS;
  return left < BLOCK_PATHS ? left : BLOCK_PATHS;
}

int64_t plan_share(int64_t begin, int64_t end, int rank, int size) {
  const int64_t first = begin + rank;
  return first >= end ? 0 : (end - first + size - 1) / size;
}

int64_t plan_round(int64_t done, double elapsed, double seconds, int64_t workers) {
  enum { FIRST_ROUND = 4 }; /* blocks a worker, before a rate is known */
  int64_t each = FIRST_ROUND;
  if (done > 0 && elapsed > 0.0) {
    const double wanted = (double)done / elapsed * seconds / (double)workers;
    each = wanted > 1e9 ? 1000000000 : (int64_t)wanted;
  }
  return workers * (each > 1 ? each : 1);
}
