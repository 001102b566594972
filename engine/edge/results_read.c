#include "edge/results_read.h"

#include <math.h>
#include <stdio.h>

#include "base/arrays.h"
#include "base/text.h"

struct values values_read(const struct ncreader *reader, const char *name) {
  struct values values = {.at = NULL};
  const int id = ncreader_find(reader, false, name);
  if (id >= 0 && ncreader_shape(reader, false, id, &values.shape)) {
    values.at = array_make(values.shape.n, sizeof *values.at);
    if (values.at != NULL && !ncreader_doubles(reader, false, id, values.at)) {
      array_free(values.at);
      values.at = NULL;
    }
  }
  return values;
}

double values_number(const struct ncreader *reader, const char *metric, const char *suffix,
                     size_t i) {
  char name[NCFILE_NAME];
  snprintf(name, sizeof name, "%s%s", metric, suffix);
  const struct values values = values_read(reader, name);
  const bool exists = values.at != NULL && i < values.shape.n && values.at[i] != ncfile_fill;
  const double number = exists ? values.at[i] : (double)NAN;
  array_free(values.at);
  return number;
}

ncword *values_words(const struct ncreader *reader, const char *name, size_t *n) {
  struct ncshape shape;
  const int id = ncreader_find(reader, false, name);
  *n = 0;
  if (id < 0 || !ncreader_shape(reader, false, id, &shape) || shape.n_dims != 2 ||
      shape.type != NCTYPE_CHAR) {
    return NULL;
  }
  char *letters = array_make(shape.n + 1, 1);
  ncword *words = array_make(shape.sizes[0], sizeof *words);
  if (letters != NULL && words != NULL && ncreader_raw(reader, false, id, letters)) {
    *n = shape.sizes[0];
    for (size_t i = 0; i < shape.sizes[0]; ++i) {
      snprintf(words[i], sizeof words[i], "%.*s", (int)shape.sizes[1],
               letters + i * shape.sizes[1]);
      text_clean(words[i]);
    }
  }
  array_free(letters);
  return words;
}

const char *values_brief(double value, char room[24]) {
  const double size = fabs(value);
  if (!isfinite(value)) {
    return "-";
  }
  if (size >= 99999.5) {
    snprintf(room, 24, "%.0e", value);
    return room;
  }
  snprintf(room, 24, "%.*f",
           size >= 999.95   ? 0
           : size >= 99.995 ? 1
           : size >= 9.9995 ? 2
                            : 3,
           value);
  return room;
}
