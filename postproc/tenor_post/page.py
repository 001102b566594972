"""The report page. A section is a function that gathers its data, a macro of its kind in sections.html.jinja that
shows them, the sheets it exports, and a line in SECTIONS."""
import base64
import difflib
import hashlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import Callable, NamedTuple, Tuple

import jinja2

from . import analyst, answer, commands, drawing, export, figures, headline, numbers, results, scenarios, sensitivity
from .assumptions import listed, parse, tables
from .compare import is_comparison
from .sensitivity import is_sensitivity

HERE = Path(__file__).resolve().parent
QUARTERLY = re.compile(  # variables along time that sections look at; what else there is along time is not read
    "(time|time_bnds|(alive|aws_obligations|aws_revenue|backlog|billed_cum|binding_share|capacity|capex|capex_cum|circularity_fifo|"
    "circularity_mixing|contract_revenue|contract_revenue_cum|customer_backlog|demand|depreciation|distribution_revenue|exposure|"
    "installed|operating_income|power|relet_revenue|shortfall_cum|used_cum)(_difference)?(_first|_second|_unpaired|_positive)?"
    "(_mean|_se|_quantile|_parts|_lo|_hi)?)")


def shown(variable):
    """May a section look at this variable (netCDF4's)?"""
    return "time" not in variable.dimensions or QUARTERLY.fullmatch(variable.name) is not None



class Result(NamedTuple):
    """A result as the sections see it; deck text, deck, assumptions and ranges of paths are None, [] and () if the file has lost
    them. `missed` are targets of precision that the run did not reach (of OUT.run.json), `adds` is what scenarios.adds found, `first`
    is the first result of the page where this is another."""
    name: str
    data: object
    deck_text: str
    deck: dict
    assumptions: list
    sha256: str
    ranges: Tuple[Tuple[int, int], ...]
    missed: Tuple[str, ...] = ()
    adds: object = None
    first: object = None


class Section(NamedTuple):
    anchor: str
    title: str
    macro: str
    gather: Callable  # Result -> keyword arguments of the macro, or None: not in this result
    sheets: Callable  # these arguments -> [export.Sheet, ...]


def read(path):
    data, text, ranges = results.load(path, shown)
    deck, digest = parse(text), hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return Result(str(data.attrs.get("deck", Path(path).stem)), data, text, deck, listed(deck), digest, ranges,
                  missed_targets(path, data))


def missed_targets(path, data):
    """Targets that the last look of the run found unmet, from the file beside the result, called as the engine calls it; () if it is
    not there, or tells of a run of another number of paths (a merged result has none)."""
    try:
        record = json.loads(Path(f"{str(path).removesuffix('.nc')}.run.json").read_text())
        if record["paths"] != int(data["paths"]):
            return ()
        last = record["looks"][-1]["figures"]
        return tuple(str(target) for target, figure in zip(record["targets"], last) if not figure["met"])
    except (OSError, ValueError, LookupError, TypeError):
        return ()


def gather_figure(figure, result):
    chart = figures.build(figure, result.data, result.deck)
    return None if chart is None else dict(chart=chart)


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
    if not all(f"{name}_mean" in data for name in needs) or results.horizon_months(data) < 12 or result.deck is None:
        return None
    years, discount = analyst.yearly(data), float(result.deck["provider"]["discount_rate"]["value"].split()[0])
    rates = [analyst.provider_rate(data, discount, terminal) for terminal in (False, True)]
    exposure = analyst.exposure_profile(data)
    cells = {name: estimates(years, name) for _, name, _ in YEARLY}
    rows = [(int(year), [(cells[name][i], percent) for _, name, percent in YEARLY]) for i, year in enumerate(years["year"].values)]
    return dict(rows=rows, titles=[title for title, _, _ in YEARLY], rates=[of_figure(rate) for rate in rates],
                margin=of_figure(analyst.operating_margin(data)),
                exposure=[of_variable(exposure, name, "billion USD") for name in ("expected_positive", "effective")],
                known=results.parts(data) >= results.FEWEST_PARTS)


def of_figure(figure):
    """The Estimate of a Figure that is a pure number."""
    return results.Estimate(figure.value, figure.half, None, None, "")


def estimates(years, name):
    """The Estimates of one variable over the years."""
    values = years[name].values
    halves = years[f"{name}_half"].values if f"{name}_half" in years else values * float("nan")
    return [results.Estimate(float(value), float(half), None, None, "") for value, half in zip(values, halves)]


def of_variable(data, name, unit=""):
    """The Estimate of one variable of a Dataset with errors."""
    half = float(data[f"{name}_half"]) if f"{name}_half" in data else float("nan")
    return results.Estimate(float(data[name]), half, None, None, unit)


def gather_assumptions(result):
    if not result.assumptions:
        return None
    counts = Counter(a.confidence for a in result.assumptions if a.key != "name")
    known = set(result.first.assumptions) if result.first else ()
    return dict(tables=tables([a for a in result.assumptions if a not in known]), counts=counts,
                first=result.first.name if result.first else None)


def gather_provenance(result):
    attributes, data = result.data.attrs, result.data
    name = attributes.get("deck", "deck")
    paths = int(data["paths"]) if "paths" in data else None
    facts = [("Deck", name), ("SHA-256 of the resolved deck", attributes.get("deck_sha256")),
             ("Monte Carlo paths", numbers.text(paths, 0) if paths else None), ("Seed", attributes.get("seed")),
             ("Sampling", attributes.get("sampling")),
             ("Program", attributes.get("source")), ("Model version", attributes.get("model_version")),
             ("Format of the result", attributes.get("tenor_format_version")), ("SHA-256 of the result file", result.sha256)]
    yaml, out, report = (commands.named(name, ending) for ending in (".yaml", ".nc", ".html"))
    options = commands.sampled(data, result.ranges)
    text, origin = result.deck_text, result.first if result.deck_text and result.first and result.first.deck_text else None
    if origin:
        text = "".join(difflib.unified_diff(origin.deck_text.splitlines(True), text.splitlines(True), "first.yaml", "this.yaml", n=1))
    return dict(facts=[(label, value) for label, value in facts if value is not None], command=options and f"tenor run {yaml} {options} -o {out}",
                report=f"tenor-report {out} -o {report}", file=commands.file_name(name, ".yaml"), patch=f"patch {yaml}",
                held=commands.in_words(result.ranges), deck_text=text, origin=origin.name if origin else None)


SECTIONS = (
    Section("answer", "The answer", "answer",
            lambda result: answer.gather(result.data, result.deck, result.adds, result.missed), export.of_answer),
    Section("figures", "Headline figures", "headline", lambda result: headline.gather(result.data), export.of_headline),
    Section("tail", "Tails of the loss", "tail", lambda result: headline.gather_tails(result.data), export.of_tails),
    *(Section(f.name, f.title, "figure", lambda result, f=f: gather_figure(f, result), export.of_figure) for f in figures.FIGURES),
    Section("years", "Year by year", "yearly", gather_yearly, export.of_years),
    Section("certainty", "How sure these figures are", "certainty", gather_certainty, export.nothing),
    Section("assumptions", "Assumptions", "assumptions", gather_assumptions, export.of_assumptions),
    Section("provenance", "Provenance", "provenance", gather_provenance, export.nothing),
)


class Shown(NamedTuple):
    """A section with what it gathered."""
    section: Section
    found: dict

    def charts(self):
        """Its figures."""
        return [self.found["chart"]] if "chart" in self.found else self.found.get("charts", [])


class Page(NamedTuple):
    """All that a page shows: results, each with its sections and the titles of those it lacks; what compares them."""
    results: list
    shown: list  # of each result: ([Shown, ...], [title, ...])
    across: list  # [Shown, ...]: sections of several results
    comparisons: list  # [Shown, ...]: one a file of `tenor compare`
    sensitivities: list  # [Shown, ...]: one a file of `tenor sensitivity`

    def alone(self):
        """What stands apart from results."""
        return [*self.comparisons, *self.sensitivities]


def several(found):
    """Results, of which those of equal names have numbers in them."""
    names, seen, numbered = Counter(result.name for result in found), Counter(), []
    for result in found:
        seen[result.name] += 1
        numbered.append(result._replace(name=f"{result.name} ({seen[result.name]})") if names[result.name] > 1 else result)
    return numbered


def gather(paths):
    """The Page of the files at `paths`, sorted by their kinds: results of `tenor run` in their order, of `tenor compare`, of `tenor
    sensitivity`. Raises FileNotFoundError or NotAResult."""
    files = [read(path) for path in paths]
    comparisons = [file for file in files if is_comparison(file.data)]
    moved = [file for file in files if is_sensitivity(file.data)]
    plain = [file for file in files if not is_comparison(file.data) and not is_sensitivity(file.data)]
    plain = several(plain)
    plain = [file._replace(adds=scenarios.adds(file, plain, comparisons), first=plain[0] if i else None) for i, file in enumerate(plain)]
    sections = []
    for result in plain:
        pairs = [(section, section.gather(result)) for section in SECTIONS]
        sections.append(([Shown(*pair) for pair in pairs if pair[1] is not None], [s.title for s, found in pairs if found is None]))
    across = [Shown(section, found) for section in ACROSS if (found := section.gather(plain)) is not None]
    return Page(plain, sections, across, apart(COMPARISON, comparisons), apart(SENSITIVITY, moved))


def apart(section, files):
    """A section of its own for each file, its anchor numbered."""
    return [Shown(section._replace(anchor=f"{section.anchor}-{i}", title=section.title.format(**file.data.attrs)), section.gather(file))
            for i, file in enumerate(files, start=1)]


ACROSS = (
    Section("scenarios", "Scenarios side by side", "scenarios", scenarios.gather, export.of_scenarios),
    Section("changes", "Where the decks differ", "changes", scenarios.changes, export.of_changes),
)
COMPARISON = Section("pair", "{deck} against {second_deck}, path by path", "comparison", scenarios.gather_comparison, export.of_comparison)
SENSITIVITY = Section("sensitivity", "Which assumptions move {deck}", "sensitivity", sensitivity.gather, export.of_sensitivity)


def render(*paths):
    """The report of the results at `paths` (of `tenor run`, `tenor compare` and `tenor sensitivity`): one self-contained HTML page as
    text. Equal files give equal text.

    Raises FileNotFoundError or NotAResult.
    """
    return html(gather(paths))


def html(page):
    """The page as text."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(numbers=numbers, drawing=drawing, hints=len(page.results) < 2)
    macros = environment.get_template("sections.html.jinja").module
    several = len(page.results) > 1

    def body(shown, prefix=""):
        return [(f"{prefix}{section.anchor}", section.title, getattr(macros, section.macro)(prefix=prefix, **found))
                for section, found in shown]
    scenes = [dict(result=result, missing=missing, sections=body(shown, f"s{i}-" if several else ""), **facts(result))
              for i, (result, (shown, missing)) in enumerate(zip(page.results, page.shown), start=1)]
    pairs = [(shown.section.anchor, shown.section.title,
              getattr(macros, shown.section.macro)(prefix=f"{shown.section.anchor}-", **shown.found)) for shown in page.alone()]
    script = (HERE / "page.js").read_text()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    names = [scene["result"].name for scene in scenes] or [title for _, title, _ in pairs]
    return environment.get_template("page.html.jinja").render(
        scenes=scenes, across=body(page.across), pairs=pairs, css=(HERE / "page.css").read_text() + drawing.hiding(), script=script, digest=digest,
        title=", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else ""))


def facts(result):
    """Of the head of a result's part of the page."""
    data = result.data
    return dict(horizon=numbers.duration(results.horizon_months(data)), start=str(data["time_bnds"].values[0][0])[:10],
                paths=int(data["paths"]) if "paths" in data else None,
                customers=list(data["customer"].values) if "customer" in data.coords else [])
