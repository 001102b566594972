"""The structure of the house: what each room may know, and what stands at the top level."""
import os
import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
ENGINE = TOP / "engine"
SOURCES = sorted(p for p in ENGINE.rglob("*") if p.suffix in (".c", ".h", ".def"))
DOORS = {"mpi.h": "edge/team.c", "netcdf.h": None, "yaml.h": None, "udunits2.h": None, "nettle/sha2.h": "edge/digest.c",
         "omp.h": "campaign/crew.c", "dlfcn.h": "edge/dump_load.c"}
PARTS = {"edge/dump_parallel.c"}  # libraries of their own, loaded when they are wanted; they have doors of their own
ROOMS = ["base", "math", "random", "model", "stats", "edge", "campaign", "command", "main"]  # lower rooms first


def includes(path):
    return re.findall(r'^#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(), re.M)


def floor(name):
    """How high a file stands."""
    room = name.split("/")[0]
    return ROOMS.index("main" if room == "main.c" else room)


@pytest.mark.parametrize("header", DOORS)
def test_each_library_has_one_door(header):
    users = [p.relative_to(ENGINE).as_posix() for p in SOURCES if header in includes(p)]
    users = [name for name in users if name not in PARTS]
    assert len(users) == 1, f"{header} is included by {users}"
    assert DOORS[header] in (None, users[0])


def test_includes_point_down_only():
    wrong = []
    for path in SOURCES:
        mine = path.relative_to(ENGINE).as_posix()
        for header in includes(path):
            if (ENGINE / header).exists() and floor(header) > floor(mine):
                wrong.append(f"{mine} includes {header}")
    assert not wrong, wrong


def test_no_file_includes_itself_in_a_circle():
    graph = {p.relative_to(ENGINE).as_posix(): [h for h in includes(p) if (ENGINE / h).exists()] for p in SOURCES}
    done, path = set(), []

    def visit(node):
        assert node not in path, " -> ".join(path[path.index(node):] + [node])
        if node in done:
            return
        path.append(node)
        for other in graph.get(node, []):
            visit(other)
        path.pop()
        done.add(node)

    for node in graph:
        if node.endswith(".h"):
            visit(node)


def test_the_engine_calls_no_transcendental_of_libm():
    """exp, log and their kin differ between libraries; the engine has its own (math/)."""
    call = re.compile(r"(?<![\w.])(?:expm1|exp2?|log1p|log2|log10|log|pow|sin|cos|tan|erfc?|tgamma|lgamma|cbrt|tanh)f?\s*\(")
    wrong = []
    for path in SOURCES:
        code = re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\])*"', "", path.read_text(), flags=re.S)
        wrong += [f"{path.relative_to(ENGINE)}: {m.group(0)}" for m in call.finditer(code)]
    assert not wrong, wrong


def test_the_floor_of_bench_counts_the_exponentials_of_a_month():
    """Those of path constants (supply, sites) and of tables of the deck (constants, matrix) are not a month's."""
    counts = dict(re.findall(r"(FLOOR_\w*EXPS) = (\d+)", (ENGINE / "model/floor.h").read_text()))
    once = {"supply.c", "sites.c", "constants.c", "matrix.c", "floor.c"}
    found = sum(p.read_text().count("lane_exp(") for p in (ENGINE / "model").glob("*.c") if p.name not in once)
    assert found == int(counts["FLOOR_EXPS"]) + int(counts["FLOOR_CUSTOMER_EXPS"])


def test_top_level_is_the_agreed_one():
    listed = subprocess.run(["git", "ls-files"], cwd=TOP, capture_output=True, text=True)
    if listed.returncode != 0 or not listed.stdout:
        pytest.skip("not a git checkout")
    top = {line.split("/")[0] for line in listed.stdout.split("\n") if line}
    assert {t for t in top if not t.startswith(".")} == {
        "engine", "decks", "postproc", "jobs", "tests", "configure.ac", "Makefile.am", "README.md"}


def test_each_folder_tells_what_it_is_for():
    for folder in ("engine", "decks", "postproc", "jobs", "tests"):
        assert (TOP / folder / "README.md").is_file(), folder


def test_configure_names_every_missing_library_and_its_package(tmp_path):
    """With headers and libraries hidden, one run of configure lists them all."""
    configure = TOP / "configure"
    if not configure.exists():
        pytest.skip("configure is not generated")
    hidden = {f"ac_cv_header_{h}": "no" for h in ("yaml_h", "udunits2_h", "nettle_sha2_h", "netcdf_h")}
    run = subprocess.run([str(configure), "MPICC=/bin/true"], cwd=tmp_path, capture_output=True, text=True,
                         env={**os.environ, **hidden})
    assert run.returncode != 0
    for words in (("NetCDF", "libnetcdf-dev", "netcdf-devel", "netcdf-c"), ("libyaml", "libyaml-dev", "libyaml-devel"),
                  ("UDUNITS", "libudunits2-dev", "udunits2-devel", "udunits"), ("Nettle", "nettle-dev", "nettle-devel"),
                  ("MPI", "libopenmpi-dev", "openmpi-devel", "openmpi")):
        lines = [line for line in run.stderr.split("\n") if words[0] + ":" in line or line.strip().startswith(words[0])]
        assert any(all(w in line for w in words) for line in lines), (words, run.stderr)
