"""The page in a real browser, headless Chromium: every figure is drawn, boxes and buttons work with and without the page's script,
nothing is fetched, nothing is complained of. Screenshots are left in the build folder, to be looked at.

A page around it holds the report in a frame, uses it, and writes what it saw into its own title."""
import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TENOR = os.environ.get("TENOR", str(TOP / "build/engine/tenor"))
BROWSER = os.environ.get("BROWSER_BINARY") or shutil.which("chromium")
SHOTS = Path(os.environ.get("TENOR_BUILD", TOP / "build")) / "screenshots"
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-background-networking",
           "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--log-level=0")

sys.path.insert(0, str(TOP / "postproc"))
import tenor_post  # noqa: E402

pytestmark = pytest.mark.skipif(not BROWSER, reason="no browser (BROWSER_BINARY, chromium)")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    decks = [TOP / f"decks/{name}.yaml" for name in ("anthropic-aws", "portfolio")]
    subprocess.run([TENOR, "run", *decks, "--paths", "20000", "-o", folder, "--quiet"], check=True, timeout=300)
    for name in ("anthropic-aws", "portfolio"):
        (folder / f"{name}.html").write_text(tenor_post.render(folder / f"{name}.nc"))
    (folder / "both.html").write_text(tenor_post.render(folder / "anthropic-aws.nc", folder / "portfolio.nc"))
    subprocess.run([TENOR, "sensitivity", TOP / "tests/decks/twenty.yaml", "--paths", "4096", "--swing-paths", "512", "-o", folder / "moved.nc",
                    "--quiet"], check=True, timeout=300)
    (folder / "moved.html").write_text(tenor_post.render(folder / "moved.nc"))
    return folder


def browse(folder, *words):
    done = subprocess.run([BROWSER, *OPTIONS, f"--user-data-dir={folder}/profile", *map(str, words)], capture_output=True, text=True,
                          timeout=180)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def use(folder, name, script, width=1200):
    """What `script` (the body of a function of the page's document `d` and window `w`) returns, and what the console was told."""
    page = json.dumps((folder / f"{name}.html").read_text()).replace("</", "<\\/")
    outer = folder / f"{name}-around.html"
    outer.write_text(f"""<title></title><iframe id="frame" style="border:0;width:{width}px;height:900px"></iframe><script>
        frame.onload = () => {{ const w = frame.contentWindow, d = frame.contentDocument;
          try {{ document.title = JSON.stringify(((d, w) => {{ {script} }})(d, w)); }} catch (e) {{ document.title = JSON.stringify(String(e)); }} }};
        frame.srcdoc = {page};</script>""")
    dom, told = browse(folder, "--dump-dom", outer.as_uri())
    return json.loads(html.unescape(re.search("<title>(.*?)</title>", dom, re.S).group(1))), told


SEE = """
  const marks = (svg) => [...svg.querySelectorAll('path')].filter((p) => /^g\\\\d/.test(p.getAttribute('class')) && p.getBBox);
  const box = (p) => { const b = p.getBBox(); return Math.max(b.width, b.height); };
""".replace("\\\\", "\\")


@pytest.mark.parametrize("name, figures", [("anthropic-aws", 13), ("portfolio", 13), ("moved", 2)])
def test_every_figure_is_drawn_and_nothing_is_fetched(folder, name, figures):
    seen, told = use(folder, name, SEE + """
      const drawn = [...d.querySelectorAll('figure')].map((f) => { const svg = f.querySelector('svg'), b = svg.getBoundingClientRect();
        return [f.closest('section').id, b.width, b.height, marks(svg).filter((p) => box(p) > 20).length, f.querySelectorAll('.along span').length]; });
      return { drawn, fetched: w.performance.getEntriesByType('resource').length,
               cursors: d.querySelectorAll('svg rect.on').length, alive: d.querySelectorAll('p.reading[aria-live]').length };""")
    assert told == []
    assert len(seen["drawn"]) == figures == seen["cursors"] == seen["alive"]
    for section, width, height, marks, ticks in seen["drawn"]:
        assert width > 300 and height > 100 and marks >= 1 and ticks >= 2, section
    assert seen["fetched"] == 0


def test_the_policy_stops_foreign_scripts_and_images(folder):
    """What a hostile file could at worst add is not run and not fetched, and the console says so."""
    text = (folder / "anthropic-aws.html").read_text()
    (folder / "hostile.html").write_text(text.replace(
        "</main>", "<script>document.title = 'taken'</script><img src='https://example.com/x.png' onerror='1'></main>"))
    seen, told = use(folder, "hostile", "return [d.title, w.performance.getEntriesByType('resource').filter((r) => r.responseStatus).length]")
    assert seen[0] != "taken" and seen[1] == 0
    assert sum("Content Security Policy" in line for line in told) >= 2


def test_boxes_hide_marks_and_keys_read_numbers(folder):
    seen, told = use(folder, "anthropic-aws", SEE + """
      const figure = d.querySelector('#backlog figure'), svg = figure.querySelector('svg'), tick = figure.querySelector('input');
      const band = svg.querySelector('.g0'), shown = () => w.getComputedStyle(band).display !== 'none';
      const before = shown(); tick.click(); const cleared = shown(); tick.click(); const again = shown();
      svg.focus(); const press = (key) => svg.dispatchEvent(new w.KeyboardEvent('keydown', { key, bubbles: true }));
      press('ArrowRight'); press('ArrowRight'); const line = figure.querySelector('.reading').textContent;
      press('Escape');
      const row = d.querySelector('#backlog-table').tBodies[0].rows[1];
      return { before, cleared, again, line, empty: figure.querySelector('.reading').textContent,
               date: row.cells[0].textContent, median: row.cells[3].textContent };""")
    assert told == []
    assert (seen["before"], seen["cleared"], seen["again"]) == (True, False, True)
    assert seen["line"].startswith(seen["date"]) and f"50 % {seen['median']}" in seen["line"] and seen["empty"] == ""


def test_buttons_choose_the_scenario_without_scripts(folder):
    """With the page's own script taken out: the buttons are style rules, and hints are in single pages."""
    plain = re.sub("<script>.*?</script>", "", (folder / "both.html").read_text(), flags=re.S)
    (folder / "plain.html").write_text(plain)
    seen, told = use(folder, "plain", """
      const shown = () => [...d.querySelectorAll('.scene')].map((s) => w.getComputedStyle(s).display !== 'none');
      const first = shown(); d.querySelector('label[for=show-2]').click(); const second = shown();
      return { first, second, checked: d.querySelector('#show-2').checked };""")
    assert told == [] and seen == {"first": [True, False], "second": [False, True], "checked": True}
    single = re.sub("<script>.*?</script>", "", (folder / "anthropic-aws.html").read_text(), flags=re.S)
    assert single.count('<rect class="hit"') > 300


@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("name", ["portfolio", "both", "moved"])
def test_pages_fit_narrow_and_wide_windows(folder, name, width):
    seen, _ = use(folder, name, """d.querySelectorAll('details').forEach((x) => { x.open = true; });
      return [d.documentElement.clientWidth, d.documentElement.scrollWidth];""", width)
    assert seen[0] == width and seen[1] <= width


def test_every_control_has_a_name_and_every_table_heads(folder):
    seen, _ = use(folder, "portfolio", """
      const bare = [...d.querySelectorAll('input')].filter((i) => !i.labels.length || !i.labels[0].textContent.trim()).length;
      const figures = [...d.querySelectorAll('svg')].filter((s) => s.getAttribute('role') !== 'img' || !s.getAttribute('aria-label')
        || !d.getElementById(s.getAttribute('aria-describedby'))).length;
      const levels = [...d.querySelectorAll('h1,h2,h3')].map((h) => Number(h.tagName[1]));
      return { bare, figures, jumps: levels.filter((l, i) => i && l > levels[i - 1] + 1).length, first: levels[0], lang: d.documentElement.lang,
               heads: [...d.querySelectorAll('table')].filter((t) => !t.querySelector('th')).length,
               skip: d.querySelector('.skip').getAttribute('href') };""")
    assert seen == {"bare": 0, "figures": 0, "jumps": 0, "first": 1, "lang": "en", "heads": 0, "skip": "#main"}


@pytest.mark.parametrize("name", ["anthropic-aws", "portfolio", "both"])
def test_screenshots_are_left_to_be_looked_at(folder, name):
    """Light, dark, narrow, and printed; dark and light differ."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page, shots = (folder / f"{name}.html"), {}
    dark = folder / f"{name}-dark.html"  # as a browser whose reader prefers dark pages sees it
    dark.write_text(page.read_text().replace("@media screen and (prefers-color-scheme: dark)", "@media screen"))
    for kind, file, size in (("light", page, "1200,9000"), ("dark", dark, "1200,9000"), ("narrow", page, "500,9000")):
        shots[kind] = SHOTS / f"{name}-{kind}.png"
        browse(folder, f"--window-size={size}", f"--screenshot={shots[kind]}", file.as_uri())
    browse(folder, f"--print-to-pdf={SHOTS / f'{name}.pdf'}", page.as_uri())
    for kind, path in shots.items():
        assert path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 50_000, kind
    assert shots["light"].read_bytes() != shots["dark"].read_bytes()
    assert (SHOTS / f"{name}.pdf").read_bytes().startswith(b"%PDF-")
