/* NetCDF-4 files as this program uses them (the only file that knows netcdf.h): made in memory
   and handed over as bytes, because files made on disk differ in their superblock and because
   only our own write loop survives a full disk; and read back.

   Writing has a sticky error: the first fault is kept, later calls do nothing, ncwriter_finish
   reports it. */
#ifndef TENOR_EDGE_NCFILE_H
#define TENOR_EDGE_NCFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { NCFILE_MAX_DIMS = 4, NCFILE_GLOBAL = -1, NCFILE_NAME = 257 };
/* Values of a variable that is read, and of all that are not of the state: a file of a few
   bytes can claim any number. The state of the largest comparison has half as many; of the
   largest result, the largest variable (moments of 32 parts, 360 months, 16 customers) has
   184,320, and all together 1.2 million. */
enum {
  NCFILE_MOST_STATE = 1 << 27,
  NCFILE_MOST_SHOWN = 1 << 18,
  NCFILE_MOST_TOGETHER = 1 << 21
};
enum nctype { NCTYPE_CHAR, NCTYPE_INT, NCTYPE_INT64, NCTYPE_UINT64, NCTYPE_DOUBLE };
extern const double ncfile_fill; /* marks what does not exist, in every variable of doubles */

struct ncwriter {
  int file, group; /* where the next dimension or variable goes */
  int error;       /* of NetCDF; 0 while all is well */
  char what[128];  /* what failed first */
  bool all_defined;
  struct ncwaiting *waiting; /* values put before all was defined, the last first */
};

struct ncvariable { /* of the writer */
  int group, id;
};

enum status ncwriter_open(struct ncwriter *writer);
int ncwriter_dimension(struct ncwriter *writer, const char *name, size_t size);
void ncwriter_group(struct ncwriter *writer, const char *name); /* what follows goes into it */
struct ncvariable ncwriter_variable(struct ncwriter *writer, const char *name, enum nctype type,
                                    int n_dims, const int *dims);
/* Chunks of so many values along each dimension, shuffled, deflated and checksummed. */
void ncwriter_compress(struct ncwriter *writer, struct ncvariable variable,
                       const size_t *chunk);
/* An attribute of a variable, or of the file (variable NULL). */
void ncwriter_text(struct ncwriter *writer, const struct ncvariable *variable, const char *name,
                   const char *text);
void ncwriter_number(struct ncwriter *writer, const struct ncvariable *variable,
                     const char *name, enum nctype type, const void *value);
/* All values of a variable whose sizes are `count`, copied if more is to be defined. */
void ncwriter_put(struct ncwriter *writer, struct ncvariable variable, const size_t *count,
                  const void *values);
/* Records that there was no memory for the values of `name`. */
void ncwriter_no_memory(struct ncwriter *writer, const char *name);
/* No more dimensions, variables or attributes; values put from here on are not copied. */
void ncwriter_all_defined(struct ncwriter *writer);
/* Closes the file; *bytes (freed with free()) holds it. STATUS_FAILED with the first fault
   otherwise. */
enum status ncwriter_finish(struct ncwriter *writer, void **bytes, size_t *size);

struct ncreader {
  int file, state; /* state: the group /state */
  char path[4096];
};

struct ncshape {
  char name[NCFILE_NAME];
  enum nctype type;
  int n_dims;
  char dims[NCFILE_MAX_DIMS][NCFILE_NAME];
  size_t sizes[NCFILE_MAX_DIMS];
  size_t n;      /* product of the sizes */
  size_t claims; /* the same, where lists without values count too */
};

/* STATUS_IO if it cannot be opened or read; STATUS_MISMATCH if it is not one of our results. */
enum status ncreader_open(struct ncreader *reader, const char *path);
void ncreader_close(struct ncreader *reader);
int ncreader_variables(const struct ncreader *reader,
                       bool state); /* their number, -1 on error */
/* false if it is larger than allowed, or of no type of ours. */
bool ncreader_shape(const struct ncreader *reader, bool state, int variable,
                    struct ncshape *shape);
/* Adds a variable's values to *sum; false if these are more than all of its group may have. For
   who reads every variable. */
bool ncreader_count(bool state, const struct ncshape *shape, size_t *sum);
int ncreader_find(const struct ncreader *reader, bool state,
                  const char *name); /* -1 if there is none */
/* All values, converted to double; or as they are, in their own type (n * bytes of the type).
 */
bool ncreader_doubles(const struct ncreader *reader, bool state, int variable, double *values);
bool ncreader_raw(const struct ncreader *reader, bool state, int variable, void *values);
size_t nctype_size(enum nctype type);
/* Attribute `index` of a variable (NCFILE_GLOBAL: of the group), as text, "?" if it is a list
   or longer than `size`; false if there is none. Library internals are left out. */
bool ncreader_attribute(const struct ncreader *reader, bool state, int variable, int index,
                        char *name, char *text, size_t size);
/* The attribute of that name as text; false if there is none. */
bool ncreader_text(const struct ncreader *reader, bool state, int variable, const char *name,
                   char *text, size_t size);

#endif
