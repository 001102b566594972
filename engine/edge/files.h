/* Files that appear whole or not at all: written to a temporary in the same folder, fsync,
   rename, fsync of the folder. And files read whole. */
#ifndef TENOR_EDGE_FILES_H
#define TENOR_EDGE_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* May a file be written at `path`? STATUS_USAGE if it exists and not `force`, or its name is
   so long that those made of it, of its temporary or its predecessor, would be none; STATUS_IO
   if its folder is missing or not writable, or no regular file stands there. Says why. */
enum status files_check(const char *path, bool force);

/* The path of what belongs to a result, in path[size]: the result's, `ending` in the place of
   its own, .nc. STATUS_IO if it is too long, and says so. */
enum status files_beside(const char *result, const char *ending, char *path, size_t size);

/* Writes `size` bytes to `path`; a file that appeared there meanwhile is replaced only with
   `force`, else the temporary stays and is named (STATUS_USAGE). On error STATUS_IO with the
   system's reason and no temporary left behind; what was there before stays, unless the very
   last step failed, the fsync of the folder: then the new file stands but may not survive a
   loss of power. */
enum status files_write(const char *path, bool force, const void *bytes, size_t size);

/* The two halves of files_write, for a file that others add to in between: writes `size` bytes
   to a temporary beside `path`, named temporary[PATH_MAX]; and gives it its name. Errors as
   there. */
enum status files_begin(const char *path, const void *bytes, size_t size, char *temporary);
enum status files_adopt(const char *temporary, const char *path, bool force);

/* May the file be replaced? Asked while the folder is locked. */
typedef enum status files_fence(void *context);

/* Writes `size` bytes to `path`, as files_write does with force; what stood there is then found
   at `previous`. Just before, while other writers that ask wait, `fence` is asked; what it
   returns but STATUS_OK ends the call with that, and nothing is changed. Errors: STATUS_IO with
   the system's reason: then a whole file, the old or the new one, stands at `path` or at
   `previous`. */
enum status files_replace(const char *path, const char *previous, const void *bytes,
                          size_t size, files_fence *fence, void *context);

/* Reads the first `most` bytes of a file, 0: all of it. *bytes is freed with array_free; it is
   NULL, and the status STATUS_OK, if there is no such file. Errors: STATUS_IO, STATUS_FAILED
   (memory). */
enum status files_read(const char *path, size_t most, void **bytes, size_t *size);

/* Removes what writers of this file that were killed have left beside it; what cannot be
   removed stays, without a word. */
void files_clear_parts(const char *path);

/* Removes a file, which may be missing. STATUS_IO. */
enum status files_remove(const char *path);

#endif
