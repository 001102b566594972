/* Faults of a deck, told compiler style: where, what, and the line with a mark under it. Texts
   that were read are kept until all faults are told, so that what only shows when the whole
   deck is there can still show its line. */
#ifndef TENOR_EDGE_COMPLAINT_H
#define TENOR_EDGE_COMPLAINT_H

#include <stdbool.h>
#include <stddef.h>

enum { MAX_TEXTS = 16, MAX_COMPLAINTS = 50 };

struct deck_text { /* a file that was read; texts owned */
  char *name;
  char *text;     /* closed by a zero byte */
  char *included; /* "file:line" that included it; NULL: nobody */
};

struct complaints {
  struct deck_text texts[MAX_TEXTS];
  int n_texts;
  int n; /* faults told, or counted only when there are too many */
};

/* Keeps copies of the name, and of the place of the include, and the text itself, which is
   owned from now on. false, and the text freed, if memory or room is short. */
bool complaints_keep(struct complaints *complaints, const char *name, char *text,
                     const char *included);
void complaints_free(struct complaints *complaints);

/* A fault at `where`, which is "file:line:column", the name of a file, or of an assignment. Its
   line is shown with `width` characters marked (at least one). `key` is the full name of the
   key, "" if there is none. */
void complaints_tell(struct complaints *complaints, const char *where, size_t width,
                     const char *key, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The same for what is no fault but seldom meant; not counted. */
void complaints_warn(const struct complaints *complaints, const char *where, const char *key,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
