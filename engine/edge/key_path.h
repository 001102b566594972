/* The full name of a number of the deck, written with points as for --set: section.key,
   list.ITEM.key (ITEM by name, or number from 0), customers.NAME.tranches.0.key, and behind a
   key with several values which one is meant: market.price_level.winter,
   regime.transition_rate.boom.winter, correlation.factors.revenue.price,
   customers.NAME.other_spend.3 (years from 0). */
#ifndef TENOR_EDGE_KEY_PATH_H
#define TENOR_EDGE_KEY_PATH_H

#include "edge/deck_store.h"

struct key_path {
  const struct key *key;
  struct place place;
  bool is_list;       /* a key with several values, none of them named */
  char name[MAX_KEY]; /* as it is printed: items by name where they have one */
  int64_t offset;     /* [byte of struct deck] of the first double */
  int64_t n, stride;  /* doubles meant; [byte] from one to the next */
};

/* Looks `text` up in the deck as it is now. On error returns false and writes what is wrong, a
   sentence without a full stop, to `why`. A key that is not continuous is an error. */
bool key_path_read(const struct deck_store *store, const char *text, struct key_path *path,
                   char *why, size_t why_size);

#endif
