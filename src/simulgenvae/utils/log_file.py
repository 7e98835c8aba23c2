"""A text file of progress, one line after another, that shows how the work ended."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from contextvars import ContextVar, Token
from datetime import datetime
from typing import TYPE_CHECKING, Self

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType


class LogFile:
    """A text file of lines with the time of day, each of which is on disk at once.

    Long work within its context writes its lines here. Leaving the context writes how the work
    ended. The file is made, or replaced, with the first line: work that is refused before it
    starts makes no file and leaves an earlier one unchanged.

    Parameters
    ----------
    path
        Path of the file; its folder is made with it.
    work
        Name of the work that the lines are about.
    append
        Whether earlier lines are kept.
    """

    def __init__(self, path: Path, work: str, *, append: bool = False) -> None:
        self.path = path
        self._work = work
        self._append = append
        self._begun = False
        self._token: Token[LogFile | None] | None = None

    def __enter__(self) -> Self:
        _OPEN.add(self)
        self._token = _CURRENT.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._token is not None
        _CURRENT.reset(self._token)
        _OPEN.discard(self)
        self.end(_ending(error))

    def end(self, how: str) -> None:
        """Write how the work ended, if any line has been written before."""
        if self._begun:
            # On a full disk this line fails too; the user reads about the disk, not about the log.
            with suppress(UserError):
                self.line(how)

    def begin(self) -> bool:
        """Write the first line, which names the work; return False if it is there already.

        Raises UserError where the file cannot be written.
        """
        if self._begun:
            return False
        self._begun = True
        continued = self._append and self.path.exists() and not self.path.is_symlink()
        with self._writing():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # A link in the study of a stranger would lead elsewhere.
            if self.path.is_symlink():
                self.path.unlink()
            if not continued:
                self.path.write_bytes(b"")
        self.line(
            f"{self._work} {'continues' if continued else 'starts'}, {datetime.now():%d %B %Y}"
        )
        return True

    def line(self, text: str) -> None:
        """Write one line; raise UserError where the file cannot be written."""
        self.begin()
        # The file is opened for each line: on a shared folder, other machines see the content of a
        # file when it is closed.
        with self._writing(), self.path.open("a", encoding="utf-8") as file:
            file.write(stamped(text) + "\n")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Name the file in errors of the disk, which Python does not do for writing."""
        try:
            yield
        except OSError as error:
            raise UserError(
                f"{self.path} could not be written ({error.strerror or error}). Free some space or "
                "make the folder writable."
            ) from error


_OPEN: set[LogFile] = set()
_CURRENT: ContextVar[LogFile | None] = ContextVar("log_file", default=None)


def open_log_file() -> LogFile | None:
    """Return the log file whose context this is; None outside of any."""
    return _CURRENT.get()


@contextmanager
def no_log_file() -> Iterator[None]:
    """Write nothing into the open log file within this context."""
    token = _CURRENT.set(None)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def end_logs(reason: str) -> None:
    """Write into all open log files that an error of another process ends this one."""
    for file in tuple(_OPEN):
        file.end(f"ended with an error: {reason}")


def stamped(text: str) -> str:
    """Return ``text`` with the time of day in front of it."""
    return f"{datetime.now():%H:%M:%S}  {text}"


def _ending(error: BaseException | None) -> str:
    if error is None:
        return "finished"
    if isinstance(error, KeyboardInterrupt):
        return f"interrupted: {error}" if str(error) else "interrupted"
    return f"ended with an error: {str(error) or type(error).__name__}"
