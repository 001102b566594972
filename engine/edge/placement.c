#include "edge/placement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arrays.h"
#include "base/status.h"
#include "edge/crowding.h"

/* ---- how many threads */

int placement_granted(const struct stand *stands, int n) {
  double least = 0.0;
  for (int r = 0; r < n; ++r) {
    const double quota = stands[r].quota;
    least = quota > 0.0 && (least == 0.0 || quota < least) ? quota : least;
  }
  const int whole = least < MAX_PROCESSORS ? (int)least : 0;
  return whole + (whole < least && least < MAX_PROCESSORS);
}

/* Each processor is shared by the ranks that may use it. */
static double share_of(const struct stand *stand, const int *users, int n) {
  double share = 0.0;
  if (processors_none(&stand->mine)) {
    return stand->n < stand->online ? stand->n : (double)stand->n / n;
  }
  for (int p = 0; p < MAX_PROCESSORS; ++p) {
    share += processors_has(&stand->mine, p) ? 1.0 / users[p] : 0.0;
  }
  return share + 1e-6; /* thirds make a whole */
}

void placement_threads(const struct stand *stands, int n, int threads[]) {
  const int limit = placement_granted(stands, n);
  int users[MAX_PROCESSORS] = {0};
  for (int r = 0; r < n; ++r) {
    for (int p = 0; p < MAX_PROCESSORS; ++p) {
      users[p] += processors_has(&stands[r].mine, p);
    }
  }
  for (int r = 0; r < n; ++r) {
    int share = (int)share_of(&stands[r], users, n);
    share = limit > 0 && share > limit / n ? limit / n : share;
    threads[r] = stands[r].asked > 0 ? stands[r].asked : share > 1 ? share : 1;
  }
}

/* ---- which processors */

/* Neighbours first: those of a socket, of a core. */
static bool comes_before(const struct host *host, int a, int b) {
  if (host->package[a] != host->package[b]) {
    return host->package[a] < host->package[b];
  }
  return host->core[a] != host->core[b] ? host->core[a] < host->core[b] : a < b;
}

/* Lists a set's processors, neighbours first, and numbers their cores; the number of cores. */
static int sort_processors(const struct host *host, const struct processors *set,
                           int16_t sorted[], int16_t core[]) {
  int n = 0, n_cores = 0;
  for (int p = 0; p < MAX_PROCESSORS; ++p) {
    if (processors_has(set, p)) {
      int i = n++;
      for (; i > 0 && comes_before(host, p, sorted[i - 1]); --i) {
        sorted[i] = sorted[i - 1];
      }
      sorted[i] = (int16_t)p;
    }
  }
  for (int i = 0; i < n; ++i) {
    const bool next = i == 0 || host->core[sorted[i]] != host->core[sorted[i - 1]] ||
                      host->package[sorted[i]] != host->package[sorted[i - 1]];
    n_cores += next;
    core[i] = (int16_t)(n_cores - 1);
  }
  return n_cores;
}

/* How many ranks have the processors of rank `me`, how many of them come before it; false if
   they do not start as many threads, or if ranks with other processors reach into these. */
static bool is_shared_evenly(const struct stand *stands, int n, int me, const int threads[],
                             int *sharers, int *before) {
  *sharers = *before = 0;
  for (int r = 0; r < n; ++r) {
    if (processors_equal(&stands[r].mine, &stands[me].mine)) {
      *sharers += 1;
      *before += r < me;
      if (threads[r] != threads[me]) {
        return false;
      }
      continue;
    }
    for (size_t w = 0; w < MAX_PROCESSORS / 64; ++w) {
      if ((stands[r].mine.words[w] & stands[me].mine.words[w]) != 0 ||
          processors_none(&stands[r].mine)) {
        return false;
      }
    }
  }
  return true;
}

void placement_pin(const struct stand *stands, int n, int me, const int threads[],
                   const struct host *host, struct placement *placement) {
  int16_t sorted[MAX_PROCESSORS], core[MAX_PROCESSORS];
  const struct stand *mine = &stands[me];
  int sharers = 0, before = 0;
  const int limit = placement_granted(stands, n);
  placement->pinned = false;
  if (!mine->may_bind || processors_none(&mine->mine) || (limit > 0 && limit < mine->online) ||
      !is_shared_evenly(stands, n, me, threads, &sharers, &before)) {
    return;
  }
  const int n_cores = sort_processors(host, &mine->mine, sorted, core);
  const bool by_core = sharers * threads[me] == n_cores;
  if (!by_core && sharers * threads[me] != mine->n) {
    return;
  }
  for (int p = 0; p < MAX_PROCESSORS; ++p) {
    placement->thread_of[p] = -1;
  }
  for (int i = 0; i < mine->n; ++i) {
    const int thread = (by_core ? core[i] : i) - before * threads[me];
    placement->thread_of[sorted[i]] =
        (int16_t)(thread >= 0 && thread < threads[me] ? thread : -1);
  }
  placement->pinned = true;
}

/* ---- arranging */

/* Does the user bind threads by OpenMP's variables? The library then binds the main thread
   before main() begins, and what that one may use says nothing of the others. */
static bool openmp_binds(void) {
  const char *bind = getenv("OMP_PROC_BIND");
  return getenv("OMP_PLACES") != NULL || getenv("GOMP_CPU_AFFINITY") != NULL ||
         getenv("KMP_AFFINITY") != NULL ||
         (bind != NULL && strcmp(bind, "false") != 0 && strcmp(bind, "FALSE") != 0);
}

/* The processors that Slurm was asked for, for each rank; 0: it was not. */
static int slurm_threads(void) {
  const char *text = getenv("SLURM_CPUS_PER_TASK");
  const long n = text != NULL ? strtol(text, NULL, 10) : 0;
  return n > 0 && n <= MAX_PROCESSORS ? (int)n : 0;
}

static struct stand take_stand(const struct host *host, int asked, struct openmp openmp) {
  struct stand stand = {.quota = host->quota,
                        .online = host->online,
                        .asked = asked > 0          ? asked
                                 : openmp.asked > 0 ? openmp.asked
                                                    : slurm_threads(),
                        .may_bind = getenv("OMP_PROC_BIND") == NULL && !openmp_binds()};
  if (!openmp_binds()) {
    stand.mine = host->mine;
  }
  stand.n = processors_none(&stand.mine) ? openmp.processors : processors_count(&stand.mine);
  stand.n = stand.n > 1 ? stand.n : 1;
  return stand;
}

static void warn_of(const struct team *team, const struct stand *stands, const int *threads,
                    bool by_option) {
  char node[256] = "unknown", text[768] = "";
  if (gethostname(node, sizeof node - 1) != 0) {
    strcpy(node, "unknown");
  }
  if (team->node_rank == 0) {
    crowding_complain(stands, team->node_ranks, threads, by_option, node, text, sizeof text);
  }
  const int others = team_first_text(team, text, sizeof text) - 1;
  if (team->rank == 0 && text[0] != '\0') {
    if (others > 0) {
      const size_t length = strlen(text);
      snprintf(text + length, sizeof text - length, " (and the like on %d more)", others);
    }
    status_warn("%s", text);
  }
}

void placement_arrange(struct placement *placement, const struct team *team, int asked,
                       struct openmp openmp, bool warn) {
  struct host *host = array_make(1, sizeof *host);
  struct stand *stands = array_make((size_t)team->node_ranks, sizeof *stands);
  int *threads = array_make((size_t)team->node_ranks, sizeof *threads);
  const bool made = host != NULL && stands != NULL && threads != NULL;
  *placement = (struct placement){.threads = asked > 0 ? asked : 1, .processors = 1};
  if (team_agree(made ? STATUS_OK : STATUS_FAILED) == STATUS_OK) {
    host_read(host, "");
    const struct stand mine = take_stand(host, asked, openmp);
    team_gather_node(&mine, sizeof mine, stands);
    placement_threads(stands, team->node_ranks, threads);
    placement_pin(stands, team->node_ranks, team->node_rank, threads, host, placement);
    placement->threads = threads[team->node_rank];
    placement->processors = mine.n;
    placement->before = host->mine;
    if (warn) {
      warn_of(team, stands, threads, asked > 0);
    }
  }
  array_free(threads);
  array_free(stands);
  array_free(host);
}

struct placement placement_alone(struct openmp openmp) {
  struct placement placement = {.threads = 1, .processors = 1};
  struct host *host = array_make(1, sizeof *host);
  if (host != NULL) {
    host_read(host, "");
    const struct stand stand = take_stand(host, 0, openmp);
    placement_threads(&stand, 1, &placement.threads);
    placement_pin(&stand, 1, 0, &placement.threads, host, &placement);
    placement.processors = stand.n;
  }
  array_free(host);
  return placement;
}

void placement_bind(const struct placement *placement, int thread) {
  struct processors set = {{0}};
  for (int p = 0; placement->pinned && p < MAX_PROCESSORS; ++p) {
    if (placement->thread_of[p] == thread) {
      processors_add(&set, p);
    }
  }
  if (placement->pinned) {
    (void)host_bind(&set); /* or the system goes on placing the thread */
  }
}

void placement_release(const struct placement *placement) {
  if (placement->pinned) {
    (void)host_bind(&placement->before);
  }
}
