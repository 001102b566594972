"""What a terminal shows: lines that fit, marks below what they mark, colours that can be switched off."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
DECK = str(TOP / "decks/anthropic-aws.yaml")


def screen(*words, columns, cwd, **environment):
    """What a program writes to a terminal of so many columns, which both its outputs are."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    with subprocess.Popen([TENOR, *map(str, words)], cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs,
                          env={**env, "TERM": "xterm", **environment}) as process:
        os.close(theirs)
        text = b""
        try:
            while chunk := os.read(ours, 65536):
                text += chunk
        except OSError:  # nobody writes any more
            pass
        os.close(ours)
    return text.decode().replace("\r\n", "\n")


def plain(text):
    return re.sub(r"\033\[[0-9;]*m", "", text)


@pytest.fixture
def faulty(tmp_path):
    deck = tmp_path / "d.yaml"
    long = "words " * 30
    deck.write_text(f'include: {DECK}\nfleet:\n  initial_capacity: {{value: 5 GWh, source: "{long}"}}\n'
                    f'  initial_performance: {{source: "{long}", value: 3 GW}}\n')
    return deck


@pytest.mark.parametrize("columns", [60, 80, 300])
def test_the_mark_stands_below_the_fault_however_narrow_the_terminal(faulty, columns):
    lines = plain(screen("check", faulty.name, columns=columns, cwd=faulty.parent)).splitlines()
    quoted = [i for i, line in enumerate(lines) if re.match(r" +\d+ \| ", line)]
    assert len(quoted) == 2
    for i, fault in zip(quoted, ("5 GWh", "3 GW")):
        mark = re.search(r"\^~*", lines[i + 1])
        assert len(lines[i]) <= min(columns, 8 + 3 + 120) and lines[i][mark.start():mark.end()] == fault


def test_colours_are_of_terminals_that_have_them_and_can_be_switched_off(faulty):
    folder = faulty.parent
    assert "\033[1;31merror" in screen("check", "d.yaml", columns=80, cwd=folder)
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\033" not in screen("check", "d.yaml", columns=80, cwd=folder, **environment)
    assert "\033" in screen("check", "d.yaml", columns=80, cwd=folder, NO_COLOR="")


@pytest.mark.parametrize("columns", [50, 100])
def test_progress_is_one_line_written_over(tmp_path, columns):
    shown = screen("run", DECK, "--paths", "1e8", "--set", "time.horizon=12 months", "--until", "npv.cvar99:0.001%", "--max-time", "3s",
                   "--threads", 1, "-o", "a.nc", columns=columns, cwd=tmp_path)
    pieces = max((line.split("\r")[1:] for line in shown.split("\n")), key=len)
    assert len(pieces) > 1 and max(map(len, pieces)) <= columns - 1
    seen = ""
    for piece in pieces:
        seen = piece + seen[len(piece):]
        assert seen.rstrip() == piece.rstrip()  # nothing is left of the line before
    assert "of about 100000000 paths" in pieces[-1]  # not what the target would want beyond --paths
    assert "\ntenor: this will take" in f"\n{shown}".replace("\r", "")


@pytest.mark.parametrize("words", [(), ("--sampling", "sobol", "--set", "sampling.replicates=8")], ids=["philox", "sobol"])
def test_the_table_fits_eighty_columns(tmp_path, words):
    shown = plain(screen("run", DECK, "--paths", 4096, *words, "--progress", "none", "-o", "a.nc", columns=80, cwd=tmp_path))
    lines = shown.splitlines()
    assert len(lines) > 40 and not [line for line in lines if len(line) > 80 and not line.startswith("tenor:")]
