#include "harness.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "edge/units.h"

_Noreturn void fuzz_fail(const char *claim, const char *file, int line) {
  char text[512];
  const int n = snprintf(text, sizeof text, "%s:%d: does not hold: %s\n", file, line, claim);
  if (n > 0 && write(STDERR_FILENO, text, (size_t)n) < 0) {
    _exit(1);
  }
  abort();
}

/* ---- what is printed */

static struct {
  size_t bytes;
  int left;        /* bytes that a letter begun still wants */
  uint32_t letter; /* as far as it was seen */
  uint32_t least;  /* the smallest letter that takes so many bytes */
} heard;

static bool printable(uint32_t letter) {
  return letter == '\n' || letter == '\t' || (letter >= 0x20 && letter < 0x7f) ||
         (letter >= 0xa0 && letter <= 0x10ffff && (letter < 0xd800 || letter > 0xdfff) &&
          (letter < 0x2028 || letter > 0x202e) && (letter < 0x2066 || letter > 0x2069));
}

static void hear(unsigned char byte) {
  static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  if (heard.left > 0) {
    FUZZ_CLAIM((byte & 0xc0) == 0x80 && "what is printed is UTF-8");
    heard.letter = heard.letter << 6 | (byte & 0x3f);
    --heard.left;
  } else {
    heard.left = byte < 0x80 ? 0 : byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
    FUZZ_CLAIM((byte < 0x80 || (byte >= 0xc2 && byte < 0xf5)) && "what is printed is UTF-8");
    heard.letter = heard.left == 0 ? byte : byte & (0x3fu >> heard.left);
    heard.least = least[heard.left];
  }
  if (heard.left == 0) {
    FUZZ_CLAIM(heard.letter >= heard.least && printable(heard.letter));
  }
}

static ssize_t hear_all(void *context, const char *bytes, size_t size) {
  (void)context;
  heard.bytes += size;
  for (size_t i = 0; i < size; ++i) {
    hear((unsigned char)bytes[i]);
  }
  return (ssize_t)size;
}

void fuzz_listen(void) {
  static FILE *listener;
  if (listener == NULL) { /* the C library of GNU lets its streams be replaced */
    listener = fopencookie(NULL, "w", (cookie_io_functions_t){.write = hear_all});
    FUZZ_CLAIM(listener != NULL);
  }
  stdout = listener;
  stderr = listener;
}

size_t fuzz_heard(void) {
  FUZZ_CLAIM(fflush(stdout) == 0);
  const size_t bytes = heard.bytes;
  FUZZ_CLAIM(heard.left == 0 && "what is printed is UTF-8");
  heard.bytes = 0;
  return bytes;
}

/* ---- files */

static char folder[PATH_MAX];

static void remove_folder(void) {
  DIR *entries = opendir(folder);
  const struct dirent *entry = NULL;
  char path[PATH_MAX + 300];
  while (entries != NULL && (entry = readdir(entries)) != NULL) {
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    (void)unlink(path); /* fails for . and .. */
  }
  if (entries != NULL) {
    (void)closedir(entries);
  }
  (void)rmdir(folder);
}

const char *fuzz_file(const char *name, const void *bytes, size_t size) {
  static char paths[8][PATH_MAX + 64];
  static int next;
  if (folder[0] == '\0') {
    snprintf(folder, sizeof folder, "%s/tenor-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    FUZZ_CLAIM(mkdtemp(folder) != NULL && atexit(remove_folder) == 0);
  }
  char *path = paths[next++ % 8];
  snprintf(path, sizeof paths[0], "%s/%s", folder, name);
  if (bytes == NULL) {
    (void)unlink(path); /* it may never have been there */
    return path;
  }
  FILE *file = fopen(path, "wb");
  FUZZ_CLAIM(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
  return path;
}

static char *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  char *bytes = NULL;
  size_t room = 0;
  *size = 0;
  FUZZ_CLAIM(file != NULL && "the file can be read");
  do {
    room = 2 * room + 4096;
    bytes = realloc(bytes, room);
    FUZZ_CLAIM(bytes != NULL);
    *size += fread(bytes + *size, 1, room - 1 - *size, file);
  } while (*size == room - 1);
  FUZZ_CLAIM(!ferror(file) && fclose(file) == 0);
  bytes[*size] = '\0';
  return bytes;
}

char *fuzz_source(const char *name, size_t *size) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", TENOR_SOURCES, name);
  return read_file(path, size);
}

/* ---- inputs */

char *fuzz_text(const uint8_t *data, size_t size) {
  const uint8_t *zero = memchr(data, 0, size);
  const size_t length = zero != NULL ? (size_t)(zero - data) : size;
  char *text = malloc(length + 1);
  FUZZ_CLAIM(text != NULL);
  memcpy(text, data, length);
  text[length] = '\0';
  return text;
}

char *fuzz_line(char **rest) {
  char *line = *rest;
  if (line == NULL || *line == '\0') {
    return NULL;
  }
  char *end = strchr(line, '\n');
  *rest = end != NULL ? end + 1 : NULL;
  if (end != NULL) {
    *end = '\0';
  }
  return line;
}

uint64_t fuzz_number(struct fuzz_input *input, size_t bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < bytes && input->size > 0; ++i) {
    number |= (uint64_t)*input->data << 8 * i;
    ++input->data;
    --input->size;
  }
  return number;
}

const uint8_t *fuzz_bytes(struct fuzz_input *input, size_t *size) {
  const uint8_t *bytes = input->data;
  *size = *size < input->size ? *size : input->size;
  input->data += *size;
  input->size -= *size;
  return bytes;
}

/* ---- the database of units is read once: it takes far longer than a deck */

struct units *__real_units_open(void);
struct units *__wrap_units_open(void);
void __wrap_units_close(struct units *units);

static struct units *units;
void __real_units_close(struct units *given);

static void give_units_back(void) {
  __real_units_close(units);
}

struct units *__wrap_units_open(void) {
  if (units == NULL) {
    units = __real_units_open();
    FUZZ_CLAIM(atexit(give_units_back) == 0);
  }
  return units;
}

void __wrap_units_close(struct units *given) {
  (void)given;
}

/* ---- without libFuzzer */

#ifndef TENOR_LIBFUZZER
enum { MOST_SECONDS = 3 }; /* of processor, for an input */

static void replay(const char *path) {
  size_t size = 0;
  char *bytes = read_file(path, &size);
  uint8_t *copy = malloc(size > 0 ? size : 1); /* so that a read beyond the end is seen */
  FUZZ_CLAIM(copy != NULL);
  memcpy(copy, bytes, size);
  printf("%s\n", path);
  FUZZ_CLAIM(fflush(stdout) == 0); /* it is the last word if this input is the one */
  FILE *const out = stdout, *const err = stderr;
  const struct itimerval bound = {.it_value.tv_sec = MOST_SECONDS}, none = {{0, 0}, {0, 0}};
  FUZZ_CLAIM(setitimer(ITIMER_PROF, &bound, NULL) == 0); /* SIGPROF ends the process */
  (void)LLVMFuzzerTestOneInput(copy, size);
  FUZZ_CLAIM(setitimer(ITIMER_PROF, &none, NULL) == 0);
  stdout = out;
  stderr = err;
  free(copy);
  free(bytes);
}

static int replay_folder(const char *kind) {
  char path[PATH_MAX], file[PATH_MAX + 300];
  int n = 0;
  snprintf(path, sizeof path, "%s/tests/fuzz/%s/%s", TENOR_SOURCES, kind, fuzz_target);
  DIR *entries = opendir(path); /* a target without crashes has no such folder */
  const struct dirent *entry = NULL;
  while (entries != NULL && (entry = readdir(entries)) != NULL) {
    snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
    if (entry->d_name[0] != '.') {
      replay(file);
      ++n;
    }
  }
  if (entries != NULL) {
    (void)closedir(entries);
  }
  return n;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    replay(argv[i]);
  }
  if (argc == 1) {
    const int seeds = replay_folder("corpus"), crashes = replay_folder("crashes");
    printf("%d seeds, %d past crashes\n", seeds, crashes);
    FUZZ_CLAIM(seeds > 0);
  }
  return 0;
}
#endif
