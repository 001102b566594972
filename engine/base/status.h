/* Outcomes that travel. Every function that can fail returns an enum status; the sentence that
   explains the fault is written to stderr where the fault is found, once, and callers only pass
   the status on. Invariant: a status is the process's exit code, so nothing is ever translated.
 */
#ifndef TENOR_BASE_STATUS_H
#define TENOR_BASE_STATUS_H

enum status {
  STATUS_OK = 0,
  STATUS_FAILED = 1, /* runtime failure: memory, MPI, a bug of ours */
  STATUS_USAGE = 2,  /* command line or deck; a missing deck, an existing output. Never retry */
  STATUS_TARGET = 3, /* finished, a precision target not met; the result is written */
  STATUS_IO = 5,     /* input/output; a missing output folder included */
  STATUS_MISMATCH = 6, /* a checkpoint, shard or result that does not belong to this deck */
  STATUS_STOPPED = 85  /* stopped early on a signal, checkpoint valid */
};

/* Writes "tenor: error: <message>" to stderr, one line that can be shown (base/text.h), and
   returns `status`. Not collective. */
enum status status_fail(enum status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes "tenor: warning: <message>", or "tenor: <message>", to stderr likewise. Not
   collective. */
void status_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void status_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
