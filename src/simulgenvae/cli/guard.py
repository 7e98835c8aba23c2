"""Run a command so that a user's mistake becomes one message and an exit code.

Tested in tests/cli/test_bad_input.py and tests/cli/test_disk_full.py.
"""

from __future__ import annotations

import logging
import os
import tempfile
import traceback
import warnings
from collections.abc import Callable
from contextlib import ExitStack

from cyclopts import CycloptsError
from rich.console import Console

from simulgenvae.cli.console import printing_on
from simulgenvae.cli.messages import Messages
from simulgenvae.errors import UserError
from simulgenvae.settings.problems import SettingsNote
from simulgenvae.utils.formatting import visible
from simulgenvae.utils.log_file import end_logs
from simulgenvae.utils.progress import progress_on
from simulgenvae.utils.result_level import RESULT

MISTAKE = 2
"""Exit code after a user's mistake."""
FAULT = 1
"""Exit code after an error that nobody expected, as of Python itself."""
INTERRUPTED = 130
"""Exit code after Ctrl-C, by convention 128 + SIGINT."""


def guarded(
    work: Callable[[Console], int | None],
    *,
    messages: Messages = Messages(),
    results_apart: bool = False,
) -> int:
    """Run ``work`` with a console and return its exit code; None counts as 0.

    Messages and progress of the library are shown. A :class:`UserError`, and errors of the machine
    that a user can do something about, are printed as one message without a traceback; so are all
    others of a single process, whose traceback goes to a file. Of several ranks, the first that
    fails also ends the others.

    Parameters
    ----------
    work
        The command.
    messages
        How much is said.
    results_apart
        Whether the command prints its result itself, as JSON: everything else then goes to the
        standard error stream.
    """
    # torchrun says by these variables which process this is; torch itself is not loaded yet.
    rank = int(os.environ.get("RANK", "0"))
    ranks = int(os.environ.get("WORLD_SIZE", "1"))
    silent = rank > 0
    # Without markup: names such as [0.5] would be read as styles, and :x: as an emoji.
    console = Console(
        stderr=results_apart, markup=False, emoji=False, highlight=False, quiet=silent
    )
    progress = Console(stderr=True, markup=False, emoji=False, quiet=silent or messages.quiet)
    # Long work, such as a training, shows its progress among the results.
    long_work = Console(quiet=True) if messages.quiet else console
    level = logging.INFO
    if messages.verbose or messages.quiet:
        level = logging.DEBUG if messages.verbose else RESULT
    errors = Console(stderr=True, markup=False, emoji=False, highlight=False)

    def say(text: str) -> None:
        errors.print(visible(text), soft_wrap=True)

    def note(message: Warning | str, *_: object, **__: object) -> None:
        if isinstance(message, SettingsNote):
            if not (silent or messages.quiet):
                say(f"note: {message}")
        elif messages.verbose and not silent:
            # Of Python's libraries: nothing that a user could do something about.
            say(f"{type(message).__name__}: {message}")

    def fail(error: Exception, message: str) -> int:
        if ranks > 1:
            from simulgenvae.distributed.failures import report_failure

            report_failure(error, f"error: rank {rank}: {message}", say)
        else:
            say(f"error: {message}")
        return MISTAKE

    with warnings.catch_warnings(), ExitStack() as stack:
        warnings.simplefilter("always", SettingsNote)
        # Notes about settings are for users: without the source line that Python shows. Warnings of
        # libraries are not.
        warnings.showwarning = note
        try:
            if ranks > 1:
                # Ranks hear from each other which of them has failed, and end with the same code.
                from simulgenvae.distributed.failures import watch_other_ranks

                stack.enter_context(watch_other_ranks(say, end_logs))
            # Results go to the standard output, bars and mistakes to the standard error stream.
            with (
                printing_on(console, level),
                progress_on(long_work, progress, detailed=messages.verbose),
            ):
                return work(console) or 0
        except UserError as error:
            return fail(error, str(error))
        except OSError as error:  # a folder without rights, a disk that is full or was removed
            return fail(error, f"{error.filename or 'a file'}: {error.strerror or error}")
        except MemoryError as error:
            return fail(
                error, "out of memory: close other programs, or use fewer runs, timesteps or nodes"
            )
        except Exception as error:
            # `main` explains mistakes in arguments, and torch's agent may start a rank again.
            if ranks > 1 or isinstance(error, CycloptsError):
                raise
            if messages.verbose:
                say("".join(traceback.format_exception(error)))
            # From inside a library, or a mistake of this program: the traceback is for its authors.
            fail(error, f"{_kind(error)}. Please report this, with {_traceback_file(error)}")
            return FAULT
        except KeyboardInterrupt as stop:
            if not silent:
                say(str(stop) or "Stopped.")
            return INTERRUPTED


def _kind(error: Exception) -> str:
    """Return what went wrong in one line, with the notes that say where."""
    said = " ".join(str(error).split())[:300]
    where = "".join(f", {note}" for note in getattr(error, "__notes__", ()))
    return f"unexpected {type(error).__name__}: {said}{where}"


def _traceback_file(error: Exception) -> str:
    """Return the name of a new file with the traceback."""
    descriptor, name = tempfile.mkstemp(prefix="simulgenvae-error-", suffix=".txt")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(traceback.format_exception(error))
    return name
