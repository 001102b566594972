/* What parallel NetCDF does for a dump of paths (dump.h): a library of its own, loaded when it
   is wanted. The parallel NetCDF lays files out in other bytes than the serial one, and both
   have the same names, so that the program, whose results are made by the serial one, cannot be
   linked with both. Every call is collective and returns a code of NetCDF, 0 if all is well. */
#ifndef TENOR_EDGE_DUMP_PARALLEL_H
#define TENOR_EDGE_DUMP_PARALLEL_H

#include <stddef.h>

struct dump_calls {
  int (*open)(const char *path, int *file);
  /* This rank's part of a variable: count[] values from start[] on, none if a count is 0. */
  int (*put)(int file, const char *variable, const size_t *start, const size_t *count,
             const double *values);
  int (*close)(int file);
  const char *(*explain)(int code); /* not collective */
};

#endif
