"""Charts of backlog, revenue, capacity, and what limits use."""
import numpy

from . import history
from .charts import Chart, Line, Points, Stack
from .results import unit
from .series import MEAN, bands, columns, note, series

QUARTERS = "End of quarter"
CONSTRAINTS = {  # from the bottom of the stack: tone and words
    "power": ("blue", "power"), "chips": ("sky", "chips"), "contract_cap": ("green", "capacity cap"),
    "budget": ("vermilion", "budget"), "demand": ("orange", "demand"), "none": ("grey", "no demand left")}


def simple(figure, data, metric, caption):
    """A fan with its mean."""
    return Chart(figure.name, figure.title, caption, unit(data[f"{metric}_mean"]), QUARTERS, data["time"].values,
                 columns(data, metric), (*bands(data), MEAN), note=note(data))


def backlog(figure, data, deck):
    return simple(figure, data, "backlog",
                  "Backlog (remaining performance obligation) after each quarter, in billion USD. It falls by use, by prepaid rights "
                  "that expire at the ends of contract years, by default and by renegotiation; it rises by extension.")


def revenue(figure, data, deck):
    return simple(figure, data, "contract_revenue",
                  "Contract revenue of each quarter, in billion USD: use at the contract price, and prepaid rights that expire. All "
                  "that are left expire when the contract ends, which lifts its last quarter.")


def after_history(figure, data, metric, caption):
    """A fan over time with what was reported before it, on one axis of dates: columns have no number where they do not reach."""
    chart, found = simple(figure, data, metric, caption), history.past(data, metric)
    if found is None:
        return chart
    dates = [day.astype("datetime64[D]") for day in (found.time, chart.x)]
    x = numpy.union1d(*dates)

    def spread(days, values):
        column = numpy.full(len(x), numpy.nan)
        column[numpy.searchsorted(x, days)] = values
        return column
    numbers = {"reported": spread(dates[0], found.values), **{head: spread(dates[1], column) for head, column in chart.columns.items()}}
    marks = (*chart.marks, Line("reported", "ink", "reported"))
    if found.unverified.any():
        days, values = dates[0][found.unverified], found.values[found.unverified]
        nothing = numpy.full(len(values), numpy.nan)
        marks += (Points("not verified", "orange", tuple(str(day) for day in days), days, values, nothing, nothing),)
    return chart._replace(x=x, columns=numbers, marks=marks)


def aws_revenue(figure, data, deck):
    return after_history(figure, data, "aws_revenue",
               "AWS revenue of each quarter, in billion USD: as reported, where the deck has past quarters, then all of AWS in the model, "
               "this contract included. The model's fan starts from the deck's revenue, not from the last quarter reported. Each reported "
               "value stands with its source among the assumptions.")


def aws_obligations(figure, data, deck):
    return after_history(figure, data, "aws_obligations",
               "Remaining performance obligations of AWS, in billion USD: as Amazon reported them, where the deck has past quarters, then "
               "in the model, this contract included; its commitment is the step between the two. Points are values that were not "
               "checked against a filing.")


def delivered(figure, data, deck):
    power, chips = (series(data, metric)[0][2] for metric in ("power", "installed"))
    numbers = {**columns(data, "capacity"), "median power": power, "median chips": chips}
    return Chart(figure.name, figure.title,
                 "Capacity that can be delivered after each quarter, in GW: the least of power at the sites, chips installed, and the "
                 "contract's cap. The line of power or of chips that runs closer to it is the one that holds delivery back; it is "
                 "straight between the dates for which the result has it.",
                 "GW", QUARTERS, data["time"].values, numbers,
                 (*bands(data), Line("median power", "orange", "median power", "dashed"),
                  Line("median chips", "vermilion", "median chips", "dotted")), note=note(data))


def capacity(figure, data, deck):
    quantiles, mean = series(data, "demand")
    numbers = {**columns(data, "capacity"), "mean demand": mean, "median demand": quantiles[2],
               "25 % of demand": quantiles[1], "75 % of demand": quantiles[3]}
    del numbers["mean"]  # two lines of demand are enough beside the median of capacity
    numbers = {**numbers, "mean": columns(data, "capacity")["mean"]}
    outer, inner, median = bands(data)
    return Chart(figure.name, figure.title,
                 "Deliverable capacity after each quarter against the customers' live demand, in GW. Where mean demand stands "
                 "above its median, few paths of strong growth carry it; capacity follows them up to its cap only.",
                 "GW", QUARTERS, data["time"].values, numbers,
                 (outer, inner, median._replace(label="median capacity"), Line("25 % of demand", "orange", "25 and 75 % of demand", "dotted"),
                  Line("75 % of demand", "orange", "", "dotted"), Line("median demand", "orange", "median demand"),
                  Line("mean demand", "vermilion", "mean demand", "dashed")), note=note(data))


def binding(figure, data, deck):
    shares = data["binding_share"]
    present = [name for name in CONSTRAINTS if name in shares["constraint"].values]
    numbers = {CONSTRAINTS[name][1]: 100 * shares.sel(constraint=name).values for name in present}
    return Chart(figure.name, figure.title,
                 "What limits the customers' use, as a share of path-months in each quarter. Demand: everything wanted is served, "
                 "nothing is short. Power at the sites and chips are the provider's limits, the cap is the contract's, the budget "
                 "the customer's. No demand is left after default.",
                 "% of path-months", QUARTERS, data["time"].values, numbers,
                 (Stack(tuple(numbers), tuple(CONSTRAINTS[name][0] for name in present)),), top=100.0)

