/* Pieces of reading a result: values and words of its variables, numbers as tables show them.
 */
#ifndef TENOR_EDGE_RESULTS_READ_H
#define TENOR_EDGE_RESULTS_READ_H

#include "edge/ncfile.h"

struct values { /* of one variable, as doubles */
  struct ncshape shape;
  double *at; /* [shape.n]; owned (array_free); NULL if there is no such variable */
};

struct values values_read(const struct ncreader *reader, const char *name);

/* Element i of the variable METRIC SUFFIX; NaN if it does not exist. */
double values_number(const struct ncreader *reader, const char *metric, const char *suffix,
                     size_t i);

typedef char ncword[NCFILE_NAME];

/* The words of a variable char(n, letters), *n of them, what does not show itself as question
   marks; owned (array_free); NULL, and none, if there is no such variable. */
ncword *values_words(const struct ncreader *reader, const char *name, size_t *n);

/* A number in four significant digits, one of what would be too wide, "-" for what does not
   exist. Nine letters at most. */
const char *values_brief(double value, char room[24]);

#endif
