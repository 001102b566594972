/* The result of `tenor sensitivity`: a NetCDF-4 file with dimensions metric, key and swing,
   made and written as results are, and its table. Invariant: the bytes are a function of deck,
   seed, quantities, paths and library versions. */
#ifndef TENOR_EDGE_SENSITIVITY_H
#define TENOR_EDGE_SENSITIVITY_H

#include <stdbool.h>

#include "edge/ncfile.h"
#include "model/deck.h"
#include "stats/quantity.h"
#include "stats/sensitivity.h"

#define SENSITIVITY_KIND "sensitivity" /* the file's attribute tenor_kind */

struct sensitivity_result { /* all borrowed */
  const struct deck *deck;
  const char *resolved;              /* its canonical text */
  const struct quantity *quantities; /* [figures->n_quantities] */
  const struct sensitivity *figures;
};

/* Writes it to `path`, over another file only with `force`. Errors as results_write. Not
   collective: rank 0 calls it. */
enum status sensitivity_write(const char *path, bool force,
                              const struct sensitivity_result *result);

/* Prints the table of one that is open: the keys where they stand low, in the middle and high;
   of each metric the keys in falling order of how far they move it. STATUS_IO. */
enum status sensitivity_show(const struct ncreader *reader);

#endif
