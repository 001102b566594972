/* The command line of run, compare or extend, a word a line. */
#include "edge/options.h"

#include <stdlib.h>
#include <string.h>

#include "harness.h"

const char fuzz_target[] = "options";

enum { MOST_WORDS = 200 };

static void check(const struct run_options *options) {
  FUZZ_CLAIM(options->n_decks >= 0 && options->n_assignments >= 0 &&
             options->n_assignments <= MAX_ASSIGNMENTS &&
             options->n_second <= MAX_ASSIGNMENTS && options->n_until <= MAX_TARGETS);
  FUZZ_CLAIM(options->threads >= 0 && options->threads <= 4096);
  FUZZ_CLAIM(options->n_shards == 0 ||
             (options->shard >= 1 && options->shard <= options->n_shards));
  FUZZ_CLAIM(options->max_seconds >= 0 && options->checkpoint_every > 0);
  FUZZ_CLAIM(options->dump_paths >= 0 && options->dump_share >= 0 && options->dump_share <= 1);
  size_t letters = 0; /* each text is one that can be read to its end */
  for (int i = 0; i < options->n_assignments; ++i) {
    letters += strlen(options->assignments[i]);
  }
  for (int i = 0; i < options->n_until; ++i) {
    letters += strlen(options->until[i]);
  }
  for (int i = 0; i < options->n_decks; ++i) {
    letters += strlen(options->decks[i]);
  }
  FUZZ_CLAIM(letters < SIZE_MAX / 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const enum taker takers[] = {TAKER_RUN, TAKER_COMPARE, TAKER_EXTEND};
  struct run_options options;
  char command[] = "run", *argv[MOST_WORDS + 2] = {command};
  char *text = fuzz_text(data, size), *rest = text;
  int argc = 1;
  bool help = false;
  fuzz_listen();
  for (char *word = NULL; argc <= MOST_WORDS && (word = fuzz_line(&rest)) != NULL;) {
    argv[argc++] = word;
  }
  const struct guide guide = {takers[size % 3], "usage", "examples"};
  const enum status status = options_run(argc, argv, true, &guide, &options, &help);
  const size_t said = fuzz_heard();
  FUZZ_CLAIM(status == STATUS_OK || (status == STATUS_USAGE && said > 0));
  FUZZ_CLAIM(!help || said > 0);
  if (status == STATUS_OK && !help) {
    check(&options);
  }
  free(text);
  return 0;
}
