#include "edge/deck_file.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "base/arrays.h"
#include "base/text.h"
#include "edge/deck_store.h"

enum {
  MAX_BYTES = 1 << 20,    /* of a deck file */
  MAX_NESTING = 16,       /* of its YAML */
  MAX_VALUES = 1 << 16,   /* keys and values of a deck file */
  MAX_KEYS = 500,         /* of one mapping */
  MAX_INCLUDES = 8,       /* deck includes deck includes ... */
  MAX_STATEMENT = 1000,   /* bytes of a source: it may hold for every key of a section */
  MAX_RESOLVED = 1 << 24, /* bytes of a canonical text, which states it for each of them */
  MAX_MESSAGES = 50,
  MAX_WHERE = PATH_MAX + 64 /* bytes of file:line:column */
};

struct source { /* one text being read: a file, or one --set assignment */
  const char *name;
  const char *text; /* closed by a zero byte */
  size_t size;
  bool is_assignment; /* lines and columns mean nothing to the user then */
  yaml_document_t *document;
  int depth;                        /* of includes */
  const struct source *included_by; /* NULL: by none */
  dev_t device;                     /* with the next: which file it is */
  ino_t file;
};

struct reader {
  struct deck_store store;
  struct units *units;
  int n_errors;
  bool out_of_memory;
};

struct stated { /* source and confidence that hold where a value has none of its own; borrowed
                   from the document */
  const char *source, *confidence;
};

/* ---- messages */

/* The text behind the next line break; at the end of the text if there is none. libyaml counts
   lines by these breaks. */
static const char *after_line(const char *text) {
  uint32_t letter = 0;
  for (size_t n = 0; (n = text_letter(text, &letter)) > 0; text += n) {
    if (letter == '\r' && text[1] == '\n') {
      return text + 2;
    }
    if (letter == '\n' || letter == '\r' || letter == 0x85 || letter == 0x2028 ||
        letter == 0x2029) {
      return text + n;
    }
  }
  return text;
}

/* The line, and marks under its letters `first` to `last`. */
static void show_line(const struct source *source, yaml_mark_t start, yaml_mark_t end) {
  enum { SHOWN = 160 };
  const char *line = source->text;
  char marks[16 * SHOWN]; /* a letter may be shown as four times \\x1b */
  size_t n_marks = 0, column = 0;
  uint32_t letter = 0;
  if (line == NULL) {
    return;
  }
  for (size_t i = 0; i < start.line; ++i) {
    line = after_line(line);
  }
  const size_t stop =
      end.line == start.line && end.column > start.column ? end.column : start.column + 1;
  const char *next = after_line(line);
  text_print(stderr, "%5zu | ", start.line + 1);
  for (size_t n = 0; line < next && column < SHOWN; line += n, ++column) {
    char one[5] = "";
    n = text_letter(line, &letter);
    if (letter == '\n' || letter == '\r') {
      break;
    }
    memcpy(one, letter == '\t' ? " " : line, letter == '\t' ? 1 : n);
    text_put(stderr, one);
    const size_t width = letter == '\t' || text_shows(letter) ? 1 : 4 * n;
    memset(marks + n_marks, column >= start.column ? '^' : ' ', width);
    n_marks += column < stop ? width : 0;
  }
  while (column <= start.column && column < SHOWN) { /* what is missed stands behind the line */
    marks[n_marks++] = column++ == start.column ? '^' : ' ';
  }
  fprintf(stderr, "\n      | %.*s\n", (int)n_marks, marks);
}

/* One fault, compiler style; the line is shown under it. */
static void complain(struct reader *reader, const struct source *source,
                     const yaml_node_t *node, const char *where, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

static void complain(struct reader *reader, const struct source *source,
                     const yaml_node_t *node, const char *where, const char *format, ...) {
  if (++reader->n_errors > MAX_MESSAGES) {
    if (reader->n_errors == MAX_MESSAGES + 1) {
      fputs("further errors are not shown\n", stderr);
    }
    return;
  }
  va_list arguments;
  va_start(arguments, format);
  if (source->is_assignment || node == NULL) {
    text_print(stderr, "%s: error: ", source->name);
  } else {
    text_print(stderr, "%s:%zu:%zu: error: ", source->name, node->start_mark.line + 1,
               node->start_mark.column + 1);
  }
  if (where[0] != '\0') {
    text_print(stderr, "%s: ", where);
  }
  text_vprint(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  if (!source->is_assignment && node != NULL) {
    show_line(source, node->start_mark, node->end_mark);
  }
}

/* ---- YAML nodes */

static const yaml_node_t *node_at(const struct source *source, int index) {
  return yaml_document_get_node(source->document, index);
}

/* The text of a scalar; "" for anything else. */
static const char *text_of(const yaml_node_t *node) {
  return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : "";
}

static bool is_text(const yaml_node_t *node, const char *text) {
  return node->type == YAML_SCALAR_NODE && strcmp(text_of(node), text) == 0;
}

static size_t pairs(const yaml_node_t *map) {
  return map->type == YAML_MAPPING_NODE
             ? (size_t)(map->data.mapping.pairs.top - map->data.mapping.pairs.start)
             : 0;
}

static const yaml_node_t *pair_key(const struct source *source, const yaml_node_t *map,
                                   size_t i) {
  return node_at(source, map->data.mapping.pairs.start[i].key);
}

static const yaml_node_t *pair_value(const struct source *source, const yaml_node_t *map,
                                     size_t i) {
  return node_at(source, map->data.mapping.pairs.start[i].value);
}

static const yaml_node_t *member(const struct source *source, const yaml_node_t *map,
                                 const char *name) {
  for (size_t i = 0; i < pairs(map); ++i) {
    if (is_text(pair_key(source, map, i), name)) {
      return pair_value(source, map, i);
    }
  }
  return NULL;
}

static size_t items(const yaml_node_t *sequence) {
  return (size_t)(sequence->data.sequence.items.top - sequence->data.sequence.items.start);
}

static const yaml_node_t *item_at(const struct source *source, const yaml_node_t *sequence,
                                  size_t i) {
  return node_at(source, sequence->data.sequence.items.start[i]);
}

/* libyaml takes repeated keys; we do not. Keys must be plain words. */
static void check_keys(struct reader *reader, const struct source *source,
                       const yaml_node_t *map, const char *where) {
  for (size_t i = 0; i < pairs(map); ++i) {
    const yaml_node_t *key = pair_key(source, map, i);
    if (i == MAX_KEYS) {
      complain(reader, source, key, where, "more than %d keys", MAX_KEYS);
      return;
    }
    if (key->type != YAML_SCALAR_NODE) {
      complain(reader, source, key, where, "a key must be a plain word");
      continue;
    }
    for (size_t j = 0; j < i; ++j) {
      const yaml_node_t *earlier = pair_key(source, map, j);
      if (is_text(earlier, text_of(key))) {
        complain(reader, source, key, where, "repeated key `%s`, first given in line %zu",
                 text_of(key), earlier->start_mark.line + 1);
        break;
      }
    }
  }
}

/* source: and confidence: of a mapping; where it has none, those of the mapping around it. */
static struct stated read_stated(struct reader *reader, const struct source *source,
                                 const yaml_node_t *map, struct stated around,
                                 const char *where) {
  static const char *const words[] = {"fact", "derived", "assumed"};
  const yaml_node_t *said = member(source, map, "source");
  const yaml_node_t *sure = member(source, map, "confidence");
  struct stated stated = around;
  if (said != NULL) {
    if (said->type != YAML_SCALAR_NODE || text_of(said)[0] == '\0' ||
        strlen(text_of(said)) > MAX_STATEMENT) {
      complain(reader, source, said, where, "`source` wants a text of 1 to %d bytes",
               MAX_STATEMENT);
      return stated;
    }
    stated.source = text_of(said);
  }
  if (sure != NULL) {
    bool known = false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; ++i) {
      known = known || is_text(sure, words[i]);
    }
    if (!known) {
      complain(reader, source, sure, where,
               "`confidence` wants fact, derived or assumed, not `%.40s`", text_of(sure));
      return stated;
    }
    stated.confidence = text_of(sure);
  }
  return stated;
}

static bool is_stated_key(const yaml_node_t *key) {
  return is_text(key, "source") || is_text(key, "confidence");
}

/* ---- values */

static void complain_range(struct reader *reader, const struct source *source,
                           const yaml_node_t *node, const char *where, const struct key *key,
                           double value) {
  const char *unit = units_canonical(key->kind);
  char wanted[120];
  schema_range(key, wanted, sizeof wanted);
  complain(reader, source, node, where, "%.15g%s%s is out of range; wanted %s", value,
           unit[0] != '\0' ? " " : "", unit, wanted);
}

/* Numbers of one scalar, checked against the range. false after a complaint. */
static bool read_numbers(struct reader *reader, const struct source *source,
                         const yaml_node_t *node, const char *where, const struct key *key,
                         double *values, size_t room, size_t *n) {
  char why[256];
  if (node->type != YAML_SCALAR_NODE) {
    complain(reader, source, node, where, "wants a value, not a list or a mapping");
    return false;
  }
  if (!units_read(reader->units, text_of(node), key->kind, values, room, n, why, sizeof why)) {
    complain(reader, source, node, where, "%s", why);
    return false;
  }
  for (size_t i = 0; i < *n; ++i) {
    if (!schema_holds(key, values[i])) {
      complain_range(reader, source, node, where, key, values[i]);
      return false;
    }
  }
  return true;
}

/* A list: one scalar with several numbers, or a sequence of scalars with one or more each. */
static bool read_list(struct reader *reader, const struct source *source,
                      const yaml_node_t *node, const char *where, const struct key *key,
                      double *values, size_t room, size_t *n) {
  *n = 0;
  if (node->type != YAML_SEQUENCE_NODE) {
    return read_numbers(reader, source, node, where, key, values, room, n);
  }
  for (size_t i = 0; i < items(node); ++i) {
    size_t more = 0;
    if (*n == room) {
      complain(reader, source, item_at(source, node, i), where, "holds more than %zu numbers",
               room);
      return false;
    }
    if (!read_numbers(reader, source, item_at(source, node, i), where, key, values + *n,
                      room - *n, &more)) {
      return false;
    }
    *n += more;
  }
  return true;
}

static bool read_fixed(struct reader *reader, const struct source *source,
                       const yaml_node_t *node, const char *where, const struct key *key,
                       double *to) {
  double values[N_FACTORS * N_FACTORS];
  const size_t wanted = schema_values(key->shape);
  size_t n = 0;
  if (!read_list(reader, source, node, where, key, values, wanted, &n)) {
    return false;
  }
  if (n != wanted) {
    complain(reader, source, node, where, "has %zu number%s, wanted %zu", n, n == 1 ? "" : "s",
             wanted);
    return false;
  }
  memcpy(to, values, wanted * sizeof *values);
  return true;
}

static bool read_count(struct reader *reader, const struct source *source,
                       const yaml_node_t *node, const char *where, const struct key *key,
                       int64_t *to) {
  char why[256];
  double value = 0.0;
  size_t n = 0;
  const char *text = text_of(node);
  const size_t digits = strspn(text, "0123456789");
  if (digits > 0 && digits < 21 && text[digits] == '\0') { /* all 64 bits of a seed */
    errno = 0;
    const unsigned long long whole = strtoull(text, NULL, 10);
    if (errno == 0 && schema_holds(key, (double)whole)) {
      *to = (int64_t)whole;
      return true;
    }
  }
  if (node->type != YAML_SCALAR_NODE ||
      !units_read(reader->units, text, KIND_NUMBER, &value, 1, &n, why, sizeof why) ||
      value != floor(value)) {
    complain(reader, source, node, where, "wants a whole number, not `%.60s`", text);
    return false;
  }
  if (!schema_holds(key, value) || value >= 0x1p63) {
    complain_range(reader, source, node, where, key, value);
    return false;
  }
  *to = (int64_t)value;
  return true;
}

static bool read_flag(struct reader *reader, const struct source *source,
                      const yaml_node_t *node, const char *where, int64_t *to) {
  if (!is_text(node, "true") && !is_text(node, "false")) {
    complain(reader, source, node, where, "wants true or false, not `%.60s`", text_of(node));
    return false;
  }
  *to = is_text(node, "true") ? 1 : 0;
  return true;
}

static bool read_choice(struct reader *reader, const struct source *source,
                        const yaml_node_t *node, const char *where, const struct key *key,
                        int64_t *to) {
  const char *word = key->choices;
  for (int64_t number = 0; node->type == YAML_SCALAR_NODE; ++number) {
    const size_t length = strcspn(word, "|");
    if (strlen(text_of(node)) == length && strncmp(word, text_of(node), length) == 0) {
      *to = number;
      return true;
    }
    if (word[length] == '\0') {
      break;
    }
    word += length + 1;
  }
  complain(reader, source, node, where, "wants one of %s, not `%.60s`", key->choices,
           text_of(node));
  return false;
}

static bool read_text(struct reader *reader, const struct source *source,
                      const yaml_node_t *node, const char *where, char *to) {
  const char *text = text_of(node);
  if (node->type != YAML_SCALAR_NODE || text[0] == '\0' || strlen(text) >= MAX_NAME) {
    complain(reader, source, node, where, "wants a name of 1 to %d bytes", MAX_NAME - 1);
    return false;
  }
  if (text_hidden(text, false) != NULL) {
    complain(reader, source, node, where, "wants a name of one line");
    return false;
  }
  memset(to, 0, MAX_NAME);
  memcpy(to, text, strlen(text));
  return true;
}

static bool read_date(struct reader *reader, const struct source *source,
                      const yaml_node_t *node, const char *where, int64_t *to) {
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int year = 0, month = 0, day = 0, end = 0;
  const char *text = text_of(node);
  const bool form = strlen(text) == 10 && strspn(text, "0123456789-") == 10 &&
                    sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) == 3 && end == 10;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  if (!form || year < 1900 || month < 1 || month > 12 || day < 1 ||
      day > lengths[month - 1] + (month == 2 && leap ? 1 : 0)) {
    complain(reader, source, node, where,
             "wants a date like 2026-04-01 from 1900 on, not `%.40s`", text);
    return false;
  }
  to[0] = year;
  to[1] = month;
  to[2] = day;
  return true;
}

static bool read_one(struct reader *reader, const struct source *source,
                     const yaml_node_t *node, const char *where, const struct key *key,
                     void *to) {
  double value = 0.0;
  size_t n = 0;
  switch (key->kind) {
    case KIND_TEXT: return read_text(reader, source, node, where, to);
    case KIND_DATE: return read_date(reader, source, node, where, to);
    case KIND_FLAG: return read_flag(reader, source, node, where, to);
    case KIND_CHOICE: return read_choice(reader, source, node, where, key, to);
    case KIND_COUNT: return read_count(reader, source, node, where, key, to);
    default: break;
  }
  if (!read_numbers(reader, source, node, where, key, &value, 1, &n)) {
    return false;
  }
  if (schema_is_whole(key)) {
    *(int64_t *)to = (int64_t)value;
  } else {
    *(double *)to = value;
  }
  return true;
}

static bool read_shape(struct reader *reader, const struct source *source,
                       const yaml_node_t *node, const char *where, const struct key *key,
                       void *to) {
  if (key->shape == SHAPE_ONE) {
    return read_one(reader, source, node, where, key, to);
  }
  if (key->shape != SHAPE_YEARLY) {
    return read_fixed(reader, source, node, where, key, to);
  }
  struct yearly yearly = {0};
  size_t n = 0;
  if (!read_list(reader, source, node, where, key, yearly.at, MAX_YEARS, &n)) {
    return false;
  }
  yearly.n = (int64_t)n;
  *(struct yearly *)to = yearly;
  return true;
}

static void tell_where(const struct source *source, const yaml_node_t *node,
                       char where[MAX_WHERE]) {
  if (source->is_assignment) {
    snprintf(where, MAX_WHERE, "%s", source->name);
  } else {
    snprintf(where, MAX_WHERE, "%s:%zu:%zu", source->name, node->start_mark.line + 1,
             node->start_mark.column + 1);
  }
}

/* A key's node: the value itself, or a mapping of value, source and confidence. */
static void read_key(struct reader *reader, const struct source *source,
                     const yaml_node_t *node, const char *where, const struct key *key,
                     struct place place, struct stated stated) {
  const yaml_node_t *value = node;
  if (node->type == YAML_MAPPING_NODE) {
    check_keys(reader, source, node, where);
    for (size_t i = 0; i < pairs(node); ++i) {
      const yaml_node_t *word = pair_key(source, node, i);
      if (!is_stated_key(word) && !is_text(word, "value")) {
        complain(reader, source, word, where,
                 "unknown key `%.60s`; wanted value, source or confidence", text_of(word));
      }
    }
    stated = read_stated(reader, source, node, stated, where);
    value = member(source, node, "value");
    if (value == NULL) {
      complain(reader, source, node, where, "has no `value`");
      return;
    }
  }
  char at[MAX_WHERE];
  tell_where(source, value, at);
  if (read_shape(reader, source, value, where, key, store_value(&reader->store, key, place)) &&
      !store_note(&reader->store, key, place, at, stated.source, stated.confidence)) {
    reader->out_of_memory = true;
  }
}

/* ---- sections and lists */

static void complain_unknown(struct reader *reader, const struct source *source,
                             const yaml_node_t *word, const char *where, const char *near) {
  complain(reader, source, word, where, "unknown key `%.60s`%s%s%s", text_of(word),
           near != NULL ? "; did you mean `" : "", near != NULL ? near : "",
           near != NULL ? "`?" : "");
}

static void read_list_of_items(struct reader *reader, const struct source *source,
                               const yaml_node_t *node, const char *where, enum group group,
                               int64_t outer, struct stated stated);

/* The keys of a section, or of one item of a list. */
static void read_keys(struct reader *reader, const struct source *source,
                      const yaml_node_t *map, const char *where, enum group group,
                      const char *section, struct place place, struct stated stated) {
  if (map->type != YAML_MAPPING_NODE) {
    complain(reader, source, map, where, "wants keys with values");
    return;
  }
  check_keys(reader, source, map, where);
  stated = read_stated(reader, source, map, stated, where);
  for (size_t i = 0; i < pairs(map); ++i) {
    const yaml_node_t *word = pair_key(source, map, i), *value = pair_value(source, map, i);
    const struct key *key = schema_find(group, section, text_of(word));
    char deeper[256];
    snprintf(deeper, sizeof deeper, "%s.%.60s", where, text_of(word));
    const struct stated nothing = {NULL, NULL};
    if (key != NULL) { /* a name needs no source of its own */
      read_key(reader, source, value, deeper, key, place,
               key->kind == KIND_TEXT ? nothing : stated);
    } else if (group == GROUP_CUSTOMER && is_text(word, "tranches")) {
      read_list_of_items(reader, source, value, deeper, GROUP_TRANCHE, place.outer, stated);
    } else if (!is_stated_key(word)) {
      complain_unknown(reader, source, word, where,
                       reader->n_errors < MAX_MESSAGES
                           ? schema_suggest(group, section, text_of(word))
                           : NULL);
    }
  }
}

static struct place place_of(enum group group, int64_t outer, int64_t i) {
  return group == GROUP_TRANCHE ? (struct place){outer, i} : (struct place){i, 0};
}

/* A sequence replaces the whole list; a mapping from number or name to keys changes items that
 * are there. */
static void read_list_of_items(struct reader *reader, const struct source *source,
                               const yaml_node_t *node, const char *where, enum group group,
                               int64_t outer, struct stated stated) {
  const struct list *list = &schema_lists[group];
  char deeper[256];
  if (node->type == YAML_SEQUENCE_NODE) {
    const int64_t n = (int64_t)items(node);
    if (n < list->least || n > list->most) {
      complain(reader, source, node, where,
               "has %" PRId64 " entries; wanted %" PRId64 " to %" PRId64, n, list->least,
               list->most);
      return;
    }
    store_forget(&reader->store, group, outer, 0);
    *store_count(&reader->store, group, outer) = n;
    for (int64_t i = 0; i < n; ++i) {
      snprintf(deeper, sizeof deeper, "%.160s[%" PRId64 "]", where, i);
      read_keys(reader, source, item_at(source, node, (size_t)i), deeper, group, list->name,
                place_of(group, outer, i), stated);
    }
  } else if (node->type == YAML_MAPPING_NODE) {
    check_keys(reader, source, node, where);
    stated = read_stated(reader, source, node, stated, where);
    for (size_t i = 0; i < pairs(node); ++i) {
      const yaml_node_t *word = pair_key(source, node, i);
      const int64_t number = store_find_item(&reader->store, group, outer, text_of(word));
      if (is_stated_key(word)) {
        continue;
      }
      if (number < 0) {
        complain(reader, source, word, where,
                 "there is no %s `%.60s` to change among the %" PRId64
                 " of the included deck; to add one, list all of them, each with `- name:`",
                 list->label, text_of(word), *store_count(&reader->store, group, outer));
        continue;
      }
      snprintf(deeper, sizeof deeper, "%.160s[%" PRId64 "]", where, number);
      read_keys(reader, source, pair_value(source, node, i), deeper, group, list->name,
                place_of(group, outer, number), stated);
    }
  } else {
    complain(reader, source, node, where, "wants a list of %ss, or changes by number or name",
             list->label);
  }
}

/* ---- uncertain keys: kept as text until the whole deck is read */

/* What a word is given: a text, or texts, which are parted by newlines. false after a
 * complaint.
 */
static bool read_texts(struct reader *reader, const struct source *source,
                       const yaml_node_t *node, const char *where, char *texts, size_t size) {
  const bool list = node->type == YAML_SEQUENCE_NODE;
  size_t n = 0;
  for (size_t i = 0; i < (list ? items(node) : 1); ++i) {
    const yaml_node_t *one = list ? item_at(source, node, i) : node;
    if (one->type != YAML_SCALAR_NODE || n + strlen(text_of(one)) + 2 > size) {
      complain(reader, source, one, where, "wants a value or a list of values");
      return false;
    }
    n += (size_t)snprintf(texts + n, size - n, "%s%s", i > 0 ? "\n" : "", text_of(one));
  }
  texts[n] = '\0';
  return true;
}

/* The words of a mapping. A law that is named begins the item afresh. */
static void read_clause(struct reader *reader, const struct source *source,
                        const yaml_node_t *map, const char *where, struct stated around,
                        struct clause *clause) {
  char texts[4096], at[MAX_WHERE];
  if (map->type != YAML_MAPPING_NODE) {
    complain(reader, source, map, where, "wants keys with values");
    return;
  }
  check_keys(reader, source, map, where);
  const struct stated stated = read_stated(reader, source, map, around, where);
  for (size_t i = 0; i < pairs(map); ++i) {
    const yaml_node_t *word = pair_key(source, map, i), *value = pair_value(source, map, i);
    char deeper[256];
    snprintf(deeper, sizeof deeper, "%.160s.%.60s", where, text_of(word));
    if (is_stated_key(word) ||
        !read_texts(reader, source, value, deeper, texts, sizeof texts)) {
      continue;
    }
    if (clause->n == MAX_WORDS && clause_word(clause, text_of(word)) == NULL) {
      complain(reader, source, word, where, "too many keys");
      return;
    }
    tell_where(source, value, at);
    reader->out_of_memory |= !clause_say(clause, text_of(word), texts, at);
  }
  reader->out_of_memory |= !clause_state(clause, stated.source, stated.confidence);
}

static struct clause *add_clause(struct reader *reader, const struct source *source,
                                 const yaml_node_t *node, const char *where,
                                 struct clauses *clauses) {
  char at[MAX_WHERE];
  if (clauses->n == clauses->most) {
    complain(reader, source, node, where, "has more than %d entries", clauses->most);
    return NULL;
  }
  tell_where(source, node, at);
  struct clause *clause = clauses_add(clauses, at);
  reader->out_of_memory |= clause == NULL;
  return clause;
}

/* A sequence replaces all that was read before. */
static void read_clauses(struct reader *reader, const struct source *source,
                         const yaml_node_t *node, const char *where, struct clauses *clauses) {
  const struct stated nothing = {NULL, NULL};
  clauses_drop(clauses, NULL, NULL);
  for (size_t i = 0; i < items(node); ++i) {
    const yaml_node_t *item = item_at(source, node, i);
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
  const char *key = text_of(word);
  char where[256], at[MAX_WHERE];
  snprintf(where, sizeof where, "uncertain.%.200s", key);
  if (is_text(value, "none") && clauses_find(&store->laws, "key", key) == NULL) {
    complain(reader, source, word, where, "there is no such law to drop");
    return;
  }
  if (is_text(value, "none")) {
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
  if (member(source, value, "law") != NULL) {
    clause_clear(clause);
  }
  tell_where(source, word, at);
  reader->out_of_memory |= !clause_say(clause, "key", key, at);
  read_clause(reader, source, value, where, stated, clause);
}

/* A sequence of laws replaces all, and the correlations with them; a mapping from keys changes
   some. */
static void read_uncertain(struct reader *reader, const struct source *source,
                           const yaml_node_t *node) {
  const struct stated nothing = {NULL, NULL};
  if (node->type == YAML_SEQUENCE_NODE) {
    clauses_drop(&reader->store.correlations, NULL, NULL);
    read_clauses(reader, source, node, "uncertain", &reader->store.laws);
  } else if (node->type == YAML_MAPPING_NODE) {
    check_keys(reader, source, node, "uncertain");
    const struct stated stated = read_stated(reader, source, node, nothing, "uncertain");
    for (size_t i = 0; i < pairs(node); ++i) {
      const yaml_node_t *word = pair_key(source, node, i);
      if (!is_stated_key(word)) {
        read_change(reader, source, word, pair_value(source, node, i), stated);
      }
    }
  } else {
    complain(reader, source, node, "uncertain", "wants a list of laws, or changes by key");
  }
}

static void read_correlations(struct reader *reader, const struct source *source,
                              const yaml_node_t *node) {
  if (node->type == YAML_SEQUENCE_NODE) {
    read_clauses(reader, source, node, "uncertain_correlation", &reader->store.correlations);
  } else {
    complain(reader, source, node, "uncertain_correlation",
             "wants a list like [{keys: [KEY, KEY], rank: 0.5}]");
  }
}

static void read_file(struct reader *reader, const char *path, const struct source *includer,
                      const yaml_node_t *node);

static void read_include(struct reader *reader, const struct source *source,
                         const yaml_node_t *node) {
  char path[PATH_MAX];
  const char *file = text_of(node);
  const char *slash = strrchr(source->name, '/');
  if (file[0] == '\0' || source->is_assignment) {
    complain(reader, source, node, "include", "wants the name of a deck file");
    return;
  }
  const int folder = file[0] == '/' || slash == NULL ? 0 : (int)(slash - source->name + 1);
  if (snprintf(path, sizeof path, "%.*s%s", folder, source->name, file) >= (int)sizeof path) {
    complain(reader, source, node, "include", "name too long");
    return;
  }
  read_file(reader, path, source, node);
}

static void read_top(struct reader *reader, const struct source *source,
                     const yaml_node_t *root) {
  const struct stated nothing = {NULL, NULL};
  const struct place nowhere = {0, 0};
  if (root->type != YAML_MAPPING_NODE) {
    complain(reader, source, root, "", "a deck wants sections with keys");
    return;
  }
  check_keys(reader, source, root, "deck");
  const yaml_node_t *include = member(source, root, "include");
  if (include != NULL) { /* first, wherever it stands: the rest overrides it */
    read_include(reader, source, include);
  }
  const yaml_node_t *uncertain = member(source, root, "uncertain");
  if (uncertain != NULL) { /* before their correlations */
    read_uncertain(reader, source, uncertain);
  }
  for (size_t i = 0; i < pairs(root); ++i) {
    const yaml_node_t *word = pair_key(source, root, i), *value = pair_value(source, root, i);
    const char *name = text_of(word);
    const enum group list = schema_find_list(name);
    const struct key *top = schema_find(GROUP_SECTION, "", name);
    if (is_text(word, "include") || is_text(word, "uncertain")) {
      continue;
    }
    if (is_text(word, "uncertain_correlation")) {
      read_correlations(reader, source, value);
    } else if (list != GROUP_SECTION) {
      read_list_of_items(reader, source, value, name, list, 0, nothing);
    } else if (top != NULL) {
      read_key(reader, source, value, name, top, nowhere, nothing);
    } else if (schema_has_section(name)) {
      read_keys(reader, source, value, name, GROUP_SECTION, name, nowhere, nothing);
    } else {
      complain_unknown(reader, source, word, "deck",
                       reader->n_errors < MAX_MESSAGES ? schema_suggest_section(name) : NULL);
    }
  }
}

/* ---- texts */

/* Where the parser stopped. It counts lines only where it can read. */
static yaml_mark_t problem_mark(const struct source *source, const yaml_parser_t *parser) {
  yaml_mark_t mark = {0};
  if (parser->error != YAML_READER_ERROR) {
    return parser->problem_mark;
  }
  const char *line = source->text, *stop = source->text + parser->problem_offset;
  for (const char *next = after_line(line); next <= stop && next > line;
       next = after_line(line)) {
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
    return "this text holds a character that does not show: a control character, or a mark "
           "that "
           "turns the direction of writing";
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
    yaml_node_t at = {0};
    if (!yaml_parser_parse(parser, &event)) {
      at.start_mark = problem_mark(source, parser);
      at.end_mark = at.start_mark;
      reader->out_of_memory |= parser->error == YAML_MEMORY_ERROR;
      complain(reader, source, &at, "", "%s",
               parser->problem != NULL ? parser->problem : "not readable as YAML");
      return false;
    }
    const yaml_event_type_t type = event.type;
    nesting += type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT;
    nesting -= type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT;
    documents += type == YAML_DOCUMENT_START_EVENT;
    ++values;
    const char *fault = find_fault(&event, nesting, documents, values);
    at.start_mark = event.start_mark;
    at.end_mark = event.end_mark;
    yaml_event_delete(&event);
    if (fault != NULL) {
      complain(reader, source, &at, "", "%s", fault);
      return false;
    }
    if (type == YAML_STREAM_END_EVENT) {
      return true;
    }
  }
}

static void read_source(struct reader *reader, struct source *source) {
  yaml_parser_t parser;
  yaml_document_t document;
  if (strlen(source->text) != source->size) {
    complain(reader, source, NULL, "", "holds a zero byte");
    return;
  }
  if (source->size > MAX_RESOLVED) {
    complain(reader, source, NULL, "", "larger than any deck");
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
      complain(reader, source, NULL, "", "is empty");
    } else {
      read_top(reader, source, root);
    }
    yaml_document_delete(&document);
  } else {
    reader->out_of_memory = true;
  }
  yaml_parser_delete(&parser);
}

/* The whole file, closed by a zero byte; NULL with `why` set. The caller frees it. */
static char *slurp(const char *path, size_t *size, const char **why) {
  char *text = malloc(MAX_BYTES + 2);
  FILE *file = fopen(path, "rb");
  *why = file == NULL ? strerror(errno) : text == NULL ? "no memory" : NULL;
  if (*why == NULL) {
    *size = fread(text, 1, MAX_BYTES + 1, file);
    text[*size] = '\0';
    *why = ferror(file) ? strerror(errno) : *size > MAX_BYTES ? "larger than 1 MiB" : NULL;
  }
  if (file != NULL && fclose(file) != 0 && *why == NULL) {
    *why = strerror(errno);
  }
  if (*why != NULL) {
    free(text);
    text = NULL;
  }
  return text;
}

/* Why a deck cannot be included; NULL if it can. Its size is seen when it is read. */
static const char *refuse(struct source *source) {
  struct stat about;
  if (source->depth > MAX_INCLUDES) {
    return "decks include each other too deeply";
  }
  if (stat(source->name, &about) != 0) {
    return strerror(errno);
  }
  source->device = about.st_dev;
  source->file = about.st_ino;
  for (const struct source *one = source->included_by; one != NULL; one = one->included_by) {
    if (one->device == about.st_dev && one->file == about.st_ino) {
      return "decks include each other in a circle";
    }
  }
  /* The user may give a pipe; a deck must not make the program wait for one. */
  return source->depth > 0 && !S_ISREG(about.st_mode) ? "is no file" : NULL;
}

static void read_file(struct reader *reader, const char *path, const struct source *includer,
                      const yaml_node_t *node) {
  size_t size = 0;
  struct source source = {.name = path,
                          .depth = includer != NULL ? includer->depth + 1 : 0,
                          .included_by = includer};
  const char *why = refuse(&source);
  char *text = why == NULL ? slurp(path, &size, &why) : NULL;
  if (text == NULL) {
    if (includer != NULL) {
      complain(reader, includer, node, "include", "%s: %s", path, why);
    } else {
      complain(reader, &source, NULL, "", "%s", why);
    }
    return;
  }
  source.text = text;
  source.size = size;
  read_source(reader, &source);
  free(text);
}

/* "a.b.c=VALUE" is the text of a small deck that overrides one key. */
static void read_assignment(struct reader *reader, const char *assignment) {
  char text[8192], name[256];
  struct source source = {.name = name, .text = text, .is_assignment = true};
  const char *equals = strchr(assignment, '=');
  size_t n = 0;
  int level = 0;
  snprintf(name, sizeof name, "--set %.200s", assignment != NULL ? assignment : "");
  if (equals == NULL || equals == assignment || strlen(assignment) > 4096) {
    text[0] = '\0';
    complain(reader, &source, NULL, "", "wants KEY=VALUE");
    return;
  }
  const char *odd = strpbrk(assignment, "\n\"\\");
  if (text_hidden(assignment, false) != NULL || (odd != NULL && odd < equals)) {
    text[0] = '\0';
    complain(reader, &source, NULL, "", "wants one line, KEY=VALUE, and a key of plain words");
    return;
  }
  for (const char *c = assignment; c < equals && level < MAX_NESTING; ++level) {
    /* uncertain.a.b is the law of key a.b */
    const size_t length = level == 1 && strncmp(assignment, "uncertain.", 10) == 0
                              ? (size_t)(equals - c)
                              : strcspn(c, ".=");
    n += (size_t)snprintf(text + n, sizeof text - n, "%s%*s\"%.*s\":", level > 0 ? "\n" : "",
                          level, "", (int)length, c);
    c += length + 1;
  }
  n += (size_t)snprintf(text + n, sizeof text - n, " %s\n", equals + 1);
  source.size = n;
  read_source(reader, &source);
}

/* ---- the whole */

static void name_after_file(struct deck *deck, const char *path) {
  const char *base = strrchr(path, '/');
  base = base != NULL ? base + 1 : path;
  const char *dot = strrchr(base, '.');
  const size_t length = dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base);
  size_t kept = length < MAX_NAME - 1 ? length : MAX_NAME - 1;
  while (kept < length && kept > 0 && ((unsigned char)base[kept] & 0xc0) == 0x80) {
    --kept; /* not inside a letter of UTF-8 */
  }
  memcpy(deck->name, base, kept);
  text_clean(deck->name);
}

/* What a deck need not say. */
static void set_defaults(const struct deck_store *store, const char *path) {
  const struct place nowhere = {0, 0};
  struct deck *deck = store->deck;
  if (deck->name[0] == '\0') {
    name_after_file(deck, path);
  }
  struct entry *paths =
      store_entry(store, schema_find(GROUP_SECTION, "sampling", "paths"), nowhere);
  struct entry *seed =
      store_entry(store, schema_find(GROUP_SECTION, "sampling", "seed"), nowhere);
  if (deck->sampling.replicates == 0) {
    deck->sampling.replicates = 32;
  }
  if (!paths->given) {
    deck->sampling.paths = 100000;
    paths->given = true;
  }
  if (!seed->given) {
    deck->sampling.seed = 1;
    seed->given = true;
  }
}

static enum status print_resolved(const struct deck_store *store, char **resolved) {
  size_t size = 0;
  *resolved = NULL;
  FILE *out = open_memstream(resolved, &size);
  if (out == NULL) {
    return status_fail(STATUS_FAILED, "no memory for the deck's text");
  }
  store_print(store, out);
  const bool whole = ferror(out) == 0;
  if (fclose(out) != 0 || !whole) {
    free(*resolved);
    *resolved = NULL;
    return status_fail(STATUS_FAILED, "no memory for the deck's text");
  }
  return STATUS_OK;
}

/* What follows when all text is read: defaults, checks, the canonical text (if wanted). */
static enum status finish(struct reader *reader, const char *path, char **resolved) {
  if (reader->n_errors == 0) {
    set_defaults(&reader->store, path);
    reader->n_errors = store_check(&reader->store, path);
    reader->n_errors += store_make_uncertain(&reader->store, reader->units);
  }
  if (reader->n_errors == 0) {
    reader->n_errors = store_check_variants(&reader->store, path);
  }
  if (reader->out_of_memory) {
    return status_fail(STATUS_FAILED, "no memory to read the deck");
  }
  if (reader->n_errors > 0) {
    return STATUS_USAGE;
  }
  return resolved != NULL ? print_resolved(&reader->store, resolved) : STATUS_OK;
}

static enum status read_all(struct reader *reader, const char *path,
                            const char *const *assignments, int n, char **resolved) {
  read_file(reader, path, NULL, NULL);
  for (int i = 0; reader->n_errors == 0 && i < n; ++i) {
    read_assignment(reader, assignments[i]);
  }
  return finish(reader, path, resolved);
}

enum status deck_read(const char *path, const char *const *assignments, int n,
                      struct deck *deck, char **resolved) {
  struct reader reader = {.units = units_open()};
  if (reader.units == NULL) {
    return STATUS_FAILED;
  }
  const enum status status = store_make(&reader.store, deck)
                                 ? read_all(&reader, path, assignments, n, resolved)
                                 : status_fail(STATUS_FAILED, "no memory to read the deck");
  units_close(reader.units);
  store_free(&reader.store);
  return status;
}

enum status deck_read_text(const char *text, const char *name, const char *path,
                           struct deck *deck) {
  struct reader reader = {.units = units_open()};
  struct source source = {.name = path, .text = text, .size = strlen(text)};
  char *again = NULL;
  if (reader.units == NULL) {
    return STATUS_FAILED;
  }
  enum status status = STATUS_FAILED;
  if (store_make(&reader.store, deck)) {
    read_source(&reader, &source);
    if (deck->name[0] == '\0') { /* a deck that states no name is called after its file */
      snprintf(deck->name, sizeof deck->name, "%s", name);
    }
    status = finish(&reader, path, &again);
  } else {
    status_fail(STATUS_FAILED, "no memory to read the deck");
  }
  if (status == STATUS_USAGE || (status == STATUS_OK && strcmp(text, again) != 0)) {
    status = status_fail(STATUS_MISMATCH, "%s: its deck is of another version of this program",
                         path);
  }
  free(again);
  units_close(reader.units);
  store_free(&reader.store);
  return status;
}
