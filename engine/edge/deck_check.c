/* What must hold across keys: everything required is there, and the deck is one that the model
 * can run. */
#include <math.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "edge/deck_store.h"
#include "model/matrix.h"

struct findings {
  const struct deck_store *store; /* NULL: quiet, the first reason goes to `why` */
  const char *path;
  char *why;
  size_t why_size;
  int n;
};

static void find(struct findings *findings, const char *where, const char *what) {
  text_print(stderr, "%s: error: %s: %s", findings->path, where, what);
  fputc('\n', stderr);
  ++findings->n;
}

/* At a key called `name`, whose place in the file is known. */
static void find_at(struct findings *findings, const struct key *key, int64_t item,
                    const char *name, const char *what) {
  if (findings->store != NULL) {
    const struct entry *entry = store_entry(findings->store, key, (struct place){item, 0});
    const char *where = entry->where != NULL ? entry->where : findings->path;
    text_print(stderr, "%s: error: %s: %s", where, name, what);
    fputc('\n', stderr);
  } else if (findings->n == 0) {
    snprintf(findings->why, findings->why_size, "%s: %s", name, what);
  }
  ++findings->n;
}

static void find_key(struct findings *findings, const char *section, const char *name,
                     const char *what) {
  char full[80];
  snprintf(full, sizeof full, "%s.%s", section, name);
  find_at(findings, schema_find(GROUP_SECTION, section, name), 0, full, what);
}

static void check_given(const struct deck_store *store, struct findings *findings,
                        const struct key *key, struct place place) {
  char where[160];
  if (key->optional || store_entry(store, key, place)->given) {
    return;
  }
  switch (key->group) {
    case GROUP_SECTION: snprintf(where, sizeof where, "%s.%s", key->section, key->name); break;
    case GROUP_TRANCHE:
      snprintf(where, sizeof where, "customers[%lld].tranches[%lld].%s", (long long)place.outer,
               (long long)place.inner, key->name);
      break;
    default:
      snprintf(where, sizeof where, "%s[%lld].%s", key->section, (long long)place.outer,
               key->name);
  }
  find(findings, where, "missing (or include a deck that has it)");
}

static void check_all_given(const struct deck_store *store, struct findings *findings) {
  for (int k = 0; k < schema_size; ++k) {
    const struct key *key = &schema[k];
    const bool tranche = key->group == GROUP_TRANCHE;
    const int64_t outer = store_items(store, tranche ? GROUP_CUSTOMER : key->group, 0);
    for (int64_t i = 0; i < outer; ++i) {
      const int64_t inner = tranche ? store_items(store, GROUP_TRANCHE, i) : 1;
      for (int64_t j = 0; j < inner; ++j) {
        check_given(store, findings, key, (struct place){i, j});
      }
    }
  }
}

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

/* Is (1-mix) a + mix I positive definite? Cholesky's factorisation succeeds just then. */
static bool is_definite(const double a[N_FACTORS][N_FACTORS], double mix) {
  double mixed[N_FACTORS][N_FACTORS], l[N_FACTORS][N_FACTORS];
  for (int i = 0; i < N_FACTORS; ++i) {
    for (int j = 0; j < N_FACTORS; ++j) {
      mixed[i][j] = (1.0 - mix) * a[i][j] + (i == j ? mix : 0.0);
    }
  }
  return cholesky(N_FACTORS, N_FACTORS, l[0], mixed[0]);
}

static void check_correlation(const struct deck *deck, struct findings *findings) {
  const double(*a)[N_FACTORS] = deck->correlation.factors;
  char what[160];
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
  if (!is_definite(a, 0.0)) {
    double low = 0.0, high = 1.0;
    for (int step = 0; step < 40; ++step) {
      const double middle = (low + high) / 2.0;
      *(is_definite(a, middle) ? &high : &low) = middle;
    }
    snprintf(what, sizeof what,
             "not positive definite; all correlations multiplied by %.4g would be (%.3g of the "
             "way to independence)",
             1.0 - high, high);
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
      char name[80];
      snprintf(name, sizeof name, "customers[%lld].share_loss_rate", (long long)i);
      find_at(findings, schema_find(GROUP_CUSTOMER, "customers", "share_loss_rate"), i, name,
              "with share_recovery_rate it must stay below 12 1/year, or a share could fall "
              "below 0 within a month");
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

/* Yearly minimums that add to more or less than the commitment are allowed, but seldom meant.
 */
static void warn_of_minimums(const struct deck *deck) {
  for (int64_t i = 0; i < deck->n_customers; ++i) {
    const struct customer *customer = &deck->customers[i];
    const int64_t years = (customer->term + 11) / 12;
    double sum = 0.0;
    for (int64_t y = 0; y < customer->annual_minimum.n && y < years; ++y) {
      sum += customer->annual_minimum.at[y];
    }
    if (sum > customer->commitment * (1.0 + 1e-9)) {
      status_warn(
          "%s: the yearly minimums add to %.6g billion USD, more than the commitment of %.6g; "
          "what exceeds it never falls due",
          customer->name, sum, customer->commitment);
    } else if (sum > 0.0 && sum < customer->commitment * (1.0 - 1e-9)) {
      status_warn(
          "%s: the yearly minimums add to %.6g billion USD, less than the commitment of %.6g; "
          "take-or-pay does not enforce the rest",
          customer->name, sum, customer->commitment);
    }
  }
}

/* Names are how an including deck says which item it changes. */
static void check_names(const struct deck *deck, struct findings *findings) {
  for (int64_t i = 0; i < deck->n_customers; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      if (strcmp(deck->customers[i].name, deck->customers[j].name) == 0) {
        find(findings, "customers", "two customers have the same name");
      }
    }
  }
  for (int64_t i = 0; i < deck->n_sites; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      if (deck->sites[i].name[0] != '\0' &&
          strcmp(deck->sites[i].name, deck->sites[j].name) == 0) {
        find(findings, "sites", "two sites have the same name");
      }
    }
  }
  for (int64_t i = 0; i < deck->n_generations; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      if (deck->generations[i].name[0] != '\0' &&
          strcmp(deck->generations[i].name, deck->generations[j].name) == 0) {
        find(findings, "generations", "two generations have the same name");
      }
    }
  }
}

int store_check(const struct deck_store *store, const char *path) {
  struct findings findings = {.store = store, .path = path};
  check_all_given(store, &findings);
  if (*store_count(store, GROUP_SITE, 0) < 1) {
    find(&findings, "sites", "at least one is wanted");
  }
  if (*store_count(store, GROUP_CUSTOMER, 0) < 1) {
    find(&findings, "customers", "at least one is wanted");
  }
  if (findings.n == 0) {
    check_across(store->deck, &findings);
    check_names(store->deck, &findings);
    warn_of_minimums(store->deck);
  }
  return findings.n;
}
