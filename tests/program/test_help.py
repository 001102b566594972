"""What --help says is true: its examples; and the manual page says the same."""
import os
import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
BUILD = Path(os.environ.get("TENOR_BUILD", str(TOP / "build")))
PYTHON = os.environ.get("PYTHON", sys.executable)
PAGES = ("tenor-report", "tenor-backtest")  # programs of postproc
COMMANDS = ("run", "compare", "sensitivity", "extend", "merge", "check", "explain", "show", "bench")
PROGRAMS = [("tenor",), *(("tenor", command) for command in COMMANDS), *((name,) for name in PAGES)]


@cache
def said(program):
    """What --help of ("tenor",), ("tenor", COMMAND) or ("tenor-report",), say, prints."""
    start = [PYTHON, TOP / "postproc" / program[0]] if program[0] in PAGES else [TENOR]
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
        while words and words[0] not in ("tenor", *PAGES):
            words.pop(0)
        if words:
            yield words


def mistakes(words):
    """What is wrong with the words of a call, by what --help lists."""
    program = tuple(words[:2 if words[0] == "tenor" else 1])
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


# ---- the manual pages

def sections(page):
    """{heading: text} of a manual page, without the marks of type."""
    text = (TOP / page).read_text().replace("\\\n", "").replace("\\-", "-")
    text = re.sub(r"\\f[BIR]", "", text)
    found = re.split(r"^\.SH +(.*)\n", text, flags=re.M)
    return dict(zip(found[1::2], found[2::2]))


def tagged(text):
    """{option: its value, "" if it has none} of the tags of a section; options of one tag have the value of the last."""
    found = {}
    for tag in re.findall(r"^\.TP\n\.[A-Z]+ (-.*)", text, re.M):
        names = re.findall(r"--?[a-z][a-z-]*", tag)
        value = re.sub(r'[",\s]|--?[a-z][a-z-]*', "", tag)
        found |= dict.fromkeys(names, value)
    return found


MANUAL = sections("engine/tenor.1")


def test_the_manual_has_a_section_for_each_command():
    wanted = {f"OPTIONS OF {command.upper()}" for command in COMMANDS} | {"OPTIONS OF ALL COMMANDS"}
    assert {heading for heading in MANUAL if heading.startswith("OPTIONS")} == wanted
    named = set(re.findall(r"^\.B tenor (\w+)", MANUAL["SYNOPSIS"], re.M))
    assert named == set(COMMANDS)
    assert set(re.findall(r"^\.B tenor (\w+)$", MANUAL["DESCRIPTION"], re.M)) == set(COMMANDS)
    assert {page.name for page in (BUILD / "engine").glob("tenor-*.1")} == {f"tenor-{command}.1" for command in COMMANDS}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_manual_has_the_options_of_the_help(command):
    found = tagged(MANUAL[f"OPTIONS OF {command.upper()}"])
    assert {*found, *tagged(MANUAL["OPTIONS OF ALL COMMANDS"])} == {*listed(("tenor", command)), "--version"}
    values = dict(re.findall(r"(--[a-z-]+) ([^\s]+)  ", said(("tenor", command)).partition("\nexamples:")[0]))
    for option, value in found.items():
        assert value in ("", values.get(option, values["--output"] if option == "-o" else None)), (option, value)


@pytest.mark.parametrize("name", PAGES)
def test_the_manual_of_a_program_of_pages_has_the_options_of_its_help(name):
    assert set(tagged(sections(f"postproc/{name}.1")["OPTIONS"])) == set(listed((name,)))


@pytest.mark.parametrize("page", ["engine/tenor.1", *(f"postproc/{name}.1" for name in PAGES)])
def test_the_manual_is_set_without_a_warning(page):
    if not shutil.which("groff"):
        assert not os.environ.get("CI"), "groff is not installed"
        pytest.skip("groff is not installed")
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", TOP / page], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and done.stderr == ""
