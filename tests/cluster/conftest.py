"""The cluster that these tests break: up once for all of them. Where there can be none they are skipped, but never in continuous
integration: there a cluster that does not come up is a failure."""
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from cluster import Cluster, lacking  # noqa: E402

TOP = Path(__file__).resolve().parents[2]
TENOR = Path(os.environ.get("TENOR", TOP / "build/engine/tenor"))
DECK = "decks/anthropic-aws.yaml"
LONG = bool(os.environ.get("LONG"))


@pytest.fixture(scope="session")
def cluster():
    if (why := lacking()) and not os.environ.get("CI"):
        pytest.skip(why)
    assert not why, why
    folder = Path(tempfile.mkdtemp(prefix="tenor-cluster-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        with Cluster(folder, nodes=3) as up:
            # What the nodes share, as an installation on a cluster's file system: they do not see this machine's /tmp.
            for name in ("jobs", "decks", "postproc"):
                shutil.copytree(TOP / name, up.shared / name)
            (up.shared / "build/engine").mkdir(parents=True)
            shutil.copy(TENOR, up.shared / "build/engine/tenor")
            up.env |= {"TENOR": str(up.shared / "build/engine/tenor"), "TENOR_JOBS": str(up.shared / "jobs/slurm"), "TENOR_RETRY_PAUSE": "0.5",
                       "TENOR_PATIENCE": "15", "TENOR_STEP_WAIT": "30", "TENOR_CHECKPOINT_EVERY": "0.5s", "MPLCONFIGDIR": str(folder),
                       "PATH": f"{Path(sys.executable).parent}:{up.env['PATH']}"}  # the Python that has the page's modules
            yield up
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Work:
    """A folder of a test's own in the cluster's shared one, and the runs that it compares."""

    def __init__(self, cluster, name):
        self.cluster, self.folder = cluster, cluster.shared / name
        self.folder.mkdir()

    def undisturbed(self, paths, *words):
        """The same run on this machine, under mpirun, and nothing happens to it."""
        out = self.folder / "undisturbed.nc"
        subprocess.run(["mpirun", "-np", "2", TENOR, "run", TOP / DECK, "--paths", str(paths), "-o", out, "--quiet", "--threads", "1", *words], check=True,
                       env={**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}, timeout=600, capture_output=True)
        return out

    def submit(self, *words, script="single.sh", paths=0, options=()):
        """One run into out.nc; gives the job."""
        run = [DECK, self.folder / "out.nc", "--paths", paths, *options] if script == "single.sh" else []
        return self.cluster.submit(f"--output={self.folder}/%x-%j.log", *words, self.cluster.shared / "jobs/slurm" / script, *run)

    def log(self):
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def wait_for(self, text, seconds=60):
        end = time.monotonic() + seconds
        while text not in self.log():
            assert time.monotonic() < end, f"`{text}` is not in the log:\n{self.log()}"
            time.sleep(0.1)

    def wait_for_checkpoint(self, seconds=60, newer_than=0):
        """Until there is one that was written after that moment; gives the moment it was written."""
        file, end = self.folder / "out.nc.ckpt", time.monotonic() + seconds
        while True:
            try:
                if (written := file.stat().st_mtime) > newer_than:
                    return written
            except FileNotFoundError:
                pass
            assert time.monotonic() < end, f"no new checkpoint:\n{self.log()}"
            time.sleep(0.1)

    def paths_done(self):
        return int(self.cluster.run("bash", "-c", f'jobs=jobs/slurm; . jobs/slurm/common.sh; paths_in "{self.folder}/out.nc.ckpt"'))


@pytest.fixture
def work(cluster, request):
    name = request.node.name.replace("[", "-").replace("]", "").replace("/", "-").replace(" ", "-")
    made = Work(cluster, name)
    yield made
    # A test that failed must not leave its jobs to the next one, nor a broken node.
    cluster.run("scancel", "--me", "--full", check=False)
    shutil.rmtree(made.folder / "parts", ignore_errors=True)
