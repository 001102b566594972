#include "edge/json.h"

#include <math.h>
#include <stdlib.h>

#include "base/text.h"

void json_text(FILE *out, const char *text) {
  fputc('"', out);
  uint32_t letter = 0;
  for (size_t n = 0; (n = text_letter(text, &letter)) > 0; text += n) {
    if (letter == '"' || letter == '\\') {
      fprintf(out, "\\%c", (int)letter);
    } else if (text_shows(letter)) {
      (void)fwrite(text, 1, n, out); /* who closes the stream asks whether all was written */
    } else {
      fprintf(out, "\\u%04x", (unsigned)(letter == TEXT_BROKEN ? 0xfffd : letter));
    }
  }
  fputc('"', out);
}

void json_number(FILE *out, double value) {
  char text[40] = "null";
  for (int digits = 15; isfinite(value) && digits <= 17; ++digits) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value) {
      break;
    }
  }
  fputs(text, out);
}
