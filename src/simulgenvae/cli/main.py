"""`simulgenvae`: parse, run one command, and turn a user's mistake into one message and exit code 2."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence

from rich.console import Console

from simulgenvae.cli import check, evaluate, ingest, predict, train
from simulgenvae.errors import UserError
from simulgenvae.settings import SettingsNote
from simulgenvae.training.loop import Interrupted

COMMANDS = (ingest, check, train, evaluate, predict)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 2 for a user's mistake, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="simulgenvae", description=__doc__)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.register(subparsers)
    options = parser.parse_args(arguments)
    return guarded(lambda console: options.run(options, console))


def guarded(work: Callable[[Console], None]) -> int:
    """Run ``work`` with a console; print a user's mistake as one message instead of a traceback."""
    console, errors = Console(), Console(stderr=True)
    with warnings.catch_warnings():
        warnings.simplefilter("always", SettingsNote)
        warnings.showwarning = lambda message, *_, **__: errors.print(f"note: {message}", markup=False, soft_wrap=True)
        try:
            work(console)
        except UserError as error:
            errors.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
            return 2
        except Interrupted:
            errors.print("Stopped; everything is saved. Go on with the same command and --resume.")
            return 130
        except KeyboardInterrupt:
            errors.print("Stopped.")
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
