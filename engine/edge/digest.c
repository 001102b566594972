#include "edge/digest.h"

#include <nettle/sha2.h>

void digest_hex(const void *bytes, size_t size, char text[DIGEST_TEXT]) {
  static const char digits[] = "0123456789abcdef";
  struct sha256_ctx context;
  uint8_t sum[SHA256_DIGEST_SIZE];
  sha256_init(&context);
  sha256_update(&context, size, bytes);
  sha256_digest(&context, sizeof sum, sum);
  for (size_t i = 0; i < sizeof sum; ++i) {
    text[2 * i] = digits[sum[i] >> 4];
    text[2 * i + 1] = digits[sum[i] & 15];
  }
  text[DIGEST_TEXT - 1] = '\0';
}
