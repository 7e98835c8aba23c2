"""Checks of a Zarr array's metadata and files before Zarr itself touches them.

Zarr fills chunks that are missing and believes any shape: a truncated or crafted store would read
as plausible zeros, or ask for absurd amounts of memory. The store is written without compression,
so the size of every chunk file is known, and with a CRC32C checksum (4 bytes at its end), which
Zarr verifies when it reads the chunk.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulgenvae.errors import UserError

MAX_CHUNK_BYTES = 64_000_000
"""Of data sets that are read, which may be older."""
CODECS = [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]
BYTE_CODECS = [{"name": "bytes"}, {"name": "crc32c"}]
"""Single bytes have no order."""
_ITEM_SIZES = {"uint8": 1, "float32": 4, "float64": 8, "int64": 8}
_CHECKSUM_BYTES = 4
_MAX_JSON_BYTES = 64_000_000


def read_metadata(folder: Path, node_type: str) -> dict[str, Any]:
    """The ``zarr.json`` of a Zarr v3 group or array, as a dictionary. Raises UserError when it is
    none."""
    path = folder / "zarr.json"
    try:
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
    """The shape of the array in ``folder``, once its metadata and all its chunk files are what they
    must be.

    Raises UserError naming the file for another data type, number of dimensions or codec, and for
    chunks that are missing, truncated, too many, links, or larger than 64 MB.
    """
    metadata = read_metadata(folder, "array")
    shape, chunk = (
        _shape(folder, metadata.get("shape"), dimensions),
        _chunk_shape(folder, metadata, dimensions),
    )
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
    size = math.prod(chunk) * _ITEM_SIZES[data_type]
    if size > MAX_CHUNK_BYTES:
        raise UserError(f"{folder}: chunks of {size} bytes, more than {MAX_CHUNK_BYTES}")
    _check_chunks(
        folder, tuple(-(-s // c) for s, c in zip(shape, chunk, strict=True)), size + _CHECKSUM_BYTES
    )
    return shape


def _shape(folder: Path, value: Any, dimensions: int) -> tuple[int, ...]:
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
    """All chunks of the grid are there, and as long as they must be; files beside them are no
    chunks."""
    expected, found = math.prod(grid), 0
    for path in _files(folder / "c"):
        place = Path(path).relative_to(folder / "c").parts
        known = len(place) == len(grid) and all(
            part.isascii() and part.isdigit() and str(int(part)) == part and int(part) < count
            for part, count in zip(place, grid, strict=True)
        )
        if not known:
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


def _files(folder: Path) -> Iterator[str]:
    """Regular files below a folder; links are refused, as they could lead anywhere."""
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
            elif not entry.name.startswith("."):  # file managers leave hidden files behind
                yield entry.path
