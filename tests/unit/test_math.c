/* exp, log, normal quantile and inverse beta against a table of answers to 50 digits
   (data/math.txt), and the properties their headers promise. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "math/beta.h"
#include "math/lane.h"
#include "math/law.h"
#include "math/nearest.h"

enum { MAX_ANSWERS = 4096, MAX_ARGUMENTS = 3 };

struct answer {
  char function[16];
  double arguments[MAX_ARGUMENTS];
  double nearest; /* double to the true value */
  double rest;    /* true value minus that, in units of its last place */
};

static struct answer answers[MAX_ANSWERS];
static int n_answers = 0;

static int read_answer(char *line) {
  struct answer *answer = &answers[n_answers];
  double numbers[MAX_ARGUMENTS + 2];
  int n = 0;
  char *word = strtok(line, " \n");
  snprintf(answer->function, sizeof answer->function, "%s", word);
  while (n < MAX_ARGUMENTS + 2 && (word = strtok(NULL, " \n")) != NULL) {
    numbers[n++] = strtod(word, NULL);
  }
  if (n < 3) {
    return -1;
  }
  memcpy(answer->arguments, numbers, (size_t)(n - 2) * sizeof numbers[0]);
  answer->nearest = numbers[n - 2];
  answer->rest = numbers[n - 1];
  ++n_answers;
  return 0;
}

static int read_table(void **state) {
  (void)state;
  const char *folder = getenv("TEST_DATA");
  char path[4096], line[512];
  snprintf(path, sizeof path, "%s/math.txt", folder != NULL ? folder : "TEST_DATA is not set");
  FILE *file = fopen(path, "r");
  if (file == NULL) {
    perror(path);
    return -1;
  }
  int code = 0;
  while (code == 0 && n_answers < MAX_ANSWERS && fgets(line, sizeof line, file) != NULL) {
    code = line[0] == '#' ? 0 : read_answer(line);
  }
  fclose(file);
  return code;
}

/* The unit of the last place of x. */
static double last_place(double x) {
  return nextafter(fabs(x), INFINITY) - fabs(x);
}

/* How far `value` is from the truth, in units of the truth's last place. */
static double error_in_places(const struct answer *answer, double value) {
  return fabs((value - answer->nearest) / last_place(answer->nearest) - answer->rest);
}

static double absolute_error(const struct answer *answer, double value) {
  return error_in_places(answer, value) * last_place(answer->nearest);
}

static double relative_error(const struct answer *answer, double value) {
  return absolute_error(answer, value) / fabs(answer->nearest);
}

/* The largest error of `function`, measured by `measure`, over the table. */
static double largest_error(const char *name, double (*function)(double),
                            double (*measure)(const struct answer *, double)) {
  double largest = 0.0, where = 0.0;
  int n = 0;
  for (int i = 0; i < n_answers; ++i) {
    if (strcmp(answers[i].function, name) == 0) {
      const double x = answers[i].arguments[0];
      const double error = measure(&answers[i], function(x));
      assert_true(error >= 0.0); /* no NaN */
      where = error > largest ? x : where;
      largest = error > largest ? error : largest;
      ++n;
    }
  }
  assert_true(n >= 400);
  print_message("%s: %d answers, largest error %.3g at %a\n", name, n, largest, where);
  return largest;
}

static void exp_is_off_by_less_than_its_last_place(void **state) {
  (void)state;
  assert_true(largest_error("exp", lane_exp, error_in_places) <= 0.85);
}

static void log_is_off_by_less_than_its_last_place(void **state) {
  (void)state;
  assert_true(largest_error("log", lane_log, error_in_places) <= 0.79);
}

static void normal_quantile_is_true_to_twelve_digits(void **state) {
  (void)state;
  assert_true(largest_error("normal", lane_normal, relative_error) <= 1.2e-13);
}

static void exp_stops_at_the_ends_of_its_range(void **state) {
  (void)state;
  static const double below[] = {-708.5, -745.0, -1e6, -1e300, -INFINITY};
  static const double above[] = {709.5, 710.0, 1e6, 1e300, INFINITY};
  for (size_t i = 0; i < sizeof below / sizeof below[0]; ++i) {
    assert_true(lane_exp(below[i]) == lane_exp(-708.0));
    assert_true(lane_exp(above[i]) == lane_exp(709.0));
  }
  assert_true(lane_exp(-708.0) > 0.0 && isfinite(lane_exp(709.0)));
}

static void exp_and_log_are_exact_where_they_can_be(void **state) {
  (void)state;
  assert_true(lane_exp(0.0) == 1.0 && lane_exp(-0.0) == 1.0);
  assert_true(lane_log(1.0) == 0.0);
}

/* A number k of the grid (k + 1/2) 2^-52. */
static double on_grid(uint64_t k) {
  return lane_from_bits(UINT64_C(0x3ff0000000000000) | k) - (1.0 - 0x1p-53);
}

/* The grid number just below the root u < 1/2 of 4 u (1 - u) = product. */
static uint64_t seam(double product) {
  return (uint64_t)(0.5 * product / (1.0 + sqrt(1.0 - product)) * 0x1p52);
}

static void normal_quantile_is_odd_to_the_last_bit(void **state) {
  (void)state;
  for (uint64_t k = 0; k < UINT64_C(1) << 51; k += 1 + k / 50) {
    const double u = on_grid(k), v = on_grid((UINT64_C(1) << 52) - 1 - k);
    assert_true(v == 1.0 - u);
    assert_true(lane_bits(lane_normal(v)) == lane_bits(-lane_normal(u)));
  }
}

/* That the quantile never falls over 1000 points of the grid about k, 2^`octave` points apart.
 */
static void check_never_falling(uint64_t k, int octave) {
  const uint64_t half = UINT64_C(500) << octave, end = UINT64_C(1) << 52;
  const uint64_t first = k > half ? k - half : 0;
  double before = -INFINITY;
  for (uint64_t i = 0; i < 1000 && first + (i << octave) < end; ++i) {
    const double z = lane_normal(on_grid(first + (i << octave)));
    assert_true(isfinite(z));
    assert_true(z >= before);
    before = z;
  }
}

/* Seams: where u and 1-u change places, and where 4 u (1-u) crosses the square root of one half
   in some octave: there the logarithm changes its. From neighbours on the grid to wide steps.
 */
static void normal_quantile_never_falls_at_its_seams(void **state) {
  (void)state;
  const uint64_t end = UINT64_C(1) << 52;
  for (int octave = 0; octave < 40; octave += 3) {
    check_never_falling(end / 2, octave);
    for (int n = 0; n < 52; ++n) {
      const uint64_t k = seam(ldexp(sqrt(0.5), -n));
      check_never_falling(k, octave);
      check_never_falling(end - 1 - k, octave);
    }
  }
}

static void normal_quantile_rises_over_its_whole_range(void **state) {
  (void)state;
  const uint64_t step = UINT64_C(1) << 36;
  double before = -INFINITY;
  for (uint64_t k = 0; k < UINT64_C(1) << 52; k += step) {
    const double z = lane_normal(on_grid(k));
    assert_true(z > before);
    before = z;
  }
  assert_true(lane_normal(on_grid((UINT64_C(1) << 52) - 1)) > before);
}

static void inverse_beta_is_true_to_thirteen_places(void **state) {
  (void)state;
  int n = 0;
  double largest = 0.0;
  for (int i = 0; i < n_answers; ++i) {
    if (strcmp(answers[i].function, "beta") == 0) {
      const double *x = answers[i].arguments;
      const double value = beta_inverse(x[0], x[1], x[2]);
      const double error = absolute_error(&answers[i], value);
      if (!(error <= 1e-13)) {
        fail_msg("a %.17g b %.17g u %.17g: off by %g", x[0], x[1], x[2], error);
      }
      largest = error > largest ? error : largest;
      ++n;
    }
  }
  assert_true(n >= 300);
  print_message("beta: %d answers, largest error %.3g\n", n, largest);
}

/* A recovery rate of mean 0.35 and standard deviation 0.2. */
static void recovery_rates_have_their_known_quantiles(void **state) {
  (void)state;
  static const double chances[] = {0.05, 0.5, 0.95};
  static const double rates[] = {0.06414682057, 0.3271946123, 0.7140145459};
  for (size_t i = 0; i < sizeof rates / sizeof rates[0]; ++i) {
    assert_true(fabs(beta_inverse(1.640625, 3.046875, chances[i]) - rates[i]) < 1e-10);
  }
}

static void inverse_beta_runs_from_zero_to_one_without_falling(void **state) {
  (void)state;
  static const double shapes[] = {0.05, 0.7, 1.0, 1.640625, 30.0, 1e4};
  enum { N_SHAPES = sizeof shapes / sizeof shapes[0], STEPS = 200 };
  for (int pair = 0; pair < N_SHAPES * N_SHAPES; ++pair) {
    const double a = shapes[pair % N_SHAPES], b = shapes[pair / N_SHAPES];
    assert_true(beta_inverse(a, b, 0.0) == 0.0 && beta_inverse(a, b, 1.0) == 1.0);
    double before = 0.0;
    for (int i = 1; i < STEPS; ++i) {
      const double x = beta_inverse(a, b, (double)i / STEPS);
      assert_true(x >= before && x <= 1.0);
      before = x;
    }
  }
}

/* ---- laws of uncertain keys */

static const struct law laws[] = {
    {.kind = LAW_UNIFORM, .low = -2, .high = 3},
    {.kind = LAW_NORMAL, .low = -INFINITY, .high = INFINITY, .centre = 1, .spread = 2},
    {.kind = LAW_NORMAL, .low = 0.5, .high = 4, .centre = 1, .spread = 2},
    {.kind = LAW_NORMAL, .low = 8, .high = INFINITY, .centre = 1, .spread = 2},
    {.kind = LAW_LOGNORMAL, .low = -INFINITY, .high = INFINITY, .centre = 3, .spread = 0.5},
    {.kind = LAW_LOGNORMAL, .low = 1, .high = 5, .centre = 3, .spread = 0.5},
    {.kind = LAW_TRIANGULAR, .low = -1, .high = 4, .centre = 0},
    {.kind = LAW_TRIANGULAR, .low = -1, .high = 4, .centre = -1},
    {.kind = LAW_PERT, .low = -1, .high = 4, .centre = 4},
    {.kind = LAW_PERT, .low = -1, .high = 4, .centre = 0.3},
    {.kind = LAW_DISCRETE,
     .low = 1,
     .high = 8,
     .n_outcomes = 3,
     .outcomes = {1, 2, 8},
     .weights = {0.3, 0, 1.7}},
};
enum { N_EXAMPLES = sizeof laws / sizeof laws[0] };

static void quantiles_of_laws_rise_from_low_to_high(void **state) {
  (void)state;
  for (int i = 0; i < N_EXAMPLES; ++i) {
    double before = law_quantile(&laws[i], LAW_FIRST);
    assert_true(before >= laws[i].low && isfinite(before));
    for (int k = 1; k <= 4000; ++k) {
      const double x = law_quantile(&laws[i], k < 4000 ? k / 4000.0 : LAW_LAST);
      assert_true(x >= before && x <= laws[i].high);
      before = x;
    }
    assert_true(isfinite(before));
  }
}

static void laws_end_where_they_are_said_to(void **state) {
  (void)state;
  for (int i = 0; i < N_EXAMPLES; ++i) {
    if (laws[i].kind == LAW_PERT) { /* whose ends are too thin to be drawn */
      continue;
    }
    if (isfinite(laws[i].low)) {
      assert_true(law_quantile(&laws[i], LAW_FIRST) < laws[i].low + 1e-6);
    }
    if (isfinite(laws[i].high)) {
      assert_true(law_quantile(&laws[i], LAW_LAST) > laws[i].high - 1e-6);
    }
  }
}

static void normal_distribution_undoes_its_quantile(void **state) {
  (void)state;
  for (int k = 1; k <= 53; ++k) { /* down to the first uniform, in both tails */
    const double u = ldexp(1.0, -k), z = lane_normal(u);
    assert_true(fabs(law_normal_below(z) / u - 1) < 2e-11);
    assert_true(fabs((1 - law_normal_below(-z)) - u) < 2e-11 * u + 0x1p-53);
  }
  assert_true(law_normal_below(0) == 0.5);
  assert_true(law_normal_below(-40) == LAW_FIRST && law_normal_below(40) == LAW_LAST);
}

static void a_cut_law_keeps_what_lies_between(void **state) {
  (void)state;
  assert_true(law_kept(&laws[0]) == 1 && law_kept(&laws[1]) == 1);
  const struct law within_one_sd = {
      .kind = LAW_NORMAL, .low = -1, .high = 3, .centre = 1, .spread = 2};
  assert_true(fabs(law_kept(&within_one_sd) - 0.68268949213708590) < 1e-13);
  const struct law above_median = {
      .kind = LAW_LOGNORMAL, .low = 3, .high = INFINITY, .centre = 3, .spread = 0.5};
  assert_true(fabs(law_kept(&above_median) - 0.5) < 1e-15);
}

static void normals_are_tied_by_twice_a_sine(void **state) {
  (void)state;
  for (int k = -100; k <= 100; ++k) {
    const double rank = k / 100.0;
    assert_true(fabs(law_normal_correlation(rank) - 2 * sin(acos(-1) * rank / 6)) < 5e-16);
  }
}

/* Two factors: the nearest correlation that keeps both eigenvalues, 1 - r and 1 + r, at `least`
   is the largest one allowed; a matrix that is fine already stays. */
static void the_nearest_correlation_of_two_is_known(void **state) {
  (void)state;
  const double least = 0.01, much[] = {1, 1.5, 1.5, 1}, little[] = {1, -0.3, -0.3, 1};
  double near[4];
  assert_true(fabs(nearest_correlation(2, near, much, least) - sqrt(2) * (0.5 + least)) < 1e-9);
  assert_true(fabs(near[1] - (1 - least)) < 1e-9 && near[1] == near[2]);
  assert_true(near[0] == 1 && near[3] == 1);
  assert_true(nearest_correlation(2, near, little, least) < 1e-12);
  assert_true(fabs(near[1] + 0.3) < 1e-12 && fabs(near[2] + 0.3) < 1e-12);
}

/* The example of Higham, IMA J. Numer. Anal. 22 (2002), section 4, to the four places printed
   there. */
static void the_nearest_correlation_is_highams(void **state) {
  (void)state;
  const double given[] = {1, 1, 0, 1, 1, 1, 0, 1, 1};
  const double known[] = {1, 0.7607, 0.1573, 0.7607, 1, 0.7607, 0.1573, 0.7607, 1};
  double near[9];
  assert_true(fabs(nearest_correlation(3, near, given, 0.0) - 0.5278) < 5e-5);
  for (int i = 0; i < 9; ++i) {
    assert_true(fabs(near[i] - known[i]) < 5e-5);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exp_is_off_by_less_than_its_last_place),
      cmocka_unit_test(log_is_off_by_less_than_its_last_place),
      cmocka_unit_test(normal_quantile_is_true_to_twelve_digits),
      cmocka_unit_test(exp_stops_at_the_ends_of_its_range),
      cmocka_unit_test(exp_and_log_are_exact_where_they_can_be),
      cmocka_unit_test(normal_quantile_is_odd_to_the_last_bit),
      cmocka_unit_test(normal_quantile_never_falls_at_its_seams),
      cmocka_unit_test(normal_quantile_rises_over_its_whole_range),
      cmocka_unit_test(inverse_beta_is_true_to_thirteen_places),
      cmocka_unit_test(recovery_rates_have_their_known_quantiles),
      cmocka_unit_test(inverse_beta_runs_from_zero_to_one_without_falling),
      cmocka_unit_test(quantiles_of_laws_rise_from_low_to_high),
      cmocka_unit_test(laws_end_where_they_are_said_to),
      cmocka_unit_test(normal_distribution_undoes_its_quantile),
      cmocka_unit_test(a_cut_law_keeps_what_lies_between),
      cmocka_unit_test(normals_are_tied_by_twice_a_sine),
      cmocka_unit_test(the_nearest_correlation_of_two_is_known),
      cmocka_unit_test(the_nearest_correlation_is_highams),
  };
  return cmocka_run_group_tests(tests, read_table, NULL);
}
