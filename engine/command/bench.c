/* tenor bench: how fast this machine samples a deck. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arrays.h"
#include "command/bench_print.h"
#include "command/command.h"
#include "edge/deck_file.h"
#include "edge/options.h"

static const char help_text[] =
    "usage: tenor bench DECK [options]\n\n"
    "Measures how fast this machine samples a deck: nanoseconds per path and month on one "
    "thread, of\n"
    "each instruction set, stage by stage; then what threads and, under mpirun or srun, ranks "
    "gain.\n"
    "Writes no file. The floor is what a month cannot do without: its draws, its exponentials "
    "and\n"
    "divisions with nothing around them, and the insertions of its statistics.\n\n"
    "  --set KEY=VALUE  change one key of the deck; may be repeated\n"
    "  --rounds N       each figure is the median of so many rounds, up to 99 (5)\n"
    "  --seconds S      of each measurement, about, up to 3600 (0.4)\n"
    "  --threads N      of each rank (all that it may use)\n"
    "  --json           JSON instead of a table; tenor(1) lists its keys\n"
    "  -h, --help       this text\n\n"
    "TENOR_ISA names the fastest instruction set to be measured.\n\n"
    "examples:\n"
    "  tenor bench decks/anthropic-aws.yaml\n"
    "  mpirun -np 2 tenor bench decks/portfolio.yaml --rounds 9 --threads 1 --json\n";

struct request {
  const char *path;
  const char *assignments[MAX_ASSIGNMENTS];
  int n_assignments;
  struct effort effort;
  bool json, help;
};

/* ---- the command line */

static enum status take_whole(const char *option, int64_t most, int64_t *number) {
  uint64_t whole = 0;
  if (!options_whole(optarg, &whole) || whole < 1 || whole > (uint64_t)most) {
    return status_fail(STATUS_USAGE, "%s wants a whole number from 1 to %lld, not `%s`", option,
                       (long long)most, optarg);
  }
  *number = (int64_t)whole;
  return STATUS_OK;
}

static enum status take_seconds(double *seconds) {
  char *end = optarg;
  *seconds = strtod(optarg, &end);
  return end != optarg && *end == '\0' && *seconds > 0 && *seconds <= 3600
             ? STATUS_OK
             : status_fail(STATUS_USAGE,
                           "--seconds wants a number above 0 and up to 3600, not `%s`", optarg);
}

static enum status take(struct request *request, int letter, const char *word) {
  int64_t threads = 0;
  enum status status = STATUS_OK;
  switch (letter) {
    case 's':
      if (request->n_assignments == MAX_ASSIGNMENTS) {
        return status_fail(STATUS_USAGE, "too many assignments");
      }
      request->assignments[request->n_assignments++] = optarg;
      return STATUS_OK;
    case 'r': return take_whole("--rounds", MAX_ROUNDS, &request->effort.rounds);
    case 't':
      status = take_whole("--threads", 4096, &threads);
      request->effort.threads = (int)threads;
      return status;
    case 'w': return take_seconds(&request->effort.seconds);
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

/* ---- the story */

static enum status bench(const struct team *team, const struct request *request,
                         struct deck *deck) {
  struct speeds speeds;
  enum status status = STATUS_OK;
  if (team->rank == 0) {
    status = deck_read(request->path, request->assignments, request->n_assignments, deck, NULL);
  }
  status = team_agree(status);
  if (status != STATUS_OK) {
    return status;
  }
  team_broadcast(deck, sizeof *deck);
  status = measure_deck(team, deck, &request->effort, &speeds);
  if (status == STATUS_OK && team->rank == 0) {
    const struct bench_report report = {.deck_path = request->path,
                                        .customers = deck->n_customers,
                                        .ranks = team->size,
                                        .effort = &request->effort,
                                        .speeds = &speeds};
    (request->json ? bench_print_json : bench_print_table)(&report);
  }
  return status;
}

enum status command_bench(int argc, char **argv) {
  struct team team;
  struct request request = {.effort = {.rounds = 5, .seconds = 0.4}};
  enum status status = team_open(&team, &argc, &argv);
  if (status != STATUS_OK) {
    return status;
  }
  status = team_agree(team.rank == 0 ? read_request(argc, argv, &request) : STATUS_OK);
  if (status == STATUS_OK && team.rank != 0) {
    status = read_request(argc, argv, &request); /* which rank 0 found right */
  }
  if (status == STATUS_OK && request.help) {
    fputs(team.rank == 0 ? help_text : "", stdout);
  } else if (status == STATUS_OK) {
    struct deck *deck = array_make(1, sizeof *deck);
    status = team_agree(deck != NULL ? STATUS_OK
                                     : status_fail(STATUS_FAILED, "no memory for a deck"));
    status = status == STATUS_OK ? bench(&team, &request, deck) : status;
    array_free(deck);
  }
  team_close();
  return status;
}
