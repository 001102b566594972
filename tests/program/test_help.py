"""What --help says is true: its examples."""
import os
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
PYTHON = os.environ.get("PYTHON", "python3")
REPORT = TOP / "postproc/tenor-report"
COMMANDS = ("run", "compare", "sensitivity", "extend", "merge", "check", "explain", "show", "bench")
PROGRAMS = [("tenor",), *(("tenor", command) for command in COMMANDS), ("tenor-report",)]


@cache
def said(program):
    """What --help of ("tenor",), ("tenor", COMMAND) or ("tenor-report",) prints."""
    start = [PYTHON, REPORT] if program[0] == "tenor-report" else [TENOR]
    done = subprocess.run([*start, *program[1:], "--help"], capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, "COLUMNS": "100"})
    assert done.returncode == 0 and done.stderr == "", done
    return done.stdout


@cache
def listed(program):
    """{option: does it take a value} of the lines of options; `-o` beside `--output`."""
    found = {}
    for line in re.findall(r"^  (-.*)", said(program).split("\nexamples:")[0], re.M):
        names = re.split(r"\s{2,}", line)[0]
        for name, value in re.findall(r"(--?[a-z][a-z-]*)([ =][^\s,]+)?", names):
            found[name] = bool(value)
    # argparse writes `-o X, --output X`, the engine `-o, --output X`: a short form is as its long form.
    return {name: takes or (name == "-o" and found["--output"]) for name, takes in found.items()}


def examples(program):
    return re.findall(r"^  (\S.*)", said(program).partition("\nexamples:\n")[2], re.M)


def calls(line):
    """The words of each call of a program of ours in a line of shell."""
    for part in re.split(r"[|>]", line):
        words = shlex.split(part)
        while words and words[0] not in ("tenor", "tenor-report"):
            words.pop(0)
        if words:
            yield words


def mistakes(words):
    """What is wrong with the words of a call, by what --help lists."""
    program = tuple(words[:2]) if words[0] == "tenor" else ("tenor-report",)
    if program not in PROGRAMS:
        return [f"no such command: {program}"]
    options, rest, found = listed(program), words[len(program):], []
    while rest:
        word = rest.pop(0)
        if word.startswith("-") and word != "-":
            if word not in options:
                found.append(f"no such option: {word}")
            elif options[word] and (not rest or rest.pop(0).startswith("--")):
                found.append(f"no value: {word}")
        elif word.startswith("decks/") and not (TOP / word).is_file():
            found.append(f"no such deck: {word}")
    return found


def test_the_commands_are_those_of_the_program():
    named = re.findall(r"^  (\w+) +\w", said(("tenor",)).partition("\nexamples:")[0], re.M)
    assert named == list(COMMANDS)


@pytest.mark.parametrize("program", PROGRAMS, ids=" ".join)
def test_help_ends_with_examples_whose_options_are_listed(program):
    shown = examples(program)
    assert shown and said(program).rstrip().endswith(shown[-1])
    for line in shown:
        words = list(calls(line))
        assert words, line
        assert not [fault for call in words for fault in mistakes(call)], line
    if len(program) == 2:
        assert listed(program)["--help"] is False
        assert any(tuple(call[:2]) == program for line in shown for call in calls(line))


@pytest.mark.parametrize("line, fault", [
    ("tenor run a.yaml --path 5", "no such option: --path"), ("tenor dance", "no such command: ('tenor', 'dance')"),
    ("tenor extend a.nc --seed 5", "no such option: --seed"), ("tenor run decks/none.yaml", "no such deck: decks/none.yaml"),
    ("mpirun -np 2 tenor run a.yaml --paths --force | less", "no value: --paths"), ("tenor-report a.nc -o", "no value: -o")])
def test_a_wrong_example_would_be_seen(line, fault):
    assert [found for call in calls(line) for found in mistakes(call)] == [fault]


@pytest.mark.parametrize("words, says", [
    (("run", "a.yaml", "--set-second", "a=1"), "--set-second is of `tenor compare`, not of `tenor run`"),
    (("compare", "a.yaml", "b.yaml", "--dump-paths", "5"), "--dump-paths is of `tenor run`, not of `tenor compare`"),
    (("extend", "a.nc", "--seed", "5"), "--seed is of `tenor run`, not of `tenor extend`")])
def test_an_option_of_another_command_is_sent_there(words, says):
    done = subprocess.run([TENOR, *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and says in done.stderr
    assert words[-2] not in listed(("tenor", words[0]))
