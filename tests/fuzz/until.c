/* Precision targets of --until, a line each, for one deck or for a comparison of two (if the
   first line is `+`). */
#include "stats/targets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "edge/deck_file.h"
#include "harness.h"

const char fuzz_target[] = "until";

static void check(const struct target *target, const struct figures *figures) {
  FUZZ_CLAIM(target->wanted > 0 && isfinite(target->wanted));
  FUZZ_CLAIM((int)target->metric >= 0 && target->metric < N_METRICS);
  FUZZ_CLAIM((int)target->statistic >= 0 && target->statistic < N_STATISTICS);
  FUZZ_CLAIM(target->index >= 0 && (size_t)target->index < figures_count(target->statistic));
  FUZZ_CLAIM(target->date >= 0 && target->date < figures->layout->dates[target->metric]);
}

/* Of one deck, and of two. */
static void make_figures(struct figures figures[2]) {
  static const struct tally nothing;
  static struct deck deck;
  static struct layout layout;
  size_t length = 0;
  char *bytes = fuzz_source("tests/fuzz/base.yaml", &length);
  FUZZ_CLAIM(deck_read(fuzz_file("base.yaml", bytes, length), NULL, 0, &deck, NULL) ==
             STATUS_OK);
  free(bytes);
  layout_make(&layout, &deck);
  figures_make(&figures[0], &deck, &layout, &nothing, NULL, NULL, NULL);
  figures_make(&figures[1], &deck, &layout, &nothing, &nothing, &nothing, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct figures figures[2];
  struct targets targets = {.n = 0};
  char *text = fuzz_text(data, size), *rest = text;
  fuzz_listen();
  if (figures[0].deck == NULL) {
    make_figures(figures);
  }
  const bool two = strncmp(text, "+\n", 2) == 0;
  rest += two ? 2 : 0;
  for (char *line = NULL; (line = fuzz_line(&rest)) != NULL;) {
    const int before = targets.n;
    const enum status status = targets_add(&targets, line, &figures[two]);
    FUZZ_CLAIM(status == STATUS_OK ? targets.n == before + 1
                                   : status == STATUS_USAGE && fuzz_heard() > 0);
    if (status == STATUS_OK) {
      check(&targets.at[before], &figures[two]);
    }
  }
  (void)fuzz_heard();
  free(text);
  return 0;
}
