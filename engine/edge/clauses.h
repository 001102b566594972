/* Items of the sections `uncertain` and `uncertain_correlation` as they are written: words and
   what they are given, as text. What they mean depends on the whole deck, so they are kept
   until all of it is read (deck_uncertain.c). */
#ifndef TENOR_EDGE_CLAUSES_H
#define TENOR_EDGE_CLAUSES_H

#include <stdbool.h>

#include "base/limits.h"

struct provenance { /* texts are owned by the store; NULL if not stated */
  char *source, *confidence;
};

enum {
  MAX_WORDS = 12,
  MAX_CORRELATIONS = MAX_UNCERTAIN * (MAX_UNCERTAIN - 1) / 2,
};

struct word { /* texts owned */
  char *name;
  char *text;  /* the entries of a list are parted by newlines */
  char *where; /* "file:line:column" */
};

struct clause {
  char *where;
  struct provenance provenance;
  int n;
  struct word words[MAX_WORDS];
};

struct clauses {
  struct clause *items; /* [most] */
  int n, most;
};

/* false if memory is short. clauses_free gives everything back. */
bool clauses_make(struct clauses *clauses, int most);
void clauses_free(struct clauses *clauses);

/* A new item at the end, empty; NULL if there is no room or no memory. */
struct clause *clauses_add(struct clauses *clauses, const char *where);

/* Drops the items in which some entry of `word` is `text`; all of them if `word` is NULL. */
void clauses_drop(struct clauses *clauses, const char *word, const char *text);

/* The first item in which some entry of `word` is `text`; NULL if there is none. */
struct clause *clauses_find(const struct clauses *clauses, const char *word, const char *text);

/* The word of that name; NULL if it was not said. */
const struct word *clause_word(const struct clause *clause, const char *name);

/* Says a word, in the place of one of the same name. false if memory is short; a word too many
   is lost, which the reader must rule out. */
bool clause_say(struct clause *clause, const char *name, const char *text, const char *where);

/* Forgets all words. */
void clause_clear(struct clause *clause);

/* Source and confidence of the item; NULL if there is none. false if memory is short. */
bool clause_state(struct clause *clause, const char *source, const char *confidence);

#endif
