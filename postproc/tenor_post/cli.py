"""The command line of tenor-report."""
import argparse
import os
import sys
from pathlib import Path

from . import export, page, plots, results, table

USAGE, INPUT_OUTPUT, FOREIGN = 2, 5, 6  # exit codes, as the engine's


class Refusal(Exception):
    """Ends the program: exit code and one sentence."""

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Refusal(USAGE, f"{message} ({self.prog} --help)")


DESCRIPTION = """Makes one self-contained HTML page of results of `tenor run`, `tenor
compare` and `tenor sensitivity`, or gives its figures and tables to other programs."""
EXAMPLES = """examples:
  tenor-report out.nc -o report.html
  tenor-report out/*.nc -o all.html --figures pictures --csv tables
  tenor-report out/*.nc --table
  tenor-report out.nc --summary - | head"""


def arguments(words):
    parser = Parser(prog="tenor-report", allow_abbrev=False, description=DESCRIPTION, epilog=EXAMPLES,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", metavar="OUT.nc", type=Path, nargs="+", help="results; with several, differences are from the first")
    parser.add_argument("-o", "--output", metavar="PAGE.html", type=Path, help="the page")
    parser.add_argument("--figures", metavar="DIR", type=Path, help="folder for the figures as PNG, SVG and PDF; made if missing")
    parser.add_argument("--csv", metavar="DIR", type=Path, help="folder for every table of the page as CSV; made if missing")
    parser.add_argument("--summary", metavar="FILE.json", type=Path, help="the main figures as JSON; - is standard output")
    parser.add_argument("--table", action="store_true", help="print the main figures of all results as a Markdown table")
    parser.add_argument("--force", action="store_true", help="replace what exists")
    given = parser.parse_args(words)
    if not (given.output or given.figures or given.csv or given.summary or given.table):
        parser.error("say what to make: -o PAGE.html, --figures DIR, --csv DIR, --summary FILE.json or --table")
    if given.table and given.summary == Path("-"):
        parser.error("--table and --summary - both print")
    return given


def check_target(path, sources, what, force):
    """Refuses a file that cannot or must not be written; `what` the `sources` are: "result"."""
    if not path.parent.is_dir():
        raise Refusal(INPUT_OUTPUT, f"{path.parent}: no such folder")
    if path.exists() and any(path.samefile(source) for source in sources):
        raise Refusal(USAGE, f"{path}: is the {what} itself")
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise Refusal(INPUT_OUTPUT, f"{path}: is no regular file and will not be replaced")
    if path.exists() and not force:
        raise Refusal(USAGE, f"{path}: exists; --force replaces it")


def check_folder(folder):
    if folder.exists() and not folder.is_dir():
        raise Refusal(USAGE, f"{folder}: is not a folder")
    if not folder.parent.is_dir():
        raise Refusal(INPUT_OUTPUT, f"{folder.parent}: no such folder")


def write(path, content):
    """Writes bytes so that `path` holds all of them or what it held before."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise Refusal(INPUT_OUTPUT, f"{path}: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


def tell(text):
    """Prints now what else the end of the program would print, when nothing can be said of a fault any more."""
    try:
        print(text, flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is left in the buffer
        raise Refusal(INPUT_OUTPUT, f"standard output: {error.strerror}") from error


def report(given):
    """Checks everything, makes everything, then writes everything."""
    for path in given.results:
        if not path.is_file():
            raise Refusal(INPUT_OUTPUT, f"{path}: no such result")
    if given.table:
        tell(table.markdown(given.results))
        if not (given.output or given.figures or given.csv or given.summary):
            return
    for folder in filter(None, (given.figures, given.csv)):
        check_folder(folder)
    to_stdout = given.summary == Path("-")
    for path in filter(None, (given.output, None if to_stdout else given.summary)):
        check_target(path, given.results, "result", given.force)
    found, contents = page.gather(given.results), {}
    if given.figures:
        contents.update(targets(given.figures, given, ((f"{name}.{kind}", lambda chart=chart, kind=kind: plots.picture(chart, kind))
                                                       for name, chart in charts(found) for kind in plots.KINDS)))
    if given.csv:
        contents.update(targets(given.csv, given, ((f"{sheet.name}.csv", lambda sheet=sheet: export.text(sheet).encode())
                                                   for sheet in export.sheets(found))))
    if given.output:
        contents[given.output] = page.html(found).encode()
    if given.summary and not to_stdout:
        contents[given.summary] = export.summary(found).encode()
    for folder in filter(None, (given.figures, given.csv)):
        folder.mkdir(exist_ok=True)
    for path, content in contents.items():
        write(path, content)
    if to_stdout:
        tell(export.summary(found).rstrip("\n"))


def charts(found):
    """(name of its file, chart) of every figure of a page; of several results the names begin as the ids of the page."""
    several = len(found.results) > 1
    for i, (shown, _) in enumerate(found.shown, start=1):
        yield from ((f"s{i}-{chart.name}" if several else chart.name, chart) for s in shown for chart in s.charts())
    yield from ((chart.name, chart) for s in found.across for chart in s.charts())
    yield from ((f"{s.section.anchor}-{chart.name}", chart) for s in found.alone() for chart in s.charts())


def targets(folder, given, made):
    """{path: bytes} of files of a folder: all names are checked before any is made."""
    made = {folder / name: make for name, make in made}
    if folder.is_dir():
        for path in made:
            check_target(path, given.results, "result", given.force)
    return {path: make() for path, make in made.items()}


def ended(program, work, *faults):
    """The exit code of a program whose work is a function: its refusals, and what of `faults` has a code, end in one sentence."""
    try:
        work()
        return 0
    except (Refusal, *faults) as refusal:
        code, sentence = refusal.code, str(refusal)
    except results.NotAResult as error:
        code, sentence = FOREIGN, str(error)
    except OSError as error:
        code, sentence = INPUT_OUTPUT, str(error) if error.filename is None else f"{error.filename}: {error.strerror}"
    except KeyboardInterrupt:
        code, sentence = 130, "interrupted; nothing was written"
    print(f"{program}: error:", " ".join(sentence.split()), file=sys.stderr)
    return code


def main(words):
    """Runs the program on its arguments; returns its exit code."""
    return ended("tenor-report", lambda: report(arguments(words)))
