/* SHA-256 fingerprints (the only file that knows libnettle). */
#ifndef TENOR_EDGE_DIGEST_H
#define TENOR_EDGE_DIGEST_H

#include <stddef.h>

enum { DIGEST_TEXT = 65 }; /* 64 hexadecimal digits and the closing zero */

/* SHA-256 of `size` bytes as lower-case hexadecimal text. Cannot fail. */
void digest_hex(const void *bytes, size_t size, char text[DIGEST_TEXT]);

#endif
