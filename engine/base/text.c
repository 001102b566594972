#include "base/text.h"

#include <string.h>

size_t text_letter(const char *text, uint32_t *letter) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const unsigned char *bytes = (const unsigned char *)text;
  const unsigned char first = bytes[0];
  const size_t n = first < 0x80   ? 1
                   : first < 0xc0 ? 0
                   : first < 0xe0 ? 2
                   : first < 0xf0 ? 3
                                  : 4;
  *letter = TEXT_BROKEN;
  if (first < 0x80) {
    *letter = first;
    return first != 0;
  }
  if (n == 0 || first >= 0xf5) {
    return 1;
  }
  uint32_t value = first & (0x7fu >> n);
  for (size_t i = 1; i < n; ++i) {
    if ((bytes[i] & 0xc0) != 0x80) { /* the closing zero too */
      return 1;
    }
    value = value << 6 | (bytes[i] & 0x3f);
  }
  if (value < least[n] || value >= TEXT_BROKEN || (value >= 0xd800 && value < 0xe000)) {
    return 1;
  }
  *letter = value;
  return n;
}

bool text_shows(uint32_t letter) {
  const bool control = letter < 0x20 || (letter >= 0x7f && letter < 0xa0);
  const bool breaks_or_turns = letter == 0x061c || letter == 0x200e || letter == 0x200f ||
                               (letter >= 0x2028 && letter <= 0x202e) ||
                               (letter >= 0x2066 && letter <= 0x2069);
  return !control && !breaks_or_turns && letter < TEXT_BROKEN;
}

const char *text_hidden(const char *text, bool lines) {
  uint32_t letter = 0;
  for (size_t n = 0; (n = text_letter(text, &letter)) > 0; text += n) {
    if (!text_shows(letter) && !(lines && (letter == '\n' || letter == '\t'))) {
      return text;
    }
  }
  return NULL;
}

const char *text_next_line(const char *text) {
  uint32_t letter = 0;
  for (size_t n = 0; (n = text_letter(text, &letter)) > 0; text += n) {
    if (letter == '\r' && text[1] == '\n') {
      return text + 2;
    }
    if (letter == '\n' || letter == '\r' || letter == 0x85 || letter == 0x2028 ||
        letter == 0x2029) {
      return text + n;
    }
  }
  return text;
}

void text_clean(char *text) {
  uint32_t letter = 0;
  for (size_t n = 0; (n = text_letter(text, &letter)) > 0; text += n) {
    if (!text_shows(letter)) {
      memset(text, '?', n);
    }
  }
}

void text_put(FILE *out, const char *text) {
  uint32_t letter = 0;
  for (size_t n = 0; (n = text_letter(text, &letter)) > 0; text += n) {
    if (text_shows(letter)) {
      (void)fwrite(text, 1, n, out); /* who closes the stream asks whether all was written */
    } else if (letter == '\n' || letter == '\t') {
      fputs(letter == '\n' ? "\\n" : "\\t", out);
    } else {
      for (size_t i = 0; i < n; ++i) {
        fprintf(out, "\\x%02x", (unsigned char)text[i]);
      }
    }
  }
}

void text_vprint(FILE *out, const char *format, va_list arguments) {
  char text[8192];
  vsnprintf(text, sizeof text, format, arguments);
  text_put(out, text);
}

void text_print(FILE *out, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  text_vprint(out, format, arguments);
  va_end(arguments);
}

void text_line(FILE *out, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  text_vprint(out, format, arguments);
  va_end(arguments);
  fputc('\n', out);
}

size_t text_put_letter(FILE *out, const char *text) {
  uint32_t letter = 0;
  const size_t n = text_letter(text, &letter);
  if (n > 0 && text_shows(letter)) {
    (void)fwrite(text, 1, n, out); /* as above */
  } else if (n > 0) {
    fputc(letter == '\t' ? ' ' : '?', out);
  }
  return n;
}

void text_column(FILE *out, const char *text, int width) {
  for (size_t n = 0; width > 0 && (n = text_put_letter(out, text)) > 0; text += n) {
    --width;
  }
  fprintf(out, "%*s", width, "");
}
