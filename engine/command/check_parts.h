/* What `tenor check` can print besides the deck. */
#ifndef TENOR_COMMAND_CHECK_PARTS_H
#define TENOR_COMMAND_CHECK_PARTS_H

#include "base/status.h"
#include "edge/deck_store.h"

/* The reference of all keys, as a Markdown table, or as a JSON Schema of decks with the flat
   table under "x-keys". */
void check_print_keys(void);
void check_print_schema(void);

/* Every value with its source and how sure one is of it, what is assumed first; or as JSON, in
   the order of the table. STATUS_FAILED if memory is short. */
enum status check_print_assumptions(const struct deck_store *store, bool json);

/* What differs between two decks, a line a key: its name, the value in one and in the other.
   Items of lists are matched by name. STATUS_FAILED if memory is short. */
enum status check_print_difference(const struct deck_store *one, const char *name_one,
                                   const struct deck_store *other, const char *name_other);

/* Says on stderr what a run of the deck takes (memory, time measured on some of its blocks,
   size of the result) and where it would run. STATUS_FAILED if memory is short, STATUS_USAGE if
   TENOR_ISA asks for what is not here. */
enum status check_estimate(const struct deck *deck, const char *resolved);

#endif
