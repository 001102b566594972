"""Uncertain keys: the laws, what they are tied by, the decks they come from, and that nothing else moves."""
import filecmp
import itertools
import json
import os
import platform
import subprocess
from pathlib import Path

import numpy as np
import pytest
from netCDF4 import Dataset
from scipy import stats

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TENOR_BUILD", TOP / "build"))
TENOR, TOOL = os.environ.get("TENOR", BUILD / "engine/tenor"), BUILD / "tests/tool"
BASE, QUIET = TOP / "decks/anthropic-aws.yaml", TOP / "tests/decks/quiet.yaml"
SEED, BLOCKS = 7, 20_000


def write(folder, laws, ties="", base=BASE, name="deck.yaml"):
    """A deck with `laws`, lines of a mapping each without its braces."""
    text = f"include: {base}\nuncertain:\n" + "".join(f"  - {{{law}}}\n" for law in laws)
    text += "uncertain_correlation:\n" + "".join(f"  - {{{tie}}}\n" for tie in ties) if ties else ""
    (folder / name).write_text(text)
    return folder / name


def tenor(*words):
    return subprocess.run([TENOR, *map(str, words)], capture_output=True, text=True, timeout=120)


def resolved(*words):
    done = tenor("check", "--quiet", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def drawn(deck, *settings, seed=SEED, blocks=BLOCKS):
    """Uniforms and values by key, arrays over the blocks."""
    done = subprocess.run([TOOL / "drawn", deck, str(seed), str(blocks), *settings], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.strip().split("\n")
    table = np.array([[float(cell) for cell in row.split(",")] for row in rows]).T
    return dict(zip(head.split(","), table))


def columns(folder, deck, paths, *metrics, settings=(), seed=SEED):
    subprocess.run([TOOL / "columns", deck, str(seed), str(paths), folder / "columns.nc", *settings, *metrics], check=True)
    with Dataset(folder / "columns.nc") as data:
        data.set_auto_mask(False)
        return [data[metric.split(":")[0]][:] for metric in metrics]


# ---- laws

GB, GW = "billion USD/GW", "GW"
SPOT, HAZARD, CHIP = "market.spot_fraction", "credit.hazard", "generations.Trainium4.chip_cost"
GROWTH, DISCOUNT, LAG = "customers.Anthropic.initial_growth", "relet.discount", "relet.lag"
BETA = stats.beta(1 + 4 * 0.25, 1 + 4 * 0.75, 10, 10)
LAWS = {  # a key, its law in a deck, and in SciPy
    "uniform": (CHIP, f"law: uniform, low: 10 {GB}, high: 20 {GB}", stats.uniform(10, 10)),
    "normal": (GROWTH, "law: normal, mean: 1.1 1/year, sd: 0.2 1/year", stats.norm(1.1, 0.2)),
    "normal-cut": (GROWTH, "law: normal, mean: 1.1 1/year, sd: 0.4 1/year, low: 1 1/year, high: 1.8 1/year",
                   stats.truncnorm(-0.25, 1.75, 1.1, 0.4)),
    "normal-tail": (GROWTH, "law: normal, mean: 1 1/year, sd: 0.1 1/year, low: 1.4 1/year", stats.truncnorm(4, np.inf, 1, 0.1)),
    "lognormal": (CHIP, "law: lognormal, median: 17500 million USD/GW, sigma: 0.15", stats.lognorm(0.15, scale=17.5)),
    "lognormal-cut": (CHIP, f"law: lognormal, median: 17.5 {GB}, sigma: 0.3, low: 15 {GB}, high: 25 {GB}", None),
    "triangular": (CHIP, f"law: triangular, low: 10 {GB}, mode: 12 {GB}, high: 20 {GB}", stats.triang(0.2, 10, 10)),
    "triangular-edge": (CHIP, f"law: triangular, low: 10 {GB}, mode: 20 {GB}, high: 20 {GB}", stats.triang(1, 10, 10)),
    "pert": (CHIP, f"law: pert, low: 10 {GB}, mode: 12.5 {GB}, high: 20 {GB}", BETA),
    "scale": (HAZARD, "law: normal, mean: 1, sd: 0.1, scale: true", stats.norm(1, 0.1)),
}


def law_of(name):
    key, text, law = LAWS[name]
    if name == "lognormal-cut":  # the logarithm is a normal law cut off
        a, b = np.log([15 / 17.5, 25 / 17.5]) / 0.3
        inner = stats.truncnorm(a, b, np.log(17.5), 0.3)
        return key, text, lambda u: np.exp(inner.ppf(u)), lambda x: inner.cdf(np.log(x))
    return key, text, law.ppf, law.cdf


@pytest.mark.parametrize("name", LAWS)
def test_a_value_is_the_quantile_of_its_law(tmp_path, name):
    """At the uniform behind it, to nine digits; and the sample has the law (Kolmogorov and Smirnov, p > 1e-4)."""
    key, text, quantile, below = law_of(name)
    sample = drawn(write(tmp_path, [f"key: {key}, {text}"]))
    u, x = sample["u:" + key], sample[key]
    assert 0 < u.min() < 1e-3 and 1 - 1e-3 < u.max() < 1
    np.testing.assert_allclose(x, quantile(u), rtol=1e-9)
    assert (np.diff(x[np.argsort(u)]) >= 0).all()
    assert stats.kstest(u, "uniform").pvalue > 1e-4 and stats.kstest(x, below).pvalue > 1e-4


def test_outcomes_come_as_often_as_they_weigh(tmp_path):
    sample = drawn(write(tmp_path, [f"key: {CHIP}, law: discrete, values: [10 {GB}, \"12, 13 {GB}\", 20 {GB}], weights: [1, 0, 4, 3]"]))
    values, counts = np.unique(sample[CHIP], return_counts=True)
    assert values.tolist() == [10, 13, 20]
    assert stats.chisquare(counts, BLOCKS * np.array([1, 4, 3]) / 8).pvalue > 1e-4


@pytest.mark.parametrize("law", ["uniform, low: 0.4, high: 0.4", "triangular, low: 0.4, mode: 0.4, high: 0.4", "normal, mean: 0.4, sd: 0",
                                 "pert, low: 0.4, mode: 0.4, high: 0.4", "lognormal, median: 0.4, sigma: 0, high: 1",
                                 "discrete, values: 0.4, weights: 2", "discrete, values: \"0.1, 0.4\", weights: \"0, 1\""])
def test_a_law_without_spread_is_its_value(tmp_path, law):
    """To the bit, in every figure of every path."""
    deck = write(tmp_path, [f"key: {SPOT}, law: {law}"])
    metrics = ("npv", "relet_revenue", "idle_total")
    plain = columns(tmp_path, BASE, 700, *metrics, settings=[f"{SPOT}=0.4"])
    for mine, wanted in zip(columns(tmp_path, deck, 700, *metrics), plain):
        np.testing.assert_array_equal(mine, wanted)


def entries():
    """Every continuous number of the base deck by full name, with its text."""
    import yaml
    regimes, factors = ("boom", "plateau", "winter"), ("revenue", "growth", "training", "price", "base")
    kinds = {k["key"]: (k["unit"], k["values"]) for k in json.loads(tenor("check", "--keys", "--json").stdout)["x-keys"]}
    whole = ("whole number", "true or false", "text", "date", "")
    whole_months = [key for key, (unit, _) in kinds.items() if unit == "months" and key.split(".")[-1] in (
        "horizon", "service_life", "energised", "shell_lead", "order_lead", "payback_cutoff", "term")] + ["customers[].start"]

    def numbers(text):
        return [part.split()[0] for part in text.split(",")]

    def leaves(node, name, key):
        unit, shape = kinds[key]
        if unit in whole or key in whole_months or key.startswith("history"):  # what was cannot be uncertain
            return
        unit = "" if unit == "1" else unit
        rows = [numbers(row) for row in node["value"]] if isinstance(node["value"], list) else numbers(node["value"])
        if shape == "":
            yield name, rows[0], unit
        elif shape in ("by regime", "by year"):
            for n, number in enumerate(rows):
                yield f"{name}.{regimes[n] if shape == 'by regime' else n}", number, unit
        elif shape == "5 x 5":
            for i, j in itertools.combinations(range(5), 2):
                yield f"{name}.{factors[i]}.{factors[j]}", rows[i][j], unit
        else:
            for i, j in itertools.permutations(range(3), 2):
                yield f"{name}.{regimes[i]}.{regimes[j]}", rows[i][j], unit

    def walk(node, name, key):
        for word, value in node.items():
            if isinstance(value, list):
                for n, item in enumerate(value):
                    label = item.get("name", {}).get("value", str(n))
                    yield from walk(item, f"{name}{word}.{label}.", f"{key}{word}[].")
            elif isinstance(value, dict) and "value" in value:
                yield from leaves(value, name + word, key + word)
            elif isinstance(value, dict):
                yield from walk(value, f"{name}{word}.", f"{key}{word}.")

    deck = yaml.load(resolved(BASE), Loader=yaml.BaseLoader)
    return list(walk({k: v for k, v in deck.items() if k not in ("sampling", "name")}, "", ""))


def test_every_continuous_number_of_a_deck_may_be_uncertain(tmp_path):
    """With a law that has its value alone, 32 at a time, all of them: no figure changes by a bit (where a rate takes the
    diagonal with it, by more than rounding)."""
    everything, metrics = entries(), ("npv", "backlog", "ecl", "customer_cash", "aws_obligations", "circularity_fifo")
    assert len(everything) > 250
    plain = columns(tmp_path, BASE, 64, *metrics)
    for first in range(0, len(everything), 32):
        laws = [f"key: {name}, law: uniform, low: {number} {unit}, high: {number} {unit}"
                for name, number, unit in everything[first:first + 32]]
        for mine, wanted in zip(columns(tmp_path, write(tmp_path, laws), 64, *metrics), plain):
            if any("transition_rate" in law for law in laws):
                np.testing.assert_allclose(mine, wanted, rtol=1e-9, atol=1e-9)
            else:
                np.testing.assert_array_equal(mine, wanted, str(laws))


@pytest.mark.parametrize("key, law, setting", [
    ("market.price_level.winter", "uniform, low: 3 billion USD/GW/year, high: 3 billion USD/GW/year",
     "market.price_level=8.5, 6.5, 3 billion USD/GW/year"),
    ("customers.Anthropic.tranches.4.amount", "uniform, low: 9 billion USD, high: 9 billion USD",
     "customers.Anthropic.tranches.4.amount=9 billion USD"),
    ("sites.2.capacity", "uniform, low: 250 MW, high: 250 MW", "sites.S3.capacity=0.25 GW"),
    ("customers.0.other_spend.9", "uniform, low: 3 billion USD/year, high: 3 billion USD/year",
     "customers.Anthropic.other_spend=8, 15, 22, 25, 25, 20, 15, 15, 15, 3 billion USD/year"),
    ("correlation.factors.price.growth", "uniform, low: 0.25, high: 0.25",
     "correlation.factors=[1 .3 .5 .3 .3, .3 1 .4 .25 .3, .5 .4 1 .5 .3, .3 .25 .5 1 .3, .3 .3 .3 .3 1]"),
    ("credit.hazard", "uniform, scale: true, low: 2, high: 2", "credit.hazard=0.012, 0.036, 0.12 1/year"),
    ("regime.transition_rate", "uniform, scale: true, low: 0, high: 0",
     "regime.transition_rate=[0 0 0 1/year, 0 0 0 1/year, 0 0 0 1/year]"),
    ("power.delay_multiplier", "uniform, scale: true, low: 3, high: 3", "power.delay_multiplier=3")])
def test_a_law_sets_the_number_it_names(tmp_path, key, law, setting):
    deck = write(tmp_path, [f"key: {key}, law: {law}"])
    metrics = ("npv", "market_price", "ecl", "customer_cash", "power")
    wanted = columns(tmp_path, BASE, 512, *metrics, settings=[setting])
    plain = columns(tmp_path, BASE, 512, *metrics)
    for mine, one in zip(columns(tmp_path, deck, 512, *metrics), wanted):
        np.testing.assert_array_equal(mine, one)
    assert any((one != other).any() for one, other in zip(wanted, plain)), "the setting changes nothing"


# ---- blocks

PRICE = "customers.Anthropic.contract_price"
PRICE_LAW = f"key: {PRICE}, law: triangular, low: 6.5 {GB}/year, mode: 7 {GB}/year, high: 9 {GB}/year"


def test_a_mean_that_is_linear_in_a_key_is_that_at_the_mean_of_its_law(tmp_path):
    """2 GW for a year at the contract price: 2 p on every path, E p = (6.5 + 7 + 9)/3; errors from the means of blocks."""
    blocks = 1500
    deck = write(tmp_path, [PRICE_LAW], base=QUIET)
    revenue, = columns(tmp_path, deck, 512 * blocks, "contract_revenue_cum:-1", settings=["time.horizon=12 months"])
    block = revenue.reshape(blocks, 512)
    np.testing.assert_allclose(block, 2 * drawn(deck, blocks=blocks)[PRICE][:, None] + np.zeros(512), rtol=1e-12)
    means = block.mean(axis=1)
    assert abs(means.mean() - 2 * 22.5 / 3) < 4 * means.std(ddof=1) / np.sqrt(blocks)
    assert means.std(ddof=1) == pytest.approx(2 * np.sqrt(stats.triang(0.2, 6.5, 2.5).var()), rel=0.1)


def test_draws_are_independent_of_the_paths_own(tmp_path):
    """Keys of which nothing on a path depends leave every figure as it was."""
    deck = write(tmp_path, [f"key: {CHIP}, {LAWS['uniform'][1]}", f"key: {DISCOUNT}, law: uniform, low: 0, high: 0.2"])
    metrics = ("market_price", "power", "demand")
    for mine, wanted in zip(columns(tmp_path, deck, 2000, *metrics), columns(tmp_path, BASE, 2000, *metrics)):
        np.testing.assert_array_equal(mine, wanted)


ONE, TWO = f"key: {SPOT}, law: uniform, low: 0, high: 1", f"key: {DISCOUNT}, law: uniform, low: 0, high: 0.2"
THREE = PRICE_LAW


def test_a_law_more_or_less_moves_no_other_draw(tmp_path):
    alone = drawn(write(tmp_path, [ONE]), blocks=300)
    among = drawn(write(tmp_path, [TWO, THREE, ONE]), blocks=300)
    np.testing.assert_array_equal(alone[SPOT], among[SPOT])
    other = drawn(write(tmp_path, [f"key: {SPOT}, law: triangular, low: 0, mode: 0.1, high: 1"]), blocks=300)
    np.testing.assert_array_equal(alone["u:" + SPOT], other["u:" + SPOT])
    tied = drawn(write(tmp_path, [ONE, TWO, THREE], [f"keys: [{DISCOUNT}, {PRICE}], rank: 0.5"]), blocks=300)
    np.testing.assert_array_equal(alone[SPOT], tied[SPOT])
    assert (drawn(write(tmp_path, [ONE]), seed=SEED + 1, blocks=300)[SPOT] != alone[SPOT]).all()


def test_two_decks_share_the_quantiles_of_the_keys_they_share(tmp_path):
    """In a comparison a deck does not differ from one in which, besides, an unused number is uncertain."""
    first = write(tmp_path, [ONE, THREE], name="first.yaml")
    unused = "key: customers.Anthropic.prior_investment, law: uniform, low: 1 billion USD, high: 8 billion USD"
    second = write(tmp_path, [unused, THREE, ONE], name="second.yaml")
    done = tenor("compare", first, second, "-o", tmp_path / "out.nc", "--paths", 2000, "--quiet")
    assert done.returncode == 0, done.stderr
    with Dataset(tmp_path / "out.nc") as data:
        assert data["npv_first"][:] == data["npv_second"][:] and data["npv_difference_sd"][:] == 0


TIES = [(SPOT, DISCOUNT, 0.6), (LAG, DISCOUNT, -0.3), (LAG, PRICE, 0.9)]
TIED = [ONE, TWO, THREE, f"key: {LAG}, law: lognormal, median: 6 months, sigma: 1, high: 1000 months"]


def test_ranks_are_correlated_as_wanted(tmp_path):
    """Spearman's coefficient within 4 of its standard errors, about (1 - rank^2)/sqrt(N) for normals; 0 for keys not tied."""
    sample = drawn(write(tmp_path, TIED, [f"keys: [{a}, {b}], rank: {rank}" for a, b, rank in TIES]))
    wanted = {frozenset(pair): rank for *pair, rank in TIES}
    for a, b in itertools.combinations((SPOT, DISCOUNT, LAG, PRICE), 2):
        rank, target = stats.spearmanr(sample[a], sample[b]).statistic, wanted.get(frozenset((a, b)), 0)
        assert abs(rank - target) < 4 * 1.2 * (1 - target ** 2) / np.sqrt(BLOCKS), (a, b, rank)
    for key in (SPOT, DISCOUNT, LAG, PRICE):
        assert stats.kstest(sample["u:" + key], "uniform").pvalue > 1e-4


# ---- a run

ALL = [f"key: {key}, {law}" for key, law, _ in (LAWS["lognormal-cut"], LAWS["normal-cut"], LAWS["scale"])] + TIED + [
    "key: sites.S5.capacity, law: discrete, values: [400 MW, 0.5 GW, 0.8 GW], weights: \"1, 2, 1\"",
    "key: regime.transition_rate.boom.winter, law: pert, low: 0.02 1/year, mode: 0.05 1/year, high: 0.2 1/year, source: a guess, "
    "confidence: assumed",
    "key: correlation.factors.price.revenue, law: normal, mean: 0.3, sd: 0.05",
    "key: credit.recovery_mean, law: uniform, low: 0.25, high: 0.5",
    "key: customers.Anthropic.annual_minimum, law: uniform, low: 0.9, high: 1.1, scale: true"]
ALL_TIES = [f"keys: [{a}, {b}], rank: {rank}" for a, b, rank in TIES]


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return write(tmp_path_factory.mktemp("full"), ALL, ALL_TIES)


def test_bytes_do_not_depend_on_who_computes_them(full, tmp_path):
    def run(name, ranks=1, threads=1, isa=None, program=TENOR, mpirun="mpirun"):
        command = [program, "run", full, "-o", tmp_path / name, "--paths", "20000", "--threads", str(threads), "--quiet"]
        command = [mpirun, "-np", str(ranks), *command] if ranks > 1 else command
        subprocess.run(command, check=True, timeout=300, env={**os.environ, **({"TENOR_ISA": isa} if isa else {})})
        return tmp_path / name
    first = run("first.nc")
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    others = [run("ranks.nc", ranks=3), run("threads.nc", threads=4), run("both.nc", ranks=2, threads=2)]
    others += [run("baseline.nc", isa="neon" if platform.machine() == "aarch64" else "baseline")]
    others += [run("avx2.nc", isa="avx2")] if "avx2" in flags else []
    if os.environ.get("TENOR_MPICH"):
        others.append(run("clang.nc", ranks=2, program=os.environ["TENOR_MPICH"], mpirun="mpirun.mpich"))
    for other in others:
        assert filecmp.cmp(first, other, shallow=False), other


def test_the_identities_hold_on_every_path(full):
    done = subprocess.run([TOOL / "invariants", full, "1", "20000"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_drawn_stays_within_its_bounds(full):
    sample = drawn(full)
    for key, low, high in ((CHIP, 15, 25), (GROWTH, 1, 1.8), (SPOT, 0, 1), ("credit.recovery_mean", 0.25, 0.5), (LAG, 0, 1000),
                           ("regime.transition_rate.boom.winter", 0.02, 0.2)):
        assert low <= sample[key].min() and sample[key].max() <= high, key


def test_explain_follows_a_path_under_the_draws_of_its_block(full, tmp_path):
    import csv
    import io
    backlog, npv = columns(tmp_path, full, 2000, "backlog", "npv")
    values = drawn(full, blocks=4)
    for path in (3, 700, 1999):
        done = tenor("explain", full, "--path", path, "--seed", SEED, "--csv")
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        np.testing.assert_allclose([float(row["backlog:Anthropic"]) for row in rows][2::3], backlog[0, :, path], rtol=0, atol=1e-12)
        for text in (done.stderr, tenor("explain", full, "--path", path, "--seed", SEED).stdout):
            lines = [line.split() for line in text.split("\n") if line.startswith("  ")]
            shown = {line[0]: float(line[2]) for line in lines if len(line) > 2 and line[1] in ("=", "x")}
            assert shown == {key: pytest.approx(sample[path // 512], rel=1e-9) for key, sample in values.items() if key[:2] != "u:"}
    done = tenor("explain", full, "--path", "lowest", "--by", "npv", "--paths", 2000, "--seed", SEED)
    assert f"path {npv.ravel().argmin()} of seed" in done.stdout


def test_a_result_is_continued_as_if_in_one_run(full, tmp_path):
    for name, paths in (("part.nc", 1500), ("whole.nc", 4000)):
        assert tenor("run", full, "-o", tmp_path / name, "--paths", paths, "--quiet").returncode == 0
    done = tenor("extend", tmp_path / "part.nc", "--paths", 4000, "--quiet")
    assert done.returncode == 0, done.stderr
    assert filecmp.cmp(tmp_path / "part.nc", tmp_path / "whole.nc", shallow=False)


# ---- the deck's text

def uncertain_part(text):
    return text[text.index("\nuncertain:"):]


def test_the_resolved_section_resolves_to_itself(full, tmp_path):
    first = resolved(full)
    (tmp_path / "again.yaml").write_text(first)
    again = resolved(tmp_path / "again.yaml")
    assert sorted(again.split("\n")) == sorted(first.split("\n")) and uncertain_part(again) == uncertain_part(first)
    assert uncertain_part(first).count("key: ") == len(ALL) and uncertain_part(first).count("rank: ") == len(TIES)
    assert 'source: "a guess", confidence: assumed' in uncertain_part(first)
    assert '"correlation.factors.revenue.price"' in first and 'values: "0.4, 0.5, 0.8 GW"' in first
    np.testing.assert_equal(drawn(tmp_path / "again.yaml", blocks=50), drawn(full, blocks=50))


@pytest.mark.parametrize("text", ["uncertain: []", "uncertain: {%s: none, %s: none, %s: none, %s: none}" % (SPOT, DISCOUNT, PRICE, LAG)])
def test_all_uncertainty_can_be_dropped(tmp_path, text):
    deck = write(tmp_path, TIED, ALL_TIES)
    (tmp_path / "plain.yaml").write_text(f"include: {deck}\n{text}\n")
    plain = resolved(BASE).replace("anthropic-aws", "plain")
    assert resolved(tmp_path / "plain.yaml") == plain
    assert resolved(deck, "--set", text.replace(": ", "=", 1)) == plain.replace('"plain"', '"deck"')


def test_laws_are_changed_key_by_key(tmp_path):
    deck = write(tmp_path, [ONE + ", source: old", TWO], [f"keys: [{SPOT}, {DISCOUNT}], rank: 0.5"])
    (tmp_path / "over.yaml").write_text(f"""include: {deck}
uncertain:
  {DISCOUNT}: {{high: 0.3}}
  {SPOT}: {{law: triangular, low: 0, mode: 0.5, high: 0.6, source: new}}
  {LAG}: {{law: uniform, low: 3 months, high: 9 months}}
""")
    assert uncertain_part(resolved(tmp_path / "over.yaml")) == f'''
uncertain:
  - {{key: "{SPOT}", law: triangular, low: "0", mode: "0.5", high: "0.6", source: "new"}}
  - {{key: "{DISCOUNT}", law: uniform, low: "0", high: "0.3"}}
  - {{key: "{LAG}", law: uniform, low: "3 months", high: "9 months"}}
uncertain_correlation:
  - {{keys: ["{SPOT}", "{DISCOUNT}"], rank: "0.5"}}
'''
    once = resolved(deck, "--set", f"uncertain.{SPOT}=none", "--set", f"uncertain.{DISCOUNT}={{high: 0.25}}")
    assert uncertain_part(once) == f'\nuncertain:\n  - {{key: "{DISCOUNT}", law: uniform, low: "0", high: "0.25"}}\n'


def test_a_base_value_is_set_beside_its_law(tmp_path):
    deck = write(tmp_path, [ONE, f"key: {HAZARD}, {LAWS['scale'][1]}"])
    text = resolved(deck, "--set", f"{SPOT}=0.3", "--set", "credit.hazard=0.1, 0.2, 0.3 1/year")
    assert 'spot_fraction: {value: "0.3"' in text and 'hazard: {value: "0.1, 0.2, 0.3 1/year"' in text and "uncertain:" in text


def test_the_examples_of_the_readme_are_decks(tmp_path):
    section = (TOP / "decks/README.md").read_text().split("## Uncertain keys\n")[1].split("\n## ")[0]
    first, second = ["\n".join(line[4:] for line in part.split("\n") if line.startswith("    ") or not line)
                     for part in (section.split("| law |")[0], section.split("changes them, or drops them:")[1])]
    (tmp_path / "risky.yaml").write_text(f"include: {BASE}\n{first}\n")
    (tmp_path / "other.yaml").write_text(second)
    assert uncertain_part(resolved(tmp_path / "risky.yaml")).count("key: ") == 3
    other = uncertain_part(resolved(tmp_path / "other.yaml"))
    assert other.count("key: ") == 3 and "credit.hazard" not in other and 'high: "4 billion USD/GW/year"' in other


# ---- faults

def uncertain(text):
    return f"uncertain:\n  - {{{text}}}"


SPOT_LAW = f"key: {SPOT}, law: "
TRIPLE = "uncertain:\n" + "".join(f"  - {{{law}}}\n" for law in TIED) + "uncertain_correlation:\n"
FAULTS = [
    ("uncertain: soon", "2:12", "wants a list of laws"),
    ("uncertain: [soon]", "2:13", "uncertain[0]: wants keys with values"),
    ("uncertain: {market.spot_fraction: 3}", "2:35", "wants keys with values"),
    ("uncertain: {market.spot_fractoin: none}", "2:13", "there is no such law to drop"),
    ("customers: {Anthropic: {other_spend: []}}\n" + uncertain("key: customers.Anthropic.other_spend, law: uniform, scale: true"), "4:5",
     "a list without values"),
    ("uncertian: []", "2:1", "did you mean `uncertain`?"),
    (uncertain("law: uniform, low: 1, high: 2"), "3:5", "no `key`"),
    (uncertain("key: market.spot_fractoin, law: uniform, low: 0, high: 1"),
     "3:11", "unknown key `spot_fractoin`; did you mean `spot_fraction`?"),
    (uncertain("key: markt.spot_fraction, law: uniform, low: 0, high: 1"), "3:11", "did you mean `market`?"),
    (uncertain("key: generations.Trainium9.chip_cost, law: uniform"), "3:11", "there is no generation `Trainium9` among the 6"),
    (uncertain("key: customers.Anthropic.tranches.5.amount, law: uniform"), "3:11", "there is no tranche `5` among the 5"),
    (uncertain("key: \"market.price_level[winter]\", law: uniform"), "3:11", "is written with points, like market.price_level.winter"),
    (uncertain("key: market.price_level, law: uniform"), "3:5", "has several values"),
    (uncertain("key: market.price_level.bust, law: uniform"),
     "3:11", "wants one of boom|plateau|winter after `market.price_level`, not `bust`"),
    (uncertain("key: regime.transition_rate.boom, law: uniform"), "3:11", "wants one of boom|plateau|winter after"),
    (uncertain("key: regime.transition_rate.boom.boom, law: uniform"), "3:11", "the diagonal follows from its row"),
    (uncertain("key: correlation.factors.base.base, law: uniform"), "3:11", "the diagonal is 1"),
    (uncertain("key: customers.Anthropic.other_spend.10, law: uniform"), "3:11", "wants a year from 0 to 9"),
    (uncertain("key: market.spot_fraction.winter, law: uniform"), "3:11", "`winter` after `market.spot_fraction` means nothing"),
    *((uncertain(f"key: {key}, law: uniform, low: 0, high: 1"), "3:11",
       f"uncertain.{key}: cannot be uncertain: it is {what}") for key, what in (
        ("time.horizon", "a number of whole months"), ("customers.Anthropic.term", "a number of whole months"), ("time.start", "a date"),
        ("sites.S3.energised", "a number of whole months"), ("customers.Anthropic.makeup_years", "a whole number"),
        ("sampling.seed", "a whole number"), ("fleet.initial_own", "true or false"), ("name", "a name"),
        ("customers.Anthropic.name", "a name"),
        ("build.mode", "a choice of words"))),
    (uncertain(f"key: {SPOT}, low: 0, high: 1"), "3:5", "has no `law`"),
    (f"uncertain: {{{SPOT}: {{high: 1}}}}", "2:13", "has no `law`"),
    (uncertain(SPOT_LAW + "gamma, low: 0"), "3:38", "wants one of uniform, normal, lognormal, triangular, pert, discrete, not `gamma`"),
    (uncertain(SPOT_LAW + "uniform, low: 0, hi: 1"), "3:59", "unknown key `hi` of a uniform law; wanted low, high, scale"),
    (uncertain(SPOT_LAW + "uniform, low: 0, mode: 0.5, high: 1"), "3:61", "unknown key `mode`"),
    (uncertain(SPOT_LAW + "uniform, low: 0"), "3:5", "a uniform law wants `high`"),
    (uncertain(SPOT_LAW + "uniform, low: 0, low: 0.2, high: 1"), "3:55", "repeated key `low`"),
    (uncertain(SPOT_LAW + "uniform, low: {a: 1}, high: 1"), "3:52", "wants a value or a list of values"),
    (uncertain(SPOT_LAW + "uniform, low: 0 GW, high: 1"), "3:52", "`GW` is not a unit of a pure number"),
    (uncertain(SPOT_LAW + "uniform, low: 0, high: unlimited"), "3:61", "high: a law wants finite numbers"),
    (uncertain(SPOT_LAW + "uniform, low: 0, high: 1, scale: yes"), "3:71", "scale wants true or false"),
    (uncertain(SPOT_LAW + "uniform, low: 0, high: 1, confidence: sure"), "3:76", "wants fact, derived or assumed"),
    (uncertain(f"key: {HAZARD}, law: uniform, scale: true, low: 0.5 1/year, high: 1"), "3:58", "`1/year` is not a unit of a pure number"),
    (uncertain(f"key: {LAG}, law: uniform, low: 3, high: 6 months"), "3:41", "has no unit; wanted months"),
    (uncertain(SPOT_LAW + "uniform, low: 0.7, high: 0.2"), "3:5", "low, 0.7, lies above high, 0.2"),
    (uncertain(SPOT_LAW + "triangular, low: 0.5, mode: 0.2, high: 1"), "3:5", "mode, 0.2, does not lie between low and high"),
    (uncertain(SPOT_LAW + "normal, mean: 2, sd: 0, low: 0, high: 1"), "3:5", "mean, 2, does not lie between low and high"),
    (uncertain(SPOT_LAW + "normal, mean: 0.5, sd: -0.1"), "3:5", "sd must not be negative"),
    (uncertain(SPOT_LAW + "normal, mean: 5, sd: 0.1, low: 0, high: 1"), "3:5", "less than a millionth of the law"),
    (uncertain(SPOT_LAW + "lognormal, median: -1, sigma: 1"), "3:5", "a lognormal law lies above 0"),
    (uncertain(SPOT_LAW + "lognormal, median: 0.1, sigma: 11"), "3:5", "sigma wants a number from 0 to 10"),
    (uncertain(SPOT_LAW + "discrete, values: [0.5, 0.2], weights: [1, 1]"), "3:5", "values must rise: 0.5 stands before 0.2"),
    (uncertain(SPOT_LAW + "discrete, values: [0.1, 0.2], weights: [1, 1, 1]"), "3:77", "weights: 3 numbers for 2 values"),
    (uncertain(SPOT_LAW + "discrete, values: [0.1, 0.2], weights: [1, -1]"), "3:5", "weights must not be negative"),
    (uncertain(SPOT_LAW + "discrete, values: [0.1, 0.2], weights: [0, 0]"), "3:5", "one weight at least"),
    (uncertain(SPOT_LAW + "discrete, values: []"), "3:56", "values: has no value"),
    (uncertain(SPOT_LAW + f"discrete, values: {list(range(17))}, weights: 1"), "3:56", "values: holds more than 16 numbers"),
    (uncertain(SPOT_LAW + "uniform, low: [0, 0.1], high: 1"), "3:52", "low: holds more than 1 number"),
    (uncertain(SPOT_LAW + "normal, mean: 0.5, sd: 0.1"),
     "3:5", "reaches down to -0.320954, where the key wants at least 0 and at most 1: add `low`"),
    (uncertain(SPOT_LAW + "normal, mean: 0.5, sd: 0.1, low: 0"),
     "3:5", "reaches up to 1.32095, where the key wants at least 0 and at most 1: add `high`"),
    (uncertain(SPOT_LAW + "uniform, low: 0, high: 1.5"),
     "3:5", "reaches up to 1.5, where the key wants at least 0 and at most 1: change `high`"),
    (uncertain(SPOT_LAW + "discrete, values: [0.1, 1.2], weights: [1, 1]"), "3:5", "change `values`"),
    (uncertain("key: relet.absorption, law: uniform, scale: true, low: 0.5, high: 1.1"), "3:5", "reaches up to 1.045"),
    (uncertain("key: credit.recovery_mean, law: uniform, low: 0, high: 0.5"), "3:5", "wants above 0 and below 1: change `low`"),
    (uncertain(SPOT_LAW + "uniform, low: 0, high: 1") + f"\n  - {{{SPOT_LAW}uniform, low: 0, high: 1}}",
     "4:5", f"has a law already, through {SPOT} at"),
    (uncertain(f"key: {HAZARD}, law: uniform, scale: true, low: 0, high: 1")
     + "\n  - {key: credit.hazard.boom, law: uniform, low: 0 1/year, high: 1 1/year}",
     "4:5", f"has a law already, through {HAZARD} at"),
    (uncertain("key: credit.recovery_sd, law: uniform, low: 0.1, high: 0.4")
     + "\n  - {key: credit.recovery_mean, law: uniform, low: 0.1, high: 0.9}",
     "3:5", "so it is with credit.recovery_sd = 0.4, credit.recovery_mean = 0.1"),
    (uncertain("key: credit.recovery_sd, law: uniform, low: 1e-4, high: 0.2"), "3:5", "must lie between"),
    (uncertain("key: regime.transition_rate.boom.winter, law: uniform, low: -0.1 1/year, high: 0.1 1/year"), "3:5",
     "must not be negative; so it is with regime.transition_rate.boom.winter = -0.1 1/year"),
    (uncertain("key: customers.Anthropic.share_loss_rate, law: uniform, low: 0 1/year, high: 7 1/year")
     + "\n  - {key: customers.Anthropic.share_recovery_rate, law: uniform, low: 0 1/year, high: 7 1/year}", "3:5",
     "share_loss_rate = 7 1/year, customers.Anthropic.share_recovery_rate = 7 1/year"),
    (uncertain("key: correlation.factors.price.revenue, law: uniform, low: -1, high: 1"), "3:5", "positive definite"),
    (uncertain("key: correlation.factors, law: uniform, scale: true, low: 0.5, high: 0.9"), "3:5", "the diagonal must be 1; so it is with"),
    ("uncertain:\n" + "".join(f"  - {{key: sites.S{n}.{key}, law: uniform, low: 0{unit}, high: 1{unit}}}\n" for n in range(1, 12)
                              for key, unit in (
        ("capacity", " GW"), ("delay_sigma", ""), ("cancel_probability", ""))), "35:5", "more than 32 entries"),
    (TRIPLE + f"  - {{keys: [{SPOT}], rank: 0.5}}", "8:12", "wants two keys"),
    (TRIPLE + f"  - {{keys: [{SPOT}, {HAZARD}], rank: 0.5}}", "8:12", f"{HAZARD}: has no law in `uncertain`"),
    (TRIPLE + f"  - {{keys: [{SPOT}, relet.lagg], rank: 0.5}}", "8:12", "did you mean `lag`?"),
    (TRIPLE + f"  - {{keys: [{SPOT}, {SPOT}], rank: 0.5}}", "8:12", "two different keys"),
    (TRIPLE + f"  - {{keys: [{SPOT}, {LAG}], rank: 1}}", "8:53", "1 is out of range; wanted above -1 and below 1"),
    (TRIPLE + f"  - {{keys: [{SPOT}, {LAG}], rank: high}}", "8:53", "rank: `high` does not begin"),
    (TRIPLE + f"  - {{keys: [{SPOT}, {LAG}]}}", "8:5", "wants `keys` and `rank`"),
    (TRIPLE + f"  - {{keys: [{SPOT}, {LAG}], rho: 0.5, rank: 0.5}}", "8:52", "rho: unknown key"),
    (TRIPLE + f"  - {{keys: [{SPOT}, {LAG}], rank: 0.5}}\n  - {{keys: [{LAG}, {SPOT}], rank: 0.5}}", "9:12", "has a correlation already"),
    (TRIPLE + f"  - {{keys: [{SPOT}, {DISCOUNT}], rank: 0.9}}\n  - {{keys: [{SPOT}, {LAG}], rank: 0.9}}\n"
     f"  - {{keys: [{DISCOUNT}, {LAG}], rank: -0.9}}",
     "8:5", "not positive definite; all ranks multiplied by 0.5362 would be"),
    ("uncertain_correlation: 0.5", "2:24", "wants a list"),
    (f"uncertain_correlation: [{{keys: [{SPOT}, {LAG}], rank: 0.5}}]", "2:32", "has no law"),
]


@pytest.mark.parametrize("text, place, message", FAULTS, ids=[f"{place}-{message[:40]}" for _, place, message in FAULTS])
def test_a_fault_is_named_with_its_place(tmp_path, text, place, message):
    (tmp_path / "bad.yaml").write_text(f"include: {BASE}\n{text}\n")
    done = tenor("run", tmp_path / "bad.yaml", "-o", tmp_path / "out.nc", "--paths", 512)
    assert done.returncode == 2, done
    named = [line for line in done.stderr.split("\n") if f"bad.yaml:{place}: error: " in line]
    assert any(message in line for line in named), done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["bad.yaml"]


def test_the_ranks_that_are_offered_are_accepted(tmp_path):
    """0.5362 of the way is positive definite, 0.5363 is not."""
    signs = ((SPOT, DISCOUNT, 0.9), (SPOT, LAG, 0.9), (DISCOUNT, LAG, -0.9))
    for part, code in ((0.5361, 0), (0.5363, 2)):
        deck = write(tmp_path, TIED, [f"keys: [{a}, {b}], rank: {rank * part}" for a, b, rank in signs])
        assert tenor("check", "--quiet", deck).returncode == code


def test_a_law_whose_key_is_gone_is_named(tmp_path):
    deck = write(tmp_path, [f"key: {CHIP}, {LAWS['uniform'][1]}"])
    (tmp_path / "gone.yaml").write_text(f"include: {deck}\ngenerations: []\n")
    done = tenor("check", tmp_path / "gone.yaml")
    assert done.returncode == 2 and f"{deck}:3:11: error: uncertain.{CHIP}: there is no generation" in done.stderr
    (tmp_path / "gone.yaml").write_text(f"include: {deck}\ngenerations: []\nuncertain: {{{CHIP}: none}}\n")
    assert tenor("check", tmp_path / "gone.yaml").returncode == 0


def test_settings_of_laws_are_checked(tmp_path):
    done = tenor("check", BASE, "--set", f"uncertain.{SPOT}={{law: uniform, low: 0, high: 2}}")
    assert done.returncode == 2 and done.stderr.startswith(f"--set uncertain.{SPOT}=") and "change `high`" in done.stderr
