"""One row a result: the main figures of several decks side by side, as a Markdown table."""
from . import results

YEARS = (1, 3, 5)
COLUMNS = (  # title, value of a Dataset, decimals
    *((f"backlog year {y}", lambda data, y=y: at_year(data, y, "backlog_mean"), 1) for y in YEARS),
    ("contract revenue", lambda data: total(data, "revenue_total_mean"), 1),
    ("take-or-pay", lambda data: total(data, "shortfall_total_mean"), 2),
    ("capex", lambda data: float(data["capex_total_mean"]), 1),
    ("NPV", lambda data: float(data["npv_mean"]), 1),
    ("± 95 %", lambda data: results.Z95 * float(data["npv_se"]), 2),
    ("NPV VaR 95 %", lambda data: tail(data, "npv_var", 0.95), 1),
    ("NPV CVaR 99 %", lambda data: tail(data, "npv_cvar", 0.99), 1),
    ("credit loss", lambda data: total(data, "ecl_mean"), 2),
    ("wrong-way ratio", lambda data: total(data, "ecl_mean") / total(data, "ecl_independent"), 2),
    ("default, %", lambda data: 100 * float(data["defaulted"][0]), 1),
    ("used up by year 7, %", lambda data: 100 * float(data["fulfilled_month_by"][0].sel(by=84)), 1),
)


def at_year(data, year, name):
    return float(data[name][4 * year - 1]) if data.sizes["time"] >= 4 * year else float("nan")


def total(data, name):
    """Over the customers."""
    return float(data[name].sum())


def tail(data, name, level):
    return float(data[name].sel(level=level))


def markdown(paths):
    """The table of the results at `paths`, rows in their order: text of Markdown, money in billion USD. The last two columns
    are of the first customer. Raises FileNotFoundError or NotAResult."""
    lines = ["| deck | " + " | ".join(title for title, _, _ in COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for path in paths:
        data = results.open(path)
        cells = [f"{value(data):.{decimals}f}" for _, value, decimals in COLUMNS]
        lines.append(f"| {data.attrs['deck']} | " + " | ".join("-" if cell == "nan" else cell for cell in cells) + " |")
    return "\n".join(lines)
