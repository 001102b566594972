/* The inside of the deck reader, shared by its parts: nodes of a text (deck_yaml.c, the door to
   libyaml), values (deck_values.c), sections and lists (deck_items.c), laws (deck_clauses.c),
   files and the whole (deck_file.c). Every function that finds a fault complains of it. */
#ifndef TENOR_EDGE_DECK_READER_H
#define TENOR_EDGE_DECK_READER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "edge/complaint.h"
#include "edge/deck_store.h"

typedef struct yaml_node_s yaml_node_t; /* libyaml's */

enum { MAX_WHERE = PATH_MAX + 64 }; /* bytes of file:line:column */

struct source { /* one text being read: a file, or one --set assignment */
  const char *name;
  const char *text; /* closed by a zero byte */
  size_t size;
  bool is_assignment;            /* lines and columns mean nothing to the user then */
  void *document;                /* libyaml's, while it is read */
  const struct source *includer; /* NULL: nobody */
  dev_t device;                  /* with the next: which file it is */
  ino_t file;
};

struct reader {
  struct deck_store store;
  struct units *units;
  bool out_of_memory;
};

struct stated { /* source and confidence that hold where a value has none of its own; borrowed
                   from the document */
  const char *source, *confidence;
};

/* ---- nodes */

bool node_is_mapping(const yaml_node_t *node);
bool node_is_sequence(const yaml_node_t *node);
bool node_is_scalar(const yaml_node_t *node);
size_t node_line(const yaml_node_t *node); /* from 1 */

/* The text of a scalar, "" of anything else; is it that text? */
const char *node_text(const yaml_node_t *node);
bool node_is(const yaml_node_t *node, const char *text);

/* A mapping's pairs, 0 of anything else; its value at a key, NULL if there is none. */
size_t node_pairs(const yaml_node_t *map);
const yaml_node_t *node_key(const struct source *source, const yaml_node_t *map, size_t i);
const yaml_node_t *node_value(const struct source *source, const yaml_node_t *map, size_t i);
const yaml_node_t *node_member(const struct source *source, const yaml_node_t *map,
                               const char *name);

/* A sequence's items. */
size_t node_items(const yaml_node_t *sequence);
const yaml_node_t *node_item(const struct source *source, const yaml_node_t *sequence,
                             size_t i);

/* Reads a text into nodes and hands its root on to `read`, unless it is not one YAML document
   without anchors, of bounded depth. */
void reader_parse(struct reader *reader, struct source *source,
                  void (*read)(struct reader *reader, const struct source *source,
                               const yaml_node_t *root));

/* ---- faults */

/* Where a node stands, as complaints want it; of NULL, the text as a whole. */
void reader_where(const struct source *source, const yaml_node_t *node, char where[MAX_WHERE]);

void reader_complain(struct reader *reader, const struct source *source,
                     const yaml_node_t *node, const char *key, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* ---- what mappings have in common */

/* libyaml takes repeated keys; we do not. Keys must be plain words. */
void reader_check_keys(struct reader *reader, const struct source *source,
                       const yaml_node_t *map, const char *where);

/* source: and confidence: of a mapping; where it has none, those of the mapping around it. Is a
   key one of the two? */
struct stated reader_stated(struct reader *reader, const struct source *source,
                            const yaml_node_t *map, struct stated around, const char *where);
bool reader_is_stated(const yaml_node_t *key);

/* Is the node a mapping? Complains if not. */
bool reader_wants_keys(struct reader *reader, const struct source *source,
                       const yaml_node_t *node, const char *where);

/* ---- the parts of a deck */

/* A key's node: the value itself, or a mapping of value, source and confidence. */
void reader_key(struct reader *reader, const struct source *source, const yaml_node_t *node,
                const char *where, const struct key *key, struct place place,
                struct stated stated);

/* The keys of a section, or of one item of a list. */
void reader_keys(struct reader *reader, const struct source *source, const yaml_node_t *map,
                 const char *where, enum group group, const char *section, struct place place,
                 struct stated stated);

/* A list of items: a sequence replaces it; a mapping changes it: NAME: keys, NAME: none, add:
   list. */
void reader_items(struct reader *reader, const struct source *source, const yaml_node_t *node,
                  const char *where, enum group group, int64_t outer, struct stated stated);

/* A key that is none of a group's section; `section` NULL: no section either. */
void reader_unknown(struct reader *reader, const struct source *source, const yaml_node_t *word,
                    const char *where, enum group group, const char *section);

/* The sections `uncertain` and `uncertain_correlation`, kept as text until the whole deck is
   read. */
void reader_laws(struct reader *reader, const struct source *source, const yaml_node_t *node);
void reader_correlations(struct reader *reader, const struct source *source,
                         const yaml_node_t *node);

#endif
