"""The deck behind a result: every value with its unit, source and confidence."""
import itertools
import re
from typing import NamedTuple

import netCDF4
import yaml

from . import results

CONFIDENCES = ("fact", "derived", "assumed", "")  # as shown, best first; "" is a default, or a value without provenance
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
    results.check(path)
    try:
        with netCDF4.Dataset(path) as file:
            if "state" not in file.groups or "deck" not in file["state"].variables:
                return None
            return file["state"]["deck"][:].tobytes().decode()
    except OSError as error:
        raise results.NotAResult(f"{path}: not a tenor result ({error})") from error


def deck(path):
    """The resolved deck as nested dicts and lists; a leaf is {"value": ..., "source": ..., "confidence": ...}, all text,
    the value with its unit. None if the file has lost its group /state. Raises as deck_text."""
    text = deck_text(path)
    return None if text is None else yaml.load(text, Loader=yaml.BaseLoader)


def split_unit(value):
    """("8.5, 6.5", "billion USD/GW/year") of "8.5, 6.5 billion USD/GW/year"; text without numbers has no unit."""
    rows = value if isinstance(value, list) else [value]
    pairs = [found.groups() if (found := NUMBERS.fullmatch(row)) else (row, "") for row in rows]
    return "; ".join(number.strip() for number, _ in pairs), pairs[0][1] if pairs else ""


def walk(node, keys=(), items=()):
    """Every leaf below `node` with the keys and list elements that lead to it."""
    if isinstance(node, list):
        for number, element in enumerate(node, start=1):
            named = element.get("name", element.get("end", {})) if isinstance(element, dict) else {}
            name = named.get("value", f"no. {number}")
            yield from walk(element, keys, (*items, name) if len(node) > 1 else items)
    elif isinstance(node, dict) and "value" in node:
        yield keys, items, node
    elif isinstance(node, dict):
        for key, below in node.items():
            yield from walk(below, (*keys, key), items)


def assumptions(path):
    """Every value of the resolved deck as a list of Assumption, in the deck's order; [] if the file has no deck.

    Raises as deck_text."""
    found = []
    for keys, items, leaf in walk(deck(path) or {}):
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
