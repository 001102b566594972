"""tenor explain: every line of a path's ledger can be recomputed, and it is the path the run sampled."""
import csv
import io
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from netCDF4 import Dataset

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TENOR_BUILD", TOP / "build"))
TENOR, COLUMNS = BUILD / "engine/tenor", BUILD / "tests/tool/columns"
sys.path.append(str(TOP / "tests/twin"))
import cases  # noqa: E402
from deck_text import read_deck  # noqa: E402

SEED, PATHS = 5, 2000


def explain(deck, *words):
    return subprocess.run([TENOR, "explain", TOP / f"decks/{deck}.yaml", *map(str, words)], capture_output=True, text=True)


def ledger(deck, path):
    """Entries by name, arrays over the months; those of a customer as (name, customer)."""
    done = explain(deck, "--path", path, "--seed", SEED, "--csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.reader(io.StringIO(done.stdout)))
    return {tuple(name.split(":")) if ":" in name else name: np.array([float(row[n]) for row in rows[1:]])
            for n, name in enumerate(rows[0])}


def columns(deck, folder, *names):
    subprocess.run([COLUMNS, TOP / f"decks/{deck}.yaml", str(SEED), str(PATHS), folder / "columns.nc", *names], check=True)
    with Dataset(folder / "columns.nc") as data:
        data.set_auto_mask(False)
        return {name: data[name][:] for name in names}


def close(values, wanted, tolerance=1e-9):
    np.testing.assert_allclose(values, wanted, rtol=0, atol=tolerance)


@pytest.mark.parametrize("deck", cases.DECKS)
def test_the_ledger_reconciles_and_is_the_sampled_path(tmp_path, deck):
    keys = read_deck(TENOR, TOP / f"decks/{deck}.yaml")
    raw = columns(deck, tmp_path, "backlog", "contract_revenue", "capex", "relet_revenue", "binding_share", "customer_cash",
                  "customer_backlog", "cash_total", "shortfall_total", "npv", "npv_terminal", "ecl")
    for path in random.Random(deck).sample(range(PATHS), 3):
        book = ledger(deck, path)
        total = np.zeros(len(book["month"]))
        for c, customer in enumerate(keys["customers"]):
            own = {name[0]: values for name, values in book.items() if isinstance(name, tuple) and name[1] == customer["name"]}
            opening = np.concatenate([[customer["commitment"]], own["backlog"][:-1]])
            close(opening + own["bookings"] - own["gross"] + own["beyond"] - own["cut"] - own["written_off"] - own["lapsed"],
                  own["backlog"])
            close(own["recognised"], own["gross"] - own["credit"] * (own["gross"] > 0))
            close(own["usage"] * (own["gross"] > 0) + own["expired"], own["gross"])
            deferred = np.diff(own["deferred"], prepend=0.0)
            close(own["billed"], own["recognised"] + deferred + own["forfeited"])
            before = np.concatenate([[customer["initial_cash"]], own["cash"][:-1]])
            close(before + own["revenue"] - own["overhead"] - own["billed"] - own["elsewhere"] + own["invested"] + own["raised"]
                  - own["paid_out"], own["cash"])
            assert (own["capacity_used"] <= own["wanted"] + 1e-12).all()
            close(own["usage"], own["capacity_used"] * own["contract_price"] / 12)
            np.testing.assert_array_equal(own["cash"][2::3], raw["customer_cash"][c, :, path])
            np.testing.assert_array_equal(own["backlog"][2::3], raw["customer_backlog"][c, :, path])
            close(own["credit_loss"].sum(), raw["ecl"][c, 0, path])
            close(own["shortfall"].sum(), raw["shortfall_total"][c, 0, path])
            total += own["backlog"]
        close(total[2::3], raw["backlog"][0, :, path], 1e-12)
        close(book["provider_cash"], book["operating_cash"] - book["capex"])
        close(book["provider_cash"].sum(), raw["cash_total"][0, 0, path])
        close(book["present_value"].sum() + raw["npv_terminal"][0, 0, path], raw["npv"][0, 0, path])
        discount = np.exp(-keys["provider"]["discount_rate"] * (book["month"] - 0.5) / 12)
        close(book["present_value"], book["provider_cash"] * discount)
        close(book["capacity"], book["used"] + book["sold"] + book["idle"])
        for name in ("contract_revenue", "capex", "relet_revenue"):
            close(book[name].reshape(-1, 3).sum(axis=1), raw[name][0, :, path])
        for code in range(6):
            close((book["binding"].reshape(-1, 3) == code).mean(axis=1), raw["binding_share"][code, :, path], 1e-12)


@pytest.mark.parametrize("which, pick", [("lowest", 0), ("median", (PATHS - 1) // 2), ("highest", PATHS - 1), ("worst", 0)])
def test_paths_are_picked_by_a_metric(tmp_path, which, pick):
    npv = columns("anthropic-aws", tmp_path, "npv")["npv"].ravel()
    path = np.argsort(npv, kind="stable")[pick]
    done = explain("anthropic-aws", "--path", which, "--by", "npv", "--paths", PATHS, "--seed", SEED)
    assert done.returncode == 0 and f"path {path} of seed {SEED}" in done.stdout
    assert f"path {path} has the" in done.stderr


def test_the_worst_of_a_loss_is_the_highest(tmp_path):
    raw = columns("anthropic-aws", tmp_path, "idle_total", "backlog")
    done = explain("anthropic-aws", "--path", "worst", "--by", "idle_total", "--paths", PATHS, "--seed", SEED)
    assert f"path {raw['idle_total'].ravel().argmax()} " in done.stdout
    done = explain("anthropic-aws", "--path", "highest", "--by", "backlog:5", "--paths", PATHS, "--seed", SEED)
    assert f"path {raw['backlog'][0, 19].argmax()} " in done.stdout


def test_a_customer_of_several_is_named(tmp_path):
    ecl = columns("portfolio", tmp_path, "ecl")["ecl"][1, 0]
    done = explain("portfolio", "--path", "worst", "--by", "ecl@OpenAI", "--paths", PATHS, "--seed", SEED)
    assert done.returncode == 0 and f"path {ecl.argmax()} of seed" in done.stdout
    done = explain("portfolio", "--path", "worst", "--by", "ecl", "--paths", PATHS)
    assert done.returncode == 2 and "wanted ecl@NAME, with a name of: Anthropic, OpenAI" in done.stderr


@pytest.mark.parametrize("metric, item, name", [("binding_share", 1, "power"), ("regime_share", 2, "winter")])
def test_a_constraint_and_a_regime_are_named(tmp_path, metric, item, name):
    share = columns("anthropic-aws", tmp_path, metric)[metric][item, 19]
    done = explain("anthropic-aws", "--path", "highest", "--by", f"{metric}@{name}:5", "--paths", PATHS, "--seed", SEED)
    last = PATHS - 1 - share[::-1].argmax()
    assert f"path {last} has the highest {metric}@{name}:5 of {PATHS} paths: {share.max():.10g}" in done.stderr and share.min() < share.max()


def test_every_entry_is_explained():
    done = explain("anthropic-aws", "--entries")
    assert done.returncode == 0
    named = {line.split("`")[1] for line in done.stdout.split("\n")[2:] if line}
    assert named == {name[0] if isinstance(name, tuple) else name for name in ledger("anthropic-aws", 0)} - {"month"}


def test_the_table_shows_the_ledger():
    book = ledger("anthropic-aws", 3)
    lines = [line.split() for line in explain("anthropic-aws", "--path", 3, "--seed", SEED).stdout.split("\n")]
    rows = [line for line in lines if line and line[0].isdigit()]
    assert len(rows) == 120 and [int(row[0]) for row in rows] == list(range(1, 121))
    for row, backlog in zip(rows, book["backlog", "Anthropic"]):
        assert float(row[15]) == pytest.approx(backlog, abs=5e-4)


@pytest.mark.parametrize("words, message", [
    ((), "--path"), (("--path", "-1"), "-1"), (("--path", "worst"), "--by"), (("--path", "worst", "--by", "nothing"), "nothing"),
    (("--path", "worst", "--by", "backlog:11"), "backlog:11"), (("--path", "worst", "--by", "payback"), "lowest or highest"),
    (("--path", "worst", "--by", "backlog:18446744073709551615"), "no such year"),
    (("--path", "worst", "--by", "npv@Anthropic"), "--by npv@Anthropic: npv is one number, it has no `Anthropic`"),
    (("--path", "worst", "--by", "npv@"), "--by npv@: npv is one number"),
    (("--path", "worst", "--by", "ecl@Nobody"), "--by ecl@Nobody: wanted ecl@NAME, with a name of: Anthropic"),
    (("--path", "highest", "--by", "binding_share"), "--by binding_share: wanted binding_share@NAME, with a name of: none, "),
    (("--path", "highest", "--by", "regime_share@spring"), "--by regime_share@spring: wanted regime_share@NAME, with a name of: boom, "),
    (("--path", "highest", "--by", "customer_binding_share@Anthropic"), "no single number of this metric"),
    (("--path", "1.5"), "1.5"), (("--path", "1", "--set", "x=1"), "--set x"),
    (("--path",), "--path"), (("--path", "1", "--deep"), "--deep")])
def test_wrong_requests_are_named(words, message):
    done = explain("anthropic-aws", *words)
    assert done.returncode == 2 and message in done.stderr and done.stdout == ""
