"""``.npy``: memory-mapped, so that only the run that is asked for is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.readers.source import READ_ERRORS, Source, damaged
from simulgenvae.errors import UserError

MAGIC = b"\x93NUMPY"


@contextmanager
def open_npy(path: Path) -> Iterator[Source]:
    """The array of a ``.npy`` file. Raises UserError when it is truncated or holds Python
    objects."""
    array = map_npy(path)
    yield Source(path, array.shape, array.dtype, lambda index: np.asarray(array[index]))


def map_npy(path: Path) -> NDArray[Any]:
    """The array of a ``.npy`` file, memory-mapped and read-only."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
        if magic != MAGIC:
            raise UserError(f"{path}: not a .npy file, whatever its name says")
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except READ_ERRORS as error:
        raise damaged(path, "cannot be read as .npy", error) from error
    return array
