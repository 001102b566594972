/* Whatever is drawn, the model must be able to run it. Every law lies in the range of its key,
   so only what holds between keys is left: those that meet in one condition of deck_check.c are
   put to the ends of their laws in all combinations. That proves rates, shares and correlations
   (the condition is monotone, or the decks that satisfy it are convex); for recovery rates,
   whose beta law has a bound inside, some variants are drawn as well. Whether a deck is sound
   does not depend on its seed. */
#include <math.h>
#include <string.h>

#include "base/arrays.h"
#include "base/status.h"
#include "base/text.h"
#include "edge/deck_store.h"
#include "model/uncertain.h"

enum {
  LOOKED_AT = 256, /* variants, of a seed of their own */
  LOOKED_SEED = 0,
  MOST_TOGETHER = 10 /* keys that meet in one condition: the correlations of five factors */
};

struct group_of_keys {  /* that meet in one condition */
  int64_t offset, size; /* [byte of struct deck] where they stand */
};

struct look {
  const struct deck_store *store;
  const char *path;
  struct deck *drawn; /* room for a variant */
};

static bool belongs(const struct uncertain *item, const struct group_of_keys *group) {
  return item->offset >= group->offset && item->offset < group->offset + group->size;
}

static void put_value(const struct deck *deck, int64_t i, double u, const char *before) {
  const struct uncertain *item = &deck->uncertain[i];
  text_print(stderr, "%s%s %s %.6g%s%s", before, item->name, item->scale ? "x" : "=",
             law_quantile(&item->law, u), item->unit[0] != '\0' ? " " : "", item->unit);
}

/* Is the deck at these quantiles one that the model can run? If not, says with which values of
   the keys of `group` (all if NULL). */
static bool look_at(const struct look *look, const double *u,
                    const struct group_of_keys *group) {
  const struct deck *deck = look->store->deck;
  char why[320];
  uncertain_set(look->drawn, deck, u);
  if (deck_holds(look->drawn, why, sizeof why)) {
    return true;
  }
  const char *where = NULL;
  for (int64_t i = deck->n_uncertain - 1; i >= 0; --i) {
    where = group == NULL || belongs(&deck->uncertain[i], group)
                ? look->store->laws.items[i].where
                : where;
  }
  text_print(stderr, "%s: error: uncertain: %s", where != NULL ? where : look->path, why);
  const char *before = "; so it is with ";
  for (int64_t i = 0; i < deck->n_uncertain; ++i) {
    if (group == NULL || belongs(&deck->uncertain[i], group)) {
      put_value(deck, i, u[i], before);
      before = ", ";
    }
  }
  fputc('\n', stderr);
  return false;
}

/* All combinations of the ends of the group's laws, the other keys in the middle of theirs. */
static bool look_at_ends(const struct look *look, const struct group_of_keys *group) {
  const struct deck *deck = look->store->deck;
  double u[MAX_UNCERTAIN];
  int64_t members[MOST_TOGETHER], n = 0;
  for (int64_t i = 0; i < deck->n_uncertain; ++i) {
    u[i] = 0.5;
    if (belongs(&deck->uncertain[i], group) && n < MOST_TOGETHER) {
      members[n++] = i;
    }
  }
  for (int64_t ends = 0; n > 0 && ends < INT64_C(1) << n; ++ends) {
    for (int64_t k = 0; k < n; ++k) {
      u[members[k]] = (ends >> k & 1) != 0 ? LAW_LAST : LAW_FIRST;
    }
    if (!look_at(look, u, group)) {
      return false;
    }
  }
  return true;
}

/* The bytes from one member of the deck to the end of another. */
#define SPAN(first, last)                                                             \
  {                                                                                   \
    (int64_t) offsetof(struct deck, first),                                           \
        (int64_t)(offsetof(struct deck, last) + sizeof(((struct deck *)NULL)->last) - \
                  offsetof(struct deck, first))                                       \
  }

static bool look_at_all_ends(const struct look *look) {
  static const struct group_of_keys groups[] = {
      SPAN(regime.transition_rate, regime.transition_rate),
      SPAN(correlation.factors, correlation.factors),
      SPAN(credit.recovery_mean, credit.recovery_sd),
  };
  for (size_t i = 0; i < sizeof groups / sizeof groups[0]; ++i) {
    if (!look_at_ends(look, &groups[i])) {
      return false;
    }
  }
  for (int64_t c = 0; c < look->store->deck->n_customers; ++c) {
    struct group_of_keys shares =
        SPAN(customers[0].share_recovery_rate, customers[0].share_loss_rate);
    shares.offset += c * (int64_t)sizeof(struct customer);
    if (!look_at_ends(look, &shares)) {
      return false;
    }
  }
  return true;
}

int store_check_variants(const struct deck_store *store, const char *path) {
  const struct look look = {store, path, array_make(1, sizeof *look.drawn)};
  const struct deck *deck = store->deck;
  if (look.drawn == NULL) {
    status_fail(STATUS_FAILED, "no memory for a deck");
    return 1;
  }
  bool holds = deck->n_uncertain == 0 || look_at_all_ends(&look);
  for (int64_t block = 0; deck->n_uncertain > 0 && holds && block < LOOKED_AT; ++block) {
    double u[MAX_UNCERTAIN];
    uncertain_uniforms(deck, LOOKED_SEED, block, u);
    holds = look_at(&look, u, NULL);
  }
  array_free(look.drawn);
  return holds ? 0 : 1;
}
