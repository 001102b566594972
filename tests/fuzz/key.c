/* Full names of numbers of a deck, as `uncertain` and its correlations write them. A name that
   is understood is printed in one way, which must mean the same number. */
#include <stdlib.h>
#include <string.h>

#include "edge/key_path.h"
#include "harness.h"

const char fuzz_target[] = "key";

/* Items whose names hold points, look like numbers, are empty or as long as they may be. */
static void name_items(struct deck *deck) {
  static const char *const customers[] = {"A", "A.B", "1", "tranches"};
  deck->n_generations = 2;
  strcpy(deck->generations[0].name, "T3.1");
  deck->n_sites = 3;
  strcpy(deck->sites[0].name, "0");
  memset(deck->sites[2].name, 'x', MAX_NAME - 1);
  deck->n_customers = 4;
  for (int c = 0; c < 4; ++c) {
    strcpy(deck->customers[c].name, customers[c]);
    deck->customers[c].n_tranches = c;
    deck->customers[c].annual_minimum.n = 5 * c;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct deck deck;
  struct deck_store store = {.deck = &deck}; /* a name is looked up in the deck alone */
  struct key_path path, again;
  char *text = fuzz_text(data, size), why[256] = "";
  name_items(&deck);
  fuzz_listen();
  if (key_path_read(&store, text, &path, why, sizeof why)) {
    const int64_t last = path.offset + (path.n > 0 ? path.n - 1 : 0) * path.stride;
    FUZZ_CLAIM(path.offset >= 0 && last + (int64_t)sizeof(double) <= (int64_t)sizeof deck);
    FUZZ_CLAIM(key_path_read(&store, path.name, &again, why, sizeof why));
    FUZZ_CLAIM(again.offset == path.offset && again.n == path.n && again.key == path.key);
    FUZZ_CLAIM(strcmp(again.name, path.name) == 0);
  } else {
    FUZZ_CLAIM(why[0] != '\0' && strlen(why) < sizeof why);
  }
  (void)fuzz_heard();
  free(text);
  return 0;
}
