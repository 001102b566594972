"""What must hold on every path whatever is drawn: tests/tool/invariants on the decks and on odd ones.

LONG=1 looks at a million paths of each deck instead of twenty thousand.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TENOR_BUILD", TOP / "build"))
TENOR, INVARIANTS = BUILD / "engine/tenor", BUILD / "tests/tool/invariants"
LONG = os.environ.get("LONG", "") not in ("", "0")
sys.path.append(str(TOP / "tests/twin"))
import cases  # noqa: E402
from deck_text import read_deck, write_deck  # noqa: E402

EXCEPTED = ("no fleet", "no power")  # whose paths have the exception of engine/MODEL.md, section 9


@pytest.mark.parametrize("name, base, change", cases.CASES, ids=[name.replace(" ", "-") for name, *_ in cases.CASES])
def test_the_identities_hold_on_every_path(tmp_path, name, base, change):
    deck_file, paths = TOP / f"decks/{base}.yaml", 1_000_000 if LONG else 20_000
    if change is not cases.unchanged:
        deck = read_deck(TENOR, deck_file)
        change(deck)
        deck_file, paths = write_deck(TENOR, deck, tmp_path / "deck.yaml"), 100_000 if LONG else 10_000
    done = subprocess.run([INVARIANTS, deck_file, "1", str(paths)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    if not LONG:  # rare enough to come to a shipped deck one day
        excepted = int(re.search(r"more financed than invested +(\d+)", done.stdout)[1])
        assert (excepted > 0) == (name in EXCEPTED), excepted
