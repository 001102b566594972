"""The headline table: one row a quantity, with interval and range; and the table of tails: one row a loss and level."""
from typing import NamedTuple

from . import numbers
from .answer import wrong_way_factor
from .results import BAND, Estimate, estimate, few_beyond, horizon_months, interval_factor, reliable, unit

YEARS = (1, 3, 5, 10, 20, 30)


class Row(NamedTuple):
    label: str
    note: str
    estimate: Estimate
    percent: bool


class Metric(NamedTuple):
    """A quantity of the table; `at` is "years" (ends of YEARS), "end" (last quarter), "path" or "customer"."""
    name: str
    at: str
    label: str
    note: str
    percent: bool = False
    complement: bool = False
    tile: bool = False  # shown large as well


METRICS = (
    Metric("backlog", "years", "Backlog", "remaining performance obligation", tile=True),
    Metric("contract_revenue_cum", "end", "Contract revenue over {horizon}", "as recognised", tile=True),
    Metric("shortfall_cum", "end", "Take-or-pay payments", "paid for minimums not used, over {horizon}"),
    Metric("npv", "path", "Net present value to the provider",
           "operating cash less capex plus terminal value, without stakes", tile=True),
    Metric("npv_with_equity", "path", "Net present value with stakes", "less the money invested, plus the stakes it bought"),
    Metric("defaulted", "customer", "Probability of default", "within {horizon}", percent=True, tile=True),
    Metric("ecl", "customer", "Expected credit loss", "discounted loss at default, after recovery", tile=True),
    Metric("written_off", "customer", "Backlog written off at default", "before re-letting of the freed capacity"),
    Metric("peak_exposure", "customer", "Peak credit exposure", "largest monthly exposure of a path"),
    Metric("fulfilled_in_full_month_never", "customer", "Commitment used up as signed",
           "within {horizon}, never renegotiated", percent=True, complement=True),
    Metric("circularity_fifo", "end", "Circularity, first in first out",
           "share of billing paid with provider money, if that is spent on bills first", percent=True, tile=True),
    Metric("circularity_mixing", "end", "Circularity, mixing",
           "the same, if provider money mixes with all of the customer's cash", percent=True),
)


def places(data, metric):
    """Where a metric is read, with the words that tell it apart: [(words, positions), ...]."""
    if metric.at == "years":
        return [(f" at the end of year {y}", {"time": 4 * y - 1}) for y in YEARS if 12 * y <= horizon_months(data)]
    if metric.at == "customer":
        names = data["customer"].values
        return [(f", {name}" if len(names) > 1 else "", {"customer": i}) for i, name in enumerate(names)]
    return [("", {"time": -1} if metric.at == "end" else {})]


def rows_of(data, metric):
    found = [(words, estimate(data, metric.name, **where)) for words, where in places(data, metric)]
    if metric.complement:
        found = [(words, e and e.complement()) for words, e in found]
    horizon = numbers.duration(horizon_months(data))
    return [Row(metric.label.format(horizon=horizon) + words, metric.note.format(horizon=horizon), e, metric.percent)
            for words, e in found if e is not None]


def gather(data):
    """Rows of the table and of the tiles, or None if the result has none of them."""
    rows, tiles = [], []
    promised = "commitment_final_mean" in data and bool(data["commitment_final_mean"].any())
    for metric in METRICS:
        if metric.name not in data and f"{metric.name}_mean" not in data or metric.complement and not promised:
            continue
        found = rows_of(data, metric)
        rows += found
        if metric.tile and found:  # of the years the last within five, of several customers the first
            tiles.append(found[min(2, len(found) - 1)] if metric.at == "years" else found[0])
    if {"alive", "customer_backlog_mean", "written_off_mean", "written_off_se"} <= set(data):
        if factor := wrong_way_factor(data):
            rows.append(Row("Wrong-way ratio", "expected credit loss over what it would be if defaults "
                            "struck whatever the exposure", factor, False))
    return dict(rows=rows, tiles=tiles, thin=not all(reliable(data, p) for p in BAND)) if rows else None


# ---- tails


class Tail(NamedTuple):
    """One row of the table of tails; `beyond` is how many paths lie beyond the value at risk."""
    label: str
    level: float
    risk: Estimate
    conditional: Estimate
    beyond: float
    thin: bool


LOSSES = (("npv", "Net present value lost, −NPV"), ("npv_with_equity", "The same with stakes"), ("ecl", "Credit loss"))


def gather_tails(data):
    """Rows of the table of tails, or None if the result has none."""
    names = [f"{name}_{part}" for name, _ in LOSSES[:1] for part in ("var", "var_lo", "var_hi", "cvar", "cvar_se")]
    if not all(name in data for name in names) or "paths" not in data:
        return None
    rows = []
    for name, label in LOSSES:
        if f"{name}_var" in data:
            several = "customer" in data[f"{name}_var"].dims
            for i, customer in enumerate(data["customer"].values) if several else [(None, "")]:
                part = data.isel(customer=i) if several else data
                words = f"{label}, {customer}" if several and data.sizes["customer"] > 1 else label
                rows += [tail(part, name, words, level) for level in data["level"].values]
    return dict(rows=rows, thin=any(row.thin for row in rows), beyond=few_beyond(data), paths=float(data["paths"]))


def tail(data, name, label, level):
    at = {part: float(data[f"{name}_{part}"].sel(level=level)) for part in ("var", "var_lo", "var_hi", "cvar", "cvar_se")}
    ends, words = (at["var_lo"], at["var_hi"]), unit(data[f"{name}_var"])
    risk = Estimate(at["var"], (ends[1] - ends[0]) / 2, None, None, words, ends)
    conditional = Estimate(at["cvar"], interval_factor(data) * at["cvar_se"], None, None, words)
    return Tail(label, float(level), risk, conditional, float(data["paths"]) * (1 - level),
                not reliable(data, level, "level"))
