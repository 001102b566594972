"""Post-processing of tenor results.

    import tenor_post
    data = tenor_post.open("out.nc")                     # xarray Dataset, time decoded, names as text
    tenor_post.at_year(data, 5)["backlog_mean"]          # after the last quarter of year 5, billion USD
    tenor_post.estimate(data, "npv")                     # mean, 95 % interval, 5 and 95 % quantiles, unit
    tenor_post.analyst.yearly(data)["operating_margin_half"]  # half of 95 % intervals of ratios of means
    tenor_post.deck("out.nc")["customers"][0]["commitment"]["source"]
    tenor_post.assumptions("out.nc")                     # the same as a flat list
    tenor_post.render("out.nc")                          # the report, HTML text

Errors: FileNotFoundError for a missing file, NotAResult (a ValueError) for a file that tenor did not write.
"""
from . import analyst
from .assumptions import Assumption, assumptions, deck, deck_text
from .page import render
from .results import Estimate, NotAResult, at_year, estimate, open

__all__ = ["Assumption", "Estimate", "NotAResult", "analyst", "assumptions", "at_year", "deck", "deck_text", "estimate", "open",
           "render"]
