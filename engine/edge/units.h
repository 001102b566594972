/* Text with units -> numbers in the engine's units (the only file that knows UDUNITS-2). A kind
   of quantity has one canonical unit; a value written in it is taken digit by digit, others are
   converted and rounded to 15 digits, so that 450 MW is 0.45 GW and not its neighbour. */
#ifndef TENOR_EDGE_UNITS_H
#define TENOR_EDGE_UNITS_H

#include <stdbool.h>
#include <stddef.h>

enum kind {
  KIND_NUMBER,       /* 1 */
  KIND_MONEY,        /* billion USD */
  KIND_MONEY_RATE,   /* billion USD/year */
  KIND_COST,         /* billion USD/GW */
  KIND_PRICE,        /* billion USD/GW/year */
  KIND_POWER,        /* GW */
  KIND_POWER_RATE,   /* GW/year */
  KIND_CHIP_POWER,   /* kW */
  KIND_MONTHS,       /* months */
  KIND_WHOLE_MONTHS, /* months, rounded, and checked to be whole */
  KIND_YEARS,        /* years */
  KIND_RATE,         /* 1/year */
  KIND_MONTHLY,      /* 1/month */
  KIND_VOLATILITY,   /* 1/sqrt(year) */
  N_QUANTITIES,
  /* kinds without a unit, which this room does not read */
  KIND_COUNT = N_QUANTITIES, /* a whole number */
  KIND_FLAG,                 /* true or false */
  KIND_TEXT,
  KIND_DATE,
  KIND_CHOICE /* one of a list of words */
};

/* The canonical unit of a quantity as people write it; "" for a pure number. */
const char *units_canonical(enum kind kind);

/* UDUNITS-2's database with the units a deck adds: USD, its multiples, watt-hours. */
struct units;

/* NULL, with a message, if the database is missing. units_close gives it back. */
struct units *units_open(void);
void units_close(struct units *units);

/* Reads `text`, one or more numbers and the unit they share ("1.25 GW", "3, 5, 7 billion
   USD/year", "9 %/year", "unlimited"), into values[*n], at most `room`. On error returns false
   and writes what is wrong, a sentence without a full stop, to `why`. */
bool units_read(const struct units *units, const char *text, enum kind kind, double *values,
                size_t room, size_t *n, char *why, size_t why_size);

#endif
