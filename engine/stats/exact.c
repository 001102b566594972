#include "stats/exact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "base/limits.h"
#include "math/lane.h"
#include "stats/histogram.h"
#include "stats/tally.h"

struct cell {
  int64_t bin;
  double atom; /* the first value seen, and how often it was */
  int64_t atoms;
  double *values; /* [n] the others; owned */
  int64_t n, room;
  bool sorted;
};

/* ---- what is wanted */

void exact_want(struct exact *exact, struct want want) {
  if (exact->n_wants == exact->room) {
    const int64_t room = 2 * exact->room + 1024;
    struct want *more = realloc(exact->wants, (size_t)room * sizeof *more);
    if (more == NULL) {
      exact->failed = true;
      return;
    }
    exact->wants = more;
    exact->room = room;
  }
  exact->wants[exact->n_wants++] = want;
}

static int compare_wants(const void *left, const void *right) {
  const struct want *a = left, *b = right;
  return a->column != b->column ? (a->column < b->column ? -1 : 1)
                                : (a->rank > b->rank) - (a->rank < b->rank);
}

bool exact_recorded(struct exact *exact) {
  int64_t n = 0;
  exact->recording = false;
  if (exact->n_wants > 0) {
    qsort(exact->wants, (size_t)exact->n_wants, sizeof *exact->wants, compare_wants);
  }
  for (int64_t i = 0; i < exact->n_wants; ++i) {
    if (n == 0 || compare_wants(&exact->wants[n - 1], &exact->wants[i]) != 0) {
      exact->wants[n++] = exact->wants[i];
    }
  }
  exact->n_wants = n;
  return !exact->failed;
}

bool exact_order_statistic(const struct exact *exact, int64_t column, int64_t rank,
                           double *value) {
  const struct want key = {.column = column, .rank = rank};
  const struct want *found =
      exact->n_wants == 0
          ? NULL
          : bsearch(&key, exact->wants, (size_t)exact->n_wants, sizeof key, compare_wants);
  if (found == NULL) {
    return false;
  }
  *value = found->value;
  return true;
}

/* ---- collecting */

static void free_cells(struct exact *exact) {
  for (int64_t i = 0; i < exact->n_cells; ++i) {
    free(exact->cells[i].values);
  }
  array_free(exact->cells);
  array_free(exact->cell_of);
  exact->cells = NULL;
  exact->cell_of = NULL;
  exact->n_cells = 0;
}

void exact_free(struct exact *exact) {
  free_cells(exact);
  free(exact->wants);
  *exact = (struct exact){0};
}

/* Is want i in a bin of its own, not in that of the want before it? */
static bool opens_cell(const struct exact *exact, int64_t i) {
  const struct want *mine = &exact->wants[i], *before = mine - 1;
  return i == exact->first_want || mine->column != before->column || mine->bin != before->bin;
}

enum status exact_begin(struct exact *exact, int64_t n_columns, int64_t most, bool *more) {
  int64_t kept = 0, end = exact->end_want;
  exact->first_want = end;
  while (end < exact->n_wants) { /* whole columns, as long as their values may be kept */
    const int64_t column = exact->wants[end].column;
    int64_t next = end, values = 0;
    for (; next < exact->n_wants && exact->wants[next].column == column; ++next) {
      values += opens_cell(exact, next) ? exact->wants[next].size : 0;
    }
    if (end > exact->first_want && kept + values > most) {
      break;
    }
    kept += values;
    end = next;
  }
  exact->end_want = end;
  exact->n_columns = n_columns;
  *more = end > exact->first_want;
  exact->cells = array_make((size_t)(end - exact->first_want) + 1, sizeof *exact->cells);
  exact->cell_of = array_make((size_t)n_columns + 1, sizeof *exact->cell_of);
  if (exact->cells == NULL || exact->cell_of == NULL) {
    return status_fail(STATUS_FAILED, "no memory for exact quantiles");
  }
  int64_t column = 0;
  for (int64_t i = exact->first_want; i < end; ++i) {
    for (; column <= exact->wants[i].column; ++column) {
      exact->cell_of[column] = exact->n_cells;
    }
    if (opens_cell(exact, i)) {
      exact->cells[exact->n_cells++].bin = exact->wants[i].bin;
    }
  }
  for (; column <= n_columns; ++column) {
    exact->cell_of[column] = exact->n_cells;
  }
  return STATUS_OK;
}

static bool keep(struct cell *cell, double value) {
  if (cell->atoms == 0 || value == cell->atom) {
    cell->atom = value;
    ++cell->atoms;
    return true;
  }
  if (cell->n == cell->room) {
    const int64_t room = 2 * cell->room + 64;
    double *more = realloc(cell->values, (size_t)room * sizeof *more);
    if (more == NULL) {
      return false;
    }
    cell->values = more;
    cell->room = room;
  }
  cell->values[cell->n++] = value;
  return true;
}

bool exact_add(struct exact *exact, int64_t column, enum window window, const double *values,
               int64_t n) {
  struct cell *first = exact->cells + exact->cell_of[column];
  struct cell *end = exact->cells + exact->cell_of[column + 1];
  bool kept = true;
  if (first == end) {
    return true;
  }
  for (int64_t i = 0; i < n; ++i) {
    const int64_t bin = tally_sorts(values[i]) ? histogram_bin_of(window, values[i]) : -1;
    for (struct cell *cell = first; cell < end && cell->bin <= bin; ++cell) {
      if (cell->bin == bin) {
        kept = keep(cell, values[i] + 0.0) && kept; /* -0 becomes 0 */
      }
    }
  }
  return kept;
}

/* ---- finding: bisection of the doubles, by keys that ascend as they do */

static uint64_t key_of(double x) {
  const uint64_t bits = lane_bits(x), sign = UINT64_C(1) << 63;
  return bits & sign ? ~bits : bits | sign;
}

static double of_key(uint64_t key) {
  const uint64_t sign = UINT64_C(1) << 63;
  return lane_from_bits(key & sign ? key & ~sign : ~key);
}

void exact_open(const struct exact *exact, uint64_t *lows, uint64_t *highs) {
  for (int64_t i = 0; i < exact->end_want - exact->first_want; ++i) {
    lows[i] = key_of(-INFINITY);
    highs[i] = key_of(INFINITY);
  }
}

static int compare_doubles(const void *left, const void *right) {
  const double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* How many values of a cell lie at or below x. */
static int64_t count_up_to(struct cell *cell, double x) {
  int64_t low = 0, high = cell->n;
  if (!cell->sorted && cell->n > 0) {
    qsort(cell->values, (size_t)cell->n, sizeof *cell->values, compare_doubles);
  }
  cell->sorted = true;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (cell->values[middle] <= x) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low + (cell->atom <= x ? cell->atoms : 0);
}

void exact_count(struct exact *exact, const uint64_t *lows, const uint64_t *highs,
                 int64_t *counts) {
  int64_t cell = -1;
  for (int64_t i = exact->first_want; i < exact->end_want; ++i) {
    const int64_t at = i - exact->first_want;
    cell += opens_cell(exact, i) ? 1 : 0;
    counts[at] =
        count_up_to(&exact->cells[cell], of_key(lows[at] + (highs[at] - lows[at]) / 2));
  }
}

void exact_narrow(const struct exact *exact, uint64_t *lows, uint64_t *highs,
                  const int64_t *counts) {
  for (int64_t i = exact->first_want; i < exact->end_want; ++i) {
    const int64_t at = i - exact->first_want;
    const uint64_t middle = lows[at] + (highs[at] - lows[at]) / 2;
    if (exact->wants[i].below + counts[at] >= exact->wants[i].rank) {
      highs[at] = middle;
    } else {
      lows[at] = middle + (lows[at] < highs[at] ? 1 : 0);
    }
  }
}

void exact_close(struct exact *exact, const uint64_t *lows) {
  for (int64_t i = exact->first_want; i < exact->end_want; ++i) {
    exact->wants[i].value = of_key(lows[i - exact->first_want]) + 0.0; /* no -0 */
  }
  free_cells(exact);
}
