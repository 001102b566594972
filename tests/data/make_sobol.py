"""Makes engine/random/sobol_table.h, the numbers Sobol's points are made of:
python3 make_sobol.py > ../../engine/random/sobol_table.h

They are Joe and Kuo's (new-joe-kuo-6.21201, SIAM J. Sci. Comput. 30(5), 2008), read from the copy that SciPy ships.
With the argument `answers` it makes sobol.txt instead, the known answers of tests/unit/test_sobol.c: points of SciPy's
own generator, unscrambled.
"""
import sys
from pathlib import Path

import numpy as np
import scipy.stats
from scipy.stats import qmc

DIMENSIONS = 258
HEAD = """\
/* Made by tests/data/make_sobol.py: the primitive polynomials and first direction numbers of
   Sobol's sequence as chosen by Joe and Kuo (new-joe-kuo-6.21201, SIAM J. Sci. Comput. 30(5),
   2008). Bit i of a polynomial is the coefficient of x^i. Dimension 0 is the radical inverse
   and has no polynomial: its direction numbers are all 1. */
#ifndef TENOR_RANDOM_SOBOL_TABLE_H
#define TENOR_RANDOM_SOBOL_TABLE_H

#include <stdint.h>

enum { SOBOL_DIMENSIONS = %d, SOBOL_MAX_DEGREE = %d };

static const struct {
  uint16_t degree, polynomial, first[SOBOL_MAX_DEGREE];
} sobol_table[SOBOL_DIMENSIONS] = {
    /* clang-format off */
"""


def table():
    stored = np.load(Path(scipy.stats.__file__).parent / "_sobol_direction_numbers.npz")
    polynomials = [int(p) for p in stored["poly"][:DIMENSIONS]]
    degrees = [p.bit_length() - 1 for p in polynomials]
    print(HEAD % (DIMENSIONS, max(degrees)), end="")
    for degree, polynomial, first in zip(degrees, polynomials, stored["vinit"]):
        numbers = ", ".join(str(int(m)) for m in first[:degree]) or "0"
        print("    {%d, %d, {%s}}," % (degree, polynomial, numbers))
    print("    /* clang-format on */\n};\n\n#endif")


def answers():
    """point dimension, and the first 32 bits of that coordinate in hexadecimal."""
    points = qmc.Sobol(DIMENSIONS, scramble=False, bits=32).random_base2(13)
    print("# scipy.stats.qmc.Sobol(%d, scramble=False, bits=32): point, dimension, its 32 bits" % DIMENSIONS)
    for point in (0, 1, 2, 3, 4, 7, 63, 64, 100, 511, 1023, 4097, 8191):
        for dimension in (*range(12), 31, 64, 127, 200, DIMENSIONS - 1):
            gray = inverse_gray(point)  # SciPy walks its points in Gray-code order
            print(point, dimension, "%08x" % int(points[gray, dimension] * 2.0**32))


def inverse_gray(code):
    number = 0
    while code:
        number ^= code
        code >>= 1
    return number


if __name__ == "__main__":
    answers() if sys.argv[1:] == ["answers"] else table()
