"""The figures of the report. To add one: a function that draws, a function that tabulates, a line in FIGURES."""
import io
import re
from typing import Callable, NamedTuple

import matplotlib
import numpy
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure as Canvas

from . import history
from .results import few_beyond, reliable, unit

# Okabe and Ito's palette: distinct for all common forms of colour vision.
BLUE, SKY, ORANGE, VERMILION, GREEN, GREY = "#0072B2", "#56B4E9", "#E69F00", "#D55E00", "#009E73", "#BBBBBB"
INK = "#222222"
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
CONSTRAINTS = {  # from the bottom of the stack: colour and words
    "power": (BLUE, "power"), "chips": (SKY, "chips"), "contract_cap": (GREEN, "capacity cap"),
    "budget": (VERMILION, "budget"), "demand": (ORANGE, "demand"), "none": (GREY, "no demand left")}
STYLE = {
    "font.family": "DejaVu Sans", "font.size": 9, "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK,
    "ytick.color": INK, "axes.edgecolor": "#888888", "axes.spines.top": False, "axes.spines.right": False,
    "axes.axisbelow": True, "axes.grid": True, "axes.grid.axis": "y", "grid.color": "#DDDDDD", "grid.linewidth": 0.6,
    "legend.frameon": False, "legend.fontsize": 8.5, "svg.fonttype": "none", "svg.hashsalt": "tenor"}


def series(data, metric):
    """Quantiles at LEVELS and mean of a quarterly metric, each (time,)."""
    quantiles = data[f"{metric}_quantile"].sel(quantile=list(LEVELS), method="nearest")
    return quantiles.transpose("quantile", "time").values, data[f"{metric}_mean"].values


def star(data, *levels):
    """The mark of what shows quantiles of few paths."""
    return "" if all(reliable(data, level) for level in levels) else "*"


def draw_fan(axes, data, metric):
    quantiles, mean = series(data, metric)
    time, outer, inner = data["time"].values, star(data, LEVELS[0], LEVELS[4]), star(data, LEVELS[1], LEVELS[3])
    axes.fill_between(time, quantiles[0], quantiles[4], color="#CFE3F1", linewidth=0, label=f"5 to 95 % of paths{outer}")
    axes.fill_between(time, quantiles[1], quantiles[3], color="#86BBDD", linewidth=0, label=f"25 to 75 %{inner}")
    axes.plot(time, quantiles[2], color="#00456B", linewidth=1.8, label="median")
    axes.plot(time, mean, color=VERMILION, linewidth=1.6, linestyle=(0, (5, 2)), label="mean")
    axes.set_ylabel(unit(data[f"{metric}_mean"]))
    if outer:
        axes.set_xlabel(f"* not to be relied on: {few_beyond(data)}", fontsize=8)


def tabulate_fan(data, metric):
    quantiles, mean = series(data, metric)
    heads = [*(f"{100 * p:g} %{star(data, p)}" for p in LEVELS), "mean"]
    return Table(heads, data["time"].values, numpy.vstack([quantiles, mean]).T, unit(data[f"{metric}_mean"]))


def draw_capacity(axes, data):
    draw_fan(axes, data, "capacity")
    axes.lines[1].remove()  # capacity's mean: two lines of demand are enough beside its median
    quantiles, mean = series(data, "demand")
    axes.lines[0].set_label("median capacity")
    axes.plot(data["time"].values, mean, color=VERMILION, linewidth=1.6, linestyle=(0, (5, 2)), label="mean demand")
    axes.plot(data["time"].values, quantiles[2], color=INK, linewidth=1.4, linestyle=(0, (1, 1.5)), label="median demand")


def tabulate_capacity(data):
    table, (quantiles, mean) = tabulate_fan(data, "capacity"), series(data, "demand")
    return table._replace(heads=[*table.heads, "mean demand", "median demand"],
                          values=numpy.column_stack([table.values, mean, quantiles[2]]))


def draw_binding(axes, data):
    shares = data["binding_share"]
    present = [name for name in CONSTRAINTS if name in shares["constraint"].values]
    axes.stackplot(data["time"].values, *(100 * shares.sel(constraint=name).values for name in present),
                   colors=[CONSTRAINTS[name][0] for name in present], labels=[CONSTRAINTS[name][1] for name in present],
                   edgecolor="white", linewidth=0.8)
    axes.set_ylabel("% of path-months")


def tabulate_binding(data):
    shares = data["binding_share"].transpose("time", "constraint")
    present = [name for name in CONSTRAINTS if name in shares["constraint"].values]
    return Table([CONSTRAINTS[name][1] for name in present], data["time"].values,
                 100 * shares.sel(constraint=present).values, "% of path-months")


class Table(NamedTuple):
    """The numbers behind a figure: values (time, heads) in `unit`, rows named by date."""
    heads: list
    time: numpy.ndarray
    values: numpy.ndarray
    unit: str


class Figure(NamedTuple):
    name: str
    title: str
    caption: str
    needs: tuple  # variables of the result
    draw: Callable
    tabulate: Callable


def fan(name, metric, title, caption):
    return Figure(name, title, caption, (f"{metric}_mean", f"{metric}_quantile"),
                  lambda axes, data: draw_fan(axes, data, metric), lambda data: tabulate_fan(data, metric))


def fan_after_history(name, metric, title, caption):
    figure = fan(name, metric, title, caption)

    def draw(axes, data):
        history.draw_before(axes, data, metric)
        figure.draw(axes, history.with_quantiles(data, metric))
    return figure._replace(draw=draw, tabulate=lambda data: figure.tabulate(history.with_quantiles(data, metric)))


FIGURES = (
    fan("backlog", "backlog", "Backlog over time",
        "Backlog (remaining performance obligation) after each quarter, in billion USD. It falls by use, by prepaid rights "
        "that expire at the ends of contract years, by default and by renegotiation; it rises by extension."),
    Figure("capacity", "Capacity against demand",
           "Deliverable capacity after each quarter against the customers' live demand, in GW. Where mean demand stands "
           "above its median, few paths of strong growth carry it; capacity follows them up to its cap only.",
           ("capacity_mean", "capacity_quantile", "demand_mean", "demand_quantile"), draw_capacity, tabulate_capacity),
    fan("revenue", "contract_revenue", "Contract revenue",
        "Contract revenue of each quarter, in billion USD: use at the contract price, and prepaid rights that expire. All "
        "that are left expire when the contract ends, which lifts its last quarter."),
    fan_after_history("aws-revenue", "aws_revenue", "AWS revenue",
                      "AWS revenue of each quarter, in billion USD: as reported, then all of AWS in the model, this contract "
                      "included. The model's fan starts from the deck's revenue, not from the last quarter reported. Each reported "
                      "value stands with its source among the assumptions."),
    fan_after_history("aws-obligations", "aws_obligations", "AWS obligations",
                      "Remaining performance obligations of AWS, in billion USD: as Amazon reported them, then in the model at the end of "
                      "each year, this contract included; its commitment is the step between the two. Hollow points are from memory "
                      "and not verified."),
    Figure("binding", "What binds",
           "What limits the customers' use, as a share of path-months in each quarter. Demand: everything wanted is served, "
           "nothing is short. Power at the sites and chips are the provider's limits, the cap is the contract's, the budget "
           "the customer's. No demand is left after default.",
           ("binding_share",), draw_binding, tabulate_binding),
)


def possible(figure, data):
    """Does this result have the variables, and the quantiles, that the figure needs?"""
    if not all(name in data for name in figure.needs):
        return False
    fans = any(name.endswith("_quantile") for name in figure.needs)
    return not fans or all(numpy.isclose(data["quantile"].values, level).any() for level in LEVELS)


def paint(figure, data, narrow, titled):
    """A matplotlib figure, wide or narrow (for a telephone), with its title or without (where a page has it)."""
    canvas = Canvas(figsize=(3.75, 3.6) if narrow else (9.6, 3.9), dpi=200, layout="constrained")
    axes = canvas.add_subplot()
    if titled:
        canvas.suptitle(figure.title, x=0.008, ha="left", fontsize=12, fontweight="bold")
    figure.draw(axes, data)
    locator = AutoDateLocator(minticks=3, maxticks=6 if narrow else 12)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    axes.margins(x=0)
    axes.set_ylim(bottom=min(0.0, axes.dataLim.y0), top=100 if figure.name == "binding" else None)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncol=2 if narrow else 6, borderaxespad=0.2, columnspacing=1.2)
    return canvas


def picture(figure, data, kind, narrow=False, titled=True):
    """The figure as bytes of `kind` "svg" or "png"; equal data gives equal bytes."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        canvas, room = paint(figure, data, narrow, titled), io.BytesIO()
        if kind == "svg":
            FigureCanvasSVG(canvas).print_svg(room, metadata={"Date": None})
        else:
            FigureCanvasAgg(canvas).print_png(room, metadata={"Software": None})
    return room.getvalue()


def inline_svg(figure, data, narrow=False):
    """The figure as an <svg> element for a page: no prolog, no metadata, no namespaces, ids of its own, any width."""
    text = picture(figure, data, "svg", narrow, titled=False).decode()
    text = text[text.index("<svg"):]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", text)
    text = re.sub(r'(<svg[^>]*?)\s+height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?)\s+width="[^"]*"', r"\1", text, count=1)
    prefix = f"{figure.name}-{'narrow' if narrow else 'wide'}-"
    text = re.sub(r'\bid="', f'id="{prefix}', text)
    text = re.sub(r'(href="|url\()#', rf"\1#{prefix}", text)
    return text.replace("<svg", f'<svg role="img" aria-label="{figure.title}"', 1)
