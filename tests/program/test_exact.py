"""Exact quantiles: a second pass over the same paths gives what sorting all values gives."""
import filecmp
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

xarray = pytest.importorskip("xarray")

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
COLUMNS = Path(os.environ.get("TENOR_BUILD", TOP / "build")) / "tests/tool/columns"
DECK = TOP / "decks/portfolio.yaml"
PATHS = int(os.environ.get("EXACT_PATHS", 30_000))
Z = 1.959963984540054


def run(output, *, ranks=1, threads=2, words=(), deck=DECK):
    command = [TENOR, "run", str(deck), "-o", str(output), "--paths", str(PATHS), "--seed", "9", "--threads", str(threads),
               "--quiet", *words]
    done = subprocess.run((["mpirun", "-np", str(ranks)] if ranks > 1 else []) + command, capture_output=True, text=True,
                          timeout=1200)
    assert done.returncode == 0, done.stderr
    return output


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exact")
    run(folder / "exact.nc", words=["--exact-quantiles"])
    run(folder / "plain.nc")
    metrics = ["npv", "backlog:19", "capacity", "default_month", "ecl", "exposure:39", "customer_cash:19"]
    subprocess.run([COLUMNS, str(DECK), "9", str(PATHS), str(folder / "columns.nc"), *metrics], check=True)
    return folder


def order_statistic(sorted_values, rank):
    return sorted_values[int(rank) - 1] if 1 <= rank <= len(sorted_values) else np.nan


def expected(values, p):
    """Order statistic ceil(pN) of the values and the ends of its interval; what is infinite or outside the sample is missing."""
    n, centre = len(values), len(values) * p
    half = Z * np.sqrt(centre * (1 - p))
    ranks = min(max(np.ceil(centre - 1e-9), 1), n), np.floor(centre - half), np.ceil(centre + half)
    found = np.array([order_statistic(np.sort(values), rank) for rank in ranks])
    return np.where(np.isfinite(found), found, np.nan) if np.isfinite(found[0]) else np.full(3, np.nan)


def places(data, columns, metric, date):
    """(values of every path, what selects them in the result) for each item of a metric at a date."""
    values = columns[metric].values
    at = {"time": date} if "time" in data[f"{metric}_quantile"].dims else {}
    for item in range(values.shape[0]):
        where = at | ({"customer": item} if "customer" in data[f"{metric}_quantile"].dims else {})
        yield values[item, date if values.shape[1] > 1 else 0], where


@pytest.mark.parametrize("metric,date", [("npv", 0), ("backlog", 19), ("capacity", 7), ("capacity", 39), ("default_month", 0),
                                         ("ecl", 0), ("exposure", 39), ("customer_cash", 19)])
def test_quantiles_and_their_intervals_equal_sorting(folder, metric, date):
    with xarray.open_dataset(folder / "exact.nc") as data, xarray.open_dataset(folder / "columns.nc") as columns:
        for values, where in places(data, columns, metric, date):
            for i, p in enumerate(data["quantile"].values):
                found = [float(data[f"{metric}_quantile{end}"].isel(quantile=i, **where)) for end in ("", "_lo", "_hi")]
                np.testing.assert_array_equal(found, expected(values, p), err_msg=f"{metric} {where} {p}")


def test_value_at_risk_equals_sorting(folder):
    with xarray.open_dataset(folder / "exact.nc") as data, xarray.open_dataset(folder / "columns.nc") as columns:
        loss = -columns["npv"].values[0, 0]
        for i, p in enumerate(data["level"].values):
            found = [float(data[f"npv_var{end}"][i]) for end in ("", "_lo", "_hi")]
            np.testing.assert_array_equal(found, expected(loss, p))


def test_the_histograms_quantiles_are_near_the_exact_ones(folder):
    """Interpolation inside a bin of 1/128 of an octave; what the plain result promises."""
    with xarray.open_dataset(folder / "exact.nc") as exact, xarray.open_dataset(folder / "plain.nc") as plain:
        for name in ("npv", "backlog", "capacity", "exposure"):
            a, b = exact[f"{name}_quantile"].values, plain[f"{name}_quantile"].values
            assert np.nanmax(np.abs(a - b) / np.maximum(np.abs(a), 0.125)) < 0.008
            assert np.nanmax(np.abs(a - b)) > 0


def test_bytes_do_not_depend_on_ranks_and_threads(folder, tmp_path):
    other = run(tmp_path / "other.nc", ranks=3, threads=1, words=["--exact-quantiles"])
    assert filecmp.cmp(folder / "exact.nc", other, shallow=False)


def test_a_single_path_and_atoms_have_exact_quantiles(tmp_path):
    done = subprocess.run([TENOR, "run", str(TOP / "decks/no-deal.yaml"), "-o", str(tmp_path / "one.nc"), "--paths", "1", "--quiet",
                           "--exact-quantiles"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with xarray.open_dataset(tmp_path / "one.nc") as data:
        np.testing.assert_array_equal(data["npv_quantile"], np.full(8, data["npv_mean"]))
        np.testing.assert_array_equal(data["backlog_quantile"], 0)
