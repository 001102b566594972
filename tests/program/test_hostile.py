"""Hostile decks, results, checkpoints and file names: refused with a sentence that can be shown, in bounded time and memory."""
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import netCDF4
import numpy
import pytest

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
BASE = TOP / "decks/anthropic-aws.yaml"
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
MEMORY = 2 << 30  # bytes that a call may take


def tenor(*words, cwd, seconds=60, sanitized="sanitize" in TENOR):
    """A call with bounds on time and memory, whose words can be shown."""
    def bound():
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    begin = time.monotonic()
    done = subprocess.run([TENOR, *map(str, words)], cwd=cwd, capture_output=True, timeout=10 * seconds, check=False,
                          stdin=subprocess.DEVNULL, preexec_fn=None if sanitized else bound)
    assert time.monotonic() - begin < seconds, "too slow"
    for said in (done.stdout, done.stderr):
        assert not HIDDEN.search(said.decode("utf-8"))  # and it is UTF-8
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def check(folder, text, *words, name="deck.yaml"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return tenor("check", "--quiet", path, *words, cwd=folder)


def including(text):
    return f"include: {BASE}\n{text}"


# ---- decks

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join('*' + a for _ in range(9))}]\n" for a, b in zip("abcdefgh", "bcdefghi"))
REFUSED = {
    "aliases": (LAUGHS, "anchors and aliases"),
    "merge keys": ("base: &b {x: 1}\nmarket: {<<: *b}\n", "anchors and aliases"),
    "nesting": ("market: " + "[" * 500_000, "nested too deeply"),
    "nested maps": ("market: " + "{a: " * 200_000, "nested too deeply"),
    "nested blocks": ("\n".join(" " * i + "a:" for i in range(1000)), "nested too deeply"),
    "size": (including("# " + "x" * (1 << 20)), "larger than 1 MiB"),
    "many keys": (including("market:\n" + "".join(f"  k{i}: 1\n" for i in range(60_000))), "more keys and values than a deck may have"),
    "many keys of a section": (including("market:\n" + "".join(f"  k{i}: 1\n" for i in range(20_000))), "more than 500 keys"),
    "repeated keys": (including("market: {spot_fraction: 0}\n" * 2), "repeated key `market`"),
    "many values": (including("sites: [" + "{}, " * 60_000 + "{}]"), "more keys and values"),
    "many items": (including("sites: [" + "{name: a}, " * 1000 + "{}]"), "has 1001 entries; wanted 1 to 32"),
    "many years": (including("customers: {0: {annual_minimum: [" + "1 billion USD/year, " * 60 + "]}}"), "holds more than 50 numbers"),
    "a long list": (including("customers: {0: {annual_minimum: '" + "1, " * 5000 + "1 billion USD/year'}}"), "holds more than 50 numbers"),
    "a long key": (including(f"market: {{{'k' * 900}: 1}}"), "unknown key `kkk"),
    "a very long key": (including(f"? {'k' * 500_000}\n: 1"), "unknown key `kkk"),
    "a long name": (including("name: " + "n" * 64), "1 to 63 bytes"),
    "a long source": (including(f"market: {{source: {'s' * 1001}}}"), "1 to 1000 bytes"),
    "a long number": (including("market: {spot_fraction: " + "1" * 5000 + "}"), "does not begin with a finite number"),
    "a huge number": (including("market: {spot_fraction: 1e999}"), "does not begin with a finite number"),
    "a huge whole number": (including("sampling: {paths: 99999999999999999999999}"), "out of range"),
    "not a number": (including("market: {spot_fraction: nan}"), "does not begin with a finite number"),
    "a long unit": (including("market: {initial_price: 1 " + "k" * 3000 + "}"), "unit too long"),
    "brackets in a unit": (including("market: {initial_price: 1 " + "(" * 100 + "}"), "is not a unit"),
    "a zero byte": (including("name: a\0b"), "holds a zero byte"),
    "a zero byte, escaped": (including(r'name: "a\0b"'), "holds a zero byte"),
    "an escape sequence": (including("name: \x1b]0;owned\x07"), "control characters are not allowed"),
    "an escape sequence, escaped": (including(r'name: "\e[2J\e[31mfine"'), "does not show"),
    "a turned name": (including('name: "a\u202eb"'), "does not show"),
    "a name of two lines": (including(r'name: "a\nb"'), "a name of one line"),
    "an escape sequence in a key": (including(r'"mar\e[31mket": {}'), "does not show"),
    "a C1 control": (including(r'market: {"spot\x9bfraction": 1}'), "does not show"),
    "not UTF-8": (including("x").encode() + b"\nname: \xff\xfe\xff", "invalid leading UTF-8 octet"),
    "UTF-8 that is too long": (including("x").encode() + b"\nname: \xc0\xaf", "UTF-8"),
    "half a letter": (including("name: ").encode() + b"\xe2\x82", "incomplete UTF-8"),
    "bytes": (bytes(random.Random(1).randrange(256) for _ in range(5000)), "error"),
    "a device": ("include: /dev/zero", "/dev/zero: is no file"),
    "a folder": ("include: .", "Is a directory"),
    "a file of others": ("include: /etc/passwd", "/etc/passwd"),
    "itself": ("include: deck.yaml", "include each other in a circle"),
    "two documents": (including("---\na: 1"), "begins another"),
    "nothing": ("", "is empty"),
    "a scalar": ("deck", "a deck wants sections"),
    "a tag": (including("market: !!python/object:os.system {}\nx: 1"), "unknown key `x`"),
    "a law of nothing": (including("uncertain: [{key: market.spot_fraction, law: discrete, values: [], weights: []}]"), "error"),
    "a format": (including("name: '%s%n%s%n'\n'%n%n%s': 1"), "unknown key `%n%n%s`"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_hostile_deck_is_refused_quickly_and_in_words(tmp_path, what):
    text, says = REFUSED[what]
    code, _, said = check(tmp_path, text)
    assert code == 2 and says in said and ("deck.yaml" in said or what == "a file of others")
    assert len(said) < 100_000


def test_decks_in_a_circle_and_in_a_long_chain_are_refused(tmp_path):
    (tmp_path / "b.yaml").write_text("include: sub/../deck.yaml\n")
    (tmp_path / "sub").mkdir()
    code, _, said = check(tmp_path, "include: b.yaml\n")
    assert code == 2 and "b.yaml:1:10: error: include:" in said and "in a circle" in said
    for i in range(12):
        (tmp_path / f"{i}.yaml").write_text(f"include: {i + 1}.yaml\n")
    code, _, said = check(tmp_path, "include: 0.yaml\n")
    assert code == 2 and "too deeply" in said


def test_a_deck_cannot_make_the_program_wait_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    code, _, said = check(tmp_path, "include: pipe.yaml\n")
    assert code == 2 and "is no file" in said


def test_a_source_of_a_section_does_not_unfold(tmp_path):
    """The longest source that is taken, stated by every key of every list: still a small deck."""
    long = "s" * 1000
    sites = "".join(f"  - {{name: S{i}, capacity: 1 GW, energised: 0 months, delay_median: 1 months, delay_sigma: 0.1, "
                    f"cancel_probability: 0, committed: true, source: {long}}}\n" for i in range(32))
    code, out, said = check(tmp_path, including("sites:\n" + sites))
    assert code == 0, said
    assert out.count(long) == 32 * 6 and len(out) < 1 << 20


@pytest.mark.parametrize("setting, says", [
    ("name=\x1b[31m", "one line"), ("market.spot_fraction=1\nname: x", "one line"), ('a": 1, "b=2', "plain words"), ("a\\=1", "plain words"),
    ("=", "wants KEY=VALUE"), ("x" * 5000 + "=1", "wants KEY=VALUE"), (".".join("abcdefghijklmnopqrstuvwxyz") + "=1", "unknown key"),
    ("include=/etc/passwd", "include"), ("market.spot_fraction={value: &a 1}", "anchors"), ("market.spot_fraction=[[[[", "error"),
    ("market.spot_fraction=" + "[" * 4000, "nested too deeply")])
def test_a_hostile_assignment_is_refused(tmp_path, setting, says):
    code, _, said = tenor("check", "--quiet", BASE, "--set", setting, cwd=tmp_path)
    assert code == 2 and says in said


@pytest.mark.parametrize("words", [("--until", "npv:1%\x1b[31m"), ("--progress", "\x1b[2J"), ("--shard", "1\n/2"), ("-\x1b",), ("--\x9b=1",), ("\x1b.yaml",),
                                   ("-o", "no\x1b[31m/out.nc"), ("--checkpoint", "no\x07/a.ckpt")])
def test_what_is_said_of_hostile_options_can_be_shown(tmp_path, words):
    deck = () if words == ("\x1b.yaml",) else (BASE,)
    code, _, said = tenor("run", *deck, "--paths", "512", *words, cwd=tmp_path)
    assert code in (2, 5) and "error" in said


# ---- names of files

SMALL = "time: {horizon: 2 months}\n"
NAMES = ["/tmp/../-$(touch owned) `touch owned`; a'b\"c\\d %s%n ünï", ".."]


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_deck_leads_nowhere(tmp_path, name):
    """Results are called after the deck's file; its `name` and those of customers are never part of a path."""
    work = tmp_path / "work"
    work.mkdir()
    deck = work / "deck.yaml"
    deck.write_text(including(f"name: {json.dumps(name)}\n{SMALL}customers: {{0: {{name: {json.dumps(name)}}}}}\n"))
    code, _, said = tenor("run", deck, "--paths", "512", cwd=work)
    assert code == 0, said
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()) == ["work/deck.yaml", "work/out/deck.nc", "work/out/deck.run.json"]
    with netCDF4.Dataset(work / "out/deck.nc") as file:
        assert file.deck == name and file["customer"][:].tolist() == [name]
    code, out, _ = tenor("check", "--quiet", deck, cwd=work)
    again = work / "again.yaml"
    again.write_text(out)
    assert code == 0 and tenor("check", "--quiet", again, cwd=work)[1] == out  # the canonical text quotes it
    code, out, _ = tenor("extend", "out/deck.nc", "--paths", "1024", "--quiet", cwd=work)
    assert code == 0


def test_a_deck_of_any_file_name_can_be_run(tmp_path):
    stem = "--force a b$(touch owned)`touch owned`'\"c;d&e|f*\nline\x1b[31m…"
    (tmp_path / f"{stem}.yaml").write_text(including(SMALL))
    code, out, said = tenor("run", f"./{stem}.yaml", "--paths", "512", cwd=tmp_path)
    assert code == 0, said
    assert {p.name for p in (tmp_path / "out").iterdir()} == {f"{stem}.nc", f"{stem}.run.json"}
    assert json.loads((tmp_path / "out" / f"{stem}.run.json").read_text())["deck"] == f"./{stem}.yaml"
    assert len(out.splitlines()) > 5 and len(said.splitlines()) <= 3  # a name of two lines makes no line of its own
    assert tenor("show", f"out/{stem}.nc", cwd=tmp_path)[0] == 0
    assert not (tmp_path / "owned").exists()


def test_job_scripts_hand_on_file_names_as_they_are(tmp_path):
    """submit.sh and the scripts of jobs against stand-ins for sbatch and mpirun, which note their words."""
    stem = "-x * a b$(touch owned)`touch owned`'\"c;d&e|f\nline"
    bin_ = tmp_path / "bin"
    work = tmp_path / "work"
    bin_.mkdir()
    work.mkdir()
    (bin_ / "sbatch").write_text('#!/bin/bash\nprintf "%s\\0" "$@" >>"$NOTED"\nprintf "end\\0" >>"$NOTED"\necho 7\n')
    (bin_ / "mpirun").write_text('#!/bin/bash\nshift 2\nexec "$@"\n')
    for tool in bin_.iterdir():
        tool.chmod(0o755)
    (work / f"{stem}.yaml").write_text(including(SMALL))
    noted = tmp_path / "noted"
    env = {**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}", "NOTED": str(noted), "TENOR": TENOR, "TENOR_MPI": "mpirun", "TENOR_RETRY_PAUSE": "0",
           "TENOR_JOBS": str(TOP / "jobs/slurm"), "SLURM_CPUS_PER_TASK": "1"}

    def run(*words, **more):
        done = subprocess.run(list(map(str, words)), cwd=work, env={**env, **more}, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr

    run(TOP / "jobs/submit.sh", f"./{stem}.yaml", "--paths", "512")
    words = noted.read_bytes().decode().split("\0")
    at = words.index(f"./{stem}.yaml")
    assert words[at - 1].endswith("single.sh") and words[at + 1:at + 4] == [f"out/{stem}.nc", "--paths", "512"]
    run("bash", words[at - 1], *words[at:at + 4])
    assert (work / f"out/{stem}.nc").exists()
    run("bash", TOP / "jobs/slurm/sweep.sh", "swept", f"./{stem}.yaml", "--", "--paths", "512", SLURM_ARRAY_TASK_ID="1")
    assert (work / f"swept/{stem}.nc").exists()
    for i in (1, 2):
        run("bash", TOP / "jobs/slurm/array.sh", f"./{stem}.yaml", f"out/{stem}-all.nc", "2", "--paths", "1024", SLURM_ARRAY_TASK_ID=str(i))
    run("bash", TOP / "jobs/slurm/merge.sh", f"out/{stem}-all.nc", "2", TENOR_REPORT="/nowhere")
    assert (work / f"out/{stem}-all.nc").exists()
    assert not list(tmp_path.rglob("owned"))


# ---- the page

class Page(HTMLParser):
    """Tags and attributes that a page has, and its text."""
    def __init__(self, text):
        super().__init__()
        self.tags, self.handlers, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_shows_names_and_sources_as_text(tmp_path):
    evil = '<script>alert("x")</script>\'"><img src=x onerror=alert(1)>]]>'
    short = '"><b onload=x>&amp;]]>'
    deck = tmp_path / "deck.yaml"
    site = ("{name: " + json.dumps(short) + ", capacity: 1000 GW, energised: -99 months, delay_median: 0 months, delay_sigma: 0, cancel_probability: 0, "
            "committed: true}")
    deck.write_text(including(f"name: {json.dumps(short)}\n{SMALL}sites: [{site}]\nmarket: {{spot_fraction: {{value: 20 %, source: {json.dumps(evil)}, confidence: fact}}}}\n"
                              f"customers: {{0: {{name: {json.dumps(short)}}}}}\n"))
    assert tenor("run", deck, "--paths", "2048", "-o", "out.nc", "--quiet", cwd=tmp_path)[0] == 0
    done = subprocess.run([sys.executable, TOP / "postproc/tenor-report", "out.nc", "-o", "out.html"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "out.html").read_text()
    page = Page(html)
    assert page.tags.count("script") == html.lower().count("<script") == 1 and not page.handlers  # the page's own
    assert "onload=x>" not in html and "onerror=alert(1)>" not in html
    text = "".join(page.text)
    assert short in text and evil in text  # all of it is there, as text


# ---- results and checkpoints

@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("result")
    assert tenor("run", BASE, "--paths", "600", "-o", "out.nc", "--quiet", "--set", "time.horizon=2 months", cwd=folder)[0] == 0
    return folder / "out.nc"


READERS = {"show": (), "json": ("--json",), "digest": ("--digest",), "merge": ("-o", "joined.nc", "--force"),
           "extend": ("--paths", "2048", "-o", "more.nc", "--force")}


def read(path, *ways):
    """Exit code, output and words of commands that read a result; all of them if none is named."""
    return [tenor(way if way in ("merge", "extend") else "show", path, *READERS[way], cwd=path.parent) for way in ways or READERS]


def test_what_is_no_result_is_refused(tmp_path):
    """Other formats of the NetCDF library are never handed to it."""
    path = tmp_path / "some.nc"
    for content in (b"", b"CDF\x01" + bytes(100), b"CDF\x05" + bytes(1000), b"\x89HDF\r\n\x1a\n", b"\x0e\x03\x13\x01" + bytes(100), b"{}", bytes(4096)):
        path.write_bytes(content)
        for code, _, said in read(path, *(() if content == b"" else ("show", "merge"))):
            assert code == 6 and "not a result of tenor" in said, content


def test_names_that_the_library_takes_for_addresses_are_files(tmp_path):
    for name in ("http://localhost:1/x.nc", "file:///etc/passwd#mode=bytes", "x.nc#mode=zarr,file"):
        code, _, said = tenor("show", name, cwd=tmp_path)
        assert code == 5 and "cannot be read" in said


@pytest.mark.parametrize("kind, says", [("missing", "cannot be read: No such file or directory"), ("folder", "is a folder, wanted is a file"),
                                        ("pipe", "is a device or a pipe, wanted is a file"), ("locked", "cannot be read: Permission denied")])
def test_what_cannot_be_read_is_told_once_and_why(tmp_path, kind, says):
    """And nobody is waited for who might write into a pipe."""
    path = tmp_path / "a.nc"
    if kind == "locked" and os.geteuid() == 0:
        pytest.skip("root may read everything")
    {"missing": lambda: None, "folder": path.mkdir, "pipe": lambda: os.mkfifo(path), "locked": lambda: path.touch(0)}[kind]()
    for way in ("show", "digest", "merge"):
        code, out, said = tenor(way if way == "merge" else "show", path, *READERS[way], cwd=tmp_path, seconds=2)
        assert (code, out, said.count("error:")) == (5, "", 1) and f"a.nc: {says}" in said


def change(path, how):
    with netCDF4.Dataset(path, "a") as file:
        how(file)


def set_state(name, value):
    def how(file):
        file["state"].setncattr(name, value)
    return how


def set_word(i, value):
    def how(file):
        file["state"]["words"][i] = value
    return how


def set_ranges(*ranges):
    def how(file):
        file["state"]["path_ranges"][:] = numpy.array(ranges, dtype="i8")
    return how


DAMAGE = {
    "points": set_state("points", numpy.int64(-512)), "many points": set_state("points", numpy.int64(2**33)), "blocks": set_state("block_paths", numpy.int32(0)),
    "no number": set_state("seed", "one"), "version": set_state("model_version", "9"), "long name": set_state("deck_name", "n" * 64),
    "list": set_state("seed", numpy.array([1, 2], dtype="u8")), "negative count": set_word(0, -1), "count": set_word(3, 2**62), "block count": set_word(32, -5),
    "column count": set_word(33, 2**63 - 1), "bad count": set_word(35, 2**40), "limb": set_word(36, 2**40), "sign": set_word(47, -2**63),
    "histogram": set_word(-5000, -2**63), "ranges": set_ranges([0, 2**62]), "backwards": set_ranges([600, 0]), "within a block": set_ranges([1, 601]),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_state_that_cannot_be_is_refused(tmp_path, result, what):
    path = tmp_path / "bad.nc"
    shutil.copy(result, path)
    change(path, DAMAGE[what])
    for code, _, said in read(path, "merge", *(["extend"] if what in ("version", "limb", "ranges") else [])):
        assert code == 6 and "bad.nc" in said


def test_a_file_that_claims_to_be_huge_is_refused(tmp_path, result):
    """Dimensions of 2^40 and variables that were never written take no room in a file."""
    path = tmp_path / "huge.nc"
    shutil.copy(result, path)

    def how(file):
        file.createDimension("endless", 2**40)
        file.createVariable("npv_lo", "f8", ("endless", "endless"), chunksizes=(1, 1024))
        file["state"].createVariable("first_words", "i8", ("endless",), chunksizes=(1024,))
        file["state"].createVariable("first_centre", "f8", ("endless",), chunksizes=(1024,))
    change(path, how)
    codes = [code for code, _, _ in read(path)]
    assert codes == [0, 5, 5, 6, 6]


@pytest.mark.parametrize("size, code", [(512, 0), (513, 5)])
def test_a_table_of_more_values_than_any_is_not_read(tmp_path, result, size, code):
    """No dimension is too long; together they are."""
    path = tmp_path / "wide.nc"
    shutil.copy(result, path)

    def how(file):
        file.createDimension("wide", size)
        file.createVariable("table", "f8", ("wide", "wide"))
    change(path, how)
    assert read(path, "json")[0][0] == code


def test_a_file_that_claims_more_than_a_result_has_is_refused(tmp_path, result):
    """As many customers as the file says would be shown one by one; lists of all together are as bounded as each is."""
    path = tmp_path / "many.nc"
    shutil.copy(result, path)

    def how(file):
        file.renameVariable("customer", "no_customer")
        file.createDimension("many", 17)
        file.createVariable("customer", "S1", ("many", "customer_letters"))
        file.createDimension("large", 1 << 18)
        for i in range(8):
            file.createVariable(f"large{i}", "f8", ("large",))
    change(path, how)
    (code, _, said), (of_all, _, why) = read(path, "show", "digest")
    assert code == 6 and "17 customers" in said
    assert of_all == 5 and "a variable cannot be read" in why


def test_names_in_a_result_are_shown_as_text(tmp_path, result):
    path = tmp_path / "named.nc"
    shutil.copy(result, path)

    def how(file):
        file.deck = "\x1b]0;owned\x07"  # the library would write other letters as another type
        file["customer"][:] = netCDF4.stringtochar(numpy.array(["\x1b[2J"], dtype=f"S{file['customer'].shape[1]}"))
        file.setncattr("esc\u009b", "\x1b[31m")
    change(path, how)
    (code, _, _), (also, out, _) = read(path, "show", "json")
    assert code == also == 0 and "owned" in json.loads(out)["attributes"]["deck"]


def test_a_result_that_is_cut_off_is_refused(tmp_path, result):
    """What the library itself makes of wrong bytes is its own affair (tests/fuzz/README.md); it may not cost more than an error."""
    whole = result.read_bytes()
    path = tmp_path / "part.nc"
    for size in (8, 48, 100, 1000, len(whole) // 2):
        path.write_bytes(whole[:size])
        assert all(code == 6 for code, _, _ in read(path, "show", "merge")), size


def test_a_checkpoint_that_is_no_checkpoint_is_refused(tmp_path):
    head = b"tenor checkpoint, format 1\n".ljust(32, b"\0") + (0x0102030405060708).to_bytes(8, "little")
    path = tmp_path / "a.ckpt"
    for content in (b"", head, head + b"\x1b[31m".ljust(64, b"x") + bytes(1000), os.urandom(5000)):
        path.write_bytes(content)
        code, _, said = tenor("run", BASE, "--paths", "512", "-o", "out.nc", "--checkpoint", path, "--resume", cwd=tmp_path)
        assert code == 6 and "not a whole checkpoint" in said
    with open(path, "wb") as file:  # a file with a hole of a terabyte
        file.write(head + bytes(240))
        file.truncate(1 << 40)
    for words in (("show", path), ("run", BASE, "--paths", "512", "-o", "out.nc", "--checkpoint", path, "--resume")):
        code, _, said = tenor(*words, cwd=tmp_path)
        assert code == 6 and "not a whole checkpoint" in said


# ---- the readers under fuzz (tests/fuzz)

@pytest.mark.skipif("TENOR" in os.environ and "sanitize" in os.environ["TENOR"], reason="once is enough")
def test_the_seeds_of_the_fuzzers_are_up_to_date(tmp_path):
    """base.yaml, the dictionary and the seeds are those that make_corpus.py makes now."""
    copy = tmp_path / "tree"
    for name in ("decks", "tests/decks", "tests/fuzz"):
        shutil.copytree(TOP / name, copy / name)
    (copy / "engine/model").mkdir(parents=True)
    shutil.copy(TOP / "engine/model/version.h", copy / "engine/model")
    subprocess.run([sys.executable, copy / "tests/fuzz/make_corpus.py", TENOR], check=True, timeout=60)
    for path in (copy / "tests/fuzz").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (TOP / path.relative_to(copy)).read_bytes(), f"{path.name}: run tests/fuzz/make_corpus.py"
