/* tenor explain: the ledger of one path. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "campaign/plan.h"
#include "command/command.h"
#include "edge/deck_file.h"
#include "edge/options.h"
#include "model/ledger.h"
#include "model/uncertain.h"
#include "stats/quantity.h"

static const char help_text[] =
    "usage: tenor explain DECK --path N [options]\n"
    "       tenor explain DECK --path lowest|median|highest|worst --by "
    "METRIC[@NAME][:YEAR] [options]\n"
    "       tenor explain --entries\n\n"
    "Follows one path month by month, exactly as a run samples it, so that each figure can be\n"
    "recomputed by hand.\n\n"
    "  --path N         number of the path, from 0; or the one with the lowest, the median or "
    "the\n"
    "                   highest value of a metric among the first --paths paths; worst: what "
    "is "
    "bad for\n"
    "                   the provider, the lowest npv but the highest ecl\n"
    "  --by METRIC      metric of the result (npv, ecl, ...); METRIC:5 is its value after year "
    "5,\n"
    "                   METRIC@NAME that of one customer, constraint or regime of several\n"
    "  --paths N        how many paths are searched (default: the deck's)\n"
    "  --seed S         seed of the draws\n"
    "  --set KEY=VALUE  change one key of the deck; may be repeated\n"
    "  --entries        what the columns of --csv are, as a Markdown table\n"
    "  --csv            every entry, as comma-separated values with a header\n"
    "  -h, --help       this text\n\n"
    "examples:\n"
    "  tenor explain decks/anthropic-aws.yaml --path 0\n"
    "  tenor explain decks/anthropic-aws.yaml --path worst --by npv --paths 1e4\n"
    "  tenor explain decks/anthropic-aws.yaml --path median --by backlog:5 --csv >path.csv\n";

struct request {
  const char *deck_path, *path, *by;
  const char *assignments[MAX_ASSIGNMENTS];
  char paths[64], seed[64];
  int n_assignments;
  bool csv;
};

/* ---- which path */

struct found {
  double value;
  int64_t path;
};

static int compare_found(const void *a, const void *b) {
  const struct found *x = a, *y = b;
  if (x->value != y->value) {
    return x->value < y->value ? -1 : 1;
  }
  return x->path < y->path ? -1 : x->path > y->path; /* the first of equals */
}

/* METRIC[@NAME][:YEAR] -> a column. */
static enum status find_column(const char *by, const struct deck *deck,
                               const struct layout *layout, enum metric_id *metric,
                               int64_t *column) {
  char name[MAX_NAME], wanted[MAX_NAME] = "";
  const size_t length = strcspn(by, "@:");
  const char *at = by[length] == '@' ? by + length + 1 : NULL;
  const char *colon = strchr(by, ':');
  snprintf(name, sizeof name, "%.*s", (int)length, by);
  if (at != NULL) {
    snprintf(wanted, sizeof wanted, "%.*s", (int)strcspn(at, ":"), at);
  }
  if (quantity_metric(metric, "--by", by, name) != STATUS_OK) {
    return STATUS_USAGE;
  }
  int64_t item = 0;
  if (quantity_item(&item, "--by", by, *metric, '@', at != NULL ? wanted : NULL, deck,
                    layout) != STATUS_OK) {
    return STATUS_USAGE;
  }
  const enum axis axis = metrics[*metric].axis;
  const int64_t last = layout->dates[*metric] - 1;
  const int64_t per_year = axis == AXIS_QUARTER ? 4 : axis == AXIS_MONTH ? 12 : 1;
  int64_t date = last;
  if (colon != NULL) {
    uint64_t year = 0;
    if (axis == AXIS_TERMINAL || !options_whole(colon + 1, &year) || year < 1 ||
        year > (uint64_t)((last + per_year) / per_year)) {
      return status_fail(STATUS_USAGE, "--by %s: no such year of that metric", by);
    }
    const int64_t end = (int64_t)year * per_year - 1;
    date = end < last ? end : last;
  }
  *column = layout_column(layout, *metric, item, date);
  return STATUS_OK;
}

/* Values of one column on all paths. */
static enum status search(const struct kernel *kernel, const struct deck *deck,
                          struct variant *variant, const struct layout *layout, int64_t column,
                          struct found *all) {
  int64_t n_paths = 0;
  const struct sampling sampling = plan_sampling(&deck->sampling, &n_paths);
  const struct plan plan = plan_make(n_paths);
  struct workspace *w = workspace_make(deck);
  double *columns = array_make((size_t)layout->n_columns, BLOCK_PATHS * sizeof(double));
  const bool ready = w != NULL && columns != NULL;
  for (int64_t block = plan.first_block; ready && block < plan.end_block; ++block) {
    variant_draw(variant, deck, sampling.seed, block);
    kernel_block(kernel, w, &variant->deck, &variant->constants, &sampling, block * BLOCK_PATHS,
                 layout, columns);
    for (int64_t i = 0; i < plan_block_paths(&plan, block); ++i) {
      const int64_t path = block * BLOCK_PATHS + i;
      all[path] = (struct found){columns[column * BLOCK_PATHS + i], path};
    }
  }
  array_free(columns);
  workspace_free(w);
  return ready ? STATUS_OK : status_fail(STATUS_FAILED, "no memory for a block of paths");
}

static enum status pick_path(const struct request *request, const struct kernel *kernel,
                             const struct deck *deck, struct variant *variant, int64_t *path) {
  uint64_t number = 0;
  const bool worst = strcmp(request->path, "worst") == 0;
  const bool low = strcmp(request->path, "lowest") == 0;
  const bool high = strcmp(request->path, "highest") == 0;
  if (!worst && !low && !high && strcmp(request->path, "median") != 0) {
    if (!options_whole(request->path, &number) || number >= INT64_C(1) << 40) {
      return status_fail(STATUS_USAGE,
                         "--path wants a number from 0, lowest, median, highest or worst, not "
                         "`%s`",
                         request->path);
    }
    *path = (int64_t)number;
    return STATUS_OK;
  }
  if (request->by == NULL) {
    return status_fail(STATUS_USAGE, "--path %s wants --by METRIC", request->path);
  }
  struct layout layout;
  enum metric_id metric;
  int64_t column = 0;
  int64_t n = 0;
  (void)plan_sampling(&deck->sampling, &n);
  layout_make(&layout, deck);
  if (find_column(request->by, deck, &layout, &metric, &column) != STATUS_OK) {
    return STATUS_USAGE;
  }
  if (worst && metrics[metric].sense == SENSE_PLAIN) {
    return status_fail(STATUS_USAGE,
                       "--path worst: neither end of %s is the bad one; say lowest or highest",
                       metrics[metric].name);
  }
  struct found *all = array_make((size_t)n, sizeof *all);
  if (all == NULL) {
    return status_fail(STATUS_FAILED, "no memory for %lld paths", (long long)n);
  }
  const enum status status = search(kernel, deck, variant, &layout, column, all);
  if (status == STATUS_OK) {
    qsort(all, (size_t)n, sizeof *all, compare_found);
    const bool lowest = low || (worst && metrics[metric].sense == SENSE_GAIN);
    const struct found *found =
        lowest ? &all[0] : (high || worst ? &all[n - 1] : &all[(n - 1) / 2]);
    *path = found->path;
    status_tell("path %lld has the %s %s of %lld paths: %.10g", (long long)found->path,
                lowest ? "lowest" : (high || worst ? "highest" : "median"), request->by,
                (long long)n, found->value);
  }
  array_free(all);
  return status;
}

/* ---- what is printed */

static double *row_of(double *values, const struct deck *deck, int64_t m, int64_t c) {
  return values + (m * deck->n_customers + c) * N_LEDGER;
}

/* A cell of a table of commas; a name may hold one, or a quotation mark. */
static void print_cell(const char *metric, const char *name) {
  printf(",\"%s:", metric);
  for (const char *c = name; *c != '\0'; ++c) {
    fputs(*c == '"' ? "\"\"" : (char[2]){*c, '\0'}, stdout);
  }
  putchar('"');
}

static void print_csv(const struct deck *deck, double *values) {
  printf("month");
  for (int e = 0; e < N_LEDGER; ++e) {
    for (int64_t c = 0; c < (ledger_entries[e].of_customer ? deck->n_customers : 1); ++c) {
      const char *name = deck->customers[c].name;
      if (ledger_entries[e].of_customer && strpbrk(name, ",\"") != NULL) {
        print_cell(ledger_entries[e].name, name);
      } else {
        printf(ledger_entries[e].of_customer ? ",%s:%s" : ",%s", ledger_entries[e].name, name);
      }
    }
  }
  putchar('\n');
  for (int64_t m = 0; m < deck->time.horizon; ++m) {
    printf("%lld", (long long)m + 1);
    for (int e = 0; e < N_LEDGER; ++e) {
      for (int64_t c = 0; c < (ledger_entries[e].of_customer ? deck->n_customers : 1); ++c) {
        printf(",%.17g", row_of(values, deck, m, c)[e]);
      }
    }
    putchar('\n');
  }
}

static void print_entries(void) {
  puts("| entry | of | unit | what |\n|---|---|---|---|");
  for (int e = 0; e < N_LEDGER; ++e) {
    const struct ledger_entry *entry = &ledger_entries[e];
    printf("| `%s` | %s, %s | %s | %s |\n", entry->name,
           entry->of_customer ? "customer" : "all",
           entry->kind == LEDGER_STOCK ? "after the month" : "of the month", entry->unit,
           entry->long_name);
  }
}

static const char *code_name(double code) {
  const int k = (int)code;
  return k >= 0 && k < N_CONSTRAINTS ? constraint_names[k] : "?";
}

static void print_customer(const struct deck *deck, double *values, int64_t c) {
  printf("%s, billion USD unless noted\n", deck->customers[c].name);
  printf("%5s %-7s %-12s %6s %6s %6s %6s | %8s %7s %7s %7s %7s %7s %7s %8s | %7s %7s %7s %8s\n",
         "month", "regime", "binds", "cap GW", "want", "used", "price", "opening", "+book",
         "-gross", "+beyond", "-cut", "-w.off", "-lapsed", "closing", "bill", "t-o-p", "invest",
         "cash");
  double opening = deck->customers[c].commitment;
  for (int64_t m = 0; m < deck->time.horizon; ++m) {
    const double *all = row_of(values, deck, m, 0), *own = row_of(values, deck, m, c);
    printf(
        "%5lld %-7s %-12s %6.3f %6.3f %6.3f %6.3f | %8.3f %7.3f %7.3f %7.3f %7.3f %7.3f %7.3f "
        "%8.3f | %7.3f %7.3f %7.3f %8.2f\n",
        (long long)m + 1, regime_names[(int)all[LEDGER_regime]],
        code_name(own[LEDGER_customer_binding]), all[LEDGER_capacity], own[LEDGER_wanted],
        own[LEDGER_capacity_used], own[LEDGER_contract_price], opening, own[LEDGER_bookings],
        own[LEDGER_gross], own[LEDGER_beyond], own[LEDGER_cut], own[LEDGER_written_off],
        own[LEDGER_lapsed], own[LEDGER_backlog], own[LEDGER_billed], own[LEDGER_shortfall],
        own[LEDGER_invested], own[LEDGER_cash]);
    opening = own[LEDGER_backlog];
  }
  putchar('\n');
}

/* What the path's block of paths drew for the uncertain keys. */
static void print_drawn(FILE *out, const struct deck *deck, int64_t block) {
  double u[MAX_UNCERTAIN];
  uncertain_uniforms(deck, deck->sampling.seed, block, u);
  if (deck->n_uncertain > 0) {
    fprintf(out, "uncertain keys as block %lld of %d paths drew them:\n", (long long)block,
            BLOCK_PATHS);
  }
  for (int64_t i = 0; i < deck->n_uncertain; ++i) {
    const struct uncertain *item = &deck->uncertain[i];
    fprintf(out, "  %s %s %.10g%s%s\n", item->name, item->scale ? "x" : "=",
            law_quantile(&item->law, u[i]), item->unit[0] != '\0' ? " " : "", item->unit);
  }
  fputs(deck->n_uncertain > 0 ? "\n" : "", out);
}

static void print_table(const struct deck *deck, double *values, int64_t path) {
  printf("path %lld of seed %llu\n\n", (long long)path,
         (unsigned long long)deck->sampling.seed);
  print_drawn(stdout, deck, path / BLOCK_PATHS);
  for (int64_t c = 0; c < deck->n_customers; ++c) {
    print_customer(deck, values, c);
  }
}

static enum status print_path(const struct request *request, const struct deck *deck) {
  const struct kernel *kernel = kernel_pick();
  struct variant *variant = array_make(1, sizeof *variant);
  double *values =
      array_make((size_t)(deck->time.horizon * deck->n_customers), N_LEDGER * sizeof(double));
  int64_t n_paths = 0;
  const struct sampling sampling = plan_sampling(&deck->sampling, &n_paths);
  enum status status = STATUS_OK;
  int64_t path = 0;
  if (kernel == NULL) {
    status = STATUS_USAGE;
  } else if (variant == NULL || values == NULL) {
    status = status_fail(STATUS_FAILED, "no memory for a ledger");
  } else {
    status = pick_path(request, kernel, deck, variant, &path);
  }
  if (status == STATUS_OK) {
    variant_draw(variant, deck, sampling.seed, path / BLOCK_PATHS);
    status = ledger_make(kernel, &variant->deck, &variant->constants, &sampling, path, values);
  }
  if (status == STATUS_OK && request->csv) {
    print_drawn(stderr, deck, path / BLOCK_PATHS);
    print_csv(deck, values);
  } else if (status == STATUS_OK) {
    print_table(&variant->deck, values, path);
  }
  array_free(values);
  array_free(variant);
  return status;
}

/* ---- the command line */

/* A whole number becomes the assignment "sampling.KEY=NUMBER". */
static enum status assign(struct request *request, const char *key, const char *text,
                          char *room, size_t size) {
  uint64_t value = 0;
  if (!options_whole(text, &value)) {
    return status_fail(STATUS_USAGE, "--%s wants a whole number, not `%s`", key, text);
  }
  snprintf(room, size, "sampling.%s=%llu", key, (unsigned long long)value);
  request->assignments[request->n_assignments++] = room;
  return STATUS_OK;
}

static enum status take(struct request *request, int letter, const char *word) {
  if (request->n_assignments == MAX_ASSIGNMENTS && strchr("snr", letter) != NULL) {
    return status_fail(STATUS_USAGE, "too many assignments");
  }
  switch (letter) {
    case 'p': request->path = optarg; return STATUS_OK;
    case 'b': request->by = optarg; return STATUS_OK;
    case 's': request->assignments[request->n_assignments++] = optarg; return STATUS_OK;
    case 'n': return assign(request, "paths", optarg, request->paths, sizeof request->paths);
    case 'r': return assign(request, "seed", optarg, request->seed, sizeof request->seed);
    case 'c': request->csv = true; return STATUS_OK;
    default:
      return status_fail(STATUS_USAGE, "%s `%s` (tenor explain --help)",
                         letter == ':' ? "a value is wanted after" : "unknown option", word);
  }
}

enum status command_explain(int argc, char **argv) {
  static const struct option options[] = {{"path", required_argument, NULL, 'p'},
                                          {"by", required_argument, NULL, 'b'},
                                          {"set", required_argument, NULL, 's'},
                                          {"paths", required_argument, NULL, 'n'},
                                          {"seed", required_argument, NULL, 'r'},
                                          {"csv", no_argument, NULL, 'c'},
                                          {"entries", no_argument, NULL, 'e'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  struct request request = {.csv = false};
  enum status status = STATUS_OK;
  int letter = 0;
  opterr = 0;
  while (status == STATUS_OK && (letter = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
    if (letter == 'h') {
      fputs(help_text, stdout);
      return STATUS_OK;
    }
    if (letter == 'e') {
      print_entries();
      return STATUS_OK;
    }
    status = take(&request, letter, argv[optind - 1]);
  }
  if (status == STATUS_OK && (argc - optind != 1 || request.path == NULL)) {
    status = status_fail(STATUS_USAGE, "wanted one deck and --path (tenor explain --help)");
  }
  if (status != STATUS_OK) {
    return status;
  }
  struct deck *deck = array_make(1, sizeof *deck);
  if (deck == NULL) {
    return status_fail(STATUS_FAILED, "no memory for a deck");
  }
  status = deck_read(argv[optind], request.assignments, request.n_assignments, deck, NULL);
  if (status == STATUS_OK) {
    status = print_path(&request, deck);
  }
  array_free(deck);
  return status;
}
