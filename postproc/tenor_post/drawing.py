"""Charts drawn for the page: HTML and SVG that follow the window's width, the reader's light or dark page, and a box a
mark to hide it. Areas, lines and bars are one stretched SVG; words are HTML, so that they keep their size."""
import math

import numpy
from markupsafe import Markup, escape

from . import numbers
from .charts import HALVES, Band, Bars, Chart, Line, Points, Stack, Whiskers, ticks

MOST_MARKS, LAYERS = 32, "abcdefgh"  # of a chart, of a stack
WIDE, HIGH = 1000, 400  # of the stretched drawing
ROW = 40  # height of a row
MOST_STRIPES = 100  # that tell their numbers


class Scale:
    """From values to the drawing, on both axes."""

    def __init__(self, chart: Chart):
        self.low, self.high = chart.range()
        self.log = chart.floor is not None
        if self.log:
            self.low, self.high = numpy.log10([self.low, self.high])
        self.wide, self.tall = WIDE, ROW * len(chart.x) if chart.rows else HIGH
        if not chart.rows:
            self.first, self.last = (float(number(chart.x[i : i + 1 or None])[0]) for i in (0, -1))

    def share(self, value):
        """Where a value stands between the ends of its axis, 0 and 1."""
        value = numpy.asarray(value, float)
        if self.log:
            value = numpy.log10(numpy.maximum(value, 10.0 ** (self.low - 1)))  # what is below runs out of the drawing, cut off
        return (value - self.low) / (self.high - self.low)

    def along(self, x):
        """Where a date or number stands on the horizontal axis, from 0 to 1."""
        return (number(x) - self.first) / ((self.last - self.first) or 1.0)

    def x(self, values):
        return self.wide * self.along(values)

    def y(self, values):
        return self.tall * (1 - self.share(values))

    def across(self, values):
        """Of charts with rows: the horizontal place of a value."""
        return self.wide * self.share(values)


def number(x):
    """Dates as days."""
    x = numpy.asarray(x)
    return x.astype("datetime64[s]").astype(float) / 86400 if x.dtype.kind == "M" else x.astype(float)


def points(x, y) -> str:
    """A path through points, to a tenth of the drawing's units."""
    there = numpy.isfinite(x) & numpy.isfinite(y)
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x[there], y[there])).replace(".0 ", " ") if there.any() else ""


def area(x, low, high) -> str:
    there = numpy.isfinite(low) & numpy.isfinite(high)
    x, low, high = x[there], low[there], high[there]
    return points(numpy.concatenate([x, x[::-1]]), numpy.concatenate([high, low[::-1]])) + "Z" if there.any() else ""


def shape(group: str, style: str, path: str) -> str:
    return f'<path class="{group} {style}" d="{path}"/>' if path else ""


def draw_band(chart, scale, mark, group):
    path = area(scale.x(chart.x), scale.y(chart.columns[mark.low]), scale.y(chart.columns[mark.high]))
    return shape(group, f"f-{mark.tone} band", path)


def draw_line(chart, scale, mark, group):
    return shape(group, f"s-{mark.tone} line {mark.dash}".rstrip(), points(scale.x(chart.x), scale.y(chart.columns[mark.column])))


def draw_stack(chart, scale, mark, group):
    parts, below = [], numpy.zeros(len(chart.x))
    for number_of, (name, tone) in enumerate(zip(mark.columns, mark.tones)):
        above = below + numpy.nan_to_num(chart.columns[name])
        parts.append(shape(f"{group}{LAYERS[number_of]}", f"f-{tone} layer",
                           area(scale.x(chart.x), scale.y(below), scale.y(above))))
        below = above
    return "".join(parts)


def dot(group, tone, x, y, square=False):
    return shape(group, f"s-{tone} {'square' if square else 'dot'}", f"M{x:.1f} {y:.1f}h0")


def draw_points(chart, scale, mark, group):
    parts, xs, ys = [], scale.x(mark.x), scale.y(mark.y)
    for x, y, low, high in zip(xs, ys, mark.low, mark.high):
        if numpy.isfinite(low) and numpy.isfinite(high):
            ends = [(scale.x(e), y) if mark.across else (x, scale.y(e)) for e in (low, high)]
            parts.append(shape(group, f"s-{mark.tone} whisker", "M{:.1f} {:.1f}L{:.1f} {:.1f}".format(*ends[0], *ends[1])))
        parts.append(dot(group, mark.tone, x, y, mark.square))
    return "".join(parts)


def draw_bars(chart, scale, mark, group):
    parts, highs = [], chart.columns[mark.high]
    lows = chart.columns[mark.low] if mark.low else numpy.zeros(len(highs))
    top, bottom = (8 + (ROW - 16) * end for end in HALVES[mark.half])
    for row, (a, b, tone) in enumerate(zip(lows, highs, mark.tones)):
        if numpy.isfinite(a) and numpy.isfinite(b):
            left, right = sorted(float(scale.across(v)) for v in (a, b))
            parts.append(shape(group, f"f-{tone}", f"M{left:.1f} {ROW * row + top:g}H{max(right, left + 1.5):.1f}v{bottom - top:g}H{left:.1f}Z"))
    return "".join(parts)


def draw_whiskers(chart, scale, mark, group):
    parts, middle = [], 8 + (ROW - 16) * sum(HALVES[mark.half]) / 2
    for row, (x, low, high) in enumerate(zip(*(scale.across(chart.columns[c]) for c in (mark.column, mark.low, mark.high)))):
        if numpy.isfinite(x):
            y = ROW * row + middle
            parts += [shape(group, f"s-{mark.tone} whisker", f"M{low:.1f} {y:.1f}H{high:.1f}")] * bool(numpy.isfinite(low))
            parts += [dot(group, mark.tone, x, y)] * (not mark.half)
    return "".join(parts)


DRAWERS = {Band: draw_band, Line: draw_line, Stack: draw_stack, Points: draw_points, Bars: draw_bars, Whiskers: draw_whiskers}


def key(mark) -> str:
    """The class of a mark's sample beside its name."""
    return {Band: lambda m: f"b-{m.tone}", Line: lambda m: f"l-{m.tone} {m.dash}", Stack: lambda m: "", Bars: lambda m: f"b-{m.tone or m.tones[0]}",
            Points: lambda m: f"{'b' if m.square else 'd'}-{m.tone} small", Whiskers: lambda m: f"d-{m.tone} small"}[type(mark)](mark)


def legend(chart):
    """(group, class of the sample, words) of all that can be hidden."""
    for index, mark in enumerate(chart.marks):
        if isinstance(mark, Stack):
            yield from ((f"g{index}{LAYERS[i]}", f"b-{tone}", name) for i, (name, tone) in enumerate(zip(mark.columns, mark.tones)))
        elif mark.label:
            yield f"g{index}", key(mark).strip(), mark.label


def hiding() -> str:
    """Style rules by which a cleared box hides its mark."""
    groups = [f"g{i}" for i in range(MOST_MARKS)] + [f"g{i}{layer}" for i in range(2) for layer in LAYERS]
    return "".join(f"figure:has(.k-{g}:not(:checked)) .{g}{{display:none}}\n" for g in groups)


def edges(chart, scale):
    """The stripes of the drawing whose numbers the page's script tells: a row of the table each, or every few rows."""
    if chart.rows:
        return ROW * numpy.arange(len(chart.x) + 1.0)
    x = scale.x(chart.x)[:: stride(chart)]
    return numpy.concatenate([[0], (x[1:] + x[:-1]) / 2, [WIDE]])


def stride(chart) -> int:
    return -(-len(chart.x) // MOST_STRIPES)


def hints(chart, scale) -> str:
    """The same stripes as shapes whose numbers the browser itself tells when the pointer rests on them."""
    heads, labels, places, parts = list(chart.columns), chart.labels(), edges(chart, scale), []
    for start, end, row in zip(places, places[1:], range(0, len(chart.x), stride(chart))):
        told = "; ".join(f"{head} {numbers.text(v, numbers.significant(v, 4))}"
                         for head, v in zip(heads, (chart.columns[h][row] for h in heads)) if numpy.isfinite(v))
        box = f'y="{start:g}" width="{WIDE}" height="{end - start:g}"' if chart.rows else \
            f'x="{start:.1f}" width="{end - start:.1f}" height="{HIGH}"'
        parts.append(f'<rect class="hit" {box}><title>{escape(labels[row])}: {escape(told)}</title></rect>')
    return "".join(parts)


def told_at_rows(chart):
    """The first column in words, or those with whiskers, with the decimals that these support."""
    whiskers = [mark for mark in chart.marks if isinstance(mark, Whiskers)]
    if not whiskers:
        return [numbers.text(v, numbers.significant(v, 3)) for v in next(iter(chart.columns.values()))]
    columns = [[numbers.text(v, numbers.supported(v, top - v)) for v, top in zip(chart.columns[m.column], chart.columns[m.high])]
               for m in whiskers]
    return [" / ".join(words) for words in zip(*columns)]


def horizontal(chart, scale):
    """[(place from 0 to 1, words), ...] of the axis along the bottom."""
    if chart.rows:
        return even(scale.share, ticks(*chart.range(), 6))
    if chart.dates:
        first, last = (chart.x[i].astype("datetime64[Y]").astype(int) + 1970 for i in (0, -1))
        step = next(s for s in (1, 2, 5, 10) if (last - first) / s <= 12)
        years = [y for y in range(first, last + 1) if y % step == 0]
        places = [(float(scale.along(numpy.datetime64(f"{y}-01-01"))), str(y)) for y in years]
        if sum(0 <= place <= 1 for place, _ in places) < 2:
            return [(float(scale.along(x)), str(x)[:7]) for x in chart.x[:: max(1, len(chart.x) // 4)]]
        return [(place, words) for place, words in places if 0 <= place <= 1]
    step = chart.step or 1.0
    return even(scale.along, [step * v for v in ticks(scale.first / step, scale.last / step, 10)])


def even(place, values):
    """Ticks with as many decimals as their step needs."""
    step = values[1] - values[0] if len(values) > 1 else values[0]
    decimals = max(0, -math.floor(math.log10(abs(step)) + 1e-9)) if step else 0
    return [(float(place(v)), numbers.text(v, decimals)) for v in values]


def vertical(chart, scale):
    if scale.log:
        powers = [10.0 ** k for k in range(int(numpy.ceil(scale.low - 1e-9)), int(numpy.floor(scale.high + 1e-9)) + 1)]
        return [(float(scale.share(v)), f"{v:g}") for v in powers]
    return even(scale.share, ticks(*chart.range(), 6))


def inline(chart: Chart, prefix: str = "", hinted: bool = True) -> Markup:
    """The chart as HTML: boxes to hide marks, the drawing, its axes. `prefix` begins the ids of its elements;
    `hinted`: a resting pointer is told the numbers without the page's script."""
    scale, name = Scale(chart), f"{prefix}{chart.name}"
    boxes = "".join(f'<label><input type="checkbox" class="k-{group}" checked><i class="{style}"></i>{escape(words)}</label>'
                    for group, style, words in legend(chart))
    grid = "".join(f'<path class="grid" d="M{WIDE * place:.1f} 0V{scale.tall}"/>' if chart.rows else
                   f'<path class="grid" d="M0 {scale.tall * (1 - place):.1f}H{WIDE}"/>'
                   for place, _ in (horizontal if chart.rows else vertical)(chart, scale))
    zero = 0.0 if scale.log else float(scale.share(0.0))
    axis = f"M{WIDE * zero:.1f} 0V{scale.tall}" if chart.rows else f"M0 {scale.tall * (1 - zero):.1f}H{WIDE}"
    marks = "".join(DRAWERS[type(mark)](chart, scale, mark, f"g{index}") for index, mark in enumerate(chart.marks))
    along = "".join(f'<span style="left:{100 * place:.2f}%">{escape(words)}</span>' for place, words in horizontal(chart, scale))
    if chart.rows:
        side = "".join(f"<span>{escape(words)}</span>" for words in chart.x)
        left = f'<div class="names" aria-hidden="true">{side}</div>'
        right = f'<div class="told" aria-hidden="true">{"".join(f"<span>{words}</span>" for words in told_at_rows(chart))}</div>'
    else:
        side = "".join(f'<span style="top:{100 * (1 - place):.2f}%">{escape(words)}</span>' for place, words in vertical(chart, scale))
        left, right = f'<div class="side" aria-hidden="true">{side}</div>', ""
    height = f' style="height:{2.1 * len(chart.x):.1f}rem"' if chart.rows else ""
    stripes = " ".join(f"{edge:.0f}" for edge in edges(chart, scale))
    told = hints(chart, scale) if hinted else ""
    unit = chart.x_unit if not chart.rows else chart.unit
    return Markup(
        f'<div class="keys">{boxes}</div><div class="chart{" rows" if chart.rows else ""}">{"" if chart.rows else f"<div class=unit>{escape(chart.unit)}</div>"}{left}'
        f'<svg role="img" aria-label="{escape(chart.title)}" aria-describedby="{name}-words" viewBox="0 0 {WIDE} {scale.tall}" '
        f'preserveAspectRatio="none" data-stride="{stride(chart)}" data-edges="{stripes}"{height}>{grid}{marks}<path class="axis" d="{axis}"/>{told}</svg>{right}'
        f'<div class="along" aria-hidden="true">{along}</div>{f"<div class=below>{escape(unit)}</div>" if unit else ""}</div>')
