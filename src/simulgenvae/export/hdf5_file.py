"""File for HDF5 to write into, with which a full disk is an error and not a crash.

Tested in tests/export/test_netcdf.py and test_one_by_one.py.
"""

from __future__ import annotations

from io import FileIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class CrashSafeFile(FileIO):
    """File that hides its failures from HDF5, which crashes the process when it cannot write.

    What did not fit is kept in memory. The writer calls :meth:`check` after each piece of its
    work, which raises the first failure; so does the end of the ``with`` block.
    """

    _failure: OSError | None = None

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self._lost: list[tuple[int, bytes]] = []

    def write(self, data: Any, /) -> int:
        """Write all of ``data``, a buffer, or keep it in memory."""
        rest = memoryview(data).cast("B")
        size = rest.nbytes
        try:
            # A write may take only a part, on a disk that is nearly full.
            while rest:
                rest = rest[super().write(rest) :]
        except OSError as error:
            self._failure = self._failure or error
            # The position moves on as if all had been written, which HDF5 relies on.
            self._lost.append((self.tell(), bytes(rest)))
            self.seek(len(rest), 1)
        return size

    def readinto(self, buffer: Any, /) -> int:
        """Read into ``buffer`` what was written, or kept in memory."""
        view = memoryview(buffer).cast("B")
        start = self.tell()
        super().readinto(view)
        # HDF5 reads its own metadata again while it writes: what was lost on the disk is laid over.
        for place, data in self._lost:
            first = max(place, start)
            last = min(place + len(data), start + len(view))
            if first < last:
                view[first - start : last - start] = data[first - place : last - place]
        self.seek(start + len(view))
        return len(view)

    def truncate(self, size: int | None = None, /) -> int:
        """Set the size of the file; a failure is kept for :meth:`check`."""
        try:
            return super().truncate(size)
        except OSError as error:
            self._failure = self._failure or error
            return size or 0

    def check(self) -> None:
        """Raise the first OSError that there was."""
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
