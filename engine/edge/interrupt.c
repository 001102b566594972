#include "edge/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE = 600 }; /* [s] */

static volatile sig_atomic_t seen;
static unsigned patience; /* [s]; 0: no alarm */

static void note(int signal) {
  (void)signal;
  seen = 1;
}

static void give_up(int signal) {
  static const char message[] =
      "tenor: error: the other ranks have been silent for TENOR_PATIENCE seconds\n";
  (void)signal;
  (void)!write(STDERR_FILENO, message, sizeof message - 1); /* nothing more can be done */
  _exit(STATUS_FAILED);
}

/* A whole number of seconds; what is no such number counts as not set. */
static unsigned read_patience(void) {
  const char *text = getenv("TENOR_PATIENCE");
  char *end = NULL;
  const long seconds = text != NULL ? strtol(text, &end, 10) : PATIENCE;
  const bool good = text == NULL || (end != text && *end == '\0' && seconds >= 0);
  return good && seconds < 1000000000 ? (unsigned)seconds : PATIENCE;
}

enum status interrupt_catch(void) {
  static const int signals[] = {SIGTERM, SIGUSR1, SIGINT};
  struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
  bool caught = sigemptyset(&action.sa_mask) == 0;
  for (size_t i = 0; i < sizeof signals / sizeof signals[0]; ++i) {
    caught = caught && sigaction(signals[i], &action, NULL) == 0;
  }
  action.sa_handler = give_up;
  caught = caught && sigaction(SIGALRM, &action, NULL) == 0;
  patience = read_patience();
  return caught ? STATUS_OK : status_fail(STATUS_FAILED, "signals: %s", strerror(errno));
}

bool interrupt_seen(void) {
  return seen != 0;
}

void interrupt_wait(void) {
  if (patience > 0) {
    (void)alarm(patience);
  }
}

void interrupt_heard(void) {
  if (patience > 0) {
    (void)alarm(0);
  }
}
