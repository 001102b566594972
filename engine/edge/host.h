/* The machine as this process sees it: the processors it may run on, the cores they belong to,
   and the processor time its control groups grant. Read from Linux; elsewhere, or where
   something cannot be read, it counts as unknown. Invariant: nothing in here fails, because no
   result depends on it. */
#ifndef TENOR_EDGE_HOST_H
#define TENOR_EDGE_HOST_H

#include <stdbool.h>
#include <stdint.h>

enum { MAX_PROCESSORS = 8192 }; /* Linux has no more */

struct processors { /* a set of processors, by the system's numbers */
  uint64_t words[MAX_PROCESSORS / 64];
};

bool processors_has(const struct processors *set, int processor);
void processors_add(struct processors *set, int processor);
int processors_count(const struct processors *set);
bool processors_none(const struct processors *set);
bool processors_equal(const struct processors *a, const struct processors *b);

struct host {
  int online;                   /* processors of the machine, at least 1 */
  struct processors mine;       /* that the calling thread may run on; empty: unknown */
  double quota;                 /* processors' worth of time that is granted; 0: no limit */
  int16_t core[MAX_PROCESSORS]; /* of mine: the first processor of its core; unknown: itself */
  int16_t package[MAX_PROCESSORS]; /* of mine: the socket; unknown: 0 */
};

/* Reads all of it. `root` stands before every path, "" for the machine itself. Not collective.
 */
void host_read(struct host *host, const char *root);

/* Lets the calling thread run on these processors only; false if that is not to be had. Not
   collective. */
bool host_bind(const struct processors *set);

#endif
