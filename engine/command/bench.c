#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arrays.h"
#include "campaign/crew.h"
#include "campaign/plan.h"
#include "command/command.h"
#include "edge/deck_file.h"
#include "edge/options.h"
#include "edge/progress.h"
#include "edge/team.h"
#include "model/laps.h"

static const char help_text[] =
    "usage: tenor bench DECK [options]\n\n"
    "Measures how fast this machine samples a deck: nanoseconds per path and month on one "
    "thread, stage\n"
    "by stage and for each instruction set; the arithmetic floor; what threads and ranks gain. "
    "Under\n"
    "mpirun or srun it measures the ranks together. Writes no file.\n\n"
    "  --set KEY=VALUE  as for tenor run\n"
    "  --rounds N       medians of so many rounds (5)\n"
    "  --seconds S      of each measurement (0.4)\n"
    "  --threads N      to compare with one (all that this rank may use)\n"
    "  --json           machine-readable\n";

enum { MAX_ROUNDS = 99, MAX_KERNELS = 4 };

struct request {
  const char *path;
  const char *assignments[MAX_ASSIGNMENTS];
  int n_assignments;
  int64_t rounds, threads;
  double seconds;
  bool json, help;
};

struct series { /* one measurement, round by round */
  double at[MAX_ROUNDS];
};

struct bench {
  const struct request *request;
  struct team team;
  struct deck deck;
  struct constants constants;
  struct layout layout;
  struct job jobs[MAX_KERNELS];    /* of each instruction set, fastest first */
  struct crew *crews[MAX_KERNELS]; /* one thread each */
  struct crew *full_crew;          /* of the fastest one, all threads */
  int n_kernels, threads;
  int64_t blocks[MAX_KERNELS]; /* of one measurement */
  struct state state;
  struct workspace *workspace; /* of the floor */
  /* ns per path and month, of one worker */
  struct series whole[MAX_KERNELS], floor[MAX_KERNELS], stages[N_STAGES], all_threads,
      all_ranks;
  struct series reduction; /* [s] */
};

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double median(const struct bench *bench, const struct series *series) {
  struct series sorted = *series;
  const int64_t n = bench->request->rounds;
  qsort(sorted.at, (size_t)n, sizeof sorted.at[0], ascending);
  return 0.5 * (sorted.at[(n - 1) / 2] + sorted.at[n / 2]);
}

/* ---- measurements */

struct shared { /* by the tasks of a crew */
  struct crew *crew;
  const struct job *job;
  struct state *state;
};

static void sample_block(void *context, struct worker *worker, int64_t i) {
  const struct shared *shared = context;
  worker_block(worker, shared->job, i, (struct block_part){BLOCK_PATHS, i % N_PARTS});
  if (gather_full(&worker->gathers[TALLY_SAMPLE])) {
    crew_deposit(shared->crew, worker, shared->state);
    lap(worker->laps, STAGE_STATISTICS);
  }
}

static void hand_in(void *context, struct worker *worker, int64_t number) {
  const struct shared *shared = context;
  (void)number;
  crew_deposit(shared->crew, worker, shared->state);
  lap(worker->laps, STAGE_STATISTICS);
}

/* Path-months of one worker. */
static double path_months(const struct bench *bench, int kernel) {
  return (double)(bench->blocks[kernel] * BLOCK_PATHS * bench->layout.n_months);
}

/* ns per path-month of each worker, when each has its part. */
static double sample(struct bench *bench, struct crew *crew, int kernel) {
  struct shared shared = {crew, &bench->jobs[kernel], &bench->state};
  const double start = progress_clock();
  crew_run(crew, bench->blocks[kernel] * crew_size(crew), sample_block, hand_in, &shared);
  const double seconds = progress_clock() - start;
  state_canonical(&bench->state);
  return 1e9 * seconds / path_months(bench, kernel);
}

static double find_floor(struct bench *bench, int kernel) {
  const struct draw_shape shape = kernel_draw_shape(&bench->deck);
  const double start = progress_clock();
  for (int64_t first = 0; first < bench->blocks[kernel] * BLOCK_PATHS; first += LANES) {
    for (int64_t m = 0; m < bench->layout.n_months; ++m) {
      bench->jobs[kernel].kernel->floor(bench->workspace, &shape, 1, first, m);
    }
  }
  return 1e9 * (progress_clock() - start) / path_months(bench, kernel);
}

/* What one reading of the clock takes [s]. */
static double clock_cost(void) {
  enum { READINGS = 100000 };
  const double start = progress_clock();
  double end = start;
  for (int i = 0; i < READINGS; ++i) {
    end = progress_clock();
  }
  return (end - start) / READINGS;
}

static void time_stages(struct bench *bench, int64_t round) {
  struct worker *worker = crew_worker(bench->crews[0], 0);
  struct laps laps = {.clock = progress_clock, .last = progress_clock()};
  const double reading = clock_cost();
  worker_time(worker, &bench->jobs[0], &laps);
  laps.last = progress_clock();
  (void)sample(bench, bench->crews[0], 0);
  worker_time(worker, &bench->jobs[0], NULL);
  for (int stage = 0; stage < N_STAGES; ++stage) {
    const double seconds = laps.seconds[stage] - reading * (double)laps.counts[stage];
    bench->stages[stage].at[round] = 1e9 * seconds / path_months(bench, 0);
  }
}

/* The slowest rank counts; `mine` of each is exchanged as whole picoseconds. */
static double slowest(const struct team *team, double mine) {
  int64_t values[2] = {0, 0};
  double worst = 0.0;
  for (int rank = 0; rank < team->size; ++rank) {
    values[0] = rank == team->rank ? (int64_t)(1e3 * mine) : 0;
    team_sum(team, values, 1);
    team_broadcast(values, sizeof values[0]);
    worst = 1e-3 * (double)values[0] > worst ? 1e-3 * (double)values[0] : worst;
  }
  return worst;
}

static double time_reduction(struct bench *bench) {
  struct tally *tally = &bench->state.tallies[TALLY_SAMPLE];
  team_agree(STATUS_OK);
  const double start = progress_clock();
  team_sum(&bench->team, tally->words, (size_t)tally->n_words);
  team_agree(STATUS_OK);
  return progress_clock() - start;
}

/* Rank 0 measures alone while the others wait, then all together. */
static void measure(struct bench *bench, int64_t round) {
  if (bench->team.rank == 0) {
    for (int k = 0; k < bench->n_kernels; ++k) {
      bench->whole[k].at[round] = sample(bench, bench->crews[k], k);
      bench->floor[k].at[round] = find_floor(bench, k);
    }
    time_stages(bench, round);
  }
  team_agree(STATUS_OK);
  bench->all_threads.at[round] = slowest(&bench->team, sample(bench, bench->full_crew, 0));
  bench->all_ranks.at[round] = slowest(&bench->team, sample(bench, bench->crews[0], 0));
  bench->reduction.at[round] = time_reduction(bench);
}

/* ---- set-up */

static struct crew *make_crew(struct bench *bench, int threads, int kernel) {
  struct crew *crew = crew_make(threads, &bench->jobs[kernel]);
  for (int i = 0; crew != NULL && i < threads; ++i) {
    if (!worker_gather(crew_worker(crew, i), &bench->jobs[kernel], &bench->state)) {
      crew_free(crew);
      return NULL;
    }
  }
  return crew;
}

static enum status make_state(struct bench *bench) {
  double *centre = array_make((size_t)bench->layout.n_columns, sizeof *centre);
  const enum status status =
      centre == NULL ? status_fail(STATUS_FAILED, "no memory for %lld columns",
                                   (long long)bench->layout.n_columns)
                     : state_make(&bench->state, &bench->layout, 1,
                                  plan_clustered(&bench->deck, bench->jobs[0].sampling),
                                  (const double *const[]){centre}, 0);
  array_free(centre);
  return status;
}

/* How many blocks fill the time. */
static void calibrate(struct bench *bench, int kernel) {
  bench->blocks[kernel] = 1;
  (void)sample(bench, bench->crews[kernel], kernel);
  const double block =
      1e-9 * sample(bench, bench->crews[kernel], kernel) * path_months(bench, kernel);
  const double blocks = bench->request->seconds / block;
  bench->blocks[kernel] = blocks < GATHER_BLOCKS ? GATHER_BLOCKS : (int64_t)blocks;
}

static enum status set_up(struct bench *bench) {
  int64_t n_paths = 0;
  layout_make(&bench->layout, &bench->deck);
  constants_make(&bench->constants, &bench->deck);
  const struct sampling sampling = plan_sampling(&bench->deck.sampling, &n_paths);
  while (bench->n_kernels < MAX_KERNELS && kernel_number(bench->n_kernels) != NULL) {
    bench->jobs[bench->n_kernels] = (struct job){.kernel = kernel_number(bench->n_kernels),
                                                 .sides = {{&bench->deck, &bench->constants}},
                                                 .n_sides = 1,
                                                 .layout = &bench->layout,
                                                 .sampling = sampling};
    ++bench->n_kernels;
  }
  enum status status = make_state(bench);
  if (status != STATUS_OK) {
    return status;
  }
  bench->threads =
      bench->request->threads > 0 ? (int)bench->request->threads : crew_threads(&bench->team);
  bench->full_crew = make_crew(bench, bench->threads, 0);
  bench->workspace = workspace_make(&bench->deck);
  bool made = bench->full_crew != NULL && bench->workspace != NULL;
  for (int k = 0; k < bench->n_kernels; ++k) {
    bench->crews[k] = make_crew(bench, 1, k);
    made = made && bench->crews[k] != NULL;
  }
  return made ? STATUS_OK : status_fail(STATUS_FAILED, "no memory for the blocks of a crew");
}

static void calibrate_all(struct bench *bench) {
  for (int k = 0; bench->team.rank == 0 && k < bench->n_kernels; ++k) {
    calibrate(bench, k);
  }
  team_broadcast(bench->blocks, sizeof bench->blocks);
}

static void clear(struct bench *bench) {
  for (int k = 0; k < bench->n_kernels; ++k) {
    crew_free(bench->crews[k]);
  }
  crew_free(bench->full_crew);
  workspace_free(bench->workspace);
  state_free(&bench->state);
}

/* ---- what is shown */

static const char *const stage_names[N_STAGES] = {"draws",    "supply",   "price",
                                                  "demand",   "contract", "credit",
                                                  "provider", "record",   "statistics"};

/* The floor and what statistics cannot do without: sums and insertions. */
static double floor_of(const struct bench *bench, int kernel) {
  return median(bench, &bench->floor[kernel]) + median(bench, &bench->stages[STAGE_STATISTICS]);
}

static double paths_a_second(const struct bench *bench, double ns) {
  return 1e9 / (ns * (double)bench->layout.n_months);
}

static double megabytes(const struct bench *bench) {
  return 8e-6 * (double)bench->state.tallies[TALLY_SAMPLE].n_words;
}

static void print_table(const struct bench *bench) {
  const double whole = median(bench, &bench->whole[0]);
  printf("%s: ns per path and month, one thread, medians of %lld rounds\n\n",
         bench->request->path, (long long)bench->request->rounds);
  for (int stage = 0; stage < N_STAGES; ++stage) {
    const double ns = median(bench, &bench->stages[stage]);
    printf("  %-12s %7.1f %5.0f %%\n", stage_names[stage], ns, 100.0 * ns / whole);
  }
  printf("\n  %-12s %7s %10s %7s %6s\n", "", "whole", "paths/s", "floor", "ratio");
  for (int k = 0; k < bench->n_kernels; ++k) {
    const double ns = median(bench, &bench->whole[k]);
    printf("  %-12s %7.1f %10.0f", bench->jobs[k].kernel->name, ns, paths_a_second(bench, ns));
    if (k == 0) {
      printf(" %7.1f %6.2f", floor_of(bench, k), ns / floor_of(bench, k));
    }
    putchar('\n');
  }
  printf("\n  %d threads: %.1f %% of %d times one thread\n", bench->threads,
         100.0 * median(bench, &bench->all_ranks) / median(bench, &bench->all_threads),
         bench->threads);
  printf("  %d ranks:   %.1f %% of %d times one rank; their reduction: %.1f MB in %.3f s\n",
         bench->team.size, 100.0 * whole / median(bench, &bench->all_ranks), bench->team.size,
         megabytes(bench), median(bench, &bench->reduction));
}

static void print_json(const struct bench *bench) {
  printf("{\"months\": %lld, \"rounds\": %lld, \"stages\": {",
         (long long)bench->layout.n_months, (long long)bench->request->rounds);
  for (int stage = 0; stage < N_STAGES; ++stage) {
    printf("%s\"%s\": %.3f", stage > 0 ? ", " : "", stage_names[stage],
           median(bench, &bench->stages[stage]));
  }
  printf("}, \"whole\": {");
  for (int k = 0; k < bench->n_kernels; ++k) {
    printf("%s\"%s\": %.3f", k > 0 ? ", " : "", bench->jobs[k].kernel->name,
           median(bench, &bench->whole[k]));
  }
  printf(
      "}, \"floor\": %.3f, \"threads\": %d, \"all_threads\": %.3f, \"ranks\": %d, "
      "\"all_ranks\": %.3f, \"reduction_bytes\": %.0f, \"reduction_seconds\": %.6f}\n",
      floor_of(bench, 0), bench->threads, median(bench, &bench->all_threads), bench->team.size,
      median(bench, &bench->all_ranks), 1e6 * megabytes(bench),
      median(bench, &bench->reduction));
}

/* ---- the command */

static enum status take(struct request *request, int letter, const char *word) {
  uint64_t whole = 0;
  char *end = NULL;
  switch (letter) {
    case 's':
      if (request->n_assignments == MAX_ASSIGNMENTS) {
        return status_fail(STATUS_USAGE, "too many assignments");
      }
      request->assignments[request->n_assignments++] = optarg;
      return STATUS_OK;
    case 'r':
    case 't':
      if (!options_whole(optarg, &whole) || whole < 1 ||
          whole > (letter == 'r' ? MAX_ROUNDS : 4096)) {
        return status_fail(STATUS_USAGE, "%s wants a whole number from 1, not `%s`",
                           letter == 'r' ? "--rounds" : "--threads", optarg);
      }
      *(letter == 'r' ? &request->rounds : &request->threads) = (int64_t)whole;
      return STATUS_OK;
    case 'w':
      request->seconds = strtod(optarg, &end);
      return *end == '\0' && request->seconds > 0 && request->seconds < 3600
                 ? STATUS_OK
                 : status_fail(STATUS_USAGE, "--seconds wants a number above 0, not `%s`",
                               optarg);
    case 'j': request->json = true; return STATUS_OK;
    case 'h': request->help = true; return STATUS_OK;
    default:
      return status_fail(STATUS_USAGE, "%s `%s` (tenor bench --help)",
                         letter == ':' ? "a value is wanted after" : "unknown option", word);
  }
}

static enum status read_request(int argc, char **argv, struct request *request) {
  static const struct option options[] = {{"set", required_argument, NULL, 's'},
                                          {"rounds", required_argument, NULL, 'r'},
                                          {"seconds", required_argument, NULL, 'w'},
                                          {"threads", required_argument, NULL, 't'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  enum status status = STATUS_OK;
  int letter = 0;
  opterr = 0;
  while (status == STATUS_OK && (letter = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
    status = take(request, letter, argv[optind - 1]);
  }
  if (status == STATUS_OK && !request->help && optind != argc - 1) {
    status = status_fail(STATUS_USAGE, "one deck is wanted (tenor bench --help)");
  }
  request->path = argv[argc - 1];
  return status;
}

static enum status bench_deck(struct bench *bench) {
  enum status status = set_up(bench);
  status = team_agree(status);
  if (status == STATUS_OK) {
    calibrate_all(bench);
    for (int64_t round = 0; round < bench->request->rounds; ++round) {
      measure(bench, round);
    }
    if (bench->team.rank == 0) {
      (bench->request->json ? print_json : print_table)(bench);
    }
  }
  clear(bench);
  return status;
}

enum status command_bench(int argc, char **argv) {
  static struct bench bench; /* large */
  struct request request = {.rounds = 5, .seconds = 0.4};
  enum status status = team_open(&bench.team, &argc, &argv);
  if (status != STATUS_OK) {
    return status;
  }
  bench.request = &request;
  status = team_agree(bench.team.rank == 0 ? read_request(argc, argv, &request) : STATUS_OK);
  if (status == STATUS_OK && bench.team.rank != 0) {
    status = read_request(argc, argv, &request); /* which rank 0 found right */
  }
  if (status == STATUS_OK && request.help) {
    fputs(bench.team.rank == 0 ? help_text : "", stdout);
  } else if (status == STATUS_OK) {
    status = bench.team.rank == 0 ? deck_read(request.path, request.assignments,
                                              request.n_assignments, &bench.deck, NULL)
                                  : STATUS_OK;
    status = team_agree(status);
    if (status == STATUS_OK) {
      team_broadcast(&bench.deck, sizeof bench.deck);
      status = bench_deck(&bench);
    }
  }
  team_close();
  return status;
}
