/* The table of deck keys: for each its place in the struct, its kind and unit, its range, and
   what it means. The reader, the printer, the command line's --set and the reference of keys
   all go by this table; a new key is one line of it. */
#ifndef TENOR_EDGE_SCHEMA_H
#define TENOR_EDGE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "edge/units.h"
#include "model/deck.h"

enum group {                   /* where a key stands in the deck */
             GROUP_SECTION,    /* section.key */
             GROUP_GENERATION, /* generations[].key */
             GROUP_SITE,
             GROUP_HISTORY,
             GROUP_CUSTOMER,
             GROUP_TRANCHE, /* customers[].tranches[].key */
             N_GROUPS
};

enum shape {
  SHAPE_ONE,
  SHAPE_REGIMES, /* three values: boom, plateau, winter */
  SHAPE_YEARLY,  /* struct yearly: 0 to MAX_YEARS values */
  SHAPE_MATRIX_3,
  SHAPE_MATRIX_5
};

enum range {
  RANGE_CLOSED,
  RANGE_OPEN_LOW,
  RANGE_OPEN
}; /* [low,high], (low,high], (low,high) */

struct key {
  enum group group;
  const char *section; /* of GROUP_SECTION; "" at the top level; the list's name otherwise */
  const char *name;
  enum kind kind;
  enum shape shape;
  size_t offset; /* in struct deck, or in the item of the list */
  enum range range;
  double low, high;
  const char *standard; /* what it is when it is left out; NULL: it must be given */
  const char *choices;  /* of KIND_CHOICE: words by number, separated by '|' */
  const char *doc;
};

extern const struct key schema[];
extern const int schema_size;

struct list { /* a list of items in the deck */
  const char *name;
  enum group group;
  size_t offset, count_offset, stride; /* in struct deck; of a tranche: in its customer */
  int64_t least, most;
  const char *label; /* "generation" */
};
extern const struct list schema_lists[N_GROUPS]; /* by group; no entry for GROUP_SECTION */

/* The upper end of a key's range in words: "10", "unlimited". */
void schema_high(const struct key *key, char *words, size_t size);

/* Is the value of a key an int64_t (a count, a flag, a choice) in the struct, not doubles? */
bool schema_is_whole(const struct key *key);

/* Is a value in the key's range? And that range in words: "at least 0 and at most 10". */
bool schema_holds(const struct key *key, double value);
void schema_range(const struct key *key, char *words, size_t size);

/* The key of that name in a group (and section); NULL if there is none. */
const struct key *schema_find(enum group group, const char *section, const char *name);

/* The list of items of that name in the deck (not the tranches of a customer); GROUP_SECTION if
   there is none. */
enum group schema_find_list(const char *name);

/* The key's full name: section.key, customers[].key, customers[].tranches[].key. */
void schema_name(const struct key *key, char *name, size_t size);

/* The only key of that name anywhere; NULL if there is none or there are several. */
const struct key *schema_elsewhere(const char *name);

/* Choices separated by '|' as they are read out: "boom, plateau, winter". */
void schema_choices(const char *choices, char *words, size_t size);

/* The word most like `word` among choices separated by '|', copied to `near`; NULL if none is
   near. */
const char *schema_suggest_choice(const char *choices, const char *word, char *near,
                                  size_t size);

/* The name most like `name` among a group's keys (and a section's), NULL if none is near. */
const char *schema_suggest(enum group group, const char *section, const char *name);

/* Is there a section of that name? The nearest one otherwise. */
bool schema_has_section(const char *section);
const char *schema_suggest_section(const char *section);

/* Values a shape holds: 1, 3, 9, 25, or MAX_YEARS at most. */
size_t schema_values(enum shape shape);

#endif
