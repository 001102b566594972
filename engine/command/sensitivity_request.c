#include "command/sensitivity_request.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

const char request_help[] =
    "usage: tenor sensitivity DECK [options]\n\n"
    "Over the keys that the deck gives a law (`uncertain`): by how much the mean of a metric "
    "moves\n"
    "when one key goes from the middle of its law to its 10 % and its 90 % quantile, on the "
    "same\n"
    "paths; and which share of its variance over the keys each key decides. With 20 keys it "
    "takes\n"
    "about as long as fifteen runs of as many paths.\n\n"
    "  -o, --output OUT.nc  result file (default out/DECKNAME-sensitivity.nc)\n"
    "  --metric METRIC      npv, backlog@year5, backlog@60, ecl.Anthropic; may be repeated\n"
    "                       (default npv and backlog@year5, or at the horizon)\n"
    "  --paths N            paths with every key drawn, in whole blocks of 512 (the deck's)\n"
    "  --swing-paths N      of them, the first ones with keys low and high (all)\n"
    "  --total              total-order indices too: one more walk of all paths a key\n"
    "  --seed S             seed of the draws, a whole number\n"
    "  --set KEY=VALUE      change one key of the deck; may be repeated\n"
    "  --threads T          threads of each rank (default: the CPUs it may use)\n"
    "  --progress MODE      auto, plain, json or none\n"
    "  --quiet              no table, no progress\n"
    "  --json               print the result as JSON instead of a table\n"
    "  --force              replace an existing result\n"
    "  -h, --help           this text\n\n"
    "examples:\n"
    "  tenor sensitivity deck.yaml --paths 1e5\n"
    "  tenor sensitivity deck.yaml --metric npv --metric capacity@year3 --total -o s.nc\n"
    "  tenor show s.nc\n";

static enum status take_whole(const char *option, uint64_t most, uint64_t *number) {
  return options_whole(optarg, number) && *number >= 1 && *number <= most
             ? STATUS_OK
             : status_fail(STATUS_USAGE,
                           "%s wants a whole number from 1 to %" PRIu64 ", not `%s`", option,
                           most, optarg);
}

static enum status assign(struct request *request, const char *text) {
  if (request->n_assignments == MAX_ASSIGNMENTS) {
    return status_fail(STATUS_USAGE, "too many assignments at `%s`", text);
  }
  request->assignments[request->n_assignments++] = text;
  return STATUS_OK;
}

/* A whole number becomes the assignment "sampling.KEY=NUMBER". */
static enum status assign_whole(struct request *request, const char *key, char *room,
                                size_t size) {
  uint64_t value = 0;
  if (!options_whole(optarg, &value)) {
    return status_fail(STATUS_USAGE, "--%s wants a whole number, not `%s`", key, optarg);
  }
  snprintf(room, size, "sampling.%s=%" PRIu64, key, value);
  return assign(request, room);
}

static enum status take(struct request *request, int letter, const char *word) {
  uint64_t number = 0;
  enum status status = STATUS_OK;
  switch (letter) {
    case 'o': request->output = optarg; return STATUS_OK;
    case 'm':
      if (request->n_quantities == MAX_QUANTITIES) {
        return status_fail(STATUS_USAGE, "--metric: at most %d metrics", MAX_QUANTITIES);
      }
      request->quantities[request->n_quantities++] = optarg;
      return STATUS_OK;
    case 'p': return assign_whole(request, "paths", request->paths, sizeof request->paths);
    case 'e': return assign_whole(request, "seed", request->seed, sizeof request->seed);
    case 's': return assign(request, optarg);
    case 'w':
      status = take_whole("--swing-paths", UINT64_C(1) << 40, &number);
      request->swing_paths = (int64_t)number;
      return status;
    case 't':
      status = take_whole("--threads", 4096, &number);
      request->threads = (int)number;
      return status;
    case 'g':
      return progress_parse(optarg, &request->progress)
                 ? STATUS_OK
                 : status_fail(STATUS_USAGE,
                               "--progress wants auto, plain, json or none, not `%s`", optarg);
    case 'T': request->total = true; return STATUS_OK;
    case 'q': request->quiet = true; return STATUS_OK;
    case 'j': request->json = true; return STATUS_OK;
    case 'f': request->force = true; return STATUS_OK;
    case 'h': request->help = true; return STATUS_OK;
    default:
      return status_fail(STATUS_USAGE, "%s `%s` (tenor sensitivity --help)",
                         letter == ':' ? "a value is wanted after" : "unknown option", word);
  }
}

enum status request_read(int argc, char **argv, struct request *request) {
  static const struct option options[] = {
      {"output", required_argument, NULL, 'o'},   {"metric", required_argument, NULL, 'm'},
      {"paths", required_argument, NULL, 'p'},    {"swing-paths", required_argument, NULL, 'w'},
      {"total", no_argument, NULL, 'T'},          {"seed", required_argument, NULL, 'e'},
      {"set", required_argument, NULL, 's'},      {"threads", required_argument, NULL, 't'},
      {"progress", required_argument, NULL, 'g'}, {"quiet", no_argument, NULL, 'q'},
      {"json", no_argument, NULL, 'j'},           {"force", no_argument, NULL, 'f'},
      {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0}};
  enum status status = STATUS_OK;
  int letter = 0;
  opterr = 0;
  while (status == STATUS_OK && !request->help &&
         (letter = getopt_long(argc, argv, ":ho:", options, NULL)) != -1) {
    status = take(request, letter, argv[optind - 1]);
  }
  if (status == STATUS_OK && !request->help && optind != argc - 1) {
    status = status_fail(STATUS_USAGE, "one deck is wanted (tenor sensitivity --help)");
  }
  request->path = argv[argc - 1];
  request->progress = request->quiet ? PROGRESS_NONE : request->progress;
  return status;
}
