"""Checks of a Zarr array's metadata and files before Zarr itself reads them.

Zarr fills missing chunks with zeros and trusts any shape: a truncated or crafted store would give
plausible zeros, or allocate absurd amounts of memory. The store is written without compression, so
the size of every chunk file is known, and with a CRC32C checksum (4 bytes at its end), which Zarr
verifies when it reads the chunk.

Tested in tests/data/store/test_read.py.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulgenvae.data.names import is_hidden
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CHUNK_BYTES = 64_000_000
"""Largest chunk of a dataset that is read; earlier versions wrote larger ones than this does."""
CODECS = [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]
BYTE_CODECS = [{"name": "bytes"}, {"name": "crc32c"}]
"""Codecs of single bytes, which have no byte order."""
_ITEM_SIZES = {"uint8": 1, "float32": 4, "float64": 8, "int64": 8}
_CHECKSUM_BYTES = 4
_MAX_JSON_BYTES = 64_000_000


def read_metadata(folder: Path, node_type: str) -> dict[str, Any]:
    """Return the ``zarr.json`` of a Zarr v3 group or array.

    Raises UserError when the file is missing, too large, a link, damaged, or of another kind.
    """
    path = folder / "zarr.json"
    try:
        # A dataset comes from a stranger: a link could lead out of its folder, a huge file exhaust
        # memory.
        if path.is_symlink() or path.stat().st_size > _MAX_JSON_BYTES:
            raise UserError(f"{path}: not the metadata of a dataset")
        metadata = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"{folder}: not a dataset, or an incomplete copy: {path.name} is missing"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: damaged: {error}") from error
    if (
        not isinstance(metadata, dict)
        or metadata.get("zarr_format") != 3
        or metadata.get("node_type") != node_type
    ):
        raise UserError(f"{path}: does not describe a Zarr v3 {node_type}")
    return metadata


def check_array(folder: Path, data_type: str, dimensions: int) -> tuple[int, ...]:
    """Check the metadata and all chunk files of the array in ``folder``; return its shape.

    Raises UserError naming the file for another data type, number of dimensions or codec, and for
    chunks that are missing, truncated, too many, links, or larger than 64 MB.
    """
    metadata = read_metadata(folder, "array")
    shape = _shape(folder, metadata.get("shape"), dimensions)
    chunk = _chunk_shape(folder, metadata, dimensions)
    if metadata.get("data_type") != data_type:
        raise UserError(
            f"{folder}: holds {str(metadata.get('data_type'))[:60]!r}, but must hold {data_type}"
        )
    if (
        metadata.get("codecs") != (BYTE_CODECS if data_type == "uint8" else CODECS)
        or metadata.get("storage_transformers", []) != []
    ):
        raise UserError(f"{folder}: stored with other codecs than a dataset's (bytes, crc32c)")
    encoding = {"name": "default", "configuration": {"separator": "/"}}
    if metadata.get("chunk_key_encoding") != encoding:
        raise UserError(f"{folder}: names its chunks otherwise than a dataset")
    # Checked before anything is read: Zarr allocates a chunk of whatever size the file says.
    size = math.prod(chunk) * _ITEM_SIZES[data_type]
    if size > MAX_CHUNK_BYTES:
        raise UserError(f"{folder}: chunks of {size} bytes, more than {MAX_CHUNK_BYTES}")
    grid = tuple(math.ceil(s / c) for s, c in zip(shape, chunk, strict=True))
    _check_chunks(folder, grid, size + _CHECKSUM_BYTES)
    return shape


def _shape(folder: Path, value: Any, dimensions: int) -> tuple[int, ...]:
    # type(n) is int, as true and false are instances of int as well.
    sound = (
        isinstance(value, list)
        and len(value) == dimensions
        and all(type(n) is int and 0 < n < 2**48 for n in value)
    )
    if not sound:
        raise UserError(
            f"{folder}: the shape {str(value)[:60]} is not one of {dimensions} positive numbers"
        )
    return tuple(value)


def _chunk_shape(folder: Path, metadata: dict[str, Any], dimensions: int) -> tuple[int, ...]:
    grid = metadata.get("chunk_grid")
    if (
        not isinstance(grid, dict)
        or grid.get("name") != "regular"
        or not isinstance(grid.get("configuration"), dict)
    ):
        raise UserError(f"{folder}: its chunks are not a regular grid")
    return _shape(folder, grid["configuration"].get("chunk_shape"), dimensions)


def _check_chunks(folder: Path, grid: tuple[int, ...], size: int) -> None:
    """Raise UserError unless exactly the chunks of the grid are there, each of ``size`` bytes."""
    expected = math.prod(grid)
    found = 0
    for path in _files(folder / "c"):
        # The folders and the file of a chunk are named after its place in the grid: c/0/3/0/0.
        place = Path(path).relative_to(folder / "c").parts
        is_chunk = len(place) == len(grid) and all(map(_is_index, place, grid))
        if not is_chunk:
            raise UserError(f"{path}: no part of the dataset: remove it")
        actual = os.lstat(path).st_size
        if actual != size:
            raise UserError(
                f"{path}: {actual} bytes instead of {size}: truncated or damaged, copy the "
                "dataset again"
            )
        found += 1
    if found != expected:
        raise UserError(
            f"{folder}: {found} of {expected} chunks are there: an incomplete copy, copy the "
            "dataset again"
        )


def _is_index(name: str, count: int) -> bool:
    """Return whether ``name`` is a number from 0 to ``count`` - 1, as Zarr writes it."""
    # isdigit accepts digits of other scripts, and int accepts 007: two names of one chunk.
    return name.isascii() and name.isdigit() and str(int(name)) == name and int(name) < count


def _files(folder: Path) -> Iterator[str]:
    """Yield the files below a folder; refuse links, as they could lead anywhere."""
    # A link could make the program read, and publish in a model, any file of the user.
    if folder.is_symlink():
        raise UserError(f"{folder}: links are not allowed inside a dataset")
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                raise UserError(f"{entry.path}: links are not allowed inside a dataset")
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
            elif not is_hidden(entry.name):
                yield entry.path
