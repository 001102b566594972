"""Differences of two decks: of two results whose samples are the same paths, part by part; and those that `tenor compare`
measured path by path."""
from typing import Callable, NamedTuple, Optional, Tuple

import numpy
import xarray

from .results import FEWEST_PARTS, Estimate, at_year, estimate, horizon_months, interval_factor, quantile, student, unit
from .sample import npv_parts


class Difference(NamedTuple):
    """First minus second of one quantity; `paired` tells whether the interval comes from equal paths."""
    estimate: Estimate
    paired: bool


def same_paths(first: xarray.Dataset, second: xarray.Dataset) -> bool:
    """Are these samples of the same paths, in the same parts, so that their differences can be paired?"""
    equal = ("seed", "sampling", "model_version")
    return (all(first.attrs.get(name) == second.attrs.get(name) for name in equal) and "seed" in first.attrs
            and all("part_paths" in data and int((data["part_paths"] > 0).sum()) >= FEWEST_PARTS for data in (first, second))
            and numpy.array_equal(first["part_paths"].values, second["part_paths"].values))


def over_parts(first: numpy.ndarray, second: numpy.ndarray, paths: numpy.ndarray) -> Tuple[float, float]:
    """First minus second of the means of the same paths, and half of its 95 % interval, Student's, from the differences (part,)
    of the parts' means, which are independent of each other; parts are weighed by their `paths`, those without any ignored."""
    there = paths > 0
    difference, weight = (first - second)[there], paths[there].astype(float)
    mean, count = float((weight * difference).sum() / weight.sum()), int(there.sum())
    spread = ((weight * (difference - mean)) ** 2).sum() * count / (count - 1)
    return mean, float(student(count - 1) * numpy.sqrt(spread) / weight.sum())


class Measure(NamedTuple):
    """A quantity that results are compared by: its value in a result, and its means by part (part,) of a result and its deck."""
    name: str
    label: str
    value: Callable  # Dataset -> Estimate, or None: not in this result
    parts: Optional[Callable] = None  # (Dataset, deck) -> (part,), or None: not kept by part
    percent: bool = False
    note: str = ""


def summed(name: str) -> Callable:
    """The Estimate of a mean (or share) summed over the customers; of several its interval is at most too wide, as their errors
    are added as if they always went together."""
    def value(data):
        one = name if name in data else f"{name}_mean"
        if one not in data or f"{name}_se" not in data:
            return None
        if data.sizes.get("customer", 1) == 1:
            return estimate(data, name, customer=0)
        total, error = (float(data[v].values.sum()) for v in (one, f"{name}_se"))
        return Estimate(total, interval_factor(data) * error, None, None, unit(data[one])) if numpy.isfinite(total) else None
    return value


def at_end(name: str) -> Callable:
    return lambda data: estimate(data, name, time=-1)


def in_year(name: str, year: int) -> Callable:
    return lambda data: estimate(data, name, time=4 * year - 1) if horizon_months(data) >= 12 * year else None


def tail_of(name: str, what: str, level: float) -> Callable:
    """Value at risk or conditional value at risk of a loss."""
    def value(data):
        if f"{name}_{what}" not in data or not numpy.isclose(data["level"].values, level).any():
            return None
        at = {end: float(data[f"{name}_{what}{end}"].sel(level=level)) for end in (("", "_lo", "_hi") if what == "var" else ("", "_se"))}
        if not numpy.isfinite(at[""]):
            return None
        if what == "var":
            return Estimate(at[""], (at["_hi"] - at["_lo"]) / 2, None, None, unit(data[f"{name}_var"]), (at["_lo"], at["_hi"]))
        return Estimate(at[""], interval_factor(data) * at["_se"], None, None, unit(data[f"{name}_cvar"]))
    return value


def highest_of(data: xarray.Dataset, name: str) -> Optional[Estimate]:
    """Of the customers that with the highest value; None if the result has none."""
    found = (estimate(data, name, customer=i) for i in range(data.sizes.get("customer", 0)))
    return max(filter(None, found), key=lambda e: e.value, default=None)


def highest(name: str) -> Callable:
    return lambda data: highest_of(data, name)


def highest_parts(name: str) -> Callable:
    """By part, of the customer that is highest over all parts."""
    return lambda data, deck: data[f"{name}_parts"].transpose("part", "customer").values[:, int(data[name].values.argmax())]


MEASURES = (
    Measure("npv", "Net present value", lambda data: estimate(data, "npv"), npv_parts),
    Measure("npv_with_equity", "NPV with stakes", lambda data: estimate(data, "npv_with_equity")),
    Measure("npv_cvar", "CVaR 99 % of \u2212NPV", tail_of("npv", "cvar", 0.99)),
    Measure("backlog", "Backlog after year 5", in_year("backlog", 5), lambda data, deck: at_year(data, 5)["backlog_parts"].values),
    Measure("revenue", "Contract revenue", at_end("contract_revenue_cum"),
            lambda data, deck: data["contract_revenue_parts"].transpose("part", "time").values.sum(axis=1)),
    Measure("shortfall", "Take-or-pay payments", at_end("shortfall_cum")),
    Measure("capex", "Capex", lambda data: estimate(data, "capex_total"), lambda data, deck: data["capex_total_parts"].values),
    Measure("defaulted", "Default", highest("defaulted"), highest_parts("defaulted"), True, "of several customers the likeliest"),
    Measure("ecl", "Credit loss", summed("ecl"), lambda data, deck: data["ecl_parts"].transpose("part", "customer").values.sum(axis=1)),
    Measure("circularity", "Circularity, FIFO", at_end("circularity_fifo"), None, True),
)


def difference(measure: Measure, first, second, first_deck=None, second_deck=None) -> Optional[Difference]:
    """First minus second of a measure of two results (Datasets; decks as of tenor_post.deck, for the net present value), or None
    if one lacks it. Paired, if they are samples of the same paths and keep the measure by part; else the interval is that of
    independent runs."""
    values = [measure.value(data) for data in (first, second)]
    if None in values:
        return None
    gap = values[0].value - values[1].value
    if measure.parts is not None and same_paths(first, second):
        try:
            by_part = [measure.parts(data, deck) for data, deck in ((first, first_deck), (second, second_deck))]
        except (KeyError, TypeError):  # a file that lost its parts or its deck
            by_part = None
        if by_part is not None:
            _, half = over_parts(*by_part, first["part_paths"].values)
            return Difference(Estimate(gap, half, None, None, values[0].unit), True)
    return Difference(Estimate(gap, float(numpy.hypot(*(v.half for v in values))), None, None, values[0].unit), False)


def paired(first, second, name: str, first_deck=None, second_deck=None) -> Optional[Difference]:
    """First minus second of the measure called `name` ("npv", "backlog" after year 5, "revenue", "capex", "defaulted", "ecl", ...:
    MEASURES) of two results, as `difference` gives it. "npv" is paired only with both decks (tenor_post.deck). Raises KeyError for a
    name that no measure has."""
    return difference({measure.name: measure for measure in MEASURES}[name], first, second, first_deck, second_deck)


# ---- files of `tenor compare`


def is_comparison(data: xarray.Dataset) -> bool:
    """Was this file written by `tenor compare`?"""
    return "second_deck" in data.attrs


class Compared(NamedTuple):
    """One metric of a comparison: means of both decks, their difference on the same paths with its 5 and 95 % quantiles, half of
    the 95 % interval that two unrelated runs would give, and the share of paths on which the first is higher."""
    first: Estimate
    second: Estimate
    difference: Estimate
    unpaired: float
    higher: Optional[Estimate]


def compared(data: xarray.Dataset, metric: str, **where) -> Optional[Compared]:
    """A metric of a comparison at one element (`where` as of results.estimate), or None if the file does not have it. Raises
    ValueError if more than one number is left."""
    if f"{metric}_first" not in data:
        return None
    gap = estimate(data, f"{metric}_difference", **where)
    sides = [estimate(data, f"{metric}_{side}", **where) for side in ("first", "second")]
    if gap is None or None in sides:
        return None
    words = unit(data[f"{metric}_first"])
    half = interval_factor(data) * float(data[f"{metric}_difference_unpaired_se"].isel(where))
    gap = gap._replace(unit=words, low=quantile(data, f"{metric}_difference", 0.05, **where),
                       high=quantile(data, f"{metric}_difference", 0.95, **where))
    return Compared(*(side._replace(unit=words) for side in sides), gap, half,
                    estimate(data, f"{metric}_difference_positive", **where))
