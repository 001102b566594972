"""How an estimate settles as the sample grows, from the means of its disjoint parts."""
import numpy

from .charts import Band, Chart, Line
from .results import FEWEST_PARTS, student


def npv_parts(data, deck):
    """The mean net present value over each part of the sample (part,), billion USD; NaN of parts without paths."""
    rate = float(deck["provider"]["discount_rate"]["value"].split()[0])
    flows = data["cash_flow_parts"].transpose("part", "month").values
    return flows @ numpy.exp(-rate * (numpy.arange(flows.shape[1]) + 0.5) / 12) + data["npv_terminal_parts"].values


def settle(values, paths):
    """Mean of the first k parts, weighed by their paths, and half of its 95 % interval (k,): Student's, from the spread of these
    parts about their mean (Cochran's ratio form, as their sizes differ a little). The interval of the first is missing."""
    total = numpy.cumsum(paths)
    mean = numpy.cumsum(paths * values) / total
    half = numpy.full(len(values), numpy.nan)
    for k in range(2, len(values) + 1):
        deviations = paths[:k] * (values[:k] - mean[k - 1])
        half[k - 1] = student(k - 1) * numpy.sqrt((deviations ** 2).sum() * k / (k - 1)) / total[k - 1]
    return mean, half


def convergence(figure, data, deck):
    if deck is None or int((data["part_paths"] > 0).sum()) < FEWEST_PARTS:
        return None
    there = data["part_paths"].values > 0
    paths = data["part_paths"].values[there].astype(float)
    mean, half = settle(npv_parts(data, deck)[there], paths)
    last = numpy.full(len(mean), float(data["npv_mean"]))
    numbers = {"mean so far": mean, "lower end": mean - half, "upper end": mean + half, "all paths": last}
    first = 3  # parts before are too few for an interval worth drawing
    numbers = {name: column[first:] for name, column in numbers.items()}
    return Chart(figure.name, figure.title,
                 "Mean net present value over the first parts of the sample, billion USD, with the 95 % interval that these parts alone "
                 "would give. It should wander within the interval and narrow as one over the root of the paths.",
                 "billion USD", "Paths", numpy.cumsum(paths)[first:], numbers,
                 (Band("lower end", "upper end", "outer", "95 % interval"), Line("all paths", "green", "all paths", "dotted"),
                  Line("mean so far", "deep", "mean so far")), x_unit="paths so far", zero=False)
