#include "edge/complaint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "edge/terminal.h"

enum { SHOWN = 120, SHOWN_LEAST = 40 }; /* characters of a line */

struct spot {
  const struct deck_text *text; /* NULL: none that is kept */
  size_t line, column;          /* from 1 */
};

bool complaints_keep(struct complaints *complaints, const char *name, char *text,
                     const char *included) {
  struct deck_text kept = {strdup(name), text, included != NULL ? strdup(included) : NULL};
  if (complaints->n_texts == MAX_TEXTS || kept.name == NULL ||
      (included != NULL && kept.included == NULL)) {
    free(kept.name);
    free(kept.included);
    free(text);
    return false;
  }
  complaints->texts[complaints->n_texts++] = kept;
  return true;
}

void complaints_free(struct complaints *complaints) {
  for (int i = 0; i < complaints->n_texts; ++i) {
    free(complaints->texts[i].name);
    free(complaints->texts[i].text);
    free(complaints->texts[i].included);
  }
  *complaints = (struct complaints){.n = complaints->n};
}

/* Takes ":NUMBER" off the end of a place. */
static bool take_number(const char *where, size_t *length, size_t *number) {
  size_t start = *length;
  while (start > 0 && where[start - 1] >= '0' && where[start - 1] <= '9') {
    --start;
  }
  if (start == *length || start == 0 || where[start - 1] != ':') {
    return false;
  }
  *number = (size_t)strtoull(where + start, NULL, 10);
  *length = start - 1;
  return true;
}

static struct spot find_spot(const struct complaints *complaints, const char *where) {
  struct spot spot = {NULL, 0, 0};
  size_t length = strlen(where);
  if (!take_number(where, &length, &spot.column) || !take_number(where, &length, &spot.line)) {
    return spot;
  }
  for (int i = complaints->n_texts - 1; i >= 0 && spot.text == NULL; --i) {
    const char *name = complaints->texts[i].name;
    if (strlen(name) == length && strncmp(name, where, length) == 0) {
      spot.text = &complaints->texts[i];
    }
  }
  return spot;
}

/* ---- on the terminal */

enum paint { PLAIN, STRONG, FAULT, CAUTION, MARK };

static void paint(enum paint paint) {
  static const char *const codes[] = {"0", "1", "1;31", "1;35", "1;32"};
  const char *off = getenv("NO_COLOR"), *terminal = getenv("TERM");
  if (isatty(STDERR_FILENO) == 1 && (off == NULL || off[0] == '\0') && terminal != NULL &&
      strcmp(terminal, "dumb") != 0) {
    fprintf(stderr, "\033[%sm", codes[paint]);
  }
}

/* Characters of a line that are shown: a line that a terminal wraps has its mark in a wrong
   place. The number of the line and dots stand before it. */
static size_t line_room(void) {
  const int room = terminal_columns() - (int)strlen("    1 | ...");
  return room >= SHOWN || room <= 0 ? SHOWN : room < SHOWN_LEAST ? SHOWN_LEAST : (size_t)room;
}

/* The line of a spot, from where the mark can be seen; a letter takes one column. */
static void show_line(const struct spot *spot, size_t width) {
  const char *line = spot->text->text;
  for (size_t i = 1; i < spot->line; ++i) {
    line = text_next_line(line);
  }
  const char *next = text_next_line(line);
  const size_t most = line_room();
  const size_t column = spot->column - 1, from = column > most - 20 ? column - 20 : 0;
  size_t at = 0, shown = 0;
  uint32_t letter = 0;
  for (; at < from && line < next && strchr("\r\n", *line) == NULL; ++at) {
    line += text_letter(line, &letter);
  }
  fprintf(stderr, "%5zu | %s", spot->line, from > 0 ? "..." : "");
  while (line < next && strchr("\r\n", *line) == NULL && shown < most) {
    line += text_put_letter(stderr, line);
    ++shown;
  }
  const size_t before = column - from, room = shown > before ? shown - before : 1;
  fprintf(stderr, "\n      | %*s", (int)before + (from > 0 ? 3 : 0), "");
  paint(MARK);
  fputc('^', stderr);
  for (size_t i = 1; i < width && i < room; ++i) {
    fputc('~', stderr);
  }
  paint(PLAIN);
  fputc('\n', stderr);
}

/* The includes that led to a text. */
static void show_chain(const struct complaints *complaints, const struct deck_text *text) {
  for (int i = 0; text != NULL && text->included != NULL && i < MAX_TEXTS; ++i) {
    size_t length = strlen(text->included), line = 0;
    fputs("      = included from ", stderr);
    text_put(stderr, text->included);
    fputc('\n', stderr);
    const char *place = text->included;
    take_number(place, &length, &line);
    text = NULL;
    for (int j = 0; j < complaints->n_texts; ++j) {
      const char *name = complaints->texts[j].name;
      if (strlen(name) == length && strncmp(name, place, length) == 0) {
        text = &complaints->texts[j];
      }
    }
  }
}

static void tell(const struct complaints *complaints, const char *where, size_t width,
                 const char *kind, const char *key, const char *format, va_list arguments) {
  char sentence[2048];
  const struct spot spot = find_spot(complaints, where);
  vsnprintf(sentence, sizeof sentence, format, arguments);
  flockfile(stderr);
  paint(STRONG);
  text_put(stderr, where);
  fputs(": ", stderr);
  paint(strcmp(kind, "error") == 0 ? FAULT : CAUTION);
  fprintf(stderr, "%s: ", kind);
  paint(PLAIN);
  text_put(stderr, key);
  fputs(key[0] != '\0' ? ": " : "", stderr);
  text_put(stderr, sentence);
  fputc('\n', stderr);
  if (spot.text != NULL) {
    show_line(&spot, width);
    show_chain(complaints, spot.text);
  }
  funlockfile(stderr);
}

void complaints_tell(struct complaints *complaints, const char *where, size_t width,
                     const char *key, const char *format, ...) {
  if (++complaints->n > MAX_COMPLAINTS) {
    fputs(complaints->n == MAX_COMPLAINTS + 1 ? "further errors are not shown\n" : "", stderr);
    return;
  }
  va_list arguments;
  va_start(arguments, format);
  tell(complaints, where, width, "error", key, format, arguments);
  va_end(arguments);
}

void complaints_warn(const struct complaints *complaints, const char *where, const char *key,
                     const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  tell(complaints, where, 1, "warning", key, format, arguments);
  va_end(arguments);
}
