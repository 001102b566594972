/* argv in, exit code out. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/fpenv.h"
#include "base/near.h"
#include "command/command.h"
#include "model/version.h"

struct command {
  const char *name;
  enum status (*run)(int argc, char **argv);
  const char *help;
};

static const struct command commands[] = {
    {"run", command_run, "sample the paths of a deck and write their distributions"},
    {"compare", command_compare,
     "put two decks on the same paths: distributions of differences"},
    {"sensitivity", command_sensitivity, "which uncertain key moves a result, and how much"},
    {"extend", command_extend, "go on with a result, up to more paths"},
    {"merge", command_merge, "join results of disjoint paths"},
    {"check", command_check, "validate a deck and print it with every default"},
    {"explain", command_explain, "follow one path month by month"},
    {"show", command_show, "print the headline table of a result"},
    {"bench", command_bench, "measure how fast this machine samples a deck"},
};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void print_usage(FILE *out) {
  fputs("usage: tenor COMMAND [options]\n\n", out);
  for (int i = 0; i < N_COMMANDS; ++i) {
    fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].help);
  }
  fputs(
      "\ntenor COMMAND --help tells more; tenor --version prints the version.\n\n"
      "examples:\n"
      "  tenor check decks/anthropic-aws.yaml\n"
      "  tenor run decks/anthropic-aws.yaml --paths 1e6 -o out.nc\n"
      "  tenor show out.nc\n"
      "  tenor-report out.nc -o report.html\n",
      out);
}

/* What was printed must have arrived: a full disk or a closed pipe behind stdout is an error.
 */
static enum status close_output(enum status status) {
  const bool lost = fflush(stdout) != 0 || ferror(stdout) != 0;
  if (lost && status == STATUS_OK) {
    return status_fail(STATUS_IO, "standard output: %s", strerror(errno));
  }
  return status;
}

int main(int argc, char **argv) {
  if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR) { /* a file at its limit: an error of the write */
    return (int)status_fail(STATUS_FAILED, "signals: %s", strerror(errno));
  }
  if (argc < 2) {
    print_usage(stderr);
    return STATUS_USAGE;
  }
  if (strcmp(argv[1], "--version") == 0) {
    printf("tenor %s, model %s\n", TENOR_VERSION, MODEL_VERSION);
    return (int)close_output(STATUS_OK);
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    print_usage(stdout);
    return (int)close_output(STATUS_OK);
  }
  if (fpenv_set() != STATUS_OK) {
    return STATUS_FAILED;
  }
  for (int i = 0; i < N_COMMANDS; ++i) {
    if (strcmp(argv[1], commands[i].name) == 0) {
      return (int)close_output(commands[i].run(argc - 1, argv + 1));
    }
  }
  const char *near = NULL;
  for (int i = 0; i < N_COMMANDS; ++i) {
    near = near_word(argv[1], commands[i].name, near);
  }
  if (near != NULL) {
    return (int)status_fail(STATUS_USAGE, "unknown command `%s`; did you mean `%s`?", argv[1],
                            near);
  }
  print_usage(stderr);
  return (int)status_fail(STATUS_USAGE, "unknown command `%s`", argv[1]);
}
