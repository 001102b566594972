#include "edge/laws.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Parameters: name, member, pure, optional, several. */
#define LOW(optional) \
  { "low", offsetof(struct law, low), false, optional, false }
#define HIGH(optional) \
  { "high", offsetof(struct law, high), false, optional, false }
#define CENTRE(name) \
  { name, offsetof(struct law, centre), false, false, false }
#define SPREAD(name, pure) \
  { name, offsetof(struct law, spread), pure, false, false }

const struct law_form law_forms[N_LAWS] = {
    [LAW_UNIFORM] = {"uniform", 2, {LOW(false), HIGH(false)}},
    [LAW_NORMAL] = {"normal", 4, {CENTRE("mean"), SPREAD("sd", false), LOW(true), HIGH(true)}},
    [LAW_LOGNORMAL] = {"lognormal",
                       4,
                       {CENTRE("median"), SPREAD("sigma", true), LOW(true), HIGH(true)}},
    [LAW_TRIANGULAR] = {"triangular", 3, {LOW(false), CENTRE("mode"), HIGH(false)}},
    [LAW_PERT] = {"pert", 3, {LOW(false), CENTRE("mode"), HIGH(false)}},
    [LAW_DISCRETE] = {"discrete",
                      2,
                      {{"values", offsetof(struct law, outcomes), false, false, true},
                       {"weights", offsetof(struct law, weights), true, false, true}}},
};

static const double LEAST_KEPT = 1e-6; /* of a law that is cut off */
static const double MOST_SIGMA = 10;   /* as of all spreads of logarithms in a deck */

static bool fail(struct law_fault *fault, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail(struct law_fault *fault, const char *where, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fault->where = where;
  vsnprintf(fault->why, sizeof fault->why, format, arguments);
  va_end(arguments);
  return false;
}

/* Numbers that share a unit, in each line of a word. */
static bool read_numbers(const struct word *word, const struct units *units, enum kind kind,
                         double *numbers, size_t room, size_t *n, struct law_fault *fault) {
  char line[1024], why[256];
  *n = 0;
  for (const char *rest = word->text;;) {
    const size_t length = strcspn(rest, "\n");
    size_t more = 0;
    if (*n == room) {
      return fail(fault, word->where, "%s: holds more than %zu number%s", word->name, room,
                  room > 1 ? "s" : "");
    }
    snprintf(line, sizeof line, "%.*s", (int)(length < sizeof line ? length : 0), rest);
    if (!units_read(units, line, kind, numbers + *n, room - *n, &more, why, sizeof why)) {
      return fail(fault, word->where, "%s: %s", word->name, why);
    }
    *n += more;
    if (rest[length] == '\0') {
      break;
    }
    rest += length + 1;
  }
  for (size_t i = 0; i < *n; ++i) {
    if (fabs(numbers[i]) >= 1e30) {
      return fail(fault, word->where, "%s: a law wants finite numbers", word->name);
    }
  }
  return true;
}

static bool find_form(const struct word *said, int64_t *kind, struct law_fault *fault) {
  char wanted[120] = "";
  for (*kind = 0; *kind < N_LAWS; ++*kind) {
    const size_t length = strlen(wanted);
    if (strcmp(law_forms[*kind].name, said->text) == 0) {
      return true;
    }
    snprintf(wanted + length, sizeof wanted - length, "%s%s", length > 0 ? ", " : "",
             law_forms[*kind].name);
  }
  return fail(fault, said->where, "law wants one of %s, not `%.40s`", wanted, said->text);
}

static bool check_words(const struct clause *clause, const struct law_form *form,
                        struct law_fault *fault) {
  for (int i = 0; i < clause->n; ++i) {
    const char *name = clause->words[i].name;
    bool known =
        strcmp(name, "key") == 0 || strcmp(name, "law") == 0 || strcmp(name, "scale") == 0;
    char wanted[120] = "";
    for (int p = 0; p < form->n; ++p) {
      const size_t length = strlen(wanted);
      known = known || strcmp(name, form->parameters[p].name) == 0;
      snprintf(wanted + length, sizeof wanted - length, "%s, ", form->parameters[p].name);
    }
    if (!known) {
      return fail(fault, clause->words[i].where,
                  "unknown key `%.60s` of a %s law; wanted %sscale, source or confidence", name,
                  form->name, wanted);
    }
  }
  return true;
}

static bool read_parameter(const struct clause *clause, const struct law_parameter *parameter,
                           const struct units *units, enum kind kind, struct law *law,
                           struct law_fault *fault) {
  const struct word *word = clause_word(clause, parameter->name);
  double *to = (double *)(void *)((char *)law + parameter->offset);
  size_t n = 0;
  if (word == NULL) {
    return parameter->optional || fail(fault, clause->where, "a %s law wants `%s`",
                                       law_forms[law->kind].name, parameter->name);
  }
  if (!read_numbers(word, units, parameter->pure ? KIND_NUMBER : kind, to,
                    parameter->several ? MAX_OUTCOMES : 1, &n, fault)) {
    return false;
  }
  if (parameter->several && law->n_outcomes > 0 && (int64_t)n != law->n_outcomes) {
    return fail(fault, word->where, "%s: %zu numbers for %lld values", word->name, n,
                (long long)law->n_outcomes);
  }
  law->n_outcomes = parameter->several ? (int64_t)n : 0;
  return true;
}

/* ---- is it a law? */

static bool check_order(const struct clause *clause, const struct law *law,
                        struct law_fault *fault) {
  if (law->low > law->high) {
    return fail(fault, clause->where, "low, %.6g, lies above high, %.6g", law->low, law->high);
  }
  const bool inside = law->low <= law->centre && law->centre <= law->high;
  const char *centre = law->kind == LAW_NORMAL      ? "mean"
                       : law->kind == LAW_LOGNORMAL ? "median"
                                                    : "mode";
  const bool needed =
      law->kind != LAW_UNIFORM &&
      (law->kind == LAW_TRIANGULAR || law->kind == LAW_PERT || !(law->spread > 0.0));
  return inside || !needed ||
         fail(fault, clause->where, "%s, %.6g, does not lie between low and high", centre,
              law->centre);
}

static bool check_spread(const struct clause *clause, const struct law *law,
                         struct law_fault *fault) {
  const bool logarithmic = law->kind == LAW_LOGNORMAL;
  if (law->spread < 0.0 || (logarithmic && law->spread > MOST_SIGMA)) {
    return fail(fault, clause->where, "%s",
                logarithmic ? "sigma wants a number from 0 to 10" : "sd must not be negative");
  }
  if (logarithmic &&
      !(law->centre > 0.0 && (!isfinite(law->low) || law->low > 0.0) && law->high > 0.0)) {
    return fail(fault, clause->where,
                "a lognormal law lies above 0, and so must its median, low and high");
  }
  if (!(law_kept(law) >= LEAST_KEPT)) {
    return fail(fault, clause->where,
                "low and high leave less than a millionth of the law between them");
  }
  return true;
}

static bool check_outcomes(const struct clause *clause, struct law *law,
                           struct law_fault *fault) {
  double sum = 0.0;
  for (int64_t i = 0; i < law->n_outcomes; ++i) {
    sum += law->weights[i];
    if (law->weights[i] < 0.0) {
      return fail(fault, clause->where, "weights must not be negative");
    }
    if (i > 0 && !(law->outcomes[i] > law->outcomes[i - 1])) {
      return fail(fault, clause->where, "values must rise: %.6g stands before %.6g",
                  law->outcomes[i - 1], law->outcomes[i]);
    }
  }
  law->low = law->outcomes[0];
  law->high = law->outcomes[law->n_outcomes - 1];
  return sum > 0.0 || fail(fault, clause->where, "one weight at least must be above 0");
}

bool law_read(const struct clause *clause, const struct units *units, enum kind kind,
              struct law *law, struct law_fault *fault) {
  const struct word *said = clause_word(clause, "law");
  *law = (struct law){.low = -INFINITY, .high = INFINITY};
  if (said == NULL) {
    return fail(fault, clause->where, "has no `law`");
  }
  if (!find_form(said, &law->kind, fault)) {
    return false;
  }
  const struct law_form *form = &law_forms[law->kind];
  bool read = check_words(clause, form, fault);
  for (int p = 0; read && p < form->n; ++p) {
    read = read_parameter(clause, &form->parameters[p], units, kind, law, fault);
  }
  if (!read) {
    return false;
  }
  if (law->kind == LAW_DISCRETE) {
    return check_outcomes(clause, law, fault);
  }
  return check_order(clause, law, fault) && check_spread(clause, law, fault);
}
