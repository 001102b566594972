#!/usr/bin/env python3
"""Makes base.yaml, deck.dict and the seeds of tests/fuzz/corpus from the project's own decks and keys.

usage: tests/fuzz/make_corpus.py TENOR        (the program; PyYAML is needed)

What fuzzing adds to a corpus is not made here; run.sh --merge keeps what reaches new code.
"""
import json
import struct
import subprocess
import sys
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parents[2]
FUZZ = TOP / "tests/fuzz"


def keys(tenor):
    """The table of keys, [{key, unit, values, range, choices, doc}, ...]."""
    return json.loads(subprocess.run([tenor, "check", "--keys", "--json"], check=True, capture_output=True, text=True).stdout)["x-keys"]


def base():
    """The base deck without sources, and of each list one item: a whole deck that is short."""
    def strip(node):
        if isinstance(node, dict):
            return strip(node["value"]) if "value" in node else {k: strip(v) for k, v in node.items() if k not in ("source", "confidence")}
        return [strip(item) for item in node] if isinstance(node, list) else node

    deck = strip(yaml.load((TOP / "decks/anthropic-aws.yaml").read_text(), yaml.BaseLoader))
    past = yaml.load((TOP / "decks" / deck.pop("include")).read_text(), yaml.BaseLoader)
    deck["history"] = strip(past)["history"][-2:]
    for name in ("generations", "sites", "customers"):
        deck[name] = deck[name][:1]
    deck["customers"][0]["tranches"] = deck["customers"][0]["tranches"][:1]
    deck["time"]["horizon"] = "2 months"
    return yaml.dump(deck, default_flow_style=None, sort_keys=False, width=1000, allow_unicode=True)


def put(target, name, content):
    folder = FUZZ / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def dictionary(table):
    """Words of the deck language, for libFuzzer."""
    words = {"include: base.yaml\n", "include: second.yaml\n", "uncertain:\n", "uncertain_correlation:\n", "%%%\n", "value: ", "source: ",
             "confidence: ", "fact", "derived", "assumed", "none", "scale: true", "unlimited", "true", "false", "weights: ", "values: ",
             "&a ", "*a", "!!str ", "---\n", "...\n", "%YAML 1.1\n", "<<: ", "\\0", "\\e", "| \n", "> \n", "- name: ", "1e308", "1e-308", "-0",
             "1_000", "nan", "inf", "0x10", "2026-04-01", "% ", "per ", "\u202e", "\ufeff", "12 months", "1 GW", "1 billion USD"}
    for row in table:
        words.update(part + ": " for part in row["key"].replace("[]", "").split("."))
        words.update(word for word in (row["unit"], *row["choices"].split("|")) if word)
    for law, names in LAWS.items():
        words.update({f"law: {law}", *(name + ": " for name in names)})
    return "".join('"' + "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\' else f"\\x{b:02x}" for b in word.encode()) + '"\n'
                   for word in sorted(words))


LAWS = {"uniform": ("low", "high"), "normal": ("mean", "sd", "low", "high"), "lognormal": ("median", "sigma"),
        "triangular": ("low", "mode", "high"), "pert": ("low", "mode", "high"), "discrete": ("values", "weights")}


# ---- seeds, target by target

def deck_seeds(base_text):
    put("deck", "base", base_text)
    for path in sorted((TOP / "decks").glob("*.yaml")):
        text = path.read_text()
        if "include: anthropic-aws.yaml" in text:
            put("deck", path.stem, text.replace("include: anthropic-aws.yaml", "include: base.yaml"))
    put("deck", "uncertain", (TOP / "tests/decks/uncertain.yaml").read_text()
        .replace("../../decks/anthropic-aws.yaml", "base.yaml").replace("Trainium4", "Trainium2").replace("sites.S5", "sites.S1"))
    put("deck", "nested", "include: second.yaml\nmarket: {spot_fraction: 10 %}\n%%%\ninclude: third.yaml\n%%%\ninclude: base.yaml\nname: third\n")
    put("deck", "circle", "include: second.yaml\n%%%\ninclude: deck.yaml\n")
    put("deck", "override", "include: base.yaml\ncustomers:\n  Anthropic:\n    commitment: {value: 1e2 billion USD, source: 'a \"b\"', confidence: fact}\n"
        "    tranches:\n      0: {amount: 500 million USD}\nsites: {0: {capacity: 400 MW}}\n")
    put("deck", "unlike", "include: base.yaml\nuncertain: {market.spot_fraction: {law: uniform, low: 0, high: 1}, relet.lag: none}\n")


def set_seeds():
    put("set", "several", "time.horizon=24 months\nmarket.spot_fraction=20 %\nsites.S.capacity=500 MW\n")
    put("set", "points", "sites.S.2.capacity=1 GW\ngenerations.T3.1.chip_power=1.5 kW\ncustomers.0.tranches.0.amount=1e9 USD\n")
    put("set", "whole", "+\nmarket.price_level=9, 8.5, 7 billion USD/GW/year\ncustomers.Anthropic.annual_minimum=[1 billion USD/year]\n")
    put("set", "law", "+\nuncertain.market.spot_fraction={law: uniform, low: 0, high: 1}\nuncertain.relet.lag.law=normal\n")
    put("set", "wrong", "market=\n=\ninclude=base.yaml\nname=\"a\\e[31mb\"\nmarket.price_level.winter=1\n")


def options_seeds():
    put("options", "run", "deck.yaml\n--paths\n1e6\n-o\nout.nc\n--until\nnpv:1%\n--checkpoint\na.ckpt\n--checkpoint-every=5min\n--resume\n")
    put("options", "other", "--seed=7\n--set\na.b=1\n--set-second\na.b=2\n--sampling\nsobol\n--threads\n2\n--progress\njson\n--quiet\n--force\n--json\n")
    put("options", "parts", "--shard\n3/16\n--dump-paths\n1%\n--max-time\n1.5h\n--exact-quantiles\na\n--\n-b\n")
    put("options", "help", "-h\n")
    put("options", "wrong", "-xyz\n--pat\n--output\n")


def until_seeds():
    put("until", "several", "npv:1%\nnpv.cvar99:2%\nbacklog@60:0.05\nbacklog@2:0.05\ncustomer_defaulted:0.01\nnpv.q5:1e-3\nfulfilled_month.by60:1%\n")
    put("until", "pair", "+\nnpv.var99:5%\nnpv.sd:1\n")
    put("until", "wrong", "npv\nnpv:\nnpv:-1\nnpv.q@:1\nnpv:1e999%\nnpv@99999999999999999999:1\n")


def units_seeds():
    for kind, texts in {0: ("9 %", "1_000.5e-3", "1, 2 3"), 1: ("100 billion USD", "5e8 USD", "1.5 trillion USD"), 2: ("3, 5, 7 billion USD/year",),
                        3: ("14 billion USD/GW",), 4: ("8.5 billion USD/GW/year", "12 USD per W per year"), 5: ("450 MW", "1 GW", "unlimited"),
                        6: ("1 GW/year",), 7: ("1.4 kW",), 8: ("18 months", "1.5 years", "3 days"), 9: ("12 months",), 10: ("4 years",),
                        11: ("9 %/year", "9 percent per year", "1/year"), 12: ("0.5 1/month",), 13: ("0.3 1/sqrt(year)", "0.3 /sqrt(year)")}.items():
        for i, text in enumerate(texts):
            put("units", f"{kind}-{i}", bytes([kind, 3]) + text.encode())


def key_seeds():
    for i, text in enumerate(("market.price_level.winter", "regime.transition_rate.boom.winter", "correlation.factors.revenue.price",
                              "customers.A.B.annual_minimum.3", "customers.A.B.tranches.0.amount", "sites.0.capacity", "generations.T3.1.chip_cost",
                              "customers.tranches.tranches.1.stake", "credit.hazard", "time.horizon", "customers.1.contract_price", "nonsense.key")):
        put("key", f"{i:02}", text)


def checkpoint_seeds():
    """A small one, as edge/snapshot.c lays it out, without the digest."""
    version = next(line.split('"')[1] for line in (TOP / "engine/model/version.h").read_text().splitlines() if '"' in line)
    owner = b"tenor checkpoint, format 1\n".ljust(32, b"\0") + struct.pack("<q", 0x0102030405060708)
    owner += b"77".ljust(64, b"\0") + struct.pack("<q", 2) + b"here:1:2".ljust(160, b"\0") + struct.pack("<q", 3)

    def array(values, form):
        return struct.pack(f"<q{len(values)}{form}", len(values), *values)

    def tallies(words):
        return struct.pack("<q", 1) + array(words, "q") + array([0.5, -1e300, 3.25], "d") + struct.pack("<3q", 0, 0, 0)

    def deck(name, text):
        return name.encode().ljust(64, b"\0") + struct.pack("<q", len(text)) + text.encode()

    def snapshot(decks, points, ends, looks):
        out = owner + version.encode().ljust(32, b"\0") + struct.pack("<q", len(decks)) + b"".join(deck(*d) for d in decks)
        out += struct.pack("<qq", 7, points) + array(ends, "q") + tallies([1, -2, 3, 2**63 - 1, -2**63])
        out += struct.pack("<q", 1536 if points else 0) + tallies([7, 8]) + struct.pack("<qq", 0, 4096)
        out += struct.pack("<q", 1) + b"npv:1%".ljust(128, b"\0") + struct.pack("<q", looks)
        return out + (struct.pack("<q", 1024) + struct.pack("<32d", *([1.5] * 32)) + struct.pack("<16q", *([1] * 16)) + struct.pack("<d", 9)) * looks

    put("checkpoint", "one", snapshot([("small", "name: small\n")], 1024, [0, 1024], 1))
    put("checkpoint", "two", snapshot([("small", "name: small\n"), ("other", "name: other\n")], 0, [0, 512, 1024, 2048], 0))
    put("checkpoint", "head", owner)


TYPES = {"char": 0, "int": 1, "int64": 2, "uint64": 3, "double": 4}
FORMS = {"char": "c", "int": "i", "int64": "q", "uint64": "Q", "double": "d"}


def attribute(name, kind, values, state=False, of=255):
    """An item of tests/fuzz/netcdf.h."""
    raw = values.encode() if kind == "char" else struct.pack(f"<{len(values)}{FORMS[kind]}", *values)
    n = len(raw) if kind == "char" else len(values)
    return bytes([2 * state, len(name)]) + name.encode() + bytes([TYPES[kind], of]) + struct.pack("<H", n) + raw


def variable(name, kind, dims, values=b"", state=False, changes=()):
    raw = values if isinstance(values, bytes) else struct.pack(f"<{len(values)}{FORMS[kind]}", *values)
    out = bytes([1 + 2 * state, len(name)]) + name.encode() + bytes([TYPES[kind], len(dims)])
    for dim, size in dims:
        out += bytes([len(dim)]) + dim.encode() + struct.pack("<Q", size)
    out += struct.pack("<I", len(raw)) + raw + struct.pack("<H", len(changes))
    return out + b"".join(struct.pack("<IQ", *change) for change in changes)


def special(i):
    return 2**64 - 1 - i


def result_seeds():
    version = next(line.split('"')[1] for line in (TOP / "engine/model/version.h").read_text().splitlines() if '"' in line)
    head = b"\0" + attribute("tenor_format_version", "int", [2]) + attribute("deck", "char", "base") + attribute("seed", "uint64", [1])

    def state(points, paths, name="base"):
        return (attribute("model_version", "char", version, True) + attribute("seed", "uint64", [1], True) +
                attribute("points", "int64", [points], True) + attribute("block_paths", "int", [512], True) +
                attribute("deck_name", "char", name, True) + variable("deck", "char", [("deck_size", 1)], b"@", True) +
                variable("path_ranges", "int64", [("range", 1), ("range_end", 2)], [0, paths], True))

    def tally(prefix, words, columns, paths):
        """The words begin with the paths of each part, and the number of blocks."""
        return (variable(prefix + "words", "int64", [("words", words)], [paths, *[0] * 31, 1], True) +
                variable(prefix + "centre", "double", [("centre", columns)], state=True))

    put("result", "one", head + state(0, 512) + tally("", special(0), special(1), 512))
    pair = (attribute("second_deck_name", "char", "base", True) + variable("second_deck", "char", [("deck_size", 1)], b"@", True))
    put("result", "two", head + attribute("second_deck", "char", "other") + state(0, 512) + pair + tally("", special(2), special(1), 512) +
        tally("first_", special(3), special(1), 512) + tally("second_", special(3), special(1), 512))
    put("result", "replicates", head + state(512, 512) + tally("", special(0), special(1), 512) + tally("replicate_", special(4), special(5), 1))
    quarters = [("time", 4)]
    shown = (variable("time", "double", quarters, [3, 6, 9, 12]) + variable("paths", "int64", [], [512]) +
             variable("quantile", "double", [("quantile", 3)], [0.05, 0.5, 0.95]) + variable("level", "double", [("level", 2)], [0.95, 0.99]) +
             variable("customer", "char", [("customer", 2), ("letters", 3)], b"A\0\0B\xc3\xa9") + variable("npv_mean", "double", [], [1.5]) +
             attribute("units", "char", "1", of=5) + variable("npv_var", "double", [("level", 2)], [1, 2]) +
             variable("backlog_quantile", "double", [*quarters, ("quantile", 3)], [1.0] * 12) + variable("npv_se", "double", [], [9.969209968386869e36]))
    put("result", "shown", head + shown + state(0, 512))
    table = [("metric", 1), ("key", 1)]
    pieces = b"".join(variable(figure + part, "double", table, [value]) for figure in ("low_difference", "high_difference", "first_order", "total")
                      for part, value in (("", 0.5), ("_lo", 0.25), ("_hi", 0.75), ("_grey", 0)))
    words = b"".join(variable(name, "char", [(name.split("_")[0], 1), ("letters", 4)], b"word")
                     for name in ("key", "key_unit", "metric", "metric_unit", "metric_long_name"))
    put("result", "sensitivity", head + attribute("tenor_kind", "char", "sensitivity") + words + variable("key_is_factor", "double", [("key", 1)], [0]) +
        variable("key_value", "double", [("key", 1), ("swing", 2)], [1, 2]) + variable("key_middle", "double", [("key", 1)], [1.5]) + pieces)


def main():
    tenor = sys.argv[1]
    table = keys(tenor)
    text = base()
    (FUZZ / "base.yaml").write_text("# The base deck, short; made by make_corpus.py.\n" + text)
    (FUZZ / "deck.dict").write_text("# Words of the deck language; made by make_corpus.py from `tenor check --keys`.\n" + dictionary(table))
    deck_seeds(text)
    set_seeds()
    options_seeds()
    until_seeds()
    units_seeds()
    key_seeds()
    checkpoint_seeds()
    result_seeds()


if __name__ == "__main__":
    main()
