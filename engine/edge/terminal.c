#include "edge/terminal.h"

#include <stdbool.h>
#include <sys/ioctl.h>
#include <unistd.h>

int terminal_columns(void) {
  struct winsize size;
  const bool told = isatty(STDERR_FILENO) == 1 && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0;
  return told ? size.ws_col : 0;
}
