/* What must hold across keys: everything required is there, and the deck is one that the model
 * can run. */
#include <math.h>
#include <string.h>

#include "edge/deck_store.h"
#include "math/nearest.h"
#include "model/matrix.h"

enum { MAX_FULL = 160 }; /* bytes of a key's full name */

struct findings {
  struct deck_store *store; /* NULL: quiet, the first reason goes to `why` */
  char *why;
  size_t why_size;
  int n;
};

/* At a key called `name`, whose place in the file is known. */
static void find_at(struct findings *findings, const struct key *key, struct place place,
                    const char *name, const char *what) {
  if (findings->store != NULL) {
    const struct entry *entry = store_entry(findings->store, key, place);
    complaints_tell(&findings->store->complaints, entry->where != NULL ? entry->where : "deck",
                    1, name, "%s", what);
  } else if (findings->n == 0) {
    snprintf(findings->why, findings->why_size, "%s: %s", name, what);
  }
  ++findings->n;
}

static void find_key(struct findings *findings, const char *section, const char *name,
                     const char *what) {
  char full[80];
  snprintf(full, sizeof full, "%s.%s", section, name);
  find_at(findings, schema_find(GROUP_SECTION, section, name), (struct place){0, 0}, full,
          what);
}

/* At a key of a customer, who is called by name. */
static void find_customer(struct findings *findings, const struct deck *deck, int64_t i,
                          const char *name, const char *what) {
  char full[MAX_FULL];
  snprintf(full, sizeof full, "customers.%s.%s", deck->customers[i].name, name);
  find_at(findings, schema_find(GROUP_CUSTOMER, "customers", name), (struct place){i, 0}, full,
          what);
}

/* ---- what was left out */

/* Where an item of a list begins: at the first of its keys that was given; NULL: nowhere. */
static const char *find_item(const struct deck_store *store, enum group group,
                             struct place place) {
  for (int k = 0; k < schema_size; ++k) {
    const struct entry *entry = store_entry(store, &schema[k], place);
    if (schema[k].group == group && entry->given && entry->where != NULL) {
      return entry->where;
    }
  }
  return NULL;
}

static void complain_of_item(struct deck_store *store, const char *path, const struct key *key,
                             struct place place) {
  char name[MAX_FULL];
  const char *where = find_item(store, key->group, place);
  if (key->group == GROUP_TRANCHE) {
    snprintf(name, sizeof name, "customers[%lld].tranches[%lld].%s", (long long)place.outer,
             (long long)place.inner, key->name);
  } else {
    snprintf(name, sizeof name, "%s[%lld].%s", key->section, (long long)place.outer, key->name);
  }
  complaints_tell(&store->complaints, where != NULL ? where : path, 1, name, "missing");
}

static bool is_missing(const struct deck_store *store, const struct key *key,
                       struct place place) {
  return key->standard == NULL && !store_entry(store, key, place)->given;
}

/* The keys of the section that begins with key `first`; a section that is missing as a whole is
   one fault. Returns the number of keys that are missing. */
static int check_section(struct deck_store *store, const char *path, int first) {
  const char *section = schema[first].section;
  const struct place nowhere = {0, 0};
  const int before = store->complaints.n;
  int missing = 0, n = 0;
  for (int k = first; k < schema_size && schema[k].group == GROUP_SECTION &&
                      strcmp(schema[k].section, section) == 0;
       ++k) {
    n += schema[k].standard == NULL;
    missing += is_missing(store, &schema[k], nowhere);
  }
  if (missing > 1 && missing == n) {
    complaints_tell(&store->complaints, path, 1, section,
                    "missing, with all its %d keys (tenor check --keys lists them)", n);
    return missing;
  }
  for (int k = first; missing > 0 && k < schema_size; ++k) {
    if (schema[k].group == GROUP_SECTION && strcmp(schema[k].section, section) == 0 &&
        is_missing(store, &schema[k], nowhere)) {
      char name[80];
      snprintf(name, sizeof name, "%s.%s", section, schema[k].name);
      complaints_tell(&store->complaints, path, 1, name, "missing");
    }
  }
  return store->complaints.n - before;
}

static void check_items_given(struct deck_store *store, const char *path,
                              const struct key *key) {
  const bool tranche = key->group == GROUP_TRANCHE;
  const int64_t outer = store_items(store, tranche ? GROUP_CUSTOMER : key->group, 0);
  for (int64_t i = 0; i < outer; ++i) {
    const int64_t inner = tranche ? store_items(store, GROUP_TRANCHE, i) : 1;
    for (int64_t j = 0; j < inner; ++j) {
      if (is_missing(store, key, (struct place){i, j})) {
        complain_of_item(store, path, key, (struct place){i, j});
      }
    }
  }
}

static void check_all_given(struct deck_store *store, const char *path) {
  const char *section = "";
  int missing = 0;
  for (int k = 0; k < schema_size; ++k) {
    if (schema[k].group != GROUP_SECTION) {
      check_items_given(store, path, &schema[k]);
    } else if (strcmp(schema[k].section, section) != 0) {
      section = schema[k].section;
      missing += check_section(store, path, k);
    }
  }
  const enum group wanted[] = {GROUP_SITE, GROUP_CUSTOMER};
  for (int i = 0; i < 2; ++i) {
    if (*store_count(store, wanted[i], 0) < 1) {
      complaints_tell(&store->complaints, path, 1, schema_lists[wanted[i]].name,
                      "at least one is wanted");
    }
  }
  if (missing > 3) {
    fputs("      = a deck states every key, or starts from another with `include: FILE`\n",
          stderr);
  }
}

/* ---- what must hold across keys */

static void check_rates(const struct deck *deck, struct findings *findings) {
  for (int row = 0; row < N_REGIMES; ++row) {
    char what[120];
    double sum = 0.0;
    for (int column = 0; column < N_REGIMES; ++column) {
      const double rate = deck->regime.transition_rate[row][column];
      sum += rate;
      if (row != column && rate < 0.0) {
        find_key(findings, "regime", "transition_rate",
                 "rates off the diagonal must not be negative");
      }
    }
    if (fabs(sum) > 1e-9) {
      snprintf(what, sizeof what, "row %d adds to %.6g, wanted 0", row + 1, sum);
      find_key(findings, "regime", "transition_rate", what);
    }
  }
}

static bool is_definite(const double a[N_FACTORS][N_FACTORS]) {
  double l[N_FACTORS][N_FACTORS];
  return cholesky(N_FACTORS, N_FACTORS, l[0], a[0]);
}

/* The nearest correlations that can be, as they would stand in a deck. */
static void advise_correlation(const double a[N_FACTORS][N_FACTORS], char *what, size_t size) {
  const double least = 1e-3; /* so that four digits after the point are enough */
  double near[N_FACTORS][N_FACTORS];
  const double away = nearest_correlation(N_FACTORS, near[0], a[0], least);
  size_t n = (size_t)snprintf(what, size, "not positive definite");
  if (away < 0.0) {
    return;
  }
  n += (size_t)snprintf(what + n, size - n, "; the nearest that is, %.2g away, is [", away);
  for (int i = 0; i < N_FACTORS; ++i) {
    n += (size_t)snprintf(what + n, size - n, "%s[", i > 0 ? ", " : "");
    for (int j = 0; j < N_FACTORS; ++j) {
      const double rounded = round(near[i][j] * 1e4) / 1e4;
      n += (size_t)snprintf(what + n, size - n, "%s%.4g", j > 0 ? ", " : "", rounded + 0.0);
    }
    n += (size_t)snprintf(what + n, size - n, "]");
  }
  snprintf(what + n, size - n, "]");
}

static void check_correlation(const struct deck *deck, struct findings *findings) {
  const double(*a)[N_FACTORS] = deck->correlation.factors;
  char what[640];
  for (int i = 0; i < N_FACTORS; ++i) {
    if (a[i][i] != 1.0) {
      find_key(findings, "correlation", "factors", "the diagonal must be 1");
      return;
    }
    for (int j = 0; j < i; ++j) {
      if (a[i][j] != a[j][i]) {
        snprintf(what, sizeof what,
                 "not symmetric: row %d, column %d is %.6g, row %d, column %d is %.6g", i + 1,
                 j + 1, a[i][j], j + 1, i + 1, a[j][i]);
        find_key(findings, "correlation", "factors", what);
        return;
      }
    }
  }
  if (!is_definite(a)) {
    advise_correlation(a, what, sizeof what);
    find_key(findings, "correlation", "factors", what);
  }
}

static void check_credit(const struct deck *deck, struct findings *findings) {
  const double mean = deck->credit.recovery_mean, sd = deck->credit.recovery_sd;
  if (!(sd * sd < mean * (1.0 - mean))) {
    find_key(findings, "credit", "recovery_sd",
             "no beta law has so large a standard deviation: its square must stay below "
             "recovery_mean (1 - recovery_mean)");
    return;
  }
  const double n = mean * (1.0 - mean) / (sd * sd) - 1.0, a = mean * n, b = (1.0 - mean) * n;
  if (fmin(a, b) < 0.05 || fmax(a, b) > 1e4) {
    char what[200];
    snprintf(
        what, sizeof what,
        "with this recovery_mean it must lie between %.3g and %.3g, so that the parameters "
        "of the beta law stay within 0.05 and 10000",
        sqrt(mean * (1.0 - mean) / (1e4 / fmax(mean, 1.0 - mean) + 1.0)),
        sqrt(mean * (1.0 - mean) / (0.05 / fmin(mean, 1.0 - mean) + 1.0)));
    find_key(findings, "credit", "recovery_sd", what);
  }
}

/* A share must stay above 0 in a month in which both rates pull it down. */
static void check_shares(const struct deck *deck, struct findings *findings) {
  for (int64_t i = 0; i < deck->n_customers; ++i) {
    const struct customer *customer = &deck->customers[i];
    if (customer->share_recovery_rate + customer->share_loss_rate >= 12.0) {
      find_customer(findings, deck, i, "share_loss_rate",
                    "with share_recovery_rate it must stay below 12 1/year, or a share could "
                    "fall below 0 within a month");
    }
  }
}

static void check_across(const struct deck *deck, struct findings *findings) {
  check_rates(deck, findings);
  check_correlation(deck, findings);
  check_credit(deck, findings);
  check_shares(deck, findings);
}

bool deck_holds(const struct deck *deck, char *why, size_t why_size) {
  struct findings findings = {.why = why, .why_size = why_size};
  check_across(deck, &findings);
  return findings.n == 0;
}

/* Names are how an including deck says which item it changes. */
static void check_names(struct deck_store *store, struct findings *findings, enum group group) {
  const struct list *list = &schema_lists[group];
  const struct key *key = schema_find(group, list->name, "name");
  for (int64_t i = 0; i < *store_count(store, group, 0); ++i) {
    const char *name = store_value(store, key, (struct place){i, 0});
    for (int64_t j = 0; j < i; ++j) {
      if (name[0] != '\0' && strcmp(name, store_value(store, key, (struct place){j, 0})) == 0) {
        char what[MAX_NAME + 80];
        snprintf(what, sizeof what, "there is another %s called `%s`", list->label, name);
        find_at(findings, key, (struct place){i, 0}, list->name, what);
      }
    }
  }
}

/* Charts join the quarters in the order of the deck. */
static void check_history(const struct deck *deck, struct findings *findings) {
  const struct key *end = schema_find(GROUP_HISTORY, "history", "end");
  for (int64_t i = 0; i < deck->n_history; ++i) {
    const struct past_quarter *now = &deck->history[i], *before = now - 1;
    const struct place place = {i, 0};
    char name[40];
    snprintf(name, sizeof name, "history[%lld].end", (long long)i);
    if (i > 0 && (now->year * 12 + now->month) * 31 + now->day <=
                     (before->year * 12 + before->month) * 31 + before->day) {
      find_at(findings, end, place, name, "is not later than the end of the quarter before it");
    }
    if (now->aws_revenue == 0.0 && now->aws_obligations == 0.0) {
      find_at(findings, end, place, name,
              "is all that is said of the quarter; wanted aws_revenue or aws_obligations");
    }
  }
}

void store_check(struct deck_store *store, const char *path) {
  struct findings findings = {.store = store};
  check_all_given(store, path);
  if (store->complaints.n == 0) {
    check_across(store->deck, &findings);
    check_names(store, &findings, GROUP_GENERATION);
    check_names(store, &findings, GROUP_SITE);
    check_names(store, &findings, GROUP_CUSTOMER);
    check_history(store->deck, &findings);
  }
}

/* ---- what is allowed, but seldom meant */

static void warn_at(const struct deck_store *store, enum group group, const char *section,
                    int64_t item, const char *name, const char *what) {
  const struct key *key = schema_find(group, section, name);
  const struct entry *entry = store_entry(store, key, (struct place){item, 0});
  char full[MAX_FULL];
  if (group == GROUP_CUSTOMER) {
    snprintf(full, sizeof full, "customers.%s.%s", store->deck->customers[item].name, name);
  } else {
    snprintf(full, sizeof full, "%s.%s", section, name);
  }
  complaints_warn(&store->complaints, entry->where != NULL ? entry->where : "deck", full, "%s",
                  what);
}

/* Yearly minimums that add to more or less than the commitment. */
static void warn_of_minimums(const struct deck_store *store, int64_t i) {
  const struct customer *customer = &store->deck->customers[i];
  const int64_t years = (customer->term + 11) / 12;
  double sum = 0.0;
  char what[200];
  for (int64_t y = 0; y < customer->annual_minimum.n && y < years; ++y) {
    sum += customer->annual_minimum.at[y];
  }
  const bool above = sum > customer->commitment * (1.0 + 1e-9);
  const bool below = sum > 0.0 && sum < customer->commitment * (1.0 - 1e-9);
  if (above || below) {
    snprintf(
        what, sizeof what,
        "the yearly minimums add to %.6g billion USD, %s than the commitment of %.6g; %s", sum,
        above ? "more" : "less", customer->commitment,
        above ? "what exceeds it never falls due" : "take-or-pay does not enforce the rest");
    warn_at(store, GROUP_CUSTOMER, "customers", i, "annual_minimum", what);
  }
}

/* A commitment that the customer could not spend by using all that it may from the first day.
 */
static void warn_of_commitment(const struct deck_store *store, int64_t i) {
  const struct deck *deck = store->deck;
  const struct customer *customer = &deck->customers[i];
  const double limit = fmin(customer->capacity_limit, deck->build.capacity_cap);
  const double most = limit * customer->contract_price * (double)customer->term / 12.0;
  char what[240];
  if (most < customer->commitment) {
    snprintf(what, sizeof what,
             "cannot be reached by use: %.6g GW over %lld months at %.6g billion USD/GW/year "
             "cost %.6g billion USD, and the commitment is %.6g",
             limit, (long long)customer->term, customer->contract_price, most,
             customer->commitment);
    warn_at(store, GROUP_CUSTOMER, "customers", i, "commitment", what);
  }
}

static void warn_of_guarantee(const struct deck_store *store, int64_t i) {
  const struct deck *deck = store->deck;
  const struct customer *customer = &deck->customers[i];
  const double limit = fmin(customer->capacity_limit, deck->build.capacity_cap);
  double most = 0.0;
  char what[160];
  for (int64_t y = 0; y < customer->guaranteed_capacity.n; ++y) {
    most = fmax(most, customer->guaranteed_capacity.at[y]);
  }
  if (most > limit) {
    snprintf(what, sizeof what,
             "promises %.6g GW, more than the %.6g GW that may be delivered or used", most,
             limit);
    warn_at(store, GROUP_CUSTOMER, "customers", i, "guaranteed_capacity", what);
  }
}

/* Tranches are paid in the order of the list: one whose own thresholds are lower than those
   above it only waits. */
static void warn_of_tranches(const struct deck_store *store, int64_t i) {
  const struct customer *customer = &store->deck->customers[i];
  const struct key *key = schema_find(GROUP_TRANCHE, "tranches", "spend_threshold");
  for (int64_t j = 1; j < customer->n_tranches; ++j) {
    const struct tranche *above = &customer->tranches[j - 1], *tranche = above + 1;
    const bool waits = tranche->spend_threshold <= above->spend_threshold &&
                       tranche->capacity_threshold <= above->capacity_threshold &&
                       (tranche->spend_threshold < above->spend_threshold ||
                        tranche->capacity_threshold < above->capacity_threshold);
    if (waits) {
      const struct entry *entry = store_entry(store, key, (struct place){i, j});
      char name[MAX_FULL];
      snprintf(name, sizeof name, "customers.%s.tranches.%lld", customer->name, (long long)j);
      complaints_warn(&store->complaints, entry->where != NULL ? entry->where : "deck", name,
                      "its thresholds never decide: it is paid after the tranche above it, "
                      "which wants more (%.6g after %.6g billion USD, %.6g after %.6g GW)",
                      tranche->spend_threshold, above->spend_threshold,
                      tranche->capacity_threshold, above->capacity_threshold);
    }
  }
}

static void warn_of_sites(const struct deck_store *store) {
  const struct deck *deck = store->deck;
  double sum = 0.0;
  char what[160];
  for (int64_t i = 0; i < deck->n_sites; ++i) {
    sum += deck->sites[i].capacity;
  }
  if (deck->build.capacity_cap < 1e30 && sum < deck->build.capacity_cap) {
    snprintf(what, sizeof what,
             "is never reached: all sites together have %.6g GW, the cap is %.6g GW", sum,
             deck->build.capacity_cap);
    warn_at(store, GROUP_SECTION, "build", 0, "capacity_cap", what);
  }
}

void store_warn(const struct deck_store *store) {
  warn_of_sites(store);
  for (int64_t i = 0; i < store->deck->n_customers; ++i) {
    warn_of_minimums(store, i);
    warn_of_commitment(store, i);
    warn_of_guarantee(store, i);
    warn_of_tranches(store, i);
    if (store->deck->customers[i].start >= store->deck->time.horizon) {
      warn_at(store, GROUP_CUSTOMER, "customers", i, "start",
              "the contract begins after the horizon");
    }
  }
}
