/* A deck while it is being read: the struct, and for every value whether it was given, where it
   came from and how sure one is of it. The YAML reader fills it, the checks and the printer
   read it. */
#ifndef TENOR_EDGE_DECK_STORE_H
#define TENOR_EDGE_DECK_STORE_H

#include <stdbool.h>
#include <stdio.h>

#include "edge/clauses.h"
#include "edge/complaint.h"
#include "edge/schema.h"
#include "model/deck.h"

struct entry {
  bool given;
  char *where; /* "file:line:column" of the value; owned */
  struct provenance provenance;
};

struct tie { /* of two uncertain keys, by number */
  int keys[2];
  double rank;
};

struct deck_store {
  struct deck *deck;                 /* borrowed */
  struct entry *entries;             /* of each key as many as its group can have items */
  int64_t *first;                    /* [schema_size + 1] where those of a key begin */
  struct clauses laws, correlations; /* of `uncertain`, `uncertain_correlation` */
  struct tie ties[MAX_CORRELATIONS]; /* what the correlations say */
  struct complaints complaints;      /* about it, and the texts it was read from */
};

struct place { /* which item of its list: customers[outer].tranches[inner]; 0 where there is no
                  list */
  int64_t outer, inner;
};

/* false if memory is short. store_free gives everything back, a failed store_make included. */
bool store_make(struct deck_store *store, struct deck *deck);
void store_free(struct deck_store *store);

struct entry *store_entry(const struct deck_store *store, const struct key *key,
                          struct place place);

/* Where the value of a key stands in the deck. */
void *store_value(const struct deck_store *store, const struct key *key, struct place place);

/* Items of a list now: generations, sites, customers, or the tranches of customer `outer`. */
int64_t *store_count(const struct deck_store *store, enum group group, int64_t outer);

/* Notes that the value was given and where it is from; the texts are copied. false if memory is
 * short. */
bool store_note(const struct deck_store *store, const struct key *key, struct place place,
                const char *where, const char *source, const char *confidence);

/* Forgets item `i` of a list: those behind it move up. */
void store_remove(const struct deck_store *store, enum group group, int64_t outer, int64_t i);

/* Forgets the items of a list from number `from` on. */
void store_forget(const struct deck_store *store, enum group group, int64_t outer,
                  int64_t from);

/* Number of items over which a key of this group runs when the outer item is given; 1 for
 * sections. */
int64_t store_items(const struct deck_store *store, enum group group, int64_t outer);

/* The item of a list that a word means: its number, or its name; -1 if there is none. And the
   word for an item: its name, or its number where the name means another or there is none. */
int64_t store_find_item(const struct deck_store *store, enum group group, int64_t outer,
                        const char *word);
void store_name_item(const struct deck_store *store, enum group group, int64_t outer,
                     int64_t item, char word[MAX_NAME]);

/* Complains of what was left out, or else of what does not hold across keys. `path` is the
 * deck. */
void store_check(struct deck_store *store, const char *path);

/* Warns of what is allowed but seldom meant: commitments that nobody can reach, and the like.
 */
void store_warn(const struct deck_store *store);

/* Quietly: can the model run the deck, as far as that is between keys? If not, false, and the
   first reason in `why`. */
bool deck_holds(const struct deck *deck, char *why, size_t why_size);

/* Gives the deck its uncertain keys, and the store its ties, from store->laws and
   store->correlations, in the deck as it now is. Complains of what is wrong. `units` are
   borrowed. */
void store_make_uncertain(struct deck_store *store, const struct units *units);

/* Complains if some variant of the deck is none that the model can run: looks at the ends of
   the laws of all keys that depend on each other, and at some that are drawn. false if memory
   is short. */
bool store_check_variants(struct deck_store *store, const char *path);

/* The full name of a key of an item: customers.NAME.tranches.0.amount. */
void store_name_key(const struct deck_store *store, const struct key *key, struct place place,
                    char name[MAX_KEY]);

/* Prints one value as it stands in the canonical deck, without quotes around it; a law without
   its key. */
void store_print_value(const struct deck_store *store, FILE *out, const struct key *key,
                       struct place place);
void store_print_law(const struct deck_store *store, FILE *out, int item);

/* Prints the canonical deck. */
void store_print(const struct deck_store *store, FILE *out);

#endif
