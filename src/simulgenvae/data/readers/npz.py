"""NumPy's ``.npz``: a zip archive of ``.npy`` files, whose fields are decompressed run by run.

Tested in tests/data/readers/test_readers.py.
"""

from __future__ import annotations

import math
import zipfile
from contextlib import ExitStack, contextmanager
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np

from simulgenvae.data.readers.array_format import ArrayFormat
from simulgenvae.data.readers.source import (
    COMPANIONS,
    Source,
    check_fields,
    choose_fields,
)
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import damage_reported
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

MAGIC = b"PK\x03\x04"


@contextmanager
def open_npz(path: Path) -> Iterator[Source]:
    """Open the fields of a ``.npz`` file and their companions.

    Raises UserError when it is truncated or holds Python objects.
    """
    with ExitStack() as stack:
        with damage_reported(path, "cannot be read as .npz"):
            archive = stack.enter_context(zipfile.ZipFile(path))
            names = [
                name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")
            ]
            member = _Member(path, archive, choose_fields(path, names), stack)
            companions = {
                name: _Member(path, archive, name, stack).whole()
                for name in names
                if name in COMPANIONS
            }
        yield Source(path, member.shape, member.dtype, member.reader(), companions)


class _Member:
    """Array of the archive, decompressed as it is read."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, name: str, stack: ExitStack) -> None:
        self._where = f"{path}, array {name!r}"
        self._path = path
        self._stream = stack.enter_context(archive.open(f"{name}.npy"))
        self.shape, self._fortran, self.dtype = _header(self._where, self._stream)
        self._start = self._stream.tell()
        stored = archive.getinfo(f"{name}.npy").file_size - self._start
        # A crafted header could claim more than the archive has.
        if math.prod(self.shape) * self.dtype.itemsize != stored:
            raise UserError(
                f"{self._where}: {stored} bytes of data do not fill the shape {self.shape}: damaged"
            )

    def whole(self) -> NDArray[Any]:
        """Return all values; raise UserError when they do not fit into memory."""
        size = math.prod(self.shape)
        require_memory(2 * size * self.dtype.itemsize, self._where, "is this the right file?")
        order: Literal["C", "F"] = "F" if self._fortran else "C"
        return np.frombuffer(self._bytes(0, size), dtype=self.dtype).reshape(
            self.shape, order=order
        )

    def run(self, index: int) -> NDArray[Any]:
        """Return the values of one run, for an array in C order."""
        size = math.prod(self.shape[1:])
        return np.frombuffer(self._bytes(index * size, size), dtype=self.dtype).reshape(
            self.shape[1:]
        )

    def reader(self) -> Callable[[int], NDArray[Any]]:
        """Return the function that reads a run by its index."""
        # In Fortran order the values of a run are scattered over the file: all are read at once.
        check_fields(self._path, self.shape, self.dtype)
        return self.whole().__getitem__ if self._fortran else self.run

    def _bytes(self, first: int, count: int) -> bytes:
        # Seeking forwards decompresses up to there; backwards it starts from the beginning.
        self._stream.seek(self._start + first * self.dtype.itemsize)
        data = self._stream.read(count * self.dtype.itemsize)
        if len(data) != count * self.dtype.itemsize:
            raise UserError(f"{self._where}: ends before its last value: truncated")
        return data


NPZ = ArrayFormat(name="npz", open=open_npz, suffixes=(".npz",), first_bytes=(MAGIC,))


def _header(where: str, stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise UserError(f"{where}: version {version} of the .npy format is not supported")
    # Objects are stored as a pickle, which is a program.
    if dtype.hasobject:
        raise UserError(
            f"{where}: holds Python objects, which are never loaded: save numbers or text"
        )
    return shape, fortran, dtype
