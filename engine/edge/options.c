#include "edge/options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct option_row {
  const char *name;
  int letter;      /* what getopt returns; a character if there is a short form */
  unsigned takers; /* a sum of enum taker */
  const char *argument;
  const char *help;
};

enum {
  LETTER_PATHS = 256,
  LETTER_SEED,
  LETTER_SET,
  LETTER_SET_SECOND,
  LETTER_SAMPLING,
  LETTER_UNTIL,
  LETTER_MAX_TIME,
  LETTER_SHARD,
  LETTER_EXACT,
  LETTER_CHECKPOINT,
  LETTER_EVERY,
  LETTER_RESUME,
  LETTER_DUMP,
  LETTER_THREADS,
  LETTER_PROGRESS,
  LETTER_QUIET,
  LETTER_JSON,
  LETTER_FORCE
};

enum { SAMPLERS = TAKER_RUN | TAKER_COMPARE, ALL = SAMPLERS | TAKER_EXTEND };
static const struct option_row rows[] = {
    {"output", 'o', ALL, "OUT.nc", "result file; for several decks a folder"},
    {"paths", LETTER_PATHS, ALL, "N", "number of paths; 1e6 and 1_000_000 are numbers too"},
    {"seed", LETTER_SEED, SAMPLERS, "S", "seed of the draws, a whole number"},
    {"set", LETTER_SET, SAMPLERS, "KEY=VALUE", "change one key of the deck; may be repeated"},
    {"set-second", LETTER_SET_SECOND, TAKER_COMPARE, "K=V",
     "change a key of the second deck only (--set: of both)"},
    {"sampling", LETTER_SAMPLING, SAMPLERS, "METHOD",
     "philox (independent paths) or sobol (scrambled points)"},
    {"until", LETTER_UNTIL, SAMPLERS, "TARGET",
     "stop when a figure is exact enough: npv.cvar99:2% or backlog@60:0.05; may be repeated"},
    {"max-time", LETTER_MAX_TIME, ALL, "TIME", "stop sampling after 90s, 30min, 2h, 1d"},
    {"shard", LETTER_SHARD, SAMPLERS, "I/N",
     "sample the I-th of N parts only, to be joined by tenor merge"},
    {"exact-quantiles", LETTER_EXACT, ALL, NULL,
     "order statistics as by sorting, in a second pass over the paths"},
    {"checkpoint", LETTER_CHECKPOINT, SAMPLERS, "FILE",
     "keep there what is done; on SIGTERM, SIGUSR1, SIGINT and --max-time stop with exit 85"},
    {"checkpoint-every", LETTER_EVERY, SAMPLERS, "TIME",
     "how often it is written (default 5min)"},
    {"resume", LETTER_RESUME, SAMPLERS, NULL,
     "go on with what the checkpoint holds, if there is one; else start"},
    {"dump-paths", LETTER_DUMP, TAKER_RUN, "N",
     "write the first N paths (or 1%, 0.01 of all) as they are to OUT.paths.nc"},
    {"threads", LETTER_THREADS, ALL, "T",
     "threads of each rank (default: the CPUs it may use)"},
    {"progress", LETTER_PROGRESS, ALL, "MODE", "auto, plain, json or none"},
    {"quiet", LETTER_QUIET, ALL, NULL, "no table, no progress"},
    {"json", LETTER_JSON, ALL, NULL, "print the result as JSON instead of a table"},
    {"force", LETTER_FORCE, ALL, NULL, "replace an existing result"},
    {"help", 'h', ALL, NULL, "this text"},
};
static const double CHECKPOINT_EVERY = 300; /* [s] */
enum { N_ROWS = sizeof rows / sizeof rows[0] };

static void print_help(const struct guide *guide) {
  puts(guide->usage);
  for (int i = 0; i < N_ROWS; ++i) {
    char left[64];
    snprintf(left, sizeof left, "%s--%s %s",
             rows[i].letter == 'o'   ? "-o, "
             : rows[i].letter == 'h' ? "-h, "
                                     : "",
             rows[i].name, rows[i].argument != NULL ? rows[i].argument : "");
    if ((rows[i].takers & guide->taker) != 0) {
      printf("  %-24s %s\n", left, rows[i].help);
    }
  }
  printf("\nexamples:\n%s", guide->examples);
}

bool options_whole(const char *text, uint64_t *value) {
  char digits[64];
  size_t n = 0;
  for (const char *c = text; *c != '\0'; ++c) {
    if (*c == '_' && c != text) {
      continue;
    }
    if (strchr("0123456789.eE+", *c) == NULL || n + 1 == sizeof digits) {
      return false;
    }
    digits[n++] = *c;
  }
  digits[n] = '\0';
  char *end = digits;
  if (n > 0 && strspn(digits, "0123456789") == n) {
    errno = 0;
    *value = strtoull(digits, &end, 10);
    return errno == 0;
  }
  const double number = strtod(digits, &end);
  if (n == 0 || *end != '\0' || !(number >= 0.0 && number < 9007199254740992.0)) {
    return false;
  }
  *value = (uint64_t)number;
  return (double)*value == number;
}

/* `command`: whose line it is; NULL where another rank speaks. */
__attribute__((format(printf, 2, 3))) static enum status complain(const char *command,
                                                                  const char *format, ...) {
  if (command != NULL) {
    char message[512];
    va_list words;
    va_start(words, format);
    vsnprintf(message, sizeof message, format, words);
    va_end(words);
    status_fail(STATUS_USAGE, "%s (tenor %s --help lists the options)", message, command);
  }
  return STATUS_USAGE;
}

/* A whole number becomes the assignment "sampling.KEY=NUMBER". */
static enum status assign_whole(struct run_options *options, const char *key, const char *text,
                                char *room, size_t size, const char *command) {
  uint64_t value = 0;
  if (!options_whole(text, &value)) {
    return complain(command, "--%s wants a whole number, not `%s`", key, text);
  }
  if (options->n_assignments == MAX_ASSIGNMENTS) {
    return complain(command, "too many assignments at `%s`", text);
  }
  snprintf(room, size, "sampling.%s=%" PRIu64, key, value);
  options->assignments[options->n_assignments++] = room;
  return STATUS_OK;
}

bool options_time(const char *text, double *seconds) {
  static const struct {
    const char *name;
    double seconds;
  } units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
  char *end = NULL;
  const double number = strtod(text, &end);
  for (size_t i = 0; end != text && i < sizeof units / sizeof units[0]; ++i) {
    if (strcmp(end, units[i].name) == 0 && number > 0.0 && number < 1e9) {
      *seconds = number * units[i].seconds;
      return true;
    }
  }
  return false;
}

/* I/N with 1 <= I <= N. */
static bool read_shard(const char *text, struct run_options *options) {
  char first[24];
  uint64_t shard = 0, n = 0;
  const size_t length = strcspn(text, "/");
  if (text[length] == '\0' || length >= sizeof first) {
    return false;
  }
  snprintf(first, sizeof first, "%.*s", (int)length, text);
  if (!options_whole(first, &shard) || !options_whole(text + length + 1, &n) || shard < 1 ||
      shard > n || n > 1000000) {
    return false;
  }
  options->shard = (int64_t)shard;
  options->n_shards = (int64_t)n;
  return true;
}

/* A number of paths from 1 on; or a share: N%, or a number below 1. */
static bool read_dump(const char *text, struct run_options *options) {
  uint64_t whole = 0;
  char *end = NULL;
  const double number = strtod(text, &end);
  const bool percent = end != text && strcmp(end, "%") == 0;
  const double share = percent ? number / 100 : number;
  options->dump_paths = 0;
  options->dump_share = 0;
  if (options_whole(text, &whole)) {
    options->dump_paths = (int64_t)whole;
    return whole > 0 && whole <= (UINT64_C(1) << 40);
  }
  options->dump_share = share;
  return end != text && (percent || *end == '\0') && share > 0.0 &&
         (percent ? share <= 1.0 : share < 1.0);
}

static enum status take(struct run_options *options, int letter, char *text,
                        const char *command) {
  uint64_t value = 0;
  switch (letter) {
    case 'o': options->output = text; return STATUS_OK;
    case LETTER_PATHS:
      return assign_whole(options, "paths", text, options->paths, sizeof options->paths,
                          command);
    case LETTER_SEED:
      return assign_whole(options, "seed", text, options->seed, sizeof options->seed, command);
    case LETTER_SET:
      if (options->n_assignments == MAX_ASSIGNMENTS) {
        return complain(command, "too many assignments at `%s`", text);
      }
      options->assignments[options->n_assignments++] = text;
      return STATUS_OK;
    case LETTER_SET_SECOND:
      if (options->n_second == MAX_ASSIGNMENTS) {
        return complain(command, "too many assignments at `%s`", text);
      }
      options->second[options->n_second++] = text;
      return STATUS_OK;
    case LETTER_SAMPLING:
      if (strlen(text) > 40 || options->n_assignments == MAX_ASSIGNMENTS) {
        return complain(command, "--sampling wants philox or sobol, not `%.40s`", text);
      }
      snprintf(options->sampling, sizeof options->sampling, "sampling.method=%s", text);
      options->assignments[options->n_assignments++] = options->sampling;
      return STATUS_OK;
    case LETTER_UNTIL:
      if (options->n_until == MAX_TARGETS) {
        return complain(command, "at most %d targets", MAX_TARGETS);
      }
      options->until[options->n_until++] = text;
      return STATUS_OK;
    case LETTER_MAX_TIME:
      return options_time(text, &options->max_seconds)
                 ? STATUS_OK
                 : complain(command, "--max-time wants a time like 90s, 30min or 2h, not `%s`",
                            text);
    case LETTER_SHARD:
      return read_shard(text, options)
                 ? STATUS_OK
                 : complain(command, "--shard wants I/N with I from 1 to N, not `%s`", text);
    case LETTER_THREADS:
      if (!options_whole(text, &value) || value < 1 || value > 4096) {
        return complain(command, "--threads wants a whole number from 1 to 4096, not `%s`",
                        text);
      }
      options->threads = (int)value;
      return STATUS_OK;
    case LETTER_PROGRESS:
      return progress_parse(text, &options->progress)
                 ? STATUS_OK
                 : complain(command, "--progress wants auto, plain, json or none, not `%s`",
                            text);
    case LETTER_CHECKPOINT: options->checkpoint = text; return STATUS_OK;
    case LETTER_EVERY:
      return options_time(text, &options->checkpoint_every)
                 ? STATUS_OK
                 : complain(command,
                            "--checkpoint-every wants a time like 90s, 30min or 2h, not `%s`",
                            text);
    case LETTER_RESUME: options->resume = true; return STATUS_OK;
    case LETTER_DUMP:
      return read_dump(text, options)
                 ? STATUS_OK
                 : complain(
                       command,
                       "--dump-paths wants a number of paths, or a share like 1%% or 0.01, "
                       "not `%s`",
                       text);
    case LETTER_EXACT: options->exact = true; return STATUS_OK;
    case LETTER_QUIET: options->quiet = true; return STATUS_OK;
    case LETTER_JSON: options->json = true; return STATUS_OK;
    case LETTER_FORCE: options->force = true; return STATUS_OK;
    default: return STATUS_USAGE;
  }
}

static const struct option_row *find_row(int letter) {
  int i = 0;
  while (rows[i].letter != letter) { /* getopt returns letters of the table only */
    ++i;
  }
  return &rows[i];
}

enum status options_run(int argc, char **argv, bool loud, const struct guide *guide,
                        struct run_options *options, bool *help) {
  const char *command = loud ? argv[0] : NULL;
  struct option table[N_ROWS + 1] = {{0}};
  for (int i = 0; i < N_ROWS; ++i) {
    table[i] = (struct option){rows[i].name,
                               rows[i].argument != NULL ? required_argument : no_argument, NULL,
                               rows[i].letter};
  }
  *options = (struct run_options){.progress = PROGRESS_AUTO};
  *help = false;
  opterr = 0;
  optind = 0; /* begins anew, even where an earlier reading stopped inside a word */
  int letter = 0;
  while ((letter = getopt_long(argc, argv, ":ho:", table, NULL)) != -1) {
    if (letter == 'h') {
      if (loud) {
        print_help(guide);
      }
      *help = true;
      return STATUS_OK;
    }
    if (letter == '?' && optopt > 0 && optopt < LETTER_PATHS && strchr("ho", optopt) == NULL) {
      return complain(command, "unknown option `-%c`", optopt);
    }
    if (letter == '?' || letter == ':') {
      return complain(command, letter == '?' ? "unknown option `%s`" : "`%s` wants a value",
                      argv[optind - 1]);
    }
    const struct option_row *row = find_row(letter);
    if ((row->takers & guide->taker) == 0) {
      return complain(command, "--%s is of `tenor %s`, not of `tenor %s`", row->name,
                      (row->takers & TAKER_RUN) != 0 ? "run" : "compare", argv[0]);
    }
    const enum status status = take(options, letter, optarg, command);
    if (status != STATUS_OK) {
      return status;
    }
  }
  options->decks = (const char *const *)argv + optind;
  options->n_decks = argc - optind;
  if (options->n_shards > 0 && options->n_until > 0) {
    return complain(command,
                    "--shard and --until exclude each other: a target is of a whole run");
  }
  if (options->checkpoint == NULL && (options->resume || options->checkpoint_every > 0)) {
    return complain(command, "%s is of a run with --checkpoint FILE",
                    options->resume ? "--resume" : "--checkpoint-every");
  }
  if (options->checkpoint_every == 0) {
    options->checkpoint_every = CHECKPOINT_EVERY;
  }
  if (options->quiet) {
    options->progress = PROGRESS_NONE;
  }
  return STATUS_OK;
}
