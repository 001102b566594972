"""The past quarters that a deck carries: what happened before the fan begins. Values come from the result file (history_time,
history_aws_revenue, history_aws_obligations), how sure one is of each from the deck inside it."""
from typing import NamedTuple, Optional

import numpy
import xarray
import yaml

LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class Past(NamedTuple):
    """The known values of one metric, earliest first: time (n,) datetime64, the last day of a quarter; values (n,), unit as
    of the metric's fan; unverified (n,) bool, true where the deck only assumes the value."""
    time: numpy.ndarray
    values: numpy.ndarray
    unverified: numpy.ndarray


def attach(data: xarray.Dataset, text: Optional[str]) -> xarray.Dataset:
    """`data`, the Dataset of a result, with X_unverified(history_time) beside each history variable X; `text` is its resolved
    deck. A result without history comes back as it is; one that has lost its deck counts every value as verified."""
    if "history_time" not in data.coords:
        return data
    quarters = (yaml.load(text, Loader=LOADER) if text else {}).get("history", [])
    ends = numpy.datetime_as_string(data["history_time"].values, "D")
    for name in [name for name in data if name.startswith("history_")]:
        key = name[len("history_"):]
        assumed = {quarter["end"]["value"] for quarter in quarters if quarter.get(key, {}).get("confidence") == "assumed"}
        data[f"{name}_unverified"] = ("history_time", numpy.array([end in assumed for end in ends], bool),
                                      {"long_name": f"not checked against a filing: {name}"})
    return data


def past(data: xarray.Dataset, metric: str) -> Optional[Past]:
    """The Past of `metric` ("aws_revenue", "aws_obligations") in a Dataset of tenor_post.open; None if it has none."""
    name = f"history_{metric}"
    if name not in data or not (known := numpy.isfinite(data[name].values)).any():
        return None
    marks = data[f"{name}_unverified"].values if f"{name}_unverified" in data else numpy.zeros(len(known), bool)
    return Past(data["history_time"].values[known], data[name].values[known], marks[known])
