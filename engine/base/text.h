/* Text from outside on its way to people. Names, messages and lines of decks reach terminals,
   logs and pages; a control character in them could move a terminal's cursor, forge a line of a
   log, or show other words than are there. What is printed of them passes through here. */
#ifndef TENOR_BASE_TEXT_H
#define TENOR_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { TEXT_BROKEN = 0x110000 }; /* no letter of Unicode: bytes that are not UTF-8 */

/* The first letter of `text`, or TEXT_BROKEN; returns its bytes, 1 to 4, and 0 at the end of
   the text. */
size_t text_letter(const char *text, uint32_t *letter);

/* Does a letter show itself and nothing else? Not control characters, line breaks, marks that
   turn the direction of what follows, and what is not UTF-8. */
bool text_shows(uint32_t letter);

/* The first place of `text` that does not show itself; NULL if there is none. Where `lines`,
   newlines and tabs are taken. */
const char *text_hidden(const char *text, bool lines);

/* The text behind the next line break; its end if there is none. Lines end where they do in
   YAML: at line feeds, carriage returns, both, and three breaks of Unicode. */
const char *text_next_line(const char *text);

/* Makes a question mark of every byte that does not show itself. */
void text_clean(char *text);

/* Writes `text`, its hidden bytes as \n, \t or \x1b. */
void text_put(FILE *out, const char *text);

/* The same for a formatted text, of which it takes 8191 bytes at most. */
void text_print(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_line(FILE *out, const char *format, ...) /* and ends the line */
    __attribute__((format(printf, 2, 3)));
void text_vprint(FILE *out, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Writes the first letter of `text` in one column, a tab as a space, what is hidden as a
   question mark; returns its bytes. */
size_t text_put_letter(FILE *out, const char *text);

/* Writes `text` so into a column of `width` letters, cut or filled with spaces. */
void text_column(FILE *out, const char *text, int width);

#endif
