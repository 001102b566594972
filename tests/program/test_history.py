"""Past quarters in the report: marks of what is unverified, lines before the fan."""
import os
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from matplotlib.figure import Figure

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
sys.path.insert(0, str(TOP / "postproc"))
import tenor_post  # noqa: E402
from tenor_post import figures, history  # noqa: E402

PAST = """history:
  - {end: 2025-06-30, aws_revenue: 30 billion USD, source: a filing, confidence: fact}
  - {end: 2025-09-30, aws_obligations: 200 billion USD}
  - end: 2025-12-31
    aws_revenue: {value: 35 billion USD, source: from memory, confidence: assumed}
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


def test_the_fan_begins_where_the_line_ends(folder):
    for name, lines in (("out", 2), ("none", 0)):
        axes, data = Figure().add_subplot(), tenor_post.open(folder / f"{name}.nc")
        assert history.draw_before(axes, data, "aws_revenue") == (lines > 0) and len(axes.lines) == lines
        if lines:
            assert axes.lines[0].get_ydata().tolist() == [30, 35] and axes.lines[1].get_ydata().tolist() == [35]
            assert axes.lines[0].get_xdata().max() < data["time"].values[0]


def test_every_figure_with_history_is_drawn_and_tabulated(folder):
    data = tenor_post.open(folder / "out.nc")
    found = {figure.name: figure for figure in figures.FIGURES if figure.name.startswith("aws-")}
    assert set(found) == {"aws-revenue", "aws-obligations"}
    for figure, dates in ((found["aws-revenue"], 40), (found["aws-obligations"], 10)):  # obligations have quantiles once a year
        assert "reported" in figures.picture(figure, data, "svg").decode()
        table = figure.tabulate(data)
        assert len(table.time) == dates and numpy.isfinite(table.values).all()


def test_the_source_of_each_value_is_among_the_assumptions(folder):
    found = {(a.key, a.item): a for a in tenor_post.assumptions(folder / "out.nc") if a.section == "history"}
    assert found["aws_revenue", "2025-12-31"].source == "from memory" and found["aws_revenue", "2025-06-30"].value == "30"
