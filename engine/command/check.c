#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "command/check_parts.h"
#include "command/command.h"
#include "edge/deck_file.h"
#include "edge/json.h"
#include "edge/options.h"

static const char help_text[] =
    "usage: tenor check DECK [--set KEY=VALUE]... [--quiet]\n"
    "       tenor check DECK --assumptions [--json]\n"
    "       tenor check DECK --diff OTHER.yaml\n"
    "       tenor check --keys [--json]\n\n"
    "Validates a deck, prints it with every default and unit, and says on stderr what a run of "
    "it takes.\n\n"
    "  --set KEY=VALUE    change one key of the deck; may be repeated\n"
    "  --assumptions      every value with its source and confidence, what is assumed first\n"
    "  --diff OTHER.yaml  print what differs in the other deck, key by key (--set: in both)\n"
    "  --keys             the reference of all keys, as a Markdown table\n"
    "  --quiet            the deck only: nothing is measured\n"
    "  --json             the assumptions as JSON; the keys as a JSON Schema, for editors\n"
    "  -h, --help         this text\n\n"
    "examples:\n"
    "  tenor check decks/anthropic-aws.yaml --set fleet.slip_multiplier=2\n"
    "  tenor check decks/anthropic-aws.yaml --assumptions | less\n"
    "  tenor check decks/anthropic-aws.yaml --diff decks/demand-winter.yaml\n"
    "  tenor check --keys --json >deck.schema.json\n";

struct request {
  const char *path, *other; /* other: NULL if not asked for */
  const char *assignments[MAX_ASSIGNMENTS];
  int n;
  bool keys, json, assumptions, quiet, help;
};

/* The deck as text that reads back to itself, with what is not part of its identity. */
static enum status print_deck(const struct deck *deck, const struct deck_store *store,
                              bool quiet) {
  char *resolved = NULL;
  enum status status = deck_resolve(store, &resolved);
  if (status == STATUS_OK) {
    if (strncmp(resolved, "name:", 5) != 0) {
      fputs("name: {value: ", stdout);
      json_text(stdout, deck->name); /* which YAML reads too */
      puts("}");
    }
    printf("sampling: {paths: %lld, seed: %llu", (long long)deck->sampling.paths,
           (unsigned long long)deck->sampling.seed);
    if (deck->sampling.method == SAMPLING_SOBOL) {
      printf(", method: sobol, replicates: %lld", (long long)deck->sampling.replicates);
    }
    printf("}\n%s", resolved);
    fflush(stdout); /* what follows goes to stderr; what fails here is seen at the end */
    status = quiet ? STATUS_OK : check_estimate(deck, resolved);
  }
  free(resolved);
  return status;
}

static enum status compare(const struct request *request, const struct deck_store *store) {
  struct deck_store other = {.entries = NULL};
  struct deck *deck = array_make(1, sizeof *deck);
  enum status status =
      deck != NULL ? deck_open(request->other, request->assignments, request->n, deck, &other)
                   : status_fail(STATUS_FAILED, "no memory for a deck");
  if (status == STATUS_OK) {
    status = check_print_difference(store, request->path, &other, request->other);
  }
  store_free(&other);
  array_free(deck);
  return status;
}

static enum status check(const struct request *request) {
  struct deck_store store = {.entries = NULL};
  struct deck *deck = array_make(1, sizeof *deck);
  if (deck == NULL) {
    return status_fail(STATUS_FAILED, "no memory for a deck");
  }
  enum status status = deck_open(request->path, request->assignments, request->n, deck, &store);
  if (status == STATUS_OK && request->other != NULL) {
    status = compare(request, &store);
  } else if (status == STATUS_OK && request->assumptions) {
    status = check_print_assumptions(&store, request->json);
  } else if (status == STATUS_OK) {
    status = print_deck(deck, &store, request->quiet);
  }
  store_free(&store);
  array_free(deck);
  return status;
}

static enum status take(struct request *request, int letter, const char *word) {
  switch (letter) {
    case 's':
      if (request->n == MAX_ASSIGNMENTS) {
        return status_fail(STATUS_USAGE, "too many assignments at `%s`", optarg);
      }
      request->assignments[request->n++] = optarg;
      return STATUS_OK;
    case 'd': request->other = optarg; return STATUS_OK;
    case 'a': request->assumptions = true; return STATUS_OK;
    case 'k': request->keys = true; return STATUS_OK;
    case 'j': request->json = true; return STATUS_OK;
    case 'q': request->quiet = true; return STATUS_OK;
    case 'h': request->help = true; return STATUS_OK;
    default:
      return status_fail(STATUS_USAGE, "%s `%s` (tenor check --help)",
                         letter == ':' ? "a value is wanted after" : "unknown option", word);
  }
}

static enum status refuse(const struct request *request, int n_words) {
  if (request->keys && (n_words > 0 || request->assumptions || request->other != NULL)) {
    return status_fail(STATUS_USAGE, "--keys is about no deck (tenor check --help)");
  }
  if (!request->keys && n_words != 1) {
    return status_fail(STATUS_USAGE, "wanted one deck (tenor check --help)");
  }
  if (request->assumptions && request->other != NULL) {
    return status_fail(STATUS_USAGE, "--assumptions or --diff, not both (tenor check --help)");
  }
  if (request->json && !request->keys && !request->assumptions) {
    return status_fail(STATUS_USAGE,
                       "--json goes with --keys or --assumptions (tenor check --help)");
  }
  return STATUS_OK;
}

enum status command_check(int argc, char **argv) {
  static const struct option options[] = {
      {"set", required_argument, NULL, 's'},   {"diff", required_argument, NULL, 'd'},
      {"assumptions", no_argument, NULL, 'a'}, {"keys", no_argument, NULL, 'k'},
      {"json", no_argument, NULL, 'j'},        {"quiet", no_argument, NULL, 'q'},
      {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0}};
  struct request request = {.n = 0};
  enum status status = STATUS_OK;
  int letter = 0;
  opterr = 0;
  while (status == STATUS_OK && (letter = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
    status = take(&request, letter, argv[optind - 1]);
  }
  if (status == STATUS_OK && request.help) {
    fputs(help_text, stdout);
    return STATUS_OK;
  }
  if (status == STATUS_OK) {
    status = refuse(&request, argc - optind);
  }
  if (status != STATUS_OK) {
    return status;
  }
  if (request.keys) {
    (request.json ? check_print_schema : check_print_keys)();
    return STATUS_OK;
  }
  request.path = argv[optind];
  return check(&request);
}
