"""The table of keys: every key is documented, has its range, and moves the result; the JSON Schema made of it takes what the program
takes."""
import json
import os
import re
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import jsonschema
import netCDF4
import pytest
import yaml

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
sys.path.insert(0, str(TOP / "tests/twin"))
from deck_text import Loader  # noqa: E402  (dates stay text, as a deck has them)

WITHOUT_RANGE = {"text", "date", "true or false", ""}


def tenor(*words, cwd=None):
    return subprocess.run([TENOR, *map(str, words)], cwd=cwd, capture_output=True, text=True, timeout=120)


SCHEMA = json.loads(tenor("check", "--keys", "--json").stdout)
KEYS = {key["key"]: key for key in SCHEMA["x-keys"]}


def test_every_key_is_documented_and_ranged():
    for name, key in KEYS.items():
        assert len(key["doc"]) > 5, name
        assert key["unit"] in WITHOUT_RANGE or re.fullmatch(r"[\[(]-?[\d.e+]+, ([\d.e+]+|unlimited)[\])]", key["range"]), name


# ---- every key moves the result

EVERYTHING = TOP / "tests/decks/everything.yaml"  # a deck in which every key matters
UNMOVED = {"sampling.paths", "sampling.seed", "sampling.method", "sampling.replicates",  # tried below; names are labels
           "history[].end", "history[].aws_revenue", "history[].aws_obligations"}  # what happened is data beside the model: nothing is computed from it


def settings(name, value, unit, key):
    """Other values of a key, as --set takes them: nearby ones first."""
    if key["choices"]:
        return [word for word in key["choices"].split("|") if word != value]
    if unit == "true or false":
        return ["false" if value == "true" else "true"]
    if unit == "date":
        return ["2027-01-01"]
    numbers = [float(n) for n in re.findall(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?", value.split(" 1/")[0])] if value != "unlimited" else []
    if name == "regime.transition_rate":
        return ["[-0.5 0.3 0.2 1/year, 0.2 -0.4 0.2 1/year, 0.1 0.3 -0.4 1/year]"]
    if name == "correlation.factors":
        return ["[1 .1 0 0 0, .1 1 0 0 0, 0 0 1 0 0, 0 0 0 1 .2, 0 0 0 .2 1]"]
    tail = "" if unit in ("1", "whole number") else f" {unit}"
    whole = unit == "whole number" or "months" in unit
    several = key["values"] != ""
    made = []
    for factor in (1.1, 0.9, 0.5, 2.0, 0.1):
        changed = [n * factor for n in numbers] if any(numbers) else [0.01 / factor] * max(len(numbers), 1)
        changed = [round(n) + (factor > 1) for n in changed] if whole else [float(f"{n:.12g}") for n in changed]
        made.append(", ".join(str(n) for n in (changed if several else changed[:1])) + tail)
    return made


def assigned(settings):
    return [word for setting in settings for word in ("--set", setting)]


def ledgers(folder, *settings):
    """Some paths month by month; None if the settings make no deck."""
    done = [tenor("explain", EVERYTHING, *assigned(settings), "--path", path, "--csv") for path in (0, 5)]
    return None if done[0].returncode else [d.stdout for d in done]


def figures(folder, *settings):
    """Every mean of a result of one block of paths; None if the settings make no deck."""
    done = tenor("run", EVERYTHING, *assigned(settings), "--paths", 512, "--quiet", "--force", "-o", folder / "out.nc")
    if done.returncode:
        return None
    with netCDF4.Dataset(folder / "out.nc") as file:
        file.set_auto_mask(False)
        means = [v for name, v in file.variables.items() if name.endswith("_mean") or name == "time"]  # all would take seconds
        return [v[...].tobytes() for v in means]


def test_every_key_moves_the_result(tmp_path):
    values = {line["key"]: line["value"] for line in json.loads(tenor("check", EVERYTHING, "--assumptions", "--json").stdout)}
    idle, seen = [], [(look, look(tmp_path)) for look in (ledgers, figures)]
    for name, key in KEYS.items():
        if name in UNMOVED or key["unit"] == "text":
            continue
        pattern = re.compile(re.escape(name).replace(re.escape("[]"), r"\.[^.]+") + "$")
        places = [[f"{place}={setting}" for setting in settings(name, value, key["unit"], key)]
                  for place, value in values.items() if pattern.fullmatch(place)]
        tries = [one for row in zip_longest(*places) for one in row if one]  # a first value at every place, then a second one
        assert tries, name
        if not any(look(tmp_path, one) not in (plain, None) for one in tries[:8] for look, plain in seen):
            idle.append((name, tries[:3]))
    assert not idle


@pytest.mark.parametrize("setting", ["sampling.paths=1024", "sampling.seed=7", "sampling.method=sobol", "sampling.replicates=8"])
def test_the_sampling_moves_the_result(tmp_path, setting):
    method = ["sampling.method=sobol"] if "replicates" in setting else []
    plain = ["sampling.paths=512", "sampling.replicates=16", *method]

    def mean(*settings):
        done = tenor("run", EVERYTHING, *assigned(settings), "--quiet", "--force", "-o", tmp_path / "out.nc")
        assert done.returncode == 0, done
        with netCDF4.Dataset(tmp_path / "out.nc") as file:
            return float(file["npv_mean"][...])

    assert mean(*plain) == mean(*plain) != mean(*plain, setting)


# ---- the schema for editors

VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def faults(path):
    return list(VALIDATOR.iter_errors(yaml.load(path.read_text(), Loader)))


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", sorted((TOP / "decks").glob("*.yaml")) + sorted((TOP / "tests/decks").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_schema_takes_our_decks(path, tmp_path):
    assert not faults(path)
    resolved = tmp_path / "resolved.yaml"
    resolved.write_text(tenor("check", path, "--quiet").stdout)
    assert not faults(resolved)


@pytest.mark.parametrize("name", ["key-misspelt", "section-misspelt", "section-capital", "key-in-wrong-section", "key-at-top-level",
                                  "choice-misspelt", "flag-number", "confidence-misspelt", "value-misspelt", "unit-missing",
                                  "unit-missing-money", "unit-missing-rate", "number-word", "probability-in-percent",
                                  "paths-zero", "section-as-value", "date-american", "law-misspelt", "list-singular"])
def test_the_schema_refuses_mistakes(name):
    assert faults(TOP / f"tests/decks/bad/{name}.yaml")
