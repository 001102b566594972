/* Numbers with units. The first byte chooses the kind of quantity, the second how many numbers
   there is room for, the rest is the text. What is read must read back from the number and its
   canonical unit. */
#include "edge/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "harness.h"

const char fuzz_target[] = "units";

static void read_back(const struct units *units, enum kind kind, double value) {
  char text[80], why[256];
  double again = 0.0;
  size_t n = 0;
  snprintf(text, sizeof text, "%.17g %s", value, units_canonical(kind));
  FUZZ_CLAIM(units_read(units, text, kind, &again, 1, &n, why, sizeof why));
  FUZZ_CLAIM(n == 1 && again == value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const enum kind kind = size > 0 ? (enum kind)(data[0] % N_QUANTITIES) : KIND_NUMBER;
  const size_t room = size > 1 ? data[1] % (MAX_YEARS + 1u) : 1;
  char *text = fuzz_text(data + (size > 2 ? 2 : size), size > 2 ? size - 2 : 0);
  double *values = malloc((room > 0 ? room : 1) * sizeof *values);
  struct units *units = units_open();
  char why[256] = "";
  size_t n = 0;
  FUZZ_CLAIM(values != NULL && units != NULL);
  fuzz_listen();
  if (units_read(units, text, kind, values, room, &n, why, sizeof why)) {
    FUZZ_CLAIM(n > 0 && n <= room);
    for (size_t i = 0; i < n; ++i) {
      FUZZ_CLAIM(isfinite(values[i]));
      read_back(units, kind, values[i]);
    }
  } else {
    FUZZ_CLAIM(why[0] != '\0' && strlen(why) < sizeof why);
  }
  (void)fuzz_heard();
  units_close(units);
  free(values);
  free(text);
  return 0;
}
