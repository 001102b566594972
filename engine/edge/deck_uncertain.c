/* The uncertain keys of a deck that is otherwise read: from words to laws, each inside the
   range of its key, and rank correlations. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "edge/deck_store.h"
#include "edge/key_path.h"
#include "edge/laws.h"
#include "model/matrix.h"
#include "model/uncertain.h"

static int find_fault(const char *where, const char *section, const char *key,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Prints a fault; 1, for adding up. */
static int find_fault(const char *where, const char *section, const char *key,
                      const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  text_print(stderr, "%s: error: %s%s%s: ", where, section, key[0] != '\0' ? "." : "", key);
  text_vprint(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  return 1;
}

/* ---- keys and laws */

/* One end of a law against the range of its key. */
static int check_end(const struct clause *clause, const struct uncertain *item,
                     const struct key *key, double value, bool upper, bool cut) {
  const char *word = upper ? "high" : "low", *unit = units_canonical(key->kind);
  char wanted[120], action[40];
  if (schema_holds(key, value)) {
    return 0;
  }
  schema_range(key, wanted, sizeof wanted);
  if (item->law.kind == LAW_DISCRETE) {
    snprintf(action, sizeof action, "change `values`");
  } else {
    snprintf(action, sizeof action, "%s `%s`", cut ? "change" : "add", word);
  }
  return find_fault(clause->where, "uncertain", item->name,
                    "the law reaches %s to %.6g%s%s, where the key wants %s: %s",
                    upper ? "up" : "down", value, unit[0] != '\0' ? " " : "", unit, wanted,
                    action);
}

/* The whole law must lie in the range; an end that is not cut off is as far as it is drawn. */
static int check_range(const struct deck_store *store, const struct clause *clause,
                       const struct uncertain *item, const struct key *key) {
  const struct law *law = &item->law;
  const double ends[] = {isfinite(law->low) ? law->low : law_quantile(law, LAW_FIRST),
                         isfinite(law->high) ? law->high : law_quantile(law, LAW_LAST)};
  for (int64_t i = 0; i < (item->scale ? item->n : 1); ++i) {
    const char *at = (const char *)store->deck + item->offset + i * item->stride;
    const double base = item->scale ? *(const double *)(const void *)at : 1.0;
    for (int end = 0; end < 2; ++end) {
      const bool cut = isfinite(end == 1 ? law->high : law->low);
      if (check_end(clause, item, key, base * ends[end], end == 1, cut) > 0) {
        return 1;
      }
    }
  }
  return 0;
}

static int read_scale(const struct clause *clause, const struct key_path *path,
                      int64_t *scale) {
  const struct word *word = clause_word(clause, "scale");
  const bool yes = word != NULL && strcmp(word->text, "true") == 0;
  *scale = yes;
  if (word != NULL && !yes && strcmp(word->text, "false") != 0) {
    return find_fault(word->where, "uncertain", path->name,
                      "scale wants true or false, not `%.40s`", word->text);
  }
  if (path->n == 0) {
    return find_fault(clause->where, "uncertain", path->name, "is a list without values");
  }
  if (path->is_list && !yes) {
    return find_fault(clause->where, "uncertain", path->name,
                      "has several values: name one of them, or give a law to a factor on all "
                      "with `scale: true`");
  }
  return 0;
}

static int read_item(const struct deck_store *store, const struct units *units,
                     const struct clause *clause, struct uncertain *item) {
  const struct word *said = clause_word(clause, "key");
  struct key_path path;
  struct law_fault fault;
  if (said == NULL) {
    return find_fault(clause->where, "uncertain", "", "an item has no `key`");
  }
  if (!key_path_read(store, said->text, &path, fault.why, sizeof fault.why)) {
    return find_fault(said->where, "uncertain", said->text, "%s", fault.why);
  }
  if (read_scale(clause, &path, &item->scale) > 0) {
    return 1;
  }
  const enum kind kind = item->scale ? KIND_NUMBER : path.key->kind;
  if (!law_read(clause, units, kind, &item->law, &fault)) {
    return find_fault(fault.where, "uncertain", path.name, "%s", fault.why);
  }
  memcpy(item->name, path.name, sizeof item->name);
  snprintf(item->unit, sizeof item->unit, "%s", units_canonical(kind));
  item->offset = path.offset;
  item->n = path.n;
  item->stride = path.stride;
  return check_range(store, clause, item, path.key);
}

/* ---- each key once */

static bool overlap(const struct uncertain *a, const struct uncertain *b) {
  for (int64_t i = 0; i < a->n; ++i) {
    for (int64_t j = 0; j < b->n; ++j) {
      if (a->offset + i * a->stride == b->offset + j * b->stride) {
        return true;
      }
    }
  }
  return false;
}

static int check_once(const struct deck_store *store) {
  const struct uncertain *items = store->deck->uncertain;
  const struct clause *clauses = store->laws.items;
  int n = 0;
  for (int64_t i = 0; i < store->deck->n_uncertain; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      if (overlap(&items[i], &items[j])) {
        n += find_fault(clauses[i].where, "uncertain", items[i].name,
                        "has a law already, through %s at %s", items[j].name, clauses[j].where);
      } else if (uncertain_address(items[i].name) == uncertain_address(items[j].name)) {
        n += find_fault(clauses[i].where, "uncertain", items[i].name,
                        "would be drawn together with %s by an accident of their names; rename "
                        "an item of the deck",
                        items[j].name);
      }
    }
  }
  return n;
}

/* ---- rank correlations */

struct ranks {
  double rank[MAX_UNCERTAIN][MAX_UNCERTAIN];
  bool given[MAX_UNCERTAIN][MAX_UNCERTAIN];
};

/* The uncertain key that a text means; -1 after a complaint. */
static int find_uncertain(const struct deck_store *store, const struct word *word,
                          const char *text) {
  struct key_path path;
  char why[256] = "";
  const bool known = key_path_read(store, text, &path, why, sizeof why);
  for (int i = 0; known && i < (int)store->deck->n_uncertain; ++i) {
    if (strcmp(store->deck->uncertain[i].name, path.name) == 0) {
      return i;
    }
  }
  find_fault(word->where, "uncertain_correlation", text, "%s",
             known ? "has no law in `uncertain`" : why);
  return -1;
}

static int read_pair(const struct deck_store *store, const struct word *keys, int pair[2]) {
  char text[2 * MAX_KEY];
  snprintf(text, sizeof text, "%s", keys->text);
  char *end = strchr(text, '\n');
  if (end == NULL || strchr(end + 1, '\n') != NULL) {
    return find_fault(keys->where, "uncertain_correlation", "keys", "wants two keys");
  }
  *end = '\0';
  pair[0] = find_uncertain(store, keys, text);
  pair[1] = find_uncertain(store, keys, end + 1);
  return pair[0] < 0 || pair[1] < 0;
}

static int read_rank(const struct deck_store *store, const struct units *units,
                     const struct clause *clause, struct ranks *ranks, struct tie *tie) {
  const struct word *keys = clause_word(clause, "keys"), *said = clause_word(clause, "rank");
  const char *section = "uncertain_correlation";
  char why[256];
  double rank = 0.0;
  size_t n = 0;
  int pair[2] = {-1, -1};
  for (int i = 0; i < clause->n; ++i) {
    if (&clause->words[i] != keys && &clause->words[i] != said) {
      return find_fault(clause->words[i].where, section, clause->words[i].name,
                        "unknown key; wanted keys, rank, source or confidence");
    }
  }
  if (keys == NULL || said == NULL) {
    return find_fault(clause->where, section, "", "an item wants `keys` and `rank`");
  }
  if (read_pair(store, keys, pair) > 0) {
    return 1;
  }
  if (!units_read(units, said->text, KIND_NUMBER, &rank, 1, &n, why, sizeof why)) {
    return find_fault(said->where, section, "rank", "%s", why);
  }
  if (!(fabs(rank) < 1.0)) {
    return find_fault(said->where, section, "rank",
                      "%.6g is out of range; wanted above -1 and below 1", rank);
  }
  if (pair[0] == pair[1] || ranks->given[pair[0]][pair[1]]) {
    return find_fault(keys->where, section, "keys",
                      pair[0] == pair[1] ? "wants two different keys"
                                         : "this pair has a correlation already");
  }
  *tie = (struct tie){{pair[0], pair[1]}, rank};
  for (int i = 0; i < 2; ++i) {
    ranks->rank[pair[i]][pair[1 - i]] = rank;
    ranks->given[pair[i]][pair[1 - i]] = true;
  }
  return 0;
}

/* The weights of independent normals behind ranks that are all multiplied by `part`; false if
   there are none. */
static bool weigh(const struct ranks *ranks, double part, int n,
                  double weights[MAX_UNCERTAIN][MAX_UNCERTAIN]) {
  double normal[MAX_UNCERTAIN][MAX_UNCERTAIN];
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      normal[i][j] = i == j ? 1.0 : law_normal_correlation(part * ranks->rank[i][j]);
    }
  }
  return cholesky(n, MAX_UNCERTAIN, weights[0], normal[0]);
}

static int make_weights(const struct deck_store *store, const struct ranks *ranks) {
  struct deck *deck = store->deck;
  const int n = (int)deck->n_uncertain;
  if (weigh(ranks, 1.0, n, deck->uncertain_weights)) {
    return 0;
  }
  double low = 0.0, high = 1.0;
  for (int step = 0; step < 40; ++step) {
    const double middle = (low + high) / 2.0;
    *(weigh(ranks, middle, n, deck->uncertain_weights) ? &low : &high) = middle;
  }
  return find_fault(store->correlations.items[0].where, "uncertain_correlation", "",
                    "not positive definite; all ranks multiplied by %.4g would be", low);
}

int store_make_uncertain(struct deck_store *store, const struct units *units) {
  struct deck *deck = store->deck;
  struct ranks ranks = {0};
  int n = 0;
  for (int i = 0; i < store->laws.n; ++i) {
    n += read_item(store, units, &store->laws.items[i], &deck->uncertain[i]);
  }
  deck->n_uncertain = store->laws.n;
  n += n == 0 ? check_once(store) : 0;
  const bool sound = n == 0;
  for (int i = 0; sound && i < store->correlations.n; ++i) {
    n += read_rank(store, units, &store->correlations.items[i], &ranks, &store->ties[i]);
  }
  return n > 0 ? n : make_weights(store, &ranks);
}
