"""What the page shows, for other programs: every table as a CSV file, and the main figures as JSON. Numbers are in full, in the
file's own units: shares of paths are parts of one, but for columns whose name says %."""
import csv
import io
import json
import math
from typing import Iterable, List, NamedTuple, Sequence

from .results import Estimate


class Sheet(NamedTuple):
    """A table: the name of its file (and the id of its table on the page), heads of columns, rows of text and numbers. Numbers that
    do not exist are empty."""
    name: str
    heads: Sequence[str]
    rows: Sequence[Sequence]


ESTIMATE = ("value", "half of 95 % interval", "lower end", "upper end", "5 % of paths", "95 % of paths", "unit")


def spread(estimate: Estimate) -> tuple:
    """The cells of ESTIMATE; empty ones of None."""
    if estimate is None:
        return ("",) * len(ESTIMATE)
    ends = estimate.ends or (estimate.value - estimate.half, estimate.value + estimate.half)
    return (estimate.value, estimate.half, *ends, estimate.low, estimate.high, estimate.unit)


def nothing(**_) -> List[Sheet]:
    """Of sections without tables."""
    return []


def of_answer(fates, promised, **_) -> List[Sheet]:
    return [Sheet("fates-table", ("fate of the commitment", "billion USD"), fates)] if promised > 0 else []


def of_headline(rows, **_) -> List[Sheet]:
    return [Sheet("headline-table", ("quantity", *ESTIMATE), [(row.label, *spread(row.estimate)) for row in rows])]


def of_tails(rows, **_) -> List[Sheet]:
    heads = ("loss", "level", "VaR", "VaR lower end", "VaR upper end", "CVaR", "half of its 95 % interval", "paths beyond", "reliable")
    return [Sheet("tail-table", heads, [(r.label, r.level, r.risk.value, *r.risk.ends, r.conditional.value, r.conditional.half, r.beyond,
                                         int(not r.thin)) for r in rows])]


def of_figure(chart, **_) -> List[Sheet]:
    found = []
    for table in chart.tables():
        heads = [f"{head}, {table.unit}" if table.unit and table.unit not in head else head for head in table.headings()]
        found.append(Sheet(f"{table.name}-table", (table.head, *heads),
                           [(label, *map(float, row)) for label, row in zip(table.labels, table.values)]))
    return found


def of_years(rows, titles, **_) -> List[Sheet]:
    heads = [head for title in titles for head in (title.replace(", %", ""), f"half of 95 % interval of {title.replace(', %', '')}")]
    return [Sheet("years-table", ("year", *heads), [(year, *(v for e, _ in cells for v in (e.value, e.half))) for year, cells in rows])]


def of_assumptions(tables, **_) -> List[Sheet]:
    return [Sheet(f"assumptions-{confidence or 'default'}", ("section", "key", "item", "value", "unit", "source"),
                  [(section, row.key, item, value, row.unit, row.source) for section, rows in sections.items() for row in rows
                   for item, value in row.values]) for confidence, sections in tables.items()]


def of_scenarios(first, measures, rows, gaps, charts, **_) -> List[Sheet]:
    heads = ("scenario", "quantity", *ESTIMATE)
    levels = [(name, m.label, *spread(e)) for name, cells in rows for m, e in zip(measures, cells)]
    changes = [(name, m.label, *spread(g and g.estimate), "" if g is None else int(g.paired))
               for name, cells in gaps for m, g in zip(measures, cells)]
    return [Sheet("scenarios-table", heads, levels), Sheet("differences-table", (*heads, "paired"), changes),
            *(sheet for chart in charts for sheet in of_figure(chart))]


def of_changes(names, changes, **_) -> List[Sheet]:
    return [Sheet("changes-table", ("key", *names), [(change.key, *change.values) for change in changes])]


def of_comparison(first, second, rows, charts, **_) -> List[Sheet]:
    heads = ("quantity", first, f"half, {first}", second, f"half, {second}", *(f"difference, {head}" for head in ESTIMATE),
             "half of unrelated runs", "share of paths with more")
    cells = [(r.label, r.compared.first.value, r.compared.first.half, r.compared.second.value, r.compared.second.half,
              *spread(r.compared.difference), r.compared.unpaired, r.compared.higher.value if r.compared.higher else "") for r in rows]
    return [Sheet("compared-table", heads, cells), *(sheet for chart in charts for sheet in of_figure(chart))]


def of_sensitivity(charts, keys, levels, **_) -> List[Sheet]:
    heads = ("metric", *(f"keys {how}, {head}" for how in ("in the middle", "drawn") for head in ("value", "half of 95 % interval")),
             "standard deviation over the keys", "unit")
    means = [(x.words, x.base.value, x.base.half, x.drawn.value, x.drawn.half, x.spread, x.base.unit) for x in levels]
    return [Sheet("levels-table", heads, means), *(sheet for chart in charts for sheet in of_figure(chart)),
            Sheet("keys-table", ("key", "10 %", "50 %", "90 %", "unit"), [(key.name, *key.values, key.unit) for key in keys])]


def sheets(page) -> Iterable[Sheet]:
    """Every table of a Page (page.gather), named as on the page."""
    several = len(page.results) > 1
    for i, (shown, _) in enumerate(page.shown, start=1):
        prefix = f"s{i}-" if several else ""
        yield from (sheet._replace(name=prefix + sheet.name) for s in shown for sheet in s.section.sheets(**s.found))
    for s in page.across:
        yield from s.section.sheets(**s.found)
    for s in page.alone():
        yield from (sheet._replace(name=f"{s.section.anchor}-{sheet.name}") for sheet in s.section.sheets(**s.found))


def text(sheet: Sheet) -> str:
    """A sheet as CSV (RFC 4180, lines end with a line feed); what does not exist is empty."""
    def cell(value):
        return "" if value is None or isinstance(value, float) and not math.isfinite(value) else \
            repr(value) if isinstance(value, float) else value
    room = io.StringIO()
    writer = csv.writer(room, lineterminator="\n")
    writer.writerow(sheet.heads)
    writer.writerows([cell(value) for value in row] for row in sheet.rows)
    return room.getvalue()


def plain(value):
    """A number for JSON: None where it does not exist."""
    return None if value is None or not math.isfinite(value) else float(value)


def of_estimate(e: Estimate) -> dict:
    low, high = e.ends or (e.value - e.half, e.value + e.half)
    found = {"value": plain(e.value), "interval": [plain(low), plain(high)], "unit": e.unit}
    return found if e.low is None else {**found, "quantiles": {"0.05": plain(e.low), "0.95": plain(e.high)}}


def moved_by(chart) -> dict:
    """{key: {column: number}} of a tornado, the key that moves most first."""
    table = chart.tables()[0]
    return {label: dict(zip(table.heads, map(plain, row))) for label, row in zip(table.labels, table.values)}


def summary(page) -> str:
    """The headline figures of a Page as JSON text: results with name, deck, paths, seed, verdict, warnings, figures; differences;
    comparisons; sensitivities. Shares are parts of one; intervals are 95 % intervals of the sampling error."""
    found = {"results": [], "differences": [], "comparisons": [], "sensitivities": []}
    for result, (shown, missing) in zip(page.results, page.shown):
        by = {s.section.anchor: s.found for s in shown}
        data = result.data
        found["results"].append({
            "name": result.name, "deck": data.attrs.get("deck"), "deck_sha256": data.attrs.get("deck_sha256"), "sha256": result.sha256,
            "paths": int(data["paths"]) if "paths" in data else None, "seed": data.attrs.get("seed"), "sampling": data.attrs.get("sampling"),
            "program": data.attrs.get("source"), "model_version": data.attrs.get("model_version"),
            "verdict": by["answer"]["headline"] if "answer" in by else None,
            "figures": {row.label: of_estimate(row.estimate) for row in by.get("figures", {}).get("rows", ())},
            "tails": [{"loss": r.label, "level": r.level, "var": of_estimate(r.risk), "cvar": of_estimate(r.conditional),
                       "reliable": not r.thin} for r in by.get("tail", {}).get("rows", ())],
            "targets_missed": list(result.missed), "thin_quantiles": by.get("certainty", {}).get("thin", []), "not_shown": missing})
    for s in page.across:
        for name, cells in s.found.get("gaps", ()):
            found["differences"].append({"of": name, "from": s.found["first"], "figures": {
                m.label: {**of_estimate(g.estimate), "paired": g.paired} for m, g in zip(s.found["measures"], cells) if g is not None}})
    for s in page.comparisons:
        found["comparisons"].append({"first": s.found["first"], "second": s.found["second"], "paths": s.found["paths"], "figures": {
            r.label: {"first": of_estimate(r.compared.first), "second": of_estimate(r.compared.second),
                      "difference": of_estimate(r.compared.difference)} for r in s.found["rows"]}})
    for s in page.sensitivities:
        found["sensitivities"].append({"deck": s.found["deck"], "paths": s.found["paths"], "swing_paths": s.found["swing_paths"],
                                       "metrics": {metric: moved_by(chart) for metric, chart in zip(s.found["metrics"], s.found["charts"])}})
    return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
