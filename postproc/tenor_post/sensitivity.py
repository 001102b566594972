"""The results of `tenor sensitivity`: which uncertain key moves a mean, drawn as tornados."""
import re
import shlex
from typing import NamedTuple, Tuple

import numpy
import xarray

from . import commands
from .charts import Bars, Chart, Whiskers
from .results import Estimate, NotAResult

KIND = "sensitivity"  # the file's tenor_kind
WORDS = {"npv": "the net present value", "backlog@year5": "the backlog after year 5"}  # other metrics as they were asked for
ENDS = (("low", "sky", "upper"), ("high", "orange", "lower"))  # end of a key's law, tone of its bar, half of the row
INDICES = (("first_order", "first-order index"), ("total", "total index"))
NEEDS = ("paths", "swing_paths", "blocks", "key", "key_unit", "key_is_factor", "key_value", "key_middle", "metric", "metric_unit",
         "metric_long_name", "base", "mean", "parameter_variance", "low_difference", "high_difference", "first_order",
         *(f"{end}_difference_grey" for end in ("low", "high")),
         *(f"{name}_{end}" for name in ("base", "mean", "low_difference", "high_difference", "first_order") for end in ("lo", "hi")))


def is_sensitivity(data: xarray.Dataset) -> bool:
    """Was this file written by `tenor sensitivity`?"""
    return data.attrs.get("tenor_kind") == KIND


class Key(NamedTuple):
    """An uncertain key, and its values at the quantiles of its law at which it stands: low, in the middle, high."""
    name: str
    values: Tuple[float, float, float]
    unit: str


class Level(NamedTuple):
    """A metric that is moved: its mean with every key in the middle of its law, and with all keys drawn; the standard deviation
    over the keys of the mean given the keys, NaN where the file has none."""
    words: str
    base: Estimate
    drawn: Estimate
    spread: float


def words(metric: str) -> str:
    return WORDS.get(metric, metric)


def number_of(data, name: str, unit: str, **where: int) -> Estimate:
    """A figure of the file with its interval."""
    value, low, high = (float(data[f"{name}{end}"].isel(where)) for end in ("", "_lo", "_hi"))
    return Estimate(value, (high - low) / 2, None, None, unit)


def keys(data: xarray.Dataset) -> Tuple[Key, ...]:
    found = []
    for i, name in enumerate(data["key"].values):
        low, high = (float(v) for v in data["key_value"].values[i])
        unit = "times the deck's values" if int(data["key_is_factor"][i]) else str(data["key_unit"].values[i])
        found.append(Key(str(name), (low, float(data["key_middle"][i]), high), "" if unit == "1" else unit))
    return tuple(found)


def levels(data: xarray.Dataset) -> Tuple[Level, ...]:
    found = []
    for m, metric in enumerate(data["metric"].values):
        unit, variance = str(data["metric_unit"].values[m]), float(data["parameter_variance"][m])
        found.append(Level(f"{words(str(metric))[:1].upper()}{words(str(metric))[1:]}", number_of(data, "base", unit, metric=m),
                           number_of(data, "mean", unit, metric=m), variance ** 0.5 if variance > 0 else float("nan")))
    return tuple(found)


def tornado(data: xarray.Dataset, m: int) -> Chart:
    """Bars of both ends of every key, for the metric numbered `m`: the key that moves it most on top, as `tenor show` has them."""
    metric, unit = str(data["metric"].values[m]), str(data["metric_unit"].values[m])
    one = data.isel(metric=m)
    low, high = (numpy.nan_to_num(one[f"{end}_difference"].values) for end, _, _ in ENDS)
    length = numpy.maximum(numpy.maximum(low, high), 0) - numpy.minimum(numpy.minimum(low, high), 0)
    one = one.isel(key=numpy.argsort(-length, kind="stable"))
    numbers, marks, pure = {}, [], []
    for end, tone, half in ENDS:
        column, ends = f"key {end}", (f"key {end}, lower end", f"key {end}, upper end")
        for head, part in zip((column, *ends), ("", "_lo", "_hi")):
            numbers[head] = one[f"{end}_difference{part}"].values
        tones = tuple("grey" if grey else tone for grey in one[f"{end}_difference_grey"].values)
        marks += [Bars("", column, tones, column, half, tone), Whiskers(column, *ends, "ink", "", half)]
    for name, head in INDICES:
        if name in one:
            heads = (head, f"{head}, lower end", f"{head}, upper end")
            numbers.update({h: one[f"{name}{part}"].values for h, part in zip(heads, ("", "_lo", "_hi"))})
            pure += heads
    return Chart(f"tornado-{re.sub('[^a-z0-9]+', '-', metric.lower()).strip('-')}", f"What moves {words(metric)}",
                 f"By how much the mean moves ({metric}: {data['metric_long_name'].values[m]}) when one key goes from the middle of its "
                 "law to its 10 % (key low) or 90 % quantile (key high), all others staying in the middle, on the same paths. Whiskers are 95 % "
                 "intervals of the differences; grey bars cannot be told from 0. The table has the indices beside: the share of the variance "
                 "over the keys that a key decides alone.",
                 unit, "Key", numpy.array([str(name) for name in one["key"].values]), numbers, tuple(marks), pure=tuple(pure),
                 note="" if numpy.isfinite(one["first_order"].values).any() else "No indices: shares of variance want more paths")


def told_apart(charts):
    """Charts, of which those of equal names (metrics that differ in other letters than a file's name can do with) have numbers."""
    found = {}
    for chart in charts:
        names = (chart.name, *(f"{chart.name}-{number}" for number in range(2, len(charts) + 1)))
        name = next(name for name in names if name not in found)
        found[name] = chart._replace(name=name)
    return list(found.values())


def gather(file):
    """Of a file of `tenor sensitivity`: charts, keys, levels, and how it was made. Raises NotAResult if it has lost something."""
    data = file.data
    lost = [name for name in NEEDS if name not in data]
    if lost:
        raise NotAResult(f"the sensitivity of {file.name} lacks {', '.join(lost)}")
    metrics = [str(metric) for metric in data["metric"].values]
    name = str(data.attrs["deck"])
    command = (f"tenor sensitivity {commands.named(name, '.yaml')} --paths {int(data['paths'])} --swing-paths {int(data['swing_paths'])} "
               f"--seed {data.attrs.get('seed')}{' --total' * ('total' in data)}"
               + "".join(f" --metric {shlex.quote(metric)}" for metric in metrics) + f" -o {commands.named(name, '-sensitivity.nc')}")
    return dict(deck=name, charts=told_apart([tornado(data, m) for m in range(len(metrics))]), keys=keys(data), levels=levels(data),
                paths=int(data["paths"]), blocks=int(data["blocks"]), swing_paths=int(data["swing_paths"]), command=command,
                sha256=file.sha256, metrics=metrics)
