#include "base/near.h"

#include <stdlib.h>
#include <string.h>

/* Edits (insert, delete, replace) from a to b; long words count as far away. */
static int distance(const char *a, const char *b) {
  enum { LONGEST = 63 };
  const size_t n = strlen(a), m = strlen(b);
  int row[LONGEST + 1];
  if (n > LONGEST || m > LONGEST) {
    return LONGEST;
  }
  for (size_t j = 0; j <= m; ++j) {
    row[j] = (int)j;
  }
  for (size_t i = 1; i <= n; ++i) {
    int corner = row[0];
    row[0] = (int)i;
    for (size_t j = 1; j <= m; ++j) {
      const int replace = corner + (a[i - 1] != b[j - 1]);
      const int insert = (row[j - 1] < row[j] ? row[j - 1] : row[j]) + 1;
      corner = row[j];
      row[j] = replace < insert ? replace : insert;
    }
  }
  return row[m];
}

const char *near_word(const char *word, const char *candidate, const char *best) {
  const int far = (int)strlen(word) / 3 + 1;
  const int reach = best != NULL ? distance(word, best) : far + 1;
  const int longer =
      (int)strlen(word) - (int)strlen(candidate); /* letters to put in at least */
  return abs(longer) < reach && distance(word, candidate) < reach ? candidate : best;
}
