"""The figures of a result. To add one: a function that builds its chart, beside its subject's others, and a line in FIGURES."""
from typing import Callable, NamedTuple, Optional, Tuple

import numpy
import xarray

from . import commitment, credit, fleet, losses, sample
from .charts import Chart
from .series import LEVELS


class Figure(NamedTuple):
    name: str
    title: str
    needs: Tuple[str, ...]  # variables of the result
    build: Callable  # (Figure, Dataset, deck or None) -> Chart, or None where the result has nothing to show


def fan(metric: str, *more: str) -> Tuple[str, ...]:
    return (f"{metric}_mean", f"{metric}_quantile", *more)


FIGURES = (
    Figure("backlog", "Backlog over time", fan("backlog"), fleet.backlog),
    Figure("waterfall", "What becomes of the commitment", commitment.WATERFALL_NEEDS, commitment.waterfall),
    Figure("burnout", "When the commitment is used up", commitment.BURNOUT_NEEDS, commitment.burnout),
    Figure("revenue", "Contract revenue", fan("contract_revenue"), fleet.revenue),
    Figure("delivered", "Capacity delivered", fan("capacity", *fan("power"), *fan("installed")), fleet.delivered),
    Figure("capacity", "Capacity against demand", fan("capacity", *fan("demand")), fleet.capacity),
    Figure("aws-revenue", "AWS revenue", fan("aws_revenue"), fleet.aws_revenue),
    Figure("aws-obligations", "AWS obligations", fan("aws_obligations"), fleet.aws_obligations),
    Figure("binding", "What binds", ("binding_share",), fleet.binding),
    Figure("exceedance", "How likely a loss is", losses.NEEDS, losses.exceedance),
    Figure("exposure", "Credit exposure", credit.EXPOSURE_NEEDS, credit.exposure),
    Figure("circularity", "Circularity over time", fan("circularity_fifo", *fan("circularity_mixing")), credit.circularity),
    Figure("convergence", "How the estimate settles", ("part_paths", "cash_flow_parts", "npv_terminal_parts", "npv_mean"),
           sample.convergence),
)


def possible(figure: Figure, data: xarray.Dataset) -> bool:
    """Does this result have the variables, and the quantiles, that the figure needs?"""
    if not all(name in data for name in figure.needs):
        return False
    fans = any(name.endswith("_quantile") for name in figure.needs)
    return not fans or all(numpy.isclose(data["quantile"].values, level).any() for level in LEVELS)


def build(figure: Figure, data: xarray.Dataset, deck: Optional[dict] = None) -> Optional[Chart]:
    """The figure's chart, or None if the result lacks what it needs."""
    return figure.build(figure, data, deck) if possible(figure, data) else None


def chart(name: str, data: xarray.Dataset, deck: Optional[dict] = None) -> Optional[Chart]:
    """The chart called `name` ("backlog", "exceedance", ...; see FIGURES) of a result, or None if the result lacks what it
    needs; `deck` (tenor_post.deck) is needed by "convergence" alone. Raises KeyError for a name that no figure has."""
    return build({figure.name: figure for figure in FIGURES}[name], data, deck)
