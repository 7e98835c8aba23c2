"""NumPy's ``.npy`` files, memory-mapped, so that only the wanted run is read.

Tested in tests/data/readers/test_readers.py.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.readers.array_format import ArrayFormat
from simulgenvae.data.readers.source import Source
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import damage_reported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

MAGIC = b"\x93NUMPY"


@contextmanager
def open_npy(path: Path) -> Iterator[Source]:
    """Open the array of a ``.npy`` file.

    Raises UserError when it is truncated or holds Python objects.
    """
    array = map_npy(path)
    yield Source(path, array.shape, array.dtype, lambda index: np.asarray(array[index]))


def map_npy(path: Path) -> NDArray[Any]:
    """Return the array of a ``.npy`` file, memory-mapped and read-only.

    Raises UserError when it is truncated or holds Python objects.
    """
    with damage_reported(path, "cannot be read as .npy"):
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
        if magic != MAGIC:
            raise UserError(f"{path}: not a .npy file, whatever its name says")
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        return array


NPY = ArrayFormat(name="npy", open=open_npy, suffixes=(".npy",), first_bytes=(MAGIC,))
