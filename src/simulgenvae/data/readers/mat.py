"""MATLAB's ``.mat`` files: versions 5 to 7 by SciPy, version 7.3 as the HDF5 that it is.

Arrays are read whole: MATLAB stores the first axis fastest, so that the values of a run are
scattered over the file. Tested in tests/data/readers/test_mat.py.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from simulgenvae.data.readers.array_format import ArrayFormat
from simulgenvae.data.readers.hdf5 import check_dataset, read_whole
from simulgenvae.data.readers.stored_array import ArrayFile, StoredArray
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import damage_reported
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_BEGINNING = b"MATLAB "
_TYPES = {
    "double": "f8",
    "single": "f4",
    "int8": "i1",
    "int16": "i2",
    "int32": "i4",
    "int64": "i8",
    "uint8": "u1",
    "uint16": "u2",
    "uint32": "u4",
    "uint64": "u8",
    "char": "U1",
}
"""MATLAB's classes of values that are read, and NumPy's types; others are cells, structs, objects.
"""
# SciPy raises exceptions of many kinds; naming its own ones would cost a slow import.
_ERRORS = (Exception,)


@contextmanager
def open_mat(path: Path) -> Iterator[ArrayFile]:
    """Open the arrays of numbers and texts of a ``.mat`` file.

    Raises UserError when it is truncated.
    """
    with path.open("rb") as file:
        is_hdf5 = file.read(10) == b"MATLAB 7.3"
    if not is_hdf5:
        # Imported here: it takes a while, and few files need it.
        import scipy.io

        with damage_reported(path, "cannot be read as .mat", _ERRORS):
            listed = scipy.io.whosmat(str(path))
        yield {
            name: _stored(path, name, shape, np.dtype(_TYPES[kind]), partial(_load, path, name))
            for name, shape, kind in listed
            if kind in _TYPES
        }
        return
    with damage_reported(path, "cannot be read as .mat", _ERRORS):
        opened = h5py.File(path, "r")
    with opened:
        arrays = {}
        for name in opened:
            # Soft and external links may lead elsewhere; MATLAB writes none.
            if isinstance(opened.get(name, getlink=True), h5py.HardLink):
                found = opened[name]
                kind = found.attrs.get("MATLAB_class", b"").decode("ascii", "replace")
                if isinstance(found, h5py.Dataset) and _TYPES.get(kind, "U1") != "U1":
                    read = partial(_read_reversed, path, found)
                    arrays[name] = _stored(path, name, found.shape[::-1], found.dtype, read)
        yield arrays


MAT = ArrayFormat(name="MATLAB", open=open_mat, suffixes=(".mat",), first_bytes=(_BEGINNING,))


def _stored(
    path: Path,
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    read: Callable[[], NDArray[Any]],
) -> StoredArray:
    @cache
    def whole() -> NDArray[Any]:
        size = 2 * math.prod(shape) * dtype.itemsize
        require_memory(size, f"{path}, array {name!r}", "save it as .npy or HDF5")
        return read()

    return StoredArray(shape, dtype, lambda index: whole()[index], whole)


def _load(path: Path, name: str) -> NDArray[Any]:
    import scipy.io

    with damage_reported(path, f"array {name!r} cannot be read", _ERRORS):
        found = scipy.io.loadmat(str(path), variable_names=[name])[name]
    if not isinstance(found, np.ndarray) or found.dtype.hasobject:
        raise UserError(f"{path}, array {name!r}: is no array of numbers")
    return found


def _read_reversed(path: Path, dataset: h5py.Dataset) -> NDArray[Any]:
    # MATLAB writes the axes of an array in the opposite order.
    check_dataset(path, dataset)
    return read_whole(path, dataset).T
