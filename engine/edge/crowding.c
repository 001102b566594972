#include "edge/crowding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct crowd {              /* ranks that share processors */
  int ranks, threads, each; /* each: threads of a rank, 0 if they differ */
  int processors, online;
  bool is_quota; /* it is time that is short of, not processors */
};

static void join_crowd(struct crowd *crowd, int threads) {
  crowd->each = crowd->ranks == 0 || crowd->each == threads ? threads : 0;
  crowd->ranks += 1;
  crowd->threads += threads;
}

/* All ranks of the node, on all processors that any of them may use. */
static struct crowd whole_node(const struct stand *stands, int n, const int threads[]) {
  struct crowd crowd = {.online = stands[0].online};
  struct processors all = {{0}};
  const int limit = placement_granted(stands, n);
  bool unknown = false;
  for (int r = 0; r < n; ++r) {
    join_crowd(&crowd, threads[r]);
    unknown = unknown || processors_none(&stands[r].mine);
    for (size_t w = 0; w < MAX_PROCESSORS / 64; ++w) {
      all.words[w] |= stands[r].mine.words[w];
    }
  }
  crowd.processors = !unknown ? processors_count(&all) : n > 1 ? crowd.online : stands[0].n;
  crowd.is_quota = limit > 0 && limit < crowd.processors;
  crowd.processors = crowd.is_quota ? limit : crowd.processors;
  return crowd;
}

/* The ranks with the same processors as rank `one`. */
static struct crowd same_processors(const struct stand *stands, int n, const int threads[],
                                    int one) {
  struct crowd crowd = {.processors = stands[one].n, .online = stands[one].online};
  for (int r = 0; r < n; ++r) {
    if (r == one || (!processors_none(&stands[one].mine) &&
                     processors_equal(&stands[r].mine, &stands[one].mine))) {
      join_crowd(&crowd, threads[r]);
    }
  }
  return crowd;
}

static bool is_worse(const struct crowd *a, const struct crowd *b) {
  return (int64_t)a->threads * b->processors > (int64_t)b->threads * a->processors;
}

static void count_threads(const struct crowd *crowd, char *text, size_t size) {
  const char *plural = crowd->threads == 1 || crowd->each == 1 ? "" : "s";
  if (crowd->ranks == 1) {
    snprintf(text, size, "%d thread%s", crowd->threads, plural);
  } else if (crowd->each > 0) {
    snprintf(text, size, "%d ranks x %d thread%s", crowd->ranks, crowd->each, plural);
  } else {
    snprintf(text, size, "%d ranks with %d threads together", crowd->ranks, crowd->threads);
  }
}

/* How to be let onto more processors, if a launcher is to blame; false if it is not. */
static bool advise_wider(const struct crowd *crowd, int n, char *text, size_t size) {
  const int each = (crowd->threads + crowd->ranks - 1) / crowd->ranks;
  const bool differ = crowd->ranks < n; /* what surrounds all ranks leaves the same to each */
  if (getenv("SLURM_STEP_ID") != NULL) {
    snprintf(text, size, "srun bound it; use srun --cpus-per-task=%d", each);
    return true;
  }
  if (getenv("OMPI_COMM_WORLD_SIZE") != NULL &&
      (differ || getenv("OMPI_MCA_orte_bound_at_launch") != NULL)) {
    snprintf(text, size, "mpirun bound it; use mpirun --bind-to none or --map-by slot:PE=%d",
             each);
    return true;
  }
  if (getenv("PMI_RANK") != NULL && differ) {
    snprintf(text, size, "mpirun bound it; use mpirun -bind-to none");
    return true;
  }
  return false;
}

/* How to be fewer. */
static void advise_fewer(const struct crowd *crowd, int n, bool by_option, char *text,
                         size_t size) {
  const int each = crowd->processors / crowd->ranks;
  if (each < 1 && crowd->ranks < n) {
    snprintf(text, size, "bind each rank to processors of its own");
  } else if (each < 1) {
    snprintf(text, size, "start at most %d rank%s a node", crowd->processors,
             crowd->processors == 1 ? "" : "s");
  } else {
    snprintf(text, size, by_option ? "use --threads %d" : "set OMP_NUM_THREADS=%d", each);
  }
  if (getenv("SLURM_JOB_ID") != NULL && crowd->ranks > 1) {
    const size_t length = strlen(text);
    snprintf(text + length, size - length, " (or srun --cpus-per-task=%d)",
             (crowd->threads + crowd->ranks - 1) / crowd->ranks);
  }
}

/* The ranks that are worst off: all of the node, or those with the same processors; the fewer
   of them if that comes to the same and there are processors that none may use. */
static struct crowd find_worst(const struct stand *stands, int n, const int threads[]) {
  const struct crowd all = whole_node(stands, n, threads);
  struct crowd worst = all;
  for (int r = 0; r < n; ++r) {
    const struct crowd some = same_processors(stands, n, threads, r);
    const bool confined = all.processors < all.online && !all.is_quota && worst.ranks == n &&
                          some.ranks < n && !is_worse(&worst, &some);
    worst = confined || is_worse(&some, &worst) ? some : worst;
  }
  return worst;
}

void crowding_complain(const struct stand *stands, int n, const int threads[], bool by_option,
                       const char *node, char *text, size_t size) {
  const struct crowd worst = find_worst(stands, n, threads);
  char who[96], advice[160];
  const bool one = worst.processors == 1;
  text[0] = '\0';
  if (worst.threads <= worst.processors) {
    return;
  }
  count_threads(&worst, who, sizeof who);
  if (worst.processors == worst.online || worst.is_quota) {
    advise_fewer(&worst, n, by_option, advice, sizeof advice);
    snprintf(text, size, "%s on %d processor%s%s of node %s: %.3g times oversubscribed; %s",
             who, worst.processors, one ? "" : "s",
             worst.is_quota ? " (the control group's quota)" : "", node,
             (double)worst.threads / worst.processors, advice);
    return;
  }
  if (!advise_wider(&worst, n, advice, sizeof advice)) {
    advise_fewer(&worst, n, by_option, advice, sizeof advice);
  }
  snprintf(text, size,
           "%s may use %d processor%s only of the %d of node %s: %.3g times oversubscribed; %s",
           who, worst.processors, one ? "" : "s", worst.online, node,
           (double)worst.threads / worst.processors, advice);
}
