"""The programs that speeds are held against (tests/bench) compute the model: their means agree with a tenor run's."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TENOR_BUILD", TOP / "build"))
TENOR, SCALAR, BENCH = BUILD / "engine/tenor", BUILD / "tests/bench/scalar_twin", TOP / "tests/bench"
BASE, PORTFOLIO = TOP / "decks/anthropic-aws.yaml", TOP / "decks/portfolio.yaml"
PATHS = "12000"
sys.path.append(str(BENCH))
import agreement  # noqa: E402


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """The result file of a deck, run once."""
    folder, files = tmp_path_factory.mktemp("peers"), {}

    def of(deck):
        if deck not in files:
            files[deck] = folder / (deck.stem + ".nc")
            subprocess.run([TENOR, "run", deck, "--paths", PATHS, "--seed", "2", "-o", files[deck], "--quiet"], check=True)
        return files[deck]
    return of


def scalar(deck, *settings):
    return json.loads(subprocess.run([SCALAR, deck, "1", PATHS, *settings], check=True, capture_output=True).stdout)


def vectorised(deck, *settings):
    command = [sys.executable, BENCH / "numpy_twin.py", TENOR, deck, "1", PATHS, "--chunk", "2000"]
    command += [word for setting in settings for word in ("--set", setting)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def told(rows, limit):
    return f"bound {limit:.2f}: " + "; ".join("%.2f standard errors: %s[%d], wanted %.6g, got %.6g" % row for row in rows[:5])


@pytest.mark.parametrize("deck", [BASE, PORTFOLIO], ids=lambda deck: deck.stem)
@pytest.mark.parametrize("twin", [scalar, vectorised])
def test_all_means_of_a_twin_agree_with_a_run(result, twin, deck):
    far, rows, limit = agreement.compare(result(deck), twin(deck))
    assert len(rows) > 2000
    assert not far, told(far, limit)


@pytest.mark.parametrize("twin, setting", [
    (scalar, "credit.hazard=0.0075, 0.0225, 0.075 1/year"), (scalar, "market.price_volatility=0.25 1/sqrt(year)"),
    (scalar, "customers.Anthropic.renegotiation_cut=0.20"), (scalar, "customers.Anthropic.price_indexation=0.55"),
    (vectorised, "power.cancel_multiplier=1.5")], ids=lambda value: getattr(value, "__name__", value))
def test_a_twin_of_a_slightly_other_deck_does_not_agree(result, twin, setting):
    far, rows, limit = agreement.compare(result(BASE), twin(BASE, setting))
    assert far, told(rows, limit)


def test_unequal_numbers_of_paths_are_not_compared(result):
    output = scalar(BASE)
    output["paths"] -= 1
    with pytest.raises(ValueError, match="equal numbers"):
        agreement.compare(result(BASE), output)


def test_both_twins_tell_the_same_metrics():
    """The scalar twin walks through the engine's table of metrics."""
    few = [[SCALAR, BASE, "1", "10"], [sys.executable, BENCH / "numpy_twin.py", TENOR, BASE, "1", "10"]]
    names = [set(json.loads(subprocess.run(one, check=True, capture_output=True).stdout)["metrics"]) for one in few]
    assert names[0] == names[1]


@pytest.mark.parametrize("arguments, wanted", [
    (["no-such-deck.yaml"], "no-such-deck.yaml"), (["--build", "no-such-folder"], "no-such-folder"), (["--rounds", "0"], "--rounds")])
def test_peers_says_what_it_lacks(arguments, wanted, tmp_path):
    done = subprocess.run([sys.executable, BENCH / "peers", *arguments], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and wanted in done.stderr and "Traceback" not in done.stderr
