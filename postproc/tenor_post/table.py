"""One row a result: the main figures of several decks side by side, as a Markdown table."""
from . import results
from .analyst import ratio
from .compare import is_comparison
from .sensitivity import is_sensitivity

YEARS = (1, 3, 5)
LEVELS = {"NPV VaR 95 %": 0.95, "NPV CVaR 99 %": 0.99}  # of the columns that are tails
COLUMNS = (  # title, value of a Dataset, decimals
    *((f"backlog year {y}", lambda data, y=y: at_year(data, y, "backlog_mean"), 1) for y in YEARS),
    ("contract revenue", lambda data: total(data, "revenue_total_mean"), 1),
    ("take-or-pay", lambda data: total(data, "shortfall_total_mean"), 2),
    ("capex", lambda data: float(data["capex_total_mean"]), 1),
    ("NPV", lambda data: float(data["npv_mean"]), 1),
    ("± 95 %", lambda data: results.interval_factor(data) * float(data["npv_se"]), 2),
    ("NPV VaR 95 %", lambda data: tail(data, "npv_var", LEVELS["NPV VaR 95 %"]), 1),
    ("NPV CVaR 99 %", lambda data: tail(data, "npv_cvar", LEVELS["NPV CVaR 99 %"]), 1),
    ("credit loss", lambda data: total(data, "ecl_mean"), 2),
    ("wrong-way ratio", lambda data: float(ratio(total(data, "ecl_mean"), total(data, "ecl_independent"))), 2),
    ("default, %", lambda data: 100 * float(data["defaulted"][0]), 1),
    ("used up by year 7, %", lambda data: 100 * float(data["fulfilled_month_by"][0].sel(by=84)), 1),
)


def at_year(data, year, name):
    return float(data[name][4 * year - 1]) if 12 * year <= results.horizon_months(data) else float("nan")


def total(data, name):
    """Over the customers."""
    return float(data[name].values.sum())


def tail(data, name, level):
    return float(data[name].sel(level=level))


def cell(data, title, value, decimals):
    """The number as text, with a star where it is a tail of few paths."""
    text = f"{value(data):.{decimals}f}"
    thin = title in LEVELS and not results.reliable(data, LEVELS[title], "level")
    return "-" if text == "nan" else text + "*" * thin


def markdown(paths):
    """The table of the results at `paths`, rows in their order: text of Markdown, money in billion USD. The last two columns
    are of the first customer; a note below explains stars. Raises FileNotFoundError or NotAResult."""
    lines = ["| deck | " + " | ".join(title for title, _, _ in COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    notes = {}
    for path in paths:
        data = results.open(path)
        if is_comparison(data):
            raise results.NotAResult(f"{path}: is a comparison of two decks, which has no row; `tenor show` prints it")
        if is_sensitivity(data):
            raise results.NotAResult(f"{path}: is a study of sensitivity, which has no row; `tenor show` prints it")
        lines.append(f"| {data.attrs['deck']} | " + " | ".join(cell(data, *column) for column in COLUMNS) + " |")
        if "*" in lines[-1]:
            notes[f"A star (*): not to be relied on; {results.few_beyond(data)}."] = None
    return "\n".join(lines + [""] * bool(notes) + list(notes))
