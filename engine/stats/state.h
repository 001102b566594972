/* The state of a run: which paths are in it, and what was counted of them. Every result file
   carries one, so that it can be continued and joined with others. Invariant: states of the
   same decks, seed and sampling that hold the same paths are equal, word for word, whatever
   computed them and however they were put together. */
#ifndef TENOR_STATS_STATE_H
#define TENOR_STATS_STATE_H

#include "stats/ranges.h"
#include "stats/tally.h"

enum {
  TALLY_SAMPLE, /* of one deck; of two decks the differences, first minus second */
  TALLY_FIRST,  /* moments of the first and of the second deck; not of one deck */
  TALLY_SECOND,
  TALLY_REPLICATES, /* every replicate's figures; not of a run without replicates */
  MAX_TALLIES
};

struct state {
  struct ranges paths;
  bool has[MAX_TALLIES];
  struct tally tallies[MAX_TALLIES]; /* canonical between rounds */
};

/* An empty state for the decks of that layout (n_decks 1 or 2), with centres [n_columns] for
   each tally of paths; `n_figures` columns of replicates, 0 for none. Freed with state_free,
   whatever the outcome. Error: STATUS_FAILED (memory). */
enum status state_make(struct state *state, const struct layout *layout, int n_decks,
                       bool clustered, const double *const *centres, int64_t n_figures);
void state_free(struct state *state);

/* How many of the tallies count paths: the first one, or the first three. */
int state_path_tallies(const struct state *state);

/* Can the tallies of paths be those of the paths that it holds (tally_holds)? */
bool state_holds(const struct state *state);

void state_canonical(struct state *state);

#endif
