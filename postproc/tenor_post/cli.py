"""The command line of tenor-report."""
import argparse
import os
import sys
from pathlib import Path

from . import figures, page, results, table

USAGE, INPUT_OUTPUT, FOREIGN = 2, 5, 6  # exit codes, as the engine's


class Refusal(Exception):
    """Ends the program: exit code and one sentence."""

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Refusal(USAGE, f"{message} (tenor-report --help)")


def arguments(words):
    parser = Parser(prog="tenor-report", allow_abbrev=False,
                    description="Makes one self-contained HTML page, or its figures, of a result of `tenor run`.")
    parser.add_argument("result", metavar="OUT.nc", type=Path)
    parser.add_argument("more", metavar="OTHER.nc", type=Path, nargs="*", help="further results, with --table")
    parser.add_argument("--table", action="store_true", help="print the main figures of all results as a Markdown table")
    parser.add_argument("-o", "--output", metavar="PAGE.html", type=Path, help="the page")
    parser.add_argument("--figures", metavar="DIR", type=Path, help="folder for the figures as PNG and SVG; made if missing")
    parser.add_argument("--force", action="store_true", help="replace what exists")
    given = parser.parse_args(words)
    if given.output is None and given.figures is None and not given.table:
        parser.error("say what to make: -o PAGE.html, --figures DIR or --table")
    if given.more and not given.table:
        parser.error("several results go into a --table only")
    return given


def check_target(path, given):
    """Refuses a file that cannot or must not be written."""
    if not path.parent.is_dir():
        raise Refusal(INPUT_OUTPUT, f"{path.parent}: no such folder")
    if path.exists() and path.samefile(given.result):
        raise Refusal(USAGE, f"{path}: is the result itself")
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise Refusal(INPUT_OUTPUT, f"{path}: is no regular file and will not be replaced")
    if path.exists() and not given.force:
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


def report(given):
    """Checks everything, makes everything, then writes everything."""
    if not given.result.is_file():
        raise Refusal(INPUT_OUTPUT, f"{given.result}: no such result")
    for path in given.more:
        if not path.is_file():
            raise Refusal(INPUT_OUTPUT, f"{path}: no such result")
    for path in [given.result, *given.more]:
        if "second_deck" in results.open(path).attrs:
            raise Refusal(FOREIGN, f"{path}: is a comparison of two decks; `tenor show` prints it")
    if given.table:
        print(table.markdown([given.result, *given.more]))
    if given.output:
        check_target(given.output, given)
    data, contents = results.open(given.result), {}
    if given.figures:
        check_folder(given.figures)
        targets = {given.figures / f"{figure.name}.{kind}": (figure, kind)
                   for figure in figures.FIGURES if figures.possible(figure, data) for kind in ("png", "svg")}
        for path in targets if given.figures.is_dir() else ():
            check_target(path, given)
        contents.update({path: figures.picture(figure, data, kind) for path, (figure, kind) in targets.items()})
        given.figures.mkdir(exist_ok=True)
    if given.output:
        contents[given.output] = page.render(given.result).encode()
    for path, content in contents.items():
        write(path, content)


def main(words):
    """Runs the program on its arguments; returns its exit code."""
    try:
        report(arguments(words))
        return 0
    except Refusal as refusal:
        code, sentence = refusal.code, str(refusal)
    except results.NotAResult as error:
        code, sentence = FOREIGN, str(error)
    except OSError as error:
        code, sentence = INPUT_OUTPUT, f"{error.filename}: {error.strerror}"
    except KeyboardInterrupt:
        code, sentence = 130, "interrupted; nothing was written"
    print("tenor-report: error:", " ".join(sentence.split()), file=sys.stderr)
    return code
