"""Post-processing of tenor results.

    import tenor_post
    data = tenor_post.open("out.nc")                     # xarray Dataset, time decoded, names as text
    tenor_post.at_year(data, 5)["backlog_mean"]          # after the last quarter of year 5, billion USD
    tenor_post.estimate(data, "npv")                     # mean, 95 % interval, 5 and 95 % quantiles, unit
    tenor_post.quantile(data, "backlog", 0.95, time=19)  # one quantile of one element
    tenor_post.exceedance(data, "npv", 0.0)              # share of paths that lose more than 0 billion USD, with its interval
    tenor_post.chart("backlog", data)                    # a figure of the page: columns and marks
    tenor_post.plot("backlog", data, axes)               # the same on matplotlib axes
    tenor_post.paired(first, second, "npv")              # difference of two results of the same paths
    tenor_post.compared(tenor_post.open("pair.nc"), "npv")  # of a file of `tenor compare`
    tenor_post.open_paths("out.paths.nc")                # paths as they are, read when they are used
    tenor_post.analyst.yearly(data)["operating_margin_half"]  # half of 95 % intervals of ratios of means
    tenor_post.deck("out.nc")["customers"][0]["commitment"]["source"]
    tenor_post.assumptions("out.nc")                     # the same as a flat list
    tenor_post.render("out.nc")                          # the report, HTML text

Errors: FileNotFoundError for a missing file, NotAResult (a ValueError) for a file that tenor did not write.
"""
from . import analyst
from .assumptions import Assumption, assumptions, deck, deck_text
from .charts import Chart
from .compare import Compared, Difference, compared, paired
from .figures import chart
from .page import render
from .paths import open_paths
from .plots import draw, plot
from .results import Estimate, NotAResult, at_year, estimate, exceedance, open, quantile

__all__ = ["Assumption", "Chart", "Compared", "Difference", "Estimate", "NotAResult", "analyst", "assumptions", "at_year", "chart",
           "compared", "deck", "deck_text", "draw", "estimate", "exceedance", "open", "open_paths", "paired", "plot", "quantile",
           "render"]
