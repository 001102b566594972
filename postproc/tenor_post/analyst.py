"""Figures for analysts, computed from the means of a result: functions of several means, ratios most of them. Money in
billion USD.

The result keeps no covariances between metrics, so the errors of such functions come from the means of 32 disjoint parts of
the sample (X_parts): the delete-a-group jackknife. Each part is left out in turn, the function is computed from the means of
what remains, and the spread of these values tells the error; half of a 95 % interval is Student's quantile, with one degree of
freedom less than there are parts, times that. Where the file has no parts, or fewer than FEWEST_PARTS have paths, errors are
NaN."""
from typing import Any, NamedTuple

import numpy
import xarray

from .results import FEWEST_PARTS, horizon_months, reliable, student

FLOWS = ("contract_revenue", "relet_revenue", "operating_income")  # kept by part
OTHER_FLOWS = ("distribution_revenue", "aws_revenue", "depreciation")  # not
YEARLY = (*FLOWS, "capex_total", "capex_cum", "billed_cum", "used_cum", "backlog", "aws_obligations")  # metrics of years_of_means
HALVINGS, LOW, HIGH = 60, -0.9, 3.0  # of the search for an internal rate


# ---- errors


class Figure(NamedTuple):
    """A function of means with its standard error and half of its 95 % interval: numbers, arrays or Datasets of one shape."""
    value: Any
    se: Any
    half: Any


def jackknife(data, function, metrics=None):
    """The Figure of `function`, which takes a Dataset and gives a number, an array or a Dataset. `metrics`: those it looks at, which
    saves the time that all others would take.

    Where the result has parts, the Dataset holds nothing but the means that are kept by part (X_mean, or X of shares), so that
    a function of anything else fails with a KeyError instead of getting too small an error; else it is `data`. Source:
    J. Shao and D. Tu, The Jackknife and Bootstrap, 1995, chapter 2.
    """
    parts = {name.removesuffix("_parts"): data[name] for name in data if name.endswith("_parts")}
    parts = {name: part for name, part in parts.items() if metrics is None or name in metrics}
    means = {name if name in data else f"{name}_mean": part for name, part in parts.items()}
    paths = data["part_paths"].values if means and "part_paths" in data else numpy.zeros(0)
    whole = data[list(means)] if paths.any() else data
    value, groups = function(whole), numpy.flatnonzero(paths)
    if len(groups) < FEWEST_PARTS:
        return Figure(value, value * numpy.nan, value * numpy.nan)
    rest = without_each(whole, means, data["part_paths"])
    left = [function(rest.isel(part=int(group))) for group in groups]
    factor = student(len(left) - 1)
    if not isinstance(value, xarray.Dataset):
        se = spread(left)
        return Figure(value, se, factor * se)
    errors = {name: spread([one[name].values for one in left]) for name in value}
    se, half = (xarray.Dataset({name: (value[name].dims, scale * error) for name, error in errors.items()}, value.coords)
                for scale in (1.0, factor))
    return Figure(value, se, half)


def spread(left):
    """The standard error from the values that leave out one part each."""
    left = numpy.asarray(left, float)
    return (((left - left.mean(axis=0)) ** 2).sum(axis=0) * ((len(left) - 1) / len(left))) ** 0.5


def without_each(whole, means, paths):
    """The means of the sample but for one of its parts, over `part`."""
    total = float(paths.sum())
    return whole.assign({name: (total * whole[name] - paths * part) / (total - paths) for name, part in means.items()})


def with_errors(data, function, metrics=None):
    """The Dataset a function of means gives, and beside each of its variables X: X_se, and X_half, half of its interval."""
    value, *errors = jackknife(data, function, metrics)
    return value.assign({f"{name}_{word}": error[name] for word, error in zip(("se", "half"), errors) for name in value})


# ---- years


def yearly(data):
    """Year by year: a Dataset over `year` (1, 2, ...; full years of the horizon only), with X_se and X_half beside X.

    Sums of the means of contract, re-letting, distribution and AWS revenue, capex, depreciation and operating income (AWS,
    distribution and depreciation without errors); `operating_margin`, operating income over contract and re-letting revenue,
    all of the fleet charged; and at the year's end `implied_price` (billing over use, both cumulative, $B per GW-year),
    `contracted_cover` (backlog over capital expenditure still to come; missing when nothing is left) and
    `share_of_obligations` of the contract.
    """
    years = horizon_months(data) // 12
    found = with_errors(data, lambda means: years_of_means(means, years), YEARLY)
    return found.assign({name: sums(data, name, years) for name in OTHER_FLOWS})


def sums(data, name, years):
    """Of the quarterly means of each of the first years."""
    return "year", data[f"{name}_mean"].values[: 4 * years].reshape(years, 4).sum(axis=1)


def years_of_means(data, years):
    end = {name: data[f"{name}_mean"].values[3 : 4 * years : 4] for name in YEARLY if name not in (*FLOWS, "capex_total")}
    found = {name: sums(data, name, years)[1] for name in FLOWS}
    to_come = float(data["capex_total_mean"]) - end["capex_cum"]
    found["capex"] = numpy.diff(end["capex_cum"], prepend=0)
    found["operating_margin"] = ratio(found["operating_income"], found["contract_revenue"] + found["relet_revenue"])
    found["implied_price"] = ratio(end["billed_cum"], end["used_cum"])
    found["contracted_cover"] = ratio(end["backlog"], numpy.where(to_come > 1e-9, to_come, 0))
    found["share_of_obligations"] = ratio(end["backlog"], end["aws_obligations"])
    return xarray.Dataset({name: ("year", values) for name, values in found.items()}, {"year": numpy.arange(1, years + 1)})


def ratio(above, below):
    """Missing where the denominator is 0."""
    above, below = numpy.asarray(above, float), numpy.asarray(below, float)
    return numpy.divide(above, below, out=numpy.full_like(above, numpy.nan), where=below != 0)


def operating_margin(data):
    """Of the whole horizon, a Figure; NaN where nothing is earned."""
    def margin(means):
        revenue, relet, income = (float(means[f"{name}_mean"].values.sum()) for name in FLOWS)
        return float(ratio(income, revenue + relet))
    return jackknife(data, margin, FLOWS)


# ---- the provider's return


def internal_rate(flows, times):
    """The rate y, continuously compounded, at which sum(flows exp(-y times)) is 0, by bisection between -0.9 and 3 a year; NaN
    unless the ends of that range differ in sign. `flows` and `times` (years) are arrays of one shape."""
    def value(y):
        return float((flows * numpy.exp(-y * times)).sum())
    low, high = LOW, HIGH
    if not value(low) * value(high) < 0:
        return float("nan")
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if value(low) * value(middle) > 0 else (low, middle)
    return (low + high) / 2


def provider_rate(data, discount_rate, terminal=True):
    """Internal rate of the mean cash flow of the provider, per year, a Figure; with the mean terminal value at the horizon if
    `terminal`. `discount_rate` is the deck's, at which the stored terminal value was discounted. The initial fleet is free in
    it."""
    def rate(means):
        flows = means["cash_flow_mean"].values
        times = (numpy.arange(len(flows)) + 0.5) / 12
        if terminal:
            end = len(flows) / 12
            flows = numpy.append(flows, float(means["npv_terminal_mean"]) * numpy.exp(discount_rate * end))
            times = numpy.append(times, end)
        return internal_rate(flows, times)
    return jackknife(data, rate, ("cash_flow", "npv_terminal"))


# ---- credit


def concentration(data):
    """Shares of the customers in the mean backlog, `share` (time, customer), and their Herfindahl index, `herfindahl` (time),
    each with _se and _half; missing without backlog."""
    def shares(means):
        backlog = means["customer_backlog_mean"].transpose("time", "customer")
        share = ratio(backlog, numpy.broadcast_to(backlog.values.sum(axis=1, keepdims=True), backlog.shape))
        return xarray.Dataset({"share": (("time", "customer"), share), "herfindahl": ("time", (share ** 2).sum(axis=1))},
                              coords={"time": means["time"], "customer": means["customer"]})
    return with_errors(data, shares, ("customer_backlog",))


def exposure_profile(data):
    """Credit exposure by quarter end: `expected` (EE), 0 after default, `given_survival`, summed over the customers, both with
    _se and _half, and `potential` (PFE, 97.5 % quantile; year ends only where the result has no more; attribute `reliable`);
    without dimensions `expected_positive` (EPE, the mean of EE over the whole horizon) and `effective` (EEPE, of its running
    maximum), with _se and _half."""
    def exposures(means):
        expected = means["exposure_mean"].values
        last = numpy.minimum(numpy.arange(3, 3 * len(expected) + 1, 3), means.sizes["month"]) - 1
        monthly = means.isel(month=last)
        surviving = ratio(monthly["monthly_exposure_mean"], monthly["survivor"]).sum(axis=1)
        return xarray.Dataset({"expected": ("time", expected), "given_survival": ("time", surviving),
                               "expected_positive": expected.mean(),
                               "effective": numpy.maximum.accumulate(expected).mean()}, coords={"time": means["time"]})
    potential = data["exposure_quantile"].sel(quantile=0.975, method="nearest").drop_vars("quantile")
    return with_errors(data, exposures, ("exposure", "monthly_exposure", "survivor")).assign(potential=potential.assign_attrs(reliable=reliable(data, 0.975)))
