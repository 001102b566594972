#include "edge/machine.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

/* "model name : AMD EPYC" -> "AMD EPYC"; false if the line tells something else. */
static bool read_name(const char *line, char *text, size_t size) {
  const char *colon = strchr(line, ':');
  if (strncmp(line, "model name", 10) != 0 || colon == NULL) {
    return false;
  }
  const char *name = colon + 1 + strspn(colon + 1, " \t");
  snprintf(text, size, "%.*s", (int)strcspn(name, "\n"), name);
  return true;
}

void machine_processor(char *text, size_t size) {
  struct utsname system;
  char line[1024];
  bool found = false;
  snprintf(text, size, "%s", uname(&system) >= 0 ? system.machine : "unknown");
  FILE *in = fopen("/proc/cpuinfo", "r"); /* Linux; elsewhere the architecture must do */
  while (in != NULL && !found && fgets(line, sizeof line, in) != NULL) {
    found = read_name(line, text, size);
  }
  if (in != NULL) {
    (void)fclose(in);
  }
}

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

const char *machine_compiler(void) {
#if defined(__clang__)
  return "clang " TEXT(__clang_major__) "." TEXT(__clang_minor__) "." TEXT(
      __clang_patchlevel__);
#else
  return "gcc " __VERSION__;
#endif
}

double machine_thread_seconds(void) {
  struct timespec used;
  return clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) == 0
             ? (double)used.tv_sec + 1e-9 * (double)used.tv_nsec
             : 0.0;
}
