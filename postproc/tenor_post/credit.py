"""Charts of credit exposure and of the provider's own money in the billing."""
import numpy

from . import analyst
from .charts import Band, Chart, Line
from .fleet import QUARTERS
from .results import few_beyond
from .series import LEVELS, note, series, star

EXPOSURE_NEEDS = ("exposure_mean", "exposure_se", "exposure_quantile", "monthly_exposure_mean", "survivor", "month")


def exposure(figure, data, deck):
    profile = analyst.exposure_profile(data)
    expected, potential = profile["expected"].values, profile["potential"]
    mark = "" if potential.attrs["reliable"] else "*"
    numbers = {"expected": expected, "given survival": profile["given_survival"].values,
               f"97.5 % (PFE){mark}": potential.values, "EPE": numpy.full(len(expected), float(profile["expected_positive"]))}
    marks = [Line(f"97.5 % (PFE){mark}", "vermilion", f"potential, 97.5 % of paths (PFE){mark}"),
             Line("given survival", "orange", "expected, given survival", "dashed"), Line("expected", "deep", "expected (EE)"),
             Line("EPE", "green", "its mean over time (EPE)", "dotted")]
    half = profile["expected_half"].values if "expected_half" in profile else numpy.full(len(expected), numpy.nan)
    if numpy.isfinite(half).any():
        numbers.update({"expected, lower end": expected - half, "expected, upper end": expected + half})
        marks.insert(0, Band("expected, lower end", "expected, upper end", "inner", "95 % interval of EE"))
    return Chart(figure.name, figure.title,
                 "What would be owed if the customers defaulted at a quarter's end: open invoices, and the backlog that re-letting the "
                 "freed capacity would not earn, in billion USD. Expected exposure counts nothing after default. Where the result has the "
                 "97.5 % quantile at year ends only, it is bridged.",
                 "billion USD", QUARTERS, data["time"].values, numbers, tuple(marks),
                 note=f"* not to be relied on: {few_beyond(data)}" if mark else "")


def circularity(figure, data, deck):
    if not float(data["circularity_fifo_mean"].max()) > 0:
        return None
    numbers, marks = {}, []
    for metric, words, band, line in (("fifo", "first in, first out", "outer", "deep"), ("mixing", "mixing", "sand", "vermilion")):
        quantiles, mean = series(data, f"circularity_{metric}")
        low, high = f"{words}, 5 %{star(data, LEVELS[0])}", f"{words}, 95 %{star(data, LEVELS[4])}"
        numbers.update({low: 100 * quantiles[0], words: 100 * mean, high: 100 * quantiles[4]})
        marks += [Band(low, high, band, f"{words}: 5 to 95 % of paths{star(data, LEVELS[0], LEVELS[4])}"),
                  Line(words, line, f"{words}: mean", "" if metric == "fifo" else "dashed")]
    marks.sort(key=lambda mark: isinstance(mark, Line))  # lines above both areas
    return Chart(figure.name, figure.title,
                 "Share of all that was billed up to a quarter's end that was paid with the provider's own money: if it is spent on bills "
                 "first (first in, first out), and if it mixes with all of the customer's cash.",
                 "% of billing", QUARTERS, data["time"].values, numbers, tuple(marks), note=note(data))
