#include "netcdf.h"

#include <netcdf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

enum { MOST_ITEMS = 256, MOST_DIMS = 8, FILE_ID = 1, STATE_ID = 2, SHOWN = 1 << 20 };

static const struct {
  nc_type type;
  size_t size;
} types[] = {{NC_CHAR, 1},  {NC_INT, 4},    {NC_INT64, 8},     {NC_UINT64, 8}, {NC_DOUBLE, 8},
             {NC_FLOAT, 4}, {NC_BYTE, 1},   {NC_UBYTE, 1},     {NC_SHORT, 2},  {NC_USHORT, 2},
             {NC_UINT, 4},  {NC_STRING, 8}, {NC_COMPOUND, 24}, {NC_VLEN, 16}};
enum { N_TYPES = sizeof types / sizeof types[0] };

struct item {
  bool is_variable, is_state;
  char name[NC_MAX_NAME + 1];
  int type; /* into types */
  int of;   /* an attribute's variable, NC_GLOBAL */
  int n_dims;
  char dims[MOST_DIMS][NC_MAX_NAME + 1];
  size_t sizes[MOST_DIMS]; /* an attribute has one */
  const uint8_t *bytes;
  size_t n_bytes;
  struct fuzz_input changes;
};

size_t fake_sizes[FAKE_SIZES];
const char *fake_deck = "";
static struct item items[MOST_ITEMS];
static int n_items;
static int flags;

/* ---- reading the input */

static void take_name(struct fuzz_input *input, char name[NC_MAX_NAME + 1]) {
  size_t length = (size_t)fuzz_number(input, 1);
  const uint8_t *bytes = fuzz_bytes(input, &length);
  memcpy(name, bytes, length);
  name[length] = '\0';
}

static void take_variable(struct fuzz_input *input, struct item *item) {
  item->n_dims = (int)(fuzz_number(input, 1) % (MOST_DIMS + 1));
  for (int d = 0; d < item->n_dims; ++d) {
    take_name(input, item->dims[d]);
    const uint64_t size = fuzz_number(input, 8);
    const uint64_t special = UINT64_MAX - size;
    item->sizes[d] = special < FAKE_SIZES ? fake_sizes[special] : (size_t)size;
  }
  item->n_bytes = (size_t)fuzz_number(input, 4);
  item->bytes = fuzz_bytes(input, &item->n_bytes);
  if (types[item->type].type == NC_CHAR && item->n_dims == 1 && item->n_bytes == 1 &&
      *item->bytes == '@') {
    item->bytes = (const uint8_t *)fake_deck;
    item->n_bytes = strlen(fake_deck);
    item->sizes[0] = item->n_bytes;
  }
  item->changes.size = 12 * (size_t)fuzz_number(input, 2);
  item->changes.data = fuzz_bytes(input, &item->changes.size);
}

static void take_attribute(struct fuzz_input *input, struct item *item) {
  item->of = (int)fuzz_number(input, 1);
  item->n_dims = 1;
  item->sizes[0] = (size_t)fuzz_number(input, 2);
  item->n_bytes = item->sizes[0] * types[item->type].size;
  item->bytes = fuzz_bytes(input, &item->n_bytes);
}

static int variables_of(bool state) {
  int n = 0;
  for (int i = 0; i < n_items; ++i) {
    n += items[i].is_variable && items[i].is_state == state;
  }
  return n;
}

void fake_open(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, size};
  flags = (int)fuzz_number(&input, 1);
  for (n_items = 0; input.size > 0 && n_items < MOST_ITEMS; ++n_items) {
    struct item *item = &items[n_items];
    const int kind = (int)fuzz_number(&input, 1);
    memset(item, 0, sizeof *item);
    item->is_variable = (kind & 1) != 0;
    item->is_state = (kind & 2) != 0;
    take_name(&input, item->name);
    item->type = (int)(fuzz_number(&input, 1) % N_TYPES);
    (item->is_variable ? take_variable : take_attribute)(&input, item);
  }
  for (int i = 0; i < n_items; ++i) { /* those of no variable are of the group */
    if (!items[i].is_variable && items[i].of >= variables_of(items[i].is_state)) {
      items[i].of = NC_GLOBAL;
    }
  }
}

void fake_close(void) {
  n_items = 0;
}

/* ---- finding */

static const struct item *variable_at(int group, int id) {
  for (int i = 0, n = 0; i < n_items; ++i) {
    if (items[i].is_variable && items[i].is_state == (group == STATE_ID) && n++ == id) {
      return &items[i];
    }
  }
  return NULL;
}

static bool is_attribute(const struct item *item, int group, int id) {
  return !item->is_variable && item->is_state == (group == STATE_ID) && item->of == id;
}

static const struct item *attribute_named(int group, int id, const char *name) {
  for (int i = 0; i < n_items; ++i) {
    if (is_attribute(&items[i], group, id) && strcmp(items[i].name, name) == 0) {
      return &items[i];
    }
  }
  return NULL;
}

/* ---- values */

/* Bits of element i of what the item gives; what it does not give is zero. */
static uint64_t bits_at(const struct item *item, size_t i, size_t size) {
  uint64_t bits = 0;
  if (i < item->n_bytes / size && size <= 8) {
    memcpy(&bits, item->bytes + i * size, size);
  }
  return bits;
}

static double number_of(nc_type type, uint64_t bits) {
  double real = 0.0;
  float single = 0.0f;
  switch (type) {
    case NC_DOUBLE: memcpy(&real, &bits, sizeof real); return real;
    case NC_FLOAT: memcpy(&single, &bits, sizeof single); return (double)single;
    case NC_BYTE: return (double)(int8_t)bits;
    case NC_SHORT: return (double)(int16_t)bits;
    case NC_INT: return (double)(int32_t)bits;
    case NC_INT64: return (double)(int64_t)bits;
    default: return (double)bits;
  }
}

static bool is_number(nc_type type) {
  return type != NC_CHAR && type <= NC_UINT64;
}

/* Elements of a variable; SIZE_MAX if that is more than any memory holds. */
static size_t elements(const struct item *item) {
  size_t n = 1;
  for (int d = 0; d < item->n_dims; ++d) {
    if (__builtin_mul_overflow(n, item->sizes[d], &n)) {
      return SIZE_MAX;
    }
  }
  return n;
}

/* The library writes every element. Writing the first and the last ones is enough to see that
   there is no room for them, and quicker. */
static void write_zeros(void *values, size_t n, size_t size) {
  if (n == 0) {
    return;
  }
  size_t bytes = SIZE_MAX;
  if (__builtin_mul_overflow(n, size, &bytes)) {
    bytes = SIZE_MAX;
  }
  memset(values, 0, bytes < SHOWN ? bytes : SHOWN);
  if (bytes < SIZE_MAX) {
    ((char *)values)[bytes - 1] = 0;
  }
}

/* As the type is; or as doubles. */
static void write_values(const struct item *item, void *values, bool doubles) {
  const nc_type type = types[item->type].type;
  const size_t from = types[item->type].size, to = doubles ? sizeof(double) : from;
  const size_t n = elements(item), given = item->n_bytes / from;
  struct fuzz_input changes = item->changes;
  char *at = values;
  write_zeros(values, n, to);
  for (size_t i = 0; i < n && i < given; ++i) {
    const double number = number_of(type, bits_at(item, i, from));
    memcpy(at + i * to, doubles ? (const void *)&number : item->bytes + i * from, to);
  }
  while (changes.size >= 12) {
    const size_t i = (size_t)fuzz_number(&changes, 4);
    const uint64_t bits = fuzz_number(&changes, 8);
    const double number = number_of(type, bits);
    if (i < n) {
      memcpy(at + i * to, doubles ? (const void *)&number : (const void *)&bits,
             to < 8 ? to : 8);
    }
  }
}

/* ---- what the program calls */

int __wrap_nc_open(const char *path, int mode, int *id);
int __wrap_nc_close(int id);
int __wrap_nc_inq_ncid(int id, const char *name, int *group);
int __wrap_nc_inq_nvars(int group, int *n);
int __wrap_nc_inq_varid(int group, const char *name, int *id);
int __wrap_nc_inq_varndims(int group, int id, int *n);
int __wrap_nc_inq_var(int group, int id, char *name, nc_type *type, int *n_dims, int *dims,
                      int *n_attributes);
int __wrap_nc_inq_dim(int group, int id, char *name, size_t *size);
int __wrap_nc_get_var(int group, int id, void *values);
int __wrap_nc_get_var_double(int group, int id, double *values);
int __wrap_nc_inq_att(int group, int id, const char *name, nc_type *type, size_t *n);
int __wrap_nc_inq_attname(int group, int id, int index, char *name);
int __wrap_nc_get_att_text(int group, int id, const char *name, char *text);
int __wrap_nc_get_att_double(int group, int id, const char *name, double *values);
int __wrap_nc_get_att_ulonglong(int group, int id, const char *name,
                                unsigned long long *values);

int __wrap_nc_open(const char *path, int mode, int *id) {
  (void)path;
  (void)mode;
  *id = FILE_ID;
  return (flags & 1) != 0 ? NC_EHDFERR : NC_NOERR;
}

int __wrap_nc_close(int id) {
  (void)id;
  return (flags & 4) != 0 ? NC_EHDFERR : NC_NOERR;
}

int __wrap_nc_inq_ncid(int id, const char *name, int *group) {
  (void)id;
  *group = STATE_ID;
  return strcmp(name, "state") != 0 || (flags & 2) != 0 ? NC_ENOGRP : NC_NOERR;
}

int __wrap_nc_inq_nvars(int group, int *n) {
  *n = variables_of(group == STATE_ID);
  return NC_NOERR;
}

int __wrap_nc_inq_varid(int group, const char *name, int *id) {
  const struct item *item = NULL;
  for (*id = 0; (item = variable_at(group, *id)) != NULL; ++*id) {
    if (strcmp(item->name, name) == 0) {
      return NC_NOERR;
    }
  }
  return NC_ENOTVAR;
}

int __wrap_nc_inq_varndims(int group, int id, int *n) {
  const struct item *item = variable_at(group, id);
  *n = item != NULL ? item->n_dims : 0;
  return item != NULL ? NC_NOERR : NC_ENOTVAR;
}

int __wrap_nc_inq_var(int group, int id, char *name, nc_type *type, int *n_dims, int *dims,
                      int *n_attributes) {
  const struct item *item = variable_at(group, id);
  FUZZ_CLAIM(n_attributes == NULL);
  if (item == NULL) {
    return NC_ENOTVAR;
  }
  strcpy(name, item->name);
  *type = types[item->type].type;
  *n_dims = item->n_dims;
  for (int d = 0; d < item->n_dims; ++d) { /* a dimension is known by its variable */
    dims[d] = (int)(item - items) * MOST_DIMS + d;
  }
  return NC_NOERR;
}

int __wrap_nc_inq_dim(int group, int id, char *name, size_t *size) {
  const struct item *item = &items[id / MOST_DIMS];
  (void)group;
  if (name != NULL) {
    strcpy(name, item->dims[id % MOST_DIMS]);
  }
  *size = item->sizes[id % MOST_DIMS];
  return NC_NOERR;
}

int __wrap_nc_get_var(int group, int id, void *values) {
  const struct item *item = variable_at(group, id);
  if (item == NULL) {
    return NC_ENOTVAR;
  }
  write_values(item, values, false);
  return NC_NOERR;
}

int __wrap_nc_get_var_double(int group, int id, double *values) {
  const struct item *item = variable_at(group, id);
  if (item == NULL || !is_number(types[item->type].type)) {
    return item == NULL ? NC_ENOTVAR : NC_ECHAR;
  }
  write_values(item, values, true);
  return NC_NOERR;
}

int __wrap_nc_inq_att(int group, int id, const char *name, nc_type *type, size_t *n) {
  const struct item *item = attribute_named(group, id, name);
  if (item == NULL) {
    return NC_ENOTATT;
  }
  *type = types[item->type].type;
  *n = item->sizes[0];
  return NC_NOERR;
}

int __wrap_nc_inq_attname(int group, int id, int index, char *name) {
  for (int i = 0, n = 0; i < n_items; ++i) {
    if (is_attribute(&items[i], group, id) && n++ == index) {
      strcpy(name, items[i].name);
      return NC_NOERR;
    }
  }
  return NC_ENOTATT;
}

int __wrap_nc_get_att_text(int group, int id, const char *name, char *text) {
  const struct item *item = attribute_named(group, id, name);
  if (item == NULL || types[item->type].type != NC_CHAR) {
    return item == NULL ? NC_ENOTATT : NC_ECHAR;
  }
  write_values(item, text, false);
  return NC_NOERR;
}

int __wrap_nc_get_att_double(int group, int id, const char *name, double *values) {
  const struct item *item = attribute_named(group, id, name);
  if (item == NULL || !is_number(types[item->type].type)) {
    return item == NULL ? NC_ENOTATT : NC_ECHAR;
  }
  write_values(item, values, true);
  return NC_NOERR;
}

int __wrap_nc_get_att_ulonglong(int group, int id, const char *name,
                                unsigned long long *values) {
  const struct item *item = attribute_named(group, id, name);
  if (item == NULL || types[item->type].type != NC_UINT64) {
    return item == NULL ? NC_ENOTATT : NC_ERANGE;
  }
  write_values(item, values, false);
  return NC_NOERR;
}
