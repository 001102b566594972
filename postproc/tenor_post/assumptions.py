"""The deck behind a result: every value with its unit, source and confidence."""
import itertools
import re
from typing import NamedTuple

import yaml

from . import results

CONFIDENCES = ("fact", "derived", "assumed", "")  # as shown, best first; "" is a default, or a value without provenance
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml's where PyYAML was built with it
NUMBERS = re.compile(r"((?:[-+]?[\d.]+(?:[eE][-+]?\d+)?(?:,\s*|$|(?=\s)))+)\s*(.*)")


class Assumption(NamedTuple):
    """One value of the deck. `item` names the element of a list of several ("Trainium2"; else ""); `value` is text as in
    the deck, without its `unit`."""
    section: str
    key: str
    item: str
    value: str
    unit: str
    source: str
    confidence: str


def deck_text(path):
    """The resolved deck of a result, YAML text that `tenor run` reads; None if the file has lost its group /state.

    Raises FileNotFoundError or NotAResult.
    """
    return results.load(path)[1]


def deck(path):
    """The resolved deck as nested dicts and lists; a leaf is {"value": ..., "source": ..., "confidence": ...}, all text,
    the value with its unit. None if the file has lost its group /state. Raises as deck_text."""
    return parse(deck_text(path))


def parse(text):
    """The deck of its text, as `deck` gives it; None of None."""
    return None if text is None else yaml.load(text, Loader=LOADER)


def split_unit(value):
    """("8.5, 6.5", "billion USD/GW/year") of "8.5, 6.5 billion USD/GW/year"; text without numbers has no unit."""
    rows = value if isinstance(value, list) else [value]
    pairs = [found.groups() if (found := NUMBERS.fullmatch(row)) else (row, "") for row in rows]
    return "; ".join(number.strip() for number, _ in pairs), pairs[0][1] if pairs else ""


def walk(node, keys=(), items=(), named=False):
    """Every leaf below `node` with the keys and list elements that lead to it; those of lists of one only if `named`."""
    if isinstance(node, list):
        for number, element in enumerate(node, start=1):
            label = element.get("name", element.get("end", {})) if isinstance(element, dict) else {}  # quarters have ends
            name = label.get("value", f"no. {number}")
            yield from walk(element, keys, (*items, name) if named or len(node) > 1 else items, named)
    elif isinstance(node, dict) and "value" in node:
        yield keys, items, node
    elif isinstance(node, dict):
        for key, below in node.items():
            yield from walk(below, (*keys, key), items, named)


def assumptions(path):
    """Every value of the resolved deck as a list of Assumption, in the deck's order; [] if the file has no deck.

    Raises as deck_text."""
    return listed(deck(path))


def listed(found_deck, named=False):
    """The values of a deck (of `deck` or `parse`) as a list of Assumption; [] of None. With `named` the element of a list of one
    has its name too."""
    found = []
    for keys, items, leaf in walk(found_deck or {}, named=named):
        value, unit = split_unit(leaf["value"])
        found.append(Assumption(keys[0], ".".join(keys[1:]), " ".join(items), value, unit, leaf.get("source", ""),
                                leaf.get("confidence", "")))
    return found


class Row(NamedTuple):
    """Assumptions of one key that share source, unit and confidence: values is [(items, value), ...]."""
    key: str
    values: list
    unit: str
    source: str


def tables(found):
    """Assumptions for a reader: {confidence: {section: [Row, ...]}}, elements of a list with one source in one row."""
    groups = {}
    for a in sorted((a for a in found if a.key != "name"), key=lambda a: CONFIDENCES.index(a.confidence)):
        rows = groups.setdefault(a.confidence, {}).setdefault(a.section, {})
        rows.setdefault((a.key, a.unit, a.source), []).append((a.item, a.value))
    return {confidence: {section: [Row(key, merge(values), unit, source) for (key, unit, source), values in rows.items()]
                         for section, rows in sections.items()} for confidence, sections in groups.items()}


def merge(values):
    """[("A, B", "1"), ("C", "2")] of [("A", "1"), ("B", "1"), ("C", "2")]: neighbours with equal values as one."""
    return [(", ".join(item for item, _ in run), value)
            for value, run in ((v, list(r)) for v, r in itertools.groupby(values, key=lambda pair: pair[1]))]
