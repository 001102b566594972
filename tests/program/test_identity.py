"""Equal deck, seed and paths give equal bytes, whoever computed them: ranks, threads, instruction sets; compilers,
optimisation levels, MPI libraries, lanes, aarch64 (the builds of tests/identity/builds.txt); and whatever a library did to
a thread's arithmetic."""
import filecmp
import os
import platform
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
DECK = TOP / "decks/anthropic-aws.yaml"
PATHS = 40_000
ARM = platform.machine() == "aarch64"
FLAGS = Path("/proc/cpuinfo").read_text().split() if Path("/proc/cpuinfo").exists() else []
ISAS = {"neon": []} if ARM else {"baseline": [], "avx2": ["avx2", "fma"],
                                 "avx512": ["avx512f", "avx512dq", "avx512vl", "avx512bw"]}


def lack(reason):
    """What cannot be run is passed by, but not where it must have been: in continuous integration."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(reason)
    pytest.skip(reason)


def skip_unless_it_runs(isa):
    if not set(ISAS[isa]) <= set(FLAGS):
        pytest.skip(f"this processor has no {isa}")


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


@pytest.mark.parametrize("isa", ISAS)
def test_bytes_do_not_depend_on_the_instruction_set(tmp_path, isa):
    skip_unless_it_runs(isa)
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


# ---- builds: small results from each, on each instruction set

LONG = bool(os.environ.get("LONG"))
IDENTITY = TOP / "tests/identity"
BUILDS = Path(os.environ.get("TENOR_IDENTITY", TOP / "build/identity"))
ROWS = {line.split()[0]: line.split()[1:4] for line in (IDENTITY / "builds.txt").read_text().splitlines() if line[0] != "#"}
MINE = {name: mpi for name, (when, _, mpi) in ROWS.items() if LONG or when == "ci"}
CROSS = [name for name, mpi in MINE.items() if mpi == "sysroot"]
MPIRUN = {"gcc-O3": "mpirun", "clang-O3": "mpirun.mpich",
          **{name: mpi.replace("mpicc", "mpirun") for name, mpi in MINE.items() if mpi != "sysroot"}}
QEMU = ["qemu-aarch64", "-L", str(BUILDS / "sysroot")]
SMALL = {  # two blocks and a part of one, a block and one path, three drawn decks, a replicate of Sobol points
    "base": (DECK, "--paths", "1100"),
    "portfolio": (TOP / "decks/portfolio.yaml", "--paths", "513"),
    "uncertain": (TOP / "tests/decks/uncertain.yaml", "--paths", "1100"),
    "sobol": (DECK, "--paths", "16384", "--sampling", "sobol", "--shard", "3/32"),
}
if LONG:
    SMALL.update({deck.stem: (deck, "--paths", "2000") for deck in sorted((TOP / "decks").glob("*.yaml"))})


def small_results(command, folder, isa=None, threads=1, names=tuple(SMALL)):
    """The results in `folder`, as many at a time as there are processors."""
    def one(name):
        deck, *options = map(str, SMALL[name])
        done = subprocess.run([*map(str, command), "run", deck, *options, "-o", str(folder / f"{name}.nc"), "--seed", "42",
                               "--threads", str(threads), "--quiet"], capture_output=True, text=True, timeout=900,
                              env={**os.environ, **({"TENOR_ISA": isa} if isa else {})})
        assert done.returncode == 0, done.stderr
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(one, names))
    return folder


def program_of(build):
    named = {"gcc-O3": TENOR, "clang-O3": os.environ.get("TENOR_MPICH", TOP / "build/clang-mpich/engine/tenor")}
    program = Path(named.get(build, BUILDS / build / "engine/tenor"))
    if not program.exists():
        lack(f"{program} is missing; tests/identity/build.sh makes it")
    return str(program)


def tool(name):
    if not shutil.which(name):
        lack(f"{name} is missing")
    return name


def skip_on_arm():
    if ARM:
        pytest.skip("this machine is of that kind: what runs here is compared above")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_results([program_of("gcc-O3")], tmp_path_factory.mktemp("small"))


def assert_same(small, other):
    results = sorted(other.glob("*.nc"))
    assert results
    wrong = [result.stem for result in results if not filecmp.cmp(small / result.name, result, shallow=False)]
    assert not wrong, f"other bytes: {wrong}"


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("build", MPIRUN)
def test_bytes_do_not_depend_on_the_build(small, tmp_path, build, isa):
    skip_unless_it_runs(isa)
    assert_same(small, small_results([program_of(build)], tmp_path, isa))


@pytest.mark.parametrize("ranks, threads", [(2, 1), (3, 2), (5, 3)] if LONG else [(3, 2)])
@pytest.mark.parametrize("build", MPIRUN if LONG else ["gcc-O3", "clang-O3", "gcc-O2", "clang-O0"])
def test_bytes_do_not_depend_on_the_ranks_of_a_build(small, tmp_path, build, ranks, threads):
    assert_same(small, small_results([tool(MPIRUN[build]), "-np", ranks, program_of(build)], tmp_path, threads=threads))


@pytest.mark.parametrize("build", CROSS)
def test_bytes_do_not_depend_on_the_kind_of_processor(small, tmp_path, build):
    skip_on_arm()
    assert_same(small, small_results([tool(QEMU[0]), *QEMU[1:], program_of(build)], tmp_path, "neon"))


def test_bytes_do_not_depend_on_the_ranks_of_another_kind_of_processor(small, tmp_path):
    skip_on_arm()
    command = [tool("mpirun.mpich"), "-np", 2, tool(QEMU[0]), *QEMU[1:], program_of("aarch64")]
    assert_same(small, small_results(command, tmp_path, threads=2, names=["uncertain"]))


@pytest.mark.parametrize("cpu, isa", [("Nehalem", None), ("max", "avx2")])
def test_one_program_runs_on_processors_that_have_less(small, tmp_path, cpu, isa):
    """A processor without AVX gets the baseline kernel, and a fused multiply-add from the C library."""
    skip_on_arm()
    emulated = [tool("qemu-x86_64"), "-cpu", cpu, program_of("gcc-O2")]
    assert_same(small, small_results(emulated, tmp_path, isa, names=["portfolio"]))


def test_a_kernel_the_processor_does_not_run_is_refused(tmp_path):
    skip_on_arm()
    done = subprocess.run([tool("qemu-x86_64"), "-cpu", "Nehalem", program_of("gcc-O2"), "run", str(DECK), "-o",
                           str(tmp_path / "no.nc"), "--paths", "1"], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "TENOR_ISA": "avx2"})
    assert done.returncode == 2 and "TENOR_ISA=avx2: this processor does not run it" in done.stderr
    assert not (tmp_path / "no.nc").exists()


# ---- what a library may do to a thread

def make_spoiler(folder, *compiler):
    library = folder / "spoil.so"
    subprocess.run([*compiler, "-std=c17", "-O1", "-shared", "-fPIC", "-o", library, IDENTITY / "spoil.c", "-ldl", "-lm"],
                   check=True)
    return f"LD_PRELOAD={library}"


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory):
    return ["env", make_spoiler(tmp_path_factory.mktemp("spoil"), "cc")]


def assert_spoiled(stderr, *places):
    assert all(f"spoiled: {place}" in stderr for place in places), stderr


def run_small(command, output, name="base", threads=2):
    deck, *options = map(str, SMALL[name])
    return subprocess.run([*map(str, command), "run", deck, *options, "-o", str(output), "--seed", "42", "--threads",
                           str(threads), "--quiet"], capture_output=True, text=True, timeout=300)


def test_bytes_do_not_depend_on_what_libraries_do_to_the_floating_point_environment(one_rank, spoiled, tmp_path):
    done = subprocess.run([*spoiled, TENOR, "run", str(DECK), "-o", str(tmp_path / "spoiled.nc"), "--paths", str(PATHS),
                           "--seed", "42", "--threads", "2", "--quiet"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert_spoiled(done.stderr, "load", "MPI", "thread")
    assert filecmp.cmp(one_rank, tmp_path / "spoiled.nc", shallow=False)


@pytest.mark.parametrize("name", SMALL)
def test_bytes_of_small_results_do_not_depend_on_it_either(small, spoiled, tmp_path, name):
    done = run_small([*spoiled, TENOR], tmp_path / f"{name}.nc", name)
    assert done.returncode == 0, done.stderr
    assert_spoiled(done.stderr, "load", "MPI", "thread")
    assert_same(small, tmp_path)


def test_the_other_kind_of_processor_can_be_spoiled_too(small, tmp_path):
    skip_on_arm()
    spoiler = make_spoiler(tmp_path, tool("aarch64-linux-gnu-gcc"), f"--sysroot={BUILDS / 'sysroot'}")
    done = run_small([tool(QEMU[0]), "-E", spoiler, *QEMU[1:], program_of("aarch64")], tmp_path / "base.nc")
    assert done.returncode == 0, done.stderr
    assert_spoiled(done.stderr, "load", "MPI", "thread")
    assert_same(small, tmp_path)


@pytest.mark.parametrize("where", ["process", "thread"])
@pytest.mark.parametrize("ranks", [1, 2])
def test_without_the_environment_nothing_is_computed(spoiled, tmp_path, where, ranks):
    mpirun = ["mpirun", "-np", ranks] if ranks > 1 else []
    done = run_small([*mpirun, *spoiled, f"SPOIL_FOR_GOOD={where}", TENOR], tmp_path / "no.nc")
    assert done.returncode == 1, done.stderr
    assert "cannot have IEEE 754 arithmetic" in done.stderr
    assert not (tmp_path / "no.nc").exists()


def test_a_deck_is_read_as_written_whatever_libraries_did(spoiled):
    plain, other = (subprocess.run([*before, TENOR, "check", str(DECK)], capture_output=True, text=True)
                    for before in ([], spoiled))
    assert other.returncode == 0
    assert_spoiled(other.stderr, "load")
    assert plain.stdout == other.stdout
