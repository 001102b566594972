"""The report page. A section is a function that gathers its data, a macro of its kind in sections.html.jinja that
shows them, and a line in `sections`."""
import hashlib
import shlex
from collections import Counter
from pathlib import Path
from typing import Callable, NamedTuple

import jinja2

from . import analyst, answer, figures, headline, numbers, results
from .assumptions import assumptions, deck, deck_text, tables

HERE = Path(__file__).resolve().parent


class Result(NamedTuple):
    """A result as the sections see it; deck text, deck and assumptions are None and [] if the file has lost them."""
    data: object
    deck_text: str
    deck: dict
    assumptions: list
    sha256: str


class Section(NamedTuple):
    anchor: str
    title: str
    macro: str
    gather: Callable  # Result -> keyword arguments of the macro, or None: not in this result


def read(path):
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return Result(results.open(path), deck_text(path), deck(path), assumptions(path), digest)


def gather_figure(figure, result):
    if not figures.possible(figure, result.data):
        return None
    wide, narrow = (figures.inline_svg(figure, result.data, narrow) for narrow in (False, True))
    return dict(figure=figure, wide=wide, narrow=narrow, table=figure.tabulate(result.data))


def gather_certainty(result):
    """How the sample was drawn, where its errors come from, and which of its quantiles and tails are of few paths."""
    data = result.data
    if "paths" not in data:
        return None
    sizes = {name: int(data[name]) if name in data else 0 for name in ("paths", "replicates", "blocks")}
    levels = data["quantile"].values if "quantile" in data.coords else ()
    thin = [f"{100 * p:g} %" for p in levels if not results.reliable(data, p)]
    parts = results.parts(data)
    return dict(sampling=data.attrs.get("sampling", "philox"), sizes=sizes, thin=thin, beyond=results.few_beyond(data),
                factor=results.interval_factor(data), parts=parts, enough=parts >= results.FEWEST_PARTS,
                student=results.student(parts - 1), fewest=results.FEWEST_PARTS, wilson="defaulted_lo" in data)


YEARLY = (  # title, variable of analyst.yearly, in percent
    ("contract revenue", "contract_revenue", False), ("re-letting revenue", "relet_revenue", False),
    ("AWS revenue", "aws_revenue", False), ("capex", "capex", False), ("operating income", "operating_income", False),
    ("operating margin, %", "operating_margin", True), ("price paid, per GW-year", "implied_price", False),
    ("backlog over capex to come", "contracted_cover", False), ("share of AWS obligations, %", "share_of_obligations", True))


def gather_yearly(result):
    data = result.data
    needs = [*analyst.FLOWS, *analyst.OTHER_FLOWS, "capex_total", "capex_cum", "billed_cum", "used_cum", "backlog",
             "aws_obligations", "cash_flow", "exposure"]
    if not all(f"{name}_mean" in data for name in needs) or data.sizes["time"] < 4 or result.deck is None:
        return None
    years, discount = analyst.yearly(data), float(result.deck["provider"]["discount_rate"]["value"].split()[0])
    rates = [analyst.provider_rate(data, discount, terminal) for terminal in (False, True)]
    exposure = analyst.exposure_profile(data)
    rows = [(int(year), [(of_variable(years.sel(year=year), name), percent) for _, name, percent in YEARLY])
            for year in years["year"]]
    return dict(rows=rows, titles=[title for title, _, _ in YEARLY], rates=[of_figure(rate) for rate in rates],
                margin=of_figure(analyst.operating_margin(data)),
                exposure=[of_variable(exposure, name, "billion USD") for name in ("expected_positive", "effective")],
                known=results.parts(data) >= results.FEWEST_PARTS)


def of_figure(figure):
    """The Estimate of a Figure that is a pure number."""
    return results.Estimate(figure.value, figure.half, None, None, "")


def of_variable(data, name, unit=""):
    """The Estimate of one variable of a Dataset with errors."""
    half = float(data[f"{name}_half"]) if f"{name}_half" in data else float("nan")
    return results.Estimate(float(data[name]), half, None, None, unit)


def gather_assumptions(result):
    if not result.assumptions:
        return None
    counts = Counter(a.confidence for a in result.assumptions if a.key != "name")
    return dict(tables=tables(result.assumptions), counts=counts)


def gather_provenance(result):
    attributes, data = result.data.attrs, result.data
    name = attributes.get("deck", "deck")
    paths = int(data["paths"]) if "paths" in data else None
    facts = [("Deck", name), ("SHA-256 of the resolved deck", attributes.get("deck_sha256")),
             ("Monte Carlo paths", numbers.text(paths, 0) if paths else None), ("Seed", attributes.get("seed")),
             ("Sampling", attributes.get("sampling")),
             ("Program", attributes.get("source")), ("Model version", attributes.get("model_version")),
             ("Format of the result", attributes.get("tenor_format_version")), ("SHA-256 of the result file", result.sha256)]
    file = shlex.quote(name.replace("/", "_"))
    options = " --sampling sobol" * (attributes.get("sampling") == "sobol")
    options += " --exact-quantiles" * any("as by sorting" in v.attrs.get("comment", "") for v in data.values())
    command = f"tenor run {file}.yaml --paths {paths} --seed {attributes.get('seed')}{options} -o {file}.nc"
    return dict(facts=[(label, value) for label, value in facts if value is not None], command=command, name=name,
                report=f"tenor-report {file}.nc -o {file}.html", deck_text=result.deck_text)


SECTIONS = (
    Section("answer", "The answer", "answer", lambda result: answer.gather(result.data, result.deck)),
    Section("figures", "Headline figures", "headline", lambda result: headline.gather(result.data)),
    Section("tail", "Tails of the loss", "tail", lambda result: headline.gather_tails(result.data)),
    *(Section(f.name, f.title, "figure", lambda result, f=f: gather_figure(f, result)) for f in figures.FIGURES),
    Section("years", "Year by year", "yearly", gather_yearly),
    Section("certainty", "How sure these figures are", "certainty", gather_certainty),
    Section("assumptions", "Assumptions", "assumptions", gather_assumptions),
    Section("provenance", "Provenance", "provenance", gather_provenance),
)


def render(path):
    """The report of the result at `path`: one self-contained HTML page as text. Equal files give equal text.

    Raises FileNotFoundError or NotAResult.
    """
    result = read(path)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(numbers=numbers)
    macros = environment.get_template("sections.html.jinja").module
    shown, missing = [], []
    for section in SECTIONS:
        found = section.gather(result)
        if found is None:
            missing.append(section.title)
        else:
            shown.append((section, getattr(macros, section.macro)(**found)))
    return environment.get_template("page.html.jinja").render(
        shown=shown, missing=missing, css=(HERE / "page.css").read_text(), name=result.data.attrs.get("deck", "result"),
        horizon=numbers.duration(results.horizon_months(result.data)), start=str(result.data["time_bnds"].values[0][0])[:10],
        paths=int(result.data["paths"]) if "paths" in result.data else None,
        customers=list(result.data["customer"].values) if "customer" in result.data.coords else [])
