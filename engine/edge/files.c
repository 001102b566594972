#include "edge/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arrays.h"

/* A temporary's name: the file's, this, the process. */
static const char PART[] = ".part.";

/* Bytes that makes it longer at most: Linux numbers processes up to 2^22. The other names that
   are made of a checkpoint's are shorter. */
enum { MOST_ADDED = sizeof PART - 1 + 7 };

/* The folder of a path: "." if it names none. */
static void folder_of(const char *path, char *folder, size_t size) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL) {
    snprintf(folder, size, ".");
  } else {
    snprintf(folder, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
  }
}

static const char *name_kind(mode_t mode) {
  return S_ISDIR(mode) ? "folder" : S_ISLNK(mode) ? "symbolic link" : "device or a pipe";
}

static enum status check_name(const char *path, const char *folder) {
  const char *slash = strrchr(path, '/');
  const size_t length = strlen(slash != NULL ? slash + 1 : path);
  const long most = pathconf(folder, _PC_NAME_MAX); /* -1: no bound, or nobody knows it */
  return most < 0 || length + MOST_ADDED <= (size_t)most
             ? STATUS_OK
             : status_fail(STATUS_USAGE,
                           "%s: a file name of %zu bytes, where %ld at most leave room for its "
                           "temporary; choose a shorter one (-o names a result)",
                           path, length, most - MOST_ADDED);
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
  const enum status named = check_name(path, folder);
  if (named != STATUS_OK) {
    return named;
  }
  if (lstat(path, &about) != 0) {
    return errno == ENOENT ? STATUS_OK
                           : status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
  }
  if (!S_ISREG(about.st_mode)) {
    return status_fail(STATUS_IO, "%s: is a %s and will not be replaced", path,
                       name_kind(about.st_mode));
  }
  return force ? STATUS_OK
               : status_fail(STATUS_USAGE, "%s: exists already; --force replaces it", path);
}

enum status files_beside(const char *result, const char *ending, char *path, size_t size) {
  const size_t length = strlen(result);
  const bool has = length > 3 && strcmp(result + length - 3, ".nc") == 0;
  const int wanted =
      snprintf(path, size, "%.*s%s", (int)(length - (has ? 3 : 0)), result, ending);
  return wanted >= 0 && (size_t)wanted < size
             ? STATUS_OK
             : status_fail(STATUS_IO, "%.60s...: name too long", result);
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

static int fsync_again(int file) {
  int code = -1;
  do {
    code = fsync(file);
  } while (code != 0 && errno == EINTR);
  return code;
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
  const int code = fsync_again(handle) == 0 || errno == EINVAL ? 0 : -1;
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

enum status files_begin(const char *path, const void *bytes, size_t size, char *temporary) {
  if (snprintf(temporary, PATH_MAX, "%s%s%ld", path, PART, (long)getpid()) >= PATH_MAX) {
    return status_fail(STATUS_IO, "%.60s...: name too long", path);
  }
  const int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) {
    return status_fail(STATUS_IO, "%s: %s", temporary, strerror(errno));
  }
  int code = write_all(file, bytes, size);
  code = code == 0 ? fsync_again(file) : code;
  int reason = errno;
  if (close(file) != 0 && errno != EINTR && code == 0) { /* Linux closes it all the same */
    code = -1;
    reason = errno;
  }
  if (code != 0) {
    unlink(temporary); /* the error below is what counts */
    return status_fail(STATUS_IO, "%s: %s", path, strerror(reason));
  }
  return STATUS_OK;
}

static enum status adopt(const char *temporary, const char *path, bool force) {
  if (publish(temporary, path, force) == 0 && sync_folder(path) == 0) {
    return STATUS_OK;
  }
  const int reason = errno;
  if (reason == EEXIST) {
    return status_fail(STATUS_USAGE, "%s: appeared meanwhile; what was computed is left in %s",
                       path, temporary);
  }
  unlink(temporary); /* already renamed or not ours to mend: the error below is what counts */
  return status_fail(STATUS_IO, "%s: %s", path, strerror(reason));
}

enum status files_write(const char *path, bool force, const void *bytes, size_t size) {
  char temporary[PATH_MAX];
  const enum status status = files_begin(path, bytes, size, temporary);
  return status == STATUS_OK ? adopt(temporary, path, force) : status;
}

enum status files_adopt(const char *temporary, const char *path, bool force) {
  const int file = open(temporary, O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && fsync_again(file) == 0;
  const int reason = errno;
  if (file >= 0) {
    (void)close(file); /* only read */
  }
  if (!synced) {
    unlink(temporary); /* the error below is what counts */
    return status_fail(STATUS_IO, "%s: %s", path, strerror(reason));
  }
  return adopt(temporary, path, force);
}

/* Locks the folder of a path against others who ask. Not every file system has such locks, and
   no writer may wait long for another that hangs: -1 then, which is no error, because the lock
   only closes the moment between the question and the renaming. */
static int lock_folder(const char *path) {
  enum { TRIES = 500 };
  const struct timespec pause = {.tv_nsec = 10000000};
  char folder[PATH_MAX];
  folder_of(path, folder, sizeof folder);
  const int handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int i = 0; handle >= 0 && i < TRIES; ++i) {
    if (flock(handle, LOCK_EX | LOCK_NB) == 0) {
      return handle;
    }
    if (errno != EWOULDBLOCK && errno != EINTR) {
      break;
    }
    (void)nanosleep(&pause, NULL);
  }
  if (handle >= 0) {
    (void)close(handle); /* nothing was written to it */
  }
  return -1;
}

enum status files_replace(const char *path, const char *previous, const void *bytes,
                          size_t size, files_fence *fence, void *context) {
  char temporary[PATH_MAX];
  enum status status = files_begin(path, bytes, size, temporary);
  if (status != STATUS_OK) {
    return status;
  }
  const int lock = lock_folder(path);
  status = fence(context);
  if (status == STATUS_OK && ((rename(path, previous) != 0 && errno != ENOENT) ||
                              rename(temporary, path) != 0 || sync_folder(path) != 0)) {
    status = status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
  }
  if (lock >= 0) {
    (void)close(lock); /* and with it the lock; nothing was written to it */
  }
  if (status != STATUS_OK) {
    unlink(temporary); /* renamed already, or of no use */
  }
  return status;
}

static ssize_t read_all(int file, char *bytes, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t part = read(file, bytes + done, size - done);
    if (part < 0 && errno == EINTR) {
      continue;
    }
    if (part < 0) {
      return -1;
    }
    if (part == 0) {
      break;
    }
    done += (size_t)part;
  }
  return (ssize_t)done;
}

enum status files_read(const char *path, size_t most, void **bytes, size_t *size) {
  struct stat about;
  *bytes = NULL;
  /* Without waiting for somebody who writes, should it be a pipe. */
  const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    return errno == ENOENT
               ? STATUS_OK
               : status_fail(STATUS_IO, "%s: cannot be read: %s", path, strerror(errno));
  }
  enum status status = STATUS_OK;
  if (fstat(file, &about) != 0) {
    status = status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
  } else if (!S_ISREG(about.st_mode)) {
    status =
        status_fail(STATUS_IO, "%s: is a %s, wanted is a file", path, name_kind(about.st_mode));
  } else {
    const size_t all = (size_t)about.st_size, wanted = most > 0 && most < all ? most : all;
    char *room = array_make(wanted, 1);
    const ssize_t got = room != NULL ? read_all(file, room, wanted) : 0;
    if (room == NULL) {
      status = status_fail(STATUS_FAILED, "no memory for the %zu bytes of %s", wanted, path);
    } else if (got < 0) {
      status = status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
      array_free(room);
    } else {
      *bytes = room;
      *size = (size_t)got;
    }
  }
  (void)close(file); /* only read */
  return status;
}

void files_clear_parts(const char *path) {
  char folder[PATH_MAX], begins[PATH_MAX], part[2 * PATH_MAX];
  const char *slash = strrchr(path, '/');
  folder_of(path, folder, sizeof folder);
  snprintf(begins, sizeof begins, "%s%s", slash != NULL ? slash + 1 : path, PART);
  DIR *entries = opendir(folder);
  const struct dirent *entry = NULL;
  while (entries != NULL && (entry = readdir(entries)) != NULL) {
    if (strncmp(entry->d_name, begins, strlen(begins)) == 0) {
      snprintf(part, sizeof part, "%s/%s", folder, entry->d_name);
      unlink(part); /* as said: what stays, stays */
    }
  }
  if (entries != NULL) {
    (void)closedir(entries); /* only read */
  }
}

enum status files_remove(const char *path) {
  return unlink(path) == 0 || errno == ENOENT
             ? STATUS_OK
             : status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
}
