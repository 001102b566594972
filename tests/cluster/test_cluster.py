"""On a real Slurm: whatever happens to a job, its result has the bytes of a run to which nothing happened.

LONG=1 tries every signal with every launcher and number of nodes, and breaks more; see RESULTS.md."""
import filecmp
import json
import os
import shutil
import subprocess
import time

import pytest

from cluster import until
from conftest import LONG

PATHS = 1_000_000 if LONG else 700_000  # some ten seconds of the two processors that all nodes share
STOPPED, DAMAGED = 85, 6


def same(a, b):
    return filecmp.cmp(a, b, shallow=False)


@pytest.fixture(scope="session")
def whole(cluster):
    """Results of undisturbed runs, by number of paths."""
    from conftest import Work
    made = {}

    def get(paths):
        if paths not in made:
            made[paths] = Work(cluster, f"undisturbed-{paths}").undisturbed(paths)
        return made[paths]
    return get


def finish(work, job, seconds=180):
    """The job ends well; gives the facts beside its result."""
    work.cluster.wait(job, "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", seconds=seconds)
    assert work.cluster.state(job) == "COMPLETED", f"{work.cluster.job(job)}\n{work.log()}"
    return json.loads((work.folder / "out.run.json").read_text())


# ---- launchers

@pytest.mark.parametrize("nodes", (1, 2, 3))
@pytest.mark.parametrize("launcher", ("srun", "mpirun"))
def test_ranks_on_nodes_compute_equal_bytes(launcher, nodes, cluster, work, whole):
    out = work.folder / "out.nc"
    start = ["srun", "--mpi=pmix"] if launcher == "srun" else ["mpirun"]
    cluster.run("salloc", f"-N{nodes}", "--ntasks-per-node=2", *start, cluster.env["TENOR"], "run", "decks/anthropic-aws.yaml", "--paths", 50_000, "-o",
                out, "--quiet", "--threads", 1)
    assert json.loads((work.folder / "out.run.json").read_text())["ranks"] == 2 * nodes
    assert same(out, whole(50_000))


@pytest.mark.parametrize("library", ("Open MPI", "MPICH"))
def test_processes_of_one_srun_that_do_not_know_each_other_are_refused(library, cluster, work):
    """Each would do the whole run, and all would write the same file."""
    program = cluster.env["TENOR"]
    if library == "MPICH":
        program = work.folder / "tenor"
        shutil.copy(os.environ.get("TENOR_MPICH", "build/clang-mpich/engine/tenor"), program)
    done = subprocess.run(["srun", "-N2", "-n2", "--mpi=none", program, "run", "decks/anthropic-aws.yaml", "-o", work.folder / "out.nc"],
                          env=cluster.env, cwd=cluster.shared, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "do not know each other" in done.stderr if library == "MPICH" else "PMI" in done.stderr  # Open MPI says so itself
    assert not (work.folder / "out.nc").exists()


def test_a_job_that_nothing_happens_to(work, whole):
    job = work.submit("-N2", "--ntasks-per-node=1", paths=50_000)
    facts = finish(work, job)
    assert facts["ranks"] == 2 and facts["resumed_paths"] == 0 and facts["job"] == job
    assert same(work.folder / "out.nc", whole(50_000))
    assert "tenor's exit code is 0" in work.log()


def test_a_mistake_is_never_tried_again(work):
    job = work.submit("-N1", paths=50_000, options=("--set", "time.horizn=3"))
    work.cluster.wait(job, "FAILED")
    assert work.cluster.job(job)["ExitCode"] == "2:0" and work.log().count("exit code is 2") == 1
    assert work.cluster.job(job)["Restarts"] == "0"


# ---- told to stop

SIGNALS = ("TERM to the steps", "USR1 to the script", "limit of time")
CASES = [(how, launcher, nodes) for how in SIGNALS for launcher in ("srun", "mpirun") for nodes in ((1, 2, 3) if LONG else (2,))
         if LONG or how != "limit of time"]


@pytest.mark.parametrize("how, launcher, nodes", CASES)
def test_told_to_stop_it_keeps_what_is_done_and_goes_on(how, launcher, nodes, cluster, work, whole):
    words = [f"-N{nodes}", "--ntasks-per-node=1", f"--export=ALL,TENOR_MPI={'mpirun' if launcher == 'mpirun' else 'pmix'}"]
    if how == "limit of time":
        words += ["--time=1", "--signal=B:USR1@50"]  # Slurm may signal up to a minute early
    paths = 4 * PATHS if how == "limit of time" else PATHS  # that signal takes its time
    job = work.submit(*words, paths=paths)
    work.wait_for_checkpoint()
    if how == "TERM to the steps":
        cluster.run("scancel", "--signal=TERM", job)
    elif how == "USR1 to the script":
        cluster.run("scancel", "--batch", "--signal=USR1", job)
    # A TERM ends mpirun's daemons on other nodes, or reaches nobody where there are none: the script then starts again by itself, if at all.
    put_back = (how, launcher) != ("TERM to the steps", "mpirun")
    if put_back:
        work.wait_for("back into the queue")
        cluster.run("scontrol", "update", f"jobid={job}", "TimeLimit=10", check=False)
    facts = finish(work, job)
    if put_back:
        assert facts["resumed_paths"] > 0 and int(cluster.job(job)["Restarts"]) >= 1
    assert same(work.folder / "out.nc", whole(paths))


# ---- preempted

def preempt(work, job):
    """A job that is worth more takes all nodes for a moment."""
    cluster = work.cluster
    urgent = cluster.submit("-p", "urgent", f"-N{len(cluster.names)}", "--exclusive", f"--output={work.folder}/urgent-%j.txt", "--wrap=sleep 1")
    until(lambda: cluster.state(job) in ("PENDING", "COMPLETING"), 60, "the preempted job in the queue")
    cluster.wait(urgent, "COMPLETED")


def test_preempted_twice(cluster, work, whole):
    job = work.submit("-p", "spot", "-N2", "--ntasks-per-node=1", paths=2 * PATHS)
    seen = 0
    for _ in range(2):
        cluster.wait(job, "RUNNING")
        seen = work.wait_for_checkpoint(newer_than=seen)
        seen = work.wait_for_checkpoint(newer_than=seen)  # a later one: there is progress
        preempt(work, job)
    facts = finish(work, job)
    assert int(cluster.job(job)["Restarts"]) == 2 and facts["resumed_paths"] > 0
    assert same(work.folder / "out.nc", whole(2 * PATHS))


def test_no_progress_ends_it(cluster, work):
    """A job that is told to stop before it has got any further would circle for ever."""
    job = work.submit("-N1", paths=PATHS)
    work.wait_for_checkpoint()
    cluster.run("scancel", "--batch", "--signal=USR1", job)
    work.wait_for("back into the queue")
    # From now on the program stops at once, as one whose time is always up before its first round is over.
    tenor = cluster.shared / "stops"
    tenor.write_text(f'#!/bin/sh\n[ "$1" = run ] && exit {STOPPED}\nexec {cluster.env["TENOR"]} "$@"\n')
    tenor.chmod(0o755)
    again = work.submit("-N1", f"--export=ALL,TENOR={tenor}", paths=PATHS)
    cluster.run("scancel", job)
    cluster.wait(again, "FAILED", "COMPLETED")
    assert cluster.job(again)["ExitCode"] == "1:0" and cluster.job(again)["Restarts"] == "0"
    assert "stopped without progress" in work.log()


def test_the_cap_of_restarts_ends_it_and_it_can_be_submitted_again(cluster, work, whole):
    words = ("-N1", "--export=ALL,TENOR_MAX_RESTARTS=0")
    job = work.submit(*words, paths=PATHS)
    work.wait_for_checkpoint()
    cluster.run("scancel", "--batch", "--signal=USR1", job)
    cluster.wait(job, "FAILED")
    assert "started 1 times" in work.log() and cluster.job(job)["ExitCode"] == "1:0"
    facts = finish(work, work.submit("-N1", paths=PATHS))
    assert facts["resumed_paths"] > 0
    assert same(work.folder / "out.nc", whole(PATHS))


# ---- broken

def test_a_killed_rank_is_survived_within_the_job(cluster, work, whole):
    """As when memory runs out on a node: the step dies, the script starts another one."""
    job = work.submit("-N2", "--ntasks-per-node=1", "-w", "n1,n2", paths=PATHS)
    work.wait_for_checkpoint()
    assert cluster.on("n2", "pkill", "-KILL", "-x", "tenor").returncode == 0
    facts = finish(work, job)
    assert facts["resumed_paths"] > 0 and cluster.job(job)["Restarts"] == "0"
    assert "ended with" in work.log()
    assert same(work.folder / "out.nc", whole(PATHS))


def test_a_node_crashes(cluster, work, whole):
    """The node of the script itself: nobody is left but the controller, who puts the job back."""
    job = work.submit("-N2", "--ntasks-per-node=1", "-w", "n1,n2", paths=PATHS)
    work.wait_for_checkpoint()
    cluster.crash("n1")
    try:
        until(lambda: cluster.job(job)["Restarts"] == "1", 60, "the job is put back")
        cluster.run("scontrol", "update", f"jobid={job}", "NodeList=", check=False)
    finally:
        cluster.boot("n1")
    facts = finish(work, job)
    assert facts["resumed_paths"] > 0
    assert same(work.folder / "out.nc", whole(PATHS))
    until(lambda: cluster.states().count("idle") == 3, 60, "all nodes back")


def test_a_link_is_cut(cluster, work, whole):
    """The ranks behind it fall silent; those before it end by TENOR_PATIENCE or by Slurm's finding; the cut-off one finds itself stale."""
    job = work.submit("-N2", "--ntasks-per-node=1", "-w", "n1,n2", paths=2 * PATHS)
    work.wait_for_checkpoint()
    cluster.cut("n2")
    try:
        until(lambda: cluster.state(job) != "RUNNING" or "ended with" in work.log() or cluster.job(job)["Restarts"] != "0", 90, "the cut is noticed")
    finally:
        cluster.heal("n2")
    facts = finish(work, job)
    assert facts["resumed_paths"] > 0
    assert same(work.folder / "out.nc", whole(2 * PATHS))
    until(lambda: cluster.states().count("idle") == 3, 90, "all nodes back")


def test_slurmd_is_killed_and_comes_back(cluster, work, whole):
    """Its jobs live on below it."""
    job = work.submit("-N2", "--ntasks-per-node=1", "-w", "n1,n2", paths=PATHS)
    work.wait_for_checkpoint()
    cluster.kill_slurmd("n2")
    time.sleep(1)
    cluster.start_slurmd("n2")
    finish(work, job)
    assert same(work.folder / "out.nc", whole(PATHS))
    until(lambda: cluster.states().count("idle") == 3, 60, "all nodes back")


def test_a_stale_writer_behind_a_cut_link_is_refused(cluster, work, whole):
    """Rank 0 stands still while its job is put back and goes on elsewhere; then it wakes, and must change nothing."""
    job = work.submit("-N1", "-w", "n1", paths=2 * PATHS)
    work.wait_for_checkpoint()
    cluster.on("n1", "pkill", "-STOP", "-x", "tenor")
    second = cluster.submit("-N1", "-w", "n2", f"--output={work.folder}/second-%j.log", cluster.shared / "jobs/slurm/single.sh", "decks/anthropic-aws.yaml",
                            work.folder / "out.nc", "--paths", 2 * PATHS)
    cluster.wait(second, "RUNNING")
    work.wait_for("goes on from")
    time.sleep(1)
    cluster.on("n1", "pkill", "-CONT", "-x", "tenor")
    cluster.wait(job, "FAILED")
    assert cluster.job(job)["ExitCode"] == f"{DAMAGED}:0" and "another run has taken over" in work.log()
    cluster.wait(second, "COMPLETED", "FAILED")
    assert cluster.state(second) == "COMPLETED", work.log()
    assert same(work.folder / "out.nc", whole(2 * PATHS))


# ---- many jobs

def test_an_array_of_16_shards_with_one_failure_resubmitted_and_merged(cluster, work, whole):
    shards, paths, jobs = 16, 160_000, cluster.shared / "jobs/slurm"
    (work.folder / "parts").mkdir()
    spoiled = work.folder / f"parts/out.7-of-{shards}.nc.ckpt"
    spoiled.write_bytes(b"no checkpoint")  # that task fails, with 6, and is not tried again
    out = work.folder / "parts/out.nc"

    def array(tasks):
        return cluster.submit(f"--array={tasks}", "-n1", f"--output={work.folder}/%x-%A_%a.log", jobs / "array.sh", "decks/anthropic-aws.yaml", out, shards,
                              "--paths", paths)

    def merge(after):
        return cluster.submit(f"--dependency=afterany:{after}", f"--output={work.folder}/%x-%j.log", jobs / "merge.sh", out, shards)

    first = merge(array(f"1-{shards}"))
    cluster.wait(first, "FAILED", "COMPLETED", seconds=180)
    assert cluster.state(first) == "FAILED" and "shards 7 of 16 are missing" in work.log() and "--array=7" in work.log()
    assert not out.exists()
    spoiled.unlink()
    again = merge(array("7"))
    cluster.wait(again, "COMPLETED", "FAILED", seconds=120)
    assert cluster.state(again) == "COMPLETED", work.log()
    assert same(out, whole(paths))
    assert (work.folder / "parts/out.html").stat().st_size > 100_000


def test_submit_runs_a_sweep_and_follows_a_job(cluster, work):
    done = cluster.run("jobs/submit.sh", "decks/anthropic-aws.yaml", "decks/no-deal.yaml", "--output", work.folder / "sweep", "--paths", 5000, "--ranks", 1,
                       "--threads", 1, "--follow", "--", "--seed", 3, timeout=120)
    assert "COMPLETED" in done
    assert sorted(path.name for path in (work.folder / "sweep").glob("*.nc")) == ["anthropic-aws.nc", "no-deal.nc"]
    one = cluster.run("jobs/submit.sh", "decks/no-deal.yaml", "--output", work.folder / "one.nc", "--paths", 5000, "--nodes", 2, "--threads", 1, "--follow",
                      timeout=120)
    assert "tenor's exit code is 0" in one and (work.folder / "one.nc").exists()
    cut = cluster.run("jobs/submit.sh", "decks/no-deal.yaml", "--output", work.folder / "cut/cut.nc", "--paths", 50_000, "--shards", 3, "--threads", 1,
                      "--follow", timeout=120)
    assert "COMPLETED" in cut and (work.folder / "cut/cut.html").exists()
