"""Charts drawn with matplotlib: on axes of yours, or as the bytes of a PNG, SVG or PDF file."""
import io
from typing import Optional

import matplotlib
import numpy
import xarray
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MultipleLocator, NullFormatter

from . import figures
from .charts import HALVES, TONES, Band, Bars, Chart, Line, Points, Stack, Whiskers

KINDS = ("png", "svg", "pdf")
DASHES = {"": "solid", "dashed": (0, (5, 2)), "dotted": (0, (1, 1.5))}
INK = TONES["ink"]
THICK = 0.62  # of a row that its bars fill
STYLE = {
    "font.family": "DejaVu Sans", "font.size": 9, "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK,
    "ytick.color": INK, "axes.edgecolor": "#888888", "axes.spines.top": False, "axes.spines.right": False,
    "axes.axisbelow": True, "axes.grid": True, "axes.grid.axis": "y", "grid.color": "#DDDDDD", "grid.linewidth": 0.6,
    "legend.frameon": False, "legend.fontsize": 8.5, "svg.fonttype": "none", "svg.hashsalt": "tenor"}


def literal(words: str) -> str:
    """Words in which matplotlib finds no formula between two dollar signs."""
    return words.replace("$", r"\$")


def draw(chart: Chart, axes) -> None:
    """Draws the chart on matplotlib axes: marks, limits, labels of the axes, a legend above; no title."""
    for mark in chart.marks:
        DRAWERS[type(mark)](chart, mark, axes)
    low, high = chart.range()
    if chart.rows:
        axes.set_yticks(range(len(chart.x)), [literal(words) for words in chart.x])
        axes.set_ylim(len(chart.x) - 0.5, -0.5)
        axes.set_xlim(low, high)
        axes.grid(axis="x")
        axes.grid(visible=False, axis="y")
        axes.axvline(0, color="#555555", linewidth=0.8)
        axes.set_xlabel(chart.unit)
    else:
        axes.set_ylim(low, high)
        if chart.floor is not None:
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator())
            axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylabel(chart.unit)
        axes.set_xlabel(chart.x_unit)
        axes.margins(x=0)
        if chart.step:
            axes.xaxis.set_major_locator(MultipleLocator(chart.step))
        if chart.dates:
            locator = AutoDateLocator(minticks=3, maxticks=12)
            axes.xaxis.set_major_locator(locator)
            axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    if chart.note:
        axes.set_xlabel(" \u00b7 ".join(filter(None, [axes.get_xlabel(), chart.note])), fontsize=8)
    handles, words = axes.get_legend_handles_labels()
    if words:
        in_row = 6 if sum(map(len, words)) + 6 * len(words) < 120 else 3  # as many as a row has room for
        axes.legend(handles, [literal(label) for label in words], loc="lower left", bbox_to_anchor=(0, 1), ncol=in_row, borderaxespad=0.2,
                    columnspacing=1.2)


def plot(name: str, data: xarray.Dataset, axes, deck: Optional[dict] = None) -> Chart:
    """Draws the figure called `name` ("backlog", "exceedance", ...: figures.FIGURES) of a result on matplotlib axes, and returns
    its chart. `deck` (tenor_post.deck) is needed by "convergence" alone. Raises KeyError for a name that no figure has, ValueError
    if the result lacks what the figure needs."""
    found = figures.chart(name, data, deck)
    if found is None:
        raise ValueError(f"the result lacks what figure {name} needs")
    draw(found, axes)
    return found


def draw_band(chart, mark, axes):
    low, high = chart.columns[mark.low], chart.columns[mark.high]
    there = numpy.isfinite(low) & numpy.isfinite(high)
    axes.fill_between(chart.x[there], low[there], high[there], color=TONES[mark.tone], linewidth=0,
                      label=mark.label, alpha=0.75)


def draw_line(chart, mark, axes):
    y = chart.columns[mark.column]
    there = numpy.isfinite(y)
    axes.plot(chart.x[there], y[there], color=TONES[mark.tone], linewidth=1.7, linestyle=DASHES[mark.dash], label=mark.label)


def draw_stack(chart, mark, axes):
    axes.stackplot(chart.x, *(chart.columns[name] for name in mark.columns), colors=[TONES[tone] for tone in mark.tones],
                   labels=mark.columns, edgecolor="white", linewidth=0.8)


def draw_points(chart, mark, axes):
    ends = numpy.abs(numpy.vstack([mark.low, mark.high]) - (mark.x if mark.across else mark.y))
    axes.errorbar(mark.x, mark.y, **{"xerr" if mark.across else "yerr": numpy.nan_to_num(ends)}, color=TONES[mark.tone],
                  fmt="s" if mark.square else "o", markersize=5, capsize=2, linewidth=1.2, label=mark.label)


def draw_bars(chart, mark, axes):
    high = chart.columns[mark.high]
    low = chart.columns[mark.low] if mark.low else numpy.zeros(len(high))
    top, bottom = HALVES[mark.half]
    bars = axes.barh(numpy.arange(len(low)) + THICK * ((top + bottom) / 2 - 0.5), high - low, left=low,
                     color=[TONES[tone] for tone in mark.tones], height=THICK * (bottom - top))
    sample = mark.tones.index(mark.tone) if mark.tone in mark.tones else 0
    bars.patches[sample].set_label(mark.label or None)


def draw_whiskers(chart, mark, axes):
    x = chart.columns[mark.column]
    ends = numpy.abs(numpy.vstack([chart.columns[mark.low], chart.columns[mark.high]]) - x)
    y = numpy.arange(len(x)) + THICK * (sum(HALVES[mark.half]) / 2 - 0.5)
    axes.errorbar(x, y, xerr=numpy.nan_to_num(ends), color=TONES[mark.tone], fmt="none" if mark.half else "o", markersize=4.5,
                  capsize=1.5 if mark.half else 2.5, linewidth=1.0 if mark.half else 1.2, label=mark.label or None)


DRAWERS = {Band: draw_band, Line: draw_line, Stack: draw_stack, Points: draw_points, Bars: draw_bars, Whiskers: draw_whiskers}


def picture(chart: Chart, kind: str) -> bytes:
    """The chart with its title as a file of `kind` "png", "svg" or "pdf"; equal charts give equal bytes."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        height = 3.9 if not chart.rows else max(2.2, 1.2 + 0.34 * len(chart.x))
        canvas, room = Figure(figsize=(9.6, height), dpi=200, layout="constrained"), io.BytesIO()
        canvas.suptitle(literal(chart.title), x=0.008, ha="left", fontsize=12, fontweight="bold")
        draw(chart, canvas.add_subplot())
        if kind == "svg":
            FigureCanvasSVG(canvas).print_svg(room, metadata={"Date": None})
        elif kind == "pdf":
            FigureCanvasPdf(canvas).print_pdf(room, metadata={"CreationDate": None})
        else:
            FigureCanvasAgg(canvas).print_png(room, metadata={"Software": None})
    return room.getvalue()
