#include "plan.h"

struct plan plan_make(int64_t paths) {
  struct plan plan = {.first_path = 0, .end_path = paths};
  plan.first_block = 0;
  plan.end_block = (paths + BLOCK_PATHS - 1) / BLOCK_PATHS;
  return plan;
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
