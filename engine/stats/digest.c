#include "stats/digest.h"

#include <string.h>

digest_row *digest_pick(const char *kernel_name) {
#ifdef HAVE_AVX512
  if (strcmp(kernel_name, "avx512") == 0) {
    return digest_row_avx512;
  }
#endif
#ifdef HAVE_AVX2
  if (strcmp(kernel_name, "avx2") == 0) {
    return digest_row_avx2;
  }
#endif
  (void)kernel_name;
  return digest_row_this_isa; /* this file is compiled for no set in particular */
}
