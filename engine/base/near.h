/* Which of several words may have been meant. */
#ifndef TENOR_BASE_NEAR_H
#define TENOR_BASE_NEAR_H

/* Of a candidate and the best one so far (NULL: none yet) the one that is more like `word`;
   NULL if neither is like it. The best of many is found by asking for one after the other. */
const char *near_word(const char *word, const char *candidate, const char *best);

#endif
