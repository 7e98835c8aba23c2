"""Progress of long work: bars on a terminal, plain lines where there is none, and the same lines in
a file."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

INTERVAL = 30.0
"""Seconds between two lines about work in hand."""


class LogFile:
    """A text file of lines with the time of day, each of them on disk at once.

    Leaving it as a context writes how the work ended. The file is made, or begun anew, with the
    first line; work that is refused before leaves none, and an earlier file as it was.

    Parameters
    ----------
    path
        Where it is; its folder is made with it.
    work
        What the lines are about.
    append
        Whether earlier lines are kept.
    """

    def __init__(self, path: Path, work: str, *, append: bool = False) -> None:
        self.path, self._work, self._append = path, work, append
        self._begun = False

    def __enter__(self) -> Self:
        _OPEN.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _OPEN.discard(self)
        self.end(_ending(error))

    def end(self, how: str) -> None:
        """Write how the work ended, where anything has been written."""
        if self._begun:
            with suppress(OSError):  # a full disk is what the user is told of, or will be
                self.line(how)

    def begin(self) -> bool:
        """Write what the lines are about; False where that has been done."""
        if self._begun:
            return False
        self._begun = True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        goes_on = self._append and self.path.exists()
        if not goes_on:
            self.path.write_bytes(b"")
        self.line(f"{self._work} {'goes on' if goes_on else 'begins'}, {datetime.now():%d %B %Y}")
        return True

    def line(self, text: str) -> None:
        """Write one line."""
        self.begin()
        # Opened for each line: what is closed is seen on other machines too, where the folder is
        # shared.
        with self.path.open("a", encoding="utf-8") as file:
            file.write(stamped(text) + "\n")


_OPEN: set[LogFile] = set()


def end_logs(reason: str) -> None:
    """Write to all files that are open that an error elsewhere ends this process."""
    for file in tuple(_OPEN):
        file.end(f"ended with an error: {reason}")


class WorkLog:
    """Progress of long work, one piece after another.

    On a terminal there is a bar for each piece. Elsewhere (a file, a pipe) a line is printed now
    and then, so that the output can be followed and stays short. A log file gets these lines in
    both cases.

    Parameters
    ----------
    console
        Where progress is shown; None shows none.
    file
        Where lines are written; None writes none.
    transient
        Whether bars vanish at the end.
    every
        Seconds between lines.
    """

    def __init__(
        self,
        console: Console | None,
        file: LogFile | None = None,
        *,
        transient: bool = False,
        every: float = INTERVAL,
    ) -> None:
        self._console, self._file, self._every = console or Console(quiet=True), file, every
        self._drawn = (
            self._console.is_terminal and not self._console.is_dumb_terminal
        ) or self._console.is_jupyter
        self._bars = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[status]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=transient,
            disable=not self._drawn,
        )
        self._task: TaskID | None = None
        self._name = self._unit = ""
        self._total = self._done = 0
        self._pace = _Pace()
        self._written = time.monotonic()

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

    def start(
        self, name: str, total: int, done: int = 0, *, unit: str = "", line: bool = False
    ) -> None:
        """Begin a piece of ``total`` steps, of which some are done; ``line`` writes one at once."""
        self._task = self._bars.add_task(name, total=total, completed=done, status="")
        self._name, self._unit, self._total, self._done = name, f"{unit} ".lstrip(), total, done
        self._pace = _Pace()
        if self._file is not None and self._file.begin():
            self._print(f"Progress is also written to {self._file.path}")
        if line:
            self._line("")

    def step(
        self, done: int, status: str = "", text: str | None = None, *, line: bool = False
    ) -> None:
        """So many steps are done. A bar shows the ``status``; a line, when it is due or asked for,
        the ``text`` if one is given."""
        assert self._task is not None
        self._done = done
        self._bars.update(self._task, completed=done, status=status)
        self._pace.see(done)
        if line or self.due:
            self._line(status if text is None else text)

    def advance(self, text: str) -> None:
        """One step more is done, and ``text`` follows; a bar shows it as its name."""
        assert self._task is not None
        self._bars.update(self._task, description=text)
        self.step(self._done + 1, text=text)

    @property
    def due(self) -> bool:
        """Whether it is time for a line."""
        return time.monotonic() - self._written >= self._every

    def message(self, text: str) -> None:
        """A line by itself, above the bars."""
        if self._file is not None:
            self._file.line(text)
        self._print(text)

    def _line(self, text: str) -> None:
        self._written = time.monotonic()
        parts = [self._name, f"{self._unit}{self._done:,} of {self._total:,}", text]
        if (left := self._pace.left(self._total)) is not None and self._done < self._total:
            parts.append(f"{duration(left)} left")
        line = "  ".join(filter(None, parts))
        if self._file is not None:
            self._file.line(line)
        if not self._drawn:
            self._print(line)

    def _print(self, text: str) -> None:
        shown = text if self._drawn else stamped(text)
        self._console.print(shown, highlight=False, markup=False, soft_wrap=True)


class _Pace:
    """How fast steps follow each other in this process, from the first one on, which may be slower
    than all others."""

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None
        self._last = (0, 0.0)

    def see(self, done: int) -> None:
        self._last = done, time.monotonic()
        self._first = self._first or self._last

    def left(self, total: int) -> float | None:
        """Seconds until ``total`` steps are done; None where that cannot be told yet."""
        if self._first is None or self._last[0] <= self._first[0]:
            return None
        steps, seconds = (last - first for first, last in zip(self._first, self._last, strict=True))
        return seconds / steps * (total - self._last[0])


def stamped(text: str) -> str:
    """``text`` behind the time of day."""
    return f"{datetime.now():%H:%M:%S}  {text}"


def duration(seconds: float) -> str:
    """A duration in the unit that suits it."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 99.5 * 60 else f"{seconds / 3600:.0f} h"


def _ending(error: BaseException | None) -> str:
    if error is None:
        return "finished"
    if isinstance(error, KeyboardInterrupt):
        return f"interrupted: {error}" if str(error) else "interrupted"
    return f"ended with an error: {str(error) or type(error).__name__}"
