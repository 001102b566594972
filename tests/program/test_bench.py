"""tenor bench: what it reports and how its figures hang together; how fast it is, no test can know."""
import json
import os
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
DECK = TOP / "decks/anthropic-aws.yaml"
SHORT = ("--rounds", "1", "--seconds", "0.05")
YEAR = ("--set", "time.horizon=12 months")  # a tenth of the work
STAGES = ["draws", "supply", "price", "demand", "contract", "credit", "provider", "record", "statistics"]
KEYS = ["deck", "months", "customers", "tenor", "model", "processor", "compiler", "mpi", "lanes", "rounds", "seconds",
        "instruction_sets", "processor_share", "ranks", "threads", "workers", "one_thread_each_ns", "all_threads_ns",
        "thread_efficiency", "rank_efficiency", "paths_per_second", "reduction_bytes", "reduction_seconds"]
SETS = ["avx512", "avx2", "baseline"]  # fastest first


def bench(*words, cwd, ranks=1, isa=None):
    command = [TENOR, "bench", *map(str, words)]
    if ranks > 1:
        command = ["mpirun", "-np", str(ranks), *command]
    environment = {**os.environ, **({"TENOR_ISA": isa} if isa else {})}
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, env=environment)
    assert not list(Path(cwd).glob("**/*.nc")) and not (Path(cwd) / "out").exists(), "bench writes no file"
    return done


def report(*words, **kinds):
    done = bench(*words, "--json", *SHORT, **kinds)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1, "one object, printed once"
    return json.loads(done.stdout)


def check_derived(found):
    for name, times in found["instruction_sets"].items():
        assert list(times) == ["whole_ns", "floor_ns", "ratio", "paths_per_second", "stages_ns"], name
        assert list(times["stages_ns"]) == STAGES, name
        assert all(ns >= 0 for ns in times["stages_ns"].values()), name
        assert times["stages_ns"]["draws"] > 0 and times["floor_ns"] > times["stages_ns"]["statistics"] > 0, name
        assert times["ratio"] == pytest.approx(times["whole_ns"] / times["floor_ns"])
        assert times["paths_per_second"] == pytest.approx(1e9 / times["whole_ns"] / found["months"])
    first = next(iter(found["instruction_sets"].values()))
    one, together = found["one_thread_each_ns"], found["all_threads_ns"]
    assert one > 0 and together > 0
    assert found["thread_efficiency"] == (pytest.approx(one / together) if found["threads"] > 1 else 1)
    assert found["rank_efficiency"] == (pytest.approx(first["whole_ns"] / one) if found["ranks"] > 1 else 1)
    assert found["paths_per_second"] == pytest.approx(found["workers"] * 1e9 / together / found["months"])
    assert 0 < found["processor_share"] < 1.1


def test_json_has_its_keys_in_order_and_what_follows_from_them_agrees(tmp_path):
    found = report(DECK, "--threads", 2, cwd=tmp_path)
    assert list(found) == KEYS
    assert list(found["instruction_sets"]) == SETS[-len(found["instruction_sets"]):]
    assert found["deck"] == str(DECK) and found["months"] == 120 and found["customers"] == 1
    assert found["ranks"] == 1 and found["threads"] == found["workers"] == 2 and found["rounds"] == 1
    assert found["lanes"] % 64 == 0 and found["reduction_bytes"] > 1e6 and found["reduction_seconds"] >= 0
    assert all(found[name] for name in ("tenor", "model", "processor", "compiler", "mpi"))
    check_derived(found)


@pytest.mark.parametrize("threads", [1, 2])
def test_ranks_measure_together_and_one_of_them_speaks(tmp_path, threads):
    found = report(DECK, *YEAR, "--threads", threads, cwd=tmp_path, ranks=2, isa="baseline" if threads == 1 else None)
    assert found["ranks"] == 2 and found["threads"] == threads and found["workers"] == 2 * threads
    check_derived(found)


def test_the_forced_instruction_set_is_the_fastest_that_is_measured(tmp_path):
    assert list(report(DECK, *YEAR, cwd=tmp_path, isa="baseline")["instruction_sets"]) == ["baseline"]
    done = bench(DECK, *SHORT, cwd=tmp_path, isa="quantum")
    assert done.returncode == 2 and "quantum" in done.stderr and done.stdout == ""


@pytest.mark.parametrize("words", [("decks/anthropic-aws.yaml", "--set", "sampling.method=sobol"), ("decks/portfolio.yaml",)])
def test_decks_of_every_kind_are_measured(tmp_path, words):
    check_derived(report(TOP / words[0], *words[1:], *YEAR, cwd=tmp_path))


def test_a_strange_deck_name_is_escaped(tmp_path):
    deck = tmp_path / 'a "b" \\ c.yaml'
    deck.write_text(f"include: {DECK}\n")
    assert report(deck, *YEAR, cwd=tmp_path)["deck"] == str(deck)


def test_the_table_shows_every_stage_and_the_floor(tmp_path):
    done = bench(DECK, *SHORT, *YEAR, "--threads", 2, cwd=tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.startswith("  ")}
    assert [name for name in rows if name in STAGES] == STAGES
    assert len(rows["whole"]) == len(rows["floor"]) == len(rows["whole/floor"]) == len(rows["paths/s"]) >= 1
    assert "2 threads:" in done.stdout


@pytest.mark.parametrize("words, message", [
    ((), "one deck"),
    ((DECK, DECK), "one deck"),
    (("missing.yaml",), "missing.yaml"),
    ((DECK, "--set", "fleet.slip_multiplyer=2"), "slip_multiplier"),
    ((DECK, "--rounds", "0"), "--rounds"),
    ((DECK, "--rounds", "100"), "99"),
    ((DECK, "--threads", "x"), "--threads"),
    ((DECK, "--threads", "0"), "--threads"),
    ((DECK, "--seconds", "-1"), "--seconds"),
    ((DECK, "--seconds", "7200"), "--seconds wants a number above 0 and up to 3600, not `7200`"),
    ((DECK, "--seconds", "nan"), "--seconds"),
    ((DECK, "--seconds", ""), "--seconds"),
    ((DECK, "--rounds"), "--rounds"),
    ((DECK, "--paths", "9"), "--paths"),
])
def test_wrong_usage_is_named_once(tmp_path, words, message):
    done = bench(*words, cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("error:") == 1 and message in done.stderr


def test_wrong_usage_is_named_by_one_rank(tmp_path):
    done = bench(DECK, "--rounds", "0", cwd=tmp_path, ranks=2)
    assert done.returncode == 2 and done.stderr.count("error:") == 1


def test_help_tells_what_the_floor_is(tmp_path):
    done = bench("--help", cwd=tmp_path)
    assert done.returncode == 0 and "floor" in done.stdout and "--rounds" in done.stdout
    assert bench("--help", cwd=tmp_path, ranks=2).stdout == done.stdout
