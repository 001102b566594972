"""The tornado of the report: bars, intervals and indices are the numbers of the file of `tenor sensitivity`, in the order of `tenor show`."""
import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy
import pytest
import xarray

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
sys.path.insert(0, str(TOP / "postproc"))
import tenor_post  # noqa: E402
from tenor_post import charts, cli, drawing, page, plots, sensitivity  # noqa: E402

METRICS = ("npv", "backlog@year5")
CHARTS = ("sensitivity-1-tornado-npv", "sensitivity-1-tornado-backlog-year5")
COLUMNS = ("low_difference", "high_difference", "first_order")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tornado")
    subprocess.run([TENOR, "sensitivity", TOP / "tests/decks/twenty.yaml", "--paths", "32768", "--swing-paths", "1024",
                    "-o", folder / "moved.nc", "--quiet"], check=True, timeout=300)
    subprocess.run([TENOR, "run", TOP / "decks/anthropic-aws.yaml", "--paths", "1024", "-o", folder / "out.nc", "--quiet"], check=True, timeout=120)
    return folder


@pytest.fixture(scope="module")
def raw(folder):
    """The file as xarray reads it, without the package under test; keys and metrics by name."""
    with xarray.open_dataset(folder / "moved.nc") as file:
        data = file.load()
    return data.assign_coords(key=data["key"].values.astype(str), metric=data["metric"].values.astype(str))


@pytest.fixture(scope="module")
def text(folder):
    return page.render(folder / "out.nc", folder / "moved.nc")


def rows_of(text, name):
    """{row's label: numbers in full}."""
    body = re.search(rf'<table[^>]*id="{name}".*?</table>', text, re.S).group(0).split("<tbody>")[1]
    return {re.search(r'<th scope="row"[^>]*>(.*?)</th>', row, re.S).group(1): [float(v) for v in re.findall(r'<data value="([^"]+)"', row)]
            for row in re.findall(r"<tr>.*?</tr>", body, re.S)}


@pytest.mark.parametrize("metric, chart", zip(METRICS, CHARTS))
def test_the_numbers_of_the_page_are_the_files(text, raw, metric, chart):
    rows = rows_of(text, f"{chart}-table")
    assert set(rows) == set(raw["key"].values) and len(rows) == 20
    for key, found in rows.items():
        one = raw.sel(metric=metric, key=key)
        assert found == [float(one[f"{name}{end}"]) for name in COLUMNS for end in ("", "_lo", "_hi")], key


def test_total_indices_are_shown_where_there_are_some_and_a_note_where_there_are_none(tmp_path):
    (tmp_path / "two.yaml").write_text(f"""include: {TOP}/decks/anthropic-aws.yaml
uncertain:
  - {{key: relet.discount, law: uniform, low: 0, high: 0.2}}
  - {{key: market.spot_fraction, law: uniform, low: 0.2, high: 0.8}}
""")
    for name, paths in (("two", 32768), ("few", 1024)):
        subprocess.run([TENOR, "sensitivity", tmp_path / "two.yaml", "--paths", str(paths), "--swing-paths", "512", "--total", "--metric", "npv",
                        "-o", tmp_path / f"{name}.nc", "--quiet"], check=True, timeout=120)
    with xarray.open_dataset(tmp_path / "two.nc") as file:
        wanted = [[float(file[f"{name}{end}"][0, i]) for name in ("first_order", "total") for end in ("", "_lo", "_hi")] for i in (0, 1)]
    assert numpy.isfinite(wanted).all()
    text = page.render(tmp_path / "two.nc")
    rows = rows_of(text, f"{CHARTS[0]}-table")
    assert [rows[key][6:] for key in ("relet.discount", "market.spot_fraction")] == wanted and "No indices" not in text
    assert "No indices: shares of variance want more paths" in page.render(tmp_path / "few.nc")


def test_levels_and_keys_are_the_files(text, raw):
    for words, metric in (("The net present value", "npv"), ("The backlog after year 5", "backlog@year5")):
        one = raw.sel(metric=metric)
        base, half, drawn, drawn_half, *spread = rows_of(text, "sensitivity-1-levels-table")[words]
        assert (base, drawn) == (float(one["base"]), float(one["mean"]))
        assert [half, drawn_half] == pytest.approx([float(one[f"{name}_hi"] - one[f"{name}_lo"]) / 2 for name in ("base", "mean")])
        variance = float(one["parameter_variance"])
        assert spread == ([pytest.approx(variance ** 0.5)] if variance > 0 else [])
    for key, values in rows_of(text, "sensitivity-1-keys-table").items():
        one = raw.sel(key=key)
        assert values == [float(v) for v in (one["key_value"][0], one["key_middle"], one["key_value"][1])]


def test_keys_stand_in_the_order_of_show(folder, text):
    shown = subprocess.run([TENOR, "show", folder / "moved.nc"], capture_output=True, text=True, check=True).stdout
    for metric, chart in zip(METRICS, CHARTS):
        part = shown.split(f"\n{metric}: ")[1].split("\n\n")[0].split("1st order")[1]
        assert [line.split()[0] for line in part.splitlines()[1:]] == [key[:38] for key in rows_of(text, f"{chart}-table")]


@pytest.mark.parametrize("m", [0, 1])
def test_bars_end_at_their_numbers_and_are_grey_where_they_cannot_be_told_from_0(folder, raw, m):
    chart = sensitivity.tornado(tenor_post.open(folder / "moved.nc"), m)
    one, (low, high) = raw.isel(metric=m).sel(key=list(chart.x)), chart.range()
    drawn = str(drawing.inline(chart, hinted=False))
    for group, end, tone, top in (("g0", "low", "sky", 8), ("g2", "high", "orange", 20)):
        bars = re.findall(rf'<path class="{group} f-(\w+)" d="M([-\d.]+) ([\d.]+)H([-\d.]+)v12H', drawn)
        assert [bar[0] for bar in bars] == ["grey" if grey else tone for grey in one[f"{end}_difference_grey"].values]
        assert [float(bar[2]) for bar in bars] == [40 * row + top for row in range(20)]
        for (_, left, _, right), value in zip(bars, one[f"{end}_difference"].values):
            ends = sorted(1000 * (v - low) / (high - low) for v in (0.0, value))
            assert [float(left), float(right)] == pytest.approx([ends[0], max(ends[1], ends[0] + 1.5)], abs=0.11)
    for group, end in (("g1", "low"), ("g3", "high")):
        whiskers = re.findall(rf'<path class="{group} s-ink whisker" d="M([-\d.]+) [\d.]+H([-\d.]+)"', drawn)
        wanted = [[1000 * (float(one[f"{end}_difference_{side}"][row]) - low) / (high - low) for side in ("lo", "hi")] for row in range(20)]
        assert numpy.array(whiskers, float) == pytest.approx(numpy.array(wanted), abs=0.06)
    flags = one[["low_difference_grey", "high_difference_grey"]].to_array().values
    assert flags.any() and not flags.all()


def test_bars_on_one_side_do_not_hide_each_other():
    """A key that lowers the mean at both ends: two bars, above each other, in the drawing and with matplotlib."""
    from matplotlib.figure import Figure
    chart = charts.Chart("t", "t", "", "GW", "Key", numpy.array(["a"]), {"low": numpy.array([-1.0]), "high": numpy.array([-3.0])},
                         (charts.Bars("", "low", ("grey",), "low", "upper", "sky"), charts.Bars("", "high", ("orange",), "high", "lower", "orange")))
    assert chart.range()[1] == 0 and [m.split("H")[0].split()[-1] for m in re.findall(r'd="(M[^"]*Z)"', str(drawing.inline(chart)))] == ["8", "20"]
    axes = Figure().add_subplot()
    plots.draw(chart, axes)
    (one, other), size = axes.patches, axes.patches[0].get_height()
    assert one.get_y() + size == pytest.approx(other.get_y()) and (one.get_width(), other.get_width()) == (-1, -3)


def test_files_are_sorted_by_their_kind(folder, text):
    assert page.render(folder / "moved.nc", folder / "out.nc") == text
    assert "What moves" not in page.render(folder / "out.nc")
    alone, two = page.render(folder / "moved.nc"), page.render(folder / "moved.nc", folder / "moved.nc")
    assert alone.count("<figure>") == 2 and 'id="sensitivity-2"' not in alone and two.count("<figure>") == 4 and 'id="sensitivity-2"' in two
    assert f'<a href="#sensitivity-1">Which assumptions move twenty</a>' in text


def test_metrics_that_a_files_name_cannot_tell_apart_have_numbers(folder):
    file = page.read(folder / "moved.nc")
    metrics = ["ecl.\u5ba2\u6237\u7532", "ecl.\u5ba2\u6237\u4e59"]
    found = sensitivity.gather(file._replace(data=file.data.assign_coords(metric=metrics)))["charts"]
    assert [chart.name for chart in found] == ["tornado-ecl", "tornado-ecl-2"] and metrics[1] in found[1].title
    again = sensitivity.told_apart([found[0], found[0], found[1], found[0]])
    assert [chart.name for chart in again] == ["tornado-ecl", "tornado-ecl-2", "tornado-ecl-2-2", "tornado-ecl-3"]


def test_figures_tables_and_summary_are_exported(folder, raw, tmp_path):
    assert cli.main([str(folder / "moved.nc"), "--figures", str(tmp_path / "f"), "--csv", str(tmp_path / "c"), "--summary", str(tmp_path / "s.json")]) == 0
    assert {path.name for path in (tmp_path / "f").iterdir()} == {f"{name}.{kind}" for name in CHARTS for kind in plots.KINDS}
    drawn = (tmp_path / "f" / f"{CHARTS[0]}.svg").read_text()
    assert "What moves the net present value" in drawn and "market.price_level" in drawn
    rows = list(csv.DictReader((tmp_path / "c" / f"{CHARTS[0]}-table.csv").open(newline="")))
    found = json.loads((tmp_path / "s.json").read_text())["sensitivities"][0]
    assert found["deck"] == "twenty" and set(found["metrics"]) == set(METRICS)
    for row in rows:
        one = raw.sel(metric="npv", key=row["Key"])
        assert float(row["key low, billion USD"]) == float(one["low_difference"]) == found["metrics"]["npv"][row["Key"]]["key low"]
        assert float(row["first-order index"]) == float(one["first_order"])
    assert {path.stem for path in (tmp_path / "c").iterdir()} == {*(f"{name}-table" for name in CHARTS), "sensitivity-1-levels-table",
                                                                   "sensitivity-1-keys-table"}


def test_the_command_of_the_page_makes_the_file_again(folder, raw, text, tmp_path):
    command = re.search(r'<section id="sensitivity-1">.*?<pre class="command">(.*?)</pre>', text, re.S).group(1).split()
    assert command[:3] == ["tenor", "sensitivity", "twenty.yaml"]
    subprocess.run([TENOR, "sensitivity", TOP / "tests/decks/twenty.yaml", *command[3:-1], tmp_path / "again.nc", "--quiet"], check=True, timeout=300)
    assert (tmp_path / "again.nc").read_bytes() == (folder / "moved.nc").read_bytes()


def test_what_is_no_row_or_not_whole_is_refused(folder, tmp_path, capsys):
    assert cli.main([str(folder / "moved.nc"), "--table"]) == 6 and "no row" in capsys.readouterr().err
    shutil.copy(folder / "moved.nc", tmp_path / "broken.nc")
    with netCDF4.Dataset(tmp_path / "broken.nc", "a") as file:
        file.renameVariable("first_order_hi", "other")
    assert cli.main([str(tmp_path / "broken.nc"), "-o", str(tmp_path / "p.html")]) == 6
    assert "twenty lacks first_order_hi" in capsys.readouterr().err and not (tmp_path / "p.html").exists()
