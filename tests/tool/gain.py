"""python3 gain.py COLUMNS DECK POINTS REPLICATES [SEED]: what Sobol points gain on a deck.

For some results of one path, the variance of a replicate's estimate on Sobol points and that of as many plain paths,
each from REPLICATES replicates, and their ratio: how many times more paths a plain run needs. Ratios of R replicates
each scatter by about sqrt(4 / R). COLUMNS is the program tests/tool/columns of a build.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from netCDF4 import Dataset


def cvar99(values):
    """Mean of the largest hundredth of each row; the order statistic at its edge counts in part."""
    rows = np.sort(values, axis=1)
    n = rows.shape[1]
    edge = rows[:, [int(np.ceil(0.99 * n)) - 1]]
    return edge[:, 0] + np.maximum(rows - edge, 0.0).mean(axis=1) / 0.01


RESULTS = [  # name, metric and date of tests/tool/columns, estimate of a replicate (from [replicate, path])
    ("mean backlog, quarter 19", "backlog:19", lambda x: x.mean(axis=1)),
    ("median backlog, quarter 19", "backlog:19", lambda x: np.median(x, axis=1)),
    ("mean backlog, quarter 31", "backlog:31", lambda x: x.mean(axis=1)),
    ("mean revenue of AWS, quarter 19", "aws_revenue:19", lambda x: x.mean(axis=1)),
    ("mean NPV", "npv", lambda x: x.mean(axis=1)),
    ("P(NPV < 0)", "npv", lambda x: (x < 0).mean(axis=1)),
    ("CVaR99 of -NPV", "npv", lambda x: cvar99(-x)),
]


def sample(program, deck, seed, points, replicates, folder):
    out = Path(folder) / "columns.nc"
    metrics = sorted({metric for _, metric, _ in RESULTS})
    found = {}
    for metric in metrics:  # one at a time: a metric may be wanted at several dates
        subprocess.run([program, deck, seed, str(points * replicates), str(out), metric], check=True)
        with Dataset(out) as data:
            found[metric] = data[metric.split(":")[0]][0, 0].filled().reshape(replicates, points)
    return found


def main():
    program, deck, points, replicates = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    seed = sys.argv[5] if len(sys.argv) > 5 else "1"
    with tempfile.TemporaryDirectory() as folder:
        plain = sample(program, deck, seed, points, replicates, folder)
        sobol = sample(program, deck, f"{seed}:{points}", points, replicates, folder)
    print(f"{'':33}{'plain':>22}{'Sobol':>24}{'ratio':>9}")
    for name, metric, estimate in RESULTS:
        a, b = estimate(plain[metric]), estimate(sobol[metric])
        print(f"{name:33}" + "".join(f"{x.mean():12.5g} +- {x.std(ddof=1) / replicates**0.5:<8.2g}" for x in (a, b))
              + f"{a.var(ddof=1) / b.var(ddof=1):8.2f}")


if __name__ == "__main__":
    main()
