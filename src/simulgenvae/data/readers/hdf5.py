"""HDF5 files: their datasets, read run by run.

No link or dataset that leads to another file is followed. Tested in
tests/data/readers/test_readers.py.
"""

from __future__ import annotations

import math
from collections import Counter
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from simulgenvae.data.readers.array_format import ArrayFormat
from simulgenvae.data.readers.stored_array import ArrayFile, StoredArray
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import damage_reported
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

MAGIC = b"\x89HDF\r\n\x1a\n"


@contextmanager
def open_hdf5(path: Path) -> Iterator[ArrayFile]:
    """Open the datasets of an HDF5 file by their paths.

    Raises UserError when it is truncated. A dataset whose values lie in other files (external or
    virtual) is refused where it is read.
    """
    with ExitStack() as stack:
        with damage_reported(path, "cannot be read as HDF5"):
            file = stack.enter_context(h5py.File(path, "r"))
            arrays: dict[str, StoredArray] = {}

            def collect(name: str, item: Any) -> None:
                if isinstance(item, h5py.Dataset):
                    arrays[name] = _stored(path, item)

            # Visits hard links only: soft and external ones may lead elsewhere.
            file.visititems(collect)
        yield arrays


def _stored(path: Path, dataset: h5py.Dataset) -> StoredArray:
    return StoredArray(
        dataset.shape or (),
        dataset.dtype,
        dataset.__getitem__,
        partial(read_whole, path, dataset),
        partial(check_dataset, path, dataset),
        dataset.attrs,
    )


HDF5 = ArrayFormat(name="HDF5", open=open_hdf5, suffixes=(".h5", ".hdf5"), first_bytes=(MAGIC,))


def path_advice(arrays: ArrayFile) -> str:
    """Return advice on ``--path``, or no text where no pattern fits several datasets."""
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    shapes: dict[str, set[tuple[int, ...]]] = {}
    for name, array in arrays.items():
        # Each component of each path may be the one that names the runs.
        if array.dtype.kind in "fiu" and 1 <= len(array.shape) <= 3:
            parts = name.split("/")
            patterns = [
                "/".join((*parts[:place], "*", *parts[place + 1 :])) for place in range(len(parts))
            ]
            counts.update(patterns)
            sizes.update(dict.fromkeys(patterns, math.prod(array.shape)))
            for pattern in patterns:
                shapes.setdefault(pattern, set()).add(array.shape)
    # Runs have one shape; coordinates of the axes x and y of a grid have several.
    repeated = [
        pattern for pattern, count in counts.items() if count > 1 and len(shapes[pattern]) == 1
    ]
    if not repeated:
        return ""
    # The best pattern does not end with the run, has the most datasets, and then the largest.
    pattern = max(repeated, key=lambda each: (not each.endswith("*"), counts[each], sizes[each]))
    return f". With --path '{pattern}' there are {counts[pattern]} datasets, one a run"


def check_dataset(path: Path, dataset: Any) -> tuple[str, ...]:
    """Return notes on a dataset of the file ``path``.

    Raises UserError when its values lie in other files, were never written, or lie in chunks that
    do not fit into memory.
    """
    where = f"{path}, dataset {dataset.name!r}"
    if dataset.is_virtual or dataset.external is not None:
        raise UserError(f"{where}: its values lie in other files: copy them into this one")
    if dataset.shape is None or dataset.size == 0:
        raise UserError(f"{where}: is empty")
    if dataset.id.get_storage_size() == 0:
        raise UserError(f"{where}: has a shape but no values were ever written to it")
    # A contiguous dataset is read run by run; of a chunked one whole chunks are decompressed.
    if dataset.chunks is None:
        return ()
    require_memory(
        2 * math.prod(dataset.chunks) * dataset.dtype.itemsize,
        where,
        "write it with smaller chunks",
    )
    expected = math.prod(
        -(-count // chunk) for count, chunk in zip(dataset.shape, dataset.chunks, strict=True)
    )
    # Chunks that were never written read as the fill value: an interrupted writer leaves such.
    missing = expected - int(dataset.id.get_num_chunks())
    if missing:
        return (
            f"{where}: {missing} of {expected} chunks were never written and read as "
            f"{dataset.fillvalue}",
        )
    return ()


def read_whole(path: Path, dataset: Any) -> NDArray[Any]:
    """Return all values of a dataset of the file ``path``.

    Raises UserError as :func:`check_dataset` does, and when they do not fit into memory.
    """
    check_dataset(path, dataset)
    size = 2 * dataset.size * dataset.dtype.itemsize
    require_memory(size, f"{path}, dataset {dataset.name!r}", "is this the right file?")
    return np.asarray(
        dataset.asstr()[...] if h5py.check_string_dtype(dataset.dtype) else dataset[...]
    )
