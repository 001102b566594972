"""What tenor-backtest found: text table, JSON, page."""
import io
import json
import math
import re
from pathlib import Path

import jinja2
import matplotlib
import numpy
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.dates import ConciseDateFormatter, YearLocator
from matplotlib.figure import Figure

from . import backtest

HERE = Path(__file__).resolve().parent
COLOURS = {backtest.MODEL: "#0072B2", backtest.PERSISTENT: "#D55E00", backtest.WALK: "#777777"}
MARKERS = {backtest.MODEL: "o", backtest.PERSISTENT: "s", backtest.WALK: "^"}
SHORT = {backtest.MODEL: "model, deck's levels", backtest.PERSISTENT: "model, origin's growth", backtest.WALK: "random walk"}
INK = "#222222"
STYLE = {"font.family": "DejaVu Sans", "font.size": 9, "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK,
         "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.grid.axis": "y",
         "grid.color": "#DDDDDD", "axes.axisbelow": True, "legend.frameon": False, "svg.fonttype": "none", "svg.hashsalt": "tenor"}
SURE = 2  # standard errors that a finding must be away from what it is held against


class Findings:
    """Everything that was found; `table` is [(forecaster, first horizon, last, {name: Figure})]."""

    def __init__(self, deck, found, records, paths, unverified):
        self.deck, self.origins, self.records, self.paths, self.unverified = deck, found, records, paths, unverified
        self.name = deck["name"]["value"]
        self.horizons = len(found[0].outcomes)
        self.table = [(name, first, last, backtest.summary(record, records[backtest.WALK], first, last))
                      for name, record in records.items() for first, last in backtest.groups(self.horizons)]

    def of(self, forecaster):
        return [(first, last, scores) for name, first, last, scores in self.table if name == forecaster]


# ---- in words

def apart(figure, value):
    """-1, 0 or 1: below `value`, not to be told from it, above."""
    if math.isnan(figure.se) or abs(figure.value - value) <= SURE * figure.se:
        return 0
    return 1 if figure.value > value else -1


def percent(figure):
    error = "" if math.isnan(figure.se) else f" ± {100 * figure.se:.0f}"
    return f"{100 * figure.value:.0f}{error} %"


def verdicts(findings, forecaster=backtest.MODEL):
    """Sentences on what the scores of a forecaster say, good or bad. The rule: a figure differs if it is more than SURE standard
    errors away."""
    said = []
    for first, last, scores in findings.of(forecaster):
        band, stretch = scores["coverage80"], scores["stretch"]
        side = apart(band, 0.8)
        words = {-1: f"too few; stretched {stretch.value:.1f} times about their medians they would have held 80 %",
                 0: "which cannot be told from 80 %", 1: "more than they should"}[side]
        words = "with an error that is not known, because the origins do not hold two spans of such a horizon" if math.isnan(band.se) else words
        sentence = f"{first} to {last} quarters ahead the 80 % bands held {percent(band)} of {band.n} outcomes, {words}."
        lean = apart(scores["pit"], 0.5)
        if lean:
            sentence += f" Outcomes came {'above' if lean > 0 else 'below'} the middle of the forecasts (mean PIT {scores['pit'].value:.2f})."
        gain = apart(scores["crps_less_walk"], 0)
        against = {-1: "better than the random walk's", 0: "not to be told from the random walk's", 1: "worse than the random walk's"}[gain]
        said.append(f"{sentence} Its CRPS is {against}.")
    return said


def meaning(findings):
    """What that means for the fan of AWS revenue."""
    sides = [apart(scores["coverage80"], 0.8) for _, _, scores in findings.of(backtest.MODEL)]
    widest = max((scores["stretch"].value for _, _, scores in findings.of(backtest.MODEL)), default=math.nan)
    if any(side < 0 for side in sides):
        return (f"The fan of AWS revenue understates how uncertain AWS revenue is. Run through the past, the model of the base business with "
                f"this deck's volatilities, reversion and levels gives bands that hold fewer outcomes than they say; up to {widest:.1f} times "
                "the width would have been needed. Take the fan's outer band for an inner one, or raise growth_volatility and "
                "revenue_volatility or make them and growth_level uncertain. The contract's own figures (backlog, NPV, losses) do not "
                "depend on it: of the results only AWS revenue and AWS obligations do.")
    if any(side > 0 for side in sides):
        return "The fan of AWS revenue is wider than the past called for; its bands are on the safe side."
    return ("The past does not contradict the width of the fan of AWS revenue. It is short: this says no more than that a large fault would "
            "have shown.")


HEADS = ("horizon, quarters", "outcomes", "in 50 %", "in 80 %", "in 90 %", "stretch for 80 %", "mean PIT", "bias of ln", "CRPS of ln",
         "CRPS less walk's")


def cell(figure, scale=1.0, decimals=2):
    error = "" if math.isnan(figure.se) else f" ± {scale * figure.se:.{decimals}f}"
    return f"{scale * figure.value:.{decimals}f}{error}"


def cells(first, last, scores):
    return [f"{first}-{last}", str(scores["pit"].n), *(cell(scores[f"coverage{band}"], 100, 0) for band in (50, 80, 90)),
            cell(scores["stretch"], decimals=1), cell(scores["pit"]), cell(scores["bias"], decimals=3), cell(scores["crps"], decimals=4),
            cell(scores["crps_less_walk"], decimals=4)]


def text(findings):
    """The table for a terminal, with the verdict under it."""
    lines = [f"{findings.name}: AWS revenue from {len(findings.origins)} origins, {findings.origins[0].end} to {findings.origins[-1].end}"]
    for forecaster, words in backtest.FORECASTERS.items():
        rows = [list(HEADS)] + [cells(*row) for row in findings.of(forecaster)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(HEADS))]
        lines += ["", words] + ["  ".join(word.rjust(width) for word, width in zip(row, widths)) for row in rows]
    return "\n".join([*lines, "", *verdicts(findings), "", meaning(findings)])


# ---- for machines

def plain(value):
    """`value` as JSON has it: no NaN, no arrays."""
    if isinstance(value, backtest.Figure):
        return {name: plain(part) for name, part in value._asdict().items()}
    if isinstance(value, numpy.ndarray):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def as_json(findings):
    found = {
        "deck": findings.name, "paths": findings.paths, "horizons": findings.horizons, "unverified": findings.unverified,
        "rules": backtest.RULES, "origins": [origin._asdict() for origin in findings.origins],
        "scores": [{"forecaster": name, "first": first, "last": last, **scores} for name, first, last, scores in findings.table],
        "forecasts": {name: record._asdict() for name, record in findings.records.items()},
        "verdict": verdicts(findings), "meaning": meaning(findings)}
    return json.dumps(plain(found), indent=1, allow_nan=False) + "\n"


# ---- figures

def draw_fans(axes, findings):
    """Forecasts of the model from every fourth origin, and what came."""
    record = findings.records[backtest.MODEL]
    ends = [numpy.datetime64(origin.end) for origin in findings.origins]
    for i in range(0, len(ends), 4):
        days = [ends[i]] + [(ends[i].astype("datetime64[M]") + 3 * (h + 1) + 1).astype("datetime64[D]") - 1 for h in range(findings.horizons)]
        low, middle, high = (numpy.concatenate([[findings.origins[i].quarter], record.quantiles[i, :, q]]) for q in range(3))
        axes.fill_between(days, low, high, color="#86BBDD", alpha=0.6, linewidth=0, label="5 to 95 %" if i == 0 else None)
        axes.plot(days, middle, color=COLOURS[backtest.MODEL], linewidth=1, label="median" if i == 0 else None)
    known = dict(zip(ends, (origin.quarter for origin in findings.origins)))
    known.update({(ends[-1].astype("datetime64[M]") + 3 * (h + 1) + 1).astype("datetime64[D]") - 1: value
                  for h, value in enumerate(findings.origins[-1].outcomes) if not math.isnan(value)})
    axes.plot(list(known), list(known.values()), color=INK, linewidth=1.6, label="reported")
    axes.set_yscale("log")
    axes.set_ylabel("billion USD a quarter")
    axes.xaxis.set_major_locator(YearLocator(2))
    axes.xaxis.set_major_formatter(ConciseDateFormatter(YearLocator(2)))


def draw_coverage(axes, findings):
    """Share of outcomes within the bands at each horizon, with a standard error to both sides."""
    for forecaster, shift in zip(findings.records, (-0.12, 0, 0.12)):
        rows = [backtest.summary(findings.records[forecaster], findings.records[backtest.WALK], h, h) for h in range(1, findings.horizons + 1)]
        shares = [100 * row["coverage80"].value for row in rows]
        errors = [100 * row["coverage80"].se for row in rows]
        axes.errorbar(numpy.arange(1, findings.horizons + 1) + shift, shares, numpy.nan_to_num(errors), color=COLOURS[forecaster],
                      marker=MARKERS[forecaster], markersize=4, linewidth=1, label=SHORT[forecaster])
    axes.axhline(80, color=INK, linewidth=1, linestyle=(0, (4, 2)))
    axes.set_ylim(0, 104)
    axes.set_xlabel("quarters ahead")
    axes.set_ylabel("% of outcomes within the 80 % band")


def draw_pit(axes, findings):
    """Histogram of the model's PIT over all horizons: flat if forecasts are right."""
    bins = numpy.linspace(0, 1, 11)
    for forecaster, shift in zip(findings.records, (-0.028, 0, 0.028)):
        pit = findings.records[forecaster].pit
        shares = numpy.histogram(pit[~numpy.isnan(pit)], bins)[0] / (~numpy.isnan(pit)).sum()
        axes.bar(bins[:-1] + 0.05 + shift, 100 * shares, 0.026, color=COLOURS[forecaster], label=SHORT[forecaster])
    axes.axhline(10, color=INK, linewidth=1, linestyle=(0, (4, 2)))
    axes.set_xlabel("place of the outcome in the forecast (PIT)")
    axes.set_ylabel("% of outcomes")


def draw_crps(axes, findings):
    for forecaster, record in findings.records.items():
        axes.plot(range(1, findings.horizons + 1), [numpy.nanmean(column) if numpy.isfinite(column).any() else math.nan
                                                    for column in record.crps.T],
                  color=COLOURS[forecaster], marker=MARKERS[forecaster], markersize=4, linewidth=1.2, label=SHORT[forecaster])
    axes.set_ylim(0, None)
    axes.set_xlabel("quarters ahead")
    axes.set_ylabel("mean CRPS of ln revenue")


FIGURES = (
    ("fans", "Forecasts and what came", "Quarterly AWS revenue as reported, and the model with the deck's levels from every fourth origin.",
     draw_fans),
    ("coverage", "Coverage", "How many outcomes the 80 % bands held, by horizon; bars are a standard error to both sides, left out where the "
     "origins do not hold two spans of the horizon.", draw_coverage),
    ("pit", "PIT", "Where outcomes fell in their forecasts, all horizons together; the dashed line is what right forecasts give. Heaps at both "
     "ends are bands that are too narrow, a heap at one end is a lean.", draw_pit),
    ("crps", "CRPS", "Distance of forecasts from outcomes, by horizon: lower is better.", draw_crps),
)


def svg(name, title, draw, findings):
    """A figure as an <svg> element: no prolog, no metadata, ids of its own."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        canvas, room = Figure(figsize=(8.4, 3.6), layout="constrained"), io.BytesIO()
        axes = canvas.add_subplot()
        draw(axes, findings)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncol=3, borderaxespad=0.2)
        FigureCanvasSVG(canvas).print_svg(room, metadata={"Date": None})
    drawn = room.getvalue().decode()
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn[drawn.index("<svg"):], flags=re.S)
    drawn = re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", drawn)
    drawn = re.sub(r'(<svg[^>]*?)\s+height="[^"]*"', r"\1", drawn, count=1)
    drawn = re.sub(r'(<svg[^>]*?)\s+width="[^"]*"', r"\1", drawn, count=1)
    drawn = re.sub(r'\bid="', f'id="{name}-', drawn)
    drawn = re.sub(r'(href="|url\()#', rf"\1#{name}-", drawn)
    return drawn.replace("<svg", f'<svg role="img" aria-label="{title}"', 1)


def render(findings, command):
    """One self-contained HTML page as text; equal findings give equal text."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True)
    drawn = [(name, title, caption, svg(name, title, draw, findings)) for name, title, caption, draw in FIGURES]
    tables = [(words, [cells(*row) for row in findings.of(name)]) for name, words in backtest.FORECASTERS.items()]
    return environment.get_template("backtest.html.jinja").render(
        findings=findings, figures=drawn, tables=tables, heads=HEADS, rules=backtest.RULES, verdicts=verdicts(findings),
        meaning=meaning(findings), command=command)
