/* Uncertain keys as they are written; deck_uncertain.c reads them when the deck is whole. */
#include "edge/deck_reader.h"

#include <stdio.h>
#include <string.h>

/* What a word is given: a text, or texts, which are parted by newlines. false after a
 * complaint.
 */
static bool read_texts(struct reader *reader, const struct source *source,
                       const yaml_node_t *node, const char *where, char *texts, size_t size) {
  const bool list = node_is_sequence(node);
  size_t n = 0;
  for (size_t i = 0; i < (list ? node_items(node) : 1); ++i) {
    const yaml_node_t *one = list ? node_item(source, node, i) : node;
    if (!node_is_scalar(one) || n + strlen(node_text(one)) + 2 > size) {
      reader_complain(reader, source, one, where, "wants a value or a list of values");
      return false;
    }
    n += (size_t)snprintf(texts + n, size - n, "%s%s", i > 0 ? "\n" : "", node_text(one));
  }
  texts[n] = '\0';
  return true;
}

/* The words of a mapping. A law that is named begins the item afresh. */
static void read_clause(struct reader *reader, const struct source *source,
                        const yaml_node_t *map, const char *where, struct stated around,
                        struct clause *clause) {
  char texts[4096], at[MAX_WHERE];
  if (!reader_wants_keys(reader, source, map, where)) {
    return;
  }
  reader_check_keys(reader, source, map, where);
  const struct stated stated = reader_stated(reader, source, map, around, where);
  for (size_t i = 0; i < node_pairs(map); ++i) {
    const yaml_node_t *word = node_key(source, map, i), *value = node_value(source, map, i);
    char deeper[256];
    snprintf(deeper, sizeof deeper, "%.160s.%.60s", where, node_text(word));
    if (reader_is_stated(word) ||
        !read_texts(reader, source, value, deeper, texts, sizeof texts)) {
      continue;
    }
    if (clause->n == MAX_WORDS && clause_word(clause, node_text(word)) == NULL) {
      reader_complain(reader, source, word, where, "too many keys");
      return;
    }
    reader_where(source, value, at);
    reader->out_of_memory |= !clause_say(clause, node_text(word), texts, at);
  }
  reader->out_of_memory |= !clause_state(clause, stated.source, stated.confidence);
}

static struct clause *add_clause(struct reader *reader, const struct source *source,
                                 const yaml_node_t *node, const char *where,
                                 struct clauses *clauses) {
  char at[MAX_WHERE];
  if (clauses->n == clauses->most) {
    reader_complain(reader, source, node, where, "has more than %d entries", clauses->most);
    return NULL;
  }
  reader_where(source, node, at);
  struct clause *clause = clauses_add(clauses, at);
  reader->out_of_memory |= clause == NULL;
  return clause;
}

/* A sequence replaces all that was read before. */
static void read_clauses(struct reader *reader, const struct source *source,
                         const yaml_node_t *node, const char *where, struct clauses *clauses) {
  const struct stated nothing = {NULL, NULL};
  clauses_drop(clauses, NULL, NULL);
  for (size_t i = 0; i < node_items(node); ++i) {
    const yaml_node_t *item = node_item(source, node, i);
    struct clause *clause = add_clause(reader, source, item, where, clauses);
    char deeper[256];
    snprintf(deeper, sizeof deeper, "%.160s[%zu]", where, i);
    if (clause == NULL) {
      return;
    }
    read_clause(reader, source, item, deeper, nothing, clause);
  }
}

/* One key of a mapping: a law that is new, or in the place of another, or changed in some
   words; or `none`. */
static void read_change(struct reader *reader, const struct source *source,
                        const yaml_node_t *word, const yaml_node_t *value,
                        struct stated stated) {
  struct deck_store *store = &reader->store;
  const char *key = node_text(word);
  char where[256], at[MAX_WHERE];
  snprintf(where, sizeof where, "uncertain.%.200s", key);
  if (node_is(value, "none") && clauses_find(&store->laws, "key", key) == NULL) {
    reader_complain(reader, source, word, where, "there is no such law to drop");
    return;
  }
  if (node_is(value, "none")) {
    clauses_drop(&store->laws, "key", key);
    clauses_drop(&store->correlations, "keys", key);
    return;
  }
  struct clause *clause = clauses_find(&store->laws, "key", key);
  clause =
      clause != NULL ? clause : add_clause(reader, source, word, "uncertain", &store->laws);
  if (clause == NULL) {
    return;
  }
  if (node_member(source, value, "law") != NULL) {
    clause_clear(clause);
  }
  reader_where(source, word, at);
  reader->out_of_memory |= !clause_say(clause, "key", key, at);
  read_clause(reader, source, value, where, stated, clause);
}

/* A sequence of laws replaces all, and the correlations with them; a mapping from keys changes
   some. */
void reader_laws(struct reader *reader, const struct source *source, const yaml_node_t *node) {
  const struct stated nothing = {NULL, NULL};
  if (node_is_sequence(node)) {
    clauses_drop(&reader->store.correlations, NULL, NULL);
    read_clauses(reader, source, node, "uncertain", &reader->store.laws);
  } else if (node_is_mapping(node)) {
    reader_check_keys(reader, source, node, "uncertain");
    const struct stated stated = reader_stated(reader, source, node, nothing, "uncertain");
    for (size_t i = 0; i < node_pairs(node); ++i) {
      const yaml_node_t *word = node_key(source, node, i);
      if (!reader_is_stated(word)) {
        read_change(reader, source, word, node_value(source, node, i), stated);
      }
    }
  } else {
    reader_complain(reader, source, node, "uncertain",
                    "wants a list of laws, or changes by key");
  }
}

void reader_correlations(struct reader *reader, const struct source *source,
                         const yaml_node_t *node) {
  if (node_is_sequence(node)) {
    read_clauses(reader, source, node, "uncertain_correlation", &reader->store.correlations);
  } else {
    reader_complain(reader, source, node, "uncertain_correlation",
                    "wants a list like [{keys: [KEY, KEY], rank: 0.5}]");
  }
}
