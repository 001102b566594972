"""Wrong decks: every fault is named with file, line, column and key, exit 2, and nothing is written."""
import os
import subprocess
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
BASE = TOP / "decks/anthropic-aws.yaml"


def tenor(*words, cwd=None):
    return subprocess.run([TENOR, *map(str, words)], cwd=cwd, capture_output=True, text=True, errors="replace", timeout=60)


def write(folder, text):
    (folder / "bad.yaml").write_text(f"include: {BASE}\n{text}\n")
    return folder / "bad.yaml"


# what stands below the include, line and column of the fault, what is said
FAULTS = [
    ("time:\n  horizon: 120", "3:12", "time.horizon: `120` has no unit; wanted months"),
    ("time:\n  horizon: 0 months", "3:12", "time.horizon: 0 months is out of range"),
    ("time:\n  horizon: 361 months", "3:12", "at most 360"),
    ("time:\n  horizon: 12.5 months", "3:12", "wants whole months, not 12.5"),
    ("time:\n  start: yesterday", "3:10", "time.start"),
    ("time: soon", "2:7", "time"),
    ("weather: sunny", "2:1", "unknown key `weather`"),
    ("fleet:\n  slip_multiplyer: 3", "3:3", "unknown key `slip_multiplyer`; did you mean `slip_multiplier`?"),
    ("fleet:\n  yield_sigma: 0.1\n  yield_sigma: 0.2", "4:3", "repeated key `yield_sigma`, first given in line 3"),
    ("fleet:\n  yield_sigma: 0.1\nmarket:\n  spot_fraction: 1\nfleet:\n  offer_life: 3 months", "6:1", "repeated key `fleet`"),
    ("fleet:\n  offer_life: 3 GW", "3:15", "`GW` is not a unit of months"),
    ("fleet:\n  initial_capacity: 3 GWh", "3:21", "`GWh` is not a unit of GW"),
    ("fleet:\n  initial_capacity: -1 GW", "3:21", "-1 GW is out of range"),
    ("fleet:\n  initial_capacity: 1e400 GW", "3:21", "initial_capacity"),
    ("fleet:\n  initial_capacity: .inf GW", "3:21", "does not begin with a finite number"),
    ("fleet:\n  initial_capacity: {value: 1 GW, origin: somewhere}", "3:35", "unknown key `origin`"),
    ("fleet:\n  initial_capacity: {value: 1 GW, confidence: sure}", "3:47", "wants fact, derived or assumed, not `sure`"),
    ("fleet:\n  initial_capacity: [1 GW, 2 GW]", "3:21", "initial_capacity"),
    ("fleet:\n  initial_capacity:", "3:20", "initial_capacity"),
    ("market:\n  initial_price: .nan billion USD/GW/year", "3:18", "does not begin with a finite number"),
    ("market:\n  price_level: 1, 2 billion USD/GW/year", "3:16", "has 2 numbers, wanted 3"),
    ("market:\n  price_volatility: 0.2 1/year", "3:21", "price_volatility"),
    ("regime:\n  initial_regime: bust", "3:19", "wants one of boom, plateau, winter, not `bust`"),
    ("regime:\n  transition_rate: [-1 1 0 1/year, 0 -1 0.5 1/year, 0 0 0 1/year]", "3:20", "row"),
    ("correlation:\n  factors: [1 .9 0 0 0, .9 1 .9 0 0, 0 .9 1 0 0, 0 0 0 1 0, 0 0 0 0 1]", "3:12", "positive definite"),
    ("correlation:\n  factors: [1 .5 0 0 0, .4 1 0 0 0, 0 0 1 0 0, 0 0 0 1 0, 0 0 0 0 1]", "3:12", "factors"),
    ("credit:\n  recovery_sd: 0.6", "3:16", "recovery_sd"),
    ("sites: []", "2:8", "sites"),
    ("sites:\n  S99: {capacity: 1 GW}", "3:3", "S99"),
    ("customers:\n  Anthropic:\n    term: 0 months", "4:11", "customers.Anthropic.term"),
    ("customers:\n  Anthropic:\n    makeup_years: 5", "4:19", "customers.Anthropic.makeup_years"),
    ("customers:\n  Anthropic:\n    initial_share: 1", "4:20", "customers.Anthropic.initial_share"),
    ("customers:\n  Anthropic:\n    tranches:\n      - {amount: 5, spend_threshold: 0 USD}", "5:18",
     "customers.Anthropic.tranches[0].amount: `5` has no unit"),
    ("customers:\n  Anthropic:\n    share_loss_rate: 13 1/year", "4:22", "share_loss_rate"),
    ("customers:\n  Anthropic:\n    share_recovery_rate: 6 1/year\n    share_loss_rate: 6 1/year", "5:22", "stay below 12"),
    ("customers:\n  Anthropic:\n    price_indexation: 1.5", "4:23", "out of range"),
    ("sampling:\n  paths: 0", "3:10", "paths"),
    ("sampling:\n  seed: -1", "3:9", "seed"),
    ("fleet: {yield_sigma: 0.1", "2:8", "never closed"),
    ("fleet: &x {yield_sigma: 0.1}", "2:8", "anchors and aliases"),
    ("fleet: " + "[" * 60 + "]" * 60, "2:", "nested too deeply"),
    ("fleet: {yield_sigma: 0.1}\n---\nnonsense: 3", "3:1", "another"),
    ("credit:\n  recovery_sd: 1e-4", "3:16", "must lie between"),
    ("include: other.yaml", "2:1", "repeated key `include`"),
    ("history:\n  - end: 2020-03-31\n    aws_revenue: 10", "4:18", "history[0].aws_revenue: `10` has no unit; wanted billion USD"),
    ("history:\n  - end: 2020-03-31\n    aws_obligations: 0 USD", "4:22", "out of range"),
    ("history:\n  - end: 2020Q1\n    aws_revenue: 10 billion USD", "3:10", "history[0].end: wants a date"),
    ("history:\n  - {end: 2020-03-31, aws_revenue: 1 USD}\n  - {end: 2020-03-31, aws_revenue: 1 USD}", "4:11",
     "history[1].end: is not later"),
    ("history:\n  - end: 2020-03-31", "3:10", "wanted aws_revenue or aws_obligations"),
    ("history:\n  - {aws_revenue: 1 USD}", "", "history[0].end: missing"),
    ("uncertain:\n  - {key: history.0.aws_revenue, law: uniform, low: 1 USD, high: 2 USD}", "3:11",
     "nothing is computed from history"),
]


@pytest.mark.parametrize("text, place, message", FAULTS, ids=[f"{place}-{message[:40]}" for _, place, message in FAULTS])
def test_a_fault_is_named_with_its_place(tmp_path, text, place, message):
    deck = write(tmp_path, text)
    done = tenor("run", deck, "-o", "out.nc", "--paths", 512, cwd=tmp_path)
    assert done.returncode == 2, done
    named = [line for line in done.stderr.split("\n") if f"bad.yaml:{place}" in line and "error: " in line]
    assert named and any(message in line for line in named), done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["bad.yaml"]
    assert tenor("check", "--quiet", deck).returncode == 2


def test_all_faults_are_told_at_once(tmp_path):
    deck = write(tmp_path, "time:\n  horizon: 120\nfleet:\n  yield_sigma: -1\n  lag: 3\nweather: sunny")
    done = tenor("check", "--quiet", deck)
    assert done.returncode == 2 and done.stderr.count("error:") == 4, done.stderr


def test_the_faulty_text_is_shown_and_marked(tmp_path):
    deck = write(tmp_path, "fleet:\n  offer_life: 3 GW")
    lines = tenor("check", "--quiet", deck).stderr.split("\n")
    assert lines[1].endswith("offer_life: 3 GW")
    assert lines[2].index("^") == lines[1].index("3 GW") and lines[2].strip(" |") == "^~~~"


@pytest.mark.parametrize("content, message", [
    (b"", "empty"), (b"- 1\n", "sections"), (b"a\xff: 1\n", ""), (b"time: \x00\n", "zero byte"), (b"a" * 1_100_000, "1 MiB"),
    (b"time: [1, 2\nb: }", "never closed"), (b"include: missing.yaml", "missing.yaml"), (b"include: bad.yaml", "bad.yaml"),
    (b"include: [a, b]", "include"), (b"time:\n  horizon: 12 months\n", "missing")],
    ids=["empty", "list", "not-utf-8", "zero-byte", "too-large", "syntax", "missing-include", "includes-itself", "two-includes", "partial"])
def test_what_is_no_deck_is_refused(tmp_path, content, message):
    (tmp_path / "bad.yaml").write_bytes(content)
    done = tenor("run", "bad.yaml", "-o", "out.nc", cwd=tmp_path)
    assert done.returncode == 2 and "error:" in done.stderr and message in done.stderr, done
    assert "bad.yaml" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["bad.yaml"]


def test_a_missing_or_unreadable_deck_is_a_usage_error(tmp_path):
    assert tenor("run", "nowhere.yaml", cwd=tmp_path).returncode == 2
    assert tenor("run", ".", cwd=tmp_path).returncode == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("setting, message", [
    ("fleet.slip_multiplier", "KEY=VALUE"), ("fleet.slip=3", "slip"), ("customers.Anthropic.term=12 GW", "not a unit"),
    ("customers.Nobody.term=12 months", "Nobody"), ("fleet.yield_sigma=-1", "out of range"), ("=3", ""), ("fleet=", "")])
def test_settings_are_checked_like_the_deck(tmp_path, setting, message):
    done = tenor("run", BASE, "--set", setting, "-o", "out.nc", "--paths", 512, cwd=tmp_path)
    assert done.returncode == 2 and "--set" in done.stderr and message in done.stderr, done
    assert not list(tmp_path.iterdir())


def items(deck, which):
    resolved = yaml.safe_load(tenor("check", "--quiet", deck).stdout)
    return [{key: value["value"] for key, value in item.items() if key != "tranches"} for item in resolved[which]]


def test_items_of_a_list_are_added_and_taken_out(tmp_path):
    before = items(BASE, "sites")
    site = "{name: S99, capacity: 1.5 GW, energised: 90 months, delay_median: 6 months, delay_sigma: 0.6, cancel_probability: 5 %}"
    deck = write(tmp_path, f"sites:\n  S2: none\n  add:\n    - {site}\n  S3: {{capacity: 0.7 GW}}")
    after = items(deck, "sites")
    names = [item["name"] for item in before]
    assert [item["name"] for item in after] == [name for name in names if name != "S2"] + ["S99"]
    for old in before:
        new = [item for item in after if item["name"] == old["name"]]
        assert new == ([] if old["name"] == "S2" else [{**old, "capacity": "0.7 GW"} if old["name"] == "S3" else old])
    assert after[-1]["capacity"] == "1.5 GW" and after[-1]["committed"] is False


def test_a_customer_taken_out_takes_its_tranches_along(tmp_path):
    base = TOP / "decks/portfolio.yaml"
    before = yaml.safe_load(tenor("check", "--quiet", base).stdout)["customers"]
    (tmp_path / "bad.yaml").write_text(f"include: {base}\ncustomers:\n  {before[0]['name']['value']}: none\n")
    after = yaml.safe_load(tenor("check", "--quiet", tmp_path / "bad.yaml").stdout)["customers"]
    assert after == before[1:] and len(before) == 3


def test_settings_change_the_resolved_deck():
    done = tenor("check", "--quiet", BASE, "--set", "fleet.slip_multiplier=3", "--set", "customers.Anthropic.commitment=90 billion USD",
                 "--set", "sites.S3.capacity=750 MW")
    assert done.returncode == 0, done.stderr
    for words in ('slip_multiplier: {value: "3"', 'commitment: {value: "90 billion USD"', 'capacity: {value: "0.75 GW"'):
        assert words in done.stdout


def test_the_resolved_deck_is_a_deck_that_resolves_to_itself(tmp_path):
    """What `tenor check` prints can be run; for every deck."""
    for deck in sorted((TOP / "decks").glob("*.yaml")):
        first = tenor("check", "--quiet", deck)
        assert first.returncode == 0, first.stderr
        (tmp_path / "again.yaml").write_text(first.stdout)
        again = tenor("check", "--quiet", tmp_path / "again.yaml")
        assert again.returncode == 0, again.stderr
        assert sorted(again.stdout.split("\n")) == sorted(first.stdout.split("\n"))


@pytest.mark.parametrize("number, wanted", [
    ("1_000 MW", "1 GW"), ("1e3 MW", "1 GW"), ("1.25 GW", "1.25 GW"), ("0.45 GW", "0.45 GW"), ("2.5e8 W", "0.25 GW")])
def test_units_are_converted(number, wanted):
    done = tenor("check", "--quiet", BASE, "--set", f"fleet.initial_capacity={number}")
    assert f'initial_capacity: {{value: "{wanted}"' in done.stdout, done.stderr


def test_every_value_of_the_base_deck_has_a_source():
    """...but names and the switches that are off."""
    import re
    text = tenor("check", "--quiet", BASE).stdout
    bare = [line.strip() for line in text.split("\n") if "{value:" in line and "source:" not in line
            and not re.match(r"\s*(name|end|milestone|committed|stake):", line)]
    assert not bare, bare


def test_the_reference_of_keys_in_the_readme_is_current():
    """The table of decks/README.md is what `tenor check --keys` prints."""
    table = tenor("check", "--keys").stdout.strip()
    assert table.count("\n") > 100 and table in (TOP / "decks/README.md").read_text()
