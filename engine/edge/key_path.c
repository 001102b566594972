#include "edge/key_path.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "model/metrics.h"

struct scan { /* of one text */
  const struct deck_store *store;
  const char *rest; /* what was not read yet */
  struct key_path *path;
  char *why;
  size_t why_size;
};

static bool fail(const struct scan *scan, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(const struct scan *scan, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(scan->why, scan->why_size, format, arguments);
  va_end(arguments);
  return false;
}

static bool fail_unknown(const struct scan *scan, const char *word, const char *near) {
  return near != NULL ? fail(scan, "unknown key `%.60s`; did you mean `%s`?", word, near)
                      : fail(scan, "unknown key `%.60s`", word);
}

/* The next word, up to a point; empty at the end. */
static void take(struct scan *scan, char word[MAX_NAME]) {
  const size_t length = strcspn(scan->rest, ".");
  snprintf(word, MAX_NAME, "%.*s", (int)(length < MAX_NAME ? length : MAX_NAME - 1),
           scan->rest);
  scan->rest += length + (scan->rest[length] == '.');
}

static void name(struct scan *scan, const char *word) {
  char *to = scan->path->name;
  const size_t length = strlen(to);
  snprintf(to + length, MAX_KEY - length, "%s%s", length > 0 ? "." : "", word);
}

/* The item that the text goes on with; names may hold points, the longest that fits is meant.
 */
static bool take_item(struct scan *scan, enum group group, int64_t outer, int64_t *item) {
  char word[MAX_NAME];
  *item = -1;
  for (size_t end = strlen(scan->rest); *item < 0 && end > 0; --end) {
    if (scan->rest[end] == '.' && end < sizeof word) {
      snprintf(word, sizeof word, "%.*s", (int)end, scan->rest);
      *item = store_find_item(scan->store, group, outer, word);
      scan->rest += *item >= 0 ? end + 1 : 0;
    }
  }
  if (*item < 0) {
    take(scan, word);
    return fail(scan, "there is no %s `%s` among the %" PRId64, schema_lists[group].label, word,
                *store_count(scan->store, group, outer));
  }
  store_name_item(scan->store, group, outer, *item, word);
  name(scan, word);
  return true;
}

static bool take_key(struct scan *scan) {
  struct key_path *path = scan->path;
  char section[MAX_NAME], word[MAX_NAME];
  take(scan, section);
  enum group group = schema_find_list(section);
  if (group == GROUP_SECTION && !schema_has_section(section)) {
    path->key = schema_find(GROUP_SECTION, "", section);
    return path->key != NULL || fail_unknown(scan, section, schema_suggest_section(section));
  }
  name(scan, section);
  if (group != GROUP_SECTION && !take_item(scan, group, 0, &path->place.outer)) {
    return false;
  }
  take(scan, word);
  if (group == GROUP_CUSTOMER && strcmp(word, "tranches") == 0) {
    group = GROUP_TRANCHE;
    snprintf(section, sizeof section, "tranches");
    name(scan, word);
    if (!take_item(scan, group, path->place.outer, &path->place.inner)) {
      return false;
    }
    take(scan, word);
  }
  path->key = schema_find(group, section, word);
  name(scan, word);
  return path->key != NULL || fail_unknown(scan, word, schema_suggest(group, section, word));
}

static bool check_kind(const struct scan *scan) {
  const char *what = NULL;
  switch (scan->path->key->kind) {
    case KIND_WHOLE_MONTHS: what = "a number of whole months"; break;
    case KIND_COUNT: what = "a whole number"; break;
    case KIND_FLAG: what = "true or false"; break;
    case KIND_TEXT: what = "a name"; break;
    case KIND_DATE: what = "a date"; break;
    case KIND_CHOICE: what = "a choice of words"; break;
    default: break;
  }
  if (what != NULL) {
    return fail(scan, "cannot be uncertain: it is %s, not a continuous quantity", what);
  }
  return scan->path->key->group != GROUP_HISTORY ||
         fail(scan, "cannot be uncertain: nothing is computed from history");
}

/* ---- which of several values */

static const char *const factors[] = {"revenue", "growth", "training", "price", "base"};

static bool take_entry(struct scan *scan, const char *const *words, int n, int *entry) {
  char word[MAX_NAME];
  take(scan, word);
  for (*entry = 0; *entry < n; ++*entry) {
    if (strcmp(words[*entry], word) == 0) {
      return true;
    }
  }
  char wanted[80] = "";
  for (int i = 0; i < n; ++i) {
    const size_t length = strlen(wanted);
    snprintf(wanted + length, sizeof wanted - length, "%s%s", i > 0 ? "|" : "", words[i]);
  }
  return fail(scan, "wants one of %s after `%s`, not `%s`", wanted, scan->path->name, word);
}

/* Two names of a matrix; entries of a symmetric one come in pairs. */
static bool take_cell(struct scan *scan, const char *const *words, int n, bool symmetric) {
  struct key_path *path = scan->path;
  int row = 0, column = 0;
  if (!take_entry(scan, words, n, &row) || !take_entry(scan, words, n, &column)) {
    return false;
  }
  if (row == column) {
    return fail(scan, "cannot be uncertain: %s",
                symmetric ? "the diagonal is 1" : "the diagonal follows from its row");
  }
  if (symmetric && row > column) {
    const int larger = row;
    row = column;
    column = larger;
  }
  name(scan, words[row]);
  name(scan, words[column]);
  path->offset += (row * n + column) * (int64_t)sizeof(double);
  path->n = symmetric ? 2 : 1;
  path->stride = (column - row) * (n - 1) * (int64_t)sizeof(double);
  return true;
}

static bool take_year(struct scan *scan) {
  struct key_path *path = scan->path;
  char word[MAX_NAME];
  take(scan, word);
  const size_t digits = strspn(word, "0123456789");
  const int64_t year = digits < 6 ? atoi(word) : path->n;
  if (digits == 0 || word[digits] != '\0' || year >= path->n) {
    return fail(scan, "wants a year from 0 to %" PRId64 " after `%s`, not `%s`", path->n - 1,
                path->name, word);
  }
  snprintf(word, sizeof word, "%" PRId64, year);
  name(scan, word);
  path->offset += year * (int64_t)sizeof(double);
  path->n = 1;
  return true;
}

static bool take_one(struct scan *scan) {
  int entry = 0;
  if (!take_entry(scan, regime_names, N_REGIMES, &entry)) {
    return false;
  }
  name(scan, regime_names[entry]);
  scan->path->offset += entry * (int64_t)sizeof(double);
  scan->path->n = 1;
  return true;
}

static bool take_entries(struct scan *scan) {
  switch (scan->path->key->shape) {
    case SHAPE_REGIMES: return take_one(scan);
    case SHAPE_YEARLY: return take_year(scan);
    case SHAPE_MATRIX_3: return take_cell(scan, regime_names, N_REGIMES, false);
    case SHAPE_MATRIX_5: return take_cell(scan, factors, N_FACTORS, true);
    case SHAPE_ONE: break;
  }
  return true;
}

bool key_path_read(const struct deck_store *store, const char *text, struct key_path *path,
                   char *why, size_t why_size) {
  struct scan scan = {store, text, path, why, why_size};
  *path = (struct key_path){.n = 1, .stride = sizeof(double)};
  if (strpbrk(text, "[]") != NULL) {
    return fail(&scan,
                "is written with points, like market.price_level.winter or sites.S3.capacity");
  }
  if (!take_key(&scan) || !check_kind(&scan)) {
    return false;
  }
  const char *value = store_value(store, path->key, path->place);
  path->offset = value - (const char *)store->deck;
  path->n = (int64_t)schema_values(path->key->shape);
  if (path->key->shape == SHAPE_YEARLY) {
    path->n = ((const struct yearly *)(const void *)value)->n;
    path->offset += (int64_t)offsetof(struct yearly, at);
  }
  path->is_list = path->key->shape != SHAPE_ONE && scan.rest[0] == '\0';
  if (!path->is_list && !take_entries(&scan)) {
    return false;
  }
  return scan.rest[0] == '\0' ||
         fail(&scan, "`%.60s` after `%s` means nothing", scan.rest, path->name);
}
