"""Is it a guaranteed backlog or a wrong-way bet? The answer, computed from the result."""
import math
from typing import NamedTuple

import numpy

from . import numbers
from .assumptions import listed
from .compare import highest_of, tail_of
from .fleet import CONSTRAINTS
from .results import BAND, Estimate, Z95, estimate, exceedance, horizon_months, interval_factor, parts, reliable, student

GUARANTEED, FAR = 0.95, 0.5  # share of paths on which the commitment is used up as signed
WEAK, CLEAR = 1.25, 2.0  # wrong-way ratio
TOTALS = ("written_off", "cut", "lapsed", "final_backlog", "beyond", "commitment_final", "ecl", "equity_loss", "invested")
MEANS = TOTALS + ("npv", "npv_with_equity", "circularity_fifo", "circularity_mixing", "shortfall_cum",
                  "contract_revenue_cum")
SHARES = ("fulfilled_in_full_month_never", "defaulted")


def wrong_way_factor(data):
    """Credit loss over what it would be if defaults struck whatever the exposure, all customers; None without losses.

    The interval is that of the file's errors of the customers' factors; of several customers it is at most too wide, because
    their errors are added as if they always went together. NaN if the file has no errors, for want of paths. Files of format
    1 tell the error of the loss alone.
    """
    loss, independent = (data[name].values for name in ("ecl_mean", "ecl_independent"))
    total = independent.sum()
    if not (total > 0 and loss.sum() > 0):
        return None
    value = float(loss.sum() / total)
    if "wrong_way_ratio_se" not in data:
        return Estimate(value, Z95 * float(data["ecl_se"].values.sum() / total), None, None, "")
    # With L and I of each customer, d(sum L / sum I) = sum(I d(L/I) + (L/I - value) dI) / sum I.
    ratio, ratio_se, independent_se = (data[name].values for name in (
        "wrong_way_ratio", "wrong_way_ratio_se", "ecl_independent_se"))
    errors = numpy.where(independent > 0, independent * ratio_se + abs(ratio - value) * independent_se, 0)
    half = student(parts(data) - 1) * float(errors.sum() / total)
    return Estimate(value, half, None, None, "")


def ends_open(data, deck):
    """Does a contract of the deck run beyond the horizon? False if the deck is not known."""
    def months(customer, key):
        return float(customer[key]["value"].split()[0])
    return any(months(c, "start") + months(c, "term") > horizon_months(data) for c in (deck or {}).get("customers", []))


def span(data, metric, complement=False):
    """A probability in percent; of several customers the lowest and the highest, with their names."""
    found = [estimate(data, metric, customer=i) for i in range(data.sizes["customer"])]
    found = [(e.complement() if complement else e, name) for e, name in zip(found, data["customer"].values)]
    if len(found) == 1:
        return numbers.full(found[0][0], percent=True)
    found.sort(key=lambda pair: pair[0].value)
    first, last = (numbers.full(e, percent=True) + f" ({name})" for e, name in (found[0], found[-1]))
    return first + " to " + last


def headline(promised, sure, factor, still_open):
    """The answer in one line. `sure` is the smallest share of paths, over the customers, that use up the commitment."""
    if not promised > 0:
        return "No commitment: nothing is guaranteed, and no backlog can be lost"
    if still_open:
        first = "A backlog still open at the horizon"
    elif sure >= GUARANTEED:
        first = "Close to a guaranteed backlog"
    else:
        first = "Not a guaranteed backlog" if sure >= FAR else "Far from a guaranteed backlog"
    if factor is not None and math.isnan(factor.half):
        return f"{first}; too few paths to tell whether it is a wrong-way bet"
    if factor is None or factor.value - factor.half <= 1:
        return f"{first}, and no wrong-way bet that these paths can show"
    strength = "only weakly" if factor.value < WEAK else "clearly" if factor.value < CLEAR else "strongly"
    return f"{first}, and {strength} a wrong-way bet"


LIMITS = ("power", "chips", "contract_cap", "budget")  # what can hold use below demand
SPANS = ((1, 3), (4, 7), (8, 10), (11, 20), (21, 30))  # years


class Span(NamedTuple):
    """Years of the horizon: what limits use most often, after the words of the page; shares of path-months."""
    years: str
    worst: str
    share: Estimate
    served: Estimate


def limits(data):
    """[Span, ...]: what binds in each part of the horizon; [] if the result does not tell. Intervals are at most too wide: errors
    of quarters are added as if they always went together."""
    if "binding_share" not in data or "binding_share_se" not in data:
        return []
    shares, errors = (data[name].transpose("time", "constraint") for name in ("binding_share", "binding_share_se"))
    names, found = [str(name) for name in shares["constraint"].values], []
    if not set(LIMITS) <= set(names):
        return []
    for first, last in SPANS:
        quarters = slice(4 * (first - 1), 4 * last)
        if len(shares.values[quarters]):
            mean, half = shares.values[quarters].mean(axis=0), interval_factor(data) * errors.values[quarters].mean(axis=0)
            worst, served = max(LIMITS, key=lambda name: mean[names.index(name)]), names.index("demand")
            i, end = names.index(worst), min(last, math.ceil(horizon_months(data) / 12))
            found.append(Span(f"years {first} to {end}" if end > first else f"year {first}", CONSTRAINTS[worst][1],
                              Estimate(float(mean[i]), float(half[i]), None, None, ""),
                              Estimate(float(mean[served]), float(half[served]), None, None, "")))
    return found


def gather(data, deck, adds=None, missed=()):
    """What the lead paragraphs say, or None if the result lacks a variable or a number for it. `adds` is what the deal adds (of
    scenarios.adds), `missed` the targets of precision that the run did not reach."""
    needs = [(f"{name}_mean", f"{name}_se") for name in MEANS] + [(name, f"{name}_se") for name in SHARES]
    if "ecl_independent" not in data or not all(name in data for pair in needs for name in pair):
        return None
    if not all(numpy.isfinite(values).all() for values in data[[name for name, _ in needs]].isel(time=-1).values()):
        return None
    total = {name: float(data[f"{name}_mean"].sum()) for name in TOTALS}  # over the customers
    promised = total["commitment_final"] + total["cut"]  # cuts lowered it
    unused = [("written off at default", total["written_off"]), ("renegotiated away", total["cut"]),
              ("lapsed", total["lapsed"]), ("still open at the horizon", total["final_backlog"])]
    sure = 1 - float(data["fulfilled_in_full_month_never"].max())
    factor, still_open = wrong_way_factor(data), ends_open(data, deck)
    values = [a for a in listed(deck) if a.key != "name"]
    return dict(
        total, adds=adds, missed=missed, limits=limits(data), losing=exceedance(data, "npv", 0.0),
        tails=[tail_of("npv", what, level)(data) for what, level in (("var", 0.95), ("cvar", 0.99))],
        tail_thin=not all(reliable(data, level, "level") for level in (0.95, 0.99)), peak=highest_of(data, "peak_exposure"),
        counts={word: sum(a.confidence == word for a in values) for word in ("fact", "derived", "assumed", "")}, values=len(values),
        paths=float(data["paths"]), headline=headline(promised, sure, factor, still_open), thresholds=(GUARANTEED, FAR, WEAK, CLEAR),
        promised=promised, factor=factor, still_open=still_open, thin=not all(reliable(data, p) for p in BAND),
        fates=[("becomes revenue", promised - sum(value for _, value in unused)), *unused],
        sure=span(data, "fulfilled_in_full_month_never", complement=True), default=span(data, "defaulted"),
        several=data.sizes["customer"] > 1, horizon=numbers.duration(horizon_months(data)),
        npv=estimate(data, "npv"), with_equity=estimate(data, "npv_with_equity"),
        revenue=estimate(data, "contract_revenue_cum", time=-1), shortfall=estimate(data, "shortfall_cum", time=-1),
        fifo=estimate(data, "circularity_fifo", time=-1), mixing=estimate(data, "circularity_mixing", time=-1))
