"""Output of a command: its results, and the messages of the library.

The library logs below the logger ``simulgenvae``; the command line prints these messages without
the time and level of each, since its user reads them as the answer to a command.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from rich.console import Console, RenderableType
from rich.text import Text

from simulgenvae.utils.formatting import visible

_CONSOLE: ContextVar[Console] = ContextVar("console")


def show(*things: RenderableType, style: str | None = None) -> None:
    """Print lines of text, which are not wrapped, and tables on the console of the command."""
    for thing in things:
        # Names of files must stay whole when the output is piped into another program; tables fit
        # themselves to the terminal.
        is_line = isinstance(thing, str | Text)
        _CONSOLE.get().print(thing, style=style, markup=False, emoji=False, soft_wrap=is_line)


def room(columns: int) -> int:
    """Return how many characters the cells of a row have in a table that fits the console."""
    return _CONSOLE.get().width - 3 * columns - 1


def show_next(command: str) -> None:
    """Say which command usually comes next, unless only results are wanted."""
    logging.getLogger("simulgenvae").info("Next: simulgenvae %s", command)


@contextmanager
def printing_on(console: Console, level: int = logging.INFO) -> Iterator[None]:
    """Print results, and messages from ``level`` on, on ``console`` within this context."""
    logger = logging.getLogger("simulgenvae")
    # Attached for the length of one command: a program that imports the library keeps its own
    # logging.
    handler = ConsoleHandler(console, level)
    earlier = logger.level
    token = _CONSOLE.set(console)
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        yield
    finally:
        # One process may run several commands, as the tests do: each prints on its own console.
        logger.removeHandler(handler)
        logger.setLevel(earlier)
        _CONSOLE.reset(token)


class ConsoleHandler(logging.Handler):
    """Handler that prints informative messages as they are and warnings in yellow."""

    def __init__(self, console: Console, level: int = logging.INFO) -> None:
        super().__init__(level)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print one message, without markup: names of files and runs may contain brackets."""
        # Texts of files can be in a message, and files can be of strangers.
        text = visible(record.getMessage())
        style = None
        # Messages below a warning are part of the answer, so they have no level in front.
        if record.levelno >= logging.WARNING:
            text = f"{record.levelname.lower()}: {text}"
            style = "yellow"
        self._console.print(
            text, style=style, markup=False, emoji=False, highlight=False, soft_wrap=True
        )
