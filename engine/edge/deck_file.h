/* From deck text to the deck struct: YAML with units, includes, provenance and --set
   assignments, checked against the table of keys (schema.h). The only file that knows libyaml.
   Every error names file, line, column and key; all of them are collected and printed before
   the function returns. */
#ifndef TENOR_EDGE_DECK_FILE_H
#define TENOR_EDGE_DECK_FILE_H

#include "base/status.h"
#include "model/deck.h"

/* Reads the deck at `path`, then applies `n` assignments "section.key=VALUE" (same checks; they
   are named
   "--set" in messages). On success fills *deck (zeroed first) and sets *resolved to a text the
   caller frees with free(): the canonical YAML of every key with value, unit, source and
   confidence, included files expanded, the section `sampling` left out, so that equal texts
   mean equal decks. `resolved` may be NULL. Errors: STATUS_USAGE (missing or unreadable deck,
   anything wrong in it), STATUS_FAILED (memory). Not collective: rank 0 calls it. */
enum status deck_read(const char *path, const char *const *assignments, int n,
                      struct deck *deck, char **resolved);

#endif
