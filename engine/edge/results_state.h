/* The group /state of a result file: the integers that the statistics were computed from, which
   paths are in them, and what they belong to (the fingerprint: decks, seed, sampling, model
   version). Written with every result, read to continue it or to join it with others. */
#ifndef TENOR_EDGE_RESULTS_STATE_H
#define TENOR_EDGE_RESULTS_STATE_H

#include "edge/ncfile.h"
#include "edge/results.h"

/* Opens the group and writes it; nothing may be defined afterwards. */
void results_put_state(struct ncwriter *nc, const struct results *results, const char *digest);

struct saved { /* a state as read, not yet part of a deck's; owned */
  int n_decks;
  char *resolved[2];
  char name[2][MAX_NAME]; /* of the decks */
  struct sampling sampling;
  struct ranges paths;
  struct {
    int64_t n_words, n_columns;
    int64_t *words;
    double *centre;
  } tallies[MAX_TALLIES]; /* words NULL: there is none */
};

/* Reads the state of the result at `path`. Errors: STATUS_IO, STATUS_MISMATCH (no result of
   ours, another format or model version, a state that contradicts itself), STATUS_FAILED
   (memory). Freed with saved_free, whatever the outcome. Not collective. */
enum status saved_read(struct saved *saved, const char *path);
void saved_free(struct saved *saved);

/* Takes over n / 2 ranges as a file holds them, [n / 2][first, end]; false unless they are what
   ranges.h promises, of whole blocks or replicates but for the last path of a run. */
bool saved_take_ranges(struct saved *saved, const int64_t *ends, int64_t n);

/* Does `other`, read from `path`, belong to the same run as `saved`, read from `first`?
   STATUS_MISMATCH, and says what differs, if not. */
enum status saved_match(const struct saved *saved, const char *first, const struct saved *other,
                        const char *path);

/* The centres of the tallies of paths, for state_make: NULL where there is none. */
void saved_centres(const struct saved *saved, const double *centres[MAX_TALLIES]);

/* Adds it to a state of the same decks, made with the centres of one of its kind. Errors:
   STATUS_MISMATCH (paths that are in the state already, another shape), STATUS_FAILED (memory);
   `path` names it. */
enum status saved_add(const struct saved *saved, const char *path, struct state *state);

#endif
