"""A run that is stopped, killed or cut off goes on from its checkpoint to the bytes of a run that never was.

LONG=1 kills 200 times instead of 25 and flips more bits; see tests/README.md."""
import fcntl
import filecmp
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
BASE, NO_DEAL = (TOP / f"decks/{name}.yaml" for name in ("anthropic-aws", "no-deal"))
LONG = bool(os.environ.get("LONG"))
STOPPED, DAMAGED, USAGE = 85, 6, 2
AT_ONCE = ("--max-time", "0.001s")  # stops after the first round, four blocks a thread


def command(*words, ranks=1):
    return (["mpirun", "-np", str(ranks)] if ranks > 1 else []) + [TENOR, *map(str, words)]


def tenor(*words, ranks=1, code=0, env=None):
    done = subprocess.run(command(*words, ranks=ranks), capture_output=True, text=True, timeout=600, env={**os.environ, **(env or {})})
    assert done.returncode == code, (done.returncode, done.stderr)
    return done


def same(a, b):
    return filecmp.cmp(a, b, shallow=False)


def sidecar(result):
    return json.loads(result.with_suffix(".run.json").read_text())


CASES = {
    "plain": (20_000, ("run", BASE)),
    "sobol": (32_768, ("run", BASE, "--sampling", "sobol", "--set", "sampling.replicates=8")),
    "target met": (100_000, ("run", BASE, "--until", "npv:0.85%")),
    "target of replicates": (24_576, ("run", BASE, "--sampling", "sobol", "--set", "sampling.replicates=24", "--until", "npv:0.8%")),
    "exact quantiles": (10_000, ("run", BASE, "--exact-quantiles")),
    "shard": (60_000, ("run", BASE, "--shard", "2/3")),
    "comparison": (10_000, ("compare", BASE, NO_DEAL)),
}


def words_of(case):
    paths, words = CASES[case]
    return [*words, *(["--paths", str(paths)] if paths else []), "--quiet"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("whole"), {}

    def get(case):
        if case not in made:
            made[case] = folder / f"{case}.nc"
            tenor(*words_of(case), "-o", made[case], "--threads", 2)
        return made[case]
    return get


# ranks, threads and instruction set of one start after the other
STARTS = [(1, 1, "baseline"), (2, 1, ""), (1, 2, ""), (3, 1, "baseline"), (2, 2, "")]


@pytest.mark.parametrize("case", CASES)
def test_stopped_at_every_round_it_ends_with_equal_bytes(case, undisturbed, tmp_path):
    whole, out, file = undisturbed(case), tmp_path / "out.nc", tmp_path / "run.ckpt"
    stops = 0
    for ranks, threads, isa in itertools.cycle(STARTS):
        done = subprocess.run(command(*words_of(case), "-o", out, "--checkpoint", file, "--resume", "--threads", threads, *AT_ONCE, ranks=ranks),
                              capture_output=True, text=True, timeout=600, env={**os.environ, **({"TENOR_ISA": isa} if isa else {})})
        if done.returncode != STOPPED:
            break
        stops += 1
        assert file.exists() and not out.exists()
    assert done.returncode == 0, done.stderr
    assert same(out, whole)
    assert stops >= 2
    assert not file.exists() and not Path(f"{file}.previous").exists(), "a finished run leaves no checkpoint"
    assert sidecar(out)["resumed_paths"] > 0
    if "--until" in CASES[case][1]:
        assert sidecar(out)["looks"] == sidecar(whole)["looks"], "looks taken before a stop are remembered"


@pytest.mark.parametrize("which", ["SIGTERM", "SIGUSR1", "SIGINT"])
@pytest.mark.parametrize("ranks", [1, 2])
def test_a_signal_stops_with_85_and_a_checkpoint(which, ranks, tmp_path):
    file = tmp_path / "run.ckpt"
    running = subprocess.Popen(command("run", BASE, "--paths", "50000000", "-o", tmp_path / "out.nc", "--checkpoint", file, "--checkpoint-every", "1s",
                                       "--progress", "none", ranks=ranks), stderr=subprocess.PIPE, text=True)
    wait_for(file)
    running.send_signal(getattr(signal, which))
    _, err = running.communicate(timeout=60)
    assert file.exists()
    # Open MPI's mpirun forwards SIGUSR1 and returns what its ranks return; SIGTERM and SIGINT end mpirun itself, with 1, and it may not
    # have passed on its ranks' last words.
    if ranks == 1 or which == "SIGUSR1":
        assert running.returncode == STOPPED and "--resume goes on" in err, err
    else:
        assert running.returncode == 1, err


@pytest.mark.parametrize("until, last", [((), "100 %"), (("--until", "npv:50%"), " 80 %")], ids=["whole", "on target"])
def test_stopped_in_the_second_pass_it_keeps_what_it_sampled(until, last, tmp_path):
    """The first look, at 32768 of 40960 paths, finds the target met."""
    file, out, whole = tmp_path / "run.ckpt", tmp_path / "out.nc", tmp_path / "whole.nc"
    words = ("run", BASE, "--set", "time.horizon=24 months", "--paths", 40_960, "--exact-quantiles", *until)
    resumed = (*words, "-o", out, "--checkpoint", file, "--resume", "--progress", "plain")
    tenor(*words, "-o", whole, "--quiet")
    running = subprocess.Popen(command(*resumed, "--threads", 1), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while not running.stderr.readline().startswith(last):
        assert running.poll() is None
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=60)
    assert running.returncode == STOPPED and "in the second pass over them" in err and "--resume goes on" in err, err
    assert progress_of(file) == (32_768 if until else 40_960) and not out.exists()
    tenor(*resumed)
    assert same(out, whole)
    assert sidecar(out)["resumed_paths"] == sidecar(out)["paths"], "nothing was sampled again"
    assert all(sidecar(out)[key] == sidecar(whole)[key] for key in ("ending", "looks"))


def wait_for(file, seconds=60):
    end = time.monotonic() + seconds
    while not file.exists():
        assert time.monotonic() < end, f"no {file} after {seconds} s"
        time.sleep(0.02)


def children(pid):
    """Of a process and of its children, however deep: mpirun's ranks have process groups of their own."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *children(child)]
    return found


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def kill_all(running):
    """As if the node had gone: everything at once, and not before it is gone does anything else start."""
    while True:
        try:
            family = children(running.pid)
            break
        except (FileNotFoundError, ProcessLookupError):
            continue
    for pid in [running.pid, *family]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    running.communicate(timeout=60)
    end = time.monotonic() + 60
    while not all(map(gone, family)):
        assert time.monotonic() < end, "killed processes are still there"
        time.sleep(0.01)


def test_killed_again_and_again_it_loses_no_checkpoint(tmp_path):
    """Killed at any moment, in the middle of a write too: what was written before is there, and the bytes are equal in the end."""
    wanted, chance = 200 if LONG else 25, random.Random(20261127)
    paths, whole, out, file = 400_000, tmp_path / "whole.nc", tmp_path / "out.nc", tmp_path / "run.ckpt"
    words = ("run", BASE, "--paths", paths, "--quiet")
    tenor(*words, "-o", whole, "--threads", 2)
    kills, kept = 0, 0
    while kills < wanted:
        ranks = chance.choice([1, 2])
        running = subprocess.Popen(command(*words, "-o", out, "--checkpoint", file, "--checkpoint-every", "0.01s", "--resume", "--force", "--threads", 1,
                                           ranks=ranks), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            _, err = running.communicate(timeout=chance.uniform(0.2, 1.5))
            assert running.returncode == 0, err
        except subprocess.TimeoutExpired:
            kill_all(running)
            kills += 1
        if out.exists():  # the run was done, and perhaps killed while it cleared away its checkpoint
            assert same(out, whole)
            out.unlink()
            kept = 0
            continue
        done = progress_of(file)
        assert done >= kept, "a checkpoint was lost"
        kept = done
    tenor(*words, "-o", out, "--checkpoint", file, "--resume", "--force", ranks=2)
    assert same(out, whole)
    assert {path.suffix for path in tmp_path.iterdir()} <= {".nc", ".json"}, "nothing is left of the killed"
    print(f"{kills} kills")


def progress_of(file):
    """Paths that the file, or the one before it, holds; 0 if there is none."""
    for path in (file, Path(f"{file}.previous")):
        if path.exists():
            return json.loads(tenor("show", path, "--json").stdout)["paths"]
    return 0


# ---- what is there and must not be taken

@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A checkpoint, and the one before it."""
    folder = tmp_path_factory.mktemp("stopped")
    for words in ((), ("--resume",)):
        tenor("run", BASE, "--paths", 30_000, "-o", folder / "out.nc", "--checkpoint", folder / "run.ckpt", "--threads", 1, *AT_ONCE, *words, code=STOPPED)
    assert (folder / "run.ckpt.previous").exists()
    return folder


@pytest.fixture
def copy(stopped, tmp_path):
    for name in ("run.ckpt", "run.ckpt.previous"):
        shutil.copy(stopped / name, tmp_path / name)
    return tmp_path


def resume(folder, *words, code, deck=BASE, env=None):
    return tenor("run", deck, "--paths", 30_000, "-o", folder / "out.nc", "--checkpoint", folder / "run.ckpt", "--resume", "--progress", "none", *words,
                 code=code, env=env)


@pytest.fixture(scope="module")
def thirty(tmp_path_factory):
    whole = tmp_path_factory.mktemp("thirty") / "whole.nc"
    tenor("run", BASE, "--paths", 30_000, "-o", whole, "--quiet")
    return whole


@pytest.mark.parametrize("damage", ["bit", "short", "empty", "missing", "long"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(damage, copy, thirty):
    file = copy / "run.ckpt"
    content = bytearray(file.read_bytes())
    if damage == "bit":
        content[len(content) // 2] ^= 4
    file.write_bytes({"short": content[:-1], "empty": b"", "long": content + b"x"}.get(damage, content))
    if damage == "missing":
        file.unlink()
    done = resume(copy, code=0)
    assert "run.ckpt.previous" in done.stderr
    assert same(copy / "out.nc", thirty)


def test_a_damaged_checkpoint_does_not_push_out_the_good_one(copy):
    file, before = copy / "run.ckpt", (copy / "run.ckpt.previous").read_bytes()
    file.write_bytes(b"spoiled")
    resume(copy, *AT_ONCE, code=STOPPED)
    kept = {path.name: path.read_bytes() for path in copy.glob("run.ckpt*")}
    assert kept["run.ckpt.damaged"] == b"spoiled"
    assert kept["run.ckpt.previous"] != b"spoiled" and len(kept["run.ckpt.previous"]) == len(before)


def test_two_damaged_checkpoints_are_refused(copy):
    for name in ("run.ckpt", "run.ckpt.previous"):
        (copy / name).write_bytes(b"x" * 1000)
    assert "not a whole checkpoint" in resume(copy, code=DAMAGED).stderr
    assert (copy / "run.ckpt").read_bytes() == b"x" * 1000, "nothing is overwritten"


@pytest.mark.parametrize("words, says", [
    (("--seed", "7"), "seed"), (("--paths", "40000"), "paths 0 to 30000"), (("--set", "market.initial_price=12 billion USD/GW/year"), "deck"),
    (("--until", "npv:5%"), "targets"), (("--shard", "1/2"), "paths"), (("--sampling", "sobol"), "Sobol points")])
def test_a_checkpoint_of_another_run_is_refused(words, says, copy):
    before = (copy / "run.ckpt").read_bytes()
    err = resume(copy, *words, code=DAMAGED).stderr
    assert "run.ckpt" in err and says in err
    assert (copy / "run.ckpt").read_bytes() == before


def test_a_checkpoint_tells_what_it_holds(stopped, copy):
    assert json.loads(tenor("show", copy / "run.ckpt.previous", "--json").stdout)["paths"] == 2048
    shown = json.loads(tenor("show", copy / "run.ckpt", "--json").stdout)
    assert (shown["paths"], shown["of"], shown["generation"]) == (4096, 30_000, 3)  # the second start wrote twice
    assert "4096 of 30000" in tenor("show", copy / "run.ckpt").stdout
    (copy / "run.ckpt").write_bytes((copy / "run.ckpt").read_bytes()[:-1])
    tenor("show", copy / "run.ckpt", code=DAMAGED)


def test_a_checkpoint_is_not_overwritten_unasked(copy):
    err = tenor("run", BASE, "--paths", 30_000, "-o", copy / "out.nc", "--checkpoint", copy / "run.ckpt", code=USAGE).stderr
    assert "--resume" in err and "--force" in err
    err = tenor("run", BASE, "--paths", 30_000, "-o", copy / "out.nc", "--checkpoint", BASE, code=USAGE).stderr
    assert "exists already" in err


def test_a_checkpoint_in_a_missing_folder_is_an_error_before_anything_is_computed(tmp_path):
    tenor("run", BASE, "--paths", 50_000_000, "-o", tmp_path / "out.nc", "--checkpoint", tmp_path / "no/run.ckpt", code=5)


@pytest.mark.parametrize("words", [("--resume",), ("--checkpoint-every", "5min")])
def test_options_of_a_checkpoint_want_one(words, tmp_path):
    assert "--checkpoint FILE" in tenor("run", BASE, *words, "-o", tmp_path / "out.nc", code=USAGE).stderr


def test_an_earlier_start_of_the_same_job_is_refused(tmp_path):
    words = ("run", BASE, "--paths", 30_000, "-o", tmp_path / "out.nc", "--checkpoint", tmp_path / "run.ckpt", "--resume", *AT_ONCE)
    tenor(*words, code=STOPPED, env={"SLURM_JOB_ID": "77", "SLURM_RESTART_COUNT": "2"})
    err = tenor(*words, code=DAMAGED, env={"SLURM_JOB_ID": "77", "SLURM_RESTART_COUNT": "1"}).stderr
    assert "start 3 of job 77" in err
    tenor(*words, code=STOPPED, env={"SLURM_JOB_ID": "77", "SLURM_RESTART_COUNT": "3"})


@pytest.mark.parametrize("stop", [signal.SIGUSR1, None])
def test_a_stale_writer_is_refused_and_its_successor_ends_whole(stop, tmp_path, thirty):
    """The first run stands still, as behind a cut link, while a second one takes over; then it wakes."""
    file, out = tmp_path / "run.ckpt", tmp_path / "out.nc"
    words = ("run", BASE, "--checkpoint", file, "--resume", "--progress", "none")
    first = subprocess.Popen(command(*words, "--paths", 30_000_000, "-o", out, "--checkpoint-every", "0.5s"), stderr=subprocess.PIPE, text=True)
    wait_for(file)
    first.send_signal(signal.SIGSTOP)
    tenor(*words, "--paths", 30_000_000, "-o", out, *AT_ONCE, code=STOPPED)
    taken = file.read_bytes()
    if stop:
        first.send_signal(stop)
    first.send_signal(signal.SIGCONT)
    _, err = first.communicate(timeout=60)
    assert first.returncode == DAMAGED and "another run has taken over" in err, err
    assert file.read_bytes() == taken, "the stale run changed nothing"


def test_peers_that_are_silent_do_not_keep_a_rank_waiting(tmp_path):
    file = tmp_path / "run.ckpt"
    running = subprocess.Popen(command("run", BASE, "--paths", 50_000_000, "-o", tmp_path / "out.nc", "--checkpoint", file, "--checkpoint-every", "1s",
                                       "--progress", "none", "--threads", "1", ranks=2),
                               stderr=subprocess.PIPE, text=True, env={**os.environ, "TENOR_PATIENCE": "2"})
    wait_for(file)
    ranks = [pid for pid in children(running.pid) if os.readlink(f"/proc/{pid}/exe") == str(Path(TENOR).resolve())]
    assert len(ranks) == 2
    os.kill(ranks[1], signal.SIGSTOP)
    begin = time.monotonic()
    try:
        _, err = running.communicate(timeout=60)
    finally:
        for pid in ranks:
            if not gone(pid):
                os.kill(pid, signal.SIGKILL)
    assert running.returncode == 1 and "silent" in err, err
    assert time.monotonic() - begin < 40


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_slow_disk_is_not_a_silent_peer(ranks, tmp_path):
    """A checkpoint takes longer than the patience: its folder is locked, for which a run waits up to five seconds."""
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    running = subprocess.Popen(command("run", BASE, "--set", "time.horizon=24 months", "--paths", 5000, "-o", tmp_path / "out.nc", "--checkpoint",
                                       tmp_path / "run.ckpt", "--checkpoint-every", "0.001s", "--threads", 1, "--quiet", ranks=ranks),
                               stderr=subprocess.PIPE, text=True, env={**os.environ, "TENOR_PATIENCE": "1"})
    end = time.monotonic() + 60
    while not list(tmp_path.glob("run.ckpt.part.*")):
        assert running.poll() is None and time.monotonic() < end
        time.sleep(0.02)
    time.sleep(1.5)
    os.close(folder)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 0, err


def test_bits_and_lengths_are_all_watched(copy):
    """The unit test flips every bit of a small one; here some of a real one, through the whole program, without one before it."""
    file = copy / "run.ckpt"
    (copy / "run.ckpt.previous").unlink()
    content, chance = file.read_bytes(), random.Random(5)
    for _ in range(40 if LONG else 6):
        spoiled = bytearray(content)
        spoiled[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        file.write_bytes(spoiled)
        resume(copy, *AT_ONCE, code=DAMAGED)
    for length in (chance.randrange(len(content)) for _ in range(40 if LONG else 4)):
        file.write_bytes(content[:length])
        resume(copy, *AT_ONCE, code=DAMAGED)
