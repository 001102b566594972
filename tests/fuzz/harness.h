/* What the fuzz targets share. A target is a file with LLVMFuzzerTestOneInput, the function
   that libFuzzer calls with bytes of its choice; linked without libFuzzer it is a program that
   replays files: those named on its command line, else everything in tests/fuzz/corpus/TARGET
   and tests/fuzz/crashes/TARGET.

   What a target prints is heard, not shown: it must be printable text in UTF-8, because names
   and messages reach terminals and logs. A claim that fails ends the process, as a crash does.
 */
#ifndef TENOR_FUZZ_HARNESS_H
#define TENOR_FUZZ_HARNESS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

extern const char fuzz_target[]; /* the target's name, which it defines */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process if `claim` is false. */
#define FUZZ_CLAIM(claim) ((claim) ? (void)0 : fuzz_fail(#claim, __FILE__, __LINE__))
_Noreturn void fuzz_fail(const char *claim, const char *file, int line);

/* From here on what goes to stdout and stderr is heard. fuzz_heard() tells how many bytes since
   the call before, and ends the process unless all of it could be printed. */
void fuzz_listen(void);
size_t fuzz_heard(void);

/* A file of the target's own, in memory where the system has such a folder; written anew with
   each call. Returns its path, which stays good until the next call with that name; with bytes
   NULL the file is removed. */
const char *fuzz_file(const char *name, const void *bytes, size_t size);

/* A file below the sources, read whole and closed by a zero byte; the caller frees it. */
char *fuzz_source(const char *name, size_t *size);

/* `size` bytes as a text in memory of its own size, cut at the first zero byte; the caller
   frees it. */
char *fuzz_text(const uint8_t *data, size_t size);

/* The next line of a text that is taken apart in place; NULL when there is none. */
char *fuzz_line(char **rest);

/* An input taken piece by piece; when it is used up, pieces are zero. */
struct fuzz_input {
  const uint8_t *data;
  size_t size;
};
uint64_t fuzz_number(struct fuzz_input *input, size_t bytes); /* little-endian, 1 to 8 bytes */
const uint8_t *fuzz_bytes(struct fuzz_input *input, size_t *size); /* as many as there are */

#endif
