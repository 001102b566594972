/* Files that appear whole or not at all: written to a temporary in the same folder, fsync,
   rename, fsync of the folder. */
#ifndef TENOR_EDGE_FILES_H
#define TENOR_EDGE_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* May a file be written at `path`? STATUS_USAGE if it exists and not `force`; STATUS_IO if its
   folder is missing or not writable, or what stands there is no regular file. Says why. */
enum status files_check(const char *path, bool force);

/* Writes `size` bytes to `path`; a file that appeared there meanwhile is replaced only with
   `force`, else the temporary stays and is named (STATUS_USAGE). On error STATUS_IO with the
   system's reason and no temporary left behind; what was there before stays, unless the very
   last step failed, the fsync of the folder: then the new file stands but may not survive a
   loss of power. */
enum status files_write(const char *path, bool force, const void *bytes, size_t size);

#endif
