/* The text of a deck as nodes. The only file that knows libyaml. */
#include "edge/deck_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/text.h"

enum {
  MAX_NESTING = 16,
  MAX_VALUES = 1 << 16, /* keys and values of a text */
  MAX_KEYS = 500,       /* of one mapping */
  MAX_STATEMENT = 1000, /* bytes of a source: it may hold for every key of a section */
  MAX_TEXT = 1 << 24    /* bytes of a canonical text, which states it for each of them */
};

/* ---- faults */

void reader_where(const struct source *source, const yaml_node_t *node, char where[MAX_WHERE]) {
  if (source->is_assignment || node == NULL) {
    snprintf(where, MAX_WHERE, "%s", source->name);
  } else {
    snprintf(where, MAX_WHERE, "%s:%zu:%zu", source->name, node->start_mark.line + 1,
             node->start_mark.column + 1);
  }
}

/* One fault, at a node; NULL: the text as a whole. */
void reader_complain(struct reader *reader, const struct source *source,
                     const yaml_node_t *node, const char *key, const char *format, ...) {
  char where[MAX_WHERE], sentence[2048];
  size_t width = 1;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(sentence, sizeof sentence, format, arguments);
  va_end(arguments);
  reader_where(source, node, where);
  if (node != NULL && node->end_mark.line == node->start_mark.line &&
      node->end_mark.column > node->start_mark.column) {
    width = node->end_mark.column - node->start_mark.column;
  }
  complaints_tell(&reader->store.complaints, where, width, key, "%s", sentence);
}

/* ---- nodes */

bool node_is_mapping(const yaml_node_t *node) {
  return node->type == YAML_MAPPING_NODE;
}

bool node_is_sequence(const yaml_node_t *node) {
  return node->type == YAML_SEQUENCE_NODE;
}

bool node_is_scalar(const yaml_node_t *node) {
  return node->type == YAML_SCALAR_NODE;
}

size_t node_line(const yaml_node_t *node) {
  return node->start_mark.line + 1;
}

static const yaml_node_t *node_at(const struct source *source, int index) {
  return yaml_document_get_node(source->document, index);
}

/* The text of a scalar; "" for anything else. */
const char *node_text(const yaml_node_t *node) {
  return node_is_scalar(node) ? (const char *)node->data.scalar.value : "";
}

bool node_is(const yaml_node_t *node, const char *text) {
  return node_is_scalar(node) && strcmp(node_text(node), text) == 0;
}

size_t node_pairs(const yaml_node_t *map) {
  return node_is_mapping(map)
             ? (size_t)(map->data.mapping.pairs.top - map->data.mapping.pairs.start)
             : 0;
}

const yaml_node_t *node_key(const struct source *source, const yaml_node_t *map, size_t i) {
  return node_at(source, map->data.mapping.pairs.start[i].key);
}

const yaml_node_t *node_value(const struct source *source, const yaml_node_t *map, size_t i) {
  return node_at(source, map->data.mapping.pairs.start[i].value);
}

const yaml_node_t *node_member(const struct source *source, const yaml_node_t *map,
                               const char *name) {
  for (size_t i = 0; i < node_pairs(map); ++i) {
    if (node_is(node_key(source, map, i), name)) {
      return node_value(source, map, i);
    }
  }
  return NULL;
}

size_t node_items(const yaml_node_t *sequence) {
  return (size_t)(sequence->data.sequence.items.top - sequence->data.sequence.items.start);
}

const yaml_node_t *node_item(const struct source *source, const yaml_node_t *sequence,
                             size_t i) {
  return node_at(source, sequence->data.sequence.items.start[i]);
}

/* libyaml takes repeated keys; we do not. Keys must be plain words. */
void reader_check_keys(struct reader *reader, const struct source *source,
                       const yaml_node_t *map, const char *where) {
  for (size_t i = 0; i < node_pairs(map); ++i) {
    const yaml_node_t *key = node_key(source, map, i);
    if (i == MAX_KEYS) {
      reader_complain(reader, source, key, where, "more than %d keys", MAX_KEYS);
      return;
    }
    if (!node_is_scalar(key)) {
      reader_complain(reader, source, key, where, "a key must be a plain word");
      continue;
    }
    for (size_t j = 0; j < i; ++j) {
      const yaml_node_t *earlier = node_key(source, map, j);
      if (node_is(earlier, node_text(key))) {
        reader_complain(reader, source, key, where,
                        "repeated key `%s`, first given in line %zu", node_text(key),
                        node_line(earlier));
        break;
      }
    }
  }
}

/* source: and confidence: of a mapping; where it has none, those of the mapping around it. */
struct stated reader_stated(struct reader *reader, const struct source *source,
                            const yaml_node_t *map, struct stated around, const char *where) {
  static const char *const words[] = {"fact", "derived", "assumed"};
  const yaml_node_t *said = node_member(source, map, "source");
  const yaml_node_t *sure = node_member(source, map, "confidence");
  struct stated stated = around;
  if (said != NULL) {
    if (!node_is_scalar(said) || node_text(said)[0] == '\0' ||
        strlen(node_text(said)) > MAX_STATEMENT) {
      reader_complain(reader, source, said, where, "`source` wants a text of 1 to %d bytes",
                      MAX_STATEMENT);
      return stated;
    }
    stated.source = node_text(said);
  }
  if (sure != NULL) {
    bool known = false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; ++i) {
      known = known || node_is(sure, words[i]);
    }
    if (!known) {
      reader_complain(reader, source, sure, where,
                      "`confidence` wants fact, derived or assumed, not `%.40s`",
                      node_text(sure));
      return stated;
    }
    stated.confidence = node_text(sure);
  }
  return stated;
}

bool reader_is_stated(const yaml_node_t *key) {
  return node_is(key, "source") || node_is(key, "confidence");
}

/* ---- texts */

/* What a YAML fault most often comes from, in the words of somebody who writes decks. */
static const struct {
  const char *problem; /* libyaml's */
  bool at_start;       /* the fault is where the thing began, not where it was noticed */
  const char *meaning;
} yaml_faults[] = {
    {"found character that cannot start any token", false,
     "a value cannot begin with this character (lines are indented with spaces, not tabs; put "
     "texts in quotes)"},
    {"found a tab character that violates indentation", false,
     "lines are indented with spaces, not tabs"},
    {"mapping values are not allowed in this context", false,
     "a key is not expected here: is the line indented like the keys around it, and is the "
     "line "
     "before it complete?"},
    {"did not find expected key", true,
     "the keys of this mapping are not indented alike, or something stands behind a list or a "
     "quoted text"},
    {"found unexpected end of stream", true, "this quote is never closed"},
    {"found unexpected document indicator", true, "this quote is never closed"},
    {"did not find expected ',' or ']'", true, "this list is never closed, or lacks a comma"},
    {"did not find expected ',' or '}'", true,
     "this mapping is never closed, or lacks a comma"},
    {"did not find expected '-' indicator", true,
     "the entries of this list are not indented alike"},
    {"could not find expected ':'", true, "a key wants a colon and a space behind it"},
    {"control characters are not allowed", false, "control characters are not allowed"},
};

/* Where the parser stopped. It counts lines only where it can read. */
static yaml_mark_t problem_mark(const struct source *source, const yaml_parser_t *parser) {
  yaml_mark_t mark = {0};
  if (parser->error != YAML_READER_ERROR) {
    return parser->problem_mark;
  }
  const char *line = source->text, *stop = source->text + parser->problem_offset;
  for (const char *next = text_next_line(line); next <= stop && next > line;
       next = text_next_line(line)) {
    line = next;
    ++mark.line;
  }
  uint32_t letter = 0;
  for (size_t n = 1; line < stop && n > 0; line += n) {
    n = text_letter(line, &letter);
    ++mark.column;
  }
  return mark;
}

static void complain_yaml(struct reader *reader, const struct source *source,
                          const yaml_parser_t *parser) {
  const char *problem = parser->problem != NULL ? parser->problem : "not readable as YAML";
  yaml_node_t at = {0};
  at.start_mark = problem_mark(source, parser);
  for (size_t i = 0; i < sizeof yaml_faults / sizeof yaml_faults[0]; ++i) {
    if (strcmp(problem, yaml_faults[i].problem) == 0) {
      problem = yaml_faults[i].meaning;
      at.start_mark = yaml_faults[i].at_start && parser->context != NULL ? parser->context_mark
                                                                         : at.start_mark;
    }
  }
  at.end_mark = at.start_mark;
  reader->out_of_memory |= parser->error == YAML_MEMORY_ERROR;
  reader_complain(reader, source, &at, "", "%s", problem);
}

/* What an event must not be, in words; NULL if it may. */
static const char *find_fault(const yaml_event_t *event, int nesting, int documents,
                              int values) {
  const bool scalar = event->type == YAML_SCALAR_EVENT;
  const char *text = scalar ? (const char *)event->data.scalar.value : "";
  if (event->type == YAML_ALIAS_EVENT || (scalar && event->data.scalar.anchor != NULL) ||
      (event->type == YAML_SEQUENCE_START_EVENT && event->data.sequence_start.anchor != NULL) ||
      (event->type == YAML_MAPPING_START_EVENT && event->data.mapping_start.anchor != NULL)) {
    return "anchors and aliases are not part of a deck";
  }
  if (documents > 1) {
    return "a deck is one YAML document; this begins another";
  }
  if (nesting > MAX_NESTING) {
    return "nested too deeply";
  }
  if (values > MAX_VALUES) {
    return "more keys and values than a deck may have";
  }
  if (scalar && strlen(text) != event->data.scalar.length) {
    return "this text holds a zero byte";
  }
  if (text_hidden(text, true) != NULL) {
    return "this text holds a character that does not show: a control character, or one "
           "that turns the direction of writing";
  }
  return NULL;
}

/* A first pass over the events: nesting and number are bounded, anchors and aliases are
   refused, so that no small file can unfold into a large one; and no text hides anything. */
static bool check_events(struct reader *reader, const struct source *source,
                         yaml_parser_t *parser) {
  int nesting = 0, documents = 0, values = 0;
  for (;;) {
    yaml_event_t event;
    if (!yaml_parser_parse(parser, &event)) {
      complain_yaml(reader, source, parser);
      return false;
    }
    const yaml_event_type_t type = event.type;
    nesting += type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT;
    nesting -= type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT;
    documents += type == YAML_DOCUMENT_START_EVENT;
    ++values;
    const char *fault = find_fault(&event, nesting, documents, values);
    yaml_node_t at = {0};
    at.start_mark = event.start_mark;
    at.end_mark = event.end_mark;
    yaml_event_delete(&event);
    if (fault != NULL) {
      reader_complain(reader, source, &at, "", "%s", fault);
      return false;
    }
    if (type == YAML_STREAM_END_EVENT) {
      return true;
    }
  }
}

void reader_parse(struct reader *reader, struct source *source,
                  void (*read)(struct reader *reader, const struct source *source,
                               const yaml_node_t *root)) {
  yaml_parser_t parser;
  yaml_document_t document;
  if (strlen(source->text) != source->size) {
    reader_complain(reader, source, NULL, "", "holds a zero byte");
    return;
  }
  if (source->size > MAX_TEXT) {
    reader_complain(reader, source, NULL, "", "larger than any deck");
    return;
  }
  if (!yaml_parser_initialize(&parser)) {
    reader->out_of_memory = true;
    return;
  }
  yaml_parser_set_input_string(&parser, (const unsigned char *)source->text, source->size);
  const bool sound = check_events(reader, source, &parser);
  yaml_parser_delete(&parser);
  if (!sound) {
    return;
  }
  if (!yaml_parser_initialize(&parser)) {
    reader->out_of_memory = true;
    return;
  }
  yaml_parser_set_input_string(&parser, (const unsigned char *)source->text, source->size);
  if (yaml_parser_load(&parser, &document)) {
    source->document = &document;
    const yaml_node_t *root = yaml_document_get_root_node(&document);
    if (root == NULL) {
      reader_complain(reader, source, NULL, "", "is empty");
    } else {
      read(reader, source, root);
    }
    yaml_document_delete(&document);
  } else {
    reader->out_of_memory = true;
  }
  yaml_parser_delete(&parser);
}
