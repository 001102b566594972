"""The command line of tenor-backtest."""
import argparse
import os
import shlex
import shutil
import sys
from pathlib import Path

from . import backtest, backtest_page
from .cli import USAGE, Parser, Refusal, check_target, ended, tell, write

MOST_HORIZONS = 40


EXAMPLES = """examples:
  tenor-backtest decks/anthropic-aws.yaml -o backtest.html
  tenor-backtest decks/anthropic-aws.yaml --paths 2000 --horizons 8 --json scores.json"""


def count(low, high):
    def read(word):
        number = float(word)
        if not low <= number <= high or number != int(number):
            raise argparse.ArgumentTypeError(f"wants a whole number from {low} to {high}, not {word}")
        return int(number)
    read.__name__ = "whole number"
    return read


def arguments(words):
    parser = Parser(prog="tenor-backtest", allow_abbrev=False, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter,
                    description="Runs the model of the base business from the past quarters of a deck and scores it on what followed.")
    parser.add_argument("deck", metavar="DECK", type=Path, help="a deck with history")
    parser.add_argument("-o", "--output", metavar="PAGE.html", type=Path, help="one self-contained page")
    parser.add_argument("--json", metavar="FILE", type=Path, help="every score and forecast")
    parser.add_argument("--paths", metavar="N", type=count(1000, 10**8), default=10_000, help="paths an origin (10000)")
    parser.add_argument("--horizons", metavar="N", type=count(1, MOST_HORIZONS), default=12, help="quarters ahead (12)")
    parser.add_argument("--unverified", action="store_true", help="use values that the deck only assumes, too")
    parser.add_argument("--tenor", metavar="PROGRAM", default=os.environ.get("TENOR", "tenor"),
                        help="the engine (tenor on the path, or $TENOR)")
    parser.add_argument("--force", action="store_true", help="replace what exists")
    return parser.parse_args(words)


def report(given):
    """Checks everything, runs everything, then writes everything."""
    if not given.deck.is_file():
        raise Refusal(USAGE, f"{given.deck}: no such deck")
    if shutil.which(given.tenor) is None:
        raise Refusal(USAGE, f"{given.tenor}: no such program; --tenor says where the engine is")
    targets = [path for path in (given.output, given.json) if path]
    for path in targets:
        check_target(path, [given.deck], "deck", given.force)
    if len(targets) == 2 and targets[0].absolute() == targets[1].absolute():
        raise Refusal(USAGE, f"{targets[0]}: page and JSON want files of their own")
    deck, origins, records = backtest.run(given.tenor, given.deck, given.paths, given.horizons, given.unverified,
                                          lambda text: print(f"tenor-backtest: {text}", file=sys.stderr))
    findings = backtest_page.Findings(deck, origins, records, given.paths, given.unverified)
    command = f"tenor-backtest {shlex.quote(given.deck.name)} --paths {given.paths} --horizons {given.horizons}"
    command += " --unverified" * given.unverified
    if given.output:
        write(given.output, backtest_page.render(findings, command).encode())
    if given.json:
        write(given.json, backtest_page.as_json(findings).encode())
    tell(backtest_page.text(findings))


def main(words):
    """Runs the program on its arguments; returns its exit code."""
    return ended("tenor-backtest", lambda: report(arguments(words)), backtest.Failed)
