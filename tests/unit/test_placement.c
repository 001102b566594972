/* Placement: from what the ranks of a node may use to threads, bindings and warnings, on nodes
   made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "edge/crowding.h"
#include "edge/placement.h"

enum { MOST = 16 };

static struct host host; /* whose topology the tests describe */
static struct stand stands[MOST];
static int threads[MOST];
static struct placement placement;

/* A node whose processors are `online` cores of their own, on one socket. */
static void plain_node(int online) {
  memset(stands, 0, sizeof stands);
  for (int p = 0; p < MAX_PROCESSORS; ++p) {
    host.core[p] = (int16_t)p;
    host.package[p] = 0;
  }
  for (int r = 0; r < MOST; ++r) {
    stands[r].n = 1;
    stands[r].online = online;
    stands[r].may_bind = 1;
  }
}

/* Rank r may use first, first + step, ..., n of them. */
static void allow(int r, int first, int n, int step) {
  stands[r].mine = (struct processors){{0}};
  for (int i = 0; i < n; ++i) {
    processors_add(&stands[r].mine, first + i * step);
  }
  stands[r].n = n;
}

static void ask(int n, int asked) {
  for (int r = 0; r < n; ++r) {
    stands[r].asked = asked;
  }
  placement_threads(stands, n, threads);
}

static const char *complaint(int n, bool by_option) {
  static char text[512];
  crowding_complain(stands, n, threads, by_option, "X", text, sizeof text);
  return text;
}

static void pin(int n, int me) {
  placement_pin(stands, n, me, threads, &host, &placement);
}

/* The thread each of the first processors belongs to, -1: none, as "0 1 -1". */
static void expect_threads(const char *wanted) {
  char seen[256] = "";
  int n = 1;
  for (const char *c = wanted; *c != '\0'; ++c) {
    n += *c == ' ';
  }
  assert_true(placement.pinned);
  for (int p = 0; p < n; ++p) {
    const size_t length = strlen(seen);
    snprintf(seen + length, sizeof seen - length, p > 0 ? " %d" : "%d", placement.thread_of[p]);
  }
  assert_string_equal(seen, wanted);
}

/* ---- threads */

static void a_rank_alone_fills_its_processors(void **state) {
  (void)state;
  plain_node(8);
  allow(0, 0, 8, 1);
  ask(1, 0);
  assert_int_equal(threads[0], 8);
  allow(0, 1, 3, 2); /* a mask with holes */
  ask(1, 0);
  assert_int_equal(threads[0], 3);
  ask(1, 5);
  assert_int_equal(threads[0], 5);
}

static void ranks_with_the_same_processors_share_them(void **state) {
  (void)state;
  plain_node(8);
  for (int r = 0; r < 3; ++r) {
    allow(r, 0, 8, 1);
  }
  ask(3, 0);
  assert_int_equal(threads[0], 2);
  assert_int_equal(threads[2], 2);
  for (int r = 0; r < 3; ++r) {
    allow(r, 0, 6, 1);
  }
  ask(3, 0);
  assert_int_equal(threads[1], 2);
  for (int r = 0; r < MOST; ++r) {
    allow(r, 0, 6, 1);
  }
  ask(MOST, 0);
  assert_int_equal(threads[MOST - 1], 1);
}

static void bound_ranks_fill_what_they_are_bound_to(void **state) {
  (void)state;
  plain_node(8);
  allow(0, 0, 4, 1);
  allow(1, 4, 4, 1);
  ask(2, 0);
  assert_int_equal(threads[0], 4);
  assert_int_equal(threads[1], 4);
  allow(1, 2, 4, 1); /* 2 of 4 are rank 0's too */
  ask(2, 0);
  assert_int_equal(threads[0], 3);
  assert_int_equal(threads[1], 3);
}

static void granted_time_limits_the_threads_of_all_ranks(void **state) {
  (void)state;
  plain_node(8);
  allow(0, 0, 8, 1);
  allow(1, 0, 8, 1);
  stands[0].quota = 1.5;
  ask(1, 0);
  assert_int_equal(threads[0], 2);
  stands[0].quota = stands[1].quota = 6.0;
  ask(2, 0);
  assert_int_equal(threads[0], 3);
  stands[0].quota = stands[1].quota = 1.0;
  ask(2, 0);
  assert_int_equal(threads[0], 1);
  stands[0].quota = stands[1].quota = 64.0;
  ask(2, 0);
  assert_int_equal(threads[0], 4);
}

static void unknown_processors_are_counted_and_shared(void **state) {
  (void)state;
  plain_node(8);
  stands[0].n = stands[1].n = 8;
  ask(2, 0);
  assert_int_equal(threads[0], 4);
  stands[0].n = stands[1].n = 4; /* fewer than the node has: not shared */
  ask(2, 0);
  assert_int_equal(threads[0], 4);
}

/* ---- bindings */

static void threads_that_fill_the_processors_are_bound_one_to_each(void **state) {
  (void)state;
  plain_node(4);
  allow(0, 0, 4, 1);
  ask(1, 0);
  pin(1, 0);
  expect_threads("0 1 2 3");
  allow(0, 1, 2, 2); /* holes: 1 and 3 */
  ask(1, 0);
  pin(1, 0);
  expect_threads("-1 0 -1 1 -1");
}

static void threads_that_leave_room_are_not_bound(void **state) {
  (void)state;
  plain_node(4);
  allow(0, 0, 4, 1);
  for (int asked = 1; asked < 4; ++asked) {
    ask(1, asked);
    pin(1, 0);
    assert_false(placement.pinned);
  }
  ask(1, 5);
  pin(1, 0);
  assert_false(placement.pinned);
}

/* 4 cores, whose second threads are processors 4 to 7. */
static void pairs(void) {
  plain_node(8);
  for (int p = 4; p < 8; ++p) {
    host.core[p] = (int16_t)(p - 4);
  }
}

static void a_thread_a_core_is_bound_to_the_core(void **state) {
  (void)state;
  pairs();
  allow(0, 0, 8, 1);
  ask(1, 4);
  pin(1, 0);
  expect_threads("0 1 2 3 0 1 2 3");
  ask(1, 8);
  pin(1, 0);
  expect_threads("0 2 4 6 1 3 5 7");
  allow(0, 0, 6, 1); /* two cores whole, two by half */
  ask(1, 4);
  pin(1, 0);
  expect_threads("0 1 2 3 0 1 -1 -1");
}

static void ranks_with_the_same_processors_split_them_by_cores(void **state) {
  (void)state;
  pairs();
  allow(0, 0, 8, 1);
  allow(1, 0, 8, 1);
  ask(2, 0);
  pin(2, 0);
  expect_threads("0 2 -1 -1 1 3 -1 -1");
  pin(2, 1);
  expect_threads("-1 -1 0 2 -1 -1 1 3");
  ask(2, 2);
  pin(2, 1);
  expect_threads("-1 -1 0 1 -1 -1 0 1");
  stands[1].asked = 3;
  placement_threads(stands, 2, threads);
  pin(2, 0);
  assert_false(placement.pinned);
}

/* Even processors are socket 0, odd ones socket 1, as many machines number them. */
static void a_rank_stays_on_its_socket(void **state) {
  (void)state;
  plain_node(8);
  for (int p = 0; p < 8; ++p) {
    host.package[p] = (int16_t)(p % 2);
  }
  allow(0, 0, 8, 1);
  allow(1, 0, 8, 1);
  ask(2, 0);
  pin(2, 0);
  expect_threads("0 -1 1 -1 2 -1 3 -1");
  pin(2, 1);
  expect_threads("-1 0 -1 1 -1 2 -1 3");
}

static void nothing_is_bound_where_it_could_do_harm(void **state) {
  (void)state;
  plain_node(4);
  allow(0, 0, 2, 1);
  allow(1, 1, 2, 1); /* reaches into rank 0's */
  ask(2, 2);
  pin(2, 0);
  assert_false(placement.pinned);
  allow(1, 2, 2, 1);
  pin(2, 1);
  expect_threads("-1 -1 0 1");
  stands[0].mine = (struct processors){{0}}; /* may be anywhere */
  pin(2, 1);
  assert_false(placement.pinned);
  allow(0, 0, 2, 1);
  stands[1].quota = 3.0; /* others may run on these processors meanwhile */
  pin(2, 1);
  assert_false(placement.pinned);
  stands[1].quota = 0.0;
  stands[1].may_bind = 0;
  pin(2, 1);
  assert_false(placement.pinned);
}

/* ---- warnings */

static void what_fits_is_not_warned_of(void **state) {
  (void)state;
  plain_node(8);
  for (int r = 0; r < 4; ++r) {
    allow(r, 0, 8, 1);
  }
  ask(4, 0);
  assert_string_equal(complaint(4, false), "");
  ask(4, 2);
  assert_string_equal(complaint(4, false), "");
  ask(1, 8);
  assert_string_equal(complaint(1, false), "");
}

static void too_many_threads_are_warned_of_with_a_number_that_fits(void **state) {
  (void)state;
  plain_node(8);
  for (int r = 0; r < 4; ++r) {
    allow(r, 0, 8, 1);
  }
  ask(4, 8);
  assert_string_equal(complaint(4, false),
                      "4 ranks x 8 threads on 8 processors of node X: 4 times oversubscribed; "
                      "set OMP_NUM_THREADS=2");
  assert_string_equal(complaint(4, true),
                      "4 ranks x 8 threads on 8 processors of node X: 4 times oversubscribed; "
                      "use --threads 2");
  setenv("SLURM_JOB_ID", "1", 1);
  assert_string_equal(complaint(4, false),
                      "4 ranks x 8 threads on 8 processors of node X: 4 times oversubscribed; "
                      "set OMP_NUM_THREADS=2 (or srun --cpus-per-task=8)");
  unsetenv("SLURM_JOB_ID");
  stands[3].asked = 9;
  placement_threads(stands, 4, threads);
  assert_non_null(strstr(complaint(4, false), "4 ranks with 33 threads together on 8"));
  for (int r = 0; r < MOST; ++r) {
    allow(r, 0, 8, 1);
  }
  ask(MOST, 0);
  assert_string_equal(complaint(MOST, false),
                      "16 ranks x 1 thread on 8 processors of node X: 2 times oversubscribed; "
                      "start at most 8 ranks a node");
}

static void threads_on_one_processor_are_warned_of(void **state) {
  (void)state;
  plain_node(8);
  allow(0, 5, 1, 1);
  ask(1, 8);
  assert_string_equal(complaint(1, false),
                      "8 threads may use 1 processor only of the 8 of node X: 8 times "
                      "oversubscribed; set OMP_NUM_THREADS=1");
  setenv("OMPI_COMM_WORLD_SIZE", "2", 1);
  setenv("OMPI_MCA_orte_bound_at_launch", "1", 1);
  assert_non_null(strstr(complaint(1, false),
                         "; mpirun bound it; use mpirun --bind-to none or --map-by slot:PE=8"));
  unsetenv("OMPI_MCA_orte_bound_at_launch");
  allow(1, 6, 1, 1); /* each rank on a core of its own, six of the node idle */
  ask(2, 4);
  assert_string_equal(complaint(2, false),
                      "4 threads may use 1 processor only of the 8 of node X: 4 times "
                      "oversubscribed; mpirun bound it; use mpirun --bind-to none or --map-by "
                      "slot:PE=4");
  unsetenv("OMPI_COMM_WORLD_SIZE");
  setenv("SLURM_STEP_ID", "0", 1);
  assert_non_null(strstr(complaint(2, false), "; srun bound it; use srun --cpus-per-task=4"));
  unsetenv("SLURM_STEP_ID");
}

static void ranks_on_the_same_core_are_warned_of(void **state) {
  (void)state;
  plain_node(8);
  allow(0, 0, 1, 1);
  allow(1, 0, 1, 1);
  allow(2, 1, 3, 1);
  ask(3, 0); /* 5 threads, 4 processors; but it is the first two ranks that wait */
  assert_string_equal(complaint(3, false),
                      "2 ranks x 1 thread may use 1 processor only of the 8 of node X: 2 times "
                      "oversubscribed; bind each rank to processors of its own");
}

static void granted_time_is_warned_of(void **state) {
  (void)state;
  plain_node(8);
  allow(0, 0, 8, 1);
  stands[0].quota = 2.0;
  ask(1, 8);
  assert_string_equal(
      complaint(1, false),
      "8 threads on 2 processors (the control group's quota) of node X: 4 times "
      "oversubscribed; set OMP_NUM_THREADS=2");
}

/* ---- binding itself */

static void a_thread_is_bound_and_set_free_again(void **state) {
  (void)state;
  static struct host before, bound, after;
  host_read(&before, "");
  int last = -1;
  for (int p = 0; p < MAX_PROCESSORS; ++p) {
    last = processors_has(&before.mine, p) ? p : last;
    placement.thread_of[p] = -1;
  }
  if (last < 0) {
    skip();
  }
  placement.pinned = true;
  placement.thread_of[last] = 2;
  placement.before = before.mine;
  placement_bind(&placement, 2);
  host_read(&bound, "");
  assert_int_equal(processors_count(&bound.mine), 1);
  assert_true(processors_has(&bound.mine, last));
  placement_release(&placement);
  host_read(&after, "");
  assert_memory_equal(&after.mine, &before.mine, sizeof after.mine);
}

int main(void) {
  const char *const launchers[] = {"OMPI_COMM_WORLD_SIZE", "OMPI_MCA_orte_bound_at_launch",
                                   "SLURM_STEP_ID", "SLURM_JOB_ID", "PMI_RANK"};
  for (size_t i = 0; i < sizeof launchers / sizeof launchers[0]; ++i) {
    unsetenv(launchers[i]);
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_rank_alone_fills_its_processors),
      cmocka_unit_test(ranks_with_the_same_processors_share_them),
      cmocka_unit_test(bound_ranks_fill_what_they_are_bound_to),
      cmocka_unit_test(granted_time_limits_the_threads_of_all_ranks),
      cmocka_unit_test(unknown_processors_are_counted_and_shared),
      cmocka_unit_test(threads_that_fill_the_processors_are_bound_one_to_each),
      cmocka_unit_test(threads_that_leave_room_are_not_bound),
      cmocka_unit_test(a_thread_a_core_is_bound_to_the_core),
      cmocka_unit_test(ranks_with_the_same_processors_split_them_by_cores),
      cmocka_unit_test(a_rank_stays_on_its_socket),
      cmocka_unit_test(nothing_is_bound_where_it_could_do_harm),
      cmocka_unit_test(what_fits_is_not_warned_of),
      cmocka_unit_test(too_many_threads_are_warned_of_with_a_number_that_fits),
      cmocka_unit_test(threads_on_one_processor_are_warned_of),
      cmocka_unit_test(ranks_on_the_same_core_are_warned_of),
      cmocka_unit_test(granted_time_is_warned_of),
      cmocka_unit_test(a_thread_is_bound_and_set_free_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
