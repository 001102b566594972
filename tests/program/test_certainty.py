"""How sure the figures are: intervals of functions of means, and tails that are too thin to rely on."""
import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray
from netCDF4 import Dataset

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
DECK = TOP / "decks/anthropic-aws.yaml"

sys.path.insert(0, str(TOP / "postproc"))
import tenor_post  # noqa: E402
from tenor_post import analyst, answer, headline, numbers, results, table  # noqa: E402


def run(out, *words, deck=DECK, paths=2000):
    subprocess.run([TENOR, "run", deck, "--paths", str(paths), "-o", out, "--quiet", *words], check=True, timeout=120)
    return out


def show(path):
    return subprocess.run([TENOR, "show", path], check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("certainty")


@pytest.fixture(scope="module")
def thin(folder):
    """2,000 paths: 100 beyond the 95 % quantile, 20 beyond that of 99 %."""
    return run(folder / "thin.nc")


@pytest.fixture(scope="module")
def thick(folder):
    """40,000 paths: 200 beyond the highest level, 99.5 %."""
    return run(folder / "thick.nc", paths=40_000)


@pytest.fixture(scope="module")
def sobol(folder):
    return run(folder / "sobol.nc", "--sampling", "sobol", paths=16_384)


@pytest.fixture(scope="module")
def data(thick):
    return tenor_post.open(thick)


def test_a_single_draw_of_uncertain_keys_tells_no_error(folder):
    """512 paths share what one block drew: `-` where 513 have a number."""
    for paths, known in ((512, False), (513, True)):
        out = run(folder / f"{paths}.nc", "--set", "time.horizon=12 months", deck=TOP / "decks/uncertain-inputs.yaml", paths=paths)
        row = next(line.split() for line in show(out).splitlines() if line.startswith("  NPV, bn USD"))
        assert (row[4] != "-") == known and "-" not in row[5:]
        with xarray.open_dataset(out) as data:
            assert all(bool(np.isfinite(data[f"npv_{name}"]).all()) == known for name in ("se", "sd_se", "cvar_se"))


# ---- the jackknife


def made_up(rng, paths, **means):
    """A Dataset of means over parts of `paths` paths, and over all: {name: array (path, ...)}."""
    starts, total = np.cumsum([0, *paths]), int(np.sum(paths))
    made = xarray.Dataset({"part_paths": ("part", np.array(paths)), "paths": total})
    for name, values in means.items():
        dims = ("repetition",)[: values.ndim - 1]
        made[f"{name}_mean"] = dims, values.mean(axis=0)
        made[f"{name}_parts"] = ("part", *dims), np.array(
            [values[a:b].mean(axis=0) if b > a else values[0] * np.nan for a, b in zip(starts, starts[1:])])
    return made


def test_students_quantile():
    law = pytest.importorskip("scipy.stats").t
    for degrees in (1, 2, 3, 4, 7, 15, 31, 100):
        assert results.student(degrees) == pytest.approx(law.ppf(0.975, degrees), rel=1e-7)
    assert results.student(31) == pytest.approx(2.0395, abs=5e-5) and np.isnan(results.student(0))


def test_a_ratio_of_means_has_the_error_of_leaving_out_groups():
    """Against the formula on the paths themselves: parts of unequal size, one of them empty."""
    rng = np.random.default_rng(5)
    paths = [40, 30, 50, 20, 0, 35, 25, 60, 10, 45]
    a = rng.gamma(2.0, size=sum(paths))
    b = 3 + 0.5 * a + rng.normal(size=sum(paths))
    owner = np.repeat(np.arange(len(paths)), paths)
    left = np.array([a[owner != g].mean() / b[owner != g].mean() for g in range(len(paths)) if paths[g]])
    figure = analyst.jackknife(made_up(rng, paths, a=a, b=b), lambda means: float(means["a_mean"] / means["b_mean"]))
    assert figure.value == pytest.approx(a.mean() / b.mean(), rel=1e-12)
    assert figure.se == pytest.approx(np.sqrt(8 / 9 * ((left - left.mean()) ** 2).sum()), rel=1e-9)
    assert figure.half == pytest.approx(results.student(8) * figure.se, rel=1e-12)


def test_intervals_of_a_ratio_cover_it():
    """4,000 samples of 320 Gaussian paths in 32 parts at once, seed fixed beforehand: 93 to 97 % of the intervals hold the ratio
    of the expectations, 2/5; the binomial error of that share is 0.34 %."""
    rng = np.random.default_rng(20260401)
    b = 5 + rng.normal(size=(320, 4000))
    a = 2 + 0.6 * (b - 5) + rng.normal(size=b.shape)
    figure = analyst.jackknife(made_up(rng, [12, 8] * 16, a=a, b=b), lambda means: (means["a_mean"] / means["b_mean"]).values)
    assert 0.93 <= (abs(figure.value - 0.4) <= figure.half).mean() <= 0.97


def test_few_parts_have_no_error_and_what_has_no_parts_is_refused():
    rng = np.random.default_rng(1)
    made = made_up(rng, [5] * 7 + [0], a=rng.normal(size=35))
    assert np.isnan(analyst.jackknife(made, lambda means: float(means["a_mean"])).se)
    made = made_up(rng, [5] * 8, a=rng.normal(size=40)).assign(c_mean=3.0)
    assert analyst.jackknife(made, lambda means: float(means["a_mean"])).se > 0
    with pytest.raises(KeyError):
        analyst.jackknife(made, lambda means: float(means["a_mean"] / means["c_mean"]))
    without = analyst.jackknife(made.drop_vars("a_parts"), lambda means: float(means["a_mean"] / means["c_mean"]))
    assert np.isfinite(without.value) and np.isnan(without.half)


def test_the_error_of_a_mean_by_parts_is_near_that_by_paths(data):
    """Both estimate one thing; the jackknife's has 31 degrees of freedom, so that the ratio of the two, the root of a chi-square
    variable over 31, has a standard deviation of 1/sqrt(62) = 13 %, and lies within 0.5 and 1.55 but once in 10^4."""
    ratios = []
    for name in ("backlog", "exposure", "contract_revenue", "relet_revenue", "operating_income", "billed_cum", "used_cum",
                 "capex_total", "npv_terminal", "defaulted", "ecl"):
        mean = name if name in data else f"{name}_mean"
        by_parts, by_paths = analyst.jackknife(data, lambda means: means[mean].values).se, data[f"{name}_se"].values
        ratios.append(np.ravel(by_parts / by_paths)[-1])
        assert 0.5 < ratios[-1] < 1.55, name
    assert np.mean(ratios) == pytest.approx(1, abs=0.2)


# ---- a real result


def test_the_means_of_the_parts_make_up_the_mean(data):
    share = data["part_paths"] / data["part_paths"].sum()
    assert int(data["part_paths"].sum()) == 40_000
    for name in (n for n in data if n.endswith("_parts")):
        metric = name.removesuffix("_parts")
        whole = data[metric] if metric in data else data[f"{metric}_mean"]
        xarray.testing.assert_allclose((share * data[name]).sum("part"), whole, rtol=1e-9, atol=1e-9)


def test_ratios_of_a_result_carry_the_error_of_its_parts(data):
    """The margin of the horizon, the price of year 5 and EPE, left-out means formed here."""
    n = data["part_paths"].values

    def left(name):
        whole = data[f"{name}_mean"].values
        return [(n.sum() * whole - n[g] * data[f"{name}_parts"].values[g]) / (n.sum() - n[g]) for g in range(32)]

    def error(values):
        return np.sqrt(31 / 32 * ((np.array(values) - np.mean(values)) ** 2).sum())
    margin = [i.sum() / (c + r).sum() for i, c, r in zip(left("operating_income"), left("contract_revenue"), left("relet_revenue"))]
    found = analyst.operating_margin(data)
    assert found.se == pytest.approx(error(margin), rel=1e-9)
    assert found.half == pytest.approx(results.student(31) * found.se) and 0 < found.half < 0.01
    price = [b[19] / u[19] for b, u in zip(left("billed_cum"), left("used_cum"))]
    years = analyst.yearly(data)
    assert float(years["implied_price_se"][4]) == pytest.approx(error(price), rel=1e-6)
    assert {f"{name}_half" for name in ("operating_margin", "implied_price", "contracted_cover", "share_of_obligations")} <= set(years)
    assert "aws_revenue_half" not in years
    profile = analyst.exposure_profile(data)
    assert float(profile["expected_positive_se"]) == pytest.approx(error([e.mean() for e in left("exposure")]), rel=1e-9)
    assert (profile["given_survival_half"] > 0).all() and float(profile["effective_half"]) > 0
    assert 0 < analyst.provider_rate(data, 0.09).half < 0.01


def independent_loss(means):
    """engine/MODEL.md, section 8, with the base deck's recovery of 0.35, 0.6 of it in winter, and 4.25 % a year; by customer."""
    alive = means["survivor"].values
    after = np.vstack([alive[1:], 1 - means["defaulted"].values])
    lost = 1 - 0.35 * (1 - 0.4 * means["winter_survivor"].values / alive)
    discount = np.exp(-0.0425 * np.arange(1, len(alive) + 1) / 12)[:, None]
    return (means["monthly_exposure_mean"].values / alive * lost * (alive - after) * discount).sum(axis=0)


def test_the_files_error_of_the_wrong_way_ratio_is_the_jackknifes(data):
    twin = analyst.jackknife(data, lambda means: means["ecl_mean"].values / independent_loss(means))
    np.testing.assert_allclose(data["wrong_way_ratio"], twin.value, rtol=1e-9)
    np.testing.assert_allclose(data["wrong_way_ratio_se"], twin.se, rtol=1e-6)
    factor = answer.wrong_way_factor(data)
    assert factor.half == pytest.approx(float(twin.half[0]), rel=1e-6)


def test_several_customers_share_a_wrong_way_factor_whose_interval_is_wide_enough(folder):
    """The bound from each customer's errors is above the error of the sum by the jackknife, but not by a factor of three."""
    data = tenor_post.open(run(folder / "portfolio.nc", deck=TOP / "decks/portfolio.yaml", paths=8000))
    twin = analyst.jackknife(data, lambda means: float(means["ecl_mean"].sum()) / independent_loss(means).sum())
    factor = answer.wrong_way_factor(data)
    assert factor.value == pytest.approx(twin.value, rel=1e-9)
    assert twin.half <= factor.half < 3 * twin.half
    shares = analyst.concentration(data)
    assert (shares["herfindahl_half"][:20] > 0).all() and (shares["share_half"].dims == ("time", "customer"))


# ---- thin tails


def test_the_file_says_which_tails_are_thin(thin, data):
    few = tenor_post.open(thin)
    assert few["tail_reliable"].values.tolist() == [1, 0, 0] and data["tail_reliable"].values.all()
    assert few["quantile_reliable"].values.tolist() == [0, 1, 1, 1, 1, 1, 0, 0] and data["quantile_reliable"].values.all()


def test_files_that_do_not_say_are_judged_by_their_paths(thin, thick):
    for path in (thin, thick):
        data = tenor_post.open(path)
        old = data.drop_vars(["quantile_reliable", "tail_reliable"])
        for dimension in ("quantile", "level"):
            for p in data[dimension].values:
                assert results.reliable(old, p, dimension) == results.reliable(data, p, dimension), p


def page_of(path):
    text = html.unescape(tenor_post.render(path))
    return {name: body for name, body in re.findall(r'<section id="(\w+)">(.*?)</section>', text, re.S)}


def starred(body):
    return body.count('class="star"')


def test_the_page_marks_thin_tails_and_says_what_the_mark_means(thin, thick):
    few, many = page_of(thin), page_of(thick)
    assert "Thin tails." in few["tail"] and "fewer than 100 paths lie beyond" in few["tail"]
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", few["tail"], re.S)
    assert len(rows) == 9  # three losses at three levels
    for row in rows:
        assert starred(row) == (0 if "95\xa0%" in row.replace("99.5", "") else 2), row
    assert "the 1 %, 97.5 %, 99 % quantiles" in few["certainty"] and starred(few["certainty"]) == 1
    assert starred("".join(many.values())) == 0 and "Thin tails" not in many["tail"]
    assert "at least 100 paths lie beyond every quantile" in many["certainty"]


def test_ranges_of_few_paths_are_marked_wherever_they_stand(folder):
    """600 paths: 30 beyond the 5 and 95 % quantiles of the tiles, the headline table, the fans and their tables."""
    path = run(folder / "few.nc", paths=600)
    page, data = page_of(path), tenor_post.open(path)
    ranges = [row for row in headline.gather(data)["rows"] if row.estimate.high is not None]
    tiles = [row for row in headline.gather(data)["tiles"] if row.estimate.high is not None]
    assert ranges and tiles and starred(page["figures"]) == len(ranges) + len(tiles) + 1  # the note's own
    assert "too few paths</a> lie beyond the 5 and the 95\xa0% quantile" in page["figures"]
    for name in ("backlog", "capacity", "revenue"):
        assert "5 to 95 % of paths*" in page[name] and "* not to be relied on: fewer than 100 paths lie beyond" in page[name]
        assert "5 %*" in page[name] and "25 %*" not in page[name]
    assert "*" not in page["binding"].split("<details>")[1]


def test_the_markdown_table_marks_thin_tails(thin, thick):
    few, many = (table.markdown([path]).split("\n") for path in (thin, thick))
    heads, cells = ([cell.strip() for cell in few[i].split("|")] for i in (0, 2))
    assert [head for head, cell in zip(heads, cells) if cell.endswith("*")] == ["NPV CVaR 99 %"]
    assert few[3:] == ["", "A star (*): not to be relied on; fewer than 100 paths lie beyond."]
    assert len(many) == 3 and "*" not in "".join(many)


def test_show_marks_thin_tails_and_quantiles(folder, thin, thick):
    few, many, fewest = show(thin), show(thick), show(run(folder / "fewest.nc", paths=600))
    meaning = "* not to be relied on: fewer than 100 paths lie beyond"
    assert re.search(r"^  95 % ", few, re.M) and re.search(r"^  99 %\* ", few, re.M) and few.endswith(meaning + "\n")
    assert " 5 %*" not in few and "*" not in many
    assert " 5 %*" in fewest and " 95 %*" in fewest and "50 %*" not in fewest and fewest.endswith(meaning + "\n")


# ---- show


def test_show_has_tails_and_the_wrong_way_ratio_with_intervals(thick, data):
    text = show(thick)
    for i, level in enumerate(("95", "99")):
        row = [float(word) for word in re.search(rf"^  {level} % +(.*)$", text, re.M).group(1).split()]
        half = float(data["npv_var_hi"][i] - data["npv_var_lo"][i]) / 2
        expected = [float(data["npv_var"][i]), half, float(data["npv_cvar"][i]), 1.959964 * float(data["npv_cvar_se"][i])]
        assert row == pytest.approx(expected, rel=1e-3, abs=6e-4)
    ratio = [float(word) for word in re.search(r"^  wrong-way ratio +(.*)$", text, re.M).group(1).split()]
    assert ratio == pytest.approx([float(data["wrong_way_ratio"][0]), 2.03951 * float(data["wrong_way_ratio_se"][0])], abs=6e-4)
    share = [float(word) for word in re.search(r"^  default, % of paths +(.*)$", text, re.M).group(1).split()]
    half = float(data["defaulted_hi"][0] - data["defaulted_lo"][0]) / 2
    assert share == pytest.approx([100 * float(data["defaulted"][0]), 100 * half], rel=1e-3, abs=6e-4)


def test_show_uses_the_files_interval_factor_and_names_replicates(sobol):
    text, data = show(sobol), tenor_post.open(sobol)
    replicates = int(data["replicates"])
    assert f"sobol in {replicates} replicates" in text.split("\n")[0]
    half = float(re.search(r"^  NPV, bn USD +\S+ +(\S+)", text, re.M).group(1))
    assert half == pytest.approx(results.student(replicates - 1) * float(data["npv_se"]), rel=2e-3, abs=6e-4)


def test_show_fits_a_hundred_columns_and_names_customers(folder, thin):
    compared = folder / "pair.nc"
    portfolio = TOP / "decks/portfolio.yaml"
    subprocess.run([TENOR, "compare", portfolio, portfolio, "--set-second", "build.capacity_cap=unlimited", "--paths", "600",
                    "-o", compared, "--quiet"], check=True)
    text = show(compared)
    assert all(f"\n{name}, whole horizon" in text for name in ("Anthropic", "OpenAI", "Enterprise"))
    assert max(map(len, (text + show(thin)).split("\n"))) <= 100
    assert " 5 %*" in text and "fewer than 100 paths lie beyond" in text


# ---- how sure the page is


def test_the_page_tells_size_sampling_and_meaning(thick, sobol):
    facts = page_of(thick)["certainty"]
    assert ">40\u202f000</data>" in facts and "independent draws (Philox)" in facts and "Wilson" in facts
    assert "sampling error only" in facts
    assert ">2.04</data> standard errors, which come from leaving out each of" in facts
    page, data = page_of(sobol), tenor_post.open(sobol)
    replicates = int(data["replicates"])
    assert "scrambled Sobol points" in page["certainty"] and f">{replicates}</data> independent replicates" in page["certainty"]
    assert f">{results.student(replicates - 1):.2f}</data> standard errors" in page["certainty"]
    assert " --sampling sobol " in page["provenance"]


def test_intervals_on_a_page_of_replicates_use_students_quantile(sobol):
    data = tenor_post.open(sobol)
    npv = tenor_post.estimate(data, "npv")
    assert npv.half == pytest.approx(results.student(int(data["replicates"]) - 1) * float(data["npv_se"]), rel=1e-3)
    assert npv.half > 2 * float(data["npv_se"])


@pytest.mark.parametrize("ends, words", [((0.14, 0.16), "±\xa01"), ((0.145, 0.165), "14.5 to 16.5"), (None, "±\xa01")])
def test_an_interval_shows_its_ends_where_it_is_lopsided(ends, words):
    estimate = tenor_post.Estimate(0.15, 0.01, None, None, "", ends)
    assert re.sub("<.*?>", "", numbers.interval(estimate, True)).startswith(words)


def test_a_few_paths_do_not_tell_of_wrong_way_bets(thin):
    assert "too few paths to tell whether it is a wrong-way bet" in page_of(thin)["answer"]
    assert "1.27" in page_of(thin)["answer"]


@pytest.fixture(scope="module")
def old(thick):
    """A file without what format 2 added: its variables go by other names."""
    path = Path(shutil.copy(thick, thick.with_name("old.nc")))
    with Dataset(path, "a") as file:
        new = [name for name in file.variables if name.endswith("_parts") or re.search("(?<!quantile)(?<!var)_(lo|hi)$", name)]
        for name in [*new, "part_paths", "interval_factor", "quantile_reliable", "tail_reliable", "ecl_independent_se",
                     "wrong_way_ratio_se"]:
            file.renameVariable(name, f"{name}_hidden")
        file.tenor_format_version = np.int32(1)
    return path


def test_a_result_of_format_1_still_gives_a_page_and_a_table(old, data):
    """Functions of means have no intervals, and the page says so; tails are judged by the paths."""
    found = tenor_post.open(old)
    margin = analyst.operating_margin(found)
    assert np.isnan(margin.half) and margin.value == pytest.approx(analyst.operating_margin(data).value)
    assert answer.wrong_way_factor(found).half == pytest.approx(
        1.959964 * float(data["ecl_se"].sum() / data["ecl_independent"].sum()), rel=1e-6)
    page, shown = page_of(old), show(old)
    assert "no interval" in page["certainty"] and "They carry no intervals" in page["years"] and starred(page["tail"]) == 0
    assert "*" not in shown and re.search(r"^  wrong-way ratio +\S+ +-$", shown, re.M)
    assert re.search(r"^  NPV, bn USD +.*$", shown, re.M).group(0) == re.search(
        r"^  NPV, bn USD +.*$", show(old.with_name("thick.nc")), re.M).group(0)
