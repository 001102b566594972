#!/usr/bin/env python3
"""Checks an AWS ParallelCluster 3 file before AWS sees it:   check.py FILE.yaml...

Names, kinds and values of keys against keys.txt; then what tenor wants of the cluster, and what ParallelCluster or EC2 refuse only after
minutes. Each fault is one line on standard error, FILE:LINE: KEY: what was wanted. Exit 0 if there is none, else 2."""
import re
import sys
from pathlib import Path

import yaml

KEYS = Path(__file__).with_name("keys.txt")
PLACEHOLDER = "FILL-IN"
EFA = re.compile(r"(hpc\w+|c5n\.(18xlarge|metal)|c6[ia]n?\.(32xlarge|48xlarge|metal)|c6gn\.16xlarge|c7[ia]\.(48xlarge|metal.*)|c7gn?\.(16xlarge|metal))(\.\w+)?$")


class Key:
    """What the table says of a key."""

    def __init__(self, kind, required, values):
        self.kind, self.required, self.values, self.keys = kind, required, values, {}


def read_table(path=KEYS):
    """The keys at the top, each with its own below it."""
    top = Key("object", True, [])
    stack = [top]
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        depth = (len(line) - len(line.lstrip())) // 2
        name, kind, *values = line.strip().split("  ", 2)
        key = Key(kind, name.endswith("*"), values[0].split(" | ") if values else [])
        stack[depth + 1:] = []
        stack[depth].keys[name.rstrip("*")] = key
        stack.append(key)
    return top


class Checker:
    """Collects the faults of one file."""

    def __init__(self, path):
        self.path, self.faults = path, []

    def fault(self, node, where, text):
        self.faults.append((node.start_mark.line + 1 if node else 1, where, text))

    # ---- names, kinds, values

    def check(self, node, key, where):
        """A node against a key of the table; gives it as plain data, faults and all."""
        if isinstance(node, yaml.ScalarNode) and PLACEHOLDER in node.value:
            self.fault(node, where, f"still says {node.value}; fill in your own")
            return node.value
        if key.kind in ("objects", "list-of-settings", "texts") and not isinstance(node, yaml.SequenceNode):
            self.fault(node, where, "wanted a list")
            return []
        if key.kind in ("objects", "texts"):
            part = Key("object" if key.kind == "objects" else "text", True, key.values)
            part.keys = key.keys
            return [self.check(one, part, f"{where}[{i}]") for i, one in enumerate(node.value)]
        if key.kind == "object":
            return self.check_object(node, key, where)
        value = self.plain(node, where)
        self.check_value(node, key, where, value)
        return value

    def check_object(self, node, key, where):
        if not isinstance(node, yaml.MappingNode):
            self.fault(node, where, "wanted keys below it")
            return {}
        found = {}
        for name_node, value in node.value:
            name, inner = name_node.value, f"{where}.{name_node.value}" if where else name_node.value
            if name in found:
                self.fault(name_node, inner, "is there twice")
            elif name not in key.keys:
                near = nearest(name, key.keys)
                self.fault(name_node, inner, f"no such key{f'; did you mean {near}?' if near else ''}")
            else:
                found[name] = self.check(value, key.keys[name], inner)
        for name, inner in key.keys.items():
            if inner.required and name not in found:
                self.fault(node, f"{where}.{name}" if where else name, "is missing")
        return found

    def plain(self, node, where):
        """Any value; a repeated key is a fault here too."""
        if isinstance(node, yaml.MappingNode):
            found = {}
            for name, value in node.value:
                if name.value in found:
                    self.fault(name, f"{where}.{name.value}", "is there twice")
                found[name.value] = self.plain(value, f"{where}.{name.value}")
            return found
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(one, where) for one in node.value]
        return yaml.safe_load(yaml.serialize(node))

    def check_value(self, node, key, where, value):
        kinds = {"text": str, "whole": int, "number": (int, float), "yes-no": bool, "settings": dict, "list-of-settings": list}
        wanted = kinds.get(key.kind)
        if wanted and (not isinstance(value, wanted) or isinstance(value, bool) and key.kind != "yes-no"):
            names = {"text": "a text", "whole": "a whole number", "number": "a number", "yes-no": "true or false", "settings": "settings"}
            self.fault(node, where, f"wanted {names.get(key.kind, 'a list')}, not `{getattr(node, 'value', '...')}`")
        elif key.values and str(value) not in key.values:
            self.fault(node, where, f"wanted one of {', '.join(key.values)}, not `{value}`")

    # ---- what goes together

    def rules(self, data, at):
        """`at` finds the node of a path, for the line."""
        def fault(where, text):
            self.fault(at(where), where, text)

        head = data.get("HeadNode", {})
        ssh = head.get("Ssh", {})
        if ssh and ssh.get("AllowedIps", "0.0.0.0/0") in ("0.0.0.0/0", "::/0"):
            fault("HeadNode.Ssh", "is open to the world: give AllowedIps, or leave Ssh out and use Session Manager")
        if not head.get("Imds", {}).get("Secured", False):
            fault("HeadNode", "wanted Imds: {Secured: true}")
        scheduling = data.get("Scheduling", {})
        if scheduling.get("Scheduler") != "slurm":
            fault("Scheduling.Scheduler", "wanted slurm")
        self.rules_of_slurm(scheduling.get("SlurmSettings", {}), fault)
        queues = scheduling.get("SlurmQueues", [])
        self.rules_of_names(queues, fault)
        self.rules_of_machines(head, queues, fault)
        for i, queue in enumerate(queues):
            self.rules_of_queue(queue, f"Scheduling.SlurmQueues[{i}]", fault)
        self.rules_of_storage(data.get("SharedStorage", []), fault)
        self.rules_of_subnets(data, fault)

    @staticmethod
    def rules_of_slurm(slurm, fault):
        where = "Scheduling.SlurmSettings"
        settings = {name: value for one in slurm.get("CustomSlurmSettings", []) if isinstance(one, dict) for name, value in one.items()}
        if "85" not in str(settings.get("RequeueExit", "")).split(","):
            fault(where, "wanted CustomSlurmSettings with RequeueExit: 85, which puts a stopped run back into the queue")
        if settings.get("PreemptMode") != "REQUEUE":
            fault(where, "wanted CustomSlurmSettings with PreemptMode: REQUEUE")
        if int(settings.get("KillWait", 30)) < 30:
            fault(where, "KillWait is the time a run has to write its checkpoint: at least 30")

    @staticmethod
    def rules_of_names(queues, fault):
        seen = set()
        for i, queue in enumerate(queues):
            for where, name in [(f"Scheduling.SlurmQueues[{i}].Name", queue.get("Name", ""))] + [
                    (f"Scheduling.SlurmQueues[{i}].ComputeResources[{j}].Name", one.get("Name", "")) for j, one in enumerate(queue.get("ComputeResources", []))]:
                if not re.fullmatch(r"[a-z][a-z0-9-]{0,24}", str(name)) or name == "default":
                    fault(where, f"wanted at most 25 small letters, digits and hyphens, a letter first, not `{name}`")
            if queue.get("Name") in seen:
                fault(f"Scheduling.SlurmQueues[{i}].Name", f"two queues are called {queue.get('Name')}")
            seen.add(queue.get("Name"))

    @staticmethod
    def machines(queue):
        for j, resource in enumerate(queue.get("ComputeResources", [])):
            for one in resource.get("Instances", [{"InstanceType": resource.get("InstanceType", "")}]):
                yield j, one.get("InstanceType", "")

    def rules_of_machines(self, head, queues, fault):
        def is_arm(machine):
            return bool(re.match(r"[a-z]+\d+[a-z]*g[a-z]*\.", machine))
        wanted = is_arm(head.get("InstanceType", ""))
        for i, queue in enumerate(queues):
            for j, machine in self.machines(queue):
                where = f"Scheduling.SlurmQueues[{i}].ComputeResources[{j}]"
                if not re.fullmatch(r"[a-z]+\d+[a-z]*(-\w+)?\.[a-z0-9-]+", machine):
                    fault(where, f"`{machine}` is no instance type")
                elif is_arm(machine) != wanted:
                    fault(where, f"{machine} and the head node's {head.get('InstanceType')} are of different architectures; a cluster has one")

    def rules_of_queue(self, queue, where, fault):
        spot = queue.get("CapacityType") == "SPOT"
        group = queue.get("Networking", {}).get("PlacementGroup", {}).get("Enabled", False)
        subnets = queue.get("Networking", {}).get("SubnetIds", [])
        if group and len(subnets) > 1:
            fault(f"{where}.Networking", "a placement group lies in one subnet")
        if spot and queue.get("AllocationStrategy") != "capacity-optimized":
            fault(where, "wanted AllocationStrategy: capacity-optimized for spot: the least likely to be taken back")
        bucket = {one.get("BucketName") for one in queue.get("Iam", {}).get("S3Access", [])}
        for name, action in queue.get("CustomActions", {}).items():
            script = str(action.get("Script", ""))
            match = re.match(r"s3://([^/]+)/", script)
            if not match and not script.startswith("https://"):
                fault(f"{where}.CustomActions.{name}", "wanted a Script at s3:// or https://")
            elif match and match[1] not in bucket:
                fault(f"{where}.CustomActions.{name}", f"its nodes may not read {match[1]}: name it in Iam.S3Access")
        for j, resource in enumerate(queue.get("ComputeResources", [])):
            inner = f"{where}.ComputeResources[{j}]"
            if resource.get("MinCount", 0) > resource.get("MaxCount", 10):
                fault(inner, f"MinCount {resource.get('MinCount')} is above MaxCount {resource.get('MaxCount', 10)}")
            if resource.get("MinCount", 0) > 0:
                fault(inner, "MinCount above 0 keeps machines that cost money while nothing runs")
            if "SpotPrice" in resource and not spot:
                fault(inner, "SpotPrice is of a queue with CapacityType: SPOT")
            if resource.get("Efa", {}).get("Enabled"):
                if not group:
                    fault(inner, "EFA wants the queue's Networking.PlacementGroup: {Enabled: true}")
                for _, machine in self.machines({"ComputeResources": [resource]}):
                    if not EFA.match(machine):
                        fault(inner, f"{machine} has no EFA")

    @staticmethod
    def rules_of_storage(storage, fault):
        folders = set()
        for i, one in enumerate(storage):
            where, lustre = f"SharedStorage[{i}]", one.get("FsxLustreSettings", {})
            if not str(one.get("MountDir", "")).startswith("/") or one.get("MountDir") in folders:
                fault(f"{where}.MountDir", "wanted a path from the root that no other storage has")
            folders.add(one.get("MountDir"))
            if one.get("StorageType") == "Efs" and not one.get("EfsSettings", {}).get("Encrypted"):
                fault(where, "wanted EfsSettings: {Encrypted: true}")
            if one.get("StorageType") == "FsxLustre":
                size = lustre.get("StorageCapacity", 0)
                if size != 1200 and (size <= 0 or size % 2400 != 0):
                    fault(where, f"wanted a StorageCapacity of 1200, 2400 or a multiple of 2400 GiB, not {size}")
        if not any(one.get("StorageType") == "Efs" for one in storage):
            fault("SharedStorage", "wanted an Efs file system for the program and the results: it outlives the scratch space")

    @staticmethod
    def rules_of_subnets(data, fault):
        named = [("HeadNode.Networking.SubnetId", data.get("HeadNode", {}).get("Networking", {}).get("SubnetId", ""))]
        for i, queue in enumerate(data.get("Scheduling", {}).get("SlurmQueues", [])):
            named += [(f"Scheduling.SlurmQueues[{i}].Networking.SubnetIds", subnet) for subnet in queue.get("Networking", {}).get("SubnetIds", [])]
        for where, subnet in named:
            if PLACEHOLDER not in str(subnet) and not re.fullmatch(r"subnet-([0-9a-f]{8}|[0-9a-f]{17})", str(subnet)):
                fault(where, f"`{subnet}` is no subnet")
        if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", str(data.get("Region", ""))):
            fault("Region", f"`{data.get('Region')}` is no region")


def nearest(name, names):
    """The name most like it, "" if none is."""
    import difflib
    near = difflib.get_close_matches(name, names, 1)
    return near[0] if near else ""


def find(node, where):
    """The node of a path, or the nearest one above it that is there."""
    for word in re.findall(r"[^.\[\]]+", where):
        below = None
        if isinstance(node, yaml.SequenceNode) and word.isdigit() and int(word) < len(node.value):
            below = node.value[int(word)]
        elif isinstance(node, yaml.MappingNode):
            below = next((value for name, value in node.value if name.value == word), None)
        if below is None:
            return node
        node = below
    return node


def check(path):
    """The faults of a file: (line, key, text), in the order of lines."""
    checker = Checker(path)
    try:
        node = yaml.compose(Path(path).read_text())
    except (OSError, UnicodeDecodeError) as reason:
        return [(1, "file", str(reason))]
    except yaml.YAMLError as reason:
        mark = getattr(reason, "problem_mark", None)
        return [(mark.line + 1 if mark else 1, "YAML", getattr(reason, "problem", None) or str(reason))]
    if not isinstance(node, yaml.MappingNode):
        return [(1, "file", "wanted keys and values")]
    data = checker.check(node, read_table(), "")
    if not checker.faults or all("fill in" in text for _, _, text in checker.faults):
        checker.rules(data, lambda where: find(node, where))
    return sorted(checker.faults)


def main(paths):
    if not paths or paths[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if paths else 2
    bad = False
    for path in paths:
        for line, where, text in check(path):
            bad = True
            print(f"{path}:{line}: {where}: {text}", file=sys.stderr)
    return 2 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
