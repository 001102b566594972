/* Which paths a sample holds: disjoint ranges of path numbers in ascending order, neighbours
   that touch made one. Invariant: equal sets of paths are equal arrays. */
#ifndef TENOR_STATS_RANGES_H
#define TENOR_STATS_RANGES_H

#include <stdbool.h>
#include <stdint.h>

struct path_range {
  int64_t first, end; /* paths first .. end-1 */
};

struct ranges {
  struct path_range *at; /* [n] owned */
  int64_t n, room;
};

void ranges_free(struct ranges *ranges);

/* The first path that is in both; -1 if there is none. */
int64_t ranges_overlap(const struct ranges *ranges, struct path_range range);

/* Adds paths that are not in it yet. An empty range adds nothing. false if memory is short. */
bool ranges_add(struct ranges *ranges, struct path_range range);

/* Takes out the end of a range that is in it. */
void ranges_cut(struct ranges *ranges, struct path_range end);

/* What is missing of 0 .. end-1. `missing` is empty before. false if memory is short. */
bool ranges_missing(const struct ranges *ranges, int64_t end, struct ranges *missing);

/* Number of paths in it. */
int64_t ranges_count(const struct ranges *ranges);

/* The end of the last range; 0 if there is none. */
int64_t ranges_end(const struct ranges *ranges);

#endif
