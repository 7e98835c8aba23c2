"""NumPy's ``.npy`` files, memory-mapped, so that only the wanted run is read.

Tested in tests/data/readers/test_readers.py.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.readers.array_format import ArrayFormat
from simulgenvae.data.readers.stored_array import ArrayFile, StoredArray
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import damage_reported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

MAGIC = b"\x93NUMPY"


@contextmanager
def open_npy(path: Path) -> Iterator[ArrayFile]:
    """Open the array of a ``.npy`` file.

    Raises UserError when it is truncated or holds Python objects.
    """
    yield {"": StoredArray.of(map_npy(path))}


def map_npy(path: Path) -> NDArray[Any]:
    """Return the array of a ``.npy`` file, memory-mapped and read-only.

    Raises UserError when it is truncated or holds Python objects.
    """
    with damage_reported(path, "cannot be read as .npy"):
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
            if magic != MAGIC:
                raise UserError(f"{path}: not a .npy file, whatever its name says")
            file.seek(0)
            # NumPy refuses objects too, but does not say what to do instead.
            require_no_objects(str(path), read_header(str(path), file)[2])
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        return array


def read_header(where: str, stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, Fortran order and type of the ``.npy`` data that start here.

    Raises UserError, whose message starts with ``where``, for an unknown version of the format.
    """
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(stream)
    raise UserError(f"{where}: version {version} of the .npy format is not supported")


def require_no_objects(where: str, dtype: np.dtype[Any]) -> None:
    """Raise UserError where values are Python objects: they are stored as a pickle, a program."""
    if dtype.hasobject:
        raise UserError(
            f"{where}: holds Python objects, which are never loaded. NumPy makes such an array "
            "of runs of different lengths: bring them to the same timesteps and nodes and join "
            "them by np.stack, or save each run as an .npy of numbers in one folder"
        )


NPY = ArrayFormat(name="npy", open=open_npy, suffixes=(".npy",), first_bytes=(MAGIC,))
