#include "stats/quantity.h"

#include <stdio.h>
#include <string.h>

#include "base/near.h"

struct words { /* the three parts of a text; "" where there is none */
  char metric[64], item[MAX_NAME], date[24];
};

/* `text` up to one of `ends` into `word`; what follows, NULL if it does not fit. */
static const char *cut(const char *text, const char *ends, char *word, size_t size) {
  const size_t length = strcspn(text, ends);
  if (length >= size) {
    return NULL;
  }
  memcpy(word, text, length);
  word[length] = '\0';
  return text + length;
}

static bool split(const char *text, struct words *words) {
  const char *rest = cut(text, ".@", words->metric, sizeof words->metric);
  words->item[0] = words->date[0] = '\0';
  if (rest != NULL && *rest == '.') {
    rest = cut(rest + 1, "@", words->item, sizeof words->item);
  }
  if (rest != NULL && *rest == '@') {
    rest = cut(rest + 1, "", words->date, sizeof words->date);
    return rest != NULL && words->date[0] != '\0';
  }
  return rest != NULL && *rest == '\0';
}

/* ---- items */

static const char no_number[] = "no single number of this metric can be named";

static const char *item_name(const struct deck *deck, enum item item, int64_t number) {
  return item == ITEM_CUSTOMER     ? deck->customers[number].name
         : item == ITEM_CONSTRAINT ? constraint_names[number]
         : item == ITEM_REGIME     ? regime_names[number]
                                   : "";
}

enum status quantity_item(int64_t *item, const char *option, const char *text,
                          enum metric_id metric, char mark, const char *name,
                          const struct deck *deck, const struct layout *layout) {
  const struct metric *of = &metrics[metric];
  const int64_t n = layout->items[metric];
  char names[256] = "";
  *item = 0;
  if (of->item == ITEM_CUSTOMER_CONSTRAINT) {
    return status_fail(STATUS_USAGE, "%s %s: %s", option, text, no_number);
  }
  if (name == NULL && n == 1) {
    return STATUS_OK;
  }
  if (of->item == ITEM_ONE) {
    return status_fail(STATUS_USAGE, "%s %s: %s is one number, it has no `%s`", option, text,
                       of->name, name);
  }
  for (int64_t i = 0; i < n; ++i) {
    const size_t length = strlen(names);
    if (name != NULL && strcmp(item_name(deck, of->item, i), name) == 0) {
      *item = i;
      return STATUS_OK;
    }
    snprintf(names + length, sizeof names - length, "%s%s", i > 0 ? ", " : "",
             item_name(deck, of->item, i));
  }
  return status_fail(STATUS_USAGE, "%s %s: wanted %s%cNAME, with a name of: %s", option, text,
                     of->name, mark, names);
}

/* ---- dates */

/* The month that `yearN` or a number means; -1 if it is neither. */
static int64_t month_of(const char *text) {
  const bool year = strncmp(text, "year", 4) == 0;
  long long number = 0;
  int used = 0;
  const char *digits = text + (year ? 4 : 0);
  if (sscanf(digits, "%4lld%n", &number, &used) != 1 || digits[used] != '\0' || number < 1) {
    return -1;
  }
  return year ? 12 * number : number;
}

static enum status find_date(struct quantity *quantity, const char *option,
                             const struct words *words, const struct deck *deck) {
  const enum axis axis = metrics[quantity->metric].axis;
  const int64_t horizon = deck->time.horizon, month = month_of(words->date);
  quantity->date = 0;
  if (axis == AXIS_TERMINAL) {
    return words->date[0] == '\0'
               ? STATUS_OK
               : status_fail(STATUS_USAGE, "%s %s: %s has one value a path, no date", option,
                             quantity->text, words->metric);
  }
  if (month < 1 || month > horizon ||
      (axis == AXIS_QUARTER && month % 3 != 0 && month != horizon)) {
    return status_fail(STATUS_USAGE,
                       "%s %s: %s wants a date within %lld months: %s@year5 for the end of "
                       "year 5, or the month in which a quarter ends, %s@60",
                       option, quantity->text, words->metric, (long long)horizon, words->metric,
                       words->metric);
  }
  quantity->date = axis == AXIS_MONTH ? month - 1 : (month + 2) / 3 - 1;
  return STATUS_OK;
}

enum status quantity_metric(enum metric_id *metric, const char *option, const char *text,
                            const char *name) {
  const char *near = NULL;
  *metric = metric_find(name);
  if (*metric < N_METRICS) {
    return STATUS_OK;
  }
  for (int m = 0; m < N_METRICS; ++m) {
    near = near_word(name, metrics[m].name, near);
  }
  return near != NULL
             ? status_fail(STATUS_USAGE, "%s %s: there is no metric `%s`; did you mean `%s`?",
                           option, text, name, near)
             : status_fail(STATUS_USAGE, "%s %s: there is no metric `%s`", option, text, name);
}

enum status quantity_read(struct quantity *quantity, const char *option, const char *text,
                          const struct deck *deck, const struct layout *layout) {
  struct words words;
  if (strlen(text) >= sizeof quantity->text || !split(text, &words)) {
    return status_fail(STATUS_USAGE,
                       "%s %.60s: wanted METRIC[.ITEM][@DATE] like npv or backlog@year5",
                       option, text);
  }
  snprintf(quantity->text, sizeof quantity->text, "%s", text);
  if (quantity_metric(&quantity->metric, option, text, words.metric) != STATUS_OK) {
    return STATUS_USAGE;
  }
  const struct metric *metric = &metrics[quantity->metric];
  if (metric->unit == UNIT_MONTH || metric->axis == AXIS_CONTRACT_YEAR) {
    return status_fail(STATUS_USAGE, "%s %s: %s", option, text,
                       metric->unit == UNIT_MONTH
                           ? "a date that may never come has no mean over all paths"
                           : no_number);
  }
  enum status status = quantity_item(&quantity->item, option, text, quantity->metric, '.',
                                     words.item[0] != '\0' ? words.item : NULL, deck, layout);
  if (status == STATUS_OK) {
    status = find_date(quantity, option, &words, deck);
  }
  quantity->column = layout_column(layout, quantity->metric, quantity->item, quantity->date);
  return status;
}
