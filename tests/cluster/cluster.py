"""A small Slurm cluster on one machine, for tests that break it.

Each node has a network, host name, address, processes, /tmp and /dev/shm of its own (Linux namespaces), joined by a bridge; munge,
slurmctld and the nodes are children of this process and die with it. Root only. Nothing outside `folder` is written but the bridge
and the named network namespaces, which `down` removes.

    with Cluster(folder, nodes=3) as cluster:
        cluster.run("sinfo")

By hand: `python3 tests/cluster/cluster.py FOLDER 3` brings one up and opens a shell in it.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "munged", "srun", "sbatch", "ip", "nsenter", "unshare", "setpriv", "mpirun")
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"

CONF = """
ClusterName=tenor
SlurmctldHost={controller}({address})
SlurmctldPort=17817
SlurmdPort=17818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/nodes/%n/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/nodes/%n/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=pmix
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
RequeueExit={requeue_exit}
ReturnToService=2
SlurmdTimeout={slurmd_timeout}
SlurmctldTimeout=30
KillWait={kill_wait}
MessageTimeout=10
InactiveLimit=0
MinJobAge=3600
CompleteWait=0
MaxArraySize=1001
PropagateResourceLimitsExcept=MEMLOCK
MailProg=/bin/true
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
PartitionName=spot Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=REQUEUE GraceTime={grace}
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=100 PreemptMode=OFF
"""

# What a node does when it starts. The shell stays as the machine's first process; slurmd may come and go below it.
BOOT = """
set -e
hostname "$NODE"
mount --make-rprivate /
mount --bind "$FOLDER/hosts" /etc/hosts
mount --bind "$FOLDER/nodes/$NODE/tmp" /tmp
mount -t tmpfs -o size=512m,mode=1777 shm /dev/shm
rm -rf "$FOLDER/nodes/$NODE/spool"/*pmix*
trap : TERM INT HUP USR1 USR2
slurmd -D -N "$NODE" &
while :; do sleep 3600 & wait $! || true; done
"""


def lacking():
    """Why there can be no cluster here; "" if there can."""
    if os.geteuid() != 0:
        return "only root can make nodes of namespaces"
    missing = [name for name in PROGRAMS if not shutil.which(name, path=PATH)]
    return f"not installed: {', '.join(missing)}" if missing else ""


def until(true, seconds, what):
    """Waits until true() is; returns what it gave."""
    end = time.monotonic() + seconds
    while not (found := true()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.05)
    return found


def sweep():
    """Takes away the bridges and networks of clusters whose process was killed before it could: each is named after that process."""
    for kind, listed in (("netns", ("ip", "netns")), ("link", ("ip", "-br", "link"))):
        for line in subprocess.run(listed, capture_output=True, text=True, check=True).stdout.splitlines():
            name = line.split()[0].split("@")[0]
            owner = re.fullmatch(r"tnr(\d+)([.-]n\d+)?", name)
            if owner and not Path(f"/proc/{owner[1]}").exists():
                subprocess.run(["ip", kind, "del", name], capture_output=True, check=False)  # a wire may have gone with its network


def free_net():
    """Three numbers of a network that this machine is not in: two bridges of one network would each get half of the answers."""
    taken = subprocess.run(["ip", "-4", "-o", "addr"], capture_output=True, text=True, check=True).stdout
    return next(net for net in (f"10.87.{i}" for i in range(256)) if f" {net}." not in taken)


class Cluster:
    """nodes: how many, n1 .. nN, each with `processors` of its own account. `grace` [s] before a preempted job is killed, `kill_wait` [s]
    between SIGTERM and SIGKILL, `slurmd_timeout` [s] until a silent node counts as down."""

    def __init__(self, folder, nodes=3, processors=2, grace=20, kill_wait=10, slurmd_timeout=10, requeue_exit=85):
        if str(folder).startswith("/tmp/"):
            raise ValueError("the nodes have a /tmp of their own: the cluster's folder must lie elsewhere")
        sweep()
        net = free_net()
        self.folder, self.net = Path(folder), net
        self.names = [f"n{i}" for i in range(1, nodes + 1)]
        self.settings = {"grace": grace, "kill_wait": kill_wait, "slurmd_timeout": slurmd_timeout, "requeue_exit": requeue_exit}
        self.processors = processors
        self.bridge = f"tnr{os.getpid()}"  # what `sweep` reads
        self.processes = {}  # by name: what was started, and is ended
        self.shared = self.folder / "shared"
        self.env = {**os.environ, "PATH": PATH, "SLURM_CONF": str(self.folder / "slurm.conf"), "OMPI_ALLOW_RUN_AS_ROOT": "1",
                    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_mpi_yield_when_idle": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
                    "OMPI_MCA_btl_tcp_if_include": f"{net}.0/24", "OMPI_MCA_oob_tcp_if_include": f"{net}.0/24", "OMP_PROC_BIND": "false",
                    "OMPI_MCA_rmaps_base_oversubscribe": "1"}
        self.env.pop("OMP_NUM_THREADS", None)

    def __enter__(self):
        try:
            self.up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(self, *fault):
        self.down()

    # ---- up and down

    def up(self):
        for name in ("munge", "state", "shared", "log"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name in self.names:
            for part in ("spool", "tmp"):
                (self.folder / "nodes" / name / part).mkdir(parents=True, exist_ok=True)
            (self.folder / "nodes" / name / "tmp").chmod(0o1777)
        self.write_settings()
        self.start_munge()
        self.host("ip", "link", "add", self.bridge, "type", "bridge")
        self.host("ip", "addr", "add", f"{self.net}.254/24", "dev", self.bridge)
        self.host("ip", "link", "set", self.bridge, "up")
        self.start("slurmctld", "slurmctld", "-D", "-c")
        for name in self.names:
            self.boot(name)
        until(lambda: self.states().count("idle") == len(self.names), 60, "idle nodes")

    def down(self):
        for process in reversed(self.processes.values()):  # a node's goes with all that runs on it
            process.kill()
            process.wait()
        self.processes.clear()
        for name in self.names:
            for words in (("netns", "del", self.namespace(name)), ("link", "del", self.wire(name))):
                subprocess.run(["ip", *words], env=self.env, capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", self.bridge], env=self.env, capture_output=True, check=False)

    def write_settings(self):
        controller = os.uname().nodename.split(".")[0]
        addresses = {name: f"{self.net}.{i}" for i, name in enumerate(self.names, 1)}
        nodes = "\n".join(f"NodeName={name} NodeAddr={address} CPUs={self.processors} Boards=1 SocketsPerBoard=1 CoresPerSocket={self.processors} "
                          f"ThreadsPerCore=1 RealMemory=2000 State=UNKNOWN" for name, address in addresses.items())
        (self.folder / "slurm.conf").write_text(CONF.format(folder=self.folder, controller=controller, address=f"{self.net}.254", nodes=nodes,
                                                            **self.settings))
        (self.folder / "cgroup.conf").write_text("CgroupAutomount=no\nIgnoreSystemd=yes\n")
        lines = ["127.0.0.1 localhost", f"{self.net}.254 {controller}", *(f"{address} {name}" for name, address in addresses.items())]
        (self.folder / "hosts").write_text("\n".join(lines) + "\n")

    def start_munge(self):
        folder = self.folder / "munge"
        (folder / "key").write_bytes(os.urandom(128))
        (folder / "key").chmod(0o400)
        folder.chmod(0o711)
        self.start("munged", "munged", "--foreground", "--force", f"--key-file={folder}/key", f"--socket={folder}/socket",
                   f"--pid-file={folder}/pid", f"--log-file={folder}/log", f"--seed-file={folder}/seed", "--num-threads=2")
        until((folder / "socket").exists, 10, "munge's socket")

    def start(self, name, *words, env=None):
        with open(self.folder / f"log/{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, words)], env={**self.env, **(env or {})}, stdout=log,
                                                    stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)

    def host(self, *words):
        subprocess.run(list(map(str, words)), env=self.env, check=True, capture_output=True)

    # ---- nodes

    def namespace(self, name):
        return f"{self.bridge}-{name}"

    def wire(self, name):
        """The node's end of its cable, on the bridge."""
        return f"{self.bridge}.{name}"

    def boot(self, name):
        space = self.namespace(name)
        if not Path(f"/run/netns/{space}").exists():
            self.host("ip", "netns", "add", space)
            self.host("ip", "link", "add", self.wire(name), "type", "veth", "peer", "name", "eth0", "netns", space)
            self.host("ip", "link", "set", self.wire(name), "master", self.bridge, "up")
            self.host("ip", "-n", space, "addr", "add", f"{self.net}.{name[1:]}/24", "dev", "eth0")
            self.host("ip", "-n", space, "link", "set", "eth0", "up")
            self.host("ip", "-n", space, "link", "set", "lo", "up")
        self.start(name, "nsenter", f"--net=/run/netns/{space}", "unshare", "--uts", "--ipc", "--mount", "--pid", "--fork", "--kill-child=KILL",
                   "--mount-proc", "bash", "-c", BOOT, env={"NODE": name, "FOLDER": str(self.folder)})

    def first_process(self, name):
        """Of the node, as this machine numbers it."""
        pid = self.processes[name].pid
        return int(until(lambda: Path(f"/proc/{pid}/task/{pid}/children").read_text().split(), 10, f"{name}'s first process")[0])

    def on(self, name, *words, **how):
        """Runs a command on a node."""
        return subprocess.run(["nsenter", "-t", str(self.first_process(name)), "--all", *map(str, words)], env=self.env, capture_output=True, text=True,
                              check=False, **how)

    def crash(self, name):
        """Power off: all that runs there is gone at once."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def cut(self, name):
        self.host("ip", "link", "set", self.wire(name), "down")

    def heal(self, name):
        self.host("ip", "link", "set", self.wire(name), "up")

    def kill_slurmd(self, name):
        """Its jobs live on."""
        self.on(name, "pkill", "-KILL", "-x", "slurmd")

    def start_slurmd(self, name):
        self.on(name, "sh", "-c", f"setsid slurmd -D -N {name} >>{self.folder}/log/{name}.log 2>&1 &")

    # ---- Slurm

    def run(self, *words, timeout=120, check=True, env=None):
        """A command on the login node, in the shared folder; gives what it printed."""
        done = subprocess.run(list(map(str, words)), cwd=self.shared, env={**self.env, **(env or {})}, capture_output=True, text=True, timeout=timeout,
                              check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"{words}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def states(self):
        return self.run("sinfo", "-h", "-p", "main", "-N", "-o", "%T", check=False).split()

    def submit(self, *words):
        return self.run("sbatch", "--parsable", *words).strip().split(";")[0]

    def job(self, job):
        """What the controller knows of a job, by name of the field; {} once it has forgotten it. Of arrays use JOB_TASK."""
        text = self.run("scontrol", "-o", "show", "job", job, check=False).strip().splitlines()
        return dict(word.split("=", 1) for word in text[-1].split() if "=" in word) if text else {}

    def state(self, job):
        return self.job(job).get("JobState", "")

    def wait(self, job, *wanted, seconds=120):
        """Until the job is in one of these states. A requeued job need not wait its two minutes: it is released as often as it takes."""
        def there():
            state = self.state(job)
            if state == "PENDING" and state not in wanted:
                time.sleep(1.5)  # a node that has not yet forgotten the job's last start fails the next one
                self.run("scontrol", "update", f"jobid={job}", "StartTime=now", check=False)
            if state == "FAILED":  # or on its way back into the queue
                time.sleep(1)
                state = self.state(job)
            return state if state in wanted else ""
        try:
            return until(there, seconds, f"job {job} in {wanted}")
        except TimeoutError as fault:
            raise TimeoutError(f"{fault}; it is {self.job(job)}\n{self.logs()}") from None

    def logs(self):
        """The tail of each log in the shared folder, for messages."""
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in sorted(self.shared.rglob("*.log")))


if __name__ == "__main__":
    if len(sys.argv) != 3 or lacking():
        sys.exit(lacking() or __doc__)
    with Cluster(Path(sys.argv[1]).resolve(), nodes=int(sys.argv[2])) as by_hand:
        subprocess.run([os.environ.get("SHELL", "bash")], cwd=by_hand.shared, env=by_hand.env, check=False)
