#include "edge/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder of a path: "." if it names none. */
static void folder_of(const char *path, char *folder, size_t size) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL) {
    snprintf(folder, size, ".");
  } else {
    snprintf(folder, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
  }
}

enum status files_check(const char *path, bool force) {
  char folder[PATH_MAX];
  struct stat about;
  if (strlen(path) >= PATH_MAX - 32) {
    return status_fail(STATUS_IO, "%.60s...: name too long", path);
  }
  folder_of(path, folder, sizeof folder);
  if (stat(folder, &about) != 0) {
    return status_fail(STATUS_IO, "%s: the output folder %s: %s", path, folder,
                       strerror(errno));
  }
  if (!S_ISDIR(about.st_mode) || access(folder, W_OK | X_OK) != 0) {
    return status_fail(STATUS_IO, "%s: %s is not a folder that can be written", path, folder);
  }
  if (lstat(path, &about) != 0) {
    return STATUS_OK;
  }
  if (!S_ISREG(about.st_mode)) {
    return status_fail(STATUS_IO, "%s: is a %s and will not be replaced", path,
                       S_ISDIR(about.st_mode)   ? "folder"
                       : S_ISLNK(about.st_mode) ? "symbolic link"
                                                : "device or a pipe");
  }
  return force ? STATUS_OK
               : status_fail(STATUS_USAGE, "%s: exists already; --force replaces it", path);
}

static int write_all(int file, const char *bytes, size_t size) {
  while (size > 0) {
    const ssize_t done = write(file, bytes, size);
    if (done < 0 && errno == EINTR) {
      continue;
    }
    if (done <= 0) {
      return -1;
    }
    bytes += done;
    size -= (size_t)done;
  }
  return 0;
}

static int sync_folder(const char *path) {
  char folder[PATH_MAX];
  folder_of(path, folder, sizeof folder);
  const int handle = open(folder, O_RDONLY | O_DIRECTORY);
  if (handle < 0) {
    return -1;
  }
  /* Some file systems cannot sync a folder and say EINVAL; the rename is as safe as it gets
   * there. */
  const int code = fsync(handle) == 0 || errno == EINVAL ? 0 : -1;
  const int reason = errno;
  if (close(handle) != 0) {
    return -1;
  }
  errno = reason;
  return code;
}

/* Gives the temporary its name. Without force by a link, which fails if the name is taken; file
   systems that have no links rename. */
static int publish(const char *temporary, const char *path, bool force) {
  if (!force && link(temporary, path) == 0) {
    return unlink(temporary);
  }
  const bool linkless =
      errno == EPERM || errno == ENOTSUP || errno == ENOSYS || errno == EMLINK;
  return force || linkless ? rename(temporary, path) : -1;
}

enum status files_write(const char *path, bool force, const void *bytes, size_t size) {
  char temporary[PATH_MAX];
  if (snprintf(temporary, sizeof temporary, "%s.part.%ld", path, (long)getpid()) >=
      (int)sizeof temporary) {
    return status_fail(STATUS_IO, "%.60s...: name too long", path);
  }
  const int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) {
    return status_fail(STATUS_IO, "%s: %s", temporary, strerror(errno));
  }
  int code = write_all(file, bytes, size);
  code = code == 0 ? fsync(file) : code;
  int reason = errno;
  if (close(file) != 0 && code == 0) {
    code = -1;
    reason = errno;
  }
  if (code == 0 && (publish(temporary, path, force) != 0 || sync_folder(path) != 0)) {
    code = -1;
    reason = errno;
  }
  if (code == 0) {
    return STATUS_OK;
  }
  if (reason == EEXIST) {
    return status_fail(STATUS_USAGE, "%s: appeared meanwhile; what was computed is left in %s",
                       path, temporary);
  }
  unlink(temporary); /* already renamed or not ours to mend: the error below is what counts */
  return status_fail(STATUS_IO, "%s: %s", path, strerror(reason));
}
