"""Past quarters in the report: marks of what is unverified, lines before the fan."""
import os
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
sys.path.insert(0, str(TOP / "postproc"))
import tenor_post  # noqa: E402
from tenor_post import charts, drawing, figures, history, plots  # noqa: E402

PAST = """history:
  - {end: 2025-06-30, aws_revenue: 30 billion USD, source: a filing, confidence: fact}
  - {end: 2025-09-30, aws_obligations: 200 billion USD}
  - end: 2025-12-31
    aws_revenue: {value: 35 billion USD, source: a guess, confidence: assumed}
    aws_obligations: 244 billion USD
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("history")
    (folder / "deck.yaml").write_text(f"include: {TOP}/decks/anthropic-aws.yaml\n{PAST}")
    for name, settings in (("out", []), ("none", ["--set", "history=[]"])):
        subprocess.run([TENOR, "run", folder / "deck.yaml", "--paths", "1024", "--quiet", "-o", folder / f"{name}.nc", *settings], check=True)
    return folder


def test_known_quarters_come_with_marks(folder):
    data = tenor_post.open(folder / "out.nc")
    revenue, obligations = history.past(data, "aws_revenue"), history.past(data, "aws_obligations")
    assert [str(time)[:10] for time in revenue.time] == ["2025-06-30", "2025-12-31"]
    assert revenue.values.tolist() == [30, 35] and revenue.unverified.tolist() == [False, True]
    assert obligations.values.tolist() == [200, 244] and not obligations.unverified.any()
    assert history.past(data, "backlog") is None
    assert history.past(tenor_post.open(folder / "none.nc"), "aws_revenue") is None


@pytest.mark.parametrize("name, metric, values", [("aws-revenue", "aws_revenue", [30, 35]), ("aws-obligations", "aws_obligations", [200, 244])])
def test_what_was_reported_stands_before_the_fan(folder, name, metric, values):
    data = tenor_post.open(folder / "out.nc")
    chart = tenor_post.chart(name, data)
    ends = [f"2025-{day}" for day in (("06-30", "12-31") if metric == "aws_revenue" else ("09-30", "12-31"))]
    assert chart.labels() == (*ends, *(str(day)[:10] for day in data["time"].values))
    assert chart.columns["reported"][:2].tolist() == values and numpy.isnan(chart.columns["reported"][2:]).all()
    assert numpy.isnan(chart.columns["mean"][:2]).all()
    assert chart.columns["mean"][2:].tolist() == data[f"{metric}_mean"].values.tolist()
    assert numpy.array_equal(chart.columns["50 %"][2:], data[f"{metric}_quantile"].sel(quantile=0.5).values, equal_nan=True)


def test_values_from_memory_are_marked_where_there_are_some(folder):
    data = tenor_post.open(folder / "out.nc")
    revenue, obligations = (tenor_post.chart(f"aws-{what}", data) for what in ("revenue", "obligations"))
    points, = (mark for mark in revenue.marks if isinstance(mark, charts.Points))
    assert points.names == ("2025-12-31",) and points.y.tolist() == [35]
    assert revenue.tables()[1].heads == ("y, billion USD",) and revenue.tables()[1].values.tolist() == [[35]]
    assert not any(isinstance(mark, charts.Points) for mark in obligations.marks)
    for kind in ("not verified", "reported"):
        assert kind in drawing.inline(revenue) and kind in plots.picture(revenue, "svg").decode()


def test_a_result_without_history_has_the_fan_alone(folder):
    data = tenor_post.open(folder / "none.nc")
    for figure in (figure for figure in figures.FIGURES if figure.name.startswith("aws-")):
        chart = figures.build(figure, data)
        assert "reported" not in chart.columns and len(chart.x) == data.sizes["time"] == 40


def test_quarters_that_the_model_has_too_stand_side_by_side(folder):
    """A deck may start before its history ends: equal dates are one row, in order."""
    data = tenor_post.open(folder / "out.nc")
    data = data.assign_coords(history_time=[data["time"].values[i] - numpy.timedelta64(days, "D") for i, days in ((0, 30), (1, 0), (1, -1))])
    chart = tenor_post.chart("aws-revenue", data)
    assert len(chart.x) == 42 and (numpy.diff(chart.x.astype("datetime64[D]").astype(int)) > 0).all()
    assert numpy.flatnonzero(numpy.isfinite(chart.columns["reported"])).tolist() == [0, 3]


def test_the_source_of_each_value_is_among_the_assumptions(folder):
    found = {(a.key, a.item): a for a in tenor_post.assumptions(folder / "out.nc") if a.section == "history"}
    assert found["aws_revenue", "2025-12-31"].source == "a guess" and found["aws_revenue", "2025-06-30"].value == "30"
