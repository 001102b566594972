/* drawn DECK SEED BLOCKS [KEY=VALUE]...

   What the first blocks of paths draw for the uncertain keys of a deck, as comma-separated
   values with a header: the uniform behind each key, then its value (or factor). */
#include <stdio.h>
#include <stdlib.h>

#include "base/arrays.h"
#include "edge/deck_file.h"
#include "model/uncertain.h"

static void print_block(const struct deck *deck, uint64_t seed, int64_t block) {
  double u[MAX_UNCERTAIN];
  uncertain_uniforms(deck, seed, block, u);
  for (int64_t i = 0; i < deck->n_uncertain; ++i) {
    printf("%s%.17g,%.17g", i > 0 ? "," : "", u[i],
           law_quantile(&deck->uncertain[i].law, u[i]));
  }
  putchar('\n');
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: drawn DECK SEED BLOCKS [KEY=VALUE]...\n");
    return EXIT_FAILURE;
  }
  struct deck *deck = array_make(1, sizeof *deck);
  const enum status status =
      deck != NULL ? deck_read(argv[1], (const char *const *)&argv[4], argc - 4, deck, NULL)
                   : STATUS_FAILED;
  for (int64_t i = 0; status == STATUS_OK && i < deck->n_uncertain; ++i) {
    printf("%su:%s,%s", i > 0 ? "," : "", deck->uncertain[i].name, deck->uncertain[i].name);
  }
  putchar('\n');
  for (int64_t block = 0; status == STATUS_OK && block < strtoll(argv[3], NULL, 10); ++block) {
    print_block(deck, strtoull(argv[2], NULL, 10), block);
  }
  array_free(deck);
  return (int)status;
}
