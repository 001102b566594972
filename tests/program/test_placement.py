"""Threads and processors: what is chosen, what is warned of, and that results do not depend on it."""
import filecmp
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
DECK = str(TOP / "decks/anthropic-aws.yaml")
OURS = ("OMP_NUM_THREADS", "OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY", "KMP_AFFINITY", "SLURM_CPUS_PER_TASK")
MINE = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
pytestmark = pytest.mark.skipif(len(MINE) < 2 or not shutil.which("taskset"), reason="wants two processors and taskset")


def run(output, *words, on=None, ranks=1, mpirun=("mpirun",), program=TENOR, **environment):
    """Returns standard error and the sidecar of a run; `on`: the processors it is left."""
    clean = {k: v for k, v in os.environ.items() if k not in OURS}
    command = [program, "run", DECK, "-o", str(output), "--paths", "5000", "--seed", "3", "--quiet", *map(str, words)]
    if ranks > 1:
        command = [*mpirun, "-np", str(ranks), *command]
    if on is not None:
        command = ["taskset", "-c", ",".join(map(str, on)), *command]
    done = subprocess.run(command, capture_output=True, text=True, env={**clean, **environment}, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stderr, json.loads(output.with_suffix(".run.json").read_text())


def warnings(errors):
    return [line for line in errors.split("\n") if line.startswith("tenor: warning: ")]


def is_quota():
    """A control group that grants less time than there are processors changes what is chosen."""
    with open("/proc/self/cgroup") as file:
        groups = [line.rstrip("\n").split(":") for line in file]
    for _, controllers, group in groups:
        name = "sys/fs/cgroup" + ("" if not controllers else "/cpu")
        for folder in [Path("/" + name + group), *Path("/" + name + group).parents]:
            for limit in ("cpu.max", "cpu.cfs_quota_us"):
                if (folder / limit).is_file() and not (folder / limit).read_text().startswith(("max", "-1")):
                    return True
    return False


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    output = tmp_path_factory.mktemp("placement") / "plain.nc"
    return (output, *run(output, "--threads", 1))


def test_a_thread_that_leaves_room_is_not_bound(plain):
    _, errors, sidecar = plain
    assert errors == "" and sidecar["processors"] == len(MINE) and sidecar["pinned"] is False


@pytest.mark.skipif(is_quota(), reason="the control group has a quota")
def test_a_thread_for_each_processor_is_bound_unless_told_not_to(plain, tmp_path):
    for words, pinned in (({}, True), ({"OMP_PROC_BIND": "false"}, False),
                          ({"OMP_PROC_BIND": "true"}, False), ({"OMP_PLACES": "cores"}, False)):
        errors, sidecar = run(tmp_path / "a.nc", "--force", **words)
        assert (errors, sidecar["threads"], sidecar["pinned"]) == ("", len(MINE), pinned), words
        assert filecmp.cmp(plain[0], tmp_path / "a.nc", shallow=False)


@pytest.mark.skipif(is_quota(), reason="the control group has a quota")
def test_a_second_deck_of_a_command_has_all_processors_again(tmp_path):
    """The main thread, bound for the first deck, is set free after it."""
    clean = {k: v for k, v in os.environ.items() if k not in OURS}
    subprocess.run([TENOR, "run", DECK, str(TOP / "decks/no-deal.yaml"), "-o", str(tmp_path), "--paths", "2000", "--quiet"],
                   env=clean, check=True, timeout=120)
    for name in ("anthropic-aws", "no-deal"):
        sidecar = json.loads((tmp_path / f"{name}.run.json").read_text())
        assert sidecar["threads"] == sidecar["processors"] == len(MINE) and sidecar["pinned"], name


def test_slurm_and_openmp_say_how_many_threads(plain, tmp_path):
    for words, threads in (({"SLURM_CPUS_PER_TASK": "1"}, 1), ({"SLURM_CPUS_PER_TASK": "1", "OMP_NUM_THREADS": "2"}, 2)):
        errors, sidecar = run(tmp_path / "a.nc", "--force", **words)
        assert (errors, sidecar["threads"]) == ("", threads), words
        assert filecmp.cmp(plain[0], tmp_path / "a.nc", shallow=False)


def test_threads_on_one_processor_are_warned_of(plain, tmp_path):
    errors, sidecar = run(tmp_path / "a.nc", on=MINE[:1], OMP_NUM_THREADS="8")
    assert len(warnings(errors)) == 1 and "8 threads may use 1 processor only" in errors, errors
    assert "set OMP_NUM_THREADS=1" in errors
    assert sidecar["processors"] == 1 and sidecar["threads"] == 8 and not sidecar["pinned"]
    assert filecmp.cmp(plain[0], tmp_path / "a.nc", shallow=False)
    errors, sidecar = run(tmp_path / "b.nc", on=MINE[:1])
    assert errors == "" and sidecar["threads"] == 1


def test_a_command_of_two_decks_warns_once(tmp_path):
    clean = {k: v for k, v in os.environ.items() if k not in OURS}
    done = subprocess.run(["taskset", "-c", str(MINE[0]), TENOR, "run", DECK, str(TOP / "decks/no-deal.yaml"), "-o", str(tmp_path),
                           "--paths", "600", "--quiet", "--threads", "3"], env=clean, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and len(warnings(done.stderr)) == 1 and "use --threads 1" in done.stderr, done.stderr


@pytest.mark.parametrize("ranks, words", [(2, ["--threads", 4 * len(MINE)]), (2 * len(MINE), [])])
def test_too_many_ranks_and_threads_are_warned_of(plain, tmp_path, ranks, words):
    errors, sidecar = run(tmp_path / "a.nc", *words, ranks=ranks)
    assert len(warnings(errors)) == 1 and "times oversubscribed" in errors, errors
    assert f"{ranks} ranks x {sidecar['threads']} thread" in errors
    assert f"use --threads {len(MINE) // 2}" in errors if words else "ranks a node" in errors
    assert not sidecar["pinned"]
    assert filecmp.cmp(plain[0], tmp_path / "a.nc", shallow=False)


def test_ranks_share_the_processors_of_their_node(plain, tmp_path):
    errors, sidecar = run(tmp_path / "a.nc", ranks=2)
    assert errors == "" and sidecar["threads"] == max(len(MINE) // 2, 1)
    assert filecmp.cmp(plain[0], tmp_path / "a.nc", shallow=False)


def is_open_mpi():
    found = subprocess.run(["mpirun", "--version"], capture_output=True, text=True)
    return "Open MPI" in found.stdout


@pytest.mark.skipif(shutil.which("mpirun") is None or not is_open_mpi(), reason="wants Open MPI's mpirun")
def test_mpirun_that_binds_is_named(plain, tmp_path):
    errors, sidecar = run(tmp_path / "a.nc", "--threads", 64, on=MINE[:1], ranks=2,
                          mpirun=("mpirun", "--oversubscribe", "--bind-to", "none"))
    assert "2 ranks x 64 threads may use 1 processor only" in errors and "mpirun bound" not in errors, errors
    done = subprocess.run(["mpirun", "-np", "1", "--bind-to", "core", TENOR, "run", DECK, "-o", str(tmp_path / "b.nc"), "--paths",
                           "5000", "--seed", "3", "--quiet", "--threads", "64"], capture_output=True, text=True, timeout=120,
                          env={k: v for k, v in os.environ.items() if k not in OURS})
    if done.returncode != 0:
        pytest.skip("mpirun cannot bind here: " + done.stderr.strip()[:200])
    assert len(warnings(done.stderr)) == 1
    if json.loads((tmp_path / "b.run.json").read_text())["processors"] < os.cpu_count():
        assert "mpirun bound it; use mpirun --bind-to none or --map-by slot:PE=64" in done.stderr, done.stderr
    assert filecmp.cmp(plain[0], tmp_path / "b.nc", shallow=False)


@pytest.mark.skipif(shutil.which("mpirun") is None or not is_open_mpi(), reason="wants Open MPI")
def test_what_the_user_says_of_transport_stays(tmp_path):
    """Open MPI cannot start without a way to send; ours must not take the place of the user's."""
    if "Open MPI" not in json.loads((run(tmp_path / "a.nc") and (tmp_path / "a.run.json")).read_text())["mpi"]:
        pytest.skip("another MPI library")
    done = subprocess.run([TENOR, "run", DECK, "-o", str(tmp_path / "b.nc"), "--paths", "512", "--quiet"], capture_output=True,
                          text=True, timeout=120, env={**os.environ, "OMPI_MCA_pml": "nonesuch"})
    assert done.returncode != 0 and not (tmp_path / "b.nc").exists()
