/* A NetCDF library whose only file is the input of a fuzz target: it answers whatever the input
   says, as far as the real one could. So the program's own reader of results is tested, and not
   HDF5, whose reader is not safe with hostile files.

   The input, little-endian: a byte whose lowest bits make nc_open or the group /state fail,
   then items to the end. An item is a byte (bit 0: a variable, else an attribute; bit 1: of
   /state), a name (length in a byte), a byte for the type (0 to 13; 4 is int64's, see types[]),
   and then attribute: the variable it belongs to, by number in its group (a byte; beyond them:
   the group), the number of values (2 bytes), their bytes; variable: the number of dimensions
   (a byte), of each a name and a size (8 bytes), the number of bytes given (4 bytes), these
   bytes, the number of changes (2 bytes), and of each an element (4 bytes) and its bits (8
   bytes). All else is zero. The sizes 2^64-1, 2^64-2, ... stand for fake_sizes[0], [1], ...; a
   text variable whose bytes are `@` holds fake_deck. */
#ifndef TENOR_FUZZ_NETCDF_H
#define TENOR_FUZZ_NETCDF_H

#include <stddef.h>
#include <stdint.h>

enum { FAKE_SIZES = 8 };
extern size_t fake_sizes[FAKE_SIZES];
extern const char *fake_deck;

/* The file that is read from now on. It stays the caller's until fake_close. */
void fake_open(const uint8_t *data, size_t size);
void fake_close(void);

#endif
