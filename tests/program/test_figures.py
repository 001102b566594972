"""Figures, several results on a page, exports, and the package behind them: every number is the file's."""
import csv
import html
import importlib.util
import json
import math
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import matplotlib
import numpy
import pytest
from matplotlib.figure import Figure as Canvas

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))

sys.path.insert(0, str(TOP / "postproc"))
import tenor_post  # noqa: E402
from tenor_post import analyst, answer, charts, cli, compare, drawing, figures, page, plots, results  # noqa: E402

DECKS = ("anthropic-aws", "no-deal", "portfolio")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    decks = [TOP / f"decks/{name}.yaml" for name in DECKS]
    subprocess.run([TENOR, "run", *decks, "--paths", "20000", "-o", folder, "--quiet"], check=True, timeout=300)
    subprocess.run([TENOR, "compare", *decks[:2], "--paths", "20000", "-o", folder / "pair.nc", "--quiet"], check=True, timeout=300)
    return folder


@pytest.fixture(scope="module")
def base(folder):
    return tenor_post.open(folder / "anthropic-aws.nc")


@pytest.fixture(scope="module")
def portfolio(folder):
    return tenor_post.open(folder / "portfolio.nc")


@pytest.fixture(scope="module")
def pair(folder):
    return tenor_post.open(folder / "pair.nc")


@pytest.fixture(scope="module")
def deck(folder):
    return tenor_post.deck(folder / "anthropic-aws.nc")


@pytest.fixture(scope="module")
def whole(folder):
    """The page of three results and a comparison, gathered."""
    return page.gather([folder / f"{name}.nc" for name in (*DECKS, "pair")])


@pytest.fixture(scope="module")
def text(whole):
    return page.html(whole)


# ---- every number of the page


def numbers_of(*datasets):
    """Every number of the files, times 100, and its complement, to look up."""
    found = set()
    for data in datasets:
        for name, variable in data.variables.items():
            if variable.dtype.kind in "fi":
                values = variable.values.astype(float).ravel()
                found |= set(values.tolist()) | set((100 * values).tolist()) | set((1 - values).tolist())
    return found


def test_every_number_on_the_page_is_the_files_or_follows_from_it(folder, base):
    """Each <data> is a number of the file as it stands (or times 100, or of the opposite event), or one of the derived figures, which
    are computed here anew from the file; no number is left over."""
    path = folder / "anthropic-aws.nc"
    found = numbers_of(base)
    z = results.interval_factor(base)
    for name, variable in base.variables.items():
        if name.endswith("_se"):
            found |= set((z * variable.values.astype(float)).ravel().tolist())
            halves = name.removesuffix("_se")
            if f"{halves}_lo" in base:
                found |= set(((base[f"{halves}_hi"] - base[f"{halves}_lo"]).values / 2).ravel().tolist())
    years, profile = analyst.yearly(base), analyst.exposure_profile(base)
    for data in (years, profile):
        found |= numbers_of(data)
    low, high = ((profile["expected"] + sign * profile["expected_half"]).values for sign in (-1, 1))
    found |= {*low.tolist(), *high.tolist()}
    deck = tenor_post.deck(path)
    derived = [analyst.operating_margin(base), *(analyst.provider_rate(base, 0.09, terminal) for terminal in (False, True))]
    found |= {float(v) for f in derived for v in (f.value, f.half)}
    for drawn in (figures.chart(name, base, deck) for name in ("waterfall", "burnout", "exceedance", "convergence")):
        assert drawn is not None
        for part in drawn.tables():
            found |= set(part.values.ravel().tolist())  # tested on their own below
    for span in answer.limits(base):
        found |= {span.share.value, span.share.half, span.served.value, span.served.half}
    factor, lead = answer.wrong_way_factor(base), answer.gather(base, deck)
    found |= {factor.value, factor.half, lead["promised"], lead["losing"].half, lead["tails"][0].half, lead["fates"][0][1]}
    sizes = [results.parts(base), results.student(results.parts(base) - 1)]
    beyond = [float(base["paths"]) * (1 - level) for level in base["level"].values]
    tails = [float(base[f"{n}_var_hi"].values.ravel()[i] - base[f"{n}_var_lo"].values.ravel()[i]) / 2 for n in ("npv", "npv_with_equity", "ecl")
             for i in range(3)]
    found |= {float(v) for v in (*sizes, *beyond, *tails)}
    shown = [float(v) for v in re.findall(r'<data value="([^"]+)"', tenor_post.render(path))]
    strange = [v for v in set(shown) - found if not any(math.isclose(v, f, rel_tol=1e-12) for f in found)]
    assert len(shown) > 2000 and strange == []


def test_the_sections_read_all_that_they_show(folder, monkeypatch):
    """The page of a file read in part is that of the whole file."""
    part = page.render(folder / "portfolio.nc")
    monkeypatch.setattr(page, "shown", lambda variable: True)
    assert page.render(folder / "portfolio.nc") == part


def test_reading_decodes_as_xarray_does(folder, base):
    import xarray
    with xarray.open_dataset(folder / "anthropic-aws.nc", decode_timedelta=False) as file:
        marks = {f"history_aws_{metric}_unverified" for metric in ("revenue", "obligations")}  # which the deck tells
        assert set(file.variables) | marks == set(base.variables) and set(file.coords) == set(base.coords) and file.attrs == base.attrs
        for name, variable in file.variables.items():
            values = variable.values.astype(str) if variable.dtype.kind == "S" else variable.values
            assert variable.dims == base[name].dims and variable.attrs == base[name].attrs, name
            numpy.testing.assert_array_equal(values, base[name].values, err_msg=name)


# ---- charts


@pytest.mark.parametrize("name", ["base", "portfolio"])
def test_the_waterfall_reconciles(request, name):
    """Step by step from the opening commitment to the closing backlog, of all customers and of each."""
    data = request.getfixturevalue(name)
    drawn = figures.chart("waterfall", data)
    change, start, end = (drawn.columns[column] for column in ("change", "from", "to"))
    assert change[0] + change[1:-1].sum() == pytest.approx(float(data["final_backlog_mean"].sum()), abs=1e-9)
    assert change[-1] == pytest.approx(float(data["final_backlog_mean"].sum()), abs=1e-12)
    assert start[1:-1] == pytest.approx(end[:-2], abs=1e-12) and start[0] == start[-1] == 0
    assert end[-2] == pytest.approx(end[-1], abs=1e-9)
    for i, customer in enumerate(data["customer"].values if data.sizes["customer"] > 1 else ()):
        own = drawn.columns[str(customer)]
        assert own[:-1].sum() == pytest.approx(float(data["final_backlog_mean"][i]), abs=1e-9)
    used = -change[2] - change[3] + float(data["beyond_mean"].sum())
    assert used == pytest.approx(float(data["recognised_gross_mean"].sum()), rel=1e-9)
    fates = dict(answer.gather(data, None)["fates"])
    assert -change[2] - change[3] == pytest.approx(fates["becomes revenue"], abs=1e-9)


def test_the_burn_out_curve_goes_through_what_the_file_knows(base):
    drawn = figures.chart("burnout", base)
    months, share = drawn.x, drawn.columns["used up"]
    for p, month in zip(base["quantile"].values, base["fulfilled_month_quantile"].values[0]):
        if numpy.isfinite(month):
            assert numpy.interp(month, months, share) == pytest.approx(100 * p, abs=1.5)  # many paths share a month
    for by, value in zip(base["by"].values, base["fulfilled_month_by"].values[0]):
        assert numpy.interp(by, months, share) == pytest.approx(100 * value, abs=1e-9)
    assert (numpy.diff(share[numpy.isfinite(share)]) >= 0).all()
    dots = next(mark for mark in drawn.marks if isinstance(mark, charts.Points))
    assert dots.low.tolist() == (100 * base["fulfilled_month_by_lo"].values[0]).tolist()


def test_the_exceedance_curve_and_its_marks_are_the_files(base):
    drawn = figures.chart("exceedance", base)
    at = [float(base["npv_exceedance"].sel(threshold=x)) * 100 for x in drawn.x]
    assert drawn.columns["\u2212NPV"].tolist() == at
    var, cvar = (mark for mark in drawn.marks if isinstance(mark, charts.Points))
    assert var.x.tolist() == base["npv_var"].values.tolist() and var.low.tolist() == base["npv_var_lo"].values.tolist()
    assert cvar.x.tolist() == base["npv_cvar"].values.tolist()
    assert cvar.high - cvar.x == pytest.approx(results.interval_factor(base) * base["npv_cvar_se"].values)
    for x, y in zip(var.x, var.y):  # the value at risk lies on the curve, to within a straight line between thresholds
        below, above = drawn.x[drawn.x <= x][-1], drawn.x[drawn.x >= x][0]
        assert 100 * float(base["npv_exceedance"].sel(threshold=above)) <= y <= 100 * float(base["npv_exceedance"].sel(threshold=below))
    zero = tenor_post.exceedance(base, "npv", 0.0)
    assert zero.value == float(base["npv_exceedance"].sel(threshold=0)) and zero.ends[0] < zero.value < zero.ends[1]
    assert tenor_post.exceedance(base, "npv", 1e6) is None


def test_convergence_ends_at_the_mean_with_its_interval(base, deck):
    """The last point is the mean of all parts; its interval, of 32 parts, is about that of all paths."""
    drawn = figures.chart("convergence", base, deck)
    assert drawn.columns["mean so far"][-1] == pytest.approx(float(base["npv_mean"]), rel=1e-9)
    assert drawn.x[-1] == float(base["paths"])
    half = drawn.columns["upper end"][-1] - drawn.columns["mean so far"][-1]
    assert half == pytest.approx(results.interval_factor(base) * float(base["npv_se"]), rel=0.45)  # 31 degrees: 13 % error
    assert figures.chart("convergence", base, None) is None


def test_settling_of_equal_parts_is_students_interval():
    from tenor_post.sample import settle
    values = numpy.array([1.0, 2.0, 4.0, 3.0])
    mean, half = settle(values, numpy.full(4, 100.0))
    assert mean.tolist() == [1.0, 1.5, 7 / 3, 2.5] and numpy.isnan(half[0])
    assert half[3] == pytest.approx(results.student(3) * values.std(ddof=1) / 2)


def test_charts_are_drawn_on_axes_of_others(base, deck):
    for figure in figures.FIGURES:
        axes = Canvas().add_subplot()
        drawn = tenor_post.plot(figure.name, base, axes, deck)
        assert axes.has_data() and drawn.name == figure.name
        assert (axes.get_xlabel() if drawn.rows else axes.get_ylabel()).startswith(drawn.unit)
    with pytest.raises(KeyError):
        tenor_post.plot("no such figure", base, axes)
    with pytest.raises(ValueError, match="backlog"):
        tenor_post.plot("backlog", base.drop_vars("backlog_mean"), axes)


def test_dollar_signs_of_names_are_no_formulas():
    """A customer and a deck may be called anything; \\frac without its arguments is a formula that matplotlib refuses."""
    name = r"A$\frac$B"
    rows = charts.Chart("t", name, "", "GW", "Key", numpy.array([name]), {name: numpy.array([1.0])}, (charts.Bars("", name, ("blue",), name),))
    lines = rows._replace(x=numpy.array([1.0, 2.0]), columns={name: numpy.array([1.0, 2.0])}, marks=(charts.Line(name, "blue", name),))
    for chart, times in ((rows, 3), (lines, 2)):
        assert html.unescape(plots.picture(chart, "svg").decode()).count(f">{name}</text>") == times


def test_bands_that_are_known_at_year_ends_only_are_bridged(base):
    """On axes and on the page: the area reaches from the first year's end to the last."""
    axes = Canvas().add_subplot()
    drawn = tenor_post.plot("circularity", base, axes)
    known = numpy.isfinite(drawn.columns["mixing, 95 %"])
    assert 0 < known.sum() < len(known)
    for band in axes.collections:
        assert len(band.get_paths()) == 1 and len(band.get_paths()[0].vertices) > 2 * known.sum()
    text = str(drawing.inline(drawn))
    assert len(re.findall(r'class="g[01] f-\w+ band" d="M[\d.]+ ', text)) == 2


def test_pages_and_files_draw_with_the_same_colours():
    css = (TOP / "postproc/tenor_post/page.css").read_text().split("}")[0]
    for tone, colour in charts.TONES.items():
        if tone != "ink":
            found = re.search(rf"--{tone}: (#\w+)", css).group(1)
            assert matplotlib.colors.to_hex(found) == colour.lower(), tone


@pytest.mark.parametrize("low, high, most, expected", [
    (0, 102.7, 5, [0, 50, 100]), (0, 5.4, 6, [0, 1, 2, 3, 4, 5]), (-31.9, 55.4, 6, [-20, 0, 20, 40]), (13.57, 14.02, 6, [13.6, 13.7, 13.8, 13.9, 14.0]),
    (2, 2, 5, [2])])
def test_ticks_are_round(low, high, most, expected):
    assert charts.ticks(low, high, most) == pytest.approx(expected)


# ---- several results, comparisons


def test_differences_of_equal_paths_are_those_of_compare(whole, pair):
    """From the parts of two files: the same differences as path by path, and intervals within their own error (31 degrees)."""
    base, second = (result.data for result in whole.results[:2])
    decks = [result.deck for result in whole.results[:2]]
    for name, metric, where in (("npv", "npv", {}), ("backlog", "backlog", {"time": 19}), ("capex", "capex_total", {}),
                                ("revenue", "contract_revenue_cum", {"time": -1}), ("ecl", "ecl", {"customer": 0}),
                                ("defaulted", "defaulted", {"customer": 0})):
        found, exact = tenor_post.paired(base, second, name, *decks), tenor_post.compared(pair, metric, **where)
        assert found.paired
        assert found.estimate.value == pytest.approx(exact.difference.value, rel=1e-6, abs=1e-9), name
        assert found.estimate.half == pytest.approx(exact.difference.half, rel=0.5), name
    unpaired = tenor_post.paired(base, second, "npv")  # without decks the parts have no present value
    assert not unpaired.paired and unpaired.estimate.half > 2 * tenor_post.paired(base, second, "npv", *decks).estimate.half
    other = second.assign_attrs(seed="2")
    assert not compare.same_paths(base, other) and not tenor_post.paired(base, other, "capex").paired


def test_a_sum_has_no_error_where_that_of_a_customer_does_not_exist(portfolio):
    value, = (measure.value for measure in compare.MEASURES if measure.name == "ecl")
    error = portfolio["ecl_se"].where(portfolio["customer"] != portfolio["customer"][0])
    assert value(portfolio).half > 0 and math.isnan(value(portfolio.assign(ecl_se=error)).half)


def test_differences_over_parts_against_paths_in_numpy():
    rng = numpy.random.default_rng(3)
    one = rng.standard_normal((32, 500)) + 1
    two = one * 0.9 + 0.2 * rng.standard_normal((32, 500))
    mean, half = compare.over_parts(one.mean(axis=1), two.mean(axis=1), numpy.full(32, 500))
    assert mean == pytest.approx((one - two).mean())
    assert half == pytest.approx(results.student(31) * (one - two).mean(axis=1).std(ddof=1) / math.sqrt(32))


def rows_of(text, name):
    body = re.search(rf'<table[^>]*id="{name}".*?</table>', text, re.S).group(0)
    return {html.unescape(re.sub("<.*?>", "", row[0])): [float(v) for v in re.findall(r'<data value="([^"]+)"', row[1])]
            for row in re.findall(r'<tr><th scope="row"[^>]*>(.*?)</th>(.*?)</tr>', body, re.S)}


def test_scenarios_stand_side_by_side(text, whole):
    levels, gaps = rows_of(text, "scenarios-table"), rows_of(text, "differences-table")
    assert list(levels) == list(DECKS) and list(gaps) == list(DECKS[1:])
    for name, data in zip(DECKS, (result.data for result in whole.results)):
        assert levels[name][:2] == [float(data["npv_mean"]), pytest.approx(1.959963984540054 * float(data["npv_se"]), rel=1e-12)]
        if name != DECKS[0]:
            first = whole.results[0].data
            assert gaps[name][0] == pytest.approx(float(data["npv_mean"] - first["npv_mean"]), abs=1e-12)
    assert "commitment" in text.split('id="changes-table"')[1].split("</table>")[0]


def test_what_the_deal_adds_comes_from_the_comparison(text, pair):
    part = re.search(r"Against <b>no-deal</b> on the same paths:(.*?)</p>", text, re.S).group(1)
    values = [float(v) for v in re.findall(r'<data value="([^"]+)"', part)]
    gap = tenor_post.compared(pair, "npv").difference
    assert values[:2] == [gap.value, gap.half] and gap.value == float(pair["npv_difference_mean"])


def test_a_comparison_is_shown_path_by_path(text, pair):
    rows = rows_of(text, "pair-1-compared-table")
    first, first_half, second, second_half, gap, half, unpaired, low, high, share = rows["Net present value"]
    z = 1.959963984540054
    assert (first, second, gap) == tuple(float(pair[f"npv_{n}"]) for n in ("first", "second", "difference_mean"))
    assert [half, unpaired] == pytest.approx([z * float(pair[f"npv_difference_{n}se"]) for n in ("", "unpaired_")], rel=1e-12)
    assert [low, high] == pair["npv_difference_quantile"].sel(quantile=[0.05, 0.95]).values.tolist()
    assert share == float(pair["npv_difference_positive"])
    assert text.count('id="pair-1-backlog-difference-table"') == 1


def test_a_page_of_several_is_well_formed_and_one_scenario_is_chosen(text):
    ids = Counter(re.findall(r' id="([^"]+)"', text))
    assert max(ids.values()) == 1
    assert set(re.findall(r'(?:href="#|aria-describedby="| for=")([^"]+)"', text)) <= set(ids)
    radios = re.findall(r'<input type="radio"[^>]*>', text)
    assert len(radios) == 3 and sum("checked" in radio for radio in radios) == 1
    for i in (1, 2, 3):
        assert f"#show-{i}:checked ~ main .scene-{i} {{ display: block; }}" in text and f'for="show-{i}"' in text


def test_equal_names_are_told_apart(folder, tmp_path):
    shutil.copy(folder / "no-deal.nc", tmp_path / "again.nc")
    found = page.several([page.read(path) for path in (folder / "no-deal.nc", tmp_path / "again.nc")])
    assert [result.name for result in found] == ["no-deal (1)", "no-deal (2)"]


def test_names_from_the_file_are_text_on_the_page(folder, tmp_path):
    """Hostile names of deck and customer, and a hostile source, end as text."""
    import netCDF4
    shutil.copy(folder / "pair.nc", tmp_path / "pair.nc")
    with netCDF4.Dataset(tmp_path / "pair.nc", "a") as file:
        file.deck, file.second_deck = '"><script>alert(1)</script>', "</title><img src=x onerror=alert(2)>"
    deck = (TOP / "decks/anthropic-aws.yaml").read_text().replace("name: Anthropic", "name: '<b onclick=x>&</b>'", 1)
    deck = deck.replace("include: data", f"include: {TOP}/decks/data", 1)
    (tmp_path / "bad.yaml").write_text(deck)
    subprocess.run([TENOR, "run", "bad.yaml", "--paths", "600", "-o", "bad.nc", "--quiet"], cwd=tmp_path, check=True, timeout=60)
    for text in (page.render(tmp_path / "pair.nc"), page.render(tmp_path / "bad.nc")):
        assert text.count("<script") == 1 and "<img" not in text and "<b onclick" not in text


def test_a_missed_target_is_a_warning(folder, tmp_path):
    done = subprocess.run([TENOR, "run", TOP / "decks/anthropic-aws.yaml", "--paths", "2000", "--until", "npv:0.01%", "-o", "a.nc", "--quiet"],
                          cwd=tmp_path, timeout=60)
    assert done.returncode == 3
    assert page.read(tmp_path / "a.nc").missed and "Less exact than asked." in page.render(tmp_path / "a.nc")
    record = json.loads((tmp_path / "a.run.json").read_text())
    for spoilt in ({**record, "paths": record["paths"] + 512}, {"paths": record["paths"], "targets": "x", "looks": [3]}):  # the first: of a run before
        (tmp_path / "a.run.json").write_text(json.dumps(spoilt))
        assert page.read(tmp_path / "a.nc").missed == ()
    subprocess.run([TENOR, "run", TOP / "decks/anthropic-aws.yaml", "--paths", "2000", "--until", "npv:0.01%", "-o", "a.v1", "--quiet"],
                   cwd=tmp_path, timeout=60)
    assert page.read(tmp_path / "a.v1").missed


def test_a_tail_that_is_a_gain_is_told_as_one(folder, base):
    portfolio = re.sub(r"\s+", " ", page.render(folder / "portfolio.nc"))
    plain = re.sub(r"\s+", " ", page.render(folder / "anthropic-aws.nc"))
    assert "One path in twenty gains less than <data" in portfolio and "One path in twenty loses more than <data" in plain
    opposite = tenor_post.Estimate(-3.0, 1.0, -9.0, 2.0, "GW", (-4.0, -2.5)).opposite()
    assert opposite == (3.0, 1.0, -2.0, 9.0, "GW", (2.5, 4.0))


# ---- exports


def test_every_table_of_the_page_is_exported(whole, text, folder, tmp_path):
    assert cli.main([*(str(folder / f"{name}.nc") for name in (*DECKS, "pair")), "--csv", str(tmp_path / "csv")]) == 0
    ids = set(re.findall(r'<table[^>]*id="([^"]+)"', text))
    assert {path.stem for path in (tmp_path / "csv").iterdir()} == ids
    for path in (tmp_path / "csv").iterdir():
        rows = list(csv.reader(path.open(newline="")))
        assert len(rows) > 1 and len({len(row) for row in rows}) == 1, path
        shown = Counter(re.findall(r'<data value="([^"]+)"', re.search(rf'<table[^>]*id="{path.stem}".*?</table>', text, re.S).group(0).split("</caption>")[-1]))
        cells = {float(cell) for row in rows for cell in row if re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?", cell)}
        assert not {float(value) for value in shown} - cells, path


def test_the_summary_holds_the_headline_figures(folder, base, pair, tmp_path, capsys):
    assert cli.main([str(folder / f"{name}.nc") for name in (*DECKS, "pair")] + ["--summary", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    npv = found["results"][0]["figures"]["Net present value to the provider"]
    assert npv["value"] == float(base["npv_mean"]) and npv["unit"] == "billion USD"
    assert npv["interval"] == pytest.approx([npv["value"] - 1.96 * float(base["npv_se"]), npv["value"] + 1.96 * float(base["npv_se"])], rel=1e-4)
    assert [r["name"] for r in found["results"]] == list(DECKS) and found["results"][0]["paths"] == 20000
    assert found["comparisons"][0]["figures"]["Net present value"]["difference"]["value"] == float(pair["npv_difference_mean"])
    assert found["differences"][0]["from"] == "anthropic-aws" and found["differences"][0]["figures"]["Capex"]["paired"]
    assert cli.main([str(folder / "no-deal.nc"), "--summary", str(tmp_path / "s.json")]) == 0
    assert json.loads((tmp_path / "s.json").read_text())["results"][0] == found["results"][1]


def test_the_recipes_of_the_readme_run(folder, tmp_path):
    """Every block of the page of recipes, with the tools that this machine has."""
    readme = (TOP / "postproc/README.md").read_text().split("## Recipes")[1].split("\n## ")[0]
    blocks = re.findall(r"```(sh|python)\n(.*?)```", readme, re.S)
    assert len(blocks) >= 6 and {kind for kind, _ in blocks} == {"sh", "python"}
    for name in ("anthropic-aws", "no-deal", "pair"):
        shutil.copy(folder / f"{name}.nc", tmp_path / f"{name}.nc")
    subprocess.run([TENOR, "run", TOP / "decks/anthropic-aws.yaml", "--paths", "600", "--dump-paths", "50", "-o", "dump.nc", "--quiet"],
                   cwd=tmp_path, timeout=60)
    tools = {"ncdump", "ncks", "ncra", "ncap2", "ncbo", "ncrcat"}
    for kind, block in blocks:
        if "dump.paths.nc" in block and not (tmp_path / "dump.paths.nc").exists():
            continue  # built without parallel NetCDF
        if kind == "sh":
            needed = {word for word in block.split() if word in tools}
            if not all(shutil.which(word) for word in needed):
                continue
            block = block.replace("tenor-report", f"{sys.executable} {TOP}/postproc/tenor-report")
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        else:
            done = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, timeout=120,
                                  env={**os.environ, "PYTHONPATH": str(TOP / "postproc"), "MPLBACKEND": "agg"})
        assert done.returncode == 0 and done.stdout.strip(), (block, done)


# ---- dumps of paths


@pytest.mark.parametrize("dask", [True, False], ids=["in-pieces", "whole"])
def test_dumps_of_paths_open_lazily(tmp_path, folder, dask, monkeypatch):
    if dask and not importlib.util.find_spec("dask"):
        assert not os.environ.get("CI"), "dask is not installed"
        pytest.skip("dask is not installed")
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "dask" and not dask else find(name, *more))
    done = subprocess.run([TENOR, "run", TOP / "decks/anthropic-aws.yaml", "--paths", "1500", "--dump-paths", "1000", "-o", "d.nc", "--quiet"],
                          cwd=tmp_path, capture_output=True, text=True, timeout=60)
    if done.returncode == 2 and "parallel NetCDF" in done.stderr:
        pytest.skip("built without parallel NetCDF")
    assert done.returncode == 0, done.stderr
    with tenor_post.open_paths(tmp_path / "d.paths.nc") as paths:
        assert paths["backlog"].dims == ("path", "time") and paths.sizes["path"] == 1000 and list(paths["path"].values[:2]) == [0, 1]
        assert not paths["npv"].variable._in_memory and list(paths["customer"].values) == ["Anthropic"]
        assert paths["backlog"].chunks == (((512, 488), (40,)) if dask else None)
        assert float(paths["npv"].isel(path=7)) == pytest.approx(float(paths["npv"].values[7]))
        assert float(paths["backlog"].mean("path")[3]) == pytest.approx(paths["backlog"].values[:, 3].mean(), rel=1e-12)
    with pytest.raises(tenor_post.NotAResult, match="dimension path"):
        tenor_post.open_paths(folder / "no-deal.nc")
    with pytest.raises(FileNotFoundError):
        tenor_post.open_paths(tmp_path / "none.nc")


def test_the_deck_of_another_scenario_is_the_first_one_patched(folder, tmp_path):
    """As the page says: the first deck is shown whole, others by what differs."""
    text = page.render(folder / "anthropic-aws.nc", folder / "portfolio.nc")
    shown = [html.unescape(re.search(f'id="s{i}-resolved-deck">(.*?)</pre>', text, re.S).group(1)) for i in (1, 2)]
    (tmp_path / "portfolio.yaml").write_text(shown[0])
    subprocess.run(["patch", "-s", "portfolio.yaml"], input=shown[1], cwd=tmp_path, text=True, check=True, timeout=20)
    assert shown[0] == tenor_post.deck_text(folder / "anthropic-aws.nc")
    assert (tmp_path / "portfolio.yaml").read_text() == tenor_post.deck_text(folder / "portfolio.nc")


# ---- size


def test_a_page_of_all_decks_is_small(tmp_path):
    """Bytes and memory have limits; how long it takes is printed, as other work on the machine decides it too."""
    decks = sorted((TOP / "decks").glob("*.yaml"))
    (tmp_path / "out").mkdir()
    subprocess.run([TENOR, "run", *decks, "--paths", "2000", "-o", tmp_path / "out", "--quiet"], check=True, timeout=300)
    paths = sorted((tmp_path / "out").glob("*.nc"))
    assert len(paths) > 10
    before = os.times()
    watch = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
             "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", watch, sys.executable, TOP / "postproc/tenor-report", *paths, "-o", tmp_path / "all.html"],
                          capture_output=True, text=True, check=True, timeout=300)
    spent = os.times().children_user - before.children_user
    print(f"\n{time.monotonic() - began:.1f} s, {spent:.1f} s of processor, {int(done.stdout) / 1e3:.0f} MB")
    assert (tmp_path / "all.html").stat().st_size < 3e6
    assert int(done.stdout) < 1_000_000
