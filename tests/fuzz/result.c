/* The reader of results, behind a NetCDF library that answers what the input says (netcdf.h):
   the state is read and joined as `merge` and `extend` do, its figures are computed, and the
   file is shown in all three forms. */
#include "edge/results.h"

#include <stdlib.h>
#include <string.h>

#include "campaign/plan.h"
#include "edge/deck_file.h"
#include "edge/results_state.h"
#include "harness.h"
#include "netcdf.h"

const char fuzz_target[] = "result";

/* What stands for names in inputs: the canonical text of the base deck, and the sizes of its
   state: words and columns of one deck, of a comparison's differences and sides, of replicates.
 */
static void prepare(void) {
  static struct deck deck;
  static char *text;
  const double *centres[MAX_TALLIES] = {NULL};
  struct layout layout;
  struct state one, two;
  size_t length = 0;
  if (text != NULL) {
    return;
  }
  char *bytes = fuzz_source("tests/fuzz/base.yaml", &length);
  FUZZ_CLAIM(deck_read(fuzz_file("base.yaml", bytes, length), NULL, 0, &deck, &text) ==
             STATUS_OK);
  free(bytes);
  layout_make(&layout, &deck);
  double *zeros = calloc((size_t)layout.n_columns, sizeof *zeros);
  FUZZ_CLAIM(zeros != NULL);
  for (int t = 0; t < MAX_TALLIES; ++t) {
    centres[t] = zeros;
  }
  FUZZ_CLAIM(state_make(&one, &layout, 1, false, centres, figures_values(&layout, 1)) ==
             STATUS_OK);
  FUZZ_CLAIM(state_make(&two, &layout, 2, false, centres, 0) == STATUS_OK);
  fake_deck = text;
  fake_sizes[0] = (size_t)one.tallies[TALLY_SAMPLE].n_words;
  fake_sizes[1] = (size_t)one.tallies[TALLY_SAMPLE].n_columns;
  fake_sizes[2] = (size_t)two.tallies[TALLY_SAMPLE].n_words;
  fake_sizes[3] = (size_t)two.tallies[TALLY_FIRST].n_words;
  fake_sizes[4] = (size_t)one.tallies[TALLY_REPLICATES].n_words;
  fake_sizes[5] = (size_t)one.tallies[TALLY_REPLICATES].n_columns;
  state_free(&one);
  state_free(&two);
  free(zeros);
}

static void figure(const struct deck *deck, const struct layout *layout,
                   const struct state *state) {
  struct figures figures;
  const bool two = state->has[TALLY_SECOND];
  volatile double last; /* so that it is computed */
  figures_make(&figures, deck, layout, &state->tallies[TALLY_SAMPLE],
               two ? &state->tallies[TALLY_FIRST] : NULL,
               two ? &state->tallies[TALLY_SECOND] : NULL,
               state->has[TALLY_REPLICATES] ? &state->tallies[TALLY_REPLICATES] : NULL);
  for (int id = 0; id < N_METRICS; ++id) {
    for (int s = 0; s < N_STATISTICS; ++s) {
      const enum statistic statistic = (enum statistic)s;
      const int n = (int)figures_count(statistic), step = n > 8 ? n - 1 : 1;
      for (int i = 0; figures_has(&figures, &metrics[id], statistic) && i < n; i += step) {
        last =
            figures_value(&figures, (enum metric_id)id, 0, layout->dates[id] - 1, statistic, i);
        (void)last;
      }
    }
  }
}

/* Joins it to an empty state, twice: its paths are there then. */
static void join(const struct saved *saved) {
  static struct deck decks[2];
  const double *centres[MAX_TALLIES];
  struct layout layout;
  struct state state = {0};
  bool fits = true, clustered = false;
  for (int i = 0; fits && i < saved->n_decks; ++i) {
    fits = deck_read_text(saved->resolved[i], saved->name[i], "part", &decks[i]) == STATUS_OK;
    clustered = fits && (clustered || plan_clustered(&decks[i], saved->sampling));
  }
  if (!fits || (saved->n_decks > 1 && strcmp(saved->resolved[0], saved->resolved[1]) != 0)) {
    return; /* whether two decks can be compared is not asked here */
  }
  layout_make(&layout, &decks[0]);
  saved_centres(saved, centres);
  for (int t = 0; t < (saved->n_decks > 1 ? (int)TALLY_REPLICATES : 1); ++t) {
    fits = fits && centres[t] != NULL && saved->tallies[t].n_columns == layout.n_columns;
  }
  if (fits && state_make(&state, &layout, saved->n_decks, clustered, centres,
                         saved->sampling.points > 0 ? figures_values(&layout, saved->n_decks)
                                                    : 0) == STATUS_OK) {
    if (saved_add(saved, "part", &state) == STATUS_OK) {
      figure(&decks[0], &layout, &state);
      FUZZ_CLAIM(saved_add(saved, "part", &state) == STATUS_MISMATCH);
    }
  }
  state_free(&state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *path;
  static const char signature[] = "\x89HDF\r\n\x1a\n";
  struct saved saved;
  prepare();
  fuzz_listen();
  path = path != NULL ? path : fuzz_file("result.nc", signature, sizeof signature - 1);
  fake_open(data, size);
  const enum status status = saved_read(&saved, path);
  FUZZ_CLAIM(status == STATUS_OK ||
             ((status == STATUS_IO || status == STATUS_MISMATCH || status == STATUS_FAILED) &&
              fuzz_heard() > 0));
  if (status == STATUS_OK) {
    FUZZ_CLAIM(saved_match(&saved, path, &saved, path) == STATUS_OK);
    join(&saved);
  }
  saved_free(&saved);
  (void)results_show(path);
  (void)results_show_json(path);
  (void)results_show_digest(path);
  (void)fuzz_heard();
  fake_close();
  return 0;
}
