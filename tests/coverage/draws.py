#!/usr/bin/env python3
"""Which draws decide: shares of variance of a deck's figures, by exchanging groups of draws between two samples.

    tests/coverage/draws.py BUILD DECK [--paths 20032]

BUILD is a built tree (`make check` builds its tools). A figure f of sample A is held against f of A with one group of draws from sample B.
First-order share 1 - E (f(B) - f(AB))^2 / 2 V, total E (f(A) - f(AB))^2 / 2 V (Jansen, Analysis of variance designs for model output, Computer
Physics Communications 117, 1999). The excess is max(loss - VaR 99 %, 0).
"""
import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import xarray

# Of each group: the variables of the file of draws, and which of their rows (None: all); factors have a row a month and factor.
FACTORS = ("revenue", "growth", "training", "price", "base")
GROUPS = {"regime": {"draw_regime": None}, "extension": {"draw_extension": None}, "default": {"draw_default": None},
          **{name: {"draw_factors": np.s_[i::len(FACTORS)]} for i, name in enumerate(FACTORS)},
          "common delay": {"draw_delay": np.s_[0]}, "disruption": {"draw_disruption": None}}
CONSTANTS = dict.fromkeys(("draw_slip", "draw_yield", "draw_delay", "draw_cancel", "draw_default", "draw_recovery"))
WITHOUT = {"draw_regime": None, "draw_factors": None, "draw_base_growth": None, **CONSTANTS}
GROUPS |= {"regime, factors, path constants, extension and disruption together": {**WITHOUT, "draw_extension": None, "draw_disruption": None},
           "the same without extension and disruption": WITHOUT}
FIGURES = ("backlog, quarter 19", "NPV", "excess of -NPV over VaR99")


def exchanged(a, b, group):
    """The draws `a` with a group of them from `b`."""
    mixed = a.copy()
    for name, rows in group.items():
        rows = np.s_[:] if rows is None else rows
        values = a[name].values.copy()
        values[rows] = b[name].values[rows]
        mixed[name] = (a[name].dims, values)
    return mixed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("deck")
    parser.add_argument("--paths", type=int, default=20032)
    options = parser.parse_args()
    replay = options.build / "tests/tool/replay"
    with tempfile.TemporaryDirectory() as folder:
        file, out = f"{folder}/draws.nc", f"{folder}/out.nc"

        def sample(seed):
            subprocess.run([replay, "sample", options.deck, str(seed), "0", str(options.paths), file], check=True)
            with xarray.open_dataset(file) as draws:
                return draws.load()

        def figures(draws):
            draws.to_netcdf(file)
            subprocess.run([replay, "run", options.deck, file, out], check=True)
            with xarray.open_dataset(out) as data:
                return data["backlog"].values[0, 18], data["npv"].values.reshape(-1)

        def three(backlog, npv, limit):
            return np.stack([backlog, npv, np.maximum(-npv - limit, 0)])

        a, b = sample(1), sample(2)
        of_a, of_b = figures(a), figures(b)
        limit = np.quantile(-of_a[1], 0.99, method="inverted_cdf")
        of_a, of_b = three(*of_a, limit), three(*of_b, limit)
        variance = np.concatenate([of_a, of_b], axis=1).var(axis=1)
        print("| | " + " | ".join(FIGURES) + " |\n" + "|---" * (1 + len(FIGURES)) + "|")
        for name, group in GROUPS.items():
            mixed = three(*figures(exchanged(a, b, group)), limit)
            first = 1 - ((of_b - mixed) ** 2).mean(axis=1) / (2 * variance)
            total = ((of_a - mixed) ** 2).mean(axis=1) / (2 * variance)
            print(f"| {name} | " + " | ".join(f"{s:.2f} / {t:.2f}" for s, t in zip(first, total)) + " |", flush=True)


if __name__ == "__main__":
    main()
