"""What becomes of the commitment: the roll-forward of the backlog, and the date on which it is used up."""
import numpy

from .charts import Bars, Chart, Line, Points
from .results import interval_factor

TERMS = ("commitment_final", "bookings", "cut", "written_off", "lapsed", "final_backlog", "beyond", "forfeited", "final_deferred",
         "recognised_gross", "billed_total", "credit_total", "shortfall_total", "relief_total")
WATERFALL_NEEDS = tuple(f"{name}{end}" for name in TERMS for end in ("_mean", "_se"))
BURNOUT_NEEDS = ("fulfilled_month_quantile", "fulfilled_month_never", "fulfilled_month_by", "by")


def roll(data):
    """The roll-forward of the mean backlog: [(words, tone, change per customer (customer,), bound of its standard errors, sum over
    the customers), ...] from the opening commitment to the closing backlog, billion USD; the first and the last are levels.

    Use is what remains of the billing, plus credits, less take-or-pay payments, less what went beyond the commitment. Take-or-pay
    payments take off the backlog when their rights are used or expire: all but those forfeited or still deferred. The law is
    backlog = commitment - recognised + beyond - cut - written off - lapsed + bookings (engine/MODEL.md, section 9).
    """
    mean = {name: data[f"{name}_mean"].values for name in TERMS}
    error = {name: float(data[f"{name}_se"].values.sum()) for name in TERMS}
    prepaid = mean["shortfall_total"] - mean["forfeited"] - mean["final_deferred"]
    use = mean["billed_total"] + mean["credit_total"] - mean["shortfall_total"] - mean["beyond"]
    own = ("bookings", "cut", "written_off", "lapsed", "final_backlog")
    prepaid_error = error["shortfall_total"] + error["forfeited"] + error["final_deferred"]
    return [("opening commitment", "deep", mean["commitment_final"] + mean["cut"] - mean["bookings"], 0.0),
            ("extension", "green", mean["bookings"], error["bookings"]),
            ("use", "blue", -use, sum(error[name] for name in own) + prepaid_error),
            ("take-or-pay, used later or expired", "sky", -prepaid, prepaid_error),
            ("renegotiation", "orange", -mean["cut"], error["cut"]),
            ("default", "vermilion", -mean["written_off"], error["written_off"]),
            ("lapsed at the end of the term", "purple", -mean["lapsed"], error["lapsed"]),
            ("closing backlog", "deep", mean["final_backlog"], error["final_backlog"])]


def waterfall(figure, data, deck):
    rows = roll(data)
    change = numpy.array([values.sum() for _, _, values, _ in rows])
    if not change[:2].sum() > 0:
        return None
    half = interval_factor(data) * numpy.array([error for _, _, _, error in rows])
    level = numpy.concatenate([[change[0]], change[0] + numpy.cumsum(change[1:-1]), [change[-1]]])
    before = numpy.concatenate([[0.0], level[:-2], [0.0]])
    numbers = {"change": change, "\u00b1 95 %": half, "from": before, "to": level}
    if data.sizes["customer"] > 1:
        numbers.update({str(name): numpy.array([values[i] for _, _, values, _ in rows])
                        for i, name in enumerate(data["customer"].values)})
    relief, paid = float(data["relief_total_mean"].sum()), float(data["shortfall_total_mean"].sum())
    return Chart(figure.name, figure.title,
                 "From the commitment as signed to the backlog at the horizon, means over the paths in billion USD. Each bar begins where "
                 f"the one above it ends. Take-or-pay payments come to {paid:.2f} in all; those forfeited at default take nothing off. "
                 f"Relief, {relief:.2f}, lowers the minimum of a year, not the backlog. Intervals are at most too wide: errors of "
                 "several terms are added as if they always went together.",
                 "billion USD", "Step", numpy.array([words for words, _, _, _ in rows]), numbers,
                 (Bars("from", "to", tuple(tone for _, tone, _, _ in rows)),))


CURVES = (("fulfilled_month", "", ""), ("fulfilled_in_full_month", ", never renegotiated", "dashed"))
COLOURS = ("blue", "vermilion", "green", "purple", "orange", "sky", "deep", "ink")


def burnout(figure, data, deck):
    """Share of paths by month, from the quantiles of the date and the shares at fixed dates, customer by customer."""
    customers = [str(name) for name in data["customer"].values] if "customer" in data["fulfilled_month_never"].dims else [""]
    found = [(f"{name if len(customers) > 1 else 'used up'}{words}", metric, i, COLOURS[i % len(COLOURS)], dash)
             for i, name in enumerate(customers) for metric, words, dash in CURVES if f"{metric}_quantile" in data]
    if float(data["fulfilled_month_never"].min()) >= 1 or "commitment_final_mean" not in data or not data["commitment_final_mean"].any():
        return None
    curves = {head: distribution(data, metric, i) for head, metric, i, _, _ in found}
    months = numpy.unique(numpy.concatenate([[0.0], *(curve[0] for curve in curves.values())]))
    numbers = {head: on(months, *curve) for head, curve in curves.items()}
    marks = [Line(head, tone, head, dash) for head, _, _, tone, dash in found]
    by = data["by"].values
    for i, name in enumerate(customers):
        value, low, high = (100 * data[f"fulfilled_month_by{end}"].values[i] if f"fulfilled_month_by{end}" in data else
                            numpy.full(len(by), numpy.nan) for end in ("", "_lo", "_hi"))
        there = numpy.isfinite(value) & (by <= months[-1])
        words = f"by month, with its interval{f', {name}' if len(customers) > 1 else ''}"
        marks.append(Points(words, COLOURS[i % len(COLOURS)], tuple(f"by month {month:g}" for month in by[there]), by[there],
                            value[there], low[there], high[there]))
    never = ", ".join(f"{100 * share:.1f} %{f' ({name})' if len(customers) > 1 else ''}"
                      for share, name in zip(data["fulfilled_month_never"].values, customers))
    return Chart(figure.name, figure.title,
                 "Share of paths on which the backlog has been used up by a month, from the start. Between the quantiles and dates that the "
                 f"result holds the line is straight. Never within the horizon: {never}.",
                 "% of paths", "Month", months, numbers, tuple(marks), x_unit="months from the start", top=100.0, step=12.0)


def distribution(data, metric, customer):
    """(months, shares in %) known of the date's distribution, ascending; the horizon's end is the last."""
    levels, quantiles = 100 * data["quantile"].values, data[f"{metric}_quantile"].values[customer]
    by, shares = data["by"].values, 100 * data[f"{metric}_by"].values[customer]
    pairs = [(m, p) for m, p in zip(quantiles, levels) if numpy.isfinite(m)] + [(m, p) for m, p in zip(by, shares) if numpy.isfinite(p)]
    months, values = (numpy.array(column) for column in zip(*sorted(pairs))) if pairs else (numpy.zeros(1), numpy.zeros(1))
    return months, numpy.maximum.accumulate(values)


def on(months, known, shares):
    """The curve on a common grid, straight between what is known; missing beyond it."""
    last = {float(m): float(p) for m, p in zip(known, shares)}  # of equal months the highest share
    values = numpy.interp(months, numpy.array([0.0, *last]), numpy.array([0.0, *last.values()]), right=numpy.nan)
    return values
