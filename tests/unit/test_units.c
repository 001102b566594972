/* Units: what a deck may write for a quantity, what number it becomes, and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "edge/units.h"

enum { ROOM = 8 };

static struct units *units; /* of all tests */

static int open_units(void **state) {
  (void)state;
  units = units_open();
  return units != NULL ? 0 : -1;
}

static int close_units(void **state) {
  (void)state;
  units_close(units);
  return 0;
}

struct quantity {
  const char *text;
  enum kind kind;
  double value;
};

/* Checks that each text is read as exactly its value. */
static void check_quantities(const struct quantity *quantities, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    double value = NAN;
    size_t count = 0;
    char why[200] = "";
    if (!units_read(units, quantities[i].text, quantities[i].kind, &value, 1, &count, why,
                    sizeof why)) {
      fail_msg("`%s` is refused: %s", quantities[i].text, why);
    }
    assert_int_equal(count, 1);
    if (value != quantities[i].value) {
      fail_msg("`%s` is read as %.17g", quantities[i].text, value);
    }
  }
}

#define CHECK_QUANTITIES(quantities) \
  check_quantities(quantities, sizeof quantities / sizeof quantities[0])

/* Checks that `text` is refused with a sentence that holds `word` and no full stop. */
static void check_refused(const char *text, enum kind kind, const char *word) {
  double values[ROOM] = {0};
  size_t count = 0;
  char why[300] = "";
  if (units_read(units, text, kind, values, ROOM, &count, why, sizeof why)) {
    fail_msg("`%s` is read as %.17g", text, values[0]);
  }
  if (strstr(why, word) == NULL || why[strlen(why) - 1] == '.') {
    fail_msg("`%s` is refused, but with: %s", text, why);
  }
}

static void canonical_units_are_taken_digit_by_digit(void **state) {
  (void)state;
  static const struct quantity quantities[] = {
      {"1.25 GW", KIND_POWER, 1.25},
      {"100 billion USD", KIND_MONEY, 100.0},
      {"7.123456789012345678 billion USD", KIND_MONEY, 7.123456789012345678},
      {"3.5 billion USD/year", KIND_MONEY_RATE, 3.5},
      {"38 billion USD/GW", KIND_COST, 38.0},
      {"8 billion USD/GW/year", KIND_PRICE, 8.0},
      {"0.3 GW/year", KIND_POWER_RATE, 0.3},
      {"1.4 kW", KIND_CHIP_POWER, 1.4},
      {"3 months", KIND_MONTHS, 3.0},
      {"4.7 months", KIND_MONTHS, 4.7},
      {"12 months", KIND_WHOLE_MONTHS, 12.0},
      {"0.1 1/year", KIND_RATE, 0.1},
      {"0.1 1/month", KIND_MONTHLY, 0.1},
      {"2.5 years", KIND_YEARS, 2.5},
      {"0.35", KIND_NUMBER, 0.35}};
  CHECK_QUANTITIES(quantities);
  for (int kind = 0; kind < N_QUANTITIES; ++kind) { /* each can read what it prints */
    char text[80] = "0.3 ";
    double value = 0.0;
    size_t n = 0;
    char why[200];
    strncat(text, units_canonical((enum kind)kind), sizeof text - strlen(text) - 1);
    if (kind == KIND_WHOLE_MONTHS) {
      text[0] = '3', text[1] = '.', text[2] = '0';
    }
    assert_true(units_read(units, text, (enum kind)kind, &value, 1, &n, why, sizeof why));
    assert_true(value == (kind == KIND_WHOLE_MONTHS ? 3.0 : 0.3));
  }
}

static void other_units_are_converted_to_the_nearest_round_number(void **state) {
  (void)state;
  static const struct quantity quantities[] = {{"450 MW", KIND_POWER, 0.45},
                                               {"700 MW", KIND_POWER, 0.7},
                                               {"1400 W", KIND_CHIP_POWER, 1.4},
                                               {"1 GWh/hour", KIND_POWER, 1.0},
                                               {"1_000_000 USD", KIND_MONEY, 0.001},
                                               {"1 trillion USD", KIND_MONEY, 1000.0},
                                               {"250 million USD", KIND_MONEY, 0.25},
                                               {"5 thousand USD", KIND_MONEY, 5e-6},
                                               {"500 million USD/month", KIND_MONEY_RATE, 6.0},
                                               {"0.5 billion USD/month", KIND_MONEY_RATE, 6.0},
                                               {"30 million USD/MW", KIND_COST, 30.0},
                                               {"30 USD/W", KIND_COST, 30.0},
                                               {"8000 USD/kW/year", KIND_PRICE, 8.0},
                                               {"25 MW/month", KIND_POWER_RATE, 0.3},
                                               {"9 %/year", KIND_RATE, 0.09},
                                               {"9 percent/year", KIND_RATE, 0.09},
                                               {"1 %/month", KIND_RATE, 0.12},
                                               {"1.2 1/year", KIND_MONTHLY, 0.1},
                                               {"60 %/year", KIND_MONTHLY, 0.05},
                                               {"1.5 years", KIND_MONTHS, 18.0},
                                               {"10 years", KIND_WHOLE_MONTHS, 120.0},
                                               {"18 months", KIND_YEARS, 1.5},
                                               {"35 %", KIND_NUMBER, 0.35},
                                               {"7%", KIND_NUMBER, 0.07}};
  CHECK_QUANTITIES(quantities);
}

static void numbers_may_be_written_as_people_do(void **state) {
  (void)state;
  static const struct quantity quantities[] = {{"1_000_000 USD", KIND_MONEY, 0.001},
                                               {"1e3 MW", KIND_POWER, 1.0},
                                               {"1E-3 GW", KIND_POWER, 0.001},
                                               {"+2 GW", KIND_POWER, 2.0},
                                               {"-2.5 billion USD", KIND_MONEY, -2.5},
                                               {".5 GW", KIND_POWER, 0.5},
                                               {"5. GW", KIND_POWER, 5.0},
                                               {"1.5e+1", KIND_NUMBER, 15.0},
                                               {"0", KIND_NUMBER, 0.0},
                                               {"  2 GW  ", KIND_POWER, 2.0},
                                               {"1_0.5_0 GW", KIND_POWER, 10.5}};
  CHECK_QUANTITIES(quantities);
}

static void units_may_be_written_as_people_do(void **state) {
  (void)state;
  static const struct quantity quantities[] = {
      {"1 month", KIND_MONTHS, 1.0},
      {"1 year", KIND_YEARS, 1.0},
      {"2 /year", KIND_RATE, 2.0},
      {"2 /month", KIND_MONTHLY, 2.0},
      {"2 per year", KIND_RATE, 2.0},
      {"8 billion USD per GW per year", KIND_PRICE, 8.0},
      {"8 billion  USD / GW / year", KIND_PRICE, 8.0},
      {"9 % per year", KIND_RATE, 0.09},
      {"9%/year", KIND_RATE, 0.09},
      {"1.25\tGW", KIND_POWER, 1.25}};
  CHECK_QUANTITIES(quantities);
}

static void volatilities_have_one_unit(void **state) {
  (void)state;
  static const struct quantity quantities[] = {{"0.2 1/sqrt(year)", KIND_VOLATILITY, 0.2},
                                               {"0.2 /sqrt(year)", KIND_VOLATILITY, 0.2},
                                               {"0.2 per sqrt(year)", KIND_VOLATILITY, 0.2}};
  CHECK_QUANTITIES(quantities);
  check_refused("0.2 1/sqrt(month)", KIND_VOLATILITY, "1/sqrt(year)");
  check_refused("0.2 1/year", KIND_VOLATILITY, "1/sqrt(year)");
  check_refused("0.2 1/year^0.5", KIND_VOLATILITY, "1/sqrt(year)");
  check_refused("20 %", KIND_VOLATILITY, "1/sqrt(year)");
  check_refused("0.2", KIND_VOLATILITY, "1/sqrt(year)");
  check_refused("0.2 1/sqrt(year)", KIND_RATE, "1/year");
}

static void unlimited_is_a_number_no_path_reaches(void **state) {
  (void)state;
  static const struct quantity quantities[] = {{"unlimited", KIND_POWER, 1e30},
                                               {"unlimited", KIND_MONEY, 1e30},
                                               {"unlimited", KIND_NUMBER, 1e30}};
  CHECK_QUANTITIES(quantities);
  check_refused("unlimited GW", KIND_POWER, "GW");
}

static void the_wrong_dimension_is_refused(void **state) {
  (void)state;
  check_refused("5 GW", KIND_MONEY, "billion USD");
  check_refused("5 billion USD", KIND_POWER, "GW");
  check_refused("5 GWh", KIND_POWER, "GW");
  check_refused("5 GWh", KIND_MONEY, "billion USD");
  check_refused("5 billion USD", KIND_MONEY_RATE, "billion USD/year");
  check_refused("8 billion USD/GW", KIND_PRICE, "billion USD/GW/year");
  check_refused("8 billion USD/GWh", KIND_COST, "billion USD/GW");
  check_refused("5 %", KIND_RATE, "1/year");
  check_refused("5 %/year", KIND_NUMBER, "pure number");
  check_refused("5 GW", KIND_NUMBER, "pure number");
  check_refused("5 kg", KIND_POWER, "GW");
  check_refused("5 degC", KIND_NUMBER, "pure number");
}

/* UDUNITS-2 itself converts a quantity to its reciprocal. */
static void a_reciprocal_is_not_the_same_dimension(void **state) {
  (void)state;
  check_refused("2 years", KIND_RATE, "1/year");
  check_refused("2 months", KIND_MONTHLY, "1/month");
  check_refused("2 1/year", KIND_YEARS, "years");
  check_refused("2 1/month", KIND_MONTHS, "months");
  check_refused("2 GW/USD", KIND_COST, "billion USD/GW");
}

static void a_bare_number_is_refused_where_a_unit_belongs(void **state) {
  (void)state;
  for (int kind = 0; kind < N_QUANTITIES; ++kind) {
    if (kind != KIND_NUMBER) {
      check_refused("5", (enum kind)kind, units_canonical((enum kind)kind));
      check_refused("1, 2, 3", (enum kind)kind, "no unit");
    }
  }
}

static void junk_is_refused(void **state) {
  (void)state;
  static const char *const junk[] = {
      "",        "   ",      "GW",         "five GW",   "1.2.3 GW",
      "1..2 GW", "1e GW",    "e3 GW",      "--1 GW",    "1-2 GW",
      "0x10 GW", "1_ GW",    "_1 GW",      "1__0 GW",   "5GW",
      "1 GW GW", "1 gw",     "1 GW/",      "1 (GW",     "1 GW; 2 GW",
      "1, 2",    "1 2 GW 3", "1 GW extra", "1 $",       "1 GW^1",
      "1 GW 2",  "1 1000MW", "1 % GW x",   "1 billion", "1,,2 GW",
      "- GW",    "+ GW",     ". GW",       "1e3e3 GW",  "1 year/year^2 GW"};
  for (size_t i = 0; i < sizeof junk / sizeof junk[0]; ++i) {
    check_refused(junk[i], KIND_POWER, "GW");
  }
}

static void numbers_that_are_not_finite_are_refused(void **state) {
  (void)state;
  static const char *const texts[] = {"nan GW",   "NaN GW",      "inf GW",   "-inf GW",
                                      "1e999 GW", "infinity GW", "-1e400 GW"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; ++i) {
    check_refused(texts[i], KIND_POWER, "finite number");
  }
  check_refused("nan", KIND_NUMBER, "finite number");
  check_refused("inf", KIND_NUMBER, "finite number");
}

/* UDUNITS-2 overlooks one closing bracket too many. */
static void a_stray_bracket_is_refused(void **state) {
  (void)state;
  check_refused("1 GW)", KIND_POWER, "GW");
  check_refused("5 %/year)", KIND_RATE, "1/year");
  check_refused("3 months )", KIND_MONTHS, "months");
}

static void a_text_too_long_for_its_place_is_refused(void **state) {
  (void)state;
  char text[400] = "1 ";
  memset(text + 2, 'G', 300);
  check_refused(text, KIND_POWER, "");
  memset(text, '1', 300);
  memcpy(text + 300, " GW", 4);
  check_refused(text, KIND_POWER, "");
}

static void whole_months_are_whole(void **state) {
  (void)state;
  static const struct quantity quantities[] = {{"0 months", KIND_WHOLE_MONTHS, 0.0},
                                               {"0.25 years", KIND_WHOLE_MONTHS, 3.0},
                                               {"3.0 months", KIND_WHOLE_MONTHS, 3.0},
                                               {"-2 months", KIND_WHOLE_MONTHS, -2.0},
                                               {"2.9999999999 months", KIND_WHOLE_MONTHS, 3.0}};
  CHECK_QUANTITIES(quantities);
  check_refused("2.5 months", KIND_WHOLE_MONTHS, "whole months");
  check_refused("0.1 years", KIND_WHOLE_MONTHS, "whole months");
  check_refused("30 days", KIND_WHOLE_MONTHS, "whole months");
}

/* Checks a list against `n` values. */
static void check_list(const char *text, enum kind kind, size_t n, const double *wanted) {
  double values[ROOM] = {0};
  size_t count = 0;
  char why[200] = "";
  if (!units_read(units, text, kind, values, ROOM, &count, why, sizeof why)) {
    fail_msg("`%s` is refused: %s", text, why);
  }
  assert_int_equal(count, n);
  for (size_t i = 0; i < n; ++i) {
    assert_true(values[i] == wanted[i]);
  }
}

static void the_numbers_of_a_list_share_a_unit(void **state) {
  (void)state;
  check_list("3, 5, 7 billion USD/year", KIND_MONEY_RATE, 3, (double[]){3, 5, 7});
  check_list("3 5 7 billion USD/year", KIND_MONEY_RATE, 3, (double[]){3, 5, 7});
  check_list("3,5,7 billion USD/year", KIND_MONEY_RATE, 3, (double[]){3, 5, 7});
  check_list("100, 250 MW", KIND_POWER, 2, (double[]){0.1, 0.25});
  check_list("0.1, 0.2, 0.7", KIND_NUMBER, 3, (double[]){0.1, 0.2, 0.7});
  check_list("10, 20 %", KIND_NUMBER, 2, (double[]){0.1, 0.2});
  check_list("1 2 3 4 5 6 7 8 GW", KIND_POWER, 8, (double[]){1, 2, 3, 4, 5, 6, 7, 8});
  check_refused("1 2 3 4 5 6 7 8 9 GW", KIND_POWER, "more than 8 numbers");
  check_refused("3, nan, 7 GW", KIND_POWER, "");
  check_refused("3 GW, 5 GW", KIND_POWER, "");
}

static void a_single_value_is_no_list(void **state) {
  (void)state;
  double value = 0.0;
  size_t n = 0;
  char why[200] = "";
  assert_false(units_read(units, "1,000 USD", KIND_MONEY, &value, 1, &n, why, sizeof why));
  assert_non_null(strstr(why, "more than 1 number"));
}

static void a_short_place_for_the_reason_is_respected(void **state) {
  (void)state;
  double value = 0.0;
  size_t n = 0;
  char why[16];
  memset(why, 'x', sizeof why);
  assert_false(units_read(units, "5 GW", KIND_MONEY, &value, 1, &n, why, 8));
  assert_int_equal(strlen(why), 7);
  assert_int_equal(why[8], 'x');
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(canonical_units_are_taken_digit_by_digit),
      cmocka_unit_test(other_units_are_converted_to_the_nearest_round_number),
      cmocka_unit_test(numbers_may_be_written_as_people_do),
      cmocka_unit_test(units_may_be_written_as_people_do),
      cmocka_unit_test(volatilities_have_one_unit),
      cmocka_unit_test(unlimited_is_a_number_no_path_reaches),
      cmocka_unit_test(the_wrong_dimension_is_refused),
      cmocka_unit_test(a_reciprocal_is_not_the_same_dimension),
      cmocka_unit_test(a_bare_number_is_refused_where_a_unit_belongs),
      cmocka_unit_test(junk_is_refused),
      cmocka_unit_test(numbers_that_are_not_finite_are_refused),
      cmocka_unit_test(a_stray_bracket_is_refused),
      cmocka_unit_test(a_text_too_long_for_its_place_is_refused),
      cmocka_unit_test(whole_months_are_whole),
      cmocka_unit_test(the_numbers_of_a_list_share_a_unit),
      cmocka_unit_test(a_single_value_is_no_list),
      cmocka_unit_test(a_short_place_for_the_reason_is_respected),
  };
  return cmocka_run_group_tests(tests, open_units, close_units);
}
