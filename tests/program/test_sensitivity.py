"""tenor sensitivity: which uncertain key moves a result, and how much."""
import filecmp
import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import xarray
from netCDF4 import Dataset

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TENOR_BUILD", TOP / "build"))
TENOR, TOOL = os.environ.get("TENOR", BUILD / "engine/tenor"), BUILD / "tests/tool"
BASE, TIED, QUIET = TOP / "decks/anthropic-aws.yaml", TOP / "tests/decks/uncertain.yaml", TOP / "tests/decks/quiet.yaml"
SEED, PATHS, SWUNG, BLOCK, METRICS = 5, 32_768, 8192, 512, ("npv", "backlog@year5", "customer_cash.Anthropic@24")
LAWS = {  # three keys that are not tied; the last moves neither backlog nor cash
    "customers.Anthropic.contract_price": ("uniform, low: 6.5 {u}, high: 8 {u}", "billion USD/GW/year"),
    "customers.Anthropic.initial_growth": ("normal, mean: 1.1 {u}, sd: 0.2 {u}", "1/year"),
    "relet.discount": ("triangular, low: 0 {u}, mode: 0.05 {u}, high: 0.2 {u}", ""),
}
KEYS = list(LAWS)


def tenor(*words, ranks=1, threads=2, cwd=None, **environment):
    command = [TENOR, *map(str, words)]
    if ranks > 1:
        command = ["mpirun", "-np", str(ranks), *command]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=cwd,
                          env={**os.environ, "OMP_NUM_THREADS": str(threads), **environment})


def write(folder, laws=LAWS, name="three.yaml", more=""):
    lines = [f"  - {{key: {key}, law: {law.format(u=unit)}}}\n" for key, (law, unit) in laws.items()]
    (folder / name).write_text(f"include: {BASE}\nname: three\nuncertain:\n{''.join(lines)}{more}")
    return folder / name


def sensitivity(deck, out, *words, **how):
    metrics = [word for metric in METRICS for word in ("--metric", metric)]
    return tenor("sensitivity", deck, "-o", out, "--paths", PATHS, "--swing-paths", SWUNG, "--seed", SEED, *metrics, *words, **how)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sensitivity")
    done = sensitivity(write(folder), folder / "out.nc", "--total")
    assert done.returncode == 0, done.stderr
    (folder / "table.txt").write_text(done.stdout)
    return folder


@pytest.fixture(scope="module")
def data(folder):
    with xarray.open_dataset(folder / "out.nc") as data:
        return data.load().assign_coords(key=KEYS, metric=list(METRICS))


@pytest.fixture(scope="module")
def blocks(folder):
    """Drawn keys [key, block]; block means and the variances of them [metric, block], from the paths as they are."""
    deck, n = folder / "three.yaml", PATHS // BLOCK
    done = subprocess.run([TOOL / "drawn", deck, str(SEED), str(n)], capture_output=True, text=True, check=True)
    head, *rows = done.stdout.strip().split("\n")
    table = dict(zip(head.split(","), np.array([[float(cell) for cell in row.split(",")] for row in rows]).T))
    subprocess.run([TOOL / "columns", deck, str(SEED), str(PATHS), folder / "columns.nc", "npv", "backlog:19", "customer_cash:7"], check=True)
    with Dataset(folder / "columns.nc") as columns:
        columns.set_auto_mask(False)
        paths = np.array([columns[name][0, 0] for name in ("npv", "backlog", "customer_cash")]).reshape(3, n, BLOCK)
    return np.array([table[key] for key in KEYS]), paths.mean(axis=2), paths.var(axis=2, ddof=1) / BLOCK


# ---- differences

def test_keys_stand_at_quantiles_of_their_laws(data):
    np.testing.assert_allclose(data["key_value"], [[6.65, 7.85], [1.1 - 0.2 * 1.2815515655446, 1.1 + 0.2 * 1.2815515655446],
                                                   [np.sqrt(0.1 * 0.2 * 0.05), 0.2 - np.sqrt(0.1 * 0.2 * 0.15)]], rtol=1e-9)
    np.testing.assert_allclose(data["key_middle"], [7.25, 1.1, 0.2 - np.sqrt(0.5 * 0.2 * 0.15)], rtol=1e-9)
    assert data["swing_quantile"].values.tolist() == [0.1, 0.9]


@pytest.mark.parametrize("swing", [0, 1])
@pytest.mark.parametrize("key", KEYS)
def test_a_difference_is_that_of_two_decks_on_the_same_paths(tmp_path, data, key, swing):
    """As tenor compare has it, with the keys set by hand: all figures and their paired errors."""
    def text(name, value):
        return f"{name}={value!r} {LAWS[name][1]}".strip()

    middle = [word for name, value in zip(KEYS, data["key_middle"].values) for word in ("--set", text(name, float(value)))]
    moved = text(key, float(data["key_value"].sel(key=key)[swing]))
    done = tenor("compare", BASE, BASE, "-o", tmp_path / "out.nc", "--paths", SWUNG, "--seed", SEED, "--quiet", *middle,
                 "--set-second", moved)
    assert done.returncode == 0, done.stderr
    name = ("low", "high")[swing] + "_difference"
    with xarray.open_dataset(tmp_path / "out.nc") as pair:
        for metric, at in zip(METRICS, (pair.isel(time=0), pair.isel(time=19), pair.isel(time=7, customer=0))):
            stem = re.split("[.@]", metric)[0]
            wanted, error = -at[f"{stem}_difference_mean"].item(), at[f"{stem}_difference_se"].item()
            mine = data.sel(key=key, metric=metric)
            np.testing.assert_allclose(mine[name], wanted, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(mine[name + "_se"], error, rtol=1e-6, atol=1e-12)
            np.testing.assert_allclose(mine["base"], at[f"{stem}_first"], rtol=1e-11)
            np.testing.assert_allclose(mine["base_se"], at[f"{stem}_first_se"], rtol=1e-9)


def test_pairing_pays(data):
    """The mean difference that the price makes is known far better than the mean itself."""
    price = data.sel(key=KEYS[0], metric="npv")
    assert price["high_difference_se"] < 0.6 * price["base_se"] and abs(price["high_difference"]) > 100 * price["high_difference_se"]


def test_fewer_paths_for_differences_are_the_first_ones(tmp_path, folder, data):
    sensitivity(folder / "three.yaml", tmp_path / "few.nc", "--swing-paths", 5000, "--quiet")
    tenor("sensitivity", folder / "three.yaml", "-o", tmp_path / "short.nc", "--paths", 5000, "--seed", SEED, "--quiet",
          *[word for metric in METRICS for word in ("--metric", metric)])
    with xarray.open_dataset(tmp_path / "few.nc") as few, xarray.open_dataset(tmp_path / "short.nc") as short:
        assert few["swing_paths"] == short["swing_paths"] == short["paths"] == 5120 and few["paths"] == PATHS
        for name in ("base", "low_difference", "high_difference_se"):
            np.testing.assert_array_equal(few[name], short[name])
        np.testing.assert_array_equal(few["first_order"], data["first_order"])
        assert np.isnan(short["first_order"]).all() and (short["first_order_grey"] == 1).all()  # of ten blocks


@pytest.fixture(scope="module")
def bars(tmp_path_factory):
    """Lengths of the bars [seed, metric, key] of twenty keys."""
    folder, bars = tmp_path_factory.mktemp("bars"), []
    for seed in (1, 2, 3):
        done = tenor("sensitivity", TOP / "tests/decks/twenty.yaml", "-o", folder / f"{seed}.nc", "--paths", 4096, "--seed", seed, "--quiet")
        assert done.returncode == 0, done.stderr
        with xarray.open_dataset(folder / f"{seed}.nc") as data:
            ends = np.array([data["low_difference"], data["high_difference"], 0 * data["low_difference"]])
        bars.append(ends.max(axis=0) - ends.min(axis=0))
    return np.array(bars)


def test_drivers_are_ranked_alike_by_every_seed(bars):
    """The first four of twenty, and the rank correlation of all of them, on few paths."""
    from scipy.stats import spearmanr
    assert bars.shape == (3, 2, 20)
    for metric in range(2):
        order = np.argsort(-bars[:, metric], axis=1, kind="stable")
        assert (order[:, :4] == order[0, :4]).all()
        assert min(spearmanr(bars[0, metric], bars[i, metric]).statistic for i in (1, 2)) > 0.95


# ---- shares of variance

def variance_of(means, noises):
    return means.var(ddof=1) - noises.mean()


def test_the_variance_is_that_between_blocks_less_the_paths_own(data, blocks):
    _, means, noises = blocks
    for m in range(len(METRICS)):
        np.testing.assert_allclose(data["parameter_variance"][m], variance_of(means[m], noises[m]), rtol=1e-9)
        np.testing.assert_allclose(data["mean"][m], means[m].mean(), rtol=1e-11)
        np.testing.assert_allclose(data["mean_se"][m], means[m].std(ddof=1) / np.sqrt(means.shape[1]), rtol=1e-9)


def test_first_orders_are_those_of_a_regression(data, blocks):
    """Least squares with the residuals' part taken out, by NumPy's QR; 64 blocks: a parabola."""
    values, means, noises = blocks
    n = means.shape[1]
    for m in range(len(METRICS)):
        for k in range(len(KEYS)):
            basis, _ = np.linalg.qr(np.vander(values[k] - values[k].mean(), 3, increasing=True))
            fitted, leverage = basis @ (basis.T @ means[m]), (basis ** 2).sum(axis=1)
            noise = ((leverage - 1 / n) * (means[m] - fitted) ** 2 / (1 - leverage)).sum()
            part = (((fitted - means[m].mean()) ** 2).sum() - noise) / (n - 1)
            np.testing.assert_allclose(data["first_order"][m, k], part / variance_of(means[m], noises[m]), rtol=1e-7, atol=1e-10)


def test_a_key_alone_decides_everything(tmp_path):
    """First and total order of the only key are 1, within their own errors; total errors are honest: of three seeds none is 4 away."""
    deck = write(tmp_path, {KEYS[0]: LAWS[KEYS[0]]})
    for seed in (1, 2, 3):
        done = tenor("sensitivity", deck, "-o", tmp_path / f"{seed}.nc", "--paths", 65536, "--swing-paths", 512, "--seed", seed, "--total", "--quiet")
        assert done.returncode == 0, done.stderr
        with xarray.open_dataset(tmp_path / f"{seed}.nc") as data:
            for name in ("first_order", "total"):
                value, error = data[name].values, data[name + "_se"].values
                assert (np.abs(value - 1) < 4 * error).all() and (error < 0.25).all() and (data[name + "_grey"] == 0).all()


def test_what_a_key_cannot_move_is_zero_and_grey(data):
    """The discount of re-letting moves no backlog on any path; its first order is not 0 by chance, and grey."""
    idle = data.sel(key=KEYS[2], metric="backlog@year5")
    for name in ("low_difference", "high_difference", "total"):
        assert idle[name] == 0 and idle[name + "_se"] == 0 and idle[name + "_grey"] == 1
    assert idle["first_order_grey"] == 1 and idle["first_order"] != 0


@pytest.mark.parametrize("name", ["low_difference", "high_difference", "first_order", "total"])
def test_grey_is_what_its_interval_says(data, name):
    low, high = data[name + "_lo"].values, data[name + "_hi"].values
    share = name in ("first_order", "total")
    np.testing.assert_array_equal(data[name + "_grey"], (low <= 0) & (share | (high >= 0)))
    error = data[name + "_se"].values
    half = (high - low)[error > 0] / 2 / error[error > 0]
    np.testing.assert_allclose(half, 1.99834 if share else 1.96, rtol=3e-4)  # Student's, 63 degrees
    assert 0 < data[name + "_grey"].sum() < data[name + "_grey"].size


def test_what_ties_carry_is_in_first_orders_and_not_in_totals(tmp_path):
    """The lag of re-letting moves no backlog, but is tied to the price, which does."""
    done = tenor("sensitivity", TIED, "-o", tmp_path / "out.nc", "--paths", 65536, "--swing-paths", 512, "--metric", "backlog@year5", "--total", "--quiet")
    assert done.returncode == 0, done.stderr
    with xarray.open_dataset(tmp_path / "out.nc") as data:
        keys = [str(key) for key in data["key"].values]
        lag = data.isel(key=keys.index("relet.lag"), metric=0)
        assert lag["first_order_lo"] > 0.2 and lag["total"] == 0 and lag["high_difference"] == 0


# ---- one result

def test_ranks_threads_and_instruction_sets_change_no_byte(tmp_path, folder):
    for name, how in {"ranks": {"ranks": 3, "threads": 1}, "thread": {"threads": 1}, "many": {"ranks": 2, "threads": 3},
                      "baseline": {"TENOR_ISA": "baseline"} if os.uname().machine == "x86_64" else {}}.items():
        few = ("--paths", 5 * BLOCK, "--swing-paths", 3 * BLOCK, "--quiet", "--total") if name == "baseline" else ("--quiet", "--total")
        done = sensitivity(folder / "three.yaml", tmp_path / f"{name}.nc", *few, **how)
        assert done.returncode == 0, done.stderr
        if name == "baseline":
            sensitivity(folder / "three.yaml", tmp_path / "few.nc", *few)
            assert filecmp.cmp(tmp_path / "baseline.nc", tmp_path / "few.nc", shallow=False)
        else:
            assert filecmp.cmp(tmp_path / f"{name}.nc", folder / "out.nc", shallow=False), name


def test_the_table_is_the_file(folder, data):
    """Every number of the table, keys in falling order of their bars."""
    text = (folder / "table.txt").read_text()
    assert max(map(len, text.split("\n"))) <= 120
    assert tenor("show", folder / "out.nc").stdout == text
    for metric in METRICS:
        lines = text.split(f"\n{metric}: ")[1].split("\n\n")[0].split("\n")[5:5 + len(KEYS)]
        mine = data.sel(metric=metric)
        bars = [max(low, high, 0) - min(low, high, 0) for low, high in zip(mine["low_difference"].values, mine["high_difference"].values)]
        assert [line.split()[0] for line in lines] == [KEYS[k][:38] for k in np.argsort(bars, kind="stable")[::-1]]
        for line in lines:
            name, *cells = line.split()
            row = mine.sel(key=next(key for key in KEYS if key.startswith(name)))
            for i, figure in enumerate(("low_difference", "high_difference", "first_order", "total")):
                assert abs(float(cells[2 * i].rstrip("~")) - row[figure].item()) <= 0.5e-3 * max(1, abs(row[figure].item()))
                assert cells[2 * i].endswith("~") == bool(row[figure + "_grey"])
                half = (row[figure + "_hi"] - row[figure + "_lo"]).item() / 2
                assert abs(float(cells[2 * i + 1]) - half) <= 0.5e-3 * max(1, half)


def test_json_is_the_file(folder, data):
    done = tenor("show", folder / "out.nc", "--json")
    shown = json.loads(done.stdout)
    assert shown["attributes"]["tenor_kind"] == "sensitivity" and shown["attributes"]["seed"] == str(SEED)
    assert shown["variables"]["key"]["values"] == KEYS and shown["variables"]["metric"]["values"] == list(METRICS)
    assert shown["variables"]["key_unit"]["values"] == [LAWS[KEYS[0]][1], "1/year", "1"]
    assert shown["variables"]["metric_unit"]["values"] == ["billion USD"] * 3
    for name in ("base", "low_difference", "first_order_se", "total_grey", "key_value"):
        np.testing.assert_array_equal(np.array(shown["variables"][name]["values"], float), data[name].values)
    assert re.fullmatch("[0-9a-f]{64}\n", tenor("show", folder / "out.nc", "--digest").stdout)


def test_the_default_is_npv_and_backlog_into_the_folder_out(tmp_path):
    done = tenor("sensitivity", write(tmp_path), "--paths", 512, "--json", cwd=tmp_path)
    assert done.returncode == 0 and "want at least 32768 paths" in done.stderr
    shown = json.loads(done.stdout)["variables"]
    assert shown["metric"]["values"] == ["npv", "backlog@year5"] and "total" not in shown
    assert shown["first_order"]["values"][0] == [None] * 3
    assert (tmp_path / "out/three-sensitivity.nc").is_file()
    record = json.loads((tmp_path / "out/three-sensitivity.run.json").read_text())
    assert record["paths"] == 512 and record["command"][:2] == ["tenor", "sensitivity"]
    again = tenor("sensitivity", tmp_path / "three.yaml", "--paths", 512, "--quiet", cwd=tmp_path)
    assert again.returncode == 2 and "exists" in again.stderr
    assert tenor("sensitivity", tmp_path / "three.yaml", "--paths", 512, "--quiet", "--force", cwd=tmp_path).returncode == 0


def test_a_short_deck_has_its_backlog_at_the_horizon(tmp_path):
    done = tenor("sensitivity", write(tmp_path), "--paths", 512, "--set", "time.horizon=24 months", "-o", tmp_path / "o.nc", "--json")
    assert json.loads(done.stdout)["variables"]["metric"]["values"] == ["npv", "backlog@24"]


def test_it_is_no_sample_to_go_on_with(tmp_path, folder):
    for words in (("merge", folder / "out.nc", "-o", tmp_path / "m.nc"), ("extend", folder / "out.nc", "--paths", "1e6")):
        done = tenor(*words)
        assert done.returncode == 6 and "tenor sensitivity holds no paths" in done.stderr


# ---- what is refused

REFUSED = {
    "no law": ([QUIET], "no key is uncertain"),
    "no deck": ([], "one deck is wanted"),
    "two decks": (["DECK", "DECK"], "one deck is wanted"),
    "a missing deck": (["nowhere.yaml"], "nowhere.yaml"),
    "an unknown option": (["DECK", "--shard", "1/2"], "unknown option `--shard`"),
    "an option without its value": (["DECK", "--metric"], "a value is wanted after `--metric`"),
    "an unknown metric": (["DECK", "--metric", "npw"], "--metric npw: there is no metric `npw`"),
    "an unknown metric with a date": (["DECK", "--metric", "backlgo@60"], "--metric backlgo@60: there is no metric `backlgo`; did you mean `backlog`?"),
    "no date": (["DECK", "--metric", "backlog"], "backlog@year5 for the end of year 5"),
    "a date beyond the horizon": (["DECK", "--metric", "backlog@year11"], "a date within 120 months"),
    "no end of a quarter": (["DECK", "--metric", "backlog@61"], "the month in which a quarter ends"),
    "a date in words": (["DECK", "--metric", "backlog@soon"], "wants a date"),
    "a date of what has none": (["DECK", "--metric", "npv@60"], "one value a path, no date"),
    "an item of what has none": (["DECK", "--metric", "npv.Anthropic"], "it has no `Anthropic`"),
    "no item": (["DECK", "--metric", "regime_share@60"], "with a name of: boom, plateau, winter"),
    "an unknown item": (["DECK", "--metric", "ecl.Mistral"], "with a name of: Anthropic"),
    "a date that may never come": (["DECK", "--metric", "payback"], "no mean over all paths"),
    "a metric twice": (["DECK", "--metric", "backlog@year5", "--metric", "backlog@60"], "asked for twice"),
    "an empty date": (["DECK", "--metric", "backlog@"], "wanted METRIC[.ITEM][@DATE]"),
    "Sobol points": (["DECK", "--set", "sampling.method=sobol"], "sampling.method=philox"),
    "more paths with swings than paths": (["DECK", "--paths", "512", "--swing-paths", "513"], "--swing-paths wants at most the 512 paths there are"),
    "no paths": (["DECK", "--swing-paths", "0"], "a whole number from 1"),
    "a key that is none": (["DECK", "--set", "market.spot=1"], "spot"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_the_reason(tmp_path, name):
    words, reason = REFUSED[name]
    deck = write(tmp_path)
    done = tenor("sensitivity", "-o", tmp_path / "out.nc", *[deck if word == "DECK" else word for word in words])
    assert done.returncode == 2 and reason in done.stderr and done.stdout == ""
    assert not (tmp_path / "out.nc").exists()


def test_a_swing_that_the_model_cannot_run_is_refused(tmp_path):
    """Its median is an outcome so rare that no reader of decks comes across it, and its beta law is too narrow."""
    law = {"credit.recovery_mean": ("discrete, values: [0.1, 0.5, 0.9], weights: [0.49995, 0.0001, 0.49995]", "")}
    deck = write(tmp_path, law)
    settings = ("--set", "credit.recovery_mean=0.9", "--set", "credit.recovery_sd=0.0032")
    assert tenor("check", deck, *settings).returncode == 0
    done = tenor("sensitivity", deck, *settings, "-o", tmp_path / "out.nc")
    assert done.returncode == 2 and f"{deck}: with every key in the middle of its law: " in done.stderr and "recovery" in done.stderr


def test_one_rank_speaks_of_what_is_wrong(tmp_path):
    done = tenor("sensitivity", QUIET, "-o", tmp_path / "out.nc", ranks=2)
    assert done.returncode == 2 and done.stderr.count("no key is uncertain") == 1


def test_a_folder_that_is_not_there_is_seen_before_anything_is_computed(tmp_path):
    done = tenor("sensitivity", write(tmp_path), "-o", tmp_path / "none/out.nc", "--paths", "1e9")
    assert done.returncode == 5 and "none" in done.stderr


def test_help_has_examples():
    done = tenor("sensitivity", "--help")
    assert done.returncode == 0 and "examples:\n  tenor sensitivity deck.yaml" in done.stdout
    assert max(map(len, done.stdout.split("\n"))) <= 100
