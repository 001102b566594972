"""README.md tells the truth: its blocks run as they stand and print what it shows."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
PYTHON = os.environ.get("PYTHON", sys.executable)
NOT_RUN = {  # first line of a block: why it is not run here
    "./jobs/local.sh": "installs packages; tests/run.sh does the same set-up",
    "./tests/run.sh": "is what runs this test",
    "autoreconf -i": "builds; `make distcheck` does",
}


def blocks(text):
    """[kind, content, shown]: each block of sh or python, and the block of text behind it, None if there is none."""
    parts = re.findall(r"^```(\w*)\n(.*?)^```\n(\s*)", text, re.M | re.S)
    found = []
    for (kind, content, _), before in zip(parts, [None, *parts]):
        if kind == "text":
            assert before is not None and before[0] == "sh", f"output of no command: {content}"
            found[-1][2] = content
        else:
            found.append([kind, content, None])
    return found


def matches(shown, printed):
    """Is `shown` what was printed, where a line `...` is any lines and `...` in a line is anything in it?"""
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else ".*".join(map(re.escape, line.split("..."))) + r"\n" for line in shown.splitlines())
    return re.fullmatch(pattern, printed) is not None


README = (TOP / "README.md").read_text()
RUN = [block for block in blocks(README) if block[1].splitlines()[0] not in NOT_RUN]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the decks, the programs on the path; results of one block are there for the next."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "bin").mkdir()
    (folder / "decks").symlink_to(TOP / "decks")
    (folder / "bin/tenor").symlink_to(TENOR)
    (folder / "bin/tenor-report").write_text(f'#!/bin/sh\nexec "{PYTHON}" "{TOP}/postproc/tenor-report" "$@"\n')
    (folder / "bin/tenor-report").chmod(0o755)
    return folder


@pytest.mark.parametrize("kind, content, shown", RUN, ids=[block[1].splitlines()[0][:40] for block in RUN])
def test_a_block_runs_as_it_stands_and_prints_what_is_shown(place, kind, content, shown):
    assert kind in ("sh", "python"), "a block of no kind that is run"
    call = ["bash", "-euo", "pipefail", "-c", content] if kind == "sh" else [PYTHON, "-c", content]
    done = subprocess.run(call, cwd=place, capture_output=True, text=True, timeout=240, check=False,
                          env={**os.environ, "PATH": f"{place}/bin:{os.environ['PATH']}"})
    assert done.returncode == 0, done.stderr
    assert shown is None or matches(shown, done.stdout), done.stdout


def test_the_joined_shards_are_the_run_in_one_piece(place):
    """As the comments of the page say; `whole.nc` was extended, so it is compared at that size."""
    subprocess.run([TENOR, "run", "decks/gpu.yaml", "--paths", "2e4", "-o", "piece.nc", "--quiet"], cwd=place, timeout=240, check=True)
    assert (place / "piece.nc").read_bytes() == (place / "whole.nc").read_bytes()


def test_the_page_has_no_command_outside_its_blocks_and_none_is_left_out_unseen():
    outside = re.sub(r"^```.*?^```$", "", README, flags=re.M | re.S)
    assert not re.findall(r"^    \S.*", outside, re.M)
    first = [content.splitlines()[0] for _, content, _ in blocks(README)]
    assert all(line in first for line in NOT_RUN) and len(RUN) + len(NOT_RUN) == len(first) and len(RUN) >= 8


@pytest.mark.parametrize("shown, printed, same", [
    ("a 1\n", "a 1\n", True), ("a 1\n", "a 2\n", False), ("a ...\n", "a 2 3\n", True), ("...\nc\n", "a\nb\nc\n", True),
    ("a\n...\n", "a\n", True), ("a\n...\nd\n", "a\nb\nc\n", False), ("a\n", "a\nb\n", False), ("a.\n", "ab\n", False)])
def test_output_is_compared_line_by_line(shown, printed, same):
    assert matches(shown, printed) == same
