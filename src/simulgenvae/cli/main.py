"""`simulgenvae`: parse, run one command, and turn a user's mistake into one message and exit code
2."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from rich.console import Console

from simulgenvae.cli import (
    check,
    demo,
    evaluate,
    explore,
    export,
    ingest,
    inspect,
    learning_curve,
    predict,
    render,
    suggest,
    train,
)
from simulgenvae.cli.common import add_version
from simulgenvae.cli.launch import asks_for_several, launch, without_launch
from simulgenvae.cli.messages import messages_on
from simulgenvae.errors import UserError
from simulgenvae.settings import SettingsNote
from simulgenvae.utils.log_file import end_logs
from simulgenvae.utils.progress import progress_on

COMMANDS = (
    demo,
    inspect,
    ingest,
    check,
    train,
    evaluate,
    learning_curve,
    suggest,
    predict,
    render,
    explore,
    export,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 2 for a user's mistake, 130 after Ctrl-C."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    options = parser().parse_args(arguments)
    if not asks_for_several(options):
        return guarded(lambda console: options.run(options, console))
    command = ["-m", "simulgenvae.cli.main", *without_launch(arguments)]
    return guarded(lambda console: launch(command, options))


def parser() -> argparse.ArgumentParser:
    """Parser of all commands; what it returns has ``run``, to be called with itself and a
    console."""
    whole = argparse.ArgumentParser(
        prog="simulgenvae", description="Fields of new designs, learned from finished runs."
    )
    add_version(whole)
    subparsers = whole.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.register(subparsers)
    return whole


def guarded(work: Callable[[Console], int | None]) -> int:
    """Run ``work`` with a console and return its exit code (None for 0); print a user's mistake as
    one message instead of a traceback."""
    rank, ranks = (
        int(os.environ.get(name, default)) for name, default in (("RANK", "0"), ("WORLD_SIZE", "1"))
    )
    console = Console(markup=False, highlight=False, quiet=rank > 0)
    errors = Console(stderr=True, markup=False, highlight=False)
    progress = Console(stderr=True, quiet=rank > 0)

    def say(text: str) -> None:
        errors.print(text, soft_wrap=True)

    def note(message: Warning | str, *_: object, **__: object) -> None:
        if rank == 0:
            say(f"note: {message}")

    def failed(error: Exception, message: str) -> int:
        if ranks > 1:
            from simulgenvae.distributed.failures import report_failure

            report_failure(error, f"error: rank {rank}: {message}", say)
        else:
            say(f"error: {message}")
        return 2

    with warnings.catch_warnings(), ExitStack() as until_told:
        warnings.simplefilter("always", SettingsNote)
        warnings.showwarning = note
        try:
            if ranks > 1:
                from simulgenvae.distributed.failures import watch_other_ranks

                until_told.enter_context(watch_other_ranks(say, end_logs))
            with messages_on(console), progress_on(console, progress):
                return work(console) or 0
        except UserError as error:
            return failed(error, str(error))
        except OSError as error:  # a folder without rights, a disk that is full or went away
            return failed(error, f"{error.filename or 'a file'}: {error.strerror or error}")
        except MemoryError as error:
            return failed(
                error, "out of memory: close other programs, or use fewer runs, timesteps or nodes"
            )
        except KeyboardInterrupt as stop:
            if rank == 0:
                say(str(stop) or "Stopped.")
            return 130


if __name__ == "__main__":
    sys.exit(main())
