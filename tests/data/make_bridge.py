"""Makes engine/random/bridge_table.h:  python3 make_bridge.py > ../../engine/random/bridge_table.h

How 16 independent normals become the 16 equal steps of a random walk so that the first normals matter most: principal
components of the walk, dates weighted by exp(-t) for a horizon of t = 2, because early dates decide more of a
contract and are discounted less. The matrix is orthogonal, so any other one of its kind would be as right.
"""
import numpy as np

SEGMENTS = 16
HEAD = """\
/* Made by tests/data/make_bridge.py: an orthogonal matrix, whose column n says what normal
   number n adds to each of the equal steps of a random walk. Principal components of the walk
   with dates weighted by exp(-2 t/horizon), the largest first. */
#ifndef TENOR_RANDOM_BRIDGE_TABLE_H
#define TENOR_RANDOM_BRIDGE_TABLE_H

enum { BRIDGE_SEGMENTS = %d };

static const double bridge_rotation[BRIDGE_SEGMENTS][BRIDGE_SEGMENTS] = {
    /* clang-format off */
"""

date = np.arange(1, SEGMENTS + 1) / SEGMENTS
walk = np.tril(np.ones((SEGMENTS, SEGMENTS)))
rotation = np.linalg.svd(np.exp(-date)[:, None] * walk)[2].T
rotation *= np.sign(rotation[0])
print(HEAD % SEGMENTS, end="")
for row in rotation:
    print("    {" + ",\n     ".join(", ".join(float(x).hex() for x in row[i:i + 4]) for i in range(0, SEGMENTS, 4)) + "},")
print("    /* clang-format on */\n};\n\n#endif")
