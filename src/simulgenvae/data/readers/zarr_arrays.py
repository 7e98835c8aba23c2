"""Zarr arrays and groups (versions 2 and 3) of other programs, read run by run.

Only codecs that are known to be safe are used. Tested in tests/data/readers/test_readers.py.
"""

from __future__ import annotations

import math
import os
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr

from simulgenvae.data.netcdf_names import PARAMETERS
from simulgenvae.data.readers.array_format import ArrayFormat
from simulgenvae.data.readers.source import FIELDS
from simulgenvae.data.readers.stored_array import ArrayFile, StoredArray
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import READ_ERRORS, damage_reported
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

_CODECS = {
    "bytes",
    "crc32c",
    "zstd",
    "gzip",
    "zlib",
    "blosc",
    "lz4",
    "transpose",
    "sharding_indexed",
    "shuffle",
}


_ERRORS = (*READ_ERRORS, AttributeError)
"""Exceptions that Zarr raises on damaged metadata."""
MOST_CHUNKS = 10_000_000
"""Largest number of chunks of an array: their names are listed in memory, and each is a file."""


@contextmanager
def open_zarr(path: Path) -> Iterator[ArrayFile]:
    """Open an array, or the arrays of a group by their names.

    Raises UserError for damaged metadata, links, unknown codecs and values that are Python objects.
    """
    _refuse_links(path)
    with damage_reported(path, "cannot be read as Zarr", _ERRORS):
        node = zarr.open(str(path), mode="r")
        arrays = {"": node} if isinstance(node, zarr.Array) else dict(node.arrays())
        stored = {name: _stored(path, array) for name, array in arrays.items()}
        if isinstance(node, zarr.Group) and _is_labelled(arrays):
            stored = _with_companions(node, stored)
    yield stored


def _is_labelled(arrays: Mapping[str, zarr.Array[Any]]) -> bool:
    """Return whether the array ``fields`` names its axes, as predictions and xarray write them."""
    if FIELDS not in arrays:
        return False
    names: Any = getattr(arrays[FIELDS].metadata, "dimension_names", None)
    # Version 2 has no names; xarray puts them here.
    names = names or arrays[FIELDS].attrs.get("_ARRAY_DIMENSIONS")
    return tuple(names or ()) == ("run", "time", "node", "variable")


def _with_companions(group: zarr.Group, stored: dict[str, StoredArray]) -> dict[str, StoredArray]:
    """Return labelled arrays under the names that companions have in all formats of arrays."""
    keys = {"run": "ids", "time": "times", "variable": "variables"}
    found = {keys.get(name, name): array for name, array in stored.items()}

    def add(key: str, values: object) -> None:
        if key not in found:
            found[key] = StoredArray.of(np.array(values))

    if group.attrs.get("units"):
        add("units", group.attrs["units"])
    for name, key in (("time", "time_unit"), ("coords", "length_unit")):
        if name in stored and stored[name].attributes.get("units"):
            add(key, stored[name].attributes["units"])
    listed: Any = group.attrs.get(PARAMETERS)
    names = [str(name) for name in listed] if isinstance(listed, list) else []
    if names and all(name in found for name in names):
        columns = [found.pop(name) for name in names]
        add("params", np.column_stack([_plain(column.whole()) for column in columns]))
        add(
            "param_names",
            [
                str(column.attributes.get("long_name", name))
                for name, column in zip(names, columns, strict=True)
            ],
        )
        add("param_units", [str(column.attributes.get("units", "")) for column in columns])
    return found


def _stored(path: Path, array: zarr.Array[Any]) -> StoredArray:
    return StoredArray(
        array.shape,
        np.dtype(array.dtype),
        lambda index: np.asarray(array[index]),
        partial(_whole, path, array),
        partial(_checked, path, array),
        dict(array.attrs),
    )


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers as they are, and texts in a type that can be joined with others."""
    return values if values.dtype.kind in "fiu" else np.array(values.tolist(), dtype=np.str_)


ZARR = ArrayFormat(name="Zarr", open=open_zarr, markers=("zarr.json", ".zarray", ".zgroup"))


def _refuse_links(path: Path) -> None:
    # A link in data from a stranger could lead to other people's files.
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            if (Path(folder) / name).is_symlink():
                raise UserError(f"{Path(folder) / name}: links are not allowed inside Zarr data")


def _checked(path: Path, array: zarr.Array[Any]) -> tuple[str, ...]:
    # Zarr computes with the numbers of damaged metadata, such as chunks of length 0.
    with damage_reported(path, f"array {array.name!r} cannot be read"):
        return _check(path, array)


def _check(path: Path, array: zarr.Array[Any]) -> tuple[str, ...]:
    where = f"{path}, array {array.name!r}"
    if np.dtype(array.dtype).kind not in "fiuUST":
        raise UserError(f"{where}: holds {array.dtype}, not numbers or text")
    unknown = _codecs(array.metadata.to_dict()) - _CODECS
    # Text of variable length has its own codec, whose memory the size of the file limits.
    if unknown and np.dtype(array.dtype).kind != "T":
        raise UserError(
            f"{where}: stored with the codecs {', '.join(sorted(unknown))}, which are not supported"
        )
    # A chunk, or a shard of chunks, is decompressed at once, however large its metadata say it is.
    chunk = math.prod(array.shards or array.chunks) * np.dtype(array.dtype).itemsize
    require_memory(2 * chunk, f"{where}: one chunk", "write it with smaller chunks")
    if array.nchunks > MOST_CHUNKS:
        raise UserError(
            f"{where}: {array.nchunks} chunks of {chunk} bytes: its metadata are damaged, or it "
            "should be written with larger chunks"
        )
    # Missing chunks read as the fill value, silently: an interrupted writer leaves such.
    missing = array.nchunks - array.nchunks_initialized
    if missing:
        return (
            f"{where}: {missing} of {array.nchunks} chunks are not there and read as "
            f"{array.fill_value}",
        )
    return ()


def _codecs(metadata: object) -> set[str]:
    """Return the names of all codecs, compressors and filters, however deeply nested."""
    if isinstance(metadata, list | tuple):
        return set().union(*map(_codecs, metadata))
    if not isinstance(metadata, dict):
        return set()
    names: set[str] = set()
    for key, value in metadata.items():
        # Version 3 describes codecs by tables, which shards nest; version 2 has objects.
        if key in {"codecs", "index_codecs", "compressor", "filters"}:
            for codec in value if isinstance(value, list | tuple) else [value]:
                described = (
                    codec if isinstance(codec, dict) else getattr(codec, "get_config", dict)()
                )
                if described:
                    names.add(str(described.get("name", described.get("id"))))
                    names |= _codecs(described)
        elif key == "configuration":
            names |= _codecs(value)
    return names


def _whole(path: Path, array: zarr.Array[Any]) -> NDArray[Any]:
    _check(path, array)
    size = math.prod(array.shape) * np.dtype(array.dtype).itemsize
    require_memory(2 * size, f"{path}, array {array.name!r}", "is this the right file?")
    return np.asarray(array[...])
