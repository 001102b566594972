"""Quantiles over time as columns and bands of charts."""
from typing import Dict, Tuple

import numpy
import xarray

from .charts import Band, Line
from .results import few_beyond, reliable

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def series(data: xarray.Dataset, metric: str) -> Tuple[numpy.ndarray, numpy.ndarray]:
    """Quantiles at LEVELS (5, time) and mean (time) of a quarterly metric, in its unit."""
    quantiles = data[f"{metric}_quantile"].sel(quantile=list(LEVELS), method="nearest")
    return quantiles.transpose("quantile", "time").values, data[f"{metric}_mean"].values


def star(data: xarray.Dataset, *levels: float) -> str:
    """The mark of what shows quantiles of few paths."""
    return "" if all(reliable(data, level) for level in levels) else "*"


def heads(data: xarray.Dataset) -> Tuple[str, ...]:
    """The names of the quantiles' columns."""
    return tuple(f"{100 * p:g} %{star(data, p)}" for p in LEVELS)


def columns(data: xarray.Dataset, metric: str) -> Dict[str, numpy.ndarray]:
    """Quantiles and mean by the names of their columns."""
    quantiles, mean = series(data, metric)
    return {**dict(zip(heads(data), quantiles)), "mean": mean}


def bands(data: xarray.Dataset) -> Tuple[Band, Band, Line]:
    """The marks of `columns`: two areas and the median."""
    names, outer, inner = heads(data), star(data, LEVELS[0], LEVELS[4]), star(data, LEVELS[1], LEVELS[3])
    return (Band(names[0], names[4], "outer", f"5 to 95 % of paths{outer}"), Band(names[1], names[3], "inner", f"25 to 75 %{inner}"),
            Line(names[2], "deep", "median"))


def note(data: xarray.Dataset) -> str:
    """What the star of a fan means; "" if it has none."""
    return f"* not to be relied on: {few_beyond(data)}" if star(data, LEVELS[0], LEVELS[4]) else ""


MEAN = Line("mean", "vermilion", "mean", "dashed")
