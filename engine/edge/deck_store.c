#include "edge/deck_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"

static int64_t most_items(enum group group) {
  return group == GROUP_SECTION   ? 1
         : group == GROUP_TRANCHE ? MAX_CUSTOMERS * MAX_TRANCHES
                                  : schema_lists[group].most;
}

bool store_make(struct deck_store *store, struct deck *deck) {
  memset(deck, 0, sizeof *deck);
  store->deck = deck;
  store->first = array_make((size_t)schema_size + 1, sizeof *store->first);
  for (int k = 0; store->first != NULL && k < schema_size; ++k) {
    store->first[k + 1] = store->first[k] + most_items(schema[k].group);
  }
  store->entries = store->first != NULL
                       ? array_make((size_t)store->first[schema_size], sizeof *store->entries)
                       : NULL;
  return store->entries != NULL && clauses_make(&store->laws, MAX_UNCERTAIN) &&
         clauses_make(&store->correlations, MAX_CORRELATIONS);
}

static void forget(struct entry *entry) {
  if (!entry->given) { /* most never are */
    return;
  }
  free(entry->where);
  free(entry->provenance.source);
  free(entry->provenance.confidence);
  *entry = (struct entry){0};
}

void store_free(struct deck_store *store) {
  for (int64_t i = 0; store->entries != NULL && i < store->first[schema_size]; ++i) {
    forget(&store->entries[i]);
  }
  clauses_free(&store->laws);
  clauses_free(&store->correlations);
  complaints_free(&store->complaints);
  array_free(store->entries);
  array_free(store->first);
  store->entries = NULL;
  store->first = NULL;
}

struct entry *store_entry(const struct deck_store *store, const struct key *key,
                          struct place place) {
  const int64_t instance =
      key->group == GROUP_TRANCHE ? place.outer * MAX_TRANCHES + place.inner : place.outer;
  return &store->entries[store->first[key - schema] + instance];
}

static char *item(const struct deck_store *store, enum group group, struct place place) {
  char *deck = (char *)store->deck;
  const struct list *list = &schema_lists[group];
  if (group == GROUP_SECTION) {
    return deck;
  }
  if (group == GROUP_TRANCHE) {
    char *customer = item(store, GROUP_CUSTOMER, place);
    return customer + list->offset + (size_t)place.inner * list->stride;
  }
  return deck + list->offset + (size_t)place.outer * list->stride;
}

void *store_value(const struct deck_store *store, const struct key *key, struct place place) {
  return item(store, key->group, place) + key->offset;
}

int64_t *store_count(const struct deck_store *store, enum group group, int64_t outer) {
  const struct place place = {outer, 0};
  char *base =
      group == GROUP_TRANCHE ? item(store, GROUP_CUSTOMER, place) : (char *)store->deck;
  return (int64_t *)(void *)(base + schema_lists[group].count_offset);
}

int64_t store_items(const struct deck_store *store, enum group group, int64_t outer) {
  return group == GROUP_SECTION ? 1 : *store_count(store, group, outer);
}

static struct place place_of(enum group group, int64_t outer, int64_t i) {
  return group == GROUP_TRANCHE ? (struct place){outer, i} : (struct place){i, 0};
}

int64_t store_find_item(const struct deck_store *store, enum group group, int64_t outer,
                        const char *word) {
  const int64_t n = *store_count(store, group, outer);
  const struct key *name = schema_find(group, schema_lists[group].name, "name");
  const size_t digits = strspn(word, "0123456789");
  if (digits > 0 && digits < 6 && word[digits] == '\0') {
    const int64_t number = atoi(word);
    return number < n ? number : -1;
  }
  for (int64_t i = 0; name != NULL && i < n; ++i) {
    if (strcmp(store_value(store, name, place_of(group, outer, i)), word) == 0) {
      return i;
    }
  }
  return -1;
}

void store_name_item(const struct deck_store *store, enum group group, int64_t outer,
                     int64_t item_number, char word[MAX_NAME]) {
  const struct key *name = schema_find(group, schema_lists[group].name, "name");
  word[0] = '\0';
  if (name != NULL) {
    snprintf(word, MAX_NAME, "%s",
             (const char *)store_value(store, name, place_of(group, outer, item_number)));
  }
  if (word[0] == '\0' || store_find_item(store, group, outer, word) != item_number) {
    snprintf(word, MAX_NAME, "%lld", (long long)item_number);
  }
}

void store_name_key(const struct deck_store *store, const struct key *key, struct place place,
                    char name[MAX_KEY]) {
  char outer[MAX_NAME], inner[MAX_NAME];
  if (key->group == GROUP_SECTION) {
    snprintf(name, MAX_KEY, "%s%s%s", key->section, key->section[0] != '\0' ? "." : "",
             key->name);
  } else if (key->group == GROUP_TRANCHE) {
    store_name_item(store, GROUP_CUSTOMER, 0, place.outer, outer);
    store_name_item(store, GROUP_TRANCHE, place.outer, place.inner, inner);
    snprintf(name, MAX_KEY, "customers.%s.tranches.%s.%s", outer, inner, key->name);
  } else {
    store_name_item(store, key->group, 0, place.outer, outer);
    snprintf(name, MAX_KEY, "%s.%s.%s", key->section, outer, key->name);
  }
}

static bool replace(char **text, const char *with) {
  char *copy = with != NULL ? strdup(with) : NULL;
  if (with != NULL && copy == NULL) {
    return false;
  }
  free(*text);
  *text = copy;
  return true;
}

bool store_note(const struct deck_store *store, const struct key *key, struct place place,
                const char *where, const char *source, const char *confidence) {
  struct entry *entry = store_entry(store, key, place);
  entry->given = true;
  return replace(&entry->where, where) && replace(&entry->provenance.source, source) &&
         replace(&entry->provenance.confidence, confidence);
}

void store_forget(const struct deck_store *store, enum group group, int64_t outer,
                  int64_t from) {
  const int64_t most = schema_lists[group].most;
  for (int64_t i = from; i < most; ++i) {
    const struct place place = place_of(group, outer, i);
    for (int k = 0; k < schema_size; ++k) {
      if (schema[k].group == group) {
        forget(store_entry(store, &schema[k], place));
      }
    }
    if (group == GROUP_CUSTOMER) {
      store_forget(store, GROUP_TRANCHE, i, 0);
    }
    memset(item(store, group, place), 0, schema_lists[group].stride);
  }
  if (*store_count(store, group, outer) > from) {
    *store_count(store, group, outer) = from;
  }
}

/* The entry of one key of an item goes to the item before it. */
static void move_up(const struct deck_store *store, const struct key *key, struct place to,
                    struct place from) {
  struct entry *source = store_entry(store, key, from), *target = store_entry(store, key, to);
  forget(target);
  *target = *source;
  *source = (struct entry){0};
}

void store_remove(const struct deck_store *store, enum group group, int64_t outer, int64_t i) {
  const int64_t n = *store_count(store, group, outer);
  for (int64_t j = i; j + 1 < n; ++j) {
    for (int k = 0; k < schema_size; ++k) {
      if (schema[k].group == group) {
        move_up(store, &schema[k], place_of(group, outer, j), place_of(group, outer, j + 1));
      }
      const bool owned = group == GROUP_CUSTOMER && schema[k].group == GROUP_TRANCHE;
      for (int64_t tranche = 0; owned && tranche < MAX_TRANCHES; ++tranche) {
        move_up(store, &schema[k], (struct place){j, tranche}, (struct place){j + 1, tranche});
      }
    }
    memcpy(item(store, group, place_of(group, outer, j)),
           item(store, group, place_of(group, outer, j + 1)), schema_lists[group].stride);
  }
  store_forget(store, group, outer, n - 1);
}
