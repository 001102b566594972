/* Options: what counts as a whole number, and how the options of `tenor run` are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "edge/options.h"

static const struct guide guide = {TAKER_RUN, "usage", "examples"};

static void whole_numbers_may_be_written_as_people_do(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint64_t value;
  } good[] = {{"0", 0},        {"200000", 200000},     {"1e6", 1000000},
              {"2.5e3", 2500}, {"1_000_000", 1000000}, {"18446744073709551615", UINT64_MAX}};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; ++i) {
    uint64_t value = 1;
    assert_true(options_whole(good[i].text, &value));
    assert_true(value == good[i].value);
  }
}

static void other_numbers_are_refused(void **state) {
  (void)state;
  static const char *const bad[] = {"",      "-1",   "1.5",   "1e",   "e6",
                                    "1e400", "0x10", "1 000", "many", "nan",
                                    "inf",   "1e-1", "_10",   "1..2", "1e20"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
    uint64_t value = 1;
    assert_false(options_whole(bad[i], &value));
  }
}

static void options_may_stand_before_and_behind_decks(void **state) {
  (void)state;
  char *argv[] = {"run",    "a.yaml", "--paths", "1e3",     "-o", "x.nc",
                  "b.yaml", "--set",  "k=v",     "--force", NULL};
  struct run_options options;
  bool help = true;
  assert_int_equal(options_run(10, argv, false, &guide, &options, &help), STATUS_OK);
  assert_false(help);
  assert_int_equal(options.n_decks, 2);
  assert_string_equal(options.decks[0], "a.yaml");
  assert_string_equal(options.decks[1], "b.yaml");
  assert_string_equal(options.output, "x.nc");
  assert_int_equal(options.n_assignments, 2);
  assert_string_equal(options.assignments[0], "sampling.paths=1000");
  assert_string_equal(options.assignments[1], "k=v");
  assert_true(options.force);
}

static void decks_are_counted_for_the_command_to_judge(void **state) {
  (void)state;
  char *argv[] = {"run", "--force", NULL};
  struct run_options options;
  bool help = false;
  assert_int_equal(options_run(2, argv, false, &guide, &options, &help), STATUS_OK);
  assert_int_equal(options.n_decks, 0);
}

static void an_option_of_another_command_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *option;
    enum taker refused_by, taken_by;
  } cases[] = {{"--seed", TAKER_EXTEND, TAKER_COMPARE},
               {"--set-second", TAKER_RUN, TAKER_COMPARE},
               {"--dump-paths", TAKER_COMPARE, TAKER_RUN}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    char option[32], number[] = "7";
    char *argv[] = {"command", option, number, NULL};
    struct guide taker = {cases[i].refused_by, "usage", "examples"};
    struct run_options options;
    bool help = false;
    strcpy(option, cases[i].option);
    assert_int_equal(options_run(3, argv, false, &taker, &options, &help), STATUS_USAGE);
    taker.taker = cases[i].taken_by;
    assert_int_equal(options_run(3, argv, false, &taker, &options, &help), STATUS_OK);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole_numbers_may_be_written_as_people_do),
      cmocka_unit_test(other_numbers_are_refused),
      cmocka_unit_test(options_may_stand_before_and_behind_decks),
      cmocka_unit_test(decks_are_counted_for_the_command_to_judge),
      cmocka_unit_test(an_option_of_another_command_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
