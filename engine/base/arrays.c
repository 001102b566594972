#include "base/arrays.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

void *array_make(size_t count, size_t size) {
  if (size != 0 && count > (SIZE_MAX - ALIGNMENT) / size) {
    return NULL;
  }
  const size_t bytes = (count * size / ALIGNMENT + 1) * ALIGNMENT;
  void *array = aligned_alloc(ALIGNMENT, bytes);
  if (array != NULL) {
    memset(array, 0, bytes);
  }
  return array;
}

void array_free(void *array) {
  free(array);
}
