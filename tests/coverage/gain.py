#!/usr/bin/env python3
"""What Sobol points gain on each deck, as a table: how many independent paths one path in replicates is worth.

    tests/coverage/gain.py TENOR DECK... [--replicates 128] [--paths 524288] [--seed 1]

Runs each deck with --sampling sobol and reads the gains that the result states: the variance of a figure from as many independent
paths over that from the replicates. A gain from R replicates is known to about sqrt(2 / R) of itself.
"""
import argparse
import subprocess
import tempfile
from pathlib import Path

import xarray

FIGURES = (("mean backlog, year 3", "backlog_gain", {"time": 11}), ("mean backlog, year 5", "backlog_gain", {"time": 19}),
           ("mean AWS revenue, year 5", "aws_revenue_gain", {"time": 19}), ("mean NPV", "npv_gain", {}),
           ("CVaR 95 of -NPV", "npv_cvar_gain", {"level": 0}), ("CVaR 99 of -NPV", "npv_cvar_gain", {"level": 1}),
           ("P(default)", "defaulted_gain", {"customer": 0}), ("expected credit loss", "ecl_gain", {"customer": 0}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tenor")
    parser.add_argument("decks", nargs="+")
    parser.add_argument("--replicates", default="128")
    parser.add_argument("--paths", default="524288")
    parser.add_argument("--seed", default="1")
    options = parser.parse_args()
    print("| deck | " + " | ".join(name for name, _, _ in FIGURES) + " |\n|" + "---|" * (len(FIGURES) + 1))
    with tempfile.TemporaryDirectory() as folder:
        for deck in options.decks:
            result = f"{folder}/{Path(deck).stem}.nc"
            subprocess.run([options.tenor, "run", deck, "-o", result, "--quiet", "--sampling", "sobol", "--paths", options.paths, "--seed",
                            options.seed, "--set", f"sampling.replicates={options.replicates}"], check=True)
            with xarray.open_dataset(result) as data:
                gains = [float(data[name].isel(**where)) for _, name, where in FIGURES]
            print(f"| {Path(deck).stem} | " + " | ".join(f"{gain:.1f}" if gain == gain else "" for gain in gains) + " |", flush=True)


if __name__ == "__main__":
    main()
