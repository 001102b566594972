#include "edge/results_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "model/version.h"

enum {
  STATE_CHUNK = 1 << 16, /* words of one chunk of the state */
  PREFIX = 16,
  MAX_RANGES = 1 << 16
};

/* What the variables of each tally begin with. */
static const char *const prefixes[MAX_TALLIES] = {"", "first_", "second_", "replicate_"};
static const char *const deck_texts[] = {"deck", "second_deck"};
static const char *const deck_names[] = {"deck_name", "second_deck_name"};

/* ---- writing */

struct put { /* a variable that waits until all is defined */
  struct ncvariable variable;
  size_t count[2];
  const void *values;
};

static struct put define(struct ncwriter *nc, const char *name, const char *long_name,
                         enum nctype type, size_t n, const void *values) {
  char dim[80];
  snprintf(dim, sizeof dim, "%s_size", name);
  const int id = ncwriter_dimension(nc, dim, n);
  const struct put put = {ncwriter_variable(nc, name, type, 1, &id), {n}, values};
  ncwriter_text(nc, &put.variable, "long_name", long_name);
  return put;
}

static void define_tally(struct ncwriter *nc, int t, const struct tally *tally,
                         struct put puts[2]) {
  char name[64];
  const size_t n_words = (size_t)tally->n_words;
  snprintf(name, sizeof name, "%swords", prefixes[t]);
  puts[0] = define(nc, name, "counts, superaccumulators, histograms and parts", NCTYPE_INT64,
                   n_words, tally->words);
  const size_t chunk = n_words < STATE_CHUNK ? n_words : STATE_CHUNK;
  ncwriter_compress(nc, puts[0].variable, &chunk);
  snprintf(name, sizeof name, "%scentre", prefixes[t]);
  puts[1] = define(nc, name, "centre of each column's power sums", NCTYPE_DOUBLE,
                   (size_t)tally->n_columns, tally->centre);
}

static struct put define_paths(struct ncwriter *nc, const struct ranges *paths) {
  const int dims[] = {ncwriter_dimension(nc, "range", (size_t)paths->n),
                      ncwriter_dimension(nc, "range_end", 2)};
  const struct put put = {ncwriter_variable(nc, "path_ranges", NCTYPE_INT64, 2, dims),
                          {(size_t)paths->n, 2},
                          paths->at};
  ncwriter_text(nc, &put.variable, "long_name",
                "first path and path after the last of each range in the state");
  return put;
}

void results_put_state(struct ncwriter *nc, const struct results *results, const char *digest) {
  struct put puts[2 * MAX_TALLIES + 3];
  int n = 0;
  const int block = BLOCK_PATHS;
  ncwriter_group(nc, "state");
  for (int t = 0; t < MAX_TALLIES; ++t) {
    if (results->state->has[t]) {
      define_tally(nc, t, &results->state->tallies[t], &puts[n]);
      n += 2;
    }
  }
  puts[n++] = define_paths(nc, &results->state->paths);
  for (int i = 0; i < results->n_decks; ++i) {
    puts[n++] = define(nc, deck_texts[i], "resolved deck, YAML", NCTYPE_CHAR,
                       strlen(results->resolved[i]), results->resolved[i]);
    if (i == 0) {
      ncwriter_text(nc, &puts[n - 1].variable, "sha256", digest);
    }
    ncwriter_text(nc, NULL, deck_names[i], results->decks[i]->name);
  }
  ncwriter_number(nc, NULL, "seed", NCTYPE_UINT64, &results->sampling.seed);
  ncwriter_number(nc, NULL, "points", NCTYPE_INT64, &results->sampling.points);
  ncwriter_text(nc, NULL, "model_version", MODEL_VERSION);
  ncwriter_number(nc, NULL, "block_paths", NCTYPE_INT, &block);
  ncwriter_all_defined(nc);
  for (int i = 0; i < n; ++i) {
    ncwriter_put(nc, puts[i].variable, puts[i].count, puts[i].values);
  }
}

/* ---- reading */

/* The values of a variable of the state, with a zero byte behind them; NULL if it is missing,
   of another type or cannot be read. */
static void *read_variable(const struct ncreader *reader, const char *name, enum nctype type,
                           int64_t *n) {
  struct ncshape shape;
  const int id = ncreader_find(reader, true, name);
  if (id < 0 || !ncreader_shape(reader, true, id, &shape) || shape.type != type) {
    return NULL;
  }
  void *values = array_make(shape.n + 1, nctype_size(type));
  if (values == NULL || !ncreader_raw(reader, true, id, values)) {
    array_free(values);
    return NULL;
  }
  *n = (int64_t)shape.n;
  return values;
}

static bool read_tally(struct saved *saved, const struct ncreader *reader, int t) {
  char name[PREFIX + 16];
  snprintf(name, sizeof name, "%swords", prefixes[t]);
  if (ncreader_find(reader, true, name) < 0) {
    return t != TALLY_SAMPLE;
  }
  saved->tallies[t].words =
      read_variable(reader, name, NCTYPE_INT64, &saved->tallies[t].n_words);
  snprintf(name, sizeof name, "%scentre", prefixes[t]);
  saved->tallies[t].centre =
      read_variable(reader, name, NCTYPE_DOUBLE, &saved->tallies[t].n_columns);
  return saved->tallies[t].words != NULL && saved->tallies[t].centre != NULL;
}

bool saved_take_ranges(struct saved *saved, const int64_t *ends, int64_t n) {
  const int64_t points = saved->sampling.points, most = INT64_C(1) << 40;
  const int64_t unit = points > 0 ? points : BLOCK_PATHS;
  int64_t before = -1;
  bool good = n % 2 == 0 && n >= 0 && n <= 2 * MAX_RANGES;
  for (int64_t i = 0; good && i < n; i += 2) {
    const struct path_range range = {ends[i], ends[i + 1]};
    good = range.first > before && range.first < range.end && range.end <= most &&
           range.first % unit == 0 && (points == 0 || range.end % points == 0) &&
           ranges_add(&saved->paths, range);
    before = range.end;
  }
  return good;
}

static bool read_paths(struct saved *saved, const struct ncreader *reader) {
  int64_t n = 0;
  int64_t *ends = read_variable(reader, "path_ranges", NCTYPE_INT64, &n);
  const bool good = ends != NULL && n > 0 && saved_take_ranges(saved, ends, n);
  array_free(ends);
  return good;
}

static bool read_whole_number(const struct ncreader *reader, const char *name,
                              uint64_t *number) {
  char text[64];
  char *end = text;
  if (!ncreader_text(reader, true, NCFILE_GLOBAL, name, text, sizeof text)) {
    return false;
  }
  errno = 0;
  *number = strtoull(text, &end, 10);
  return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

static enum status read_all(struct saved *saved, const struct ncreader *reader,
                            const char *path) {
  char format[32] = "", version[64] = "";
  uint64_t points = 0, block = 0;
  int64_t n = 0;
  ncreader_text(reader, false, NCFILE_GLOBAL, "tenor_format_version", format, sizeof format);
  ncreader_text(reader, true, NCFILE_GLOBAL, "model_version", version, sizeof version);
  if (atoi(format) != RESULT_FORMAT_VERSION) {
    return status_fail(STATUS_MISMATCH,
                       "%s: its state has format version %s, this program continues %d only",
                       path, format, RESULT_FORMAT_VERSION);
  }
  if (strcmp(version, MODEL_VERSION) != 0) {
    return status_fail(STATUS_MISMATCH,
                       "%s: of model version %s, this program is of " MODEL_VERSION, path,
                       version);
  }
  if (ncreader_text(reader, false, NCFILE_GLOBAL, "tenor_kind", version, sizeof version)) {
    return status_fail(STATUS_MISMATCH, "%s: a result of tenor %s holds no paths to go on with",
                       path, version);
  }
  bool good = read_whole_number(reader, "seed", &saved->sampling.seed) &&
              read_whole_number(reader, "points", &points) &&
              read_whole_number(reader, "block_paths", &block) && block == BLOCK_PATHS &&
              points <= (UINT64_C(1) << 32) && points % BLOCK_PATHS == 0 &&
              (points & (points - 1)) == 0;
  saved->sampling.points = (int64_t)points;
  good = good && read_paths(saved, reader);
  saved->n_decks = ncreader_find(reader, true, deck_texts[1]) >= 0 ? 2 : 1;
  for (int i = 0; good && i < saved->n_decks; ++i) {
    saved->resolved[i] = read_variable(reader, deck_texts[i], NCTYPE_CHAR, &n);
    good =
        saved->resolved[i] != NULL && ncreader_text(reader, true, NCFILE_GLOBAL, deck_names[i],
                                                    saved->name[i], sizeof saved->name[i]);
  }
  for (int t = 0; good && t < MAX_TALLIES; ++t) {
    good = read_tally(saved, reader, t);
  }
  return good ? STATUS_OK
              : status_fail(STATUS_MISMATCH, "%s: its state is damaged or incomplete", path);
}

enum status saved_read(struct saved *saved, const char *path) {
  struct ncreader reader;
  *saved = (struct saved){0};
  enum status status = ncreader_open(&reader, path);
  if (status == STATUS_OK) {
    status = read_all(saved, &reader, path);
    ncreader_close(&reader);
  }
  return status;
}

void saved_free(struct saved *saved) {
  for (int i = 0; i < 2; ++i) {
    array_free(saved->resolved[i]);
  }
  for (int t = 0; t < MAX_TALLIES; ++t) {
    array_free(saved->tallies[t].words);
    array_free(saved->tallies[t].centre);
  }
  ranges_free(&saved->paths);
  *saved = (struct saved){0};
}

/* ---- what belongs together */

/* Names the first line in which two decks' texts differ. */
static enum status deck_differs(const char *first, const char *a, const char *path,
                                const char *b) {
  while (*a != '\0' && *b != '\0' && strcspn(a, "\n") == strcspn(b, "\n") &&
         strncmp(a, b, strcspn(a, "\n")) == 0) {
    a += strcspn(a, "\n") + (a[strcspn(a, "\n")] != '\0');
    b += strcspn(b, "\n") + (b[strcspn(b, "\n")] != '\0');
  }
  a += strspn(a, " ");
  b += strspn(b, " ");
  return status_fail(STATUS_MISMATCH, "%s: of another deck than %s: `%.*s` there, `%.*s` here",
                     path, first, (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"), b);
}

enum status saved_match(const struct saved *saved, const char *first, const struct saved *other,
                        const char *path) {
  if (saved->n_decks != other->n_decks) {
    return status_fail(STATUS_MISMATCH,
                       "%s and %s: one is a comparison of two decks, one is not", first, path);
  }
  for (int i = 0; i < saved->n_decks; ++i) {
    if (strcmp(saved->resolved[i], other->resolved[i]) != 0) {
      return deck_differs(first, saved->resolved[i], path, other->resolved[i]);
    }
    if (strcmp(saved->name[i], other->name[i]) != 0) {
      return status_fail(
          STATUS_MISMATCH,
          "%s: its deck is called %s, that of %s %s; the key `name` in the deck says "
          "what it is called wherever its file lies",
          path, other->name[i], first, saved->name[i]);
    }
  }
  if (saved->sampling.seed != other->sampling.seed) {
    return status_fail(STATUS_MISMATCH, "%s: of seed %" PRIu64 ", %s of seed %" PRIu64, path,
                       other->sampling.seed, first, saved->sampling.seed);
  }
  if (saved->sampling.points != other->sampling.points) {
    return status_fail(STATUS_MISMATCH,
                       "%s: of %" PRId64
                       " Sobol points a replicate (0: plain sampling), %s of %" PRId64,
                       path, other->sampling.points, first, saved->sampling.points);
  }
  return STATUS_OK;
}

void saved_centres(const struct saved *saved, const double *centres[MAX_TALLIES]) {
  for (int t = 0; t < MAX_TALLIES; ++t) {
    centres[t] = saved->tallies[t].centre;
  }
}

/* Does a tally of that shape count as many paths, or replicates, as the ranges hold? */
static bool counts_paths(const struct saved *saved, int t, const struct tally *shape) {
  const struct tally theirs = {.words = saved->tallies[t].words};
  const int64_t paths = ranges_count(&saved->paths);
  int64_t sum = 0;
  if (t == TALLY_REPLICATES) {
    const int64_t replicates = paths / saved->sampling.points;
    return tally_holds(shape, theirs.words, replicates) && tally_blocks(&theirs) == replicates;
  }
  if (!tally_holds(shape, theirs.words, paths)) {
    return false;
  }
  for (int part = 0; part < N_PARTS; ++part) {
    sum += tally_part_paths(&theirs, part);
  }
  return sum == paths;
}

enum status saved_add(const struct saved *saved, const char *path, struct state *state) {
  for (int64_t i = 0; i < saved->paths.n; ++i) {
    const int64_t twice = ranges_overlap(&state->paths, saved->paths.at[i]);
    if (twice >= 0) {
      return status_fail(STATUS_MISMATCH,
                         "%s: path %" PRId64 " is in an earlier file too; each may count once",
                         path, twice);
    }
  }
  for (int t = 0; t < MAX_TALLIES; ++t) {
    const struct tally mine = state->tallies[t];
    if (state->has[t] != (saved->tallies[t].words != NULL) ||
        (state->has[t] && (mine.n_words != saved->tallies[t].n_words ||
                           mine.n_columns != saved->tallies[t].n_columns ||
                           memcmp(mine.centre, saved->tallies[t].centre,
                                  (size_t)mine.n_columns * sizeof *mine.centre) != 0 ||
                           !counts_paths(saved, t, &mine)))) {
      return status_fail(STATUS_MISMATCH, "%s: its state does not fit its deck", path);
    }
  }
  for (int64_t i = 0; i < saved->paths.n; ++i) {
    if (!ranges_add(&state->paths, saved->paths.at[i])) {
      return status_fail(STATUS_FAILED, "no memory for the ranges of %s", path);
    }
  }
  for (int t = 0; t < MAX_TALLIES; ++t) {
    const struct tally theirs = {.n_words = saved->tallies[t].n_words,
                                 .words = saved->tallies[t].words};
    if (state->has[t]) {
      tally_merge(&state->tallies[t], &theirs);
    }
  }
  state_canonical(state);
  return STATUS_OK;
}
