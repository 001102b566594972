/* Preloaded into tenor (LD_PRELOAD), makes one call fail: the FAULT_AT-th of those that are
   counted, once. Two kinds are counted, FAULT_KIND:
     files   open, read, write, fsync, close, flock, rename, link, unlink on what lies in
   FAULT_FOLDER memory  malloc, calloc, realloc, aligned_alloc asked for by the program itself,
   not by a library It fails as FAULT_WAY says: ENOSPC, EIO, EINTR (errno), short (half of the
   bytes are written or read; other calls EIO) or kill (SIGKILL before the call). With
   FAULT_AT=0 nothing fails; the number of calls is written to FAULT_REPORT when the process
   ends. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { MAX_FILES = 1024 };
static bool watched[MAX_FILES]; /* handles of what lies in the folder */
static atomic_long calls;
static long fail_at = -1; /* -1: not read yet */
static bool of_memory;
static const char *folder, *way;
static uintptr_t program_start, program_end;

#define REAL(name, ...)                    \
  static __VA_ARGS__;                      \
  if (real == NULL) {                      \
    void *symbol = dlsym(RTLD_NEXT, name); \
    memcpy(&real, &symbol, sizeof real);   \
  }

static int note_program(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  (void)context;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    if (info->dlpi_phdr[i].p_type == PT_LOAD) {
      const uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
      const uintptr_t end = start + info->dlpi_phdr[i].p_memsz;
      program_start = program_start == 0 || start < program_start ? start : program_start;
      program_end = end > program_end ? end : program_end;
    }
  }
  return 1; /* the program is the first; no more */
}

__attribute__((constructor)) static void begin(void) {
  const char *at = getenv("FAULT_AT"), *kind = getenv("FAULT_KIND");
  folder = getenv("FAULT_FOLDER");
  way = getenv("FAULT_WAY");
  way = way != NULL ? way : "EIO";
  of_memory = kind != NULL && strcmp(kind, "memory") == 0;
  dl_iterate_phdr(note_program, NULL);
  fail_at = at != NULL ? strtol(at, NULL, 10) : 0;
}

__attribute__((destructor)) static void end(void) {
  const char *report = getenv("FAULT_REPORT");
  const long n = calls;
  fail_at = 0;
  FILE *out = report != NULL ? fopen(report, "w") : NULL;
  if (out != NULL) {
    fprintf(out, "%ld\n", n);
    fclose(out);
  }
}

/* Is this call the one? */
static bool is_due(bool memory) {
  if (fail_at < 0 || memory != of_memory) {
    return false;
  }
  const bool due = atomic_fetch_add(&calls, 1) + 1 == fail_at;
  if (due && strcmp(way, "kill") == 0) {
    raise(SIGKILL);
  }
  return due;
}

static int fail(void) {
  errno = strcmp(way, "ENOSPC") == 0 ? ENOSPC : strcmp(way, "EINTR") == 0 ? EINTR : EIO;
  return -1;
}

static bool is_inside(const char *path) {
  return folder != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static bool is_watched(int file) {
  return file >= 0 && file < MAX_FILES && watched[file];
}

/* ---- files */

int open(const char *path, int flags, ...) {
  REAL("open", int (*real)(const char *, int, ...))
  va_list rest;
  va_start(rest, flags);
  const int mode = (flags & O_CREAT) != 0 ? va_arg(rest, int) : 0;
  va_end(rest);
  if (is_inside(path) && is_due(false)) {
    return fail();
  }
  const int file = real(path, flags, mode);
  if (file >= 0 && file < MAX_FILES) {
    watched[file] = is_inside(path);
  }
  return file;
}

ssize_t write(int file, const void *bytes, size_t size) {
  REAL("write", ssize_t(*real)(int, const void *, size_t))
  if (is_watched(file) && is_due(false)) {
    return strcmp(way, "short") == 0 ? real(file, bytes, (size + 1) / 2) : fail();
  }
  return real(file, bytes, size);
}

ssize_t read(int file, void *bytes, size_t size) {
  REAL("read", ssize_t(*real)(int, void *, size_t))
  if (is_watched(file) && is_due(false)) {
    return strcmp(way, "short") == 0 ? real(file, bytes, (size + 1) / 2) : fail();
  }
  return real(file, bytes, size);
}

int fsync(int file) {
  REAL("fsync", int (*real)(int))
  return is_watched(file) && is_due(false) ? fail() : real(file);
}

int flock(int file, int operation) {
  REAL("flock", int (*real)(int, int))
  return is_watched(file) && is_due(false) ? fail() : real(file, operation);
}

int close(int file) {
  REAL("close", int (*real)(int))
  const bool due = is_watched(file) && is_due(false);
  if (file >= 0 && file < MAX_FILES) {
    watched[file] = false;
  }
  const int code = real(file); /* a close that fails has closed */
  return due ? fail() : code;
}

int rename(const char *from, const char *to) {
  REAL("rename", int (*real)(const char *, const char *))
  return is_inside(from) && is_due(false) ? fail() : real(from, to);
}

int link(const char *from, const char *to) {
  REAL("link", int (*real)(const char *, const char *))
  return is_inside(from) && is_due(false) ? fail() : real(from, to);
}

int unlink(const char *path) {
  REAL("unlink", int (*real)(const char *))
  return is_inside(path) && is_due(false) ? fail() : real(path);
}

/* ---- memory */

#define OF_PROGRAM()                                          \
  ((uintptr_t)__builtin_return_address(0) >= program_start && \
   (uintptr_t)__builtin_return_address(0) < program_end)

extern void *__libc_malloc(size_t size), *__libc_calloc(size_t n, size_t size),
    *__libc_realloc(void *old, size_t size), *__libc_memalign(size_t alignment, size_t size);

static void *no_memory(void) {
  errno = ENOMEM;
  return NULL;
}

void *malloc(size_t size) {
  return OF_PROGRAM() && is_due(true) ? no_memory() : __libc_malloc(size);
}

void *calloc(size_t n, size_t size) {
  return OF_PROGRAM() && is_due(true) ? no_memory() : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size) {
  return OF_PROGRAM() && is_due(true) ? no_memory() : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  return OF_PROGRAM() && is_due(true) ? no_memory() : __libc_memalign(alignment, size);
}

char *strdup(const char *text) {
  const size_t size = strlen(text) + 1;
  char *copy = OF_PROGRAM() && is_due(true) ? no_memory() : __libc_malloc(size);
  return copy != NULL ? memcpy(copy, text, size) : NULL;
}
