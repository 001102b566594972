/* The deck reader: YAML, includes, units, laws, checks, and the canonical text. The input is a
   deck; what follows a line `%%%` is second.yaml, and after another one third.yaml, which it
   may include, as it may base.yaml, a whole deck. A deck that is taken must read back from its
   canonical text. */
#include <stdlib.h>
#include <string.h>

#include "edge/deck_file.h"
#include "harness.h"

const char fuzz_target[] = "deck";

/* Writes the parts of the input; the first one is the deck whose path is returned. */
static const char *write_parts(const uint8_t *data, size_t size) {
  static const char *const names[] = {"deck.yaml", "second.yaml", "third.yaml"};
  static const char mark[] = "\n%%%\n";
  const char *first = NULL;
  for (int i = 0; i < 3; ++i) {
    const uint8_t *end =
        i < 2 && data != NULL ? memmem(data, size, mark, sizeof mark - 1) : NULL;
    const size_t length = end != NULL ? (size_t)(end - data) + 1 : size;
    const char *path = fuzz_file(names[i], data, length);
    first = i == 0 ? path : first;
    size = end != NULL ? size - length - (sizeof mark - 2) : 0;
    data = end != NULL ? end + sizeof mark - 1 : NULL;
  }
  return first;
}

static void read_back(const struct deck *deck, const char *text) {
  static struct deck again;
  FUZZ_CLAIM(deck_read_text(text, deck->name, "again", &again) == STATUS_OK);
  again.sampling = deck->sampling; /* not part of the text */
  FUZZ_CLAIM(memcmp(&again, deck, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct deck deck;
  static const char *base;
  char *text = NULL;
  fuzz_listen();
  if (base == NULL) {
    size_t length = 0;
    char *bytes = fuzz_source("tests/fuzz/base.yaml", &length);
    base = fuzz_file("base.yaml", bytes, length);
    free(bytes);
  }
  const char *path = write_parts(size > 0 ? data : (const uint8_t *)"", size);
  const enum status status = deck_read(path, NULL, 0, &deck, &text);
  FUZZ_CLAIM(status == STATUS_OK || status == STATUS_USAGE);
  const size_t said = fuzz_heard();
  if (status == STATUS_OK) {
    read_back(&deck, text);
  } else {
    FUZZ_CLAIM(said > 0);
  }
  (void)fuzz_heard();
  free(text);
  return 0;
}
