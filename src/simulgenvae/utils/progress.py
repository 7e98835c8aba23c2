"""Progress of long work: bars on a terminal, plain lines elsewhere, and the same lines in a file.

Nothing is shown unless :func:`progress_on` says where. The code that works makes a
:class:`WorkLog` and needs to know neither the console nor the file.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from simulgenvae.utils.log_file import open_log_file, stamped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

INTERVAL = 30.0
"""Seconds between two lines about a piece of work."""


@dataclass(frozen=True)
class _Consoles:
    """Consoles that show progress."""

    output: Console
    errors: Console
    detailed: bool = False
    """True if what is for developers is shown too."""


# A library is silent unless its user asks for output.
_SILENT = _Consoles(Console(quiet=True), Console(quiet=True))
_CONSOLES: ContextVar[_Consoles] = ContextVar("consoles", default=_SILENT)


@contextmanager
def progress_on(
    console: Console | None = None, errors: Console | None = None, *, detailed: bool = False
) -> Iterator[None]:
    """Show the progress of all work within this context.

    Parameters
    ----------
    console
        Console of long work, such as a training; None makes one on the standard output.
    errors
        Console of short work, whose bars vanish when it ends; None makes one on the standard
        error stream, so that redirected output holds results only.
    detailed
        Whether steps and losses of trainings are shown too.

    Examples
    --------
    >>> import simulgenvae
    >>> with simulgenvae.progress_on():
    ...     m = simulgenvae.load("S")
    """
    consoles = _Consoles(console or Console(), errors or Console(stderr=True), detailed)
    token = _CONSOLES.set(consoles)
    try:
        yield
    finally:
        _CONSOLES.reset(token)


@contextmanager
def progress_off() -> Iterator[None]:
    """Show no progress within this context."""
    token = _CONSOLES.set(_SILENT)
    try:
        yield
    finally:
        _CONSOLES.reset(token)


class WorkLog:
    """Progress of long work, one piece after another.

    On a terminal there is a bar for each piece. Elsewhere (a file, a pipe) a line is printed now
    and then, so that the output can be followed and stays short. The log file, if one is open, gets
    these lines in both cases.

    Parameters
    ----------
    transient
        Whether this is short work: its bars vanish when it ends, they are shown on the console of
        errors, and no log file is written.
    every
        Seconds between lines.
    """

    def __init__(self, *, transient: bool = False, every: float = INTERVAL) -> None:
        consoles = _CONSOLES.get()
        self._console = consoles.errors if transient else consoles.output
        self._file = None if transient else open_log_file()
        self._every = every
        # A dumb terminal cannot move its cursor, so a bar would fill the screen.
        self._drawn = (
            self._console.is_terminal and not self._console.is_dumb_terminal
        ) or self._console.is_jupyter
        self._detailed = consoles.detailed and not transient
        self._bars = Progress(
            *self._columns(),
            console=self._console,
            transient=transient,
            disable=not self._drawn,
        )
        self._task: TaskID | None = None
        self._name = ""
        self._unit = ""
        self._total = 0
        self._done = 0
        self._pace = _Pace()
        self._written = time.monotonic()

    @staticmethod
    def _columns() -> tuple[ProgressColumn, ...]:
        """Columns of a bar."""
        return (
            TextColumn("{task.description:<12}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[status]}", markup=False),
            TimeRemainingColumn(),
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def start(self, name: str, total: int, done: int = 0, *, unit: str = "") -> None:
        """Begin a piece of work.

        Parameters
        ----------
        name
            Name of the piece.
        total
            Number of its steps.
        done
            Number of steps that an earlier process has done.
        unit
            Name of a step in the lines, such as ``step`` in "step 20 of 100".
        """
        self._task = self._bars.add_task(name, total=total, completed=done, status="")
        self._name = name
        self._unit = f"{unit} " if unit else ""
        self._total = total
        self._done = done
        self._pace = _Pace()

    def step(self, done: int, status: str = "", text: str | None = None) -> None:
        """Record the number of finished steps.

        Parameters
        ----------
        done
            Number of finished steps.
        status
            Text next to the bar.
        text
            Text of the line, which is written when it is due; ``status`` if not given.
        """
        assert self._task is not None
        self._done = done
        self._bars.update(self._task, completed=done, status=status)
        self._pace.record(done)
        if self.due:
            self._line(status if text is None else text)

    def advance(self, text: str) -> None:
        """Record one more finished step; ``text`` names the next one and becomes the bar's name."""
        assert self._task is not None
        self._bars.update(self._task, description=text)
        self.step(self._done + 1, text=text)

    @property
    def due(self) -> bool:
        """True if it is time for a line."""
        return time.monotonic() - self._written >= self._every

    def message(self, text: str) -> None:
        """Write a line of text, above the bars."""
        self._write_file(text)
        self._print(text)

    def _line(self, text: str) -> None:
        parts = [self._name, f"{self._unit}{self._done:,} of {self._total:,}", text]
        if (left := self._pace.left(self._total)) is not None and self._done < self._total:
            parts.append(f"{duration(left)} left")
        line = "  ".join(filter(None, parts))
        self._write(line, line)

    def _write(self, line: str | None, detail: str) -> None:
        """Write a line for users, if there is one, and its text for developers."""
        self._write_file(detail)
        if line is not None:
            self._written = time.monotonic()
        if self._detailed:
            self._print(detail)
        elif line is not None and not self._drawn:
            self._print(line)

    def _write_file(self, text: str) -> None:
        if self._file is None:
            return
        if self._file.begin():
            self._print(f"Progress is also written to {self._file.path}")
        self._file.line(text)

    def _print(self, text: str) -> None:
        shown = text if self._drawn else stamped(text)
        self._console.print(shown, highlight=False, markup=False, emoji=False, soft_wrap=True)


class _Pace:
    """Speed of the steps of this process, without its first step, which may include compiling."""

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None
        self._last = (0, 0.0)

    def record(self, done: int) -> None:
        """Record that ``done`` steps are finished now."""
        self._last = done, time.monotonic()
        self._first = self._first or self._last

    def left(self, total: int) -> float | None:
        """Return the seconds until ``total`` steps are done; None before there is an estimate."""
        if self._first is None or self._last[0] <= self._first[0]:
            return None
        # The mean pace so far: estimates from the last steps only would jump.
        steps = self._last[0] - self._first[0]
        seconds = self._last[1] - self._first[1]
        return seconds / steps * (total - self._last[0])


def duration(seconds: float) -> str:
    """Return a duration as text, in seconds, minutes or hours."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 99.5 * 60 else f"{seconds / 3600:.0f} h"
