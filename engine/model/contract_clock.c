#include "model/contract_clock.h"

/* Entry `year` of a list that keeps its last value; 0 if it is empty. */
static double kept_on(const struct yearly *list, int64_t year) {
  return list->n == 0 ? 0 : list->at[year < list->n ? year : list->n - 1];
}

/* Entry `year` of a list that ends: 0 past its end. */
static double until_end(const struct yearly *list, int64_t year) {
  return year < list->n ? list->at[year] : 0;
}

static int64_t smaller(int64_t a, int64_t b) {
  return a < b ? a : b;
}
static int64_t larger(int64_t a, int64_t b) {
  return a > b ? a : b;
}

/* The minima still ahead `now` months after the start: the part of the next 12 months, and the
   mean time to all of them. */
static void measure_schedule(struct contract_clock *month, const struct customer *customer,
                             int64_t now) {
  double total = 0, moment = 0;
  for (int64_t first = 0; first < customer->term; first += 12) {
    const int64_t last = smaller(first + 12, customer->term); /* of the contract year */
    const double yearly = until_end(&customer->annual_minimum, first / 12);
    const double length = (double)(last - first);
    const int64_t ahead = larger(first, now);
    const double rest =
        yearly * (double)larger(smaller(last - ahead, last - first), 0) / length;
    const double centre = ((double)(ahead + last) / 2 - (double)now) / 12;
    total += rest;
    moment += rest * (rest > 0 ? centre : 0);
    month->near += yearly * (double)larger(smaller(last, now + 12) - ahead, 0) / length;
  }
  month->duration = moment / most(total, TINY);
}

struct contract_clock contract_clock(const struct customer *customer, int64_t m,
                                     int64_t order_lead) {
  const int64_t k = m - customer->start, term = customer->term, ahead = k + order_lead;
  const int64_t since = larger(k, 0);
  const int64_t year = since / 12;
  const int64_t length = larger(1, smaller(12, term - 12 * year));
  struct contract_clock month = {0};
  month.active = k >= 0 && k < term;
  month.standing = k < term;
  month.closes = month.active && since % 12 + 1 == length;
  month.ends = k == term - 1;
  month.resets = month.active && k > 0 && k % 12 == 0;
  month.lapses = k == term;
  month.year = year;
  month.months_left = larger(term - k - 1, 0);
  month.length = (double)length;
  month.minimum = until_end(&customer->annual_minimum, year);
  month.guaranteed = kept_on(&customer->guaranteed_capacity, year);
  if (ahead >= 0 && ahead < term) {
    month.promised_ahead = kept_on(&customer->guaranteed_capacity, ahead / 12);
  }
  if (k < term) {
    measure_schedule(&month, customer, k + 1);
  }
  month.other_spend = kept_on(&customer->other_spend, m / 12);
  return month;
}
