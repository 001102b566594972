/* From deck text to the deck struct: YAML with units, includes, provenance and --set
   assignments, checked against the table of keys (schema.h).
   Every error names file, line, column and key; all of them are collected and printed before
   the function returns. */
#ifndef TENOR_EDGE_DECK_FILE_H
#define TENOR_EDGE_DECK_FILE_H

#include "base/status.h"
#include "model/deck.h"

struct deck_store; /* deck_store.h */

/* Reads the deck at `path`, then applies `n` assignments "section.key=VALUE" (same checks; they
   are named
   "--set" in messages). On success fills *deck (zeroed first) and sets *resolved to a text the
   caller frees with free(): the canonical YAML of every key with value, unit, source and
   confidence, included files expanded, the section `sampling` left out, so that equal texts
   mean equal decks. `resolved` may be NULL. Errors: STATUS_USAGE (missing or unreadable deck,
   anything wrong in it), STATUS_FAILED (memory). Not collective: rank 0 calls it. */
enum status deck_read(const char *path, const char *const *assignments, int n,
                      struct deck *deck, char **resolved);

/* The same, and hands over the store, with where every value is from and how sure one is of it;
   to be given back with store_free, after an error too. Warns of what is seldom meant. */
enum status deck_open(const char *path, const char *const *assignments, int n,
                      struct deck *deck, struct deck_store *store);

/* The canonical text of a deck that was read, as deck_read makes it. STATUS_FAILED (memory). */
enum status deck_resolve(const struct deck_store *store, char **resolved);

/* Reads the canonical text of a deck called `name` again; messages say it is from `path`.
   STATUS_MISMATCH if it does not read back to itself: it was written by another version of this
   program. Otherwise like deck_read; the section `sampling` is the default. */
enum status deck_read_text(const char *text, const char *name, const char *path,
                           struct deck *deck);

#endif
