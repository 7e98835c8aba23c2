"""`simulgenvae`: parse, run one command, and turn a user's mistake into one message and exit code 2."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence

from rich.console import Console

from simulgenvae.cli import check, demo, evaluate, explore, export, ingest, learning_curve, predict, suggest, train
from simulgenvae.errors import UserError
from simulgenvae.settings import SettingsNote

COMMANDS = (demo, ingest, check, train, evaluate, learning_curve, suggest, predict, explore, export)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 2 for a user's mistake, 130 after Ctrl-C."""
    options = parser().parse_args(arguments)
    return guarded(lambda console: options.run(options, console))


def parser() -> argparse.ArgumentParser:
    """Parser of all commands; what it returns has ``run``, to be called with itself and a console."""
    whole = argparse.ArgumentParser(
        prog="simulgenvae", description="Fields of new designs, learned from finished runs."
    )
    subparsers = whole.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.register(subparsers)
    return whole


def guarded(work: Callable[[Console], None]) -> int:
    """Run ``work`` with a console; print a user's mistake as one message instead of a traceback."""
    console, errors = Console(markup=False, highlight=False), Console(stderr=True, markup=False, highlight=False)
    with warnings.catch_warnings():
        warnings.simplefilter("always", SettingsNote)
        warnings.showwarning = lambda message, *_, **__: errors.print(f"note: {message}", soft_wrap=True)
        try:
            work(console)
        except UserError as error:
            errors.print(f"error: {error}", soft_wrap=True)
            return 2
        except OSError as error:  # a folder without rights, a disk that is full or went away
            errors.print(f"error: {error.filename or 'a file'}: {error.strerror or error}", soft_wrap=True)
            return 2
        except MemoryError:
            errors.print("error: out of memory: close other programs, or use fewer runs, timesteps or nodes")
            return 2
        except KeyboardInterrupt as stop:
            errors.print(str(stop) or "Stopped.")
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
