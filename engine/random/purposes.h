/* The registry of random purposes: which numbers an address yields. An address is (path,
   replicate, month, block, purpose) under the seed; it yields two words, 0 and 1. A new purpose
   takes a new number, a new draw of an old purpose a new block; nothing that exists ever moves,
   so two decks on one seed share every draw that both have.

   Draws of a path as a whole stand at month NO_MONTH. A draw of an uncertain key has the number
   of a block of paths in the place of the path and a hash of the key's name in the 32 bits of
   month and block (model/uncertain.h). */
#ifndef TENOR_RANDOM_PURPOSES_H
#define TENOR_RANDOM_PURPOSES_H

enum { NO_MONTH = 0xffff };

enum purpose {
  PURPOSE_SLIP = 1,    /* path; block i: normals 2i, 2i+1 (0 common, 1+g generation g) */
  PURPOSE_YIELD = 2,   /* path; block i: normals of generations 2i, 2i+1 */
  PURPOSE_DELAY = 3,   /* path; block i: normals 2i, 2i+1 (0 common, 1+j site j) */
  PURPOSE_CANCEL = 4,  /* path; block i: uniforms of sites 2i, 2i+1 */
  PURPOSE_CREDIT = 5,  /* path; block c: uniforms (default, recovery) of customer c */
  PURPOSE_STATE = 6,   /* month; block 0: uniforms (regime, disruption) */
  PURPOSE_FACTORS = 7, /* month; blocks 0-2: normals (revenue, growth), (training, price),
                          (base, base growth) */
  PURPOSE_OWN =
      8, /* month; block 2c: normals (revenue, growth) of customer c; 2c+1: (training, -) */
  PURPOSE_EVENTS = 9, /* month; block 2c: uniforms (raise, renegotiation) of customer c; 2c+1:
                         (extension, -) */
  PURPOSE_SCRAMBLE = 10, /* replicate, path 0; block d: words (hash, shift) of dimension d */
  PURPOSE_SOBOL = 11,    /* path; block d: the bits below a Sobol point's, dimension d */
  PURPOSE_BRIDGE = 12,   /* path; block 8b + i: normals 2i, 2i+1 of bridge b (quasi.h) */
  PURPOSE_UNCERTAIN = 13 /* block of paths and key: uniform */
};

#endif
