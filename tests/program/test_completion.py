"""Completion in bash offers what the programs take, and nothing else."""
import os
import pty
import re
import select
import subprocess
import sys
import time

import netCDF4
import pytest

from test_help import BUILD, COMMANDS, PAGES, PROGRAMS, TENOR, TOP, listed, said

FILES = {"tenor": BUILD / "engine/tenor.bash", **{name: TOP / f"postproc/{name}.bash" for name in PAGES}}
NUMBERS = {"--paths", "--seed", "--max-time", "--shard", "--checkpoint-every", "--dump-paths", "--threads", "--swing-paths", "--rounds",
           "--seconds"}


def offered(*words, cwd=TOP):
    """What bash offers for the last of the words, by the function that `complete -p` names."""
    program = words[0]
    script = f"""source {FILES[program]}
function=$(complete -p {program} | sed -n 's/.*-F \\([^ ]*\\) .*/\\1/p')
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
"$function" {TENOR if program == "tenor" else program} "${{@: -1}}" "${{@: -2:1}}"
[ ${{#COMPREPLY[@]}} = 0 ] || printf '%s\\n' "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "--norc", "-uc", script, "bash", *words], cwd=cwd, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and done.stderr == "", done
    return done.stdout.splitlines()


def test_commands_are_those_of_the_help():
    assert set(offered("tenor", "")) == {*COMMANDS, "--help", "--version"}
    assert offered("tenor", "se") == ["sensitivity"]


@pytest.mark.parametrize("program", [program for program in PROGRAMS if program != ("tenor",)], ids=" ".join)
def test_options_are_those_of_the_help(program):
    found = offered(*program, "--")
    assert len(found) == len(set(found))
    assert set(found) == {name for name in listed(program) if name.startswith("--")}


@pytest.mark.parametrize("command", COMMANDS)
def test_after_an_option_that_takes_a_value_no_option_or_deck_of_the_command_is_offered(command):
    """Values of each such option are known; after the others the next word is a deck or a result."""
    files = offered("tenor", command, "decks/")
    assert ("decks/gpu.yaml" in files) == (command not in ("extend", "merge", "show"))
    for option, takes in listed(("tenor", command)).items():
        values = offered("tenor", command, option, "decks/")
        if option in ("--diff", "--output", "-o", "--checkpoint"):
            assert ("decks/gpu.yaml" in values) == (option == "--diff"), option
        else:
            assert values == ([] if takes else files), option
            assert not takes or option in NUMBERS or offered("tenor", command, option, ""), option


def words_of(program, option):
    """The words in the help of an option: `a, b (more) or c`."""
    line = re.search(rf"^  {option} [A-Z]+ +(.*)", said(program), re.M)[1]
    return re.split(r", | or ", re.sub(r" \([^)]*\)", "", line))


@pytest.mark.parametrize("option", ["--progress", "--sampling"])
def test_values_are_those_of_the_help(option):
    values = words_of(("tenor", "run"), option)
    assert len(values) > 1 and offered("tenor", "run", option, "") == values
    assert offered("tenor", "run", option, "=", values[0][:2]) == offered("tenor", "run", option, values[0][:2]) == values[:1]
    assert offered("tenor", "run", option, "=") == values
    for value in values:  # a missing deck is found after the options
        done = subprocess.run([TENOR, "run", "none.yaml", option, value], capture_output=True, text=True, timeout=60, check=False)
        assert "none.yaml" in done.stderr, value


def test_ends_of_explain_are_those_of_the_help():
    ends = re.search(r"--path (\w+\|\S+)", said(("tenor", "explain")))[1].split("|")
    assert offered("tenor", "explain", "a.yaml", "--path", "") == ends


def test_metrics_are_those_of_a_result(tmp_path):
    subprocess.run([TENOR, "run", TOP / "decks/anthropic-aws.yaml", "--paths", "512", "--quiet", "-o", "a.nc"], cwd=tmp_path, timeout=120,
                   check=True)
    with netCDF4.Dataset(tmp_path / "a.nc") as result:
        variables = set(result.variables)
    for command, option in (("sensitivity", "--metric"), ("explain", "--by"), ("run", "--until")):
        found = offered("tenor", command, option, "")
        assert {name[:-5] for name in variables if name.endswith("_mean")} <= set(found)
        assert all(name in variables or f"{name}_mean" in variables for name in found), found


def test_keys_of_the_deck_are_offered():
    assert offered("tenor", "run", "--set", "fleet.slip_m") == ["fleet.slip_multiplier="]
    reference = subprocess.run([TENOR, "check", "--keys"], capture_output=True, text=True, timeout=60, check=True).stdout
    assert {key[:-1] for key in offered("tenor", "compare", "--set-second", "")} == set(re.findall(r"^\| `([a-z_.]+)`", reference, re.M))


def test_files_are_offered_by_their_endings(tmp_path):
    for name in ("a.yaml", "two words.yaml", "a.nc", "a.ckpt", "a.html", "a.json", "a.txt"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    for words, files in ((("tenor", "check", ""), {"a.yaml", "two words.yaml"}), (("tenor", "show", ""), {"a.nc", "a.ckpt"}),
                         (("tenor", "merge", "a.nc", ""), {"a.nc"}), (("tenor-report", ""), {"a.nc"}),
                         (("tenor-report", "-o", ""), {"a.html"}), (("tenor-report", "--summary", ""), {"a.json"}),
                         (("tenor-report", "--csv", ""), set()), (("tenor-backtest", ""), {"a.yaml", "two words.yaml"}),
                         (("tenor-backtest", "--json", ""), {"a.json"})):
        assert set(offered(*words, cwd=tmp_path)) == files | {"folder"}, words


def test_a_tab_in_a_terminal_completes(tmp_path):
    """Typed: one candidate is put into the line, whose output proves it."""
    (tmp_path / "a deck.yaml").touch()
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], {**os.environ, "PS1": "", "TERM": "dumb", "INPUTRC": "/dev/null", "HISTFILE": ""})
    printed = b""
    try:
        os.write(terminal, f"tenor() {{ printf '<%s>' \"$@\"; echo; }}; source {FILES['tenor']}; echo rea''dy\n".encode())
        typed, end = False, time.monotonic() + 30
        while b"<--progress><json><a deck.yaml>" not in printed and time.monotonic() < end:
            if select.select([terminal], [], [], 0.2)[0]:
                printed += os.read(terminal, 4096)
            if not typed and b"ready" in printed:
                typed = True
                os.write(terminal, b"tenor sens\t--prog\tj\ta\t\n")
    finally:
        os.write(terminal, b"\nexit\n")
        os.close(terminal)
        os.waitpid(child, 0)
    assert b"<sensitivity><--progress><json><a deck.yaml>" in printed, printed
