/* The digest of a result's content, equal across versions of the libraries. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "edge/digest.h"
#include "edge/ncfile.h"
#include "edge/results.h"

/* The digest of a file is that of the sorted digests of its facts: every attribute, and every
   variable's type, dimensions and values in memory order (little-endian machines only write
   results). The order in which a library stores or lists them does not matter. */
struct facts {
  char (*hex)[DIGEST_TEXT];
  size_t n, room;
  bool failed;
};

__attribute__((format(printf, 2, 3))) static void add_fact(struct facts *facts,
                                                           const char *format, ...) {
  char text[2048];
  va_list values;
  va_start(values, format);
  const int length = vsnprintf(text, sizeof text, format, values);
  va_end(values);
  if (facts->n == facts->room) {
    const size_t room = 2 * facts->room + 1024;
    char(*more)[DIGEST_TEXT] = realloc(facts->hex, room * sizeof *more);
    facts->hex = more != NULL ? more : facts->hex;
    facts->room = more != NULL ? room : facts->room;
  }
  if (facts->n == facts->room || length < 0 || (size_t)length >= sizeof text) {
    facts->failed = true;
    return;
  }
  digest_hex(text, (size_t)length, facts->hex[facts->n++]);
}

static bool add_values(struct facts *facts, const struct ncreader *reader, bool state, int id,
                       const struct ncshape *shape) {
  char hex[DIGEST_TEXT];
  void *values = array_make(shape->n, nctype_size(shape->type));
  const bool read = values != NULL && ncreader_raw(reader, state, id, values);
  if (read) {
    digest_hex(values, shape->n * nctype_size(shape->type), hex);
    add_fact(facts, "%d/%s values %s", state, shape->name, hex);
  }
  array_free(values);
  return read;
}

static bool add_group(struct facts *facts, const struct ncreader *reader, bool state) {
  char name[NCFILE_NAME], text[1024];
  for (int i = 0; ncreader_attribute(reader, state, NCFILE_GLOBAL, i, name, text, sizeof text);
       ++i) {
    add_fact(facts, "%d/@%s = %s", state, name, text);
  }
  const int n = ncreader_variables(reader, state);
  bool read = n >= 0;
  size_t sum = 0;
  for (int id = 0; read && id < n; ++id) {
    struct ncshape shape;
    read = ncreader_shape(reader, state, id, &shape) && ncreader_count(state, &shape, &sum) &&
           add_values(facts, reader, state, id, &shape);
    if (!read) {
      break;
    }
    add_fact(facts, "%d/%s type %d", state, shape.name, (int)shape.type);
    for (int d = 0; d < shape.n_dims; ++d) {
      add_fact(facts, "%d/%s dimension %d %s[%zu]", state, shape.name, d, shape.dims[d],
               shape.sizes[d]);
    }
    for (int i = 0; ncreader_attribute(reader, state, id, i, name, text, sizeof text); ++i) {
      add_fact(facts, "%d/%s@%s = %s", state, shape.name, name, text);
    }
  }
  return read;
}

static int compare_hex(const void *a, const void *b) {
  return memcmp(a, b, DIGEST_TEXT);
}

enum status results_show_digest(const char *path) {
  struct ncreader reader;
  struct facts facts = {0};
  char hex[DIGEST_TEXT];
  enum status status = ncreader_open(&reader, path);
  if (status != STATUS_OK) {
    return status;
  }
  if (!add_group(&facts, &reader, false) || !add_group(&facts, &reader, true)) {
    status = status_fail(STATUS_IO, "%s: a variable cannot be read", path);
  } else if (facts.failed) {
    status = status_fail(STATUS_FAILED, "no memory for the digest of %s", path);
  } else {
    qsort(facts.hex, facts.n, sizeof *facts.hex, compare_hex);
    digest_hex(facts.hex, facts.n * sizeof *facts.hex, hex);
    puts(hex);
  }
  free(facts.hex);
  ncreader_close(&reader);
  return status;
}
