/* Values of keys: numbers with units, lists of them, counts, dates, words. */
#include "edge/deck_reader.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void complain_range(struct reader *reader, const struct source *source,
                           const yaml_node_t *node, const char *where, const struct key *key,
                           double value) {
  const char *unit = units_canonical(key->kind);
  char wanted[120], hint[60] = "";
  schema_range(key, wanted, sizeof wanted);
  if (key->kind == KIND_NUMBER && key->high == 1.0 && value > 1.0 && value <= 100.0) {
    snprintf(hint, sizeof hint, "; did you mean `%.15g %%`?", value);
  }
  reader_complain(reader, source, node, where, "%.15g%s%s is out of range; wanted %s%s", value,
                  unit[0] != '\0' ? " " : "", unit, wanted, hint);
}

/* Numbers of one scalar, checked against the range. false after a complaint. */
static bool read_numbers(struct reader *reader, const struct source *source,
                         const yaml_node_t *node, const char *where, const struct key *key,
                         double *values, size_t room, size_t *n) {
  char why[256];
  if (!node_is_scalar(node)) {
    reader_complain(reader, source, node, where, "wants a value, not a list or a mapping");
    return false;
  }
  if (!units_read(reader->units, node_text(node), key->kind, values, room, n, why,
                  sizeof why)) {
    reader_complain(reader, source, node, where, "%s", why);
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
  if (!node_is_sequence(node)) {
    return read_numbers(reader, source, node, where, key, values, room, n);
  }
  for (size_t i = 0; i < node_items(node); ++i) {
    size_t more = 0;
    if (*n == room) {
      reader_complain(reader, source, node_item(source, node, i), where,
                      "holds more than %zu numbers", room);
      return false;
    }
    if (!read_numbers(reader, source, node_item(source, node, i), where, key, values + *n,
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
    reader_complain(reader, source, node, where, "has %zu number%s, wanted %zu%s", n,
                    n == 1 ? "" : "s", wanted,
                    key->shape == SHAPE_REGIMES ? ": boom, plateau, winter" : "");
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
  const char *text = node_text(node);
  const size_t digits = strspn(text, "0123456789");
  if (digits > 0 && digits < 21 && text[digits] == '\0') { /* all 64 bits of a seed */
    errno = 0;
    const unsigned long long whole = strtoull(text, NULL, 10);
    if (errno == 0 && schema_holds(key, (double)whole)) {
      *to = (int64_t)whole;
      return true;
    }
  }
  if (!node_is_scalar(node) ||
      !units_read(reader->units, text, KIND_NUMBER, &value, 1, &n, why, sizeof why) ||
      value != floor(value)) {
    reader_complain(reader, source, node, where, "wants a whole number, not `%.60s`", text);
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
  if (!node_is(node, "true") && !node_is(node, "false")) {
    const char *text = node_text(node);
    const bool yes = strcmp(text, "yes") == 0 || strcmp(text, "on") == 0 ||
                     strcmp(text, "True") == 0 || strcmp(text, "1") == 0;
    reader_complain(reader, source, node, where, "wants true or false, not `%.60s`%s", text,
                    yes ? "; did you mean `true`?" : "");
    return false;
  }
  *to = node_is(node, "true") ? 1 : 0;
  return true;
}

static bool read_choice(struct reader *reader, const struct source *source,
                        const yaml_node_t *node, const char *where, const struct key *key,
                        int64_t *to) {
  const char *word = key->choices;
  for (int64_t number = 0; node_is_scalar(node); ++number) {
    const size_t length = strcspn(word, "|");
    if (strlen(node_text(node)) == length && strncmp(word, node_text(node), length) == 0) {
      *to = number;
      return true;
    }
    if (word[length] == '\0') {
      break;
    }
    word += length + 1;
  }
  char near[MAX_NAME], words[256];
  schema_choices(key->choices, words, sizeof words);
  const bool close =
      schema_suggest_choice(key->choices, node_text(node), near, sizeof near) != NULL;
  reader_complain(reader, source, node, where, "wants one of %s, not `%.60s`%s%s%s", words,
                  node_text(node), close ? "; did you mean `" : "", close ? near : "",
                  close ? "`?" : "");
  return false;
}

static bool read_text(struct reader *reader, const struct source *source,
                      const yaml_node_t *node, const char *where, char *to) {
  const char *text = node_text(node);
  if (!node_is_scalar(node) || text[0] == '\0' || strlen(text) >= MAX_NAME) {
    reader_complain(reader, source, node, where, "wants a name of 1 to %d bytes", MAX_NAME - 1);
    return false;
  }
  if (text_hidden(text, false) != NULL) {
    reader_complain(reader, source, node, where, "wants a name of one line");
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
  const char *text = node_text(node);
  const bool form = strlen(text) == 10 && strspn(text, "0123456789-") == 10 &&
                    sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) == 3 && end == 10;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  if (!form || year < 1900 || month < 1 || month > 12 || day < 1 ||
      day > lengths[month - 1] + (month == 2 && leap ? 1 : 0)) {
    reader_complain(reader, source, node, where,
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

/* A key's node: the value itself, or a mapping of value, source and confidence. */
void reader_key(struct reader *reader, const struct source *source, const yaml_node_t *node,
                const char *where, const struct key *key, struct place place,
                struct stated stated) {
  const yaml_node_t *value = node;
  if (node_is_mapping(node)) {
    reader_check_keys(reader, source, node, where);
    for (size_t i = 0; i < node_pairs(node); ++i) {
      const yaml_node_t *word = node_key(source, node, i);
      if (!reader_is_stated(word) && !node_is(word, "value")) {
        reader_complain(reader, source, word, where,
                        "unknown key `%.60s`; wanted value, source or confidence",
                        node_text(word));
      }
    }
    stated = reader_stated(reader, source, node, stated, where);
    value = node_member(source, node, "value");
    if (value == NULL) {
      reader_complain(reader, source, node, where, "has no `value`");
      return;
    }
  }
  char at[MAX_WHERE];
  reader_where(source, value, at);
  if (read_shape(reader, source, value, where, key, store_value(&reader->store, key, place)) &&
      !store_note(&reader->store, key, place, at, stated.source, stated.confidence)) {
    reader->out_of_memory = true;
  }
}
