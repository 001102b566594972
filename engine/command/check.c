#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "campaign/plan.h"
#include "campaign/worker.h"
#include "command/command.h"
#include "edge/deck_file.h"
#include "edge/json.h"
#include "edge/options.h"
#include "edge/progress.h"
#include "edge/schema.h"

static const char help_text[] =
    "usage: tenor check DECK [--set KEY=VALUE]...\n"
    "       tenor check --keys [--json]\n\n"
    "Validates a deck, prints it with every default and unit, and says on stderr what a run of "
    "it takes.\n\n"
    "  --set KEY=VALUE  change one key of the deck; may be repeated\n"
    "  --keys           the reference of all keys, as a Markdown table\n"
    "  --json           the same as JSON\n";

/* ---- the reference of keys */

static void name_key(const struct key *key, char *name, size_t size) {
  const char *owner = key->group == GROUP_TRANCHE ? "customers[].tranches[]." : "";
  if (key->group == GROUP_SECTION) {
    snprintf(name, size, "%s%s%s", key->section, key->section[0] != '\0' ? "." : "", key->name);
  } else if (key->group == GROUP_TRANCHE) {
    snprintf(name, size, "%s%s", owner, key->name);
  } else {
    snprintf(name, size, "%s[].%s", key->section, key->name);
  }
}

static const char *name_unit(const struct key *key) {
  switch (key->kind) {
    case KIND_COUNT: return "whole number";
    case KIND_FLAG: return "true or false";
    case KIND_TEXT: return "text";
    case KIND_DATE: return "date";
    case KIND_CHOICE: return "";
    case KIND_NUMBER: return "1";
    default: return units_canonical(key->kind);
  }
}

static const char *name_shape(enum shape shape) {
  static const char *const names[] = {"", "by regime", "by year", "3 x 3", "5 x 5"};
  return names[shape];
}

static void name_range(const struct key *key, char *range, size_t size) {
  char high[40] = "unlimited";
  if (key->kind == KIND_TEXT || key->kind == KIND_DATE || key->kind == KIND_FLAG ||
      key->kind == KIND_CHOICE) {
    range[0] = '\0';
    return;
  }
  if (key->high < 1e30) {
    snprintf(high, sizeof high, "%.15g", key->high);
  }
  snprintf(range, size, "%s%.15g, %s%s", key->range == RANGE_CLOSED ? "[" : "(", key->low, high,
           key->range == RANGE_OPEN ? ")" : "]");
}

static void print_choices(const char *choices) {
  for (const char *c = choices; *c != '\0'; ++c) {
    fputs(*c == '|' ? " or " : (char[2]){*c, '\0'}, stdout);
  }
}

static void print_keys(void) {
  puts("| key | unit | values | range | meaning |\n|---|---|---|---|---|");
  for (int i = 0; i < schema_size; ++i) {
    const struct key *key = &schema[i];
    char name[128], range[96];
    name_key(key, name, sizeof name);
    name_range(key, range, sizeof range);
    printf("| `%s` | ", name);
    if (key->choices != NULL) {
      print_choices(key->choices);
    }
    printf("%s | %s | %s | %s |\n", name_unit(key), name_shape(key->shape), range, key->doc);
  }
}

static void print_keys_json(void) {
  fputs("[", stdout);
  for (int i = 0; i < schema_size; ++i) {
    const struct key *key = &schema[i];
    const char *const words[] = {"key", "unit", "values", "range", "choices", "doc"};
    char name[128], range[96];
    name_key(key, name, sizeof name);
    name_range(key, range, sizeof range);
    const char *const texts[] = {name,
                                 name_unit(key),
                                 name_shape(key->shape),
                                 range,
                                 key->choices != NULL ? key->choices : "",
                                 key->doc};
    fputs(i > 0 ? ",\n {" : "\n {", stdout);
    for (int j = 0; j < 6; ++j) {
      fputs(j > 0 ? ", " : "", stdout);
      json_text(stdout, words[j]);
      fputs(": ", stdout);
      json_text(stdout, texts[j]);
    }
    fputs("}", stdout);
  }
  puts("\n]");
}

/* ---- what a run takes */

/* Seconds that one block takes here, measured on the second of two. */
static double time_block(struct worker *worker, const struct job *job, struct tally *tally) {
  double seconds = 0.0;
  for (int64_t i = 0; i < 2; ++i) {
    const double start = progress_clock();
    worker_block(worker, job, i, (struct block_part){BLOCK_PATHS, 0});
    gather_deposit(&worker->gathers[TALLY_SAMPLE], tally, 0, job->layout->n_columns);
    gather_empty(&worker->gathers[TALLY_SAMPLE]);
    seconds = progress_clock() - start;
  }
  return seconds;
}

static void print_estimate(const struct state *state, int64_t n_paths, double seconds) {
  const double rate = BLOCK_PATHS / seconds;
  const struct tally *tally = &state->tallies[TALLY_SAMPLE];
  fprintf(stderr,
          "tenor: the deck is valid. A rank takes about %.0f MB and %.0f MB more for each "
          "thread; a core here computes about %.0f paths/s, so %.0f paths take about %.2g core "
          "seconds.\n",
          8e-6 * (double)tally->n_words, 1e-6 * (double)gather_bytes(tally), rate,
          (double)n_paths, (double)n_paths / rate);
}

static enum status estimate(const struct deck *deck) {
  struct layout layout;
  struct state state = {0};
  struct worker worker = {.sheets = NULL};
  int64_t n_paths = 0;
  layout_make(&layout, deck);
  struct constants *constants = array_make(1, sizeof *constants);
  double *centre = array_make((size_t)layout.n_columns, sizeof *centre);
  const struct job job = {.kernel = kernel_pick(),
                          .sides = {{deck, constants}},
                          .n_sides = 1,
                          .layout = &layout,
                          .sampling = plan_sampling(&deck->sampling, &n_paths)};
  enum status status = job.kernel == NULL ? STATUS_USAGE
                       : constants == NULL || centre == NULL
                           ? status_fail(STATUS_FAILED, "no memory for a block of paths")
                           : STATUS_OK;
  if (status == STATUS_OK) {
    constants_make(constants, deck);
    status = state_make(&state, &layout, 1, plan_clustered(deck, job.sampling),
                        (const double *const[]){centre}, 0);
  }
  if (status == STATUS_OK) {
    status = worker_make(&worker, &job) && worker_gather(&worker, &job, &state)
                 ? STATUS_OK
                 : status_fail(STATUS_FAILED, "no memory for a block of paths");
  }
  if (status == STATUS_OK) {
    print_estimate(&state, n_paths, time_block(&worker, &job, &state.tallies[TALLY_SAMPLE]));
  }
  worker_drop(&worker);
  worker_free(&worker);
  state_free(&state);
  array_free(constants);
  array_free(centre);
  return status;
}

static enum status check(const char *path, const char *const *assignments, int n) {
  struct deck *deck = array_make(1, sizeof *deck);
  char *resolved = NULL;
  if (deck == NULL) {
    return status_fail(STATUS_FAILED, "no memory for a deck");
  }
  enum status status = deck_read(path, assignments, n, deck, &resolved);
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
    status = estimate(deck);
  }
  free(resolved);
  array_free(deck);
  return status;
}

enum status command_check(int argc, char **argv) {
  static const struct option options[] = {{"set", required_argument, NULL, 's'},
                                          {"keys", no_argument, NULL, 'k'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  const char *assignments[MAX_ASSIGNMENTS];
  bool keys = false, json = false;
  int n = 0, letter = 0;
  opterr = 0;
  while ((letter = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
    switch (letter) {
      case 's':
        if (n == MAX_ASSIGNMENTS) {
          return status_fail(STATUS_USAGE, "too many assignments at `%s`", optarg);
        }
        assignments[n++] = optarg;
        break;
      case 'k': keys = true; break;
      case 'j': json = true; break;
      case 'h': fputs(help_text, stdout); return STATUS_OK;
      default:
        return status_fail(STATUS_USAGE, "%s `%s` (tenor check --help)",
                           letter == ':' ? "a value is wanted after" : "unknown option",
                           argv[optind - 1]);
    }
  }
  if (keys) {
    (json ? print_keys_json : print_keys)();
    return STATUS_OK;
  }
  if (argc - optind != 1) {
    return status_fail(STATUS_USAGE, "wanted one deck (tenor check --help)");
  }
  return check(argv[optind], assignments, n);
}
