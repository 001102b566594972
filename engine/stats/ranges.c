#include "stats/ranges.h"

#include <stdlib.h>
#include <string.h>

void ranges_free(struct ranges *ranges) {
  free(ranges->at);
  *ranges = (struct ranges){0};
}

int64_t ranges_overlap(const struct ranges *ranges, struct path_range range) {
  for (int64_t i = 0; i < ranges->n; ++i) {
    const struct path_range mine = ranges->at[i];
    const int64_t first = mine.first > range.first ? mine.first : range.first;
    if (first < (mine.end < range.end ? mine.end : range.end)) {
      return first;
    }
  }
  return -1;
}

/* Makes one of range i and the next if they touch. */
static void join(struct ranges *ranges, int64_t i) {
  if (i < 0 || i + 1 >= ranges->n || ranges->at[i].end != ranges->at[i + 1].first) {
    return;
  }
  ranges->at[i].end = ranges->at[i + 1].end;
  memmove(ranges->at + i + 1, ranges->at + i + 2,
          (size_t)(ranges->n - i - 2) * sizeof *ranges->at);
  --ranges->n;
}

bool ranges_add(struct ranges *ranges, struct path_range range) {
  int64_t i = ranges->n; /* from the end: ranges mostly come in order */
  if (range.first >= range.end) {
    return true;
  }
  if (ranges->n == ranges->room) {
    const int64_t room = 2 * ranges->room + 8;
    struct path_range *more = realloc(ranges->at, (size_t)room * sizeof *more);
    if (more == NULL) {
      return false;
    }
    ranges->at = more;
    ranges->room = room;
  }
  while (i > 0 && ranges->at[i - 1].first > range.first) {
    --i;
  }
  memmove(ranges->at + i + 1, ranges->at + i, (size_t)(ranges->n - i) * sizeof *ranges->at);
  ranges->at[i] = range;
  ++ranges->n;
  join(ranges, i);
  join(ranges, i - 1);
  return true;
}

void ranges_cut(struct ranges *ranges, struct path_range end) {
  for (int64_t i = 0; i < ranges->n; ++i) {
    if (ranges->at[i].end != end.end) {
      continue;
    }
    ranges->at[i].end = end.first;
    if (ranges->at[i].first == end.first) {
      memmove(ranges->at + i, ranges->at + i + 1,
              (size_t)(ranges->n - i - 1) * sizeof *ranges->at);
      --ranges->n;
    }
    return;
  }
}

bool ranges_missing(const struct ranges *ranges, int64_t end, struct ranges *missing) {
  int64_t from = 0;
  bool added = true;
  for (int64_t i = 0; added && i < ranges->n && from < end; ++i) {
    const int64_t first = ranges->at[i].first;
    added = ranges_add(missing, (struct path_range){from, first < end ? first : end});
    from = ranges->at[i].end;
  }
  return added && ranges_add(missing, (struct path_range){from, end});
}

int64_t ranges_count(const struct ranges *ranges) {
  int64_t sum = 0;
  for (int64_t i = 0; i < ranges->n; ++i) {
    sum += ranges->at[i].end - ranges->at[i].first;
  }
  return sum;
}

int64_t ranges_end(const struct ranges *ranges) {
  return ranges->n > 0 ? ranges->at[ranges->n - 1].end : 0;
}
