"""The dataset on disk: a Zarr v3 group, written whole or not at all. ``docs/data-formats.md`` describes its layout."""

from __future__ import annotations

import errno
import math
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import BytesCodec, Crc32cCodec
from zarr.storage import LocalStore

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.description import CELL_NODES, Description, Mesh
from simulgenvae.data.direct_store import DirectStore
from simulgenvae.data.fingerprint import digest, fingerprint
from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.data.limits import available_memory, require_disk
from simulgenvae.data.names import naming
from simulgenvae.data.store_check import check_array, read_metadata
from simulgenvae.data.values import count_nonfinite, nonfinite_error
from simulgenvae.errors import UserError
from simulgenvae.files import remove

FORMAT = "simulgenvae-dataset"
FORMAT_VERSION = 1
CHUNK_BYTES = 16_000_000
"""Larger ones were read at a quarter of the rate: their memory is new to the process each time."""


def check_target(path: Path, *, overwrite: bool) -> None:
    """Raises UserError unless a dataset may be written to ``path``: nothing is there, or a dataset to overwrite."""
    if not path.exists() and not path.is_symlink():
        return
    if not overwrite:
        raise UserError(f"{path}: exists already: remove it, or give --overwrite to replace it")
    if path.is_symlink() or not path.is_dir():
        raise UserError(f"{path}: not a dataset, so it is not overwritten: remove it or choose another name")
    _attributes(path)


class Stored(NamedTuple):
    """What there is of a dataset on disk."""

    description: Description
    fields: zarr.Array[Any]
    """[N, T, M, V], read when they are asked for."""
    fingerprint: str
    digests: tuple[str, ...]


def write_store(
    path: Path,
    description: Description,
    runs: Iterable[NDArray[np.float32]],
    *,
    overwrite: bool = False,
    known: Stored | None = None,
) -> None:
    """Write a dataset under a temporary name, run by run [T, M, V], and rename it when complete.

    Where the first runs of the description are those ``known`` from the dataset at ``path``, ``runs`` are the further
    ones: the files of the known ones are taken over, without a copy where the file system can do that.

    Raises UserError, with nothing left behind and an old dataset untouched, when ``path`` must not be written, the disk
    is full, or runs hold NaN or infinite values (all such runs are named).
    """
    check_target(path, overwrite=overwrite)
    unique = f"{os.getpid()}-{secrets.token_hex(4)}"
    temporary, old = path.with_name(f".{path.name}.{unique}.tmp"), path.with_name(f".{path.name}.{unique}.old")
    with folder_made(path.parent):
        try:
            new = len(description.ids) - (0 if known is None else len(known.description.ids))
            require_disk(4 * new * math.prod(description.shape[1:]), path.parent)
            _write(temporary, description, runs, path, known)
            if path.exists():
                path.rename(old)
            temporary.rename(path)
        except OSError as error:
            reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
            raise UserError(f"{path}: the dataset cannot be written: {reason}") from error
        finally:
            if old.exists() and not path.exists():
                old.rename(path)
            remove(temporary)
            shutil.rmtree(old, ignore_errors=True)


@contextmanager
def folder_made(folder: Path) -> Iterator[None]:
    """Make a folder and its parents; those that were not there before are removed again when the block fails."""
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{folder}: this folder cannot be made: {error.strerror}") from error
        yield
    except BaseException:
        for path in new:
            with suppress(OSError):  # not made, or something else is in there by now
                path.rmdir()
        raise


def read_store(path: Path) -> Stored:
    """What there is of the dataset at ``path``.

    Raises UserError naming the file when anything is missing, truncated, foreign or inconsistent.
    """
    if not path.is_dir():
        raise UserError(f"{path}: no dataset here: make one with `simulgenvae ingest`")
    attributes = _attributes(path)
    if (path / "fields").is_symlink():
        raise UserError(f"{path / 'fields'}: links are not allowed inside a dataset")
    shape = check_array(path / "fields", "float32", 4)
    names = tuple(attributes["parameters"])
    with naming(path):
        table = _read(path / "conditions", "float64", 2) if names else np.zeros((len(attributes["ids"]), 0))
        description = Description(
            ids=tuple(attributes["ids"]),
            times=_read(path / "times", "float64", 1),
            nodes=shape[2],
            mesh=_read_mesh(path, attributes),
            variables=tuple(attributes["variables"]),
            units=tuple(attributes["units"]),
            conditions=Conditions(tuple(attributes["ids"]), names, table, _read_images(path, attributes)),
        )
    if description.shape != shape:
        expected = " x ".join(map(str, description.shape))
        raise UserError(f"{path}: damaged: the fields are {' x '.join(map(str, shape))}, but should be {expected}")
    # Of more than half the free memory, nothing would be left in the cache of files when the next pass comes to it.
    store = (DirectStore if 8 * math.prod(shape) > available_memory() else LocalStore)(path / "fields", read_only=True)
    fields = zarr.open_array(store, mode="r", zarr_format=3)
    return Stored(description, fields, attributes["fingerprint"], tuple(attributes["digests"]))


def chunk_shape(shape: tuple[int, ...], item_size: int) -> tuple[int, ...]:
    """The fewest chunks of equal size, at most 16 MB each, that cut the first axes into single entries before they cut
    later ones. Zarr writes all chunks whole: unequal ones would be filled up."""
    chunk = list(shape)
    for axis, count in enumerate(shape):
        rest = math.prod(chunk[axis + 1 :]) * item_size
        most = max(1, min(count, CHUNK_BYTES // rest))
        chunk[axis] = math.ceil(count / math.ceil(count / most)) if count else 1
        if chunk[axis] > 1:
            break
    return tuple(chunk)


def _write(
    folder: Path, description: Description, runs: Iterable[NDArray[np.float32]], old: Path, known: Stored | None
) -> None:
    conditions, mesh, shape = description.conditions, description.mesh, description.shape
    attributes: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "ids": list(description.ids),
        "variables": list(description.variables),
        "units": list(description.units),
        "parameters": list(conditions.names),
        "images": None if conditions.images is None else conditions.images.format.to_dict(),
        "coords": mesh.coords is not None,
        "cells": list(mesh.cells),
    }
    arrays: dict[str, NDArray[Any]] = {"times": description.times}
    if conditions.table.size:
        arrays["conditions"] = conditions.table
    if conditions.images is not None:
        arrays["images"] = conditions.images.pixels
    if mesh.coords is not None:
        arrays["coords"] = mesh.coords
    arrays |= {f"cells_{name}": cells for name, cells in mesh.cells.items()}
    group = zarr.create_group(str(folder), zarr_format=3)
    for name, array in arrays.items():
        _create(group, name, array.shape, chunk_shape(array.shape, array.itemsize), str(array.dtype))[...] = array
    fields = _create(group, "fields", shape, (1, *chunk_shape(shape[1:], 4)), "float32")
    bad: list[tuple[str, int]] = []
    digests = [] if known is None else _taken_over(folder, fields, old, known)
    for index, run in enumerate(runs, len(digests)):
        if run.shape != shape[1:]:  # Zarr would drop what is too much
            raise ValueError(f"run {index} has the shape {run.shape}, not {shape[1:]}")
        if count := count_nonfinite(run):
            bad.append((description.ids[index], count))
        if not bad:  # afterwards the rest is only searched, to name all bad runs at once
            fields[index] = run
            digests.append(digest(run))
    if bad:
        raise nonfinite_error(bad, math.prod(shape[1:]))
    group.attrs.update({**attributes, "digests": digests, "fingerprint": fingerprint(description, digests)})


def _taken_over(folder: Path, fields: zarr.Array[Any], old: Path, known: Stored) -> list[str]:
    """Put the known runs into the first places of the fields below ``folder``; returns their digests."""
    if known.digests and known.fields.chunks == fields.chunks:
        for row in range(len(known.digests)):
            source, target = (place / "fields" / "c" / str(row) for place in (old, folder))
            shutil.copytree(source, target, copy_function=_linked, symlinks=True)
        return list(known.digests)
    digests = []  # stored by an earlier version, and so in another way
    for row, name in enumerate(known.description.ids):
        try:
            fields[row] = run = np.asarray(known.fields[row], np.float32)
        except (ValueError, RuntimeError, MemoryError) as error:
            raise UserError(f"{old}: run {name!r} cannot be read: {error}") from error
        digests.append(digest(run))
    return digests


def _linked(source: str, target: str) -> None:
    """A second name for a file, or where there is no such thing, a copy."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target)


def _create(
    group: zarr.Group, name: str, shape: tuple[int, ...], chunks: tuple[int, ...], dtype: str
) -> zarr.Array[Any]:
    return group.create_array(
        name,
        shape=shape,
        chunks=chunks,
        dtype=dtype,
        serializer=BytesCodec(endian="little"),
        compressors=[Crc32cCodec()],
        config={"write_empty_chunks": True},  # a chunk that is not there is then always a damaged store
    )


def _attributes(path: Path) -> dict[str, Any]:
    attributes = read_metadata(path, "group").get("attributes")
    if not isinstance(attributes, dict) or attributes.get("format") != FORMAT:
        raise UserError(f"{path}: not a dataset of this program: make one with `simulgenvae ingest`")
    if attributes.get("format_version") != FORMAT_VERSION:
        version = str(attributes.get("format_version"))[:20]
        raise UserError(f"{path}: has the format version {version}, but this program reads {FORMAT_VERSION}")
    for key in ("ids", "variables", "units", "parameters", "cells"):
        value = attributes.get(key)
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise UserError(f"{path / 'zarr.json'}: damaged: {key!r} must be a list of texts")
    if not isinstance(attributes.get("fingerprint"), str) or not isinstance(attributes.get("coords"), bool):
        raise UserError(f"{path / 'zarr.json'}: damaged: 'fingerprint' or 'coords' is missing")
    attributes.setdefault("images", None)  # datasets of tables alone may be older than images
    digests = attributes.setdefault("digests", [])  # and all may be older than these
    texts = isinstance(digests, list) and all(isinstance(entry, str) for entry in digests)
    if not texts or len(digests) not in {0, len(attributes["ids"])}:
        raise UserError(f"{path / 'zarr.json'}: damaged: 'digests' must be a text for each run")
    if not set(attributes["cells"]) <= set(CELL_NODES):
        raise UserError(f"{path / 'zarr.json'}: damaged: unknown 'cells'")
    return attributes


def _read(folder: Path, data_type: str, dimensions: int) -> NDArray[Any]:
    if folder.is_symlink():
        raise UserError(f"{folder}: links are not allowed inside a dataset")
    check_array(folder, data_type, dimensions)
    try:
        return np.asarray(zarr.open_array(str(folder), mode="r", zarr_format=3)[...])
    except (OSError, ValueError, RuntimeError, MemoryError) as error:
        raise UserError(f"{folder}: damaged: {error}") from error


def _read_images(path: Path, attributes: dict[str, Any]) -> Images | None:
    if attributes["images"] is None:
        return None
    return Images(_read(path / "images", "uint8", 4), ImageFormat.from_dict(attributes["images"]))


def _read_mesh(path: Path, attributes: dict[str, Any]) -> Mesh:
    coords = _read(path / "coords", "float64", 2) if attributes["coords"] else None
    return Mesh(coords, {name: _read(path / f"cells_{name}", "int64", 2) for name in attributes["cells"]})
