/* What a checkpoint holds comes back whole, and no bit and no byte of it can be lost unnoticed;
   files are replaced with their predecessor kept. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arrays.h"
#include "edge/checkpoint.h"
#include "edge/digest.h"
#include "edge/files.h"

static int64_t words[] = {1, -2, 3, INT64_MAX, INT64_MIN}, replicate_words[] = {7, 8};
static double centre[] = {0.5, -1e300, 3.25};
static char resolved[] = "name: small\n";
static struct path_range ranges[] = {{0, 1024}};

/* Small, and everything in it is something. */
static void make(struct snapshot *snapshot, struct owner *owner) {
  *snapshot = (struct snapshot){.replicate_end = 1536, .range = {0, 4096}, .n_looks = 1};
  snapshot->saved.n_decks = 1;
  snapshot->saved.resolved[0] = resolved;
  strcpy(snapshot->saved.name[0], "small");
  snapshot->saved.sampling = (struct sampling){.seed = UINT64_MAX, .points = 1024};
  snapshot->saved.paths = (struct ranges){.at = ranges, .n = 1};
  snapshot->saved.tallies[TALLY_SAMPLE].words = words;
  snapshot->saved.tallies[TALLY_SAMPLE].n_words = 5;
  snapshot->saved.tallies[TALLY_SAMPLE].centre = centre;
  snapshot->saved.tallies[TALLY_SAMPLE].n_columns = 3;
  snapshot->replicate.tallies[TALLY_SAMPLE].words = replicate_words;
  snapshot->replicate.tallies[TALLY_SAMPLE].n_words = 2;
  snapshot->replicate.tallies[TALLY_SAMPLE].centre = centre;
  snapshot->replicate.tallies[TALLY_SAMPLE].n_columns = 3;
  snapshot->targets.n = 1;
  strcpy(snapshot->targets.at[0].text, "npv:1%");
  snapshot->looks[0] = (struct look){
      .paths = 1024, .value = {1.5}, .half = {0.25}, .met = {true}, .predicted = 9};
  *owner = (struct owner){.job = "77", .restart = 2, .instance = "here:1:2", .generation = 3};
}

static void test_what_is_packed_comes_back(void **state) {
  struct snapshot snapshot, back;
  struct owner owner, head, whole;
  void *bytes = NULL;
  size_t size = 0;
  (void)state;
  make(&snapshot, &owner);
  assert_int_equal(snapshot_pack(&owner, &snapshot, &bytes, &size), STATUS_OK);
  assert_true(snapshot_owner(bytes, SNAPSHOT_HEAD, &head));
  assert_int_equal(snapshot_unpack(bytes, size, &whole, &back), STATUS_OK);
  assert_memory_equal(&head, &whole, sizeof head);
  assert_string_equal(whole.job, "77");
  assert_string_equal(whole.instance, "here:1:2");
  assert_int_equal(whole.restart, 2);
  assert_int_equal(whole.generation, 3);
  assert_string_equal(back.saved.resolved[0], resolved);
  assert_string_equal(back.saved.name[0], "small");
  assert_true(back.saved.sampling.seed == UINT64_MAX && back.saved.sampling.points == 1024);
  assert_int_equal(back.saved.paths.n, 1);
  assert_memory_equal(back.saved.paths.at, ranges, sizeof ranges);
  assert_int_equal(back.saved.tallies[TALLY_SAMPLE].n_words, 5);
  assert_memory_equal(back.saved.tallies[TALLY_SAMPLE].words, words, sizeof words);
  assert_memory_equal(back.saved.tallies[TALLY_SAMPLE].centre, centre, sizeof centre);
  assert_null(back.saved.tallies[TALLY_FIRST].words);
  assert_memory_equal(back.replicate.tallies[TALLY_SAMPLE].words, replicate_words,
                      sizeof replicate_words);
  assert_int_equal(back.replicate_end, 1536);
  assert_int_equal(back.range.end, 4096);
  assert_string_equal(back.targets.at[0].text, "npv:1%");
  assert_int_equal(back.n_looks, 1);
  assert_memory_equal(&back.looks[0], &snapshot.looks[0], sizeof back.looks[0]);
  snapshot_free(&back);
  array_free(bytes);
}

/* The bytes in memory of their own size, so that a sanitizer sees a read beyond them. */
static enum status unpack(const unsigned char *bytes, size_t size) {
  struct snapshot back;
  struct owner owner;
  unsigned char *copy = malloc(size > 0 ? size : 1);
  assert_non_null(copy);
  memcpy(copy, bytes, size);
  const enum status status = snapshot_unpack(copy, size, &owner, &back);
  snapshot_free(&back);
  free(copy);
  return status;
}

static void test_every_flipped_bit_and_every_cut_is_noticed(void **state) {
  struct snapshot snapshot;
  struct owner owner;
  void *packed = NULL;
  size_t size = 0;
  (void)state;
  make(&snapshot, &owner);
  assert_int_equal(snapshot_pack(&owner, &snapshot, &packed, &size), STATUS_OK);
  unsigned char *bytes = packed;
  for (size_t bit = 0; bit < 8 * size; ++bit) {
    bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    assert_int_equal(unpack(bytes, size), STATUS_MISMATCH);
    bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
  }
  for (size_t length = 0; length < size; ++length) {
    assert_int_equal(unpack(bytes, length), STATUS_MISMATCH);
  }
  assert_int_equal(unpack(bytes, size), STATUS_OK);
  array_free(packed);
}

/* Whoever makes the digest right as well must not get further than a refusal. */
static void test_nonsense_under_a_right_digest_is_refused(void **state) {
  struct snapshot snapshot;
  struct owner owner;
  void *packed = NULL;
  size_t size = 0;
  (void)state;
  make(&snapshot, &owner);
  assert_int_equal(snapshot_pack(&owner, &snapshot, &packed, &size), STATUS_OK);
  unsigned char *bytes = packed;
  const size_t body = size - DIGEST_TEXT;
  int refused = 0;
  for (size_t at = 0; at + 8 <= body; ++at) {
    static const unsigned char fills[] = {0x00, 0x7f, 0x80, 0xff};
    for (size_t f = 0; f < sizeof fills; ++f) {
      unsigned char kept[8];
      memcpy(kept, bytes + at, 8);
      memset(bytes + at, fills[f], 8);
      digest_hex(bytes, body, (char *)bytes + body);
      const enum status status = unpack(bytes, size);
      assert_true(status == STATUS_OK || status == STATUS_MISMATCH || status == STATUS_FAILED);
      refused += status != STATUS_OK;
      memcpy(bytes + at, kept, 8);
    }
  }
  assert_true(refused > 100);
  array_free(packed);
}

/* ---- files that are replaced */

static enum status let(void *context) {
  return *(enum status *)context;
}

static void read_text(const char *path, char text[64]) {
  void *bytes = NULL;
  size_t size = 0;
  assert_int_equal(files_read(path, 0, &bytes, &size), STATUS_OK);
  assert_true(size < 64);
  snprintf(text, 64, "%.*s", bytes != NULL ? (int)size : 1,
           bytes != NULL ? (char *)bytes : "-");
  array_free(bytes);
}

static void test_the_one_before_is_kept_and_a_fence_keeps_both(void **state) {
  char folder[] = "/tmp/tenor-checkpoint-XXXXXX", path[PATH_MAX], previous[PATH_MAX], text[64];
  enum status answer = STATUS_OK;
  (void)state;
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/a", folder);
  snprintf(previous, sizeof previous, "%s/b", folder);
  assert_int_equal(files_replace(path, previous, "one", 3, let, &answer), STATUS_OK);
  read_text(previous, text);
  assert_string_equal(text, "-");
  assert_int_equal(files_replace(path, previous, "two", 3, let, &answer), STATUS_OK);
  answer = STATUS_MISMATCH;
  assert_int_equal(files_replace(path, previous, "three", 5, let, &answer), STATUS_MISMATCH);
  read_text(path, text);
  assert_string_equal(text, "two");
  read_text(previous, text);
  assert_string_equal(text, "one");
  assert_int_equal(files_remove(path), STATUS_OK);
  assert_int_equal(files_remove(path), STATUS_OK);
  assert_int_equal(files_remove(previous), STATUS_OK);
  assert_int_equal(rmdir(folder), 0); /* no temporary is left */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_is_packed_comes_back),
      cmocka_unit_test(test_every_flipped_bit_and_every_cut_is_noticed),
      cmocka_unit_test(test_nonsense_under_a_right_digest_is_refused),
      cmocka_unit_test(test_the_one_before_is_kept_and_a_fence_keeps_both),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
