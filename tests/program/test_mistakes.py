"""Typical mistakes in a deck, and what the program says to them.

Each tests/decks/bad/NAME.yaml has a NAME.txt beside it: what `tenor check` prints on standard error, word for word.
    cd tests/decks/bad && for d in *.yaml; do tenor check $d 2>&1 >/dev/null | sed '/^tenor:/,$d' >${d%.yaml}.txt; done
writes them anew; they are then to be read as a newcomer would.
"""
import os
import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
FOLDER = TOP / "tests/decks/bad"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
WITHOUT_LINE = {"empty", "no-include"}  # faults of a file as a whole
ONLY_WARNED = {"commitment-unreachable", "minimum-above-commitment", "sites-below-cap", "tranches-out-of-order"}
INTERNAL = re.compile(r"KIND_|SHAPE_|GROUP_|NULL|struct |\.c:\d|libyaml|parser|\btoken|mark\b|errno|assert")


def check(name):
    done = subprocess.run([TENOR, "check", f"{name}.yaml"], cwd=FOLDER, capture_output=True, text=True, timeout=60)
    return done.returncode, re.split("^tenor: ", done.stderr, flags=re.M)[0]  # what a run would take is measured


def test_there_are_fifty():
    assert len(NAMES) >= 50
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_told_as_expected(name):
    code, said = check(name)
    assert said == (FOLDER / f"{name}.txt").read_text()
    assert code == (0 if name in ONLY_WARNED else 2)


@pytest.mark.parametrize("name", NAMES)
def test_a_message_names_line_and_key_and_nothing_internal(name):
    said = (FOLDER / f"{name}.txt").read_text()
    heads = [line for line in said.splitlines() if re.search(r": (error|warning): ", line)]
    assert heads and not INTERNAL.search(re.sub(r"`[^`]*`", "", said))
    for head in heads:
        place = re.match(r"(.+?)(?::(\d+):(\d+))?: (error|warning): ", head)
        if name in WITHOUT_LINE:
            continue
        assert place[2], head
        line = (FOLDER / place[1]).read_text().split("\n")[int(place[2]) - 1]
        shown = said[said.index(head):].splitlines()
        assert shown[1].startswith(f"{int(place[2]):5d} | ")
        assert shown[1][8:].rstrip() in line.replace("\t", " ").rstrip() or "..." in shown[1] or "\x1b" in line
        assert shown[2].index("^") - 8 == int(place[3]) - 1 or "..." in shown[1]
