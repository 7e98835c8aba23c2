"""NumPy's ``.npz``: a zip archive of ``.npy`` files, whose fields are decompressed run by run.

Tested in tests/data/readers/test_readers.py.
"""

from __future__ import annotations

import math
import zipfile
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from simulgenvae.data.readers.array_format import ArrayFormat
from simulgenvae.data.readers.npy import read_header, require_no_objects
from simulgenvae.data.readers.stored_array import ArrayFile, StoredArray
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import damage_reported
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

MAGIC = b"PK\x03\x04"


@contextmanager
def open_npz(path: Path) -> Iterator[ArrayFile]:
    """Open the arrays of a ``.npz`` file.

    Raises UserError when it is truncated.
    """
    with ExitStack() as stack:
        with damage_reported(path, "cannot be read as .npz"):
            archive = stack.enter_context(zipfile.ZipFile(path))
            names = [
                name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")
            ]
            arrays = {name: _Member(path, archive, name, stack).stored() for name in names}
        yield arrays


class _Member:
    """Array of the archive, decompressed as it is read."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, name: str, stack: ExitStack) -> None:
        self._where = f"{path}, array {name!r}"
        self._stream = stack.enter_context(archive.open(f"{name}.npy"))
        self.shape, self._fortran, self.dtype = read_header(self._where, self._stream)
        self._start = self._stream.tell()
        self._stored = archive.getinfo(f"{name}.npy").file_size - self._start

    def whole(self) -> NDArray[Any]:
        """Return all values; raise UserError when they do not fit into memory."""
        self._check()
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

    def stored(self) -> StoredArray:
        """Return the array as every format describes it."""
        # In Fortran order the values of a run are scattered over the file: all are read at once.
        whole = cache(self.whole) if self._fortran else self.whole
        entry = (lambda index: whole()[index]) if self._fortran else self.run
        return StoredArray(self.shape, self.dtype, entry, whole, self._check)

    def _check(self) -> tuple[str, ...]:
        require_no_objects(self._where, self.dtype)
        # A crafted header could claim more than the archive has.
        if math.prod(self.shape) * self.dtype.itemsize != self._stored:
            raise UserError(
                f"{self._where}: {self._stored} bytes of data do not fill the shape {self.shape}: "
                "damaged"
            )
        return ()

    def _bytes(self, first: int, count: int) -> bytes:
        # Seeking forwards decompresses up to there; backwards it starts from the beginning.
        self._stream.seek(self._start + first * self.dtype.itemsize)
        data = self._stream.read(count * self.dtype.itemsize)
        if len(data) != count * self.dtype.itemsize:
            raise UserError(f"{self._where}: ends before its last value: truncated")
        return data


NPZ = ArrayFormat(name="npz", open=open_npz, suffixes=(".npz",), first_bytes=(MAGIC,))
