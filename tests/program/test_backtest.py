"""tenor-backtest: scores against closed forms, origins against arithmetic, the program on a short history, wrong use."""
import html
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from statistics import NormalDist

import numpy
import pytest

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
sys.path.insert(0, str(TOP / "postproc"))
from tenor_post import backtest, backtest_cli, backtest_page, scores  # noqa: E402

LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975, 0.99)  # as in a result
PHI = NormalDist()


def tenor_backtest(*words):
    return subprocess.run([sys.executable, TOP / "postproc/tenor-backtest", *map(str, words), "--tenor", TENOR], capture_output=True,
                          text=True, timeout=300)


# ---- scores

@pytest.mark.parametrize("x", [-4.0, -1.0, 0.0, 0.3, 2.0, 5.0])
def test_crps_is_the_integral_it_is_defined_by(x):
    """CRPS = integral of (F(y) - [y >= x])^2 dy, here by the trapezoidal rule on both sides of x."""
    law = scores.Normal(0.5, 1.5)
    total = 0.0
    for low, high, step in ((-30.0, x, 0), (x, 30.0, 1)):
        y = numpy.linspace(low, high, 20001)
        total += numpy.trapz([(law.cdf(v) - step) ** 2 for v in y], y)
    assert law.crps(x) == pytest.approx(total, abs=1e-5)


def test_crps_of_a_normal_law_at_its_mean():
    """sigma (sqrt(2) - 1)/sqrt(pi)."""
    assert scores.Normal(3, 2).crps(3) == pytest.approx(2 * (math.sqrt(2) - 1) / math.sqrt(math.pi), rel=1e-14)


@pytest.mark.parametrize("x", [-6.0, -1.0, 0.5, 0.9, 7.0])
def test_quantiles_of_a_normal_law_are_that_law(x):
    exact = scores.Normal(0.5, 1.5)
    law = scores.Quantiles(LEVELS, [exact.quantile(p) for p in LEVELS])
    assert law.cdf(x) == pytest.approx(exact.cdf(x), abs=1e-12) and law.score(x) == pytest.approx(exact.score(x), abs=1e-12)
    assert law.quantile(0.1) == pytest.approx(exact.quantile(0.1), abs=1e-12)
    assert law.crps(x) == pytest.approx(exact.crps(x), rel=2e-3)  # of the midpoint rule with 1000 probabilities


@pytest.mark.parametrize("values", [(1, 1, 2), (2, 1, 3)])
def test_quantiles_that_do_not_rise_are_refused(values):
    with pytest.raises(ValueError):
        scores.Quantiles((0.1, 0.5, 0.9), values)


def test_right_forecasts_have_a_flat_pit_and_right_coverage():
    """20,000 outcomes of the forecast's own law: PIT flat by chi-squared (9 degrees, 99.9 %: 27.9), bands within 4 errors, no stretch."""
    random, law, n = numpy.random.Generator(numpy.random.Philox(7)), scores.Normal(1, 0.2), 20000
    outcomes = random.normal(1, 0.2, n)
    pit = numpy.array([law.cdf(x) for x in outcomes])
    counts = numpy.histogram(pit, numpy.linspace(0, 1, 11))[0]
    assert ((counts - n / 10) ** 2 / (n / 10)).sum() < 27.9
    for band in (0.5, 0.8, 0.9):
        assert abs(scores.covered(pit, band).mean() - band) < 4 * math.sqrt(band * (1 - band) / n)
    assert scores.stretch(numpy.array([law.score(x) for x in outcomes])) == pytest.approx(1, abs=0.03)


def test_forecasts_half_as_wide_are_caught():
    """Bands of half the standard deviation hold Phi(1.2816/2) and so on, and want to be twice as wide."""
    random, law, n = numpy.random.Generator(numpy.random.Philox(8)), scores.Normal(0, 0.5), 20000
    outcomes = random.normal(0, 1, n)
    pit = numpy.array([law.cdf(x) for x in outcomes])
    for band in (0.5, 0.8, 0.9):
        held = 2 * PHI.cdf(PHI.inv_cdf((1 + band) / 2) / 2) - 1
        assert abs(scores.covered(pit, band).mean() - held) < 4 * math.sqrt(held * (1 - held) / n)
    assert scores.stretch(numpy.array([law.score(x) for x in outcomes])) == pytest.approx(2, abs=0.06)


def test_what_has_no_outcome_counts_nowhere():
    values = numpy.array([[0.5, math.nan], [math.nan, math.nan], [0.9, 0.1]])
    assert numpy.isnan(scores.covered(values, 0.8)).tolist() == [[False, True], [True, True], [False, False]]
    mean, _, number = scores.estimate(values, 1)
    assert number == 3 and mean == pytest.approx(0.5)
    assert scores.estimate(numpy.full((4, 2), math.nan), 1)[2] == 0


def test_the_error_of_a_mean_sees_that_forecasts_overlap():
    """Moving sums of q innovations: the error of their mean is that of independent values times about sqrt(q); blocks see most of it.
    Independent values: the usual error. Averages over 100 series; bounds from the block bootstrap's known shortfall 1 - 1/3 q/block."""
    random, n, q = numpy.random.Generator(numpy.random.Philox(9)), 200, 5
    blocks, singles, alone = [], [], []
    for _ in range(100):
        noise = random.normal(0, 1, n + q - 1)
        sums = numpy.convolve(noise, numpy.ones(q), "valid")[:, None]
        blocks.append(scores.estimate(sums, 15, resamples=200)[1])
        singles.append(scores.estimate(sums, 1, resamples=200)[1])
        alone.append(scores.estimate(noise[:n, None], 1, resamples=200)[1])
    true = q / math.sqrt(n)
    assert 0.85 * true < numpy.mean(blocks) < 1.05 * true
    assert numpy.mean(singles) < 0.55 * true
    assert numpy.mean(alone) == pytest.approx(1 / math.sqrt(n), rel=0.05)


def test_an_error_is_not_made_up_of_less_than_two_spans():
    assert math.isnan(scores.estimate(numpy.ones((23, 1)), 12)[1]) and scores.estimate(numpy.ones((24, 1)), 12)[1] == 0


# ---- origins

def quarters_of(n, growth=0.2, skip=()):
    """n quarters from 2015 on that grow evenly at `growth` a year, without those numbered in `skip`."""
    ends = [f"{2015 + q // 4}-{('03-31', '06-30', '09-30', '12-31')[q % 4]}" for q in range(n)]
    return [(end, math.exp(growth * q / 4)) for q, end in enumerate(ends) if q not in skip]


def test_an_origin_knows_its_past_only():
    found = backtest.origins(quarters_of(12), (0.16, 0.11, 0.05), 2)
    assert [origin.end for origin in found] == ["2017-03-31", "2017-06-30", "2017-09-30"]
    changed = quarters_of(12)
    changed[10:] = [(end, 99.0) for end, _ in changed[10:]]
    for before, after in zip(found, backtest.origins(changed, (0.16, 0.11, 0.05), 2)):
        known = before.end <= "2017-06-30"
        assert (before._replace(outcomes=()) == after._replace(outcomes=())) == known
    assert found[0].growth == pytest.approx(0.2) and found[0].spread == pytest.approx(0, abs=1e-12)
    assert found[0].outcomes == pytest.approx([math.exp(0.2 * q / 4) for q in (9, 10)])
    assert math.isnan(found[-1].outcomes[1])


def test_the_growth_of_an_origin_is_that_of_its_last_year():
    ends = [end for end, _ in quarters_of(10)]
    steps = (0, 1, 2, 3, 4, 6, 8, 10, 12, 14)  # twice as fast in the second year
    found = backtest.origins([(end, math.exp(0.05 * step)) for end, step in zip(ends, steps)], (0.16, 0.11, 0.05), 1)
    assert [origin.growth for origin in found] == pytest.approx([0.4]) and found[0].outcomes == pytest.approx([math.exp(0.7)])


def test_a_gap_makes_no_origin_across_it():
    ends = [origin.end for origin in backtest.origins(quarters_of(24, skip={10}), (0.16, 0.11, 0.05), 1)]
    assert ends == ["2017-03-31", *(f"{y}-{d}" for y, d in ((2019, "12-31"), (2020, "03-31"), (2020, "06-30"), (2020, "09-30")))]


@pytest.mark.parametrize("growth, regime", [(0.5, "boom"), (0.14, "boom"), (0.13, "plateau"), (0.09, "plateau"), (0.07, "winter"), (-0.2, "winter")])
def test_the_regime_is_the_nearest(growth, regime):
    assert backtest.origins(quarters_of(10, growth), (0.16, 0.11, 0.05), 1)[0].regime == regime


def test_the_opening_revenue_makes_the_last_quarter():
    revenue = backtest.opening_revenue(10, 0.3)
    assert sum(revenue / 12 * math.exp(-0.3 * k / 12) for k in range(3)) == pytest.approx(10)
    assert backtest.opening_revenue(10, 0) == pytest.approx(40)


def test_the_random_walk_knows_the_error_of_its_drift():
    """Variance h s^2 + h^2 s^2/4: of h steps, and of h times a mean of four."""
    origin = backtest.Origin("2020-12-31", math.e, 1, 0.4, "boom", 0.02, (math.nan,))
    law = backtest.walk(origin, 6)
    assert law.mean == pytest.approx(1 + 6 * 0.1) and law.sd ** 2 == pytest.approx(0.02 ** 2 * (6 + 36 / 4))


def test_outcomes_above_the_forecasts_are_a_positive_bias_and_a_worse_forecast_a_positive_difference():
    origins = [backtest.Origin("2020-12-31", 1, 4, 0.4, "boom", 0.02, (math.e,)) for _ in range(4)]
    near, far = (backtest.score(origins, [[scores.Normal(mean, 0.5)]] * 4) for mean in (0.9, 0.2))
    found = backtest.summary(far, near, 1, 1)
    assert found["bias"].value == pytest.approx(0.8) and found["pit"].value == pytest.approx(PHI.cdf(1.6))
    difference = scores.Normal(0.2, 0.5).crps(1) - scores.Normal(0.9, 0.5).crps(1)
    assert found["crps_less_walk"].value == pytest.approx(difference) and difference > 0.3


# ---- the program

@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A deck with twelve quarters that grow evenly, one of them unverified, and what the program makes of it."""
    folder = tmp_path_factory.mktemp("backtest")
    lines = [f"  - {{end: {end}, aws_revenue: {value!r} billion USD{', confidence: assumed' * (n == 11)}}}"
             for n, (end, value) in enumerate(quarters_of(12))]
    (folder / "deck.yaml").write_text(f"include: {TOP}/decks/anthropic-aws.yaml\nhistory:\n" + "\n".join(lines) + "\n")
    done = tenor_backtest(folder / "deck.yaml", "--paths", 4096, "--horizons", 2, "-o", folder / "page.html", "--json", folder / "all.json")
    assert done.returncode == 0, done.stderr
    return folder, done.stdout, json.loads((folder / "all.json").read_text()), (folder / "page.html").read_text()


def test_the_engine_starts_where_the_past_ended(ran):
    """Even growth at 20 %, started there: the forecast of the model whose level is 20 % is the next quarter, to half of a per cent
    (sampling: 4096 paths of a law some 3 % wide; rates that fade with the regime in the months before)."""
    found = ran[2]
    assert [origin["end"] for origin in found["origins"]] == ["2017-03-31", "2017-06-30"]  # the last value is unverified
    for origin, quantiles in zip(found["origins"], found["forecasts"]["persistent"]["quantiles"]):
        assert quantiles[0][1] == pytest.approx(origin["outcomes"][0], rel=0.005)
        assert quantiles[0][0] < origin["outcomes"][0] < quantiles[0][2]
        assert quantiles[1][2] / quantiles[1][0] > quantiles[0][2] / quantiles[0][0] > 1.01
    assert found["forecasts"]["model"]["quantiles"][0][1][1] < found["forecasts"]["persistent"]["quantiles"][0][1][1]  # level below 20 %


def test_scores_are_those_of_the_forecasts(ran):
    found = ran[2]
    for row in found["scores"]:
        pit = [p for origin in found["forecasts"][row["forecaster"]]["pit"] for p in origin if p is not None]
        assert len(pit) == row["pit"]["n"] == 3 and row["pit"]["value"] == pytest.approx(numpy.mean(pit))
        assert row["coverage80"]["value"] == pytest.approx(numpy.mean([0.1 <= p <= 0.9 for p in pit]))
        assert row["pit"]["se"] is None  # two origins are less than two spans of two quarters
    assert [row["forecaster"] for row in found["scores"]] == ["model", "persistent", "walk"]


def test_page_and_table_say_the_same(ran):
    _, table, found, page = ran
    for sentence in [*found["verdict"], found["meaning"]]:
        assert sentence in table and sentence in html.unescape(page)
    assert page.count("<svg") == len(backtest_page.FIGURES) == 4 and page.count("<table") == 3
    assert not re.search(r'(?:src|href)="(?!#)|<script|url\((?!#)|@import', page), "fetches something"
    for rule in backtest.RULES:
        assert rule in html.unescape(page)


def test_wide_narrow_and_unknown_are_told_apart():
    def findings(coverage, se):
        row = {name: backtest.Figure(0.0, se, 40) for name in ("bias", "crps", "crps_less_walk")}
        row.update(coverage80=backtest.Figure(coverage, se, 40), stretch=backtest.Figure(1.7, se, 40), pit=backtest.Figure(0.5, se, 40))
        made = backtest_page.Findings.__new__(backtest_page.Findings)
        made.table = [(backtest.MODEL, 1, 4, row)]
        return made
    for coverage, se, words, sense in ((0.5, 0.05, "too few; stretched 1.7 times", "understates"), (0.95, 0.05, "more than they should", "safe side"),
                                       (0.75, 0.05, "cannot be told", "does not contradict"), (0.5, math.nan, "not known", "does not contradict")):
        made = findings(coverage, se)
        assert words in backtest_page.verdicts(made)[0] and sense in backtest_page.meaning(made)


def test_unverified_values_are_used_when_asked():
    deck = {"history": [{"end": {"value": "2020-03-31"}, "aws_revenue": {"value": "3 billion USD", "confidence": "assumed"}},
                        {"end": {"value": "2020-06-30"}, "aws_obligations": {"value": "9 billion USD"}},
                        {"end": {"value": "2020-09-30"}, "aws_revenue": {"value": "4 billion USD"}}]}
    assert backtest.known_quarters(deck, False) == [("2020-09-30", 4)]
    assert backtest.known_quarters(deck, True) == [("2020-03-31", 3), ("2020-09-30", 4)]


@pytest.mark.parametrize("words, code, said", [
    (["no.yaml"], 2, "no.yaml: no such deck"), (["{deck}", "--paths", "10"], 2, "from 1000 to"), (["{deck}", "--horizons", "2.5"], 2, "whole number"),
    ([], 2, "DECK"), (["{deck}", "--tenor", "no-such-engine"], 2, "no-such-engine: no such program"),
    (["{deck}", "-o", "{folder}/no/page.html"], 5, "no such folder"), (["{deck}", "-o", "{folder}/page.html"], 2, "--force replaces it"),
    (["{deck}", "-o", "{folder}"], 5, "no regular file"), (["{deck}", "-o", "{deck}", "--force"], 2, "is the deck itself"),
    (["{deck}", "-o", "{folder}/x", "--json", "{folder}/x"], 2, "files of their own"), (["{folder}/bad.yaml"], 2, "tenor check ended with 2"),
    (["{folder}/short.yaml"], 2, "has 1 known quarters"),
    (["{deck}", "--paths", "inf"], 2, "whole number from 1000 to"), (["{deck}", "--horizons", "nan"], 2, "whole number from 1 to")], ids=str)
def test_wrong_use_is_refused(ran, capsys, words, code, said):
    folder = ran[0]
    (folder / "bad.yaml").write_text("weather: sunny\n")
    (folder / "short.yaml").write_text(f"include: deck.yaml\nhistory:\n  - {{end: 2020-03-31, aws_revenue: 3 billion USD}}\n")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    words = [word.format(deck=folder / "deck.yaml", folder=folder) for word in words]
    assert backtest_cli.main(["--tenor", TENOR, *words]) == code
    told = capsys.readouterr()
    assert said in told.err and told.err.startswith("tenor-backtest: error: ") and told.out == ""
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_forecasts_without_spread_cannot_be_scored(ran, capsys):
    flat = ran[0] / "flat.yaml"
    flat.write_text("include: deck.yaml\nbase_business: {growth_volatility: 0 1/sqrt(year), revenue_volatility: 0 1/sqrt(year), "
                    "growth_level: '0.1, 0.1, 0.1 1/year'}\n")
    assert backtest_cli.main(["--tenor", TENOR, str(flat), "--paths", "1000", "--horizons", "1"]) == 2
    assert "flat.yaml: forecasts of AWS revenue have equal quantiles" in capsys.readouterr().err.splitlines()[-1]


def test_help_and_manual_know_every_option():
    shown = subprocess.run([sys.executable, TOP / "postproc/tenor-backtest", "--help"], capture_output=True, text=True, check=True).stdout
    manual = (TOP / "postproc/tenor-backtest.1").read_text().replace("\\-", "-")
    options = set(re.findall(r"--[a-z]+", shown))
    assert {"--json", "--paths", "--tenor"} < options and all(option in manual for option in options)
