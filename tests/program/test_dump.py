"""Paths as they are, written by all ranks together: the same bytes for any ranks, the values of the run, and an end on a full disk."""
import csv
import filecmp
import io
import os
import re
import resource
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
BASE, PORTFOLIO, NO_DEAL = (TOP / f"decks/{name}.yaml" for name in ("anthropic-aws", "portfolio", "no-deal"))
WITHIN = 10  # s in which all ranks end after a fault of one
PATHS = 2000  # the last block of paths is not full

LIBRARY = Path(TENOR).with_name("dump_parallel.so")
needs_library = pytest.mark.skipif(not LIBRARY.exists(), reason="built without parallel NetCDF")


def tenor(*words, ranks=1, threads=1, code=0, **more):
    line = (["mpirun", "-np", str(ranks)] if ranks > 1 else []) + [TENOR, *map(str, words), "--quiet"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=300,
                          env={**os.environ, "OMP_NUM_THREADS": str(threads)}, **more)
    assert done.returncode == code, (done.returncode, done.stderr)
    return done


def same(a, b):
    return filecmp.cmp(a, b, shallow=False)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dump")
    tenor("run", BASE, "--paths", PATHS, "-o", folder / "plain.nc")
    tenor("run", BASE, "--paths", PATHS, "-o", folder / "a.nc", "--dump-paths", PATHS)
    return folder


def test_the_tests_see_parallel_netcdf_where_it_is_installed():
    """Else the build would have lost it without a word."""
    if shutil.which("dpkg-query") is None or "MPICH" in subprocess.run([TENOR, "--version"], capture_output=True, text=True).stdout:
        pytest.skip("cannot tell")
    installed = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", "libnetcdf-mpi-dev"], capture_output=True, text=True)
    assert (installed.stdout == "installed") == LIBRARY.exists()


@needs_library
@pytest.mark.parametrize("ranks, threads", ((2, 1), (3, 2), (5, 1)))
def test_bytes_do_not_depend_on_the_ranks_and_the_result_is_that_of_a_run_without(base, tmp_path, ranks, threads):
    tenor("run", BASE, "--paths", PATHS, "-o", tmp_path / "b.nc", "--dump-paths", PATHS, ranks=ranks, threads=threads)
    assert same(base / "a.nc", base / "plain.nc") and same(tmp_path / "b.nc", base / "plain.nc")
    assert same(tmp_path / "b.paths.nc", base / "a.paths.nc")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.nc", "b.paths.nc", "b.run.json"]


@needs_library
def test_several_groups_of_blocks_by_several_ranks(tmp_path):
    """40000 paths are two groups of the base deck."""
    for ranks in (1, 3):
        tenor("run", BASE, "--paths", 40_000, "-o", tmp_path / f"{ranks}.nc", "--dump-paths", "100%", ranks=ranks)
    assert same(tmp_path / "1.paths.nc", tmp_path / "3.paths.nc")
    with xr.open_dataset(tmp_path / "1.paths.nc") as dump, xr.open_dataset(tmp_path / "1.nc") as result:
        assert dump.sizes["path"] == 40_000
        assert float(dump.npv.mean()) == pytest.approx(float(result.npv_mean), rel=1e-12)
        assert np.isfinite(dump.backlog.values).all()


@needs_library
def test_means_of_the_paths_are_the_means_of_the_result(base):
    compared = 0
    with xr.open_dataset(base / "a.paths.nc") as dump, xr.open_dataset(base / "a.nc") as result:
        for name, values in dump.data_vars.items():
            mean = f"{name}_mean"
            if "path" not in values.dims or mean not in result or result[mean].ndim != values.ndim - 1 or values.units == "month":
                continue
            paths = values.values.astype(float)
            if np.isinf(paths).any():
                continue  # a date that some paths never see; its mean is over the others
            assert np.allclose(paths.mean(axis=0), result[mean].values, rtol=1e-11, atol=1e-12, equal_nan=True), name
            assert values.attrs["units"] == result[mean].attrs["units"] and values.attrs.get("scale") == result[mean].attrs.get("scale")
            compared += 1
    assert compared > 40


@needs_library
@pytest.mark.parametrize("path", (0, 511, 512, 1999))
def test_each_path_is_the_one_that_explain_follows(base, path):
    text = subprocess.run([TENOR, "explain", str(BASE), "--path", str(path), "--csv"], capture_output=True, text=True, check=True).stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    with xr.open_dataset(base / "a.paths.nc") as dump:
        one = dump.isel(path=path)
        backlog = [float(row["backlog:Anthropic"]) for row in rows]
        # the base deck's schedule begins with the first quarter: its ends are every third month
        assert np.allclose(one.backlog.values, backlog[2::3], rtol=1e-12), path


@needs_library
def test_a_share_of_several_customers_of_sobol_points_and_of_a_shard(tmp_path):
    tenor("run", PORTFOLIO, "--paths", 1500, "-o", tmp_path / "p.nc", "--dump-paths", "10%")
    with xr.open_dataset(tmp_path / "p.paths.nc") as dump:
        assert dump.sizes["path"] == 150 and dump.sizes["customer"] > 1
    tenor("run", BASE, "--paths", 3000, "--shard", "2/3", "-o", tmp_path / "s.nc", "--dump-paths", 100)
    with xr.open_dataset(tmp_path / "s.paths.nc") as dump:
        first = int(dump.first_path)
        text = subprocess.run([TENOR, "explain", str(BASE), "--path", str(first), "--csv"], capture_output=True, text=True, check=True).stdout
        assert first > 0 and float(list(csv.DictReader(io.StringIO(text)))[-1]["backlog:Anthropic"]) == pytest.approx(float(dump.backlog[0, -1]), rel=1e-12)


def test_without_the_library_the_option_says_so_and_all_else_works(tmp_path):
    alone = tmp_path / "tenor"
    shutil.copy2(TENOR, alone)
    line = [str(alone), "run", str(BASE), "--paths", "100", "-o", str(tmp_path / "a.nc"), "--quiet"]
    without = subprocess.run([*line, "--dump-paths", "10"], capture_output=True, text=True)
    if without.returncode == 0:
        pytest.skip("a tenor is installed, and its library is found")
    assert without.returncode == 2 and "parallel NetCDF" in without.stderr and "libnetcdf-mpi-dev" in without.stderr
    assert not (tmp_path / "a.nc").exists()
    assert subprocess.run(line, capture_output=True).returncode == 0 and (tmp_path / "a.nc").exists()


@needs_library
def test_a_machine_without_the_library_is_named(tmp_path):
    alone = tmp_path / "tenor"
    shutil.copy2(TENOR, alone)
    words = ["run", str(BASE), "--paths", "600", "-o", str(tmp_path / "a.nc"), "--dump-paths", "10", "--quiet"]
    done = subprocess.run(["mpirun", "-np", "1", TENOR, *words, ":", "-np", "1", str(alone), *words], capture_output=True, text=True, timeout=60)
    if done.returncode == 0:
        pytest.skip("a tenor is installed, and its library is found")
    assert done.returncode == 2 and done.stderr.count("error:") == 1, done.stderr
    assert f"--dump-paths: on {socket.gethostname()} there is no dump_parallel.so" in done.stderr and not (tmp_path / "a.nc").exists()


@pytest.mark.parametrize("wrong", ("0", "-1", "101%", "1.5", "x", "10 %", "nan", ""))
def test_what_is_no_number_of_paths_is_refused(tmp_path, wrong):
    done = tenor("run", BASE, "--paths", 100, "-o", tmp_path / "a.nc", f"--dump-paths={wrong}", code=2)
    assert "--dump-paths wants a number of paths, or a share like 1% or 0.01" in done.stderr and not list(tmp_path.iterdir())


@needs_library
def test_commands_without_paths_of_their_own_refuse_it_and_a_file_is_not_replaced_unasked(base, tmp_path):
    assert "--dump-paths" in tenor("compare", BASE, NO_DEAL, "--paths", 100, "-o", tmp_path / "c.nc", "--dump-paths", 5, code=2).stderr
    (tmp_path / "a.paths.nc").write_text("mine")
    assert "exists already" in tenor("run", BASE, "--paths", 100, "-o", tmp_path / "a.nc", "--dump-paths", 5, code=2).stderr
    assert [p.name for p in tmp_path.iterdir()] == ["a.paths.nc"] and (tmp_path / "a.paths.nc").read_text() == "mine"


def ends_in_time(words, folder, ranks, program=TENOR, **more):
    """All ranks end with the code of input and output soon after the result stands, and say why; no half dump stays."""
    line = (["mpirun", "-np", str(ranks)] if ranks > 1 else []) + [program, *map(str, words), "--quiet"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, env={**os.environ, "OMP_NUM_THREADS": "1"}, **more)
    ended = time.time()
    assert done.returncode == 5, (done.returncode, done.stderr)
    assert re.search(r"paths\.nc.*: \S", done.stderr), done.stderr
    result = folder / "a.nc"
    assert result.exists(), "the result was written before"
    assert ended - result.stat().st_mtime < WITHIN
    assert not [p for p in folder.iterdir() if "paths" in p.name]


@needs_library
@pytest.mark.parametrize("ranks", (1, 2, 4))
def test_a_limit_of_the_file_ends_all_ranks(tmp_path, ranks):
    limit = 8 << 20  # the result has 5 MB, the dump 19

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    ends_in_time(("run", BASE, "--paths", 3000, "-o", tmp_path / "a.nc", "--dump-paths", 3000), tmp_path, ranks, preexec_fn=limited)


@needs_library
@pytest.mark.parametrize("bad", range(4))
def test_a_fault_of_one_rank_ends_all(tmp_path, bad):
    """The result fits, and what this rank has to write lies behind the limit."""
    program = tmp_path / "limited"
    program.write_text('#!/bin/bash\n'
                       'rank=${OMPI_COMM_WORLD_RANK-$PMI_RANK}\n'
                       f'if [ "$rank" = {bad} ]; then ulimit -f 6144; fi\n'
                       f'exec {TENOR} "$@"\n')
    program.chmod(0o755)
    ends_in_time(("run", BASE, "--paths", 3000, "-o", tmp_path / "a.nc", "--dump-paths", 3000), tmp_path, 4, program=program)


@needs_library
@pytest.mark.parametrize("ranks", (1, 3))
def test_a_full_disk_ends_all_ranks(ranks):
    folder = Path(tempfile.mkdtemp())
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], capture_output=True).returncode != 0:
        folder.rmdir()
        pytest.skip("only root may mount a small disk")
    try:
        ends_in_time(("run", BASE, "--paths", 3000, "-o", folder / "a.nc", "--dump-paths", 3000), folder, ranks)
    finally:
        for _ in range(100):  # ranks that were told to end may still hold the file
            if subprocess.run(["umount", folder], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        folder.rmdir()
