#!/usr/bin/env python3
"""Does the interval of a run that stopped by itself cover as that of a run whose size was fixed beforehand?

    tests/coverage/until.py TENOR DECK [--target npv.cvar99:2%] [--seeds 400] [--fixed 65536] [--truth-paths 2e7]

Runs the deck with --until for many seeds, and once long for the value that the intervals should cover (the long run's own error
is added to each interval's). Every run also looks at --fixed paths, whatever it does afterwards: that look is the run of fixed
size, on the same paths. Prints both coverages with their binomial errors and the difference with that of pairs.
"""
import argparse
import concurrent.futures
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

Z = 1.959963984540054


def run(program, deck, output, *words):
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    done = subprocess.run([program, "run", deck, "-o", output, "--quiet", *words], capture_output=True, text=True, env=environment)
    if done.returncode not in (0, 3):
        sys.exit(done.stderr)
    return json.loads(Path(output).with_suffix(".run.json").read_text())["looks"]


def one(program, deck, target, seed, fixed):
    """(look at the fixed size, look at which it stopped), each (paths, value, half-width)."""
    with tempfile.TemporaryDirectory() as folder:
        looks = run(program, deck, f"{folder}/out.nc", "--until", target, "--seed", str(seed))
    plain = [(look["paths"], look["figures"][0]["value"], look["figures"][0]["half_width"]) for look in looks]
    return next((look for look in plain if look[0] == fixed), None), plain[-1]


def covers(look, truth, truth_half):
    return abs(look[1] - truth) <= math.hypot(look[2], truth_half)


def share(hits):
    p = sum(hits) / len(hits)
    return p, math.sqrt(p * (1 - p) / len(hits))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tenor")
    parser.add_argument("deck")
    parser.add_argument("--target", default="npv.cvar99:2%")
    parser.add_argument("--seeds", type=int, default=400)
    parser.add_argument("--fixed", type=int, default=65536)
    parser.add_argument("--truth-paths", default="2e7")
    options = parser.parse_args()
    figure = options.target.split(":")[0]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        stops = list(pool.map(lambda seed: one(options.tenor, options.deck, options.target, seed, options.fixed),
                              range(1000, 1000 + options.seeds)))
        last = run(options.tenor, options.deck, f"{folder}/truth.nc", "--until", f"{figure}:0.0000001%", "--paths", options.truth_paths,
                   "--seed", "999", "--threads", str(os.cpu_count()))[-1]
    truth, half = last["figures"][0]["value"], last["figures"][0]["half_width"]
    both = [(fixed, stop) for fixed, stop in stops if fixed is not None]
    stopped, fixed = [covers(stop, truth, half) for _, stop in both], [covers(look, truth, half) for look, _ in both]
    differences = [a - b for a, b in zip(stopped, fixed)]
    mean = sum(differences) / len(differences)
    error = math.sqrt(sum((d - mean) ** 2 for d in differences) / (len(differences) - 1) / len(differences))
    sizes = sorted(stop[0] for _, stop in both)
    print(f"{figure}: {truth:.5g} +/- {half:.2g} after {last['paths']} paths")
    print(f"{len(both)} seeds; stopped after {sizes[0]} to {sizes[-1]} paths, median {sizes[len(sizes) // 2]}")
    print("coverage when stopped by the target: {:.3f} +/- {:.3f}".format(*share(stopped)))
    print(f"coverage at {options.fixed} paths:          " + "{:.3f} +/- {:.3f}".format(*share(fixed)))
    print(f"difference of pairs:                 {mean:+.3f} +/- {error:.3f} (standard errors)")


if __name__ == "__main__":
    main()
