"""The random words and normals of the sampler: a battery that can say no, and the tails.

The words come from tests/tool/stream, which writes them in the orders in which they could be related: as the sampler
consumes them, all paths of a month before the next, with their bits reversed, and one address under neighbouring seeds
and replicates. dieharder reads them. Everything is seeded, so a p-value is the same in every run.

The rule: of an order's p-values none is below EXTREME, and no more are below 0.01 than a binomial law exceeds once in
ten thousand times. A good generator breaks it about once in five thousand orders; it does so at this seed or never. The
upper end is not judged: dieharder's last step makes of ten p-values one that is too often near 1, whatever the generator
(20 of 40 above 0.9 with AES, `dieharder -g 205 -d 203 -n 0 -t 20000 -p 10`).

LONG=1 runs more tests, each at dieharder's own size, and looks at ten times as many normals. `tests/tool/stream
engine 1 | dieharder -g 200 -a` is all there is, in hours.
"""
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

stats = pytest.importorskip("scipy.stats")

TOP = Path(__file__).resolve().parents[2]
TOOLS = Path(os.environ.get("TENOR_BUILD", TOP / "build")) / "tests/tool"
SEED = 1
LONG = os.environ.get("LONG", "") not in ("", "0")
NORMALS = 10**10 if LONG else 10**9
EXTREME = 1e-6
ORDERS = ("engine", "seeds", "replicates", *(("months", "reversed") if LONG else ()))
POOR = ("two-rounds", "congruence")
BATTERY = {  # dieharder's number of a test: p-values that make one; fewer than usual where a test is slow
    0: 100,   # birthday spacings
    1: 10,    # overlapping permutations
    2: 10,    # ranks of 32x32 matrices of bits
    3: 20,    # ranks of 6x8 matrices
    4: 50,    # missing words of 20 bits
    8: 100,   # ones in a stream of bytes
    10: 100,  # parking lot
    11: 100,  # least distance in a square
    12: 20,   # least distance in a cube
    13: 10,   # squeeze
    15: 100,  # runs up and down
    16: 10,   # craps
    100: 100,  # ones
    101: 20,  # runs of bits
    202: 20,  # permutations
    203: 10,  # lagged sums
    204: 100,  # Kolmogorov and Smirnov
    206: 1,   # cosine transform
}
LONG_ONLY = (9, 102, 205, 208)  # ones in bytes, serial, bytes, trees (207 and 209 fail by themselves on poor words)

needs_dieharder = pytest.mark.skipif(shutil.which("dieharder") is None, reason="dieharder is not installed")


def dieharder(order, first_path, *arguments):
    """The p-values by test, of the order's words from a path on."""
    with subprocess.Popen([TOOLS / "stream", order, str(SEED), str(first_path)], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as stream:
        done = subprocess.run(["dieharder", "-g", "200", "-S", "1", "-D", "test_name", "-D", "pvalues", *map(str, arguments)],
                              stdin=stream.stdout, capture_output=True, text=True)
        stream.stdout.close()
    assert done.returncode == 0, done.stderr
    found = {}
    for line in done.stdout.split("\n"):
        if "|" in line and not line.startswith("#"):
            name, p = line.split("|")
            found.setdefault(name.strip(), []).append(float(p))
    assert found, f"dieharder {arguments} says nothing: {done.stdout}"
    return found


def battery(order):
    """Each test on a stretch of its own, a million paths behind that of the test before it."""
    tests = [("-d", test, "-p", samples) for test, samples in BATTERY.items()]
    if LONG:
        tests = [("-d", test) for test in (*BATTERY, *LONG_ONLY)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda n: dieharder(order, n << 20, *tests[n]), range(len(tests))))
    return {name: ps for one in found for name, ps in one.items()}


def faults(found):
    """What the rule says against the p-values of a battery; nothing if it is content."""
    against = [f"test {test}: p = {p}" for test, ps in found.items() for p in ps if p < EXTREME]
    every = [p for ps in found.values() for p in ps]
    few, most = sum(p < 0.01 for p in every), stats.binom.isf(1e-4, len(every), 0.01)
    if few > most:
        against.append(f"{few} of {len(every)} p-values below 0.01, at most {most:.0f} allowed")
    return against


@needs_dieharder
@pytest.mark.parametrize("order", ORDERS)
def test_words_pass_a_battery_in_every_order(order):
    found = battery(order)
    print(order, found)
    assert not faults(found), found


@needs_dieharder
@pytest.mark.parametrize("order", POOR)
def test_the_battery_says_no_to_a_poor_generator(order):
    extreme = [fault for fault in faults(battery(order)) if fault.startswith("test")]
    assert len(extreme) >= 3, extreme


def test_as_many_normals_lie_far_out_as_should():
    """Beyond 4, 5 and 6 on either side: exact binomial p-values above a millionth."""
    done = subprocess.run([TOOLS / "tails", str(NORMALS), str(SEED)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    n, *rows = done.stdout.strip().split("\n")
    assert int(n) >= NORMALS
    assert len(rows) == 3
    for row in rows:
        limit, below, above = map(int, row.split())
        expected = stats.norm.sf(limit)
        for count in (below, above):
            print(f"beyond {limit}: {count}, expected {int(n) * expected:.1f}")
            assert stats.binomtest(count, int(n), expected).pvalue > 1e-6
