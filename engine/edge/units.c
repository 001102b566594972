#include "edge/units.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <udunits2.h>

#include "base/arrays.h"
#include "base/status.h"

struct canonical {
  const char *noun;    /* what it is a quantity of */
  const char *shown;   /* as we print it */
  const char *udunits; /* as UDUNITS-2 reads it; NULL: only the spellings of the canonical unit
                          are read */
};

static const struct canonical canonicals[N_QUANTITIES] = {
    [KIND_NUMBER] = {"a pure number", "", "1"},
    [KIND_MONEY] = {"money", "billion USD", "1e9 USD"},
    [KIND_MONEY_RATE] = {"money per time", "billion USD/year", "1e9 USD/year"},
    [KIND_COST] = {"money per power", "billion USD/GW", "1e9 USD/GW"},
    [KIND_PRICE] = {"money per power and time", "billion USD/GW/year", "1e9 USD/GW/year"},
    [KIND_POWER] = {"power", "GW", "GW"},
    [KIND_POWER_RATE] = {"power per time", "GW/year", "GW/year"},
    [KIND_CHIP_POWER] = {"power", "kW", "kW"},
    [KIND_MONTHS] = {"time", "months", "month"},
    [KIND_WHOLE_MONTHS] = {"time", "months", "month"},
    [KIND_YEARS] = {"time", "years", "year"},
    [KIND_RATE] = {"a rate", "1/year", "1/year"},
    [KIND_MONTHLY] = {"a rate", "1/month", "1/month"},
    [KIND_VOLATILITY] = {"a volatility", "1/sqrt(year)", NULL},
};

/* Other spellings of canonical units that are taken digit by digit too. */
static const struct {
  const char *written, *canonical;
} spellings[] = {{"month", "months"},
                 {"year", "years"},
                 {"/year", "1/year"},
                 {"/month", "1/month"},
                 {"/sqrt(year)", "1/sqrt(year)"}};

struct units {
  ut_system *system;
};

const char *units_canonical(enum kind kind) {
  return kind < N_QUANTITIES ? canonicals[kind].shown : "";
}

static bool define(const char *name, ut_unit *unit) {
  const bool done = unit != NULL && ut_map_name_to_unit(name, UT_ASCII, unit) == UT_SUCCESS;
  ut_free(unit);
  return done;
}

static bool define_number(struct units *units, const char *name, double value) {
  ut_unit *one = ut_get_dimensionless_unit_one(units->system);
  const bool done = one != NULL && define(name, ut_scale(value, one));
  ut_free(one);
  return done;
}

static bool define_product(struct units *units, const char *name, const char *text) {
  return define(name, ut_parse(units->system, text, UT_ASCII));
}

struct units *units_open(void) {
  struct units *units = array_make(1, sizeof *units);
  if (units == NULL) {
    status_fail(STATUS_FAILED, "no memory for the database of units");
    return NULL;
  }
  ut_set_error_message_handler(ut_ignore);
  units->system = ut_read_xml(NULL);
  if (units->system == NULL || !define("USD", ut_new_base_unit(units->system)) ||
      !define_number(units, "thousand", 1e3) || !define_number(units, "million", 1e6) ||
      !define_number(units, "bn", 1e9) || !define_number(units, "billion", 1e9) ||
      !define_number(units, "trillion", 1e12) || !define_product(units, "Wh", "W hour") ||
      !define_product(units, "kWh", "kW hour") || !define_product(units, "MWh", "MW hour") ||
      !define_product(units, "GWh", "GW hour") || !define_product(units, "TWh", "TW hour")) {
    status_fail(STATUS_FAILED,
                "UDUNITS-2 cannot load its database of units (Debian: libudunits2-data)");
    units_close(units);
    return NULL;
  }
  return units;
}

void units_close(struct units *units) {
  if (units != NULL) {
    ut_free_system(units->system);
    array_free(units);
  }
}

/* One number at *text, digits grouped by `_` allowed; *text moves behind it. */
static bool read_number(const char **text, double *value) {
  char digits[64];
  size_t n = 0;
  const char *c = *text;
  for (; n + 1 < sizeof digits &&
         (isdigit((unsigned char)*c) || strchr("+-.eE_", *c) != NULL) && *c != '\0';
       ++c) {
    const bool exponent_sign =
        (*c == '+' || *c == '-') && n > 0 && strchr("eE", digits[n - 1]) == NULL;
    const bool letter =
        (*c == 'e' || *c == 'E') && (n == 0 || strchr("eE+-", digits[n - 1]) != NULL);
    const bool grouping = *c == '_' && n > 0 && isdigit((unsigned char)digits[n - 1]) &&
                          isdigit((unsigned char)c[1]);
    if (exponent_sign || letter || (*c == '_' && !grouping)) {
      return false;
    }
    if (*c != '_') {
      digits[n++] = *c;
    }
  }
  digits[n] = '\0';
  char *end = digits;
  *value = strtod(digits, &end);
  if (n == 0 || *end != '\0' || !isfinite(*value)) {
    return false;
  }
  *text = c;
  return true;
}

static const char *skip_space(const char *text) {
  while (isspace((unsigned char)*text)) {
    ++text;
  }
  return text;
}

/* The numbers at *text, separated by commas or spaces; the first word that is not wholly a
 * number ends them. */
static bool read_numbers(const char **text, double *values, size_t room, size_t *n) {
  bool comma = false; /* another number must follow */
  *n = 0;
  for (;;) {
    const char *next = skip_space(*text);
    double value = 0.0;
    const char *after = next;
    const bool number =
        read_number(&after, &value) &&
        (*after == '\0' || *after == ',' || *after == '%' || isspace((unsigned char)*after));
    if (!number) {
      return *n > 0 && !comma;
    }
    if (*n == room) {
      return false;
    }
    values[(*n)++] = value;
    comma = *after == ',';
    *text = comma ? after + 1 : after;
  }
}

/* The unit part with its white space folded and the words we read ourselves replaced: per -> /,
 * % -> 0.01. */
static bool prepare(const char *unit, char *out, size_t size) {
  size_t n = 0;
  for (const char *c = unit; *c != '\0'; ++c) {
    const bool word_start = c == unit || isspace((unsigned char)c[-1]);
    const char *put = NULL;
    char one[2] = {*c, '\0'};
    if (word_start && strncmp(c, "per ", 4) == 0) {
      put = "/";
      c += 3;
    } else if (*c == '%') {
      put = "percent";
    } else if (isspace((unsigned char)*c)) {
      put = n > 0 && out[n - 1] != ' ' && out[n - 1] != '/' ? " " : "";
    } else {
      put = one;
    }
    if (*put == '/' && n > 0 && out[n - 1] == ' ') {
      --n;
    }
    const size_t length = strlen(put);
    if (n + length + 1 > size) {
      return false;
    }
    memcpy(out + n, put, length);
    n += length;
  }
  while (n > 0 && out[n - 1] == ' ') {
    --n;
  }
  out[n] = '\0';
  return true;
}

static bool is_canonical(const char *unit, const char *canonical) {
  if (strcmp(unit, canonical) == 0) {
    return true;
  }
  for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; ++i) {
    if (strcmp(unit, spellings[i].written) == 0 &&
        strcmp(spellings[i].canonical, canonical) == 0) {
      return true;
    }
  }
  return false;
}

/* Digits and powers inside a unit are read by UDUNITS-2 in surprising ways (1/year^0.5 is
 * 5/year). */
static bool has_number(const char *unit) {
  const char *rest = strncmp(unit, "1/", 2) == 0 ? unit + 2 : unit;
  return strpbrk(rest, "0123456789^*") != NULL;
}

/* UDUNITS-2 overlooks a closing bracket too many at the end. */
static bool brackets_match(const char *unit) {
  int open = 0;
  for (const char *c = unit; *c != '\0' && open >= 0; ++c) {
    open += (*c == '(') - (*c == ')');
  }
  return open == 0;
}

static double round_to_15_digits(double value) {
  char text[40];
  snprintf(text, sizeof text, "%.15g", value);
  return strtod(text, NULL);
}

static bool convert(const struct units *units, const char *unit, const char *canonical,
                    double *values, size_t n) {
  ut_unit *from = ut_parse(units->system, unit, UT_ASCII);
  ut_unit *to = ut_parse(units->system, canonical, UT_ASCII);
  const bool comparable = from != NULL && to != NULL && ut_are_convertible(from, to);
  /* A reciprocal counts as convertible in UDUNITS-2; we want the same dimension. */
  ut_unit *ratio = comparable ? ut_divide(from, to) : NULL;
  const bool same = ratio != NULL && ut_is_dimensionless(ratio);
  cv_converter *converter = same ? ut_get_converter(from, to) : NULL;
  for (size_t i = 0; converter != NULL && i < n; ++i) {
    values[i] = round_to_15_digits(cv_convert_double(converter, values[i]));
  }
  const bool done = converter != NULL;
  cv_free(converter);
  ut_free(ratio);
  ut_free(from);
  ut_free(to);
  return done;
}

static bool check_whole(double *values, size_t n, char *why, size_t why_size) {
  for (size_t i = 0; i < n; ++i) {
    const double whole = floor(values[i] + 0.5);
    if (fabs(whole - values[i]) > 1e-9) {
      snprintf(why, why_size, "wants whole months, not %.6g", values[i]);
      return false;
    }
    values[i] = whole;
  }
  return true;
}

/* Of what a unit is one that is not the wanted one; NULL if nothing that a deck knows. */
static const char *find_noun(const struct units *units, const char *unit) {
  double nothing = 0.0;
  for (int kind = 0; kind < N_QUANTITIES; ++kind) {
    const struct canonical *canonical = &canonicals[kind];
    if (is_canonical(unit, canonical->shown) ||
        (canonical->udunits != NULL && convert(units, unit, canonical->udunits, &nothing, 1))) {
      return canonical->noun;
    }
  }
  return convert(units, unit, "W hour", &nothing, 1) ? "energy" : NULL;
}

/* A value of the kind, as an example: the number that was written, with the canonical unit. */
static void give_example(enum kind kind, double value, bool percent, char *text, size_t size) {
  const char *shown = canonicals[kind].shown;
  const int n = snprintf(text, size, "`%.15g%s%s`", value, shown[0] != '\0' ? " " : "", shown);
  if (percent && kind == KIND_RATE && value != 0.0 && n > 0 && (size_t)n < size) {
    snprintf(text + n, size - (size_t)n, " or `%.15g %%/year`",
             round_to_15_digits(100 * value));
  }
}

/* Why no numbers could be read at the start of a text. */
static void blame_numbers(const char *text, enum kind kind, size_t room, size_t n, char *why,
                          size_t why_size) {
  char example[80];
  give_example(kind, 1.5, false, example, sizeof example);
  if (*skip_space(text) == '\0') {
    snprintf(why, why_size, "has no value; wanted like %s", example);
  } else if (n == room && room == 1) {
    snprintf(why, why_size,
             "holds more than 1 number; a decimal point is written as a point, and digits are "
             "grouped like 1_000_000");
  } else if (n == room && room > 0) {
    snprintf(why, why_size, "holds more than %zu numbers", room);
  } else if (strchr(text, '$') != NULL) {
    snprintf(why, why_size,
             "`%.80s` is not read; dollars are written behind the number, like `1.5%s%s`", text,
             strstr(canonicals[kind].shown, "USD") != NULL ? " " : " billion USD",
             strstr(canonicals[kind].shown, "USD") != NULL ? canonicals[kind].shown : "");
  } else if (n > 0) {
    snprintf(why, why_size, "`%.80s` has a comma without a number after it; wanted like %s",
             text, example);
  } else {
    snprintf(why, why_size, "`%.80s` does not begin with a finite number; wanted like %s", text,
             example);
  }
}

/* Why a unit is not one of the kind. */
static void blame_unit(const struct units *units, const char *unit, enum kind kind,
                       double value, char *why, size_t why_size) {
  char example[80];
  const char *wanted =
      canonicals[kind].shown[0] != '\0' ? canonicals[kind].shown : canonicals[kind].noun;
  const char *noun = brackets_match(unit) ? find_noun(units, unit) : NULL;
  give_example(kind, value, false, example, sizeof example);
  if (noun != NULL && strcmp(noun, canonicals[kind].noun) != 0) {
    snprintf(why, why_size, "`%s` is not a unit of %s: it is %s, wanted is %s, like %s", unit,
             wanted, noun, canonicals[kind].noun, example);
  } else {
    snprintf(why, why_size, "`%s` is not a unit of %s; wanted like %s", unit, wanted, example);
  }
}

bool units_read(const struct units *units, const char *text, enum kind kind, double *values,
                size_t room, size_t *n, char *why, size_t why_size) {
  const struct canonical *canonical = &canonicals[kind];
  char unit[128], example[80];
  *n = 0;
  if (strcmp(text, "unlimited") == 0 && room > 0) {
    values[0] = 1e30;
    *n = 1;
    return true;
  }
  const char *rest = text;
  if (!read_numbers(&rest, values, room, n)) {
    blame_numbers(text, kind, room, *n, why, why_size);
    return false;
  }
  if (!prepare(skip_space(rest), unit, sizeof unit)) {
    snprintf(why, why_size, "unit too long");
    return false;
  }
  give_example(kind, values[0], true, example, sizeof example);
  if (unit[0] == '\0' && canonical->shown[0] != '\0') {
    snprintf(why, why_size, "`%.80s` has no unit; wanted %s, like %s", text, canonical->shown,
             example);
    return false;
  }
  if (!is_canonical(unit, canonical->shown)) {
    if (has_number(unit)) {
      snprintf(why, why_size,
               "`%s` holds a number or a power, which units must not; wanted like %s", unit,
               example);
      return false;
    }
    if (canonical->udunits == NULL || !brackets_match(unit) ||
        !convert(units, unit, canonical->udunits, values, *n)) {
      blame_unit(units, unit, kind, values[0], why, why_size);
      return false;
    }
    for (size_t i = 0; i < *n; ++i) {
      if (!isfinite(values[i])) {
        snprintf(why, why_size, "`%.80s` is too large", text);
        return false;
      }
    }
  }
  return kind != KIND_WHOLE_MONTHS || check_whole(values, *n, why, why_size);
}
