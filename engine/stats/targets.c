#include "stats/targets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/quantity.h"

/* ---- reading */

struct word { /* METRIC[.STATISTIC][@MONTH] */
  char metric[64], statistic[32];
  long long month; /* -1: none */
};

static bool split(const char *text, struct word *word) {
  const size_t length = strcspn(text, ":");
  const size_t name = strcspn(text, ".@:");
  size_t statistic = 0;
  int used = 0;
  *word = (struct word){.month = -1};
  if (name == 0 || name >= sizeof word->metric) {
    return false;
  }
  snprintf(word->metric, sizeof word->metric, "%.*s", (int)name, text);
  if (text[name] == '.') { /* a level may have a point of its own: var99.5 */
    statistic = strcspn(text + name + 1, "@:");
    snprintf(word->statistic, sizeof word->statistic, "%.*s", (int)statistic, text + name + 1);
    ++statistic;
  }
  const char *rest = text + name + statistic;
  if (*rest == '@' && sscanf(rest + 1, "%lld%n", &word->month, &used) == 1) {
    rest += 1 + used;
  }
  return rest == text + length && statistic < sizeof word->statistic;
}

/* The place of "q97.5" among the quantiles, of "var99.5" among the levels, ...; -1 if none. */
static int find_index(const char *text, const char *prefix, const double *values, int n,
                      double scale) {
  char word[40];
  for (int i = 0; i < n; ++i) {
    snprintf(word, sizeof word, "%s%g", prefix, values[i] * scale);
    if (strcmp(text, word) == 0) {
      return i;
    }
  }
  return -1;
}

static bool find_statistic(const char *text, struct target *target) {
  static const struct {
    const char *prefix;
    enum statistic statistic;
    const double *values;
    int n;
    double scale;
  } lists[] = {{"q", STAT_QUANTILE, figure_quantiles, N_QUANTILES, 100},
               {"var", STAT_VAR, figure_levels, N_LEVELS, 100},
               {"cvar", STAT_CVAR, figure_levels, N_LEVELS, 100},
               {"by", STAT_BY, figure_dates, N_DATES, 1}};
  target->index = 0;
  target->reliable = 0.5;
  if (text[0] == '\0' || strcmp(text, "mean") == 0 || strcmp(text, "sd") == 0) {
    target->statistic = strcmp(text, "sd") == 0 ? STAT_SD : STAT_MEAN;
    return true;
  }
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; ++i) {
    const int index =
        find_index(text, lists[i].prefix, lists[i].values, lists[i].n, lists[i].scale);
    if (index >= 0) {
      target->statistic = lists[i].statistic;
      target->index = index;
      target->reliable = lists[i].statistic == STAT_BY ? 0.5 : lists[i].values[index];
      return true;
    }
  }
  return false;
}

static bool read_width(const char *text, struct target *target) {
  char *end = NULL;
  target->wanted = strtod(text, &end);
  target->relative = *end == '%';
  target->wanted /= target->relative ? 100.0 : 1.0;
  return end != text && end[target->relative ? 1 : 0] == '\0' && isfinite(target->wanted) &&
         target->wanted > 0.0;
}

/* The date of a metric that has several: the quarter that ends with the month. */
static enum status find_date(const struct word *word, const struct figures *figures,
                             struct target *target) {
  const enum axis axis = metrics[target->metric].axis;
  const int64_t horizon = figures->deck->time.horizon;
  target->date = 0;
  if (axis == AXIS_TERMINAL) {
    return word->month < 0
               ? STATUS_OK
               : status_fail(STATUS_USAGE, "--until %s: %s has one value a path, no date",
                             target->text, word->metric);
  }
  if (axis == AXIS_CONTRACT_YEAR) {
    return status_fail(STATUS_USAGE, "--until %s: no target can be set on %s", target->text,
                       word->metric);
  }
  if (word->month < 1 || word->month > horizon ||
      (axis == AXIS_QUARTER && word->month % 3 != 0 && word->month != horizon)) {
    return status_fail(
        STATUS_USAGE,
        "--until %s: %s wants a date, the month in which a quarter ends: %s@60 for "
        "the end of year 5",
        target->text, word->metric, word->metric);
  }
  target->date = axis == AXIS_MONTH ? word->month - 1 : (word->month + 2) / 3 - 1;
  return STATUS_OK;
}

enum status targets_add(struct targets *targets, const char *text,
                        const struct figures *figures) {
  struct target target = {.date = 0};
  struct word word;
  const char *colon = strchr(text, ':');
  if (targets->n == MAX_TARGETS || strlen(text) >= sizeof target.text) {
    return status_fail(STATUS_USAGE, "--until %.60s: at most %d targets of %zu letters", text,
                       MAX_TARGETS, sizeof target.text - 1);
  }
  snprintf(target.text, sizeof target.text, "%s", text);
  if (colon == NULL || !split(text, &word) || !read_width(colon + 1, &target)) {
    return status_fail(STATUS_USAGE,
                       "--until %s: wanted METRIC.STATISTIC:WIDTH like npv.cvar99:2%% or "
                       "backlog@60:0.05",
                       text);
  }
  if (quantity_metric(&target.metric, "--until", text, word.metric) != STATUS_OK) {
    return STATUS_USAGE;
  }
  const struct metric *metric = &metrics[target.metric];
  if (!find_statistic(word.statistic, &target) ||
      !figures_has(figures, metric, target.statistic)) {
    return status_fail(STATUS_USAGE,
                       "--until %s: %s has no statistic `%s`; there are mean, sd, q5, var99, "
                       "cvar99 and by60, as far as the metric has them",
                       text, word.metric, word.statistic);
  }
  const enum status status = find_date(&word, figures, &target);
  if (status == STATUS_OK) {
    targets->at[targets->n++] = target;
  }
  return status;
}

/* ---- looking */

/* How much too wide the interval of one item is: half-width over what is allowed. */
static double excess(const struct target *target, double value, double half) {
  const double allowed = target->relative ? target->wanted * fabs(value) : target->wanted;
  if (!isfinite(value) || !isfinite(half) || (target->relative && value == 0.0)) {
    return INFINITY; /* a part of nothing says nothing: a rare event has not been seen yet */
  }
  return half > 0.0 ? half / allowed : 0.0;
}

/* The worst item of a target. */
static double look_at(const struct target *target, const struct figures *figures, double *value,
                      double *half) {
  double worst = -1.0;
  *value = *half = NAN;
  for (int64_t item = 0; item < figures->layout->items[target->metric]; ++item) {
    const double v = figures_value(figures, target->metric, item, target->date,
                                   target->statistic, target->index);
    const double h = figures_half(figures, target->metric, item, target->date,
                                  target->statistic, target->index);
    const double mine = excess(target, v, h);
    if (mine > worst) {
      worst = mine;
      *value = v;
      *half = h;
    }
  }
  return worst;
}

bool targets_look(const struct targets *targets, const struct figures *figures, int64_t paths,
                  struct look *look) {
  double worst = 0.0, least = 0.0;
  *look = (struct look){.paths = paths};
  for (int t = 0; t < targets->n; ++t) {
    const struct target *target = &targets->at[t];
    const double mine = look_at(target, figures, &look->value[t], &look->half[t]);
    const bool tail = target->statistic == STAT_VAR || target->statistic == STAT_CVAR ||
                      target->statistic == STAT_QUANTILE;
    look->met[t] = mine <= 1.0 && figures_reliable(figures, target->reliable);
    worst = mine > worst ? mine : worst;
    if (tail) { /* paths from which on it is reliable */
      const double p = target->reliable < 0.5 ? target->reliable : 1.0 - target->reliable;
      least = RELIABLE_POINTS / p > least ? RELIABLE_POINTS / p : least;
    }
  }
  look->predicted = (double)paths * (worst > 1.0 ? worst * worst : 1.0);
  look->predicted = look->predicted > least ? look->predicted : least;
  return targets_met(targets, look);
}

bool targets_met(const struct targets *targets, const struct look *look) {
  bool all = true;
  for (int t = 0; t < targets->n; ++t) {
    all = all && look->met[t];
  }
  return all;
}

int64_t targets_next_look(int64_t done, int64_t first) {
  int64_t whole = first; /* first 2^(j/2) for even j; times the root of 2 for odd j */
  for (;;) {
    const int64_t between = (int64_t)((double)whole * sqrt(2.0) + 0.5);
    if (done < whole) {
      return whole;
    }
    if (done < between) {
      return between;
    }
    whole *= 2;
  }
}
