"""tenor compare: two decks on the same paths, and the distribution of what differs."""
import filecmp
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import xarray
from netCDF4 import Dataset

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TENOR_BUILD", TOP / "build"))
TENOR, COLUMNS = BUILD / "engine/tenor", BUILD / "tests/tool/columns"
BASE, OTHER, SEED, PATHS = TOP / "decks/anthropic-aws.yaml", TOP / "decks/no-deal.yaml", 3, 20_000
METRICS = ("npv", "capex_total", "revenue_total", "backlog", "capacity", "defaulted")


def compare(*words, cwd=None, ranks=1):
    command = [TENOR, "compare", *map(str, words)]
    if ranks > 1:
        command = ["mpirun", "-np", str(ranks), *command]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    done = compare(BASE, OTHER, "-o", folder / "out.nc", "--paths", PATHS, "--seed", SEED, "--quiet")
    assert done.returncode == 0, done.stderr
    for name, deck in (("first", BASE), ("second", OTHER)):
        subprocess.run([COLUMNS, deck, str(SEED), str(PATHS), folder / f"{name}.nc", *METRICS], check=True)
    return folder


@pytest.fixture(scope="module")
def data(folder):
    with xarray.open_dataset(folder / "out.nc") as data:
        return data.load()


def raw(folder, side, name):
    """(path, date, item)"""
    with Dataset(folder / f"{side}.nc") as columns:
        columns.set_auto_mask(False)
        return columns[name][:].transpose(2, 1, 0)


@pytest.mark.parametrize("name", METRICS)
def test_differences_are_those_of_the_paths(folder, data, name):
    first, second = raw(folder, "first", name), raw(folder, "second", name)
    difference = first - second
    shape, n = difference.shape[1:], len(difference)
    share = name == "defaulted"
    mean = data[name + ("_difference" if share else "_difference_mean")].values.reshape(shape)
    np.testing.assert_allclose(mean, difference.mean(axis=0), rtol=1e-10, atol=1e-12)
    error = data[name + "_difference_se"].values.reshape(shape)
    np.testing.assert_allclose(error, difference.std(axis=0, ddof=1) / np.sqrt(n), rtol=1e-9, atol=1e-12)
    for side, values in (("first", first), ("second", second)):
        np.testing.assert_allclose(data[f"{name}_{side}"].values.reshape(shape), values.mean(axis=0), rtol=1e-11, atol=1e-12)
    unpaired = np.sqrt((first.var(axis=0, ddof=1) + second.var(axis=0, ddof=1)) / n)
    np.testing.assert_allclose(data[name + "_difference_unpaired_se"].values.reshape(shape), unpaired, rtol=1e-9, atol=1e-12)
    if share:
        return
    ratio, spread = data[name + "_difference_variance_ratio"].values.reshape(shape), difference.std(axis=0, ddof=1)
    np.testing.assert_allclose(ratio[spread > 1e-9], (unpaired ** 2 * n / spread ** 2)[spread > 1e-9], rtol=1e-7)
    positive = data[name + "_difference_positive"].values.reshape(shape)
    known = ~np.isnan(positive)
    assert known.any()
    np.testing.assert_allclose(positive[known], (difference >= 2.0 ** -10).mean(axis=0)[known], rtol=1e-12)
    median = data[name + "_difference_quantile"].sel(quantile=0.5).values.reshape(shape)
    exact = np.sort(difference, axis=0)[n // 2 - 1]
    known = ~np.isnan(median)
    assert (np.abs(median - exact) <= np.maximum(2.0 ** -10, np.abs(exact) / 128))[known].all()


def test_pairing_pays(data):
    """What the deal adds is known far better on the same paths."""
    for name in ("capex_total", "aws_revenue", "npv"):
        paired, unpaired = data[name + "_difference_se"], data[name + "_difference_unpaired_se"]
        assert float((paired / unpaired).max()) < 0.75, name
    assert float(data["capex_total_difference_se"] / data["capex_total_difference_unpaired_se"]) < 0.2


def test_a_deck_does_not_differ_from_itself(tmp_path):
    assert compare(BASE, BASE, "-o", tmp_path / "same.nc", "--paths", 2000, "--quiet").returncode == 0
    with xarray.open_dataset(tmp_path / "same.nc") as same:
        for name in same:
            if name.endswith(("_difference_mean", "_difference_sd", "_difference_se", "_difference_positive")):
                assert (same[name].fillna(0) == 0).all(), name


def test_order_changes_the_sign(tmp_path, data):
    assert compare(OTHER, BASE, "-o", tmp_path / "swap.nc", "--paths", PATHS, "--seed", SEED, "--quiet").returncode == 0
    with xarray.open_dataset(tmp_path / "swap.nc") as swapped:
        np.testing.assert_allclose(swapped["npv_difference_mean"], -data["npv_difference_mean"], rtol=1e-12)
        np.testing.assert_allclose(swapped["npv_difference_sd"], data["npv_difference_sd"], rtol=1e-9)
        assert swapped.attrs["second_deck"] == data.attrs["deck"] == "anthropic-aws"


@pytest.mark.parametrize("ranks, threads", [(1, 2), (2, 1), (3, 2)])
def test_bytes_do_not_depend_on_ranks_and_threads(folder, tmp_path, ranks, threads):
    done = compare(BASE, OTHER, "-o", tmp_path / "out.nc", "--paths", PATHS, "--seed", SEED, "--threads", threads, "--quiet",
                   ranks=ranks)
    assert done.returncode == 0, done.stderr
    assert filecmp.cmp(folder / "out.nc", tmp_path / "out.nc", shallow=False)


def test_the_table_and_the_default_name(tmp_path):
    done = compare(BASE, OTHER, "--paths", 2000, cwd=tmp_path)
    assert done.returncode == 0 and "anthropic-aws minus no-deal" in done.stdout and "unpaired" in done.stdout
    assert (tmp_path / "out/anthropic-aws-minus-no-deal.nc").exists()
    shown = subprocess.run([TENOR, "show", tmp_path / "out/anthropic-aws-minus-no-deal.nc"], capture_output=True, text=True)
    assert shown.stdout == done.stdout


def test_one_deck_is_compared_with_a_change_of_itself(tmp_path):
    """What a limit costs: the deck with the limit lifted, on the same paths."""
    done = compare(BASE, BASE, "--set-second", "build.capacity_cap=unlimited", "--set-second",
                   "customers.Anthropic.capacity_limit=unlimited", "-o", tmp_path / "cap.nc", "--paths", 4000, "--quiet")
    assert done.returncode == 0, done.stderr
    with xarray.open_dataset(tmp_path / "cap.nc") as data:
        assert float(data["revenue_total_difference_mean"][0]) < 0 < float(data["revenue_total_difference_se"][0])
    (tmp_path / "free.yaml").write_text(f"include: {BASE}\nbuild: {{capacity_cap: unlimited}}\n"
                                        "customers: {Anthropic: {capacity_limit: unlimited}}\n")
    assert compare(BASE, tmp_path / "free.yaml", "-o", tmp_path / "file.nc", "--paths", 4000, "--quiet").returncode == 0
    with xarray.open_dataset(tmp_path / "cap.nc") as a, xarray.open_dataset(tmp_path / "file.nc") as b:
        np.testing.assert_array_equal(a["npv_difference_mean"], b["npv_difference_mean"])


@pytest.mark.parametrize("words, message", [
    ((BASE,), "two decks"), ((BASE, OTHER, BASE), "two decks"), ((BASE, "missing.yaml"), "missing.yaml"),
    ((BASE, TOP / "decks/portfolio.yaml"), "1 and 3 customers")])
def test_what_cannot_be_compared_is_refused(tmp_path, words, message):
    done = compare(*words, "-o", "out.nc", "--paths", 600, cwd=tmp_path)
    assert done.returncode == 2 and message in done.stderr and not list(tmp_path.iterdir())


def test_customers_of_other_names_are_refused(tmp_path):
    done = compare(BASE, BASE, "--set-second", "customers.Anthropic.name=Somebody", "-o", "out.nc", cwd=tmp_path)
    assert done.returncode == 2 and "Somebody" in done.stderr and not list(tmp_path.iterdir())


def test_decks_of_other_lengths_are_refused(tmp_path):
    (tmp_path / "short.yaml").write_text(f"include: {BASE}\ntime:\n  horizon: 50 months\n")
    done = compare(BASE, "short.yaml", "-o", "out.nc", cwd=tmp_path)
    assert done.returncode == 2 and "120 and 50 months" in done.stderr
