"""The command line: exit codes, what is written and what is not."""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
DECK = str(TOP / "decks/anthropic-aws.yaml")


def tenor(*words, cwd, ranks=1):
    command = [TENOR, *map(str, words)]
    if ranks > 1:
        command = ["mpirun", "-np", str(ranks), *command]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("words, message", [
    ((), "which deck"),
    ((DECK, "--paths", "0"), "paths"),
    ((DECK, "--paths", "-5"), "-5"),
    ((DECK, "--paths", "1.5"), "1.5"),
    ((DECK, "--paths", "many"), "many"),
    ((DECK, "--threads", "0"), "--threads"),
    ((DECK, "--no-such-option"), "--no-such-option"),
    ((DECK, "--paths"), "--paths"),
    ((DECK, "--progress", "loud"), "loud"),
    (("missing.yaml",), "missing.yaml"),
    ((DECK, "--set", "fleet.slip_multiplyer=2"), "slip_multiplier"),
])
@pytest.mark.parametrize("ranks", [1, 2])
def test_wrong_usage_is_named_once_and_writes_nothing(tmp_path, words, message, ranks):
    done = tenor("run", *words, "-o", "out.nc", cwd=tmp_path, ranks=ranks)
    assert done.returncode == 2, done
    assert done.stderr.count("error:") == 1 and message in done.stderr
    assert not list(tmp_path.iterdir())


def test_an_existing_output_is_kept_unless_forced(tmp_path):
    (tmp_path / "out.nc").write_text("precious")
    done = tenor("run", DECK, "--paths", 600, "-o", "out.nc", cwd=tmp_path)
    assert done.returncode == 2 and "out.nc" in done.stderr
    assert (tmp_path / "out.nc").read_text() == "precious"
    assert tenor("run", DECK, "--paths", 600, "-o", "out.nc", "--force", cwd=tmp_path).returncode == 0
    assert (tmp_path / "out.nc").read_bytes()[1:4] == b"HDF"


def test_a_missing_output_folder_is_an_input_output_error(tmp_path):
    done = tenor("run", DECK, "--paths", 600, "-o", "nowhere/out.nc", cwd=tmp_path)
    assert done.returncode == 5 and "nowhere" in done.stderr
    assert not list(tmp_path.iterdir())


LONG_DECKS = ["a" * 130 + ".yaml", "b" * 130 + ".yaml"]
LAWFUL = ("--set", "uncertain.credit.hazard={law: uniform, scale: true, low: 1, high: 2}")


@pytest.mark.parametrize("words, size", [
    (("compare", *LONG_DECKS), 270), (("run", LONG_DECKS[0], "-o", "n" * 235 + ".nc"), 244), (("run", DECK, "-o", "n" * 250), 250),
    (("run", DECK, "-o", "out.nc", "--checkpoint", "n" * 243), 243), (("merge", "any.nc", "-o", "n" * 234), 243),
    (("sensitivity", DECK, *LAWFUL, "--paths", "512", "-o", "n" * 235 + ".nc"), 244)])
def test_a_name_too_long_is_told_before_anything_is_computed(tmp_path, words, size):
    """The sidecar's too, and where only a temporary's would be too long."""
    for deck in LONG_DECKS:
        (tmp_path / deck).write_text(f"include: {DECK}\n")
    done = tenor(*words, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("error:") == 1 and f"a file name of {size} bytes, where 242 at most" in done.stderr, done
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == LONG_DECKS


def test_the_default_output_is_named_after_the_deck(tmp_path):
    done = tenor("run", DECK, "--paths", "6e2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"anthropic-aws.nc", "anthropic-aws.run.json"}


def test_several_decks_go_into_a_folder(tmp_path):
    (tmp_path / "results").mkdir()
    decks = [DECK, str(TOP / "decks/no-deal.yaml")]
    done = tenor("run", *decks, "--paths", "1_000", "-o", "results", "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {"anthropic-aws.nc", "no-deal.nc"} <= {p.name for p in (tmp_path / "results").iterdir()}


def test_the_sidecar_tells_what_varies(tmp_path):
    assert tenor("run", DECK, "--paths", 600, "--seed", 7, "-o", "out.nc", "--threads", 2, "--quiet",
                 cwd=tmp_path).returncode == 0
    sidecar = json.loads((tmp_path / "out.run.json").read_text())
    assert sidecar["ranks"] == 1 and sidecar["threads"] == 2 and sidecar["paths"] == 600
    assert sidecar["command"][:2] == ["tenor", "run"] and sidecar["mpi"]


def test_results_go_to_stdout_and_everything_else_to_stderr(tmp_path):
    done = tenor("run", DECK, "--paths", 600, "-o", "a.nc", "--json", cwd=tmp_path)
    assert done.returncode == 0
    json.loads(done.stdout)
    quiet = tenor("run", DECK, "--paths", 600, "-o", "b.nc", "--quiet", cwd=tmp_path)
    assert quiet.stdout == "" and quiet.stderr == ""


def test_json_progress_is_one_object_a_line(tmp_path):
    done = tenor("run", DECK, "--paths", 50_000, "-o", "a.nc", "--progress", "json", cwd=tmp_path)
    lines = [json.loads(line) for line in done.stderr.split("\n") if line.startswith("{")]
    assert lines and lines[-1]["paths"] == lines[-1]["of"] == 50_000


@pytest.mark.parametrize("words, offered", [
    (("run", DECK, "-o", "b.nc"), True),
    (("run", DECK, "-o", "b.nc", "--checkpoint", "b.ckpt"), False),
    (("run", DECK, str(TOP / "decks/no-deal.yaml"), "-o", "."), False),
    (("extend", "a.nc"), False),
    (("sensitivity", str(TOP / "decks/uncertain-inputs.yaml"), "-o", "b.nc"), False)], ids=lambda words: str(words)[:40])
def test_a_long_run_is_told_of_a_checkpoint_where_it_may_have_one(tmp_path, words, offered):
    if words[0] == "extend":
        assert tenor("run", DECK, "--paths", 512, "-o", "a.nc", "--quiet", cwd=tmp_path).returncode == 0
    with subprocess.Popen([TENOR, *words, "--paths", "1e9", "--progress", "plain"], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as running:
        told = next(line for line in running.stderr if "this will take" in line)
        running.kill()
    assert ("--checkpoint FILE would keep what is done" in told) == offered


def test_version_and_help_succeed(tmp_path):
    for words in (("--version",), ("--help",), ("run", "--help"), ("check", "--help"), ("show", "--help")):
        done = tenor(*words, cwd=tmp_path)
        assert done.returncode == 0 and done.stdout, words
    assert tenor(cwd=tmp_path).returncode == 2
    assert tenor("dance", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize("words, says", [
    (("run", DECK, "--until", "npw.cvar99:2%"), "--until npw.cvar99:2%: there is no metric `npw`; did you mean `npv`?"),
    (("run", DECK, "--until", "baklog@60:1"), "--until baklog@60:1: there is no metric `baklog`; did you mean `backlog`?"),
    (("run", DECK, "--until", "weather:1"), "--until weather:1: there is no metric `weather`"),
    (("explain", DECK, "--path", "worst", "--by", "elc"), "--by elc: there is no metric `elc`; did you mean `ecl`?"),
    (("sensitivity", DECK, "--set", "uncertain.credit.hazard={law: uniform, scale: true, low: 1, high: 2}", "--metric", "capacty@year3"),
     "--metric capacty@year3: there is no metric `capacty`; did you mean `capacity`?"),
    (("compare", DECK, DECK, "--paths", "many"), "--paths wants a whole number, not `many` (tenor compare --help lists the options)"),
    (("extend", "a.nc", "--seed", "7"), "--seed is of `tenor run`, not of `tenor extend` (tenor extend --help lists the options)"),
    (("chek", DECK), "unknown command `chek`; did you mean `check`?"), (("dance",), "unknown command `dance`")])
def test_what_may_have_been_meant_and_where_to_look_is_named(tmp_path, words, says):
    done = tenor(*words, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.splitlines()[-1] == f"tenor: error: {says}", done


def test_check_says_what_a_run_takes_and_quietly_the_deck_alone(tmp_path):
    loud, quiet = tenor("check", DECK, cwd=tmp_path), tenor("check", DECK, "--quiet", cwd=tmp_path)
    assert loud.stdout == quiet.stdout and quiet.stderr == "" and loud.returncode == quiet.returncode == 0
    low, high = map(float, re.search(r"result +([\d.]+) to ([\d.]+) MB", loud.stderr).groups())
    assert re.search(r"memory +\d+ MB a rank", loud.stderr) and re.search(r"time +100000 paths at [\d.e+]+ paths/s a core", loud.stderr)
    assert tenor("run", DECK, "-o", "out.nc", "--quiet", cwd=tmp_path).returncode == 0
    assert low <= (tmp_path / "out.nc").stat().st_size / 1e6 <= high
