"""Arguments that the scripts of the suite share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy.cases import CACHE


def parser_of(
    description: str | None, known: Sequence[str], default: Sequence[str]
) -> argparse.ArgumentParser:
    """Return the parser of arguments that all scripts have: problems, settings and results.

    Parameters
    ----------
    description
        Docstring of the script.
    known
        Names of the problems.
    default
        Problems that run when none is named.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "problems", nargs="*", default=list(default), metavar="PROBLEM", help=", ".join(known)
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="group.key=value", help="a setting of ours"
    )
    parser.add_argument("--out", type=Path, default=CACHE / "results", metavar="FOLDER")
    return parser


def parsed(parser: argparse.ArgumentParser, known: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments; end the program with a message when a problem is not ``known``."""
    options = parser.parse_args()
    if unknown := [name for name in options.problems if name not in known]:
        parser.error(f"unknown problem: {', '.join(unknown)}; there are {', '.join(known)}")
    return options
