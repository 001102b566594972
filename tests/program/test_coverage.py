"""Do the 95 % intervals of a deck's figures hold the long-run value? tests/tool/coverage samples the deck with many seeds.

LONG=1 samples 400 seeds of 20,000 paths instead of 100 of 2,000; pytest -s shows the table. Bounds, set beforehand, are the
binomial quantile 1e-4 around a coverage of 0.93 (of 0.90 for the standard deviation and CVaR). Judged are tails that the engine
calls reliable, with 100 values or more beyond; the average over figures says that intervals are not too wide either. An interval
much narrower than its bin of the histogram is not judged: where some per cent of the paths lie within two thousandths of a gigawatt, under
the same limit, their order is known to a bin only (tenor run --exact-quantiles sorts them).
"""
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

TOP = Path(__file__).resolve().parents[2]
TOOL = Path(os.environ.get("TENOR_BUILD", TOP / "build")) / "tests/tool/coverage"
LONG = os.environ.get("LONG", "") not in ("", "0")
SEEDS, PATHS, TRUTH = (400, 20_000, 4_000_000) if LONG else (100, 2_000, 400_000)
METRICS = ("npv", "backlog:19", "ecl", "defaulted", "capacity:19", "default_month")
BASE = TOP / "decks/anthropic-aws.yaml"
UNCERTAIN = f"""include: {BASE}
uncertain:
  - {{key: credit.hazard, law: lognormal, median: 1, sigma: 0.3, scale: true}}
  - {{key: customers.Anthropic.initial_growth, law: normal, mean: 1.1 1/year, sd: 0.1 1/year}}
"""
QUANTILES, LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975, 0.99), (0.95, 0.99, 0.995)
ATOMS = ("default_month",)  # whole months: intervals hold the truth more often than they need to


def measure(deck, paths, truth):
    words = [TOOL, deck, str(SEEDS), str(paths), str(truth), *METRICS]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    head, *rows = [line.split() for line in done.stdout.splitlines()]
    return [dict(zip(head, row[:4] + [float(cell) for cell in row[4:]])) for row in rows]


def tail_values(row, paths):
    """How many values of a sample lie beyond a quantile or tail."""
    index = int(row["index"])
    if row["statistic"] == "quantile":
        return paths * min(QUANTILES[index], 1 - QUANTILES[index])
    return paths * (1 - LEVELS[index]) if row["statistic"] in ("var", "cvar") else np.inf


def is_judged(row, paths):
    width = max(2.0 ** -10, abs(row["truth"]) / 128)  # of a bin, at most
    sorted_in_bins = row["statistic"] in ("quantile", "var", "cvar") and row["metric"] not in ATOMS
    if row["statistic"] in ("exceedance", "by", "never") or row["metric"] == "defaulted":
        return 0.001 <= row["truth"] <= 0.999
    return tail_values(row, paths) > 99 and not (sorted_in_bins and 0 < row["half"] < width / 4)


def check(rows, paths):
    shares, wrong = [], []
    for row in rows:
        share, least = row["covered"] / max(row["seen"], 1), 0.90 if row["statistic"] in ("sd", "cvar") else 0.93
        judged = is_judged(row, paths)
        name = f"{row['metric']}@{row['date']} {row['statistic']}[{row['index']:.0f}]"
        if row["statistic"] != "exceedance":
            print(f"{name:28} {row['truth']:12.5g} +/- {row['half']:8.3g}  {share:.4f}{'' if judged else '  (not judged)'}")
        if judged and (row["seen"] < SEEDS or row["covered"] < stats.binom.ppf(1e-4, SEEDS, least)):
            wrong.append(f"{name}: {row['covered']:.0f} of {row['seen']:.0f}, {SEEDS} seeds")
        if judged and row["half"] > 0 and row["metric"] not in ATOMS:
            shares.append(share)
    print(f"average of {len(shares)}: {np.mean(shares):.4f}")
    assert not wrong, "\n".join(wrong)
    assert len(shares) > 40
    assert 0.93 <= np.mean(shares) <= 0.97


def test_intervals_of_the_base_deck_cover():
    check(measure(BASE, PATHS, TRUTH), PATHS)


@pytest.mark.skipif(not LONG, reason="long form")
def test_intervals_cover_when_blocks_share_uncertain_keys(tmp_path):
    """Thirty blocks, the fewest that are called reliable, the last of them a partial one."""
    (tmp_path / "deck.yaml").write_text(UNCERTAIN)
    paths = 30 * 512 - 300
    check(measure(tmp_path / "deck.yaml", paths, TRUTH // 2), paths)
