/* Memory for arrays: aligned to 64 bytes (a cache line, a vector), zeroed, the size's overflow
   checked. The maker frees: whoever calls array_make calls array_free. */
#ifndef TENOR_BASE_ARRAYS_H
#define TENOR_BASE_ARRAYS_H

#include <stddef.h>

/* `count` elements of `size` bytes, zeroed. NULL if memory is short or count * size overflows;
   a count of 0 gives a valid pointer. Says nothing itself: the caller knows what the array was
   for. */
void *array_make(size_t count, size_t size);

void array_free(void *array);

#endif
