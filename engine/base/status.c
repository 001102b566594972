#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

static void say(const char *kind, const char *format, va_list arguments) {
  flockfile(stderr);
  fprintf(stderr, "tenor: %s", kind);
  text_vprint(stderr, format, arguments);
  fputc('\n', stderr);
  funlockfile(stderr);
}

enum status status_fail(enum status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say("error: ", format, arguments);
  va_end(arguments);
  return status;
}

void status_warn(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say("warning: ", format, arguments);
  va_end(arguments);
}

void status_tell(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say("", format, arguments);
  va_end(arguments);
}
