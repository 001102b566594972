/* What the statistics take from a row of one column, straight after the kernel has made it: its
   sums of powers, and the codes of its values in the histogram. Compiled once per instruction
   set, as the kernels are.

   Order of additions, on which equal bytes rest: a block is summed row by row of ROW_PATHS
   paths; in a row eight partial sums add every eighth value and are added in pairs; the rows'
   sums are added from the first to the last. */
#ifndef TENOR_STATS_DIGEST_H
#define TENOR_STATS_DIGEST_H

#include <stdint.h>

#include "model/metrics.h"
#include "random/isa.h"

enum { ROW_PATHS = 64, MOMENTS = 4 };
_Static_assert(LANES % ROW_PATHS == 0 && BLOCK_PATHS % LANES == 0, "groups are whole rows");

struct digest {          /* of the paths of one block in one column */
  double sums[MOMENTS];  /* of the powers 1 to 4 of x - centre, over the values summed */
  int32_t infinite, bad; /* +infinity; NaN, -infinity, beyond SORTED_END: not summed */
};

/* Adds the first n (1..ROW_PATHS) values of a row. codes [ROW_PATHS] gets those of the first n,
   NO_CODE for bad ones, and anything behind them; NULL and WINDOW_NONE if there is no
   histogram. values [ROW_PATHS] is read as a whole. */
typedef void digest_row(const double *values, int64_t n, double centre, enum window window,
                        struct digest *digest, uint32_t *codes);

/* The one for the instruction set of a kernel of that name (kernel.h). */
digest_row *digest_pick(const char *kernel_name);

#define digest_row_this_isa ISA_NAME(digest_row)
digest_row digest_row_baseline, digest_row_avx2, digest_row_avx512, digest_row_neon;

#endif
