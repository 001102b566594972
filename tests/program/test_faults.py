"""The k-th call of the system and the k-th request for memory fail, for every k: nothing that was written is lost, nothing hangs.

tests/tool/faults.c makes them fail. LONG=1 lets every call fail in every way, and every request (of two ranks every eighth); see tests/README.md."""
import filecmp
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
FAULTS = Path(os.environ.get("TENOR_BUILD", TOP / "build")) / "tests/tool/faults.so"
BASE = TOP / "decks/anthropic-aws.yaml"
LONG = bool(os.environ.get("LONG"))
DONE, FAILED, IO, REFUSED, STOPPED = 0, 1, 5, 6, 85
PATHS = 12_288
WAYS = ("ENOSPC", "EIO", "EINTR", "short", "kill")


def words(folder):
    return [TENOR, "run", BASE, "--set", "time.horizon=24 months", "--paths", str(PATHS), "-o", folder / "out.nc", "--checkpoint", folder / "run.ckpt",
            "--checkpoint-every", "0.001s", "--resume", "--threads", "1", "--progress", "none", "--quiet"]


def run(folder, *more, line=words, ranks=1, second=False, **fault):
    """`second`: of two ranks only the second one has the fault."""
    env = {**os.environ, **({"FAULT_FOLDER": str(folder)} if fault else {}), **{f"FAULT_{name.upper()}": str(value) for name, value in fault.items()}}
    command = [str(word) for word in (*line(folder), *more)]
    faulty = ["env", f"LD_PRELOAD={FAULTS}", *command] if fault else command  # the fault is the ranks', not mpirun's
    if second:
        faulty = ["mpirun", "-np", "1", *command, ":", "-np", "1", *faulty]
    elif ranks > 1:
        faulty = ["mpirun", "-np", str(ranks), *faulty]
    return subprocess.run(faulty, capture_output=True, text=True, timeout=120, env=env)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A run that was stopped twice, and what it must come to."""
    folder = tmp_path_factory.mktemp("begun")
    for _ in range(2):
        assert run(folder, "--max-time", "0.001s").returncode == STOPPED
    other = tmp_path_factory.mktemp("whole")
    assert run(other).returncode == DONE
    return folder, other / "out.nc"


@pytest.fixture
def fresh(begun, tmp_path):
    """Gives a folder with the checkpoints of the begun run, emptied before each use."""
    def make():
        folder = tmp_path / "run"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for file in begun[0].glob("run.ckpt*"):
            shutil.copy(file, folder)
        return folder
    return make


def count(folder, kind, **how):
    report = folder.parent / "report"
    assert run(folder, kind=kind, at=0, report=report, **how).returncode == DONE
    return int(report.read_text())


def ends_whole(folder, whole):
    """What was computed is there, or goes on from a whole checkpoint to equal bytes."""
    if not (folder / "out.nc").exists():
        done = run(folder)
        assert done.returncode == DONE, done.stderr
    return filecmp.cmp(folder / "out.nc", whole, shallow=False)


def files_that_are_no_leftovers(folder):
    return {path.name for path in folder.iterdir()} <= {"out.nc", "out.run.json", "run.ckpt", "run.ckpt.previous"}


def test_every_call_of_the_system_may_fail(begun, fresh):
    n = count(fresh(), "files")
    assert n > 30
    codes = {}
    for k in range(1, n + 1):
        for way in WAYS if LONG else (WAYS[k % len(WAYS)],):
            folder = fresh()
            done = run(folder, kind="files", at=k, way=way)
            codes.setdefault(way, []).append(done.returncode)
            where = f"call {k} of {n}, {way}: {done.returncode}\n{done.stderr}"
            assert done.returncode in {"kill": (-9,), "EINTR": (DONE, IO), "short": (DONE, IO)}.get(way, (DONE, IO)), where
            if done.returncode == IO:
                assert re.search(r"tenor: error: .*: (No space left|Input/output|Interrupted)", done.stderr), where
            if way != "kill":
                assert files_that_are_no_leftovers(folder), (where, list(folder.iterdir()))
            assert ends_whole(folder, begun[1]), where
    assert {-9} == set(codes["kill"])
    assert IO in codes["EIO"] and DONE in codes["EIO"], "some faults end the run, some are survived"
    print(n, "calls;", {way: {code: got.count(code) for code in sorted(set(got))} for way, got in codes.items()})


def test_a_stop_that_cannot_be_written_says_so(begun, fresh):
    """Told to stop, with a full disk: exit 5, and the checkpoint before it is whole."""
    folder = fresh()
    n = None
    for k in range(1, 80):
        folder = fresh()
        done = run(folder, "--max-time", "0.001s", kind="files", at=k, way="ENOSPC")
        if done.returncode == IO and "run.ckpt: No space" in done.stderr:
            n = k
            assert ends_whole(folder, begun[1])
        if done.returncode == STOPPED and n:
            break
    assert n


@pytest.mark.parametrize("ranks", [1, 2])
def test_every_request_for_memory_may_fail(ranks, begun, fresh):
    n = count(fresh(), "memory")
    assert n > 100
    step = (1, 8)[ranks - 1] if LONG else max(1, n // (24, 8)[ranks - 1])
    tried, codes = range(3 % step or 1, n + 1, step), []
    for k in tried:
        folder = fresh()
        done = run(folder, ranks=ranks, kind="memory", at=k)
        codes.append(done.returncode)
        where = f"request {k} of {n}: {done.returncode}\n{done.stderr}"
        assert done.returncode in (DONE, FAILED), where
        if done.returncode == FAILED:
            assert "memory" in done.stderr, where
        assert files_that_are_no_leftovers(folder), (where, list(folder.iterdir()))
        assert ends_whole(folder, begun[1]), where
    assert FAILED in codes
    print(n, "requests;", {code: codes.count(code) for code in sorted(set(codes))})


@pytest.mark.skipif(not Path(TENOR).with_name("dump_parallel.so").exists(), reason="built without parallel NetCDF")
@pytest.mark.parametrize("second", [False, True])
def test_a_dump_without_memory_leaves_no_file_of_paths(second, tmp_path):
    """The last request of all is for the paths of a group, after the file was begun; of a second rank the one before it too is the dump's."""
    def line(folder):
        return TENOR, "run", BASE, "--set", "time.horizon=24 months", "--paths", "600", "-o", folder / "out.nc", "--dump-paths", "600", "--force", "--quiet"

    n = count(tmp_path, "memory", line=line, second=second)
    (tmp_path / "out.paths.nc").unlink()
    for k, lacking in {**({n - 1: "paths that are written"} if second else {}), n: "blocks of paths"}.items():
        done = run(tmp_path, line=line, second=second, kind="memory", at=k)
        assert done.returncode == FAILED and lacking in done.stderr, done.stderr
        assert {path.name for path in tmp_path.iterdir()} <= {"out.nc", "out.run.json"}, list(tmp_path.iterdir())


def test_a_measurement_that_one_rank_has_no_memory_for_ends_on_all(tmp_path):
    """Of a rank that reads no deck the second request is the first of the measurement, before the ranks tell each other where they run."""
    def line(folder):
        return TENOR, "bench", BASE, "--rounds", "1", "--seconds", "0.01", "--threads", "1"

    done = run(tmp_path, line=line, second=True, kind="memory", at=2)
    assert done.returncode == FAILED and "no memory for measurements" in done.stderr, done.stderr
