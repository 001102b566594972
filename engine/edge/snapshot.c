#include "edge/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "edge/digest.h"
#include "model/version.h"

static const char magic[32] = "tenor checkpoint, format 1\n";
static const int64_t byte_order = 0x0102030405060708;
enum { MAX_VERSION = 32 };

/* One description of the bytes serves all: it is walked to count them, to write and to read. */
struct walk {
  enum { COUNTING, WRITING, READING } way;
  unsigned char *bytes; /* borrowed; only read when READING */
  size_t size, at;
  enum status status; /* the first fault when READING */
};

static void fail(struct walk *walk, enum status status) {
  walk->status = walk->status == STATUS_OK ? status : walk->status;
}

static void pass(struct walk *walk, void *field, size_t n) {
  if (walk->way == READING) {
    if (walk->status != STATUS_OK || n > walk->size - walk->at) {
      fail(walk, STATUS_MISMATCH);
      memset(field, 0, n);
      return;
    }
    memcpy(field, walk->bytes + walk->at, n);
  } else if (walk->way == WRITING) {
    memcpy(walk->bytes + walk->at, field, n);
  }
  walk->at += n;
}

/* A number that must lie in [least, most]. */
static void pass_number(struct walk *walk, int64_t *number, int64_t least, int64_t most) {
  pass(walk, number, sizeof *number);
  if (*number < least || *number > most) {
    fail(walk, STATUS_MISMATCH);
    *number = least;
  }
}

static void pass_text(struct walk *walk, char *text, size_t room) {
  pass(walk, text, room);
  text[room - 1] = '\0';
}

/* An array of its own length; what is read is owned by the reader, a zero behind it. */
static void *pass_array(struct walk *walk, void *array, int64_t *n, size_t each) {
  pass_number(walk, n, 0, INT64_MAX);
  if (walk->way == READING) {
    if (walk->status != STATUS_OK || (size_t)*n > (walk->size - walk->at) / each) {
      fail(walk, STATUS_MISMATCH);
      *n = 0;
    }
    array = array_make((size_t)*n + 1, each);
    if (array == NULL) {
      fail(walk, STATUS_FAILED);
      *n = 0;
      return NULL;
    }
  }
  if (*n > 0) {
    pass(walk, array, (size_t)*n * each);
  }
  return array;
}

static void pass_constant(struct walk *walk, const void *wanted, size_t n) {
  char found[MAX_VERSION] = {0};
  memcpy(found, wanted, n);
  pass(walk, found, n);
  if (memcmp(found, wanted, n) != 0) {
    fail(walk, STATUS_MISMATCH);
  }
}

/* ---- what is in it */

static void pass_owner(struct walk *walk, struct owner *owner) {
  pass_constant(walk, magic, sizeof magic);
  pass_constant(walk, &byte_order, sizeof byte_order);
  pass_text(walk, owner->job, sizeof owner->job);
  pass_number(walk, &owner->restart, 0, INT64_C(1) << 62);
  pass_text(walk, owner->instance, sizeof owner->instance);
  pass_number(walk, &owner->generation, 0, INT64_C(1) << 62);
}
_Static_assert(SNAPSHOT_HEAD == sizeof magic + sizeof byte_order + 64 + 8 + 160 + 8,
               "the owner is what the first bytes tell");

static void pass_decks(struct walk *walk, struct saved *saved) {
  char version[MAX_VERSION] = MODEL_VERSION;
  int64_t seed = (int64_t)saved->sampling.seed, n_decks = saved->n_decks;
  pass_constant(walk, version, sizeof version);
  pass_number(walk, &n_decks, 1, 2);
  saved->n_decks = (int)n_decks;
  for (int i = 0; i < saved->n_decks; ++i) {
    int64_t length = walk->way == READING ? 0 : (int64_t)strlen(saved->resolved[i]);
    pass_text(walk, saved->name[i], sizeof saved->name[i]);
    saved->resolved[i] = pass_array(walk, saved->resolved[i], &length, 1);
  }
  pass_number(walk, &seed, INT64_MIN, INT64_MAX);
  saved->sampling.seed = (uint64_t)seed;
  pass_number(walk, &saved->sampling.points, 0, INT64_C(1) << 32);
  if (saved->sampling.points % BLOCK_PATHS != 0) {
    fail(walk, STATUS_MISMATCH);
  }
}

static void pass_paths(struct walk *walk, struct saved *saved) {
  int64_t n = 2 * saved->paths.n;
  int64_t *ends = pass_array(walk, saved->paths.at, &n, sizeof *ends);
  if (walk->way != READING) {
    return;
  }
  if (ends != NULL && walk->status == STATUS_OK && !saved_take_ranges(saved, ends, n)) {
    fail(walk, STATUS_MISMATCH);
  }
  array_free(ends);
}
_Static_assert(sizeof(struct path_range) == 2 * sizeof(int64_t), "ranges are pairs of numbers");

static void pass_tallies(struct walk *walk, struct saved *saved) {
  for (int t = 0; t < MAX_TALLIES; ++t) {
    int64_t present = saved->tallies[t].words != NULL;
    pass_number(walk, &present, 0, 1);
    if (present) {
      saved->tallies[t].words =
          pass_array(walk, saved->tallies[t].words, &saved->tallies[t].n_words,
                     sizeof *saved->tallies[t].words);
      saved->tallies[t].centre =
          pass_array(walk, saved->tallies[t].centre, &saved->tallies[t].n_columns,
                     sizeof *saved->tallies[t].centre);
    }
  }
}

static void pass_look(struct walk *walk, struct look *look) {
  pass_number(walk, &look->paths, 0, INT64_MAX);
  pass(walk, look->value, sizeof look->value);
  pass(walk, look->half, sizeof look->half);
  for (int t = 0; t < MAX_TARGETS; ++t) {
    int64_t met = look->met[t];
    pass_number(walk, &met, 0, 1);
    look->met[t] = met != 0;
  }
  pass(walk, &look->predicted, sizeof look->predicted);
}

static void pass_snapshot(struct walk *walk, struct snapshot *snapshot) {
  const int64_t most = INT64_C(1) << 40; /* paths have no other addresses */
  int64_t n_targets = snapshot->targets.n;
  pass_decks(walk, &snapshot->saved);
  pass_paths(walk, &snapshot->saved);
  pass_tallies(walk, &snapshot->saved);
  pass_number(walk, &snapshot->replicate_end, 0, most);
  pass_tallies(walk, &snapshot->replicate);
  pass_number(walk, &snapshot->range.first, 0, most);
  pass_number(walk, &snapshot->range.end, snapshot->range.first, most);
  pass_number(walk, &n_targets, 0, MAX_TARGETS);
  snapshot->targets.n = (int)n_targets;
  for (int t = 0; t < snapshot->targets.n; ++t) {
    pass_text(walk, snapshot->targets.at[t].text, sizeof snapshot->targets.at[t].text);
  }
  pass_number(walk, &snapshot->n_looks, 0, MAX_LOOKS);
  for (int64_t i = 0; i < snapshot->n_looks; ++i) {
    pass_look(walk, &snapshot->looks[i]);
  }
}

/* ---- the ends */

enum status snapshot_pack(const struct owner *owner, const struct snapshot *snapshot,
                          void **bytes, size_t *size) {
  struct walk walk = {.way = COUNTING};
  struct owner who = *owner;
  struct snapshot *what =
      array_make(1, sizeof *what); /* the walk may write to what it passes */
  *bytes = NULL;
  if (what != NULL) {
    *what = *snapshot;
    pass_owner(&walk, &who);
    pass_snapshot(&walk, what);
    *size = walk.at + DIGEST_TEXT;
    *bytes = array_make(*size, 1);
  }
  if (*bytes != NULL) {
    walk = (struct walk){.way = WRITING, .bytes = *bytes};
    pass_owner(&walk, &who);
    pass_snapshot(&walk, what);
    digest_hex(*bytes, walk.at, (char *)*bytes + walk.at);
  }
  array_free(what);
  return *bytes != NULL ? STATUS_OK : status_fail(STATUS_FAILED, "no memory for a checkpoint");
}

bool snapshot_owner(const void *bytes, size_t size, struct owner *owner) {
  struct walk walk = {.way = READING, .bytes = (unsigned char *)(uintptr_t)bytes, .size = size};
  *owner = (struct owner){0};
  pass_owner(&walk, owner);
  return walk.status == STATUS_OK;
}

enum status snapshot_unpack(const void *bytes, size_t size, struct owner *owner,
                            struct snapshot *snapshot) {
  char digest[DIGEST_TEXT];
  struct walk walk = {.way = READING,
                      .bytes = (unsigned char *)(uintptr_t)bytes,
                      .size = size < DIGEST_TEXT ? 0 : size - DIGEST_TEXT};
  *snapshot = (struct snapshot){0};
  if (size < DIGEST_TEXT) {
    return STATUS_MISMATCH;
  }
  digest_hex(bytes, walk.size, digest);
  if (memcmp(digest, walk.bytes + walk.size, DIGEST_TEXT) != 0) {
    return STATUS_MISMATCH;
  }
  pass_owner(&walk, owner);
  pass_snapshot(&walk, snapshot);
  if (walk.at != walk.size) {
    fail(&walk, STATUS_MISMATCH);
  }
  return walk.status;
}

void snapshot_free(struct snapshot *snapshot) {
  saved_free(&snapshot->saved);
  saved_free(&snapshot->replicate);
}
