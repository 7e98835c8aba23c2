"""Arrays of a dataset on disk: how they are cut into chunks, written and read.

Tested in tests/data/store/test_write.py.
"""

from __future__ import annotations

import math
import os
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr
from zarr.codecs import BytesCodec, Crc32cCodec

from simulgenvae.data.store.integrity import check_array
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import damage_reported

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

CHUNK_BYTES = 16_000_000
"""Most bytes of a chunk. Larger ones are read at a quarter of the speed, as the process gets new
memory from the system for each of them."""


def chunk_shape(shape: tuple[int, ...], item_size: int) -> tuple[int, ...]:
    """Return the shape of the fewest chunks of equal size, at most 16 MB each.

    They cut the first axes into single entries before they cut later ones. Zarr writes every chunk
    in full size, so a last one that holds less would waste disk.
    """
    chunk = list(shape)
    for axis, count in enumerate(shape):
        rest = math.prod(chunk[axis + 1 :]) * item_size
        most = max(1, min(count, CHUNK_BYTES // rest))
        chunk[axis] = math.ceil(count / math.ceil(count / most)) if count else 1
        if chunk[axis] > 1:
            break
    return tuple(chunk)


def create_array(
    group: zarr.Group, name: str, shape: tuple[int, ...], chunks: tuple[int, ...], dtype: str
) -> zarr.Array[Any]:
    """Create an array of a dataset."""
    return group.create_array(
        name,
        shape=shape,
        chunks=chunks,
        dtype=dtype,
        serializer=BytesCodec(endian="little"),
        compressors=[Crc32cCodec()],
        # Zarr would leave out chunks of zeros. Written always, a missing chunk means damage.
        config={"write_empty_chunks": True},
    )


def write_array(group: zarr.Group, name: str, array: NDArray[Any]) -> None:
    """Write a whole array."""
    chunks = chunk_shape(array.shape, array.itemsize)
    create_array(group, name, array.shape, chunks, str(array.dtype))[...] = array


def read_array(folder: Path, data_type: str, dimensions: int) -> NDArray[Any]:
    """Return a whole array; UserError where it is of another kind, damaged or a link."""
    if folder.is_symlink():
        raise UserError(f"{folder}: links are not allowed inside a dataset")
    check_array(folder, data_type, dimensions)
    with damage_reported(folder, "cannot be read"):
        return np.asarray(zarr.open_array(str(folder), mode="r", zarr_format=3)[...])


def link_folder(source: Path, target: Path) -> None:
    """Give all files of a folder a second name, or copy them where the file system has no links."""
    shutil.copytree(source, target, copy_function=_link, symlinks=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target)
