"""What a figure shows, apart from how it is drawn: columns of numbers, and marks that refer to them by name. The page draws
a chart as SVG (drawing.py), files and programs of your own draw it with matplotlib (plots.py); the table behind it is its
columns, so that it holds what is drawn."""
import math
from typing import Dict, NamedTuple, Optional, Tuple, Union

import numpy

# Okabe and Ito's palette, distinct for all common forms of colour vision, and tints; page.css has the same for dark pages.
TONES = {"blue": "#0072B2", "sky": "#56B4E9", "orange": "#E69F00", "vermilion": "#D55E00", "green": "#009E73", "purple": "#CC79A7",
         "grey": "#BBBBBB", "ink": "#222222", "deep": "#00456B", "outer": "#CFE3F1", "inner": "#86BBDD", "sand": "#F6DDA8"}


class Band(NamedTuple):
    """The area between two columns."""
    low: str
    high: str
    tone: str
    label: str


class Line(NamedTuple):
    """A column over x; `dash` is "", "dashed" or "dotted". Values that do not exist are bridged."""
    column: str
    tone: str
    label: str
    dash: str = ""


class Stack(NamedTuple):
    """Columns above each other, the first at the bottom."""
    columns: Tuple[str, ...]
    tones: Tuple[str, ...]


class Points(NamedTuple):
    """Marks of their own, each with a name, apart from the columns: at (x, y), with a whisker from `low` to `high` along x if
    `across`, else along y; squares or discs. They have a table of their own."""
    label: str
    tone: str
    names: Tuple[str, ...]
    x: numpy.ndarray
    y: numpy.ndarray
    low: numpy.ndarray
    high: numpy.ndarray
    across: bool = False
    square: bool = False


class Bars(NamedTuple):
    """Horizontal bars from column to column (`low` "": from 0), a row each, of a chart whose rows have names; a tone for each row.
    `half` "upper" or "lower" is where in the row they lie; `tone` is that of the sample beside the label, "" the first row's."""
    low: str
    high: str
    tones: Tuple[str, ...]
    label: str = ""
    half: str = ""
    tone: str = ""


class Whiskers(NamedTuple):
    """A dot at a column with a whisker from `low` to `high`, in each row, or a half of it as of Bars; without a dot then."""
    column: str
    low: str
    high: str
    tone: str
    label: str
    half: str = ""


HALVES = {"": (0.0, 1.0), "upper": (0.0, 0.5), "lower": (0.5, 1.0)}  # of a row, from its top


Mark = Union[Band, Line, Stack, Points, Bars, Whiskers]


class Table(NamedTuple):
    """Numbers with names: `values` (rows, columns), all in `unit` or those of each column in `units`; `head` stands over the
    names of the rows."""
    name: str
    head: str
    labels: Tuple[str, ...]
    heads: Tuple[str, ...]
    values: numpy.ndarray
    unit: str = ""
    units: Optional[Tuple[str, ...]] = None

    def headings(self) -> Tuple[str, ...]:
        """The heads of the columns, with the unit where it is not that of all."""
        return self.heads if self.units is None else tuple(f"{head}, {unit}" if unit else head
                                                           for head, unit in zip(self.heads, self.units))


class Chart(NamedTuple):
    """`x` (n) are dates (datetime64), numbers, or names of rows (str); `columns` hold (n) numbers each, in `unit`. The axis of
    values runs from the lowest (from 0, or below, if `zero`) to `top` or the highest; in powers of ten from `floor` if there is one.
    `x_unit` stands below the x axis, whose ticks are multiples of `step`, `note` below all. Columns named in `pure`
    are pure numbers, for the table alone."""
    name: str
    title: str
    caption: str
    unit: str
    head: str
    x: numpy.ndarray
    columns: Dict[str, numpy.ndarray]
    marks: Tuple[Mark, ...]
    x_unit: str = ""
    top: Optional[float] = None
    floor: Optional[float] = None
    note: str = ""
    zero: bool = True
    step: Optional[float] = None
    pure: Tuple[str, ...] = ()

    @property
    def rows(self) -> bool:
        """Are there rows with names, and x values along the bottom?"""
        return self.x.dtype.kind in "UO"

    @property
    def dates(self) -> bool:
        return self.x.dtype.kind == "M"

    def labels(self) -> Tuple[str, ...]:
        """What the rows of the table are called."""
        if self.dates:
            return tuple(str(x)[:10] for x in self.x)
        return tuple(str(x) if self.rows else f"{x:g}" for x in self.x)

    def tables(self) -> Tuple[Table, ...]:
        """The numbers behind the chart: its columns, and one table for each mark of Points."""
        head = f"{self.head}, {self.x_unit}" if self.x_unit and not self.rows else self.head
        units = tuple("" if name in self.pure else self.unit for name in self.columns) if self.pure else None
        found = [Table(self.name, head, self.labels(), tuple(self.columns), numpy.column_stack(list(self.columns.values())),
                       "" if self.pure else self.unit, units)]
        for number, points in enumerate((mark for mark in self.marks if isinstance(mark, Points)), start=1):
            along = self.x_unit if points.across else self.unit
            numbers = {} if self.dates else {f"x, {self.x_unit}": points.x}  # names tell the dates
            numbers.update({f"y, {self.unit}": points.y, f"lower end, {along}": points.low, f"upper end, {along}": points.high})
            if not (numpy.isfinite(points.low) | numpy.isfinite(points.high)).any():
                numbers = dict(list(numbers.items())[:-2])
            found.append(Table(f"{self.name}-points-{number}", points.label, points.names, tuple(numbers),
                               numpy.column_stack(list(numbers.values()))))
        return tuple(found)

    def range(self) -> Tuple[float, float]:
        """From and to which value the axis of values runs (of rows the horizontal one)."""
        found = [self.columns[name] for mark in self.marks for name in used(mark)]
        found += [numpy.concatenate([p.y] + ([] if p.across else [p.low, p.high])) for p in self.marks if isinstance(p, Points)]
        values = numpy.concatenate(found or [numpy.zeros(1)])
        values = values[numpy.isfinite(values)]
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
        low, high = (min(0.0, low), max(0.0, high)) if self.zero else (low, high)
        for stack in (mark for mark in self.marks if isinstance(mark, Stack)):
            high = max(high, float(numpy.nanmax(sum(self.columns[name] for name in stack.columns))))
        if self.floor is not None:
            low = self.floor
        elif self.top is None:
            room = 0.04 * (high - low)
            low, high = (low - room if low else low), (high + room if high else high)
        return low, (high if high > low else low + 1.0) if self.top is None else self.top


def used(mark: Mark) -> Tuple[str, ...]:
    """The columns a mark draws, Points none."""
    return {Band: lambda m: (m.low, m.high), Line: lambda m: (m.column,), Stack: lambda m: m.columns,
            Bars: lambda m: (m.low, m.high) if m.low else (m.high,), Whiskers: lambda m: (m.column, m.low, m.high), Points: lambda m: ()}[type(mark)](mark)


def ticks(low: float, high: float, most: int = 6) -> list:
    """At most `most` + 1 round numbers between two: multiples of 1, 2 or 5 times a power of ten."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
