/* What to say when the threads of a node are more than it can carry, or sit on fewer processors
   than it has: one line that says what was seen and how to mend it. Reads what a launcher left
   in the environment, to name its option. */
#ifndef TENOR_EDGE_CROWDING_H
#define TENOR_EDGE_CROWDING_H

#include <stdbool.h>
#include <stddef.h>

#include "edge/placement.h"

/* What is wrong with a node, and how to mend it, in one line; "" if nothing is. `by_option`:
   threads were asked for by --threads. `node` is its name. */
void crowding_complain(const struct stand *stands, int n, const int threads[], bool by_option,
                       const char *node, char *text, size_t size);

#endif
