#include "edge/ncfile.h"

#include <errno.h>
#include <inttypes.h>
#include <netcdf.h>
#include <netcdf_mem.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "edge/files.h"

const double ncfile_fill = NC_FILL_DOUBLE;

static const struct {
  nc_type type;
  size_t size;
} types[] = {[NCTYPE_CHAR] = {NC_CHAR, 1},
             [NCTYPE_INT] = {NC_INT, 4},
             [NCTYPE_INT64] = {NC_INT64, 8},
             [NCTYPE_UINT64] = {NC_UINT64, 8},
             [NCTYPE_DOUBLE] = {NC_DOUBLE, 8}};

size_t nctype_size(enum nctype type) {
  return types[type].size;
}

/* ---- writing */

/* May the next call run? */
static bool well(const struct ncwriter *writer) {
  return writer->error == NC_NOERR;
}

static void keep(struct ncwriter *writer, int code, const char *call, const char *name) {
  if (writer->error == NC_NOERR && code != NC_NOERR) {
    writer->error = code;
    snprintf(writer->what, sizeof writer->what, "%s %s", call, name);
  }
}

/* An empty NetCDF-4 file: HDF5 superblock (version 2), and a root group that tracks and indexes
   the order in which links and attributes are created. Results grow from it in memory. Files of
   nc_create_mem do not track that order, and then no tool can append to them or rename anything
   in them. */
static const unsigned char empty_file[] = {
    0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0x02, 0x08, 0x08, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x8d, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x30, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xa6,
    0xaa, 0x91, 0xfd, 0x4f, 0x48, 0x44, 0x52, 0x02, 0x0c, 0x52, 0x02, 0x22, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0x0a, 0x02, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x15, 0x1c,
    0x00, 0x04, 0x00, 0x00, 0x00, 0x03, 0x01, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xee, 0x12, 0xb4, 0x05};

enum status ncwriter_open(struct ncwriter *writer) {
  *writer = (struct ncwriter){0};
  NC_memio memory = {.size = sizeof empty_file, .memory = malloc(sizeof empty_file)};
  int code = NC_ENOMEM;
  if (memory.memory != NULL) {
    memcpy(memory.memory, empty_file, sizeof empty_file);
    code = nc_open_memio("result", NC_WRITE | NC_INMEMORY, &memory, &writer->file);
  }
  if (code != NC_NOERR) {
    free(memory.memory);
    return status_fail(STATUS_FAILED, "NetCDF cannot make a file in memory: %s",
                       nc_strerror(code));
  }
  code = nc_redef(writer->file);
  keep(writer, code == NC_EINDEFINE ? NC_NOERR : code, "definitions of", "the file");
  writer->group = writer->file;
  return STATUS_OK;
}

int ncwriter_dimension(struct ncwriter *writer, const char *name, size_t size) {
  int id = -1;
  if (well(writer)) {
    keep(writer, nc_def_dim(writer->group, name, size, &id), "dimension", name);
  }
  return id;
}

void ncwriter_group(struct ncwriter *writer, const char *name) {
  if (well(writer)) {
    keep(writer, nc_def_grp(writer->file, name, &writer->group), "group", name);
  }
}

struct ncvariable ncwriter_variable(struct ncwriter *writer, const char *name, enum nctype type,
                                    int n_dims, const int *dims) {
  struct ncvariable variable = {writer->group, -1};
  if (well(writer)) {
    keep(writer, nc_def_var(writer->group, name, types[type].type, n_dims, dims, &variable.id),
         "variable", name);
  }
  return variable;
}

void ncwriter_compress(struct ncwriter *writer, struct ncvariable variable,
                       const size_t *chunk) {
  if (well(writer)) {
    keep(writer, nc_def_var_chunking(variable.group, variable.id, NC_CHUNKED, chunk),
         "chunks of", "a variable");
  }
  if (well(writer)) {
    keep(writer, nc_def_var_deflate(variable.group, variable.id, 1, 1, 1), "compression of",
         "a variable");
  }
  if (well(writer)) {
    keep(writer, nc_def_var_fletcher32(variable.group, variable.id, NC_FLETCHER32),
         "checksum of", "a variable");
  }
}

void ncwriter_text(struct ncwriter *writer, const struct ncvariable *variable, const char *name,
                   const char *text) {
  if (well(writer)) {
    keep(writer,
         nc_put_att_text(variable != NULL ? variable->group : writer->group,
                         variable != NULL ? variable->id : NC_GLOBAL, name, strlen(text), text),
         "attribute", name);
  }
}

void ncwriter_number(struct ncwriter *writer, const struct ncvariable *variable,
                     const char *name, enum nctype type, const void *value) {
  if (well(writer)) {
    keep(writer,
         nc_put_att(variable != NULL ? variable->group : writer->group,
                    variable != NULL ? variable->id : NC_GLOBAL, name, types[type].type, 1,
                    value),
         "attribute", name);
  }
}

static void write_values(struct ncwriter *writer, struct ncvariable variable,
                         const size_t *count, const void *values) {
  static const size_t start[NCFILE_MAX_DIMS] = {0};
  if (well(writer)) {
    keep(writer, nc_put_vara(variable.group, variable.id, start, count, values), "values of",
         "a variable");
  }
}

/* Every change from definitions to values and back makes the library go through all variables,
   so values wait until all is defined. */
struct ncwaiting {
  struct ncvariable variable;
  size_t count[NCFILE_MAX_DIMS];
  struct ncwaiting *next;
  max_align_t values[];
};

static size_t bytes_of(struct ncwriter *writer, struct ncvariable variable, const size_t *count,
                       int *n_dims) {
  nc_type type = NC_NAT;
  size_t bytes = 0;
  keep(writer, nc_inq_var(variable.group, variable.id, NULL, &type, n_dims, NULL, NULL),
       "type of", "a variable");
  for (size_t t = 0; t < sizeof types / sizeof types[0]; ++t) {
    bytes = types[t].type == type ? types[t].size : bytes;
  }
  for (int i = 0; well(writer) && i < *n_dims; ++i) {
    bytes *= count[i];
  }
  return bytes;
}

void ncwriter_put(struct ncwriter *writer, struct ncvariable variable, const size_t *count,
                  const void *values) {
  int n_dims = 0;
  if (!well(writer) || writer->all_defined) {
    write_values(writer, variable, count, values);
    return;
  }
  const size_t bytes = bytes_of(writer, variable, count, &n_dims);
  struct ncwaiting *one = well(writer) ? malloc(sizeof *one + bytes) : NULL;
  if (one == NULL) {
    keep(writer, NC_ENOMEM, "memory for", "values");
    return;
  }
  one->variable = variable;
  memcpy(one->count, count, (size_t)n_dims * sizeof *count);
  memcpy(one->values, values, bytes);
  one->next = writer->waiting;
  writer->waiting = one;
}

void ncwriter_no_memory(struct ncwriter *writer, const char *name) {
  keep(writer, NC_ENOMEM, "memory for", name);
}

void ncwriter_all_defined(struct ncwriter *writer) {
  if (well(writer) && !writer->all_defined) {
    keep(writer, nc_enddef(writer->file), "definitions of", "the file");
  }
  writer->all_defined = true;
  while (writer->waiting != NULL) {
    struct ncwaiting *one = writer->waiting;
    write_values(writer, one->variable, one->count, one->values);
    writer->waiting = one->next;
    free(one);
  }
}

enum status ncwriter_finish(struct ncwriter *writer, void **bytes, size_t *size) {
  NC_memio memory = {0};
  ncwriter_all_defined(writer);
  keep(writer, nc_close_memio(writer->file, &memory), "closing", "the file");
  if (!well(writer)) {
    free(memory.memory);
    return status_fail(STATUS_FAILED, "NetCDF: %s: %s", writer->what,
                       nc_strerror(writer->error));
  }
  *bytes = memory.memory;
  *size = memory.size;
  return STATUS_OK;
}

/* ---- reading */

enum status ncreader_open(struct ncreader *reader, const char *path) {
  /* A missing file is told from a wrong one; and the library, which reads many formats and
     takes some names for addresses of the network, is given files of the one format only. */
  static const char signature[] = "\x89HDF\r\n\x1a\n";
  const size_t length = sizeof signature - 1;
  char text[64];
  void *found = NULL;
  size_t size = 0;
  snprintf(reader->path, sizeof reader->path, "%s", path);
  const enum status status = files_read(path, length, &found, &size);
  const bool there = found != NULL;
  const bool ours = there && size == length && memcmp(found, signature, length) == 0;
  array_free(found);
  if (status != STATUS_OK) {
    return status;
  }
  if (!there) {
    return status_fail(STATUS_IO, "%s: cannot be read: %s", path, strerror(ENOENT));
  }
  if (!ours) {
    return status_fail(STATUS_MISMATCH, "%s: not a result of tenor: no NetCDF-4 file", path);
  }
  const int code = nc_open(path, NC_NOWRITE, &reader->file);
  if (code != NC_NOERR) {
    return status_fail(STATUS_MISMATCH, "%s: not a result of tenor: %s", path,
                       nc_strerror(code));
  }
  if (nc_inq_ncid(reader->file, "state", &reader->state) != NC_NOERR ||
      !ncreader_text(reader, false, NCFILE_GLOBAL, "tenor_format_version", text, sizeof text)) {
    ncreader_close(reader);
    return status_fail(STATUS_MISMATCH, "%s: not a whole result of tenor: no group /state",
                       path);
  }
  return STATUS_OK;
}

void ncreader_close(struct ncreader *reader) {
  if (nc_close(reader->file) != NC_NOERR) {
    status_warn("%s: NetCDF could not close it", reader->path);
  }
}

static int group_of(const struct ncreader *reader, bool state) {
  return state ? reader->state : reader->file;
}

int ncreader_variables(const struct ncreader *reader, bool state) {
  int n = 0;
  return nc_inq_nvars(group_of(reader, state), &n) == NC_NOERR ? n : -1;
}

int ncreader_find(const struct ncreader *reader, bool state, const char *name) {
  int id = -1;
  return nc_inq_varid(group_of(reader, state), name, &id) == NC_NOERR ? id : -1;
}

bool ncreader_shape(const struct ncreader *reader, bool state, int variable,
                    struct ncshape *shape) {
  const int group = group_of(reader, state);
  const size_t most = state ? NCFILE_MOST_STATE : NCFILE_MOST_SHOWN;
  nc_type type = NC_NAT;
  int n_dims = 0, ids[NC_MAX_VAR_DIMS];
  if (nc_inq_varndims(group, variable, &n_dims) != NC_NOERR || n_dims > NCFILE_MAX_DIMS ||
      nc_inq_var(group, variable, shape->name, &type, &n_dims, ids, NULL) != NC_NOERR) {
    return false;
  }
  shape->n_dims = n_dims;
  shape->n = 1;
  shape->claims = 1;
  for (int i = 0; i < n_dims; ++i) {
    if (nc_inq_dim(group, ids[i], shape->dims[i], &shape->sizes[i]) != NC_NOERR) {
      return false;
    }
    const size_t size = shape->sizes[i] > 0 ? shape->sizes[i] : 1;
    if (size > most / shape->claims) {
      return false;
    }
    shape->claims *= size;
    shape->n *= shape->sizes[i];
  }
  for (int i = 0; i <= NCTYPE_DOUBLE; ++i) {
    if (types[i].type == type) {
      shape->type = (enum nctype)i;
      return true;
    }
  }
  return false;
}

bool ncreader_count(bool state, const struct ncshape *shape, size_t *sum) {
  *sum += shape->claims;
  return *sum <= (size_t)(state ? NCFILE_MOST_STATE : NCFILE_MOST_TOGETHER);
}

bool ncreader_doubles(const struct ncreader *reader, bool state, int variable, double *values) {
  return nc_get_var_double(group_of(reader, state), variable, values) == NC_NOERR;
}

bool ncreader_raw(const struct ncreader *reader, bool state, int variable, void *values) {
  return nc_get_var(group_of(reader, state), variable, values) == NC_NOERR;
}

bool ncreader_text(const struct ncreader *reader, bool state, int variable, const char *name,
                   char *text, size_t size) {
  const int group = group_of(reader, state),
            id = variable == NCFILE_GLOBAL ? NC_GLOBAL : variable;
  nc_type type = NC_NAT;
  size_t length = 0;
  if (nc_inq_att(group, id, name, &type, &length) != NC_NOERR) {
    return false;
  }
  if (type == NC_CHAR && length < size) {
    text[length] = '\0';
    return nc_get_att_text(group, id, name, text) == NC_NOERR;
  }
  unsigned long long whole = 0;
  double number = 0.0;
  if (length == 1 && type == NC_UINT64 &&
      nc_get_att_ulonglong(group, id, name, &whole) == NC_NOERR) {
    snprintf(text, size, "%llu", whole);
    return true;
  }
  if (length == 1 && type != NC_CHAR &&
      nc_get_att_double(group, id, name, &number) == NC_NOERR) {
    snprintf(text, size, "%.17g", number);
    return true;
  }
  return false;
}

bool ncreader_attribute(const struct ncreader *reader, bool state, int variable, int index,
                        char *name, char *text, size_t size) {
  const int group = group_of(reader, state),
            id = variable == NCFILE_GLOBAL ? NC_GLOBAL : variable;
  if (nc_inq_attname(group, id, index, name) != NC_NOERR) {
    return false;
  }
  if (!ncreader_text(reader, state, variable, name, text, size)) {
    snprintf(text, size, "?"); /* not one of ours */
  }
  return true;
}
