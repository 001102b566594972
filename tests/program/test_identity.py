"""Equal deck, seed and paths give equal bytes, whoever computed them."""
import filecmp
import os
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
DECK = TOP / "decks/anthropic-aws.yaml"
PATHS = 200_000


def run(output, *, ranks=1, threads=1, program=TENOR, mpirun="mpirun", isa=None, paths=PATHS, deck=DECK):
    environment = dict(os.environ)
    if isa:
        environment["TENOR_ISA"] = isa
    command = [program, "run", str(deck), "-o", str(output), "--paths", str(paths), "--seed", "42", "--threads",
               str(threads), "--quiet"]
    if ranks > 1:
        command = [mpirun, "-np", str(ranks), *command]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    return output


@pytest.fixture(scope="module")
def one_rank(tmp_path_factory):
    return run(tmp_path_factory.mktemp("identity") / "one.nc")


@pytest.mark.parametrize("ranks", [1, 2, 3, 5])
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_bytes_do_not_depend_on_ranks_and_threads(one_rank, tmp_path, ranks, threads):
    other = run(tmp_path / "other.nc", ranks=ranks, threads=threads)
    assert filecmp.cmp(one_rank, other, shallow=False)


@pytest.mark.parametrize("ranks", [1, 2])
def test_bytes_do_not_depend_on_the_mpi_library_or_the_compiler(one_rank, tmp_path, ranks):
    program = os.environ.get("TENOR_MPICH")
    if not program:
        pytest.skip("TENOR_MPICH names no second build")
    other = run(tmp_path / "other.nc", ranks=ranks, program=program, mpirun="mpirun.mpich")
    assert filecmp.cmp(one_rank, other, shallow=False)


@pytest.mark.parametrize("isa", ["baseline", "avx2", "avx512"])
def test_bytes_do_not_depend_on_the_instruction_set(tmp_path, isa):
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    if isa != "baseline" and {"avx2": "avx2", "avx512": "avx512dq"}[isa] not in flags:
        pytest.skip(f"this machine has no {isa}")
    chosen = run(tmp_path / "chosen.nc", isa=isa, paths=20_000)
    best = run(tmp_path / "best.nc", paths=20_000)
    assert filecmp.cmp(chosen, best, shallow=False)


def test_a_number_of_paths_that_fills_no_block_counts_exactly(tmp_path):
    xarray = pytest.importorskip("xarray")
    for paths in (1, 511, 513, 1025):
        result = run(tmp_path / f"{paths}.nc", paths=paths)
        other = run(tmp_path / f"{paths}-again.nc", paths=paths, ranks=2, threads=2)
        assert filecmp.cmp(result, other, shallow=False)
        with xarray.open_dataset(result) as data:
            assert int(data["paths"]) == paths


def test_another_seed_gives_another_result(tmp_path):
    first = run(tmp_path / "a.nc", paths=5000)
    done = subprocess.run([TENOR, "run", str(DECK), "-o", str(tmp_path / "b.nc"), "--paths", "5000", "--seed", "43",
                           "--quiet"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not filecmp.cmp(first, tmp_path / "b.nc", shallow=False)
