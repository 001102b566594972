"""Every shell script of the project is clean, and submit.sh says what it would do."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
DECK = "decks/anthropic-aws.yaml"
SCRIPTS = sorted(path for folder in ("jobs", "tests", "postproc", "engine", ".ci") for path in (TOP / folder).rglob("*")
                 if path.is_file() and (path.name.endswith((".sh", ".bash", ".bash.in")) or path.read_bytes()[:64].split(b"\n")[0].endswith((b"/bash", b"/sh", b" bash", b" sh"))))


def test_there_are_scripts():
    assert {"jobs/slurm/common.sh", "jobs/submit.sh", "tests/run.sh", ".ci/run", "engine/tenor.bash.in", "postproc/tenor-report.bash"} <= {str(path.relative_to(TOP)) for path in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(TOP)))
def test_shellcheck_has_nothing_to_say(script):
    if not shutil.which("shellcheck"):
        assert not os.environ.get("CI"), "shellcheck is not installed"
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", "-x", "-P", TOP, script.relative_to(TOP)], cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def submit(*words, code=0, tenor=TOP / "build/engine/tenor"):
    done = subprocess.run([TOP / "jobs/submit.sh", *map(str, words)], cwd=TOP, capture_output=True, text=True, check=False,
                          env={**os.environ, "TENOR": os.environ.get("TENOR", str(tenor))})
    assert done.returncode == code, done.stderr
    return "\n".join(line for line in done.stderr.splitlines() if code or line.startswith("+"))  # the estimate of the deck's run aside


def test_a_dry_run_prints_the_command_and_submits_nothing():
    said = submit(DECK, "--nodes", 4, "--paths", "1e8", "--time", "2:00:00", "--dry-run", "--", "--seed", 5)
    assert said.startswith("+ sbatch --time=2:00:00 --nodes=4 --ntasks-per-node=1 --exclusive")
    assert said.strip().endswith(f"single.sh {DECK} out/anthropic-aws.nc --paths 1e8 --seed 5")
    cut = submit(DECK, "--shards", 16, "--partition", "spot", "--account", "risk", "--dry-run").splitlines()
    assert all("--partition=spot --account=risk" in line for line in cut), "the joining job goes where the shards go"
    assert "--array=1-16" in cut[0] and "--dependency=afterany:JOB" in cut[1] and "merge.sh out/anthropic-aws.nc 16" in cut[1]
    assert "--array=1-2" in submit(DECK, "decks/no-deal.yaml", "--dry-run")


@pytest.mark.parametrize("words, says", [
    ((), "which deck?"), (("no.yaml",), "no such deck"), ((DECK, "--nodes", "0"), "`0`"), ((DECK, "--nodes"), "wants a value"),
    ((DECK, "--node", "2"), "unknown option --node"), ((DECK, "decks/gpu.yaml", "--shards", "2"), "of one deck"),
    ((DECK, "tests/../" + DECK), "two decks are called anthropic-aws")])
def test_mistakes_are_named_before_anything_is_submitted(words, says):
    assert says in submit("--dry-run", *words, code=2)


def test_a_mistake_in_a_deck_is_found_before_the_queue(tmp_path):
    deck = tmp_path / "wrong.yaml"
    deck.write_text("name: wrong\ntime: {horizn: 3 months}\n")
    assert "horizn" in submit(deck, "--dry-run", code=2)


@pytest.mark.parametrize("words", [(), ("--shards", "3")], ids=["one", "shards"])
def test_a_submission_that_slurm_refuses_is_a_failure(words, tmp_path):
    sbatch = tmp_path / "sbatch"
    sbatch.write_text("#!/bin/sh\necho 'sbatch: error: invalid partition specified: nowhere' >&2\nexit 1\n")
    sbatch.chmod(0o755)
    done = subprocess.run([TOP / "jobs/submit.sh", DECK, *words], cwd=TOP, capture_output=True, text=True, check=False,
                          env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == 1 and "invalid partition" in done.stderr
    assert done.stderr.count("+ sbatch") == 1 and done.stdout == "", "nothing is submitted that waits for it"


def test_a_run_that_ends_while_a_signal_is_handled_keeps_its_exit_code(tmp_path):
    mpirun = tmp_path / "mpirun"
    mpirun.write_text("#!/bin/bash\ntrap 'exit 85' USR1\ntouch up\nwhile :; do sleep 0.01; done\n")
    mpirun.chmod(0o755)
    script = """jobs=jobs/slurm; . "$TOP/jobs/slurm/common.sh"; child= told=0
        say() { :; }
        kill() { builtin kill "$@" || return; [ "$1" != -USR1 ] || sleep 0.3; }  # the run has ended before the handler has
        trap 'forward USR1' USR1
        { until [ -e up ]; do sleep 0.01; done; builtin kill -USR1 $$; } &
        with_mpi mpirun"""
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=30,
                          env={**os.environ, "TOP": str(TOP), "TENOR": "true", "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == 85, done


def test_a_job_that_lost_a_node_goes_back_into_the_queue(tmp_path):
    """Its first step ends, and the next one would wait for ever."""
    for name, lines in {"srun": 'case "$*" in *true) exec sleep 60 ;; esac; exit 137', "scontrol": 'echo "$*" >>asked', "tenor": "exit 1"}.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{lines}\n")
        (tmp_path / name).chmod(0o755)
    script = 'set -eu; jobs=$TOP/jobs/slurm; . "$jobs/common.sh"; begin; run_to_end out.nc run deck.yaml'
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=30,
                          env={**os.environ, "TOP": str(TOP), "TENOR": str(tmp_path / "tenor"), "PATH": f"{tmp_path}:{os.environ['PATH']}",
                               "SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": "2", "TENOR_STEP_WAIT": "0.5", "TENOR_RETRY_PAUSE": "0"})
    assert done.returncode == 85 and "back into the queue" in done.stderr, done
    assert "requeue 7" in (tmp_path / "asked").read_text()
