#include "stats/state.h"

enum status state_make(struct state *state, const struct layout *layout, int n_decks,
                       bool clustered, const double *const *centres, int64_t n_figures) {
  *state = (struct state){0};
  const int n_paths = n_decks == 1 ? 1 : TALLY_REPLICATES;
  enum status status = STATUS_OK;
  for (int t = 0; status == STATUS_OK && t < n_paths; ++t) {
    const enum histogram_set set = n_decks == 1        ? HISTOGRAMS_OF_TABLE
                                   : t == TALLY_SAMPLE ? HISTOGRAMS_SIGNED
                                                       : HISTOGRAMS_NONE;
    state->has[t] = true;
    status = tally_make(&state->tallies[t], layout, set, clustered, centres[t]);
  }
  if (status == STATUS_OK && n_figures > 0) {
    state->has[TALLY_REPLICATES] = true;
    status = tally_make_sums(&state->tallies[TALLY_REPLICATES], n_figures);
  }
  return status;
}

void state_free(struct state *state) {
  ranges_free(&state->paths);
  for (int t = 0; t < MAX_TALLIES; ++t) {
    tally_free(&state->tallies[t]);
  }
}

int state_path_tallies(const struct state *state) {
  return state->has[TALLY_SECOND] ? TALLY_REPLICATES : 1;
}

bool state_holds(const struct state *state) {
  bool good = true;
  for (int t = 0; good && t < state_path_tallies(state); ++t) {
    good =
        tally_holds(&state->tallies[t], state->tallies[t].words, ranges_count(&state->paths));
  }
  return good;
}

void state_canonical(struct state *state) {
  for (int t = 0; t < MAX_TALLIES; ++t) {
    if (state->has[t]) {
      tally_canonical(&state->tallies[t]);
    }
  }
}
