"""The report: one page of the file's own numbers, the figures, and the Python package behind them."""
import base64
import hashlib
import html
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as tree
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import netCDF4
import numpy
import pytest
import xarray

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
REPORT = TOP / "postproc/tenor-report"
BROWSER = os.environ.get("BROWSER_BINARY") or shutil.which("chromium")
VOID = {"meta", "col", "br", "hr", "link", "img", "input", "base", "wbr", "source", "embed", "area", "track"}

sys.path.insert(0, str(TOP / "postproc"))
import tenor_post  # noqa: E402
from tenor_post import analyst, answer, cli, numbers  # noqa: E402
from tenor_post.page import gather_provenance, read  # noqa: E402
from tenor_post.table import markdown  # noqa: E402


def sample(folder, deck="anthropic-aws", *words, paths=2000):
    out = folder / f"{deck}.nc"
    subprocess.run([TENOR, "run", str(TOP / f"decks/{deck}.yaml"), "--paths", str(paths), "-o", str(out), "--quiet", *words],
                   check=True, cwd=folder, timeout=120)
    return out


def report(*words, cwd=None, script=REPORT, env=None):
    return subprocess.run([sys.executable, str(script), *map(str, words)], cwd=cwd, capture_output=True, text=True,
                          timeout=120, env={**os.environ, **(env or {})})


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return sample(tmp_path_factory.mktemp("result"))


@pytest.fixture(scope="module")
def raw(result):
    """The file as xarray reads it, without the package under test."""
    with xarray.open_dataset(result) as file:
        return file.load()


@pytest.fixture(scope="module")
def page(result):
    done = report(result, "-o", result.with_suffix(".html"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return result.with_suffix(".html").read_text()


class Outline(HTMLParser):
    """Elements with their attributes, whether every tag is closed, and the text of every <data>."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.data, self.slips = [], [], [], []
        self.feed(text)
        self.close()
        self.slips += self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "data":
            self.data.append([float(dict(attributes)["value"]), ""])

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.slips.append(f"/{tag}")

    def handle_data(self, text):
        if self.open and self.open[-1] == "data":
            self.data[-1][1] += text


def table(page, name):
    """{row's label: [[value in full of each <data>] of each cell]} of the table called `name`."""
    body = re.search(rf'<table[^>]*id="{name}".*?</table>', page, re.S).group(0)
    rows = {}
    for row in re.findall(r"<tr>(.*?)</tr>", body, re.S):
        label = re.search(r'<th scope="row"[^>]*>(.*?)(?:<span|</th>)', row, re.S)
        if label:
            cells = [re.findall(r'<data value="([^"]+)"', cell) for cell in re.findall(r"<td.*?</td>", row, re.S)]
            rows[html.unescape(label.group(1)).strip()] = [[float(value) for value in cell] for cell in cells]
    return rows


# ---- the page as a document


def test_the_page_needs_nothing_from_outside(page):
    outline = Outline(page)
    tags = Counter(tag for tag, _ in outline.elements)
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & set(tags)
    for tag, attributes in outline.elements:
        assert "src" not in attributes and not any(name.startswith("on") for name in attributes), (tag, attributes)
        for name in ("href", "xlink:href"):
            assert attributes.get(name, "#").startswith("#"), (tag, attributes)
    assert "@import" not in page and not re.search(r"url\((?!#)", page)
    assert "https:" not in page and re.findall("http:[^\"']*", page) == ["http://www.w3.org/2000/svg"]  # a name, not an address


def test_the_page_forbids_the_network_and_all_scripts_but_its_own(page):
    script, = re.findall("<script>(.*?)</script>", page, re.S)
    policy = html.unescape(re.search('http-equiv="Content-Security-Policy" content="([^"]*)"', page).group(1))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {"default-src": "'none'", "style-src": "'unsafe-inline'", "script-src": f"'sha256-{digest}'",
                     "base-uri": "'none'", "form-action": "'none'"}
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_the_page_is_well_formed_and_its_references_lead_somewhere(page):
    outline = Outline(page)
    assert outline.slips == []
    ids = Counter(attributes["id"] for _, attributes in outline.elements if "id" in attributes)
    assert ids and max(ids.values()) == 1
    targets = set(re.findall(r'(?:href="#|aria-describedby="|for=")([^"]+)"', page))
    assert len(targets) > 20 and targets <= set(ids)


FIGURES = {  # name, title
    "backlog": "Backlog over time", "waterfall": "What becomes of the commitment", "burnout": "When the commitment is used up",
    "revenue": "Contract revenue", "aws-revenue": "AWS revenue", "aws-obligations": "AWS obligations", "delivered": "Capacity delivered", "capacity": "Capacity against demand", "binding": "What binds",
    "exceedance": "How likely a loss is", "exposure": "Credit exposure", "circularity": "Circularity over time"}


def test_every_figure_has_its_numbers_behind_it(page):
    assert page.count("<figure>") == len(FIGURES)  # 2000 paths are in too few parts for that of convergence
    for name, title in FIGURES.items():
        section = re.search(rf'<section id="{name}">.*?</section>', page, re.S).group(0)
        assert f"<h2>{title}</h2>" in section and section.count("<svg") == 1 and f'aria-label="{title}"' in section
        assert f'id="{name}-table"' in section.split("<details>")[1]
        drawn = re.findall(r'<path class="g\d+[a-h]? [^"]*" d="([^"]+)"', section)
        assert drawn and "nan" not in "".join(drawn) and "inf" not in "".join(drawn), name


# ---- the numbers


def test_headline_figures_are_the_files(page, raw):
    rows = table(page, "headline-table")
    first, last, only = {"customer": 0}, {"time": -1}, {}
    expected = {f"Backlog at the end of year {y}": ("backlog", {"time": 4 * y - 1}) for y in (1, 3, 5, 10)}
    expected.update({
        "Contract revenue over 10 years": ("contract_revenue_cum", last), "Take-or-pay payments": ("shortfall_cum", last),
        "Net present value to the provider": ("npv", only), "Net present value with stakes": ("npv_with_equity", only),
        "Expected credit loss": ("ecl", first), "Backlog written off at default": ("written_off", first),
        "Peak credit exposure": ("peak_exposure", first),
        "Circularity, first in first out": ("circularity_fifo", last), "Circularity, mixing": ("circularity_mixing", last)})
    for label, (metric, where) in expected.items():
        mean, half, _, span = rows[label]
        assert mean == [float(raw[f"{metric}_mean"].isel(where))], label
        assert half == pytest.approx([1.959963984540054 * float(raw[f"{metric}_se"].isel(where))], rel=1e-12), label
        if f"{metric}_quantile" in raw:
            assert span == raw[f"{metric}_quantile"].isel(where).sel(quantile=[0.05, 0.95]).values.tolist(), label
    assert rows["Probability of default"][0] == [float(raw["defaulted"][0])]
    assert rows["Commitment used up as signed"][0] == [1 - float(raw["fulfilled_in_full_month_never"][0])]


def test_shown_digits_are_the_numbers_rounded(page):
    """Each <data>: its text, or a hundredth of it where it is a percentage, is its value within half of its last digit."""
    shown = Outline(page).data
    assert len(shown) > 1000
    for value, text in shown:
        text = text.replace("\u2212", "-").replace("\u202f", "")
        if text.startswith("<"):
            assert abs(value) < float(text[1:].strip())
        elif text == "0":
            assert abs(value) < 0.5
        else:
            room = 0.5000001 * 10.0 ** -len(text.partition(".")[2])
            assert min(abs(float(text) - value), abs(float(text) - 100 * value)) <= room, (value, text)


@pytest.mark.parametrize("value, half, mean_text, half_text", [
    (91.1312, 0.0301, "91.13", "0.03"), (188.536, 0.376, "188.5", "0.4"), (13.7387, 0.0543, "13.74", "0.05"),
    (12345.6, 14.0, "12\u202f346", "14"), (-7.166, 0.1187, "\u22127.17", "0.12"), (0.0, 0.0, "0", "0"),
    (100.0, 0.0, "100.0", "0"), (12.9472, 0.0004, "12.95", "<\u20090.01")])
def test_a_mean_has_the_digits_its_interval_supports(value, half, mean_text, half_text):
    estimate = tenor_post.Estimate(value, half, None, None, "GW")
    assert re.sub("<.*?>", "", numbers.mean(estimate)) == mean_text
    assert html.unescape(re.sub("<.*?>", "", numbers.half(estimate))) == half_text


def test_tables_behind_the_figures_are_the_files(page, raw):
    levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    for name, metric in (("backlog", "backlog"), ("revenue", "contract_revenue")):
        rows = table(page, f"{name}-table")
        assert list(rows) == [str(t)[:10] for t in raw["time"].values]
        expected = numpy.column_stack([raw[f"{metric}_quantile"].sel(quantile=levels).values, raw[f"{metric}_mean"].values])
        assert numpy.array_equal(numpy.array(list(rows.values()))[:, :, 0], expected)
    capacity = numpy.array(list(table(page, "capacity-table").values()))[:, :, 0]
    assert numpy.array_equal(capacity[:, 5], raw["demand_mean"].values)
    assert numpy.array_equal(capacity[:, 9], raw["capacity_mean"].values)
    binding = numpy.array(list(table(page, "binding-table").values()))[:, :, 0]
    assert binding.sum(axis=1) == pytest.approx(100, abs=1e-9)
    names = list(raw["constraint"].values)
    assert numpy.array_equal(binding[:, 0], 100 * raw["binding_share"].values[:, names.index("power")])


# ---- the answer


def test_what_becomes_of_the_commitment_adds_up(page, raw):
    fates = {label: cells[0][0] for label, cells in table(page, "fates-table").items()}
    promised = float(raw["commitment_final_mean"][0] + raw["cut_mean"][0])
    assert sum(fates.values()) == pytest.approx(promised, rel=1e-12)
    assert promised == pytest.approx(100 + float(raw["bookings_mean"][0]), rel=1e-9)
    recognised = fates["becomes revenue"] + float(raw["beyond_mean"][0]) - float(raw["credit_total_mean"][0])
    assert recognised == pytest.approx(float(raw["revenue_total_mean"][0]), rel=1e-9)


def test_the_wrong_way_factor_compares_losses():
    data = xarray.Dataset({name: ("customer", numpy.array(values)) for name, values in
                           {"ecl_mean": [1.0, 2.0], "ecl_se": [0.1, 0.1], "ecl_independent": [1.0, 1.0]}.items()})
    factor = answer.wrong_way_factor(data)
    assert factor.value == pytest.approx(1.5) and factor.half == pytest.approx(1.959963984540054 * 0.1)
    data["ecl_mean"] *= 0
    assert answer.wrong_way_factor(data) is None


@pytest.mark.parametrize("promised, sure, factor, still_open, words", [
    (100, 0.96, 1.0, False, "Close to a guaranteed backlog, and no wrong-way bet that"),
    (100, 0.80, 1.1, False, "Not a guaranteed backlog, and only weakly a wrong-way bet"),
    (100, 0.20, 1.5, False, "Far from a guaranteed backlog, and clearly a wrong-way bet"),
    (100, 0.80, 2.5, False, "Not a guaranteed backlog, and strongly a wrong-way bet"),
    (100, 0.00, 1.1, True, "A backlog still open at the horizon, and only weakly"),
    (0, 1.0, None, False, "No commitment")])
def test_the_headline_follows_its_thresholds(promised, sure, factor, still_open, words):
    estimate = factor and tenor_post.Estimate(factor, 0.05, None, None, "")
    assert answer.headline(promised, sure, estimate, still_open).startswith(words)


# ---- assumptions and provenance


def test_every_value_of_the_deck_is_listed_with_its_source(page, result):
    found = tenor_post.assumptions(result)
    with netCDF4.Dataset(result) as file:
        stored = file["state"]["deck"][:].tobytes().decode()
    assert len(found) == stored.count("{value: ")
    commitment, = (a for a in found if (a.section, a.key) == ("customers", "commitment"))
    assert commitment[3:5] == ("100", "billion USD") and commitment.confidence == "fact" and "Anthropic" in commitment.source
    text = html.unescape(page)
    for a in (a for a in found if a.key != "name"):
        assert f'id="assumptions-{a.confidence or "default"}"' in page
        part = re.search(rf'id="assumptions-{a.confidence or "default"}".*?</table>', text, re.S).group(0)
        row = rf'>{re.escape(a.key)}</th>\n<td[^>]*>(?:(?!</td>).)*>{re.escape(a.value)}(?: <span|;|<)'
        row += rf'(?:(?!</tr>).)*<td[^>]*>{re.escape(a.unit)}</td>\n<td[^>]*>{re.escape(a.source)}</td>'
        assert re.search(row, part, re.S), a


@pytest.mark.parametrize("text, expected", [
    ("8.5, 6.5, 3.5 billion USD/GW/year", ("8.5, 6.5, 3.5", "billion USD/GW/year")), ("-3 months", ("-3", "months")),
    ("0.22 1/sqrt(year)", ("0.22", "1/sqrt(year)")), ("0.5", ("0.5", "")), ("1e-05", ("1e-05", "")), ("boom", ("boom", "")),
    ("true", ("true", "")), ("2026-04-01", ("2026-04-01", "")), ("unlimited", ("unlimited", "")),
    ("8, 5, 1.5 years", ("8, 5, 1.5", "years")),
    (["-1, 1 1/year", "2, -2 1/year"], ("-1, 1; 2, -2", "1/year"))])
def test_values_and_units_are_told_apart(text, expected):
    from tenor_post.assumptions import split_unit
    assert split_unit(text) == expected


def test_the_page_tells_how_to_get_it_again(page, result, tmp_path):
    """The deck on the page and the commands on the page give the same result and the same page, byte for byte."""
    deck = html.unescape(re.search(r'<pre class="deck"[^>]*>(.*?)</pre>', page, re.S).group(1))
    run, again = html.unescape(re.search(r'<pre class="command">(.*?)</pre>', page, re.S).group(1)).strip().split("\n")
    (tmp_path / "anthropic-aws.yaml").write_text(deck)
    assert run.split()[:2] == ["tenor", "run"] and again.split()[0] == "tenor-report"
    subprocess.run([TENOR, *run.split()[1:], "--quiet"], cwd=tmp_path, check=True, timeout=120)
    assert (tmp_path / "anthropic-aws.nc").read_bytes() == result.read_bytes()
    assert report(*again.split()[1:], cwd=tmp_path).returncode == 0
    assert (tmp_path / "anthropic-aws.html").read_text() == page


SHORT = ("--set", "time.horizon=2 months")


def commands_of(path):
    return [html.unescape(text).strip() for text in re.findall(r'<pre class="command">(.*?)</pre>', tenor_post.render(path), re.S)]


def test_the_command_of_the_page_is_whole_and_can_be_given_to_a_shell(tmp_path):
    """Eight replicates instead of the deck's, a name that a shell would run, options that a result tells in passing."""
    words = ("--sampling", "sobol", "--set", "sampling.replicates=8", "--exact-quantiles", "--set", "name=-x y; touch owned/$(id)")
    path = sample(tmp_path, "anthropic-aws", *SHORT, *words, paths=4096)
    (tmp_path / "-x y; touch owned_$(id).yaml").write_text(tenor_post.deck_text(path))
    run = commands_of(path)[0].split("\n")[0]
    subprocess.run(["bash", "-c", f"{run} --quiet"], cwd=tmp_path, check=True, timeout=120,
                   env={**os.environ, "PATH": f"{Path(TENOR).parent}:{os.environ['PATH']}"})
    assert (tmp_path / "-x y; touch owned_$(id).nc").read_bytes() == path.read_bytes() and len(list(tmp_path.iterdir())) == 5
    deck = TOP / "decks/no-deal.yaml"
    subprocess.run([TENOR, "compare", deck, deck, "--paths", "4096", *SHORT, *words, "-o", tmp_path / "pair.nc", "--quiet"], check=True, timeout=120)
    name = "./-x y; touch owned_$(id)"
    assert shlex.split(commands_of(tmp_path / "pair.nc")[0]) == [
        "tenor", "compare", f"{name}.yaml", f"{name}.yaml", "--paths", "4096", "--seed", "1", *words[:5], "-o", f"{name}-{name[2:]}.nc"]


def test_no_command_is_told_of_a_part_of_a_run(tmp_path):
    parts = [sample(tmp_path, "anthropic-aws", *SHORT, "--shard", f"{i}/3", paths=1536).rename(tmp_path / f"{i}.nc") for i in (1, 2, 3)]
    subprocess.run([TENOR, "merge", parts[0], parts[2], "-o", tmp_path / "gap.nc", "--quiet"], check=True, timeout=60)
    found = [gather_provenance(read(path)) for path in (*parts[:2], tmp_path / "gap.nc")]
    assert [x["command"] for x in found] == ["tenor run anthropic-aws.yaml --paths 512 --seed 1 -o anthropic-aws.nc", None, None]
    assert [x["held"] for x in found] == ["0 to 511", "512 to 1023", "0 to 511, 1024 to 1535"]
    text = tenor_post.render(parts[1])
    assert 'class="command"' not in text and "holds paths 512 to 1023 of its seed only" in text


def test_equal_results_give_equal_pages_whatever_the_user_has_set_up(page, result, tmp_path):
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 9\nfont.size: 30\nsvg.fonttype: path\n")
    shutil.copy(result, tmp_path / "other.nc")
    other = {"MPLBACKEND": "tkagg", "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    done = report("other.nc", "-o", "other.html", cwd=tmp_path, env=other)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "other.html").read_text() == page


# ---- the command line


def refused(done, code, word):
    assert done.returncode == code, done
    assert done.stdout == "" and done.stderr.startswith("tenor-report: error: ") and done.stderr.count("\n") == 1
    assert word in done.stderr


@pytest.mark.parametrize("words, code, message", [
    (("missing.nc", "-o", "page.html"), 5, "missing.nc"), ((".", "-o", "page.html"), 5, "no such result"),
    (("{result}",), 2, "-o PAGE.html"), (("-o", "page.html"), 2, "OUT.nc"), (("{result}", "-o"), 2, "-o"),
    (("{result}", "-o", "page.html", "--no-such-option"), 2, "--no-such-option"),
    (("{result}", "-o", "nowhere/page.html"), 5, "nowhere"), (("{result}", "--figures", "nowhere/figures"), 5, "nowhere"),
    (("text.nc", "-o", "page.html"), 6, "text.nc"),
    (("empty.nc", "-o", "page.html"), 6, "empty.nc"), (("half.nc", "-o", "page.html"), 6, "half.nc"),
    (("foreign.nc", "-o", "page.html"), 6, "tenor_format_version"), (("newer.nc", "--figures", "figures"), 6, "newer"),
    (("times.nc", "--table"), 6, "tenor_format_version"), (("bounds.nc", "--summary", "-"), 6, "not a tenor result"),
    (("huge.nc", "-o", "page.html"), 6, "tenor_format_version")])
def test_refusals_are_one_line_and_write_nothing(result, tmp_path, monkeypatch, capsys, words, code, message):
    (tmp_path / "text.nc").write_text("time: 3\n")
    (tmp_path / "empty.nc").write_bytes(b"")
    (tmp_path / "half.nc").write_bytes(result.read_bytes()[: result.stat().st_size // 2])
    times, bounds = xarray.Dataset({"x": 1.0}, {"time": [1.0]}), xarray.Dataset({"time_bnds": ("n", [1.0])})
    for name, data, attributes in (("foreign.nc", times.drop_vars("time"), {}), ("newer.nc", times, {"tenor_format_version": 99}),
                                   ("times.nc", times, {}), ("bounds.nc", bounds, {"tenor_format_version": 2})):
        data.assign_attrs(attributes).to_netcdf(tmp_path / name)
    with netCDF4.Dataset(tmp_path / "huge.nc", "w") as file:  # a variable that was never written takes no room
        file.createDimension("endless", 2**40)
        file.createVariable("x", "f8", ("endless",), chunksizes=(1024,))
    before = sorted(tmp_path.iterdir())
    monkeypatch.chdir(tmp_path)
    found = cli.main([word.format(result=result) for word in words])  # what the script exits with
    refused(subprocess.CompletedProcess(words, found, *capsys.readouterr()), code, message)
    assert sorted(tmp_path.iterdir()) == before


def test_what_exists_is_kept_unless_forced(result, tmp_path, page):
    (tmp_path / "page.html").write_text("precious")
    refused(report(result, "-o", "page.html", cwd=tmp_path), 2, "--force")
    assert (tmp_path / "page.html").read_text() == "precious"
    assert report(result, "-o", "page.html", "--force", cwd=tmp_path).returncode == 0
    assert (tmp_path / "page.html").read_text() == page
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
    assert (tmp_path / "page.html").stat().st_mode & 0o444 == 0o444 & ~os.umask(os.umask(0))
    refused(report(result, "-o", result, "--force"), 2, "is the result itself")
    (tmp_path / "folder").mkdir()
    refused(report(result, "-o", "folder", "--force", cwd=tmp_path), 5, "folder")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder", "page.html"]


def test_figures_are_written_as_png_svg_and_pdf(result, tmp_path):
    for folder in ("a", "b"):
        assert report(result, "--figures", folder, cwd=tmp_path).returncode == 0
    names = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert names == sorted(f"{n}.{k}" for n in FIGURES for k in ("png", "svg", "pdf"))
    for name in names:
        content = (tmp_path / "a" / name).read_bytes()
        assert content == (tmp_path / "b" / name).read_bytes(), name
        if name.endswith("png"):
            assert content.startswith(b"\x89PNG") and int.from_bytes(content[16:20], "big") == 1920
        elif name.endswith("pdf"):
            assert content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF") and len(content) > 5000
        else:
            words = "".join(tree.fromstring(content).itertext())
            assert FIGURES[name[:-4]] in words and ("billion USD" in words or "GW" in words or "% of" in words)
    refused(report(result, "--figures", "a", cwd=tmp_path), 2, "--force")
    (tmp_path / "file").write_text("")
    refused(report(result, "--figures", "file", cwd=tmp_path), 2, "not a folder")


@pytest.mark.parametrize("words", [("--table",), ("--summary", "-")])
@pytest.mark.parametrize("target, says", [("/dev/full", "No space left"), ("pipe", "Broken pipe")])
def test_an_output_that_takes_nothing_is_a_fault_in_one_line(result, words, target, says):
    ends = os.pipe()
    os.close(ends[0])
    with open(ends[1] if target == "pipe" else target, "w") as out:
        done = subprocess.run([sys.executable, REPORT, result, *words], stdout=out, stderr=subprocess.PIPE, text=True, timeout=120)
    assert (done.returncode, done.stderr.count("\n")) == (5, 1) and f"error: standard output: {says}" in done.stderr


def test_help_tells_the_options():
    done = report("--help")
    assert done.returncode == 0 and "--figures" in done.stdout and done.stderr == ""


def test_an_installed_program_finds_its_package(result, page, tmp_path):
    shutil.copytree(TOP / "postproc/tenor_post", tmp_path / "share/tenor/python/tenor_post")
    (tmp_path / "bin").mkdir()
    script = shutil.copy(REPORT, tmp_path / "bin/tenor-report")
    done = report(result, "-o", tmp_path / "page.html", cwd="/", script=script)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "page.html").read_text() == page


def test_a_missing_module_is_named(result, tmp_path):
    (tmp_path / "jinja2.py").write_text("raise ImportError(\"No module named 'jinja2'\")\n")
    refused(report(result, "-o", tmp_path / "page.html", env={"PYTHONPATH": str(tmp_path)}), 1, "jinja2")


# ---- the package


def test_open_gives_decoded_times_and_names(result, raw):
    data = tenor_post.open(result)
    assert str(data["time"].values[0])[:10] == "2026-07-01" and list(data["customer"].values) == ["Anthropic"]
    assert list(data["constraint"].values)[-1] == "demand"
    assert numpy.array_equal(data["backlog_mean"].values, raw["backlog_mean"].values)
    result.rename(result.with_suffix(".moved")).rename(result)  # nothing is held open, nothing is read later
    with pytest.raises(FileNotFoundError):
        tenor_post.open(result.with_name("missing.nc"))
    with pytest.raises(tenor_post.NotAResult):
        tenor_post.open(TOP / "README.md")


def test_at_year_is_the_end_of_that_year(result, raw):
    data = tenor_post.open(result)
    for year in (1, 5, 10):
        assert float(tenor_post.at_year(data, year)["capacity_mean"]) == float(raw["capacity_mean"][4 * year - 1])
    assert str(tenor_post.at_year(data, 5)["time"].values)[:10] == "2031-04-01"
    for year in (0, 11):
        with pytest.raises(ValueError):
            tenor_post.at_year(data, year)


def test_estimates_carry_interval_range_and_unit(result, raw):
    data = tenor_post.open(result)
    npv = tenor_post.estimate(data, "npv")
    assert npv.value == float(raw["npv_mean"]) and npv.unit == "billion USD"
    assert (npv.low, npv.high) == tuple(raw["npv_quantile"].sel(quantile=[0.05, 0.95]).values)
    assert tenor_post.estimate(data, "market_price", time=-1).unit == "billion USD/GW/year"
    assert tenor_post.estimate(data, "customer_revenue", time=0, customer=0).unit == "billion USD/year"
    assert tenor_post.estimate(data, "chips_in_service", time=0).unit == "million"
    assert tenor_post.estimate(data, "no_such_metric") is None
    with pytest.raises(ValueError):
        tenor_post.estimate(data, "backlog")
    share = tenor_post.estimate(data, "defaulted", customer=0)
    assert share.ends == (float(raw["defaulted_lo"][0]), float(raw["defaulted_hi"][0]))
    assert share.half == pytest.approx((share.ends[1] - share.ends[0]) / 2)
    assert share.complement().ends == (1 - share.ends[1], 1 - share.ends[0])


def test_a_share_seen_on_no_path_has_an_interval_in_files_without_its_ends(result):
    data = tenor_post.open(result).drop_vars(["defaulted_lo", "defaulted_hi"])
    data["defaulted"][:], data["defaulted_se"][:] = 0.0, 0.0
    assert tenor_post.estimate(data, "defaulted", customer=0).half == 3 / 2000


def test_the_deck_comes_with_provenance(result):
    deck = tenor_post.deck(result)
    assert deck["customers"][0]["term"]["value"] == "120 months" and deck["customers"][0]["term"]["confidence"] == "fact"
    assert deck["generations"][1]["name"]["value"] == "Trainium3"


# ---- other results


def filled(result, path, names):
    """A copy in which the variables of these names (a regular expression) do not exist: they hold the fill value."""
    shutil.copy(result, path)
    with netCDF4.Dataset(path, "a") as file:
        for name, variable in file.variables.items():
            if re.fullmatch(names, name):
                variable[...] = variable._FillValue
    return path


def test_a_result_that_lost_parts_still_gives_a_page(result, tmp_path):
    shutil.copy(result, tmp_path / "part.nc")
    with netCDF4.Dataset(tmp_path / "part.nc", "a") as file:
        for name in ("binding_share", "npv_mean", "capacity_quantile"):
            file.renameVariable(name, f"{name}_lost")
        file.renameGroup("state", "lost")
    assert tenor_post.deck(tmp_path / "part.nc") is None and tenor_post.assumptions(tmp_path / "part.nc") == []
    done = report(tmp_path / "part.nc", "-o", tmp_path / "part.html")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "part.html").read_text()
    note = re.search("Not shown, because.*?</p>", text, re.S).group(0)
    for title in ("The answer", "Capacity against demand", "What binds", "Assumptions"):
        assert title in note and f"<h2>{title}</h2>" not in text
    assert "Net present value to the provider" not in text and "<h2>Backlog over time</h2>" in text


def test_no_answer_is_given_without_its_numbers(raw):
    assert answer.gather(raw, None) is not None
    for name in ("npv_mean", "npv_with_equity_mean", "contract_revenue_cum_mean", "shortfall_cum_mean", "circularity_fifo_mean",
                 "circularity_mixing_mean", "defaulted", "fulfilled_in_full_month_never", "written_off_mean"):
        assert answer.gather(raw.assign({name: raw[name] * numpy.nan}), None) is None, name


def test_a_page_leaves_out_means_that_do_not_exist(result, tmp_path):
    """The mean of losses without bounds, say."""
    lost = filled(result, tmp_path / "lost.nc", "(npv|ecl|peak_exposure)_mean|defaulted")
    text = tenor_post.render(result, lost)
    assert 'id="s1-answer"' in text and 'id="s2-answer"' not in text and Outline(text).slips == []
    assert not {"Net present value to the provider", "Probability of default", "Peak credit exposure"} & set(table(text, "s2-headline-table"))
    assert row_of(lost)["NPV"] == row_of(lost)["credit loss"] == "-"


def test_means_whose_errors_do_not_exist_stand_alone(result, tmp_path, capsys):
    """Of a deck with uncertain keys and a single block of paths, say."""
    bare = filled(result, tmp_path / "bare.nc", ".*_(se|lo|hi)")
    assert cli.main([str(bare), "-o", str(tmp_path / "bare.html"), "--csv", str(tmp_path / "csv"), "--summary", "-"]) == 0
    text, found = (tmp_path / "bare.html").read_text(), json.loads(capsys.readouterr().out)["results"][0]["figures"]
    row = "Net present value to the provider"
    assert [len(cell) for cell in table(text, "headline-table")[row]] == [1, 0, 0, 2] and row_of(bare)["± 95 %"] == "-"
    assert found[row]["value"] is not None and found[row]["interval"] == [None, None]
    assert re.search(f"^{row},[-0-9.]+,,,,", (tmp_path / "csv/headline-table.csv").read_text(), re.M)
    words = re.sub("<svg.*?</svg>|<pre.*?</pre>|<style.*?</style>|<.*?>", " ", text, flags=re.S)
    assert "2\u202f000  paths are too few to tell their  sampling error" in words and not re.search(r"unknown|\bnan\b", words)


@pytest.mark.parametrize("deck, words, expected, absent", [
    ("portfolio", (), ("Probability of default, OpenAI", "(Enterprise)", "in its customers"), "The customer defaults"),
    ("no-deal", (), ("No commitment", "none of\nthe billing"), "Commitment used up as signed"),
    ("no-seed", (), ("invests nothing in the customer",), "if it mixes"),
    ("anthropic-aws", ("--set", "time.horizon=50 months"), ("50 months", "still open at the", "year 3"), "end of year 5"),
    ("anthropic-aws", ("--set", "time.horizon=1 months"), ("1 month from",), "end of year 1"),
    ("anthropic-aws", ("--set", "time.horizon=12 months", "--set", "customers.0.start=24 months", "--set", "market.spot_fraction=0"),
     ("Nothing is earned, so that", "alone has no internal rate"), "of unknown")])
def test_other_decks_give_a_page_that_says_so(tmp_path, deck, words, expected, absent):
    done = report(sample(tmp_path, deck, *words, paths=600), "-o", tmp_path / "page.html")
    assert done.returncode == 0 and done.stderr == "", done.stderr
    text = (tmp_path / "page.html").read_text()
    assert Outline(text).slips == []
    for part in expected:
        assert re.sub(r"\s+", " ", part) in re.sub(r"\s+", " ", text), part
    words = re.findall(r"[a-z]+", re.sub("<svg.*?</svg>|<pre.*?</pre>", "", text, flags=re.S))
    assert absent not in text and "nan" not in words


def test_a_comparison_has_no_row_in_the_table(tmp_path):
    deck = TOP / "decks/anthropic-aws.yaml"
    subprocess.run([TENOR, "compare", deck, deck, "--paths", "600", "-o", tmp_path / "c.nc", "--quiet"], check=True)
    refused(report("c.nc", "--table", cwd=tmp_path), 6, "comparison")


# ---- figures for analysts


def test_the_internal_rate_of_a_growing_dollar():
    """-1 now, exp(0.24) in two years"""
    flows, times = numpy.array([-1.0, numpy.exp(0.24)]), numpy.array([0.0, 2.0])
    assert analyst.internal_rate(flows, times) == pytest.approx(0.12, abs=1e-12)
    for flow in (1.0, 0.0):
        assert numpy.isnan(analyst.internal_rate(numpy.array([flow, flow]), times))


def test_yearly_figures_follow_from_the_quarters(raw):
    years = analyst.yearly(raw)
    revenue = raw["contract_revenue_mean"].values.reshape(10, 4).sum(axis=1)
    numpy.testing.assert_allclose(years["contract_revenue"], revenue, rtol=1e-12)
    numpy.testing.assert_allclose(revenue.sum(), raw["revenue_total_mean"][0], rtol=1e-9)
    sales = revenue + raw["relet_revenue_mean"].values.reshape(10, 4).sum(axis=1)
    margin = raw["operating_income_mean"].values.reshape(10, 4).sum(axis=1) / sales
    numpy.testing.assert_allclose(years["operating_margin"], margin, rtol=1e-12)
    assert analyst.operating_margin(raw).value == pytest.approx((margin * sales).sum() / sales.sum(), rel=1e-12)
    numpy.testing.assert_allclose(years["capex"], raw["capex_mean"].values.reshape(10, 4).sum(axis=1), rtol=1e-9)
    first = raw.isel(time=3)
    assert float(years["implied_price"][0]) == pytest.approx(float(first["billed_cum_mean"] / first["used_cum_mean"]))
    assert float(years["contracted_cover"][0]) == pytest.approx(
        float(first["backlog_mean"] / (raw["capex_total_mean"] - first["capex_cum_mean"])))
    assert numpy.isnan(years["contracted_cover"][-1])  # nothing is left to come


def test_the_rate_of_return_makes_the_present_value_vanish(raw):
    rate = analyst.provider_rate(raw, 0.09).value
    times = (numpy.arange(120) + 0.5) / 12
    value = (raw["cash_flow_mean"].values * numpy.exp(-rate * times)).sum()
    terminal = float(raw["npv_terminal_mean"]) * numpy.exp(0.9) * numpy.exp(-rate * 10)
    assert value + terminal == pytest.approx(0, abs=1e-9)
    at_nine = (raw["cash_flow_mean"].values * numpy.exp(-0.09 * times)).sum() + float(raw["npv_terminal_mean"])
    assert at_nine == pytest.approx(float(raw["npv_mean"]), rel=1e-9)


def test_exposure_and_concentration(raw):
    profile = analyst.exposure_profile(raw)
    assert float(profile["expected_positive"]) == pytest.approx(float(raw["exposure_mean"].mean()))
    assert float(profile["effective"]) >= float(raw["exposure_mean"].max()) * 39 / 40
    assert (profile["given_survival"] >= profile["expected"] - 1e-12).all()
    shares = analyst.concentration(raw)
    assert (shares["herfindahl"] == 1).all() and (shares["share"] == 1).all()


def test_the_table_has_a_row_a_deck(tmp_path):
    """The table of decks/README.md, at reduced size: every deck, figures as in its file."""
    decks = sorted((TOP / "decks").glob("*.yaml"))
    (tmp_path / "out").mkdir()
    subprocess.run([TENOR, "run", *decks, "--paths", "600", "-o", tmp_path / "out", "--quiet"], check=True)
    results = sorted((tmp_path / "out").glob("*.nc"))
    done = report(*results, "--table")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.strip().split("\n")
    assert len(decks) > 10 and [line[:1] for line in lines] == ["|"] * (2 + len(decks)) + ["", "A", "A"]  # stars of paths, and of blocks
    titles = [cell.strip() for cell in lines[0].split("|")[1:-1]]
    assert lines[0] in (TOP / "decks/README.md").read_text()
    for line, path in zip(lines[2:], results):
        cells = dict(zip(titles, (cell.strip() for cell in line.split("|")[1:-1])))
        data = netCDF4.Dataset(path)
        assert cells["deck"] == path.stem
        assert float(cells["NPV"]) == pytest.approx(float(data["npv_mean"][:]), abs=0.06)
        assert float(cells["backlog year 5"]) == pytest.approx(float(data["backlog_mean"][19]), abs=0.06)
        assert float(cells["NPV VaR 95 %"].removesuffix("*")) == pytest.approx(float(data["npv_var"][0]), abs=0.06)  # thin: 600 paths


def row_of(path):
    """{title of a column: cell} of the table's row of a result."""
    titles, _, cells = ([cell.strip() for cell in line.split("|")] for line in markdown([path]).splitlines()[:3])
    return dict(zip(titles, cells))


def test_a_ratio_of_nothing_is_a_dash_in_the_table(tmp_path):
    """On one path nobody defaults."""
    assert row_of(sample(tmp_path, "anthropic-aws", "--set", "time.horizon=12 months", paths=1))["wrong-way ratio"] == "-"


@pytest.mark.parametrize("months, years", [(10, 0), (23, 1)])
def test_a_year_that_is_not_whole_is_no_year(tmp_path, months, years):
    """The last quarter of ten months ends with them, but is no end of a year."""
    path = sample(tmp_path, "anthropic-aws", "--set", f"time.horizon={months} months", paths=600)
    assert analyst.yearly(tenor_post.open(path)).sizes["year"] == years
    assert (row_of(path)["backlog year 1"] == "-") == ("<h2>Year by year</h2>" not in tenor_post.render(path)) == (years == 0)


@pytest.mark.skipif(not BROWSER, reason="no browser (BROWSER_BINARY, chromium)")
@pytest.mark.parametrize("width", [390, 1200])
def test_the_page_fits_its_window(page, tmp_path, width):
    """With every table opened, the document is no wider than a window of this width, and shows one drawing a figure."""
    opened = page.replace("<details>", "<details open>")
    script = """frame.onload = () => { const d = frame.contentDocument, svgs = [...d.querySelectorAll('svg')];
      document.title = [d.documentElement.clientWidth, d.documentElement.scrollWidth,
                        svgs.filter(s => s.getBoundingClientRect().width > 0).length].join(' ') }"""
    (tmp_path / "frame.html").write_text(
        f'<title>no</title><iframe id="frame" style="border:0;width:{width}px;height:800px"></iframe>'
        f'<script>{script}; frame.srcdoc = {json.dumps(opened).replace("</", "<" + chr(92) + "/")}</script>')
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={tmp_path}/profile")
    done = subprocess.run([BROWSER, *options, "--dump-dom", (tmp_path / "frame.html").as_uri()],
                          capture_output=True, text=True, timeout=120)
    client, scroll, drawn = map(int, re.search("<title>(.*?)</title>", done.stdout).group(1).split())
    assert client == width and scroll <= width
    assert drawn == len(FIGURES)
