"""Several results on one page: their figures side by side, their differences, what differs in their decks; and the results of
`tenor compare`."""
from typing import NamedTuple

import numpy

from . import commands, compare
from .assumptions import listed
from .charts import Chart, Line, Whiskers
from .fleet import QUARTERS
from .results import Estimate, horizon_months, unit
from .series import bands, columns, note


def gather(results):
    """The table of scenarios, differences from the first, and their figures; None of a single result."""
    if len(results) < 2:
        return None
    first = results[0]
    measures = [m for m in compare.MEASURES if any(m.value(r.data) is not None for r in results)]
    rows = [(r.name, [m.value(r.data) for m in measures]) for r in results]
    gaps = [(r.name, [compare.difference(m, r.data, first.data, r.deck, first.deck) for m in measures]) for r in results[1:]]
    charts = [chart for m in CHARTED if (chart := differences(first, results[1:], m)) is not None]
    return dict(first=first.name, measures=measures, rows=rows, gaps=gaps, charts=charts,
                paired=any(g is not None and g.paired for _, cells in gaps for g in cells))


CHARTED = tuple(m for m in compare.MEASURES if m.name in ("npv", "backlog", "revenue"))


def differences(first, others, measure):
    """Dots with intervals: the differences of a measure from the first result, a row a result; None if none has it."""
    found = [(r.name, compare.difference(measure, r.data, first.data, r.deck, first.deck)) for r in others]
    found = [(name, gap.estimate, gap.paired) for name, gap in found if gap is not None]
    if not found:
        return None
    values, halves = (numpy.array([getattr(e, part) for _, e, _ in found]) for part in ("value", "half"))
    return Chart(f"difference-{measure.name}", f"{measure.label}: difference from {first.name}",
                 f"{measure.label} of each result less that of {first.name}, with 95 % intervals"
                 + (", which come from equal paths." if all(paired for _, _, paired in found) else
                    "; results of other samples have those of independent runs."),
                 found[0][1].unit, "Scenario", numpy.array([name for name, _, _ in found]),
                 {"difference": values, "lower end": values - halves, "upper end": values + halves},
                 (Whiskers("difference", "lower end", "upper end", "deep", ""),))


class Change(NamedTuple):
    """A key of the deck that is not the same in all results: its values in their order, "" where a deck does not have it."""
    key: str
    values: list


def changes(results):
    """What differs in the decks: [Change, ...], or None if there is nothing to compare."""
    decks = [{(a.section, a.key, a.item): f"{a.value} {a.unit}".strip() for a in listed(r.deck, named=True)} for r in results]
    if len(decks) < 2 or not all(decks):
        return None
    keys = dict.fromkeys(key for deck in decks for key in deck)
    found = [Change(" ".join(filter(None, (f"{section}.{key}", item))), [deck.get((section, key, item), "") for deck in decks])
             for section, key, item in keys]
    found = [change for change in found if len(set(change.values)) > 1]
    return dict(names=[r.name for r in results], changes=found) if found else None


# ---- results of `tenor compare`

YEARS = (1, 3, 5, 10, 20, 30)


class Row(NamedTuple):
    label: str
    compared: compare.Compared
    percent: bool


METRICS = (  # metric, where, words, percent
    ("npv", "path", "Net present value", False), ("npv_with_equity", "path", "Net present value with stakes", False),
    ("capex_total", "path", "Capex", False), ("backlog", "years", "Backlog", False), ("contract_revenue_cum", "end", "Contract revenue", False),
    ("shortfall_cum", "end", "Take-or-pay payments", False), ("capacity", "years", "Capacity", False),
    ("defaulted", "customer", "Probability of default", True), ("ecl", "customer", "Expected credit loss", False),
    ("written_off", "customer", "Backlog written off at default", False), ("peak_exposure", "customer", "Peak credit exposure", False),
    ("circularity_fifo", "end", "Circularity, first in first out", True))


def places(data, at):
    if at == "years":
        return [(f" at the end of year {y}", {"time": 4 * y - 1}) for y in YEARS if 12 * y <= horizon_months(data)]
    if at == "customer":
        names = [str(name) for name in data["customer"].values]
        return [(f", {name}" if len(names) > 1 else "", {"customer": i}) for i, name in enumerate(names)]
    return [("", {"time": -1} if at == "end" else {})]


def compared_rows(data):
    rows = [Row(words + more, found, percent) for metric, at, words, percent in METRICS for more, where in places(data, at)
            if (found := compare.compared(data, metric, **where)) is not None]
    return rows


FANS = (("backlog", "Backlog"), ("contract_revenue", "Contract revenue"), ("capacity", "Capacity"), ("exposure", "Credit exposure"))


def difference_fan(data, metric, words):
    """The distribution of a quarterly difference over time, or None if the file lacks it."""
    name = f"{metric}_difference"
    if f"{name}_quantile" not in data or f"{name}_mean" not in data:
        return None
    first, second = data.attrs["deck"], data.attrs["second_deck"]
    return Chart(name.replace("_", "-"), f"{words}: {first} minus {second}",
                 f"{words} of {first} less that of {second} on the same paths, after each quarter.",
                 unit(data[f"{metric}_first"]) if f"{metric}_first" in data else unit(data[f"{name}_mean"]), QUARTERS,
                 data["time"].values, columns(data, name), (*bands(data), Line("mean", "vermilion", "mean", "dashed")), note=note(data))


def gather_comparison(comparison):
    """Of a file of `tenor compare`: rows, charts, and the words of its two decks."""
    data = comparison.data
    charts = [chart for metric, words in FANS if (chart := difference_fan(data, metric, words)) is not None]
    first, second = data.attrs["deck"], data.attrs["second_deck"]
    options = commands.sampled(data, comparison.ranges)
    command = options and (f"tenor compare {commands.named(first, '.yaml')} {commands.named(second, '.yaml')} {options} "
                           f"-o {commands.named(f'{first}-{second}', '.nc')}")
    return dict(first=first, second=second, rows=compared_rows(data), charts=charts, paths=int(data["paths"]), command=command,
                held=commands.in_words(comparison.ranges), sha256=comparison.sha256)


# ---- what the deal adds


class Addition(NamedTuple):
    """A difference, and its words within a sentence."""
    label: str
    estimate: Estimate


def no_commitment(result):
    return "commitment_final_mean" in result.data and not result.data["commitment_final_mean"].any()


ADDED = {  # measures of compare.MEASURES: words, and metric and place in a comparison
    "npv": ("net present value", "npv", {}), "npv_with_equity": ("NPV with stakes", "npv_with_equity", {}),
    "revenue": ("contract revenue", "contract_revenue_cum", {"time": -1}), "capex": ("capex", "capex_total", {})}


def adds(result, results, comparisons):
    """What a result adds to the one without a deal: (its name, [Addition, ...], all paired), from a comparison whose first deck is the
    result's, else from a result on the page that has no commitment; None if there is neither."""
    for comparison in comparisons:
        data = comparison.data
        if data.attrs.get("deck_sha256") and data.attrs["deck_sha256"] == result.data.attrs.get("deck_sha256"):
            found = [(words, compare.compared(data, metric, **where)) for words, metric, where in ADDED.values()]
            return data.attrs["second_deck"], [Addition(words, c.difference) for words, c in found if c is not None], True
    base = next((other for other in results if other is not result and no_commitment(other)), None)
    if base is None or no_commitment(result):
        return None
    found = [(ADDED[m.name][0], compare.difference(m, result.data, base.data, result.deck, base.deck))
             for m in compare.MEASURES if m.name in ADDED]
    found = [(words, gap) for words, gap in found if gap is not None]
    return base.name, [Addition(words, gap.estimate) for words, gap in found], all(gap.paired for _, gap in found)
