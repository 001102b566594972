"""The past quarters that a deck carries: what happened before the fan begins. Values come from the result file
(history_time, history_aws_revenue, history_aws_obligations), how sure one is of each from the deck inside it."""
from typing import NamedTuple

import netCDF4
import numpy
import yaml

INK = "#222222"


class Past(NamedTuple):
    """The known values of one metric, earliest first: time (n,) datetime64, the last day of a quarter; values (n,), unit as
    of the metric's fan; unverified (n,) bool, true where the deck only assumes the value."""
    time: numpy.ndarray
    values: numpy.ndarray
    unverified: numpy.ndarray


def attach(data, path):
    """`data`, the Dataset of the result at `path`, with X_unverified(history_time) beside each history variable X. A result
    without history comes back as it is; one that has lost its deck counts every value as verified."""
    if "history_time" not in data.coords:
        return data
    with netCDF4.Dataset(path) as file:
        known = "state" in file.groups and "deck" in file["state"].variables
        text = file["state"]["deck"][:].tobytes().decode() if known else "{}"
    quarters = yaml.load(text, Loader=yaml.BaseLoader).get("history", [])
    for name in [name for name in data if name.startswith("history_")]:
        key = name.removeprefix("history_")
        assumed = {quarter["end"]["value"] for quarter in quarters if quarter.get(key, {}).get("confidence") == "assumed"}
        marks = [numpy.datetime_as_string(time, "D") in assumed for time in data["history_time"].values]
        data[f"{name}_unverified"] = ("history_time", numpy.array(marks, bool), {"long_name": f"from memory: {name}"})
    return data


def past(data, metric):
    """The Past of `metric` ("aws_revenue", "aws_obligations") in a Dataset of tenor_post.open; None if it has none."""
    name = f"history_{metric}"
    if name not in data or not (known := numpy.isfinite(data[name].values)).any():
        return None
    marks = data[f"{name}_unverified"].values if f"{name}_unverified" in data else numpy.zeros(len(known), bool)
    return Past(data["history_time"].values[known], data[name].values[known], marks[known])


def draw_before(axes, data, metric):
    """Draws what was reported of `metric` on the axes of its fan: a line through the known quarters, hollow points where a
    value is unverified. Returns whether there was anything to draw."""
    found = past(data, metric)
    if found is None:
        return False
    axes.plot(found.time, found.values, color=INK, linewidth=1.4, label="reported")
    if found.unverified.any():
        axes.plot(found.time[found.unverified], found.values[found.unverified], linestyle="none", marker="o", markersize=4,
                  markerfacecolor="white", markeredgecolor=INK, markeredgewidth=0.9, label="unverified")
    return True


def with_quantiles(data, metric):
    """`data` at the dates that have quantiles of `metric`: some metrics have them at the ends of years only."""
    known = numpy.isfinite(data[f"{metric}_quantile"]).all("quantile")
    return data.isel(time=numpy.flatnonzero(known.values))
