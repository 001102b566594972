/* The two things that are hard to get right in JSON: texts and numbers. */
#ifndef TENOR_EDGE_JSON_H
#define TENOR_EDGE_JSON_H

#include <stdio.h>

/* A text in quotes, escaped: valid JSON that can be shown, whatever the bytes are. What is not
   UTF-8 becomes U+FFFD. */
void json_text(FILE *out, const char *text);

/* A number that reads back to the same double; null if it is not finite. */
void json_number(FILE *out, double value);

#endif
