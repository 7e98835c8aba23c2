"""A file for HDF5 to write into, which survives that a disk is full."""

from __future__ import annotations

from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any


class Target(FileIO):
    """A file whose failures HDF5 does not see, because it ends the whole process with a crash where
    it cannot write.

    What did not fit is held in memory until the writer, after each piece of its work, asks by
    :meth:`check`, which raises the first failure; so does the end of the ``with`` block.
    """

    _failure: OSError | None = None

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self._lost: list[tuple[int, bytes]] = []

    def write(self, data: Any, /) -> int:
        """Write all of ``data``, a buffer, or remember it."""
        rest = memoryview(data).cast("B")
        size = rest.nbytes
        try:
            while rest:
                rest = rest[super().write(rest) :]
        except OSError as error:
            self._failure = self._failure or error
            self._lost.append((self.tell(), bytes(rest)))
            self.seek(len(rest), 1)
        return size

    def readinto(self, buffer: Any, /) -> int:
        """Read into ``buffer`` what was written or remembered."""
        view, start = memoryview(buffer).cast("B"), self.tell()
        super().readinto(view)
        for place, data in self._lost:
            first, last = max(place, start), min(place + len(data), start + len(view))
            if first < last:
                view[first - start : last - start] = data[first - place : last - place]
        self.seek(start + len(view))
        return len(view)

    def truncate(self, size: int | None = None, /) -> int:
        """Set the file's size, if that is possible."""
        try:
            return super().truncate(size)
        except OSError as error:
            self._failure = self._failure or error
            return size or 0

    def check(self) -> None:
        """Raises the first OSError that there was."""
        if self._failure is not None:
            raise self._failure

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, traceback)
        self.check()
