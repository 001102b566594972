/* The version of the arithmetic. It changes whenever the same deck, seed and paths give other
   numbers: formulas, the addresses of draws, the size of a block, histogram bins. Part of a
   result's fingerprint. */
#ifndef TENOR_MODEL_VERSION_H
#define TENOR_MODEL_VERSION_H

#define MODEL_VERSION "2.4"

#endif
