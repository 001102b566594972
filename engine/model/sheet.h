/* What a group of paths reports at one date: rows of LANES values, each with the column it
   belongs to (metrics.h). The kernel fills a sheet every month and after the last one; whoever
   receives it sums it up while it is still in the core's cache, or stores it in a matrix.
   Invariants: a path reports every column once; two decks of one layout report the same columns
   at the same dates, in the same order. */
#ifndef TENOR_MODEL_SHEET_H
#define TENOR_MODEL_SHEET_H

#include <stdalign.h>
#include <string.h>

#include "model/metrics.h"

/* The most rows of one date: those of a quarter and a month, or those of the path as a whole,
   to which the contract years belong. */
enum {
  MAX_CONTRACT_YEARS = MAX_CUSTOMERS * MAX_YEARS, /* of all customers */
  MOST_ONE = 1,
  MOST_CUSTOMER = MAX_CUSTOMERS,
  MOST_CONSTRAINT = N_CONSTRAINTS,
  MOST_CUSTOMER_CONSTRAINT = MAX_CUSTOMERS * N_CONSTRAINTS,
  MOST_REGIME = N_REGIMES,
  DATED_ROWS = 0
#define METRIC(name, axis, item, histogram, window, parts, sense, unit, long_name, value) \
  +(AXIS_##axis == AXIS_QUARTER || AXIS_##axis == AXIS_MONTH ? MOST_##item : 0)
#include "model/metrics.def"
  ,
  TERMINAL_ROWS = 0
#define METRIC(name, axis, item, histogram, window, parts, sense, unit, long_name, value) \
  +(AXIS_##axis == AXIS_TERMINAL ? MOST_##item : 0) +                                     \
      (AXIS_##axis == AXIS_CONTRACT_YEAR ? MAX_CONTRACT_YEARS : 0)
#include "model/metrics.def"
  ,
  N_CONTRACT_YEAR_METRICS = 0
#define METRIC(name, axis, item, histogram, window, parts, sense, unit, long_name, value) \
  +(AXIS_##axis == AXIS_CONTRACT_YEAR ? 1 : 0)
#include "model/metrics.def"
  ,
  SHEET_ROWS = DATED_ROWS > TERMINAL_ROWS ? DATED_ROWS : TERMINAL_ROWS
};

struct sheet {
  int64_t n;
  int64_t column[SHEET_ROWS];
  const double *rows[SHEET_ROWS]; /* [LANES] each, in `room` or in the kernel's workspace */
  alignas(64) double room[SHEET_ROWS][LANES];
};

/* Where the next row may be worked out. */
static inline double *sheet_room(struct sheet *sheet) {
  return sheet->room[sheet->n];
}

/* Adds the next row, of a column; it must stay as it is until the next date. */
static inline void sheet_add(struct sheet *sheet, int64_t column, const double *row) {
  sheet->column[sheet->n] = column;
  sheet->rows[sheet->n++] = row;
}

/* Copies the rows to where the paths from `offset` on stand in a matrix
   double[n_columns][BLOCK_PATHS]. */
static inline void sheet_store(const struct sheet *sheet, double *columns, int64_t offset) {
  for (int64_t row = 0; row < sheet->n; ++row) {
    memcpy(columns + sheet->column[row] * BLOCK_PATHS + offset, sheet->rows[row],
           LANES * sizeof(double));
  }
}

#endif
