#include "edge/deck_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "edge/deck_reader.h"

enum {
  MAX_BYTES = 1 << 20, /* of a deck file */
  MAX_INCLUDES = 8,    /* deck includes deck includes ... */
  MAX_LEVELS = 16      /* of the key of an assignment */
};

/* ---- a text and what it includes */

static void read_file(struct reader *reader, const char *path, const struct source *includer,
                      const yaml_node_t *node);

static void read_include(struct reader *reader, const struct source *source,
                         const yaml_node_t *node) {
  char path[PATH_MAX];
  const char *file = node_text(node);
  const char *slash = strrchr(source->name, '/');
  if (file[0] == '\0' || source->is_assignment) {
    reader_complain(reader, source, node, "include", "wants the name of a deck file");
    return;
  }
  const int folder = file[0] == '/' || slash == NULL ? 0 : (int)(slash - source->name + 1);
  if (snprintf(path, sizeof path, "%.*s%s", folder, source->name, file) >= (int)sizeof path) {
    reader_complain(reader, source, node, "include", "name too long");
    return;
  }
  read_file(reader, path, source, node);
}

static void read_top(struct reader *reader, const struct source *source,
                     const yaml_node_t *root) {
  const struct stated nothing = {NULL, NULL};
  const struct place nowhere = {0, 0};
  if (!node_is_mapping(root)) {
    reader_complain(reader, source, root, "", "a deck wants sections with keys");
    return;
  }
  reader_check_keys(reader, source, root, "deck");
  const yaml_node_t *include = node_member(source, root, "include");
  if (include != NULL) { /* first, wherever it stands: the rest overrides it */
    read_include(reader, source, include);
  }
  const yaml_node_t *uncertain = node_member(source, root, "uncertain");
  if (uncertain != NULL) { /* before their correlations */
    reader_laws(reader, source, uncertain);
  }
  for (size_t i = 0; i < node_pairs(root); ++i) {
    const yaml_node_t *word = node_key(source, root, i), *value = node_value(source, root, i);
    const char *name = node_text(word);
    const enum group list = schema_find_list(name);
    const struct key *top = schema_find(GROUP_SECTION, "", name);
    if (node_is(word, "include") || node_is(word, "uncertain")) {
      continue;
    }
    if (node_is(word, "uncertain_correlation")) {
      reader_correlations(reader, source, value);
    } else if (list != GROUP_SECTION) {
      reader_items(reader, source, value, name, list, 0, nothing);
    } else if (top != NULL) {
      reader_key(reader, source, value, name, top, nowhere, nothing);
    } else if (schema_has_section(name)) {
      reader_keys(reader, source, value, name, GROUP_SECTION, name, nowhere, nothing);
    } else {
      reader_unknown(reader, source, word, "deck", GROUP_SECTION, NULL);
    }
  }
}

/* ---- files and assignments */

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

/* Why a deck cannot be read; NULL if it can. Its size is seen when it is read. */
static const char *refuse(struct source *source) {
  struct stat about;
  int depth = 0;
  if (stat(source->name, &about) != 0) {
    return strerror(errno);
  }
  source->device = about.st_dev;
  source->file = about.st_ino;
  for (const struct source *above = source->includer; above != NULL; above = above->includer) {
    if (above->device == about.st_dev && above->file == about.st_ino) {
      return "is being read already: decks must not include each other in a circle";
    }
    ++depth;
  }
  if (depth > MAX_INCLUDES) {
    return "decks include each other too deeply";
  }
  /* The user may give a pipe; a deck must not make the program wait for one. */
  return depth > 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode) ? "is no file" : NULL;
}

static void read_file(struct reader *reader, const char *path, const struct source *includer,
                      const yaml_node_t *node) {
  char from[MAX_WHERE] = "";
  struct source source = {.name = path, .includer = includer};
  const char *why = refuse(&source);
  char *text = why == NULL ? slurp(path, &source.size, &why) : NULL;
  if (text == NULL) {
    if (includer != NULL) {
      reader_complain(reader, includer, node, "include", "%s: %s", path, why);
    } else {
      reader_complain(reader, &source, NULL, "", "%s", why);
    }
    return;
  }
  if (includer != NULL) {
    snprintf(from, sizeof from, "%s:%zu", includer->name, node_line(node));
  }
  source.text = text;
  if (complaints_keep(&reader->store.complaints, path, text, includer != NULL ? from : NULL)) {
    reader_parse(reader, &source, read_top);
  } else {
    reader->out_of_memory = true;
  }
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
    reader_complain(reader, &source, NULL, "", "wants KEY=VALUE");
    return;
  }
  const char *odd = strpbrk(assignment, "\n\"\\");
  if (text_hidden(assignment, false) != NULL || (odd != NULL && odd < equals)) {
    text[0] = '\0';
    reader_complain(reader, &source, NULL, "",
                    "wants one line, KEY=VALUE, and a key of plain words");
    return;
  }
  for (const char *c = assignment; c < equals && level < MAX_LEVELS; ++level) {
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
  reader_parse(reader, &source, read_top);
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

/* What a deck need not say. Flags, choices and texts that are left out are zero already. */
static void set_defaults(const struct deck_store *store, const char *path) {
  const struct place nowhere = {0, 0};
  if (store->deck->name[0] == '\0') {
    name_after_file(store->deck, path);
  }
  for (int k = 0; k < schema_size; ++k) {
    const struct key *key = &schema[k];
    if (key->kind == KIND_COUNT && key->standard != NULL &&
        !store_entry(store, key, nowhere)->given) {
      *(int64_t *)store_value(store, key, nowhere) = strtoll(key->standard, NULL, 10);
    }
  }
}

enum status deck_resolve(const struct deck_store *store, char **resolved) {
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

/* What follows when all text is read: defaults and checks. */
static enum status finish(struct reader *reader, const char *path) {
  struct deck_store *store = &reader->store;
  const int *n_faults = &store->complaints.n;
  if (*n_faults == 0) {
    set_defaults(store, path);
    store_check(store, path);
    store_make_uncertain(store, reader->units);
  }
  if (*n_faults == 0) {
    reader->out_of_memory |= !store_check_variants(store, path);
  }
  if (reader->out_of_memory) {
    return status_fail(STATUS_FAILED, "no memory to read the deck");
  }
  return *n_faults > 0 ? STATUS_USAGE : STATUS_OK;
}

static enum status read_all(struct reader *reader, const char *path,
                            const char *const *assignments, int n) {
  read_file(reader, path, NULL, NULL);
  const bool sound = reader->store.complaints.n == 0; /* or assignments would miss their keys */
  for (int i = 0; sound && i < n; ++i) {
    read_assignment(reader, assignments[i]);
  }
  return finish(reader, path);
}

enum status deck_open(const char *path, const char *const *assignments, int n,
                      struct deck *deck, struct deck_store *store) {
  struct reader reader = {.units = units_open()};
  if (reader.units == NULL) {
    return STATUS_FAILED;
  }
  enum status status = store_make(&reader.store, deck)
                           ? STATUS_OK
                           : status_fail(STATUS_FAILED, "no memory to read the deck");
  if (status == STATUS_OK) {
    status = read_all(&reader, path, assignments, n);
  }
  if (status == STATUS_OK) {
    store_warn(&reader.store);
  }
  units_close(reader.units);
  *store = reader.store;
  return status;
}

enum status deck_read(const char *path, const char *const *assignments, int n,
                      struct deck *deck, char **resolved) {
  struct deck_store store;
  enum status status = deck_open(path, assignments, n, deck, &store);
  if (status == STATUS_OK && resolved != NULL) {
    status = deck_resolve(&store, resolved);
  }
  store_free(&store);
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
    reader_parse(&reader, &source, read_top);
    if (deck->name[0] == '\0') { /* a deck that states no name is called after its file */
      snprintf(deck->name, sizeof deck->name, "%s", name);
    }
    status = finish(&reader, path);
    if (status == STATUS_OK) {
      status = deck_resolve(&reader.store, &again);
    }
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
