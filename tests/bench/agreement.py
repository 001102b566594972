"""Do the means of a twin agree with those of a tenor run?

Both samples are independent and of the same size. A figure is the mean of a column (a metric, an item, a date) or, of a metric
that is a date, also the share of the paths on which it comes. The standard error of a difference is the root of the sum of
both squared standard errors. Sizes must be equal: with a rare event the smaller sample may have seen none, and would have no
error; at equal sizes k paths more on one side are at most sqrt(k) standard errors.

The rule: no figure is beyond `bound` standard errors, where a normal z is with a chance of 1 in 1000 on any of all the figures
(Bonferroni; some 5 for a few thousand figures, where 4 would be passed by chance in every fourth comparison of 4000). What has no
spread in either sample must be equal to rounding.
"""
from statistics import NormalDist

import numpy as np
import xarray

FALSE_ALARMS = 1e-3     # of a whole comparison, at most
FEWEST = 30             # paths that have the date, on each side, for its mean to be compared


def variable(data, name):
    """Values of a result's variable, items first, the dates of an item neighbours."""
    one = data[name]
    dates = [dim for dim in one.dims if dim in ("time", "contract_year")]
    return one.transpose(..., *dates).values.ravel()


def of_result(path, names):
    """{figure: (mean, squared standard error)} of a result file, and its number of paths."""
    figures = {}
    with xarray.open_dataset(path) as data:
        paths = int(data["paths"])
        for name in names:
            mean = name + "_mean" if name + "_mean" in data else name
            figures[name] = variable(data, mean), variable(data, name + "_se") ** 2
            if name + "_never" in data:
                never = variable(data, name + "_never")
                figures[name + "_never"] = never, never * (1 - never) / paths
                figures[name] = [np.where((1 - never) * paths >= FEWEST, values, np.nan) for values in figures[name]]
    return figures, paths


def of_twin(output):
    """The same of what a twin printed, as read from JSON."""
    figures, paths = {}, output["paths"]
    for name, metric in output["metrics"].items():
        n, mean, m2 = (np.array(metric[key]) for key in ("n", "mean", "m2"))
        few = n < FEWEST
        n_safe = np.maximum(n, FEWEST)
        figures[name] = np.where(few, np.nan, mean), np.where(few, np.nan, m2 / (n_safe * (n_safe - 1)))
        never = 1 - n / paths
        figures[name + "_never"] = never, never * (1 - never) / paths
    return figures, paths


def scores(ours, theirs):
    """[(|z|, figure, its position, our mean, their mean)], largest first. A mean date that too few paths have on one side is
    left to the share of those; any other figure that theirs lack is a KeyError."""
    rows = []
    for name, (mean, squared) in ours.items():
        other_mean, other_squared = theirs[name]
        difference, error = np.abs(mean - other_mean), np.sqrt(squared + other_squared)
        rounding = 1e-9 * np.maximum(np.abs(mean), 1e-3)
        z = np.where(difference <= rounding, 0.0, difference / np.maximum(error, 1e-300))
        rows += [(z[i], name, i, mean[i], other_mean[i]) for i in range(len(z)) if not np.isnan(z[i])]
    return sorted(rows, reverse=True)


def bound(n_figures):
    return NormalDist().inv_cdf(1 - FALSE_ALARMS / (2 * n_figures))


def compare(result, output):
    """(rows beyond the bound, all rows, bound); rows as scores() has them."""
    ours, paths = of_result(result, output["metrics"])
    theirs, their_paths = of_twin(output)
    if paths != their_paths:
        raise ValueError(f"{paths} paths against {their_paths}: equal numbers are wanted")
    rows = scores(ours, theirs)
    limit = bound(len(rows))
    return [row for row in rows if row[0] > limit], rows, limit
