"""The files for AWS ParallelCluster: the table of keys and the rules, seeded mistakes, scripts by their dry runs, and the watch of a spot
node against a stand-in of the metadata service. LONG=1 as root runs the node script in a bare Debian made by debootstrap; nothing here talks to AWS."""
import http.server
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
HERE = TOP / "jobs/parallelcluster"
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
FILES = ("cluster.yaml", "graviton.yaml")


def fill(text):
    number = iter(range(1, 100))
    text = re.sub(r"FILL-IN-[a-z-]*subnet", lambda _: f"subnet-{next(number):017x}", text)
    return text.replace("FILL-IN-bucket", "my-bucket")


def check(path):
    done = subprocess.run([sys.executable, HERE / "check.py", path], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize("name", FILES)
def test_the_files_pass_once_they_are_filled_in(name, tmp_path):
    (tmp_path / name).write_text(fill((HERE / name).read_text()))
    assert check(tmp_path / name) == (0, "")


@pytest.mark.parametrize("name", FILES)
def test_what_is_not_filled_in_is_named(name):
    code, said = check(HERE / name)
    assert code == 2 and said.count("fill in your own") == said.count("\n") == 13
    assert f"{HERE / name}:8: HeadNode.Networking.SubnetId" in said


MISTAKES = {  # what is replaced, by what, in which line it is found, and what is said
    "a key that is misspelt": ("MaxCount: 16", "MaxCuont: 16", "did you mean MaxCount?"),
    "a key in the wrong place": ("  InstanceType: c7i.xlarge", "  InstanceType: c7i.xlarge\n  SubnetId: subnet-12345678", "HeadNode.SubnetId: no such key"),
    "a key that is missing": ("  InstanceType: c7i.xlarge\n", "", "HeadNode.InstanceType: is missing"),
    "a key twice": ("  Imds: {Secured: true}", "  Imds: {Secured: true}\n  Imds: {Secured: true}", "is there twice"),
    "a text for a number": ("MaxCount: 32", "MaxCount: many", "wanted a whole number, not `many`"),
    "yes as text": ("JobExclusiveAllocation: true", "JobExclusiveAllocation: sometimes", "wanted true or false"),
    "a value that does not exist": ("CapacityType: SPOT", "CapacityType: CHEAP", "wanted one of CAPACITY_BLOCK, ONDEMAND, SPOT"),
    "a list that is none": ("SubnetIds: [FILL-IN-private-subnet]", "SubnetIds: FILL-IN-private-subnet", "wanted a list"),
    "two architectures": ("c6i.16xlarge", "c6g.16xlarge", "of different architectures"),
    "EFA where there is none": ("InstanceType: hpc7a.96xlarge", "InstanceType: c7a.4xlarge", "c7a.4xlarge has no EFA"),
    "a placement group across subnets": ("SubnetIds: [FILL-IN-private-subnet]", "SubnetIds: [FILL-IN-private-subnet, FILL-IN-b-subnet]",
                                         "a placement group lies in one subnet"),
    "more machines at least than at most": ("MinCount: 0\n          MaxCount: 16", "MinCount: 17\n          MaxCount: 16", "MinCount 17 is above MaxCount 16"),
    "SSH open to the world": ("  Imds: {Secured: true}\n  Iam", "  Imds: {Secured: true}\n  Ssh: {KeyName: me}\n  Iam", "open to the world"),
    "metadata for everybody": ("  Imds: {Secured: true}\n  Iam", "  Iam", "wanted Imds"),
    "storage that is not encrypted": ("Encrypted: true, ThroughputMode", "Encrypted: false, ThroughputMode", "wanted EfsSettings: {Encrypted: true}"),
    "a size that Lustre does not have": ("StorageCapacity: 1200", "StorageCapacity: 1500", "not 1500"),
    "no requeue": ("      - RequeueExit: 85", "      - RequeueExit: 86", "RequeueExit: 85"),
    "no time for a checkpoint": ("KillWait: 120", "KillWait: 3", "at least 30"),
    "two queues of a name": ("Name: spot", "Name: ondemand", "two queues are called ondemand"),
    "a name with capitals": ("Name: several", "Name: Several", "small letters"),
    "a script that nodes may not read": ("S3Access: [{BucketName: FILL-IN-bucket}]\n    # Shards", "S3Access: [{BucketName: other-bucket}]\n    # Shards",
                                         "name it in Iam.S3Access"),
    "the same folder twice": ("MountDir: /fsx", "MountDir: /shared", "that no other storage has"),
    "a price where none is bid": ("          MaxCount: 16", "          MaxCount: 16\n          SpotPrice: 1.5", "SpotPrice is of a queue"),
    "the cheapest spot": ("AllocationStrategy: capacity-optimized", "AllocationStrategy: lowest-price", "wanted AllocationStrategy"),
    "a region that is none": ("Region: us-east-2", "Region: Ohio", "`Ohio` is no region"),
    "a line that is no YAML": ("Scheduling:\n", "Scheduling\n", "YAML"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_seeded_mistake_is_found_in_its_line(name, tmp_path):
    good, bad, says = MISTAKES[name]
    text = (HERE / "cluster.yaml").read_text()
    assert text.count(good) >= 1, "the mistake has nothing to spoil"
    path = tmp_path / "spoiled.yaml"
    path.write_text(fill(text.replace(good, bad, 1)))
    code, said = check(path)
    assert code == 2 and says in said
    assert all(re.match(rf"{re.escape(str(path))}:\d+: \S+: ", line) for line in said.splitlines()), said


@pytest.mark.parametrize("content", ["", "- a\n- b\n", "just text", "a: {b: [", "\x00", "HeadNode: 7\nScheduling: [1]\n"])
def test_nonsense_is_refused_without_a_traceback(content, tmp_path):
    (tmp_path / "nonsense.yaml").write_text(content)
    assert check(tmp_path / "nonsense.yaml")[0] == 2


# ---- scripts

def node(*words, code=0, **env):
    done = subprocess.run(["bash", HERE / "node.sh", *words], capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **env})
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_the_node_script_says_what_it_would_do(tmp_path):
    said = node("--dry-run", "s3://my-bucket/tenor", "head", TENOR_SHARED=str(tmp_path))
    assert f"aws s3 cp --no-progress s3://my-bucket/tenor/tenor.tar.xz {tmp_path}" in said and "MPICC=/opt/amazon/openmpi/bin/mpicc" in said
    program = next(tmp_path.glob("*"), tmp_path) / "none"
    assert not program.exists(), "a dry run changes nothing"
    built = tmp_path / "tenor" / os.uname().machine / "bin"
    built.mkdir(parents=True)
    (built / "tenor").write_text("#!/bin/sh\n")
    (built / "tenor").chmod(0o755)
    assert "is there" in node("--dry-run", "s3://my-bucket/tenor", "head", TENOR_SHARED=str(tmp_path)), "built once"
    assert "usage" in node("s3://my-bucket/tenor", "login", code=2)


def test_its_packages_are_those_of_the_table():
    table = subprocess.run(["bash", "-c", f". {TOP}/jobs/setup.sh; setup_list debian run"], capture_output=True, text=True, check=True).stdout.split()
    script = re.search(r"^packages=\(([^)]*)\)", (HERE / "node.sh").read_text(), re.M)[1].split()
    assert set(table) - set(script) == {"libopenmpi-dev", "openmpi-bin"} and set(script) <= set(table)


class Metadata(http.server.BaseHTTPRequestHandler):
    """As EC2's: a token by PUT, and everything else only for who shows it."""
    answers, asked = {}, []

    def reply(self, code, text=""):
        self.send_response(code)
        self.end_headers()
        self.wfile.write(text.encode())

    def do_PUT(self):  # noqa: N802
        good = self.path == "/latest/api/token" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
        self.reply(200 if good else 400, "a-token" if good else "")

    def do_GET(self):  # noqa: N802
        self.asked.append(self.path)
        if self.headers.get("X-aws-ec2-metadata-token") != "a-token":
            self.reply(401)
        elif self.path in self.answers:
            self.reply(200, self.answers[self.path])
        else:
            self.reply(404)

    def log_message(self, *words):
        pass


@pytest.fixture
def metadata():
    Metadata.answers, Metadata.asked = {}, []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_spot_node_gets_its_watch_and_no_other(metadata):
    words = ("--dry-run", "s3://my-bucket/tenor", "node")
    assert "spot-watch" not in node(*words, TENOR_METADATA=metadata)
    Metadata.answers["/latest/meta-data/instance-life-cycle"] = "spot"
    assert "systemd-run --unit=tenor-spot-watch" in node(*words, TENOR_METADATA=metadata)


def test_a_notice_becomes_a_checkpoint(metadata, tmp_path):
    deck = TOP / "decks/anthropic-aws.yaml"
    running = subprocess.Popen([TENOR, "run", deck, "--paths", "50000000", "-o", tmp_path / "out.nc", "--checkpoint", tmp_path / "run.ckpt",
                                "--progress", "none"], stderr=subprocess.PIPE, text=True)
    other = subprocess.Popen([TENOR, "run", deck, "--paths", "50000000", "-o", tmp_path / "other.nc", "--progress", "none"], stderr=subprocess.PIPE)
    watch = subprocess.Popen(["bash", HERE / "spot-watch.sh"], stdout=subprocess.PIPE, text=True,
                             env={**os.environ, "TENOR_METADATA": metadata, "TENOR_WATCH_PAUSE": "0.1"})
    try:
        time.sleep(2)
        assert running.poll() is None and watch.poll() is None and "/latest/meta-data/spot/instance-action" in Metadata.asked
        Metadata.answers["/latest/meta-data/spot/instance-action"] = '{"action": "terminate", "time": "2026-11-27T08:22:00Z"}'
        said = watch.communicate(timeout=20)[0]
        err = running.communicate(timeout=20)[1]
        assert watch.returncode == 0 and "terminate" in said and "told 1 processes" in said
        assert running.returncode == 85 and (tmp_path / "run.ckpt").exists(), err
        assert other.poll() is None, "a run that cannot save anything is left alone"
    finally:
        for process in (running, other, watch):
            process.kill()
            process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe:
                    pipe.close()


if os.environ.get("LONG"):
    def test_the_node_script_installs_on_a_bare_system(tmp_path):
        root = tmp_path / "root"
        subprocess.run(["debootstrap", "--variant=minbase", "--include=curl,ca-certificates,hostname,xz-utils", "bookworm", root], check=True, capture_output=True)
        (root / "node.sh").write_bytes((HERE / "node.sh").read_bytes())
        (root / "usr/local/bin/aws").write_text('#!/bin/sh\ncp "/bucket/${4##*/}" "$5"\n')
        (root / "usr/local/bin/aws").chmod(0o755)
        (root / "bucket").mkdir()
        archive = next((Path(os.environ.get("TENOR_BUILD", TOP / "build"))).glob("tenor-*.tar.xz"))
        (root / "bucket/tenor.tar.xz").write_bytes(archive.read_bytes())
        subprocess.run(["chroot", root, "apt-get", "-q", "update"], check=True, capture_output=True)
        subprocess.run(["chroot", root, "apt-get", "-q", "-y", "--no-install-recommends", "install", "libopenmpi-dev", "openmpi-bin"], check=True,
                       capture_output=True)
        (root / "opt/amazon/openmpi").mkdir(parents=True)
        (root / "opt/amazon/openmpi/bin").symlink_to("/usr/bin")
        for _ in range(2):  # and once more, which changes nothing
            done = subprocess.run(["unshare", "--mount", "bash", "-c", f"mount -t proc proc {root}/proc && mount --bind /dev {root}/dev && "
                                   f"exec chroot {root} bash /node.sh s3://b/tenor head"], capture_output=True, text=True, check=False)
            assert done.returncode == 0 and "done" in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]
        version = subprocess.run(["chroot", root, f"/shared/tenor/{os.uname().machine}/bin/tenor", "--version"], capture_output=True, text=True, check=True)
        assert version.stdout.startswith("tenor ")
