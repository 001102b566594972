"""The commands that make a result again, as a shell takes them."""
import shlex

FEWEST_REPLICATES = 8  # that tenor takes; a shard can have fewer


def file_name(name, ending=""):
    """That of a file called after a deck, which may be called anything."""
    return name.replace("/", "_") + ending


def named(name, ending=""):
    """The same in a command."""
    path = file_name(name, ending)
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def sampled(data, ranges):
    """The options that draw the paths of a result again; None of paths that no run draws alone: a shard, or shards with gaps.
    `ranges` are (first, end) of its paths, () if the file has lost them."""
    if "paths" not in data:
        return None
    paths, sobol = int(data["paths"]), data.attrs.get("sampling") == "sobol"
    replicates = int(data.get("replicates", 0))
    if ranges not in ((), ((0, paths),)) or sobol and replicates < FEWEST_REPLICATES:
        return None
    exact = any("as by sorting" in v.attrs.get("comment", "") for v in data.values())
    return (f"--paths {paths} --seed {data.attrs.get('seed')}" + f" --sampling sobol --set sampling.replicates={replicates}" * sobol
            + " --exact-quantiles" * exact)


def in_words(ranges):
    """Ranges of paths: 0 to 511, 1024 to 2047."""
    return ", ".join(f"{first} to {end - 1}" for first, end in ranges)
