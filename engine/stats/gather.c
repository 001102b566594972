#include "stats/gather.h"

#include <string.h>

#include "base/arrays.h"

/* Codes of a histogram's column; a few more, so that the columns of a date do not compete for
   the same lines of a cache. */
enum { CODE_STRIDE = GATHER_BLOCKS * BLOCK_PATHS + 3 * 16 };

bool gather_make(struct gather *gather, const struct tally *tally, const char *kernel_name) {
  const size_t n = (size_t)tally->n_columns;
  int64_t n_codes = 0;
  *gather = (struct gather){.tally = tally, .digest_row = digest_pick(kernel_name)};
  gather->digests = array_make(n * GATHER_BLOCKS, sizeof *gather->digests);
  gather->first_code = array_make(n, sizeof *gather->first_code);
  for (int64_t column = 0; gather->first_code != NULL && column < tally->n_columns; ++column) {
    const bool has_codes = tally->window[column] != WINDOW_NONE;
    gather->first_code[column] = has_codes ? n_codes : -1;
    n_codes += has_codes ? CODE_STRIDE : 0;
  }
  gather->codes = array_make((size_t)n_codes, sizeof *gather->codes);
  return gather->digests != NULL && gather->first_code != NULL && gather->codes != NULL;
}

int64_t gather_bytes(const struct tally *tally) {
  int64_t bytes = 0;
  for (int64_t column = 0; column < tally->n_columns; ++column) {
    bytes += GATHER_BLOCKS * (int64_t)sizeof(struct digest);
    bytes += tally->window[column] != WINDOW_NONE ? CODE_STRIDE * (int64_t)sizeof(uint32_t) : 0;
  }
  return bytes;
}

void gather_free(struct gather *gather) {
  array_free(gather->digests);
  array_free(gather->first_code);
  array_free(gather->codes);
  *gather = (struct gather){0};
}

void gather_open_block(struct gather *gather, struct block_part block) {
  gather->blocks[gather->n_blocks++] = block;
}

void gather_row(struct gather *gather, int64_t column, int64_t offset, const double *values) {
  const int block = gather->n_blocks - 1;
  const int64_t n = gather->blocks[block].n, first = gather->first_code[column];
  const struct tally *tally = gather->tally;
  struct digest *digest = gather->digests + column * GATHER_BLOCKS + block;
  for (int64_t row = 0; row < LANES && offset + row < n; row += ROW_PATHS) {
    const int64_t rest = n - offset - row;
    gather->digest_row(
        values + row, rest < ROW_PATHS ? rest : ROW_PATHS, tally->centre[column],
        tally->window[column], digest,
        first < 0 ? NULL : gather->codes + first + block * BLOCK_PATHS + offset + row);
  }
}

void gather_deposit(struct gather *gather, struct tally *tally, int64_t first, int64_t end) {
  for (int64_t column = first; column < end; ++column) {
    const struct digest *digests = gather->digests + column * GATHER_BLOCKS;
    const int64_t code = gather->first_code[column];
    for (int b = 0; b < gather->n_blocks; ++b) {
      tally_add_block(tally, column, gather->blocks[b], &digests[b],
                      code < 0 ? NULL : gather->codes + code + b * BLOCK_PATHS);
    }
  }
}

void gather_empty(struct gather *gather) {
  memset(gather->digests, 0,
         (size_t)(gather->tally->n_columns * GATHER_BLOCKS) * sizeof *gather->digests);
  gather->n_blocks = 0;
}
