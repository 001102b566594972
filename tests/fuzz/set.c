/* Assignments of --set, a line each, to a deck: a small one without most of what a deck needs,
   or the whole one if the first line is `+`. What is taken must read back from the canonical
   text. */
#include <stdlib.h>
#include <string.h>

#include "edge/deck_file.h"
#include "edge/options.h"
#include "harness.h"

const char fuzz_target[] = "set";

static const char small[] =
    "generations:\n  - name: T3.1\nsites:\n  - name: S\n  - name: S.2\n"
    "customers:\n  - name: A\n    tranches:\n      - amount: 1 billion USD\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct deck deck, again;
  static const char *decks[2];
  const char *assignments[MAX_ASSIGNMENTS];
  char *resolved = NULL, *text = fuzz_text(data, size), *rest = text;
  int n = 0;
  fuzz_listen();
  if (decks[0] == NULL) {
    size_t length = 0;
    char *bytes = fuzz_source("tests/fuzz/base.yaml", &length);
    decks[0] = fuzz_file("small.yaml", small, sizeof small - 1);
    decks[1] = fuzz_file("base.yaml", bytes, length);
    free(bytes);
  }
  const bool whole = strncmp(text, "+\n", 2) == 0;
  rest += whole ? 2 : 0;
  for (char *line = NULL; n < MAX_ASSIGNMENTS && (line = fuzz_line(&rest)) != NULL;) {
    assignments[n++] = line;
  }
  const enum status status = deck_read(decks[whole], assignments, n, &deck, &resolved);
  FUZZ_CLAIM(status == STATUS_OK || status == STATUS_USAGE);
  const size_t said = fuzz_heard();
  FUZZ_CLAIM(status == STATUS_OK || said > 0);
  if (status == STATUS_OK) {
    FUZZ_CLAIM(deck_read_text(resolved, deck.name, "again", &again) == STATUS_OK);
    again.sampling = deck.sampling; /* not part of the text */
    FUZZ_CLAIM(memcmp(&again, &deck, sizeof again) == 0);
  }
  (void)fuzz_heard();
  free(resolved);
  free(text);
  return 0;
}
