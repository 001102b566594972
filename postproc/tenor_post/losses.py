"""The exceedance curve of the provider's loss, with value at risk and conditional value at risk."""
import numpy

from .charts import Band, Chart, Line, Points
from .results import few_beyond, interval_factor, reliable

METRICS = (("npv", "\u2212NPV", "blue", ""), ("npv_with_equity", "\u2212NPV with stakes", "orange", "dashed"))
NEEDS = tuple(f"npv_{end}" for end in ("exceedance", "exceedance_lo", "exceedance_hi", "var", "var_lo", "var_hi", "cvar", "cvar_se"))
LEAST = 0.1  # % of paths at the bottom of the figure


def exceedance(figure, data, deck):
    present = [row for row in METRICS if all(name.replace("npv", row[0], 1) in data for name in NEEDS)]
    shares = {name: 100 * data[f"{name}_exceedance"].values for name, _, _, _ in present}
    seen = numpy.any([(s > LEAST / 2) & (s < 99.95) for s in shares.values()], axis=0)
    if not seen.any():
        return None
    first, last = numpy.flatnonzero(seen)[[0, -1]]
    span = slice(max(0, first - 1), last + 2)
    numbers, marks = {}, []
    for name, words, tone, dash in present:
        numbers[words] = shares[name][span]
        if name == "npv":
            numbers["lower end"], numbers["upper end"] = (100 * data[f"npv_exceedance_{end}"].values[span] for end in ("lo", "hi"))
            marks.append(Band("lower end", "upper end", "inner", "95 % interval"))
        marks.append(Line(words, tone, words, dash))
    thin = "*" if not all(reliable(data, p, "level") for p in data["level"].values) else ""
    for what, tone, ends in (("VaR", "deep", ("var_lo", "var_hi")), ("CVaR", "vermilion", None)):
        value = data[f"npv_{what.lower()}"].values
        half = interval_factor(data) * data["npv_cvar_se"].values
        low, high = (data[f"npv_{end}"].values for end in ends) if ends else (value - half, value + half)
        names = tuple(f"{what} {100 * p:g} %{'' if reliable(data, p, 'level') else '*'}" for p in data["level"].values)
        marks.append(Points(f"{what}{thin}", tone, names, value, 100 * (1 - data["level"].values), low, high, across=True,
                            square=what == "CVaR"))
    return Chart(figure.name, figure.title,
                 "Share of paths on which the provider loses more than an amount, in powers of ten; a negative loss is a gain. Marks stand "
                 "at the value at risk (the curve itself at 5, 1 and 0.5 % of paths) and, on the same height, at the mean loss beyond it, "
                 "with their 95 % intervals.",
                 "% of paths", "Loss", data["threshold"].values[span], numbers, tuple(marks), x_unit="loss, billion USD", top=100.0,
                 floor=LEAST, note=f"* not to be relied on: {few_beyond(data)}" if thin else "")
