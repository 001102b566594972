/* The ranks of a run: sums, broadcasts and the worst status, for one rank and for several
   (`mpirun -np 3`). Every rank runs every test in the same order; each checks what it holds,
   and a failure on any rank fails the program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "edge/team.h"

/* More words than one reduction takes (2^20), and not a multiple of it. */
enum { MANY_WORDS = (5 << 19) + 321, MANY_BYTES = (5 << 19) + 17 };

static struct team team;

static void *new_array(size_t n, size_t size) {
  void *array = calloc(n, size);
  assert_non_null(array);
  return array;
}

/* What rank `rank` gives to word `i`: large enough that a double could not hold the sum. */
static int64_t word_of(int rank, int64_t i) {
  const int64_t size = (INT64_C(1) << 58) + i * (INT64_C(1) << 30) + i * (rank + 3) + rank;
  return (i + rank) % 3 == 0 ? -size : size;
}

static int64_t sum_of(int64_t i) {
  int64_t sum = 0;
  for (int rank = 0; rank < team.size; ++rank) {
    sum += word_of(rank, i);
  }
  return sum;
}

static void each_rank_has_its_own_number(void **state) {
  (void)state;
  assert_true(team.size >= 1);
  assert_true(team.rank >= 0 && team.rank < team.size);
  assert_true(team.node_ranks >= 1 && team.node_ranks <= team.size);
  int64_t *seen = new_array((size_t)team.size, sizeof *seen);
  seen[team.rank] = 1;
  team_sum(&team, seen, (size_t)team.size);
  for (int rank = 0; team.rank == 0 && rank < team.size; ++rank) {
    assert_int_equal(seen[rank], 1);
  }
  free(seen);
}

/* Checks the sum of the first n words, and that nothing behind them is touched. */
static void check_sum(size_t n) {
  int64_t *words = new_array(n + 1, sizeof *words);
  for (size_t i = 0; i <= n; ++i) {
    words[i] = word_of(team.rank, (int64_t)i);
  }
  team_sum(&team, words, n);
  for (size_t i = 0; team.rank == 0 && i < n; ++i) {
    if (words[i] != sum_of((int64_t)i)) {
      fail_msg("word %zu of %zu is %lld", i, n, (long long)words[i]);
    }
  }
  assert_true(words[n] == word_of(team.rank, (int64_t)n));
  free(words);
}

static void sums_of_many_words_are_exact(void **state) {
  (void)state;
  check_sum(MANY_WORDS);
}

static void sums_are_exact_at_the_edges_of_a_reduction(void **state) {
  (void)state;
  static const size_t counts[] = {0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1};
  for (size_t n = 0; n < sizeof counts / sizeof counts[0]; ++n) {
    check_sum(counts[n]);
  }
}

static unsigned char byte_of(size_t i) {
  return (unsigned char)(i * 7 + i / 251 + 1);
}

static void all_ranks_hold_what_rank_0_broadcasts(void **state) {
  (void)state;
  static const size_t counts[] = {0, 1, 7, 1 << 20, MANY_BYTES};
  for (size_t n = 0; n < sizeof counts / sizeof counts[0]; ++n) {
    unsigned char *bytes = new_array(counts[n] + 1, 1);
    for (size_t i = 0; team.rank == 0 && i < counts[n]; ++i) {
      bytes[i] = byte_of(i);
    }
    bytes[counts[n]] = (unsigned char)(team.rank + 100); /* behind the end: stays */
    team_broadcast(bytes, counts[n]);
    for (size_t i = 0; i < counts[n]; ++i) {
      assert_int_equal(bytes[i], byte_of(i));
    }
    assert_int_equal(bytes[counts[n]], team.rank + 100);
    free(bytes);
  }
}

/* Each rank in turn brings a fault, the others a lesser one or none. */
static void the_ranks_agree_on_the_worst_status(void **state) {
  (void)state;
  static const enum status faults[] = {STATUS_FAILED, STATUS_USAGE,    STATUS_TARGET,
                                       STATUS_IO,     STATUS_MISMATCH, STATUS_STOPPED};
  assert_int_equal(team_agree(STATUS_OK), STATUS_OK);
  for (int unlucky = 0; unlucky < team.size; ++unlucky) {
    enum status lesser = STATUS_OK;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; ++i) {
      assert_int_equal(team_agree(team.rank == unlucky ? faults[i] : lesser), faults[i]);
      lesser = faults[i];
    }
  }
}

static void all_ranks_know_the_largest_number(void **state) {
  (void)state;
  for (int largest = 0; largest < team.size; ++largest) {
    const double mine = team.rank == largest ? 0.25 : -1e300 - team.rank;
    assert_true(team_most(mine) == 0.25);
  }
}

/* [s] */
static double time_of(clockid_t clock) {
  struct timespec now;
  assert_int_equal(clock_gettime(clock, &now), 0);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void ranks_that_wait_leave_the_processor_alone(void **state) {
  (void)state;
  const struct timespec late = {.tv_nsec = 300000000};
  assert_int_equal(team_agree(STATUS_OK), STATUS_OK); /* all begin together */
  const double began = time_of(CLOCK_MONOTONIC), used = time_of(CLOCK_PROCESS_CPUTIME_ID);
  if (team.rank == 0) {
    assert_int_equal(nanosleep(&late, NULL), 0);
  }
  team_wait();
  const double after = time_of(CLOCK_PROCESS_CPUTIME_ID) - used;
  assert_true(after < 0.15); /* one that asks all the time would have used 0.3 s */
  assert_true(team.size == 1 || time_of(CLOCK_MONOTONIC) - began > 0.2);
}

static void each_rank_sees_all_of_its_machine(void **state) {
  (void)state;
  char mine[3], *all = new_array((size_t)team.node_ranks, sizeof mine);
  memset(mine, team.node_rank + 1, sizeof mine);
  team_gather_node(mine, sizeof mine, all);
  for (int r = 0; r < team.node_ranks; ++r) {
    for (size_t i = 0; i < sizeof mine; ++i) {
      assert_int_equal(all[(size_t)r * sizeof mine + i], r + 1);
    }
  }
  free(all);
}

/* Ranks from `first` on have something to say. */
static void rank_0_hears_the_first_that_speaks(void **state) {
  (void)state;
  for (int first = 0; first <= team.size; ++first) {
    char text[32] = "", wanted[32] = "";
    if (team.rank >= first) {
      snprintf(text, sizeof text, "rank %d", team.rank);
    }
    if (first < team.size) {
      snprintf(wanted, sizeof wanted, "rank %d", first);
    }
    assert_int_equal(team_first_text(&team, text, sizeof text), team.size - first);
    if (team.rank == 0) {
      assert_string_equal(text, wanted);
    }
  }
}

static void the_library_names_itself_in_one_line(void **state) {
  (void)state;
  char text[200] = "";
  team_library(text, sizeof text);
  assert_true(strlen(text) > 4);
  assert_null(strchr(text, '\n'));
  char cut[8];
  memset(cut, 'x', sizeof cut);
  team_library(cut, 5);
  assert_int_equal(strlen(cut), 4);
  assert_memory_equal(cut, text, 4);
  assert_int_equal(cut[5], 'x');
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_rank_has_its_own_number),
      cmocka_unit_test(sums_of_many_words_are_exact),
      cmocka_unit_test(sums_are_exact_at_the_edges_of_a_reduction),
      cmocka_unit_test(all_ranks_hold_what_rank_0_broadcasts),
      cmocka_unit_test(the_ranks_agree_on_the_worst_status),
      cmocka_unit_test(all_ranks_know_the_largest_number),
      cmocka_unit_test(ranks_that_wait_leave_the_processor_alone),
      cmocka_unit_test(each_rank_sees_all_of_its_machine),
      cmocka_unit_test(rank_0_hears_the_first_that_speaks),
      cmocka_unit_test(the_library_names_itself_in_one_line),
  };
  alarm(60); /* a rank whose test fails may leave the others waiting */
  if (team_open(&team, &argc, &argv) != STATUS_OK) {
    return EXIT_FAILURE;
  }
  const int failures = cmocka_run_group_tests(tests, NULL, NULL);
  const enum status worst = team_agree(failures == 0 ? STATUS_OK : STATUS_FAILED);
  team_close();
  return (int)worst;
}
