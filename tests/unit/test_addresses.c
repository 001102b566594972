/* No two draws share an address, and no two addresses a counter: shown on every address that
   the sampler forms for the largest deck, at the ends of what a path and a replicate may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../tool/addresses.h"
#include "random/purposes.h"

static const int64_t MOST_PATHS = INT64_C(1) << 40;
static const uint32_t MOST_REPLICATES = UINT32_C(1) << 24;
enum { HALF_WORD = 1 << 16, MOST_PURPOSES = 32, MOST_BLOCKS = 512 };

/* What the fields of a counter must hold. */
_Static_assert((int)MAX_MONTHS <= (int)NO_MONTH, "a month is none of the path's draws");
_Static_assert((int)NO_MONTH < (int)HALF_WORD, "a month has 16 bits");
_Static_assert(MAX_GENERATIONS / 2 + 1 <= (int)HALF_WORD &&
                   MAX_SITES / 2 + 1 <= (int)HALF_WORD && 2 * MAX_CUSTOMERS <= (int)HALF_WORD,
               "a block of draws has 16 bits");

/* What a purpose takes of the addresses under its number. */
enum kind { UNUSED, OF_PATH, OF_MONTH, OF_POINT, OF_KEY };
struct description {
  enum kind kind;
  int blocks; /* 0 .. blocks - 1, all of which the largest deck takes; OF_POINT: some of them */
};

/* The registry, described. There is no default: the compiler tells of a purpose that is not
   here, and of two that have one number. */
static struct description describe(enum purpose purpose) {
  switch (purpose) {
    case PURPOSE_SLIP: return (struct description){OF_PATH, (1 + MAX_GENERATIONS + 1) / 2};
    case PURPOSE_YIELD: return (struct description){OF_PATH, (MAX_GENERATIONS + 1) / 2};
    case PURPOSE_DELAY: return (struct description){OF_PATH, (1 + MAX_SITES + 1) / 2};
    case PURPOSE_CANCEL: return (struct description){OF_PATH, (MAX_SITES + 1) / 2};
    case PURPOSE_CREDIT: return (struct description){OF_PATH, MAX_CUSTOMERS};
    case PURPOSE_STATE: return (struct description){OF_MONTH, 1};
    case PURPOSE_FACTORS: return (struct description){OF_MONTH, 3};
    case PURPOSE_OWN:
    case PURPOSE_EVENTS: return (struct description){OF_MONTH, 2 * MAX_CUSTOMERS};
    case PURPOSE_SCRAMBLE:
    case PURPOSE_SOBOL: return (struct description){OF_POINT, SOBOL_DIMENSIONS};
    case PURPOSE_BRIDGE:
      return (struct description){OF_POINT,
                                  (COMMON_BRIDGES + OWN_BRIDGES) * BRIDGE_SEGMENTS / 2};
    case PURPOSE_UNCERTAIN: /* month and block are the hash of a key's name: a plane of its own
                             */
      return (struct description){OF_KEY, HALF_WORD};
  }
  return (struct description){UNUSED, 0};
}

/* With Sobol points: then all other draws are formed too. */
static int note_largest_deck(void **state) {
  static const struct draw_shape largest = {MAX_GENERATIONS, MAX_SITES, MAX_CUSTOMERS,
                                            MAX_MONTHS};
  (void)state;
  note_addresses(&(struct sampling){.seed = 1, .points = BLOCK_PATHS}, 0, &largest);
  return n_noted > 0 && n_noted < MOST_ADDRESSES ? 0 : -1;
}

static void the_sampler_takes_what_the_registry_describes_and_nothing_twice(void **state) {
  (void)state;
  static bool taken[MOST_PURPOSES][MAX_MONTHS + 1][MOST_BLOCKS];
  int kinds[OF_KEY + 1] = {0}, described = 0;
  for (int n = 0; n < n_noted; ++n) {
    const struct address *at = &noted[n];
    assert_in_range(at->purpose, 1, MOST_PURPOSES - 1);
    const struct description of = describe((enum purpose)at->purpose);
    assert_true(of.kind == OF_MONTH ? at->month < MAX_MONTHS : at->month == NO_MONTH);
    assert_in_range(at->block, 0, of.blocks - 1);
    assert_in_range(at->block, 0, MOST_BLOCKS - 1);
    bool *mine = &taken[at->purpose][at->month == NO_MONTH ? MAX_MONTHS : at->month][at->block];
    assert_false(*mine);
    *mine = true;
    ++kinds[of.kind];
  }
  for (int purpose = 0; purpose < MOST_PURPOSES; ++purpose) {
    const struct description of = describe((enum purpose)purpose);
    assert_in_range(of.blocks, 0, HALF_WORD);
    described += of.kind == OF_PATH    ? of.blocks
                 : of.kind == OF_MONTH ? of.blocks * MAX_MONTHS
                                       : 0;
  }
  assert_int_equal(kinds[OF_PATH] + kinds[OF_MONTH], described);
  assert_int_equal(kinds[UNUSED] + kinds[OF_KEY], 0);
  assert_in_range(kinds[OF_POINT], 2 * SOBOL_DIMENSIONS, n_noted);
}

/* The address in a counter. */
static struct address decode(const uint32_t counter[4]) {
  return (struct address){.path = (int64_t)(counter[1] & 0xff) << 32 | counter[0],
                          .replicate = counter[1] >> 8,
                          .month = counter[2] & 0xffff,
                          .block = counter[2] >> 16,
                          .purpose = counter[3]};
}

static void check_round_trip(const struct address *at) {
  uint32_t counter[4];
  philox_counter(at, counter);
  const struct address back = decode(counter);
  assert_true(back.path == at->path && back.replicate == at->replicate &&
              back.month == at->month && back.block == at->block &&
              back.purpose == at->purpose);
}

static const int64_t paths[] = {0, 1, 0xffffffff, INT64_C(0x100000000), (INT64_C(1) << 40) - 1};
static const uint32_t replicates[] = {0, 1, (UINT32_C(1) << 24) - 1};
enum { N_PATHS = sizeof paths / sizeof paths[0], N_REPLICATES = 3 };

/* An address that can be read back from its counter shares it with no other. */
static void every_address_can_be_read_back_from_its_counter(void **state) {
  (void)state;
  assert_int_equal(paths[N_PATHS - 1], MOST_PATHS - 1);
  assert_int_equal(replicates[N_REPLICATES - 1], MOST_REPLICATES - 1);
  for (int n = 0; n < n_noted; ++n) {
    for (int p = 0; p < N_PATHS; ++p) {
      for (int r = 0; r < N_REPLICATES; ++r) {
        struct address at = noted[n];
        at.path = paths[p];
        at.replicate = replicates[r];
        check_round_trip(&at);
      }
    }
  }
  for (uint32_t bit = 0; bit < 32; ++bit) { /* whatever the hash of a key's name is */
    const uint32_t hash = UINT32_C(1) << bit;
    check_round_trip(&(struct address){.path = MOST_PATHS - 1,
                                       .replicate = MOST_REPLICATES - 1,
                                       .month = hash & 0xffff,
                                       .block = hash >> 16,
                                       .purpose = PURPOSE_UNCERTAIN});
  }
}

struct counter {
  uint32_t word[4];
};

static int compare_counters(const void *a, const void *b) {
  return memcmp(a, b, sizeof(struct counter));
}

static void all_counters_of_the_largest_deck_are_different(void **state) {
  (void)state;
  const size_t n = (size_t)n_noted * N_PATHS * N_REPLICATES;
  struct counter *counters = malloc(n * sizeof *counters);
  assert_non_null(counters);
  for (size_t i = 0; i < n; ++i) {
    struct address at = noted[i % (size_t)n_noted];
    at.path = paths[i / (size_t)n_noted % N_PATHS];
    at.replicate = replicates[i / (size_t)n_noted / N_PATHS];
    philox_counter(&at, counters[i].word);
  }
  qsort(counters, n, sizeof *counters, compare_counters);
  int repeats = 0;
  for (size_t i = 1; i < n; ++i) {
    repeats += compare_counters(&counters[i], &counters[i - 1]) == 0;
  }
  free(counters);
  assert_int_equal(repeats, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_sampler_takes_what_the_registry_describes_and_nothing_twice),
      cmocka_unit_test(every_address_can_be_read_back_from_its_counter),
      cmocka_unit_test(all_counters_of_the_largest_deck_are_different),
  };
  return cmocka_run_group_tests(tests, note_largest_deck, NULL);
}
