/* Plan: every path is computed once, whatever the ranks and rounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "campaign/plan.h"

static void every_path_belongs_to_one_block(void **state) {
  (void)state;
  for (int64_t paths = 1; paths < 4 * BLOCK_PATHS; paths += 37) {
    const struct plan plan = plan_make(paths);
    int64_t sum = 0;
    for (int64_t block = plan.first_block; block < plan.end_block; ++block) {
      const int64_t mine = plan_block_paths(&plan, block);
      assert_true(mine >= 1 && mine <= BLOCK_PATHS);
      sum += mine;
    }
    assert_int_equal(sum, paths);
  }
}

static void only_the_last_block_is_short(void **state) {
  (void)state;
  const struct plan plan = plan_make(3 * BLOCK_PATHS + 1);
  assert_int_equal(plan.end_block, 4);
  assert_int_equal(plan_block_paths(&plan, 2), BLOCK_PATHS);
  assert_int_equal(plan_block_paths(&plan, 3), 1);
}

static void ranks_share_the_blocks_of_a_round_without_overlap(void **state) {
  (void)state;
  for (int size = 1; size <= 7; ++size) {
    for (int64_t end = 5; end < 30; ++end) {
      int owners[32] = {0};
      for (int rank = 0; rank < size; ++rank) {
        const int64_t share = plan_share(5, end, rank, size);
        for (int64_t i = 0; i < share; ++i) {
          ++owners[5 + rank + i * size];
        }
      }
      for (int64_t block = 0; block < 32; ++block) {
        assert_int_equal(owners[block], block >= 5 && block < end ? 1 : 0);
      }
    }
  }
}

static void a_round_feeds_every_worker_and_keeps_to_its_time(void **state) {
  (void)state;
  assert_int_equal(plan_round(0, 0.0, 1.0, 6) % 6, 0);
  assert_true(plan_round(0, 0.0, 1.0, 6) >= 6);
  assert_int_equal(plan_round(1000, 2.0, 1.0, 5), 500);
  assert_int_equal(plan_round(1, 1e6, 1.0, 5), 5);
  assert_true(plan_round(INT64_C(1) << 40, 1e-9, 1.0, 2) > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_path_belongs_to_one_block),
      cmocka_unit_test(only_the_last_block_is_short),
      cmocka_unit_test(ranks_share_the_blocks_of_a_round_without_overlap),
      cmocka_unit_test(a_round_feeds_every_worker_and_keeps_to_its_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
