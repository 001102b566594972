/* The laws of uncertain keys as people write them: the table of their parameters, and the way
   from words to a struct law. */
#ifndef TENOR_EDGE_LAWS_H
#define TENOR_EDGE_LAWS_H

#include "edge/clauses.h"
#include "edge/units.h"
#include "math/law.h"

struct law_parameter {
  const char *name;
  size_t offset; /* in struct law */
  bool pure;     /* a number without the unit of the key */
  bool optional;
  bool several; /* up to MAX_OUTCOMES numbers */
};

struct law_form {
  const char *name;
  int n;
  struct law_parameter parameters[4];
};
extern const struct law_form law_forms[N_LAWS]; /* by enum law_kind */

struct law_fault {
  const char *where; /* borrowed from the item */
  char why[320];     /* a sentence without a full stop */
};

/* Reads the words of an item, but `key` and `scale`; numbers are of `kind` unless they are
   pure. false after an error, which is described in *fault. */
bool law_read(const struct clause *clause, const struct units *units, enum kind kind,
              struct law *law, struct law_fault *fault);

#endif
