/* Sections and their keys; lists of items and what an including deck changes in them. */
#include "edge/deck_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void reader_unknown(struct reader *reader, const struct source *source, const yaml_node_t *word,
                    const char *where, enum group group, const char *section) {
  const char *near = NULL;
  if (reader->store.complaints.n < MAX_COMPLAINTS) { /* of those that are shown */
    near = section == NULL ? schema_suggest_section(node_text(word))
                           : schema_suggest(group, section, node_text(word));
  }
  const struct key *elsewhere = schema_elsewhere(node_text(word));
  char name[128] = "";
  if (elsewhere != NULL) { /* the right word in the wrong place is surer than a like word */
    schema_name(elsewhere, name, sizeof name);
    near = name;
  }
  reader_complain(reader, source, word, where, "unknown key `%.60s`%s%s%s", node_text(word),
                  near != NULL ? "; did you mean `" : "", near != NULL ? near : "",
                  near != NULL ? "`?" : "");
}

/* A word that should name an item of a list. */
static void complain_no_item(struct reader *reader, const struct source *source,
                             const yaml_node_t *word, const char *where, enum group group,
                             int64_t outer) {
  const struct list *list = &schema_lists[group];
  const int64_t n = *store_count(&reader->store, group, outer);
  char names[1024] = "", near[MAX_NAME];
  size_t length = 0;
  for (int64_t i = 0; i < n && length + MAX_NAME < sizeof names; ++i) {
    char name[MAX_NAME];
    store_name_item(&reader->store, group, outer, i, name);
    length +=
        (size_t)snprintf(names + length, sizeof names - length, "%s%s", i > 0 ? "|" : "", name);
  }
  if (schema_suggest_choice(names, node_text(word), near, sizeof near) != NULL) {
    reader_complain(reader, source, word, where, "there is no %s `%.60s`; did you mean `%s`?",
                    list->label, node_text(word), near);
  } else {
    reader_complain(reader, source, word, where,
                    "there is no %s `%.60s` to change among the %" PRId64
                    " of the deck; new ones are listed under `add:`",
                    list->label, node_text(word), n);
  }
}

bool reader_wants_keys(struct reader *reader, const struct source *source,
                       const yaml_node_t *node, const char *where) {
  if (!node_is_mapping(node)) {
    const char *colon = strchr(node_text(node), ':');
    reader_complain(
        reader, source, node, where, "wants keys with values%s",
        colon != NULL && colon[1] != ' ' ? "; a space is wanted after the colon" : "");
    return false;
  }
  return true;
}

/* The keys of a section, or of one item of a list. */
void reader_keys(struct reader *reader, const struct source *source, const yaml_node_t *map,
                 const char *where, enum group group, const char *section, struct place place,
                 struct stated stated) {
  if (!reader_wants_keys(reader, source, map, where)) {
    return;
  }
  reader_check_keys(reader, source, map, where);
  stated = reader_stated(reader, source, map, stated, where);
  for (size_t i = 0; i < node_pairs(map); ++i) {
    const yaml_node_t *word = node_key(source, map, i), *value = node_value(source, map, i);
    const struct key *key = schema_find(group, section, node_text(word));
    char deeper[256];
    snprintf(deeper, sizeof deeper, "%s.%.60s", where, node_text(word));
    const struct stated nothing = {NULL, NULL};
    if (key != NULL) { /* a name needs no source of its own */
      reader_key(reader, source, value, deeper, key, place,
                 key->kind == KIND_TEXT ? nothing : stated);
    } else if (group == GROUP_CUSTOMER && node_is(word, "tranches")) {
      reader_items(reader, source, value, deeper, GROUP_TRANCHE, place.outer, stated);
    } else if (!reader_is_stated(word)) {
      reader_unknown(reader, source, word, where, group, section);
    }
  }
}

static struct place place_of(enum group group, int64_t outer, int64_t i) {
  return group == GROUP_TRANCHE ? (struct place){outer, i} : (struct place){i, 0};
}

/* Puts the items of a sequence behind those that are there. */
static void add_items(struct reader *reader, const struct source *source,
                      const yaml_node_t *node, const char *where, enum group group,
                      int64_t outer, struct stated stated) {
  const struct list *list = &schema_lists[group];
  int64_t *count = store_count(&reader->store, group, outer);
  if (!node_is_sequence(node)) {
    reader_complain(reader, source, node, where, "wants a list of %ss, each with `- name:`",
                    list->label);
    return;
  }
  const int64_t before = *count, n = before + (int64_t)node_items(node);
  if (n < list->least || n > list->most) {
    reader_complain(reader, source, node, where,
                    "has %" PRId64 " entries; wanted %" PRId64 " to %" PRId64, n, list->least,
                    list->most);
    return;
  }
  *count = n;
  for (int64_t i = before; i < n; ++i) {
    char deeper[256];
    snprintf(deeper, sizeof deeper, "%.160s[%" PRId64 "]", where, i);
    reader_keys(reader, source, node_item(source, node, (size_t)(i - before)), deeper, group,
                list->name, place_of(group, outer, i), stated);
  }
}

/* What a mapping says of one item that is there: its keys, or `none`. */
static void change_item(struct reader *reader, const struct source *source,
                        const yaml_node_t *word, const yaml_node_t *value, const char *where,
                        enum group group, int64_t outer, struct stated stated) {
  const int64_t i = store_find_item(&reader->store, group, outer, node_text(word));
  char deeper[256];
  if (i < 0) {
    complain_no_item(reader, source, word, where, group, outer);
  } else if (node_is(value, "none")) {
    store_remove(&reader->store, group, outer, i);
  } else {
    snprintf(deeper, sizeof deeper, "%.160s.%.60s", where, node_text(word));
    reader_keys(reader, source, value, deeper, group, schema_lists[group].name,
                place_of(group, outer, i), stated);
  }
}

/* A sequence replaces the whole list; a mapping changes it: NAME: keys, NAME: none, add: list.
 */
void reader_items(struct reader *reader, const struct source *source, const yaml_node_t *node,
                  const char *where, enum group group, int64_t outer, struct stated stated) {
  if (node_is_sequence(node)) {
    store_forget(&reader->store, group, outer, 0);
    add_items(reader, source, node, where, group, outer, stated);
  } else if (node_is_mapping(node)) {
    reader_check_keys(reader, source, node, where);
    stated = reader_stated(reader, source, node, stated, where);
    for (size_t i = 0; i < node_pairs(node); ++i) {
      const yaml_node_t *word = node_key(source, node, i), *value = node_value(source, node, i);
      if (node_is(word, "add")) {
        add_items(reader, source, value, where, group, outer, stated);
      } else if (!reader_is_stated(word)) {
        change_item(reader, source, word, value, where, group, outer, stated);
      }
    }
  } else {
    reader_complain(reader, source, node, where,
                    "wants a list of %ss, or changes by number or name",
                    schema_lists[group].label);
  }
}
