"""Arguments of the classic scripts only, for argparse.

Tested in tests/cli/classic/test_flags.py and tests/cli/test_launch.py.
"""

from __future__ import annotations

import argparse

from simulgenvae import __version__


def add_version(parser: argparse.ArgumentParser) -> None:
    """Add ``--version``, which prints the version and ends."""
    parser.add_argument("--version", action="version", version=f"simulgenvae {__version__}")


def add_overrides(parser: argparse.ArgumentParser) -> None:
    """Add ``--set key=value``, which can be given any number of times."""
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting, such as training.end_to_end.steps=500 (docs/settings.md lists all)",
    )


def positive(text: str) -> int:
    """Return an argument that counts something."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
