"""Writing the dataset on disk: whole or not at all, run by run."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import BytesCodec, Crc32cCodec

from simulgenvae.data.fingerprint import digest, fingerprint
from simulgenvae.data.ingest.bad_runs import nonfinite, require_good
from simulgenvae.data.metadata import Metadata
from simulgenvae.data.store.read import FORMAT, FORMAT_VERSION, Stored, require_dataset
from simulgenvae.data.values import count_nonfinite
from simulgenvae.errors import UserError
from simulgenvae.utils.atomic import atomic_write, ensure_folder
from simulgenvae.utils.resources import require_disk

CHUNK_BYTES = 16_000_000
"""Larger ones were read at a quarter of the rate: their memory is new to the process each time."""


def check_target(path: Path, *, overwrite: bool) -> None:
    """Raises UserError unless a dataset may be written to ``path``: nothing is there, or a dataset
    to overwrite."""
    if not path.exists() and not path.is_symlink():
        return
    if not overwrite:
        raise UserError(f"{path}: exists already: remove it, or give --overwrite to replace it")
    if path.is_symlink() or not path.is_dir():
        raise UserError(
            f"{path}: not a dataset, so it is not overwritten: remove it or choose another name"
        )
    require_dataset(path)


def write_store(
    path: Path,
    description: Metadata,
    runs: Iterable[NDArray[np.float32] | UserError],
    *,
    overwrite: bool = False,
    known: Stored | None = None,
    judge: Callable[[Mapping[str, str]], Sequence[str]] = require_good,
) -> None:
    """Write a dataset under a temporary name, run by run [T, M, V], and rename it when complete.

    Where the first runs of the description are those ``known`` from the dataset at ``path``,
    ``runs`` are the further ones: the files of the known ones are taken over, without a copy where
    the file system can do that.

    Bad are runs that hold NaN or infinite values, or could not be read (a UserError is in their
    place). When all runs are through, ``judge`` gets what is wrong with which of them: it raises
    UserError, or lets them be left out, and returns what is to be recorded in the dataset.

    Raises UserError, with nothing left behind and an old dataset untouched, when ``path`` must not
    be written, the disk is full, or ``judge`` does.
    """
    check_target(path, overwrite=overwrite)
    with ensure_folder(path.parent), atomic_write(path) as temporary:
        new = len(description.ids) - (0 if known is None else len(known.description.ids))
        require_disk(4 * new * math.prod(description.shape[1:]), path.parent)
        _write(temporary, description, runs, path, known, judge)


def chunk_shape(shape: tuple[int, ...], item_size: int) -> tuple[int, ...]:
    """The fewest chunks of equal size, at most 16 MB each, that cut the first axes into single
    entries before they cut later ones. Zarr writes all chunks whole: unequal ones would be filled
    up."""
    chunk = list(shape)
    for axis, count in enumerate(shape):
        rest = math.prod(chunk[axis + 1 :]) * item_size
        most = max(1, min(count, CHUNK_BYTES // rest))
        chunk[axis] = math.ceil(count / math.ceil(count / most)) if count else 1
        if chunk[axis] > 1:
            break
    return tuple(chunk)


def _write(
    folder: Path,
    description: Metadata,
    runs: Iterable[NDArray[np.float32] | UserError],
    old: Path,
    known: Stored | None,
    judge: Callable[[Mapping[str, str]], Sequence[str]],
) -> None:
    shape = description.shape
    group = zarr.create_group(str(folder), zarr_format=3)
    fields = _create(group, "fields", shape, (1, *chunk_shape(shape[1:], 4)), "float32")
    bad: dict[str, str] = {}
    digests = [] if known is None else _taken_over(folder, fields, old, known)
    for name, run in zip(description.ids[len(digests) :], runs, strict=True):
        if isinstance(run, UserError):
            bad[name] = str(run)
        elif run.shape != shape[1:]:  # Zarr would drop what is too much
            raise ValueError(f"run {name!r} has the shape {run.shape}, not {shape[1:]}")
        elif count := count_nonfinite(run):
            bad[name] = nonfinite(count, run.size)
        else:
            fields[len(digests)] = run
            digests.append(digest(run))
    remarks = [*(() if known is None else known.remarks), *judge(bad)]
    if bad:
        description = description.at(
            [row for row, name in enumerate(description.ids) if name not in bad]
        )
        fields.resize(description.shape)
    _describe(group, description)
    group.attrs.update(
        {"digests": digests, "fingerprint": fingerprint(description, digests), "remarks": remarks}
    )


def _describe(group: zarr.Group, description: Metadata) -> None:
    """Write all of a dataset but its fields."""
    conditions, mesh = description.conditions, description.mesh
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
    group.attrs.update(attributes)
    for name, array in arrays.items():
        _create(
            group, name, array.shape, chunk_shape(array.shape, array.itemsize), str(array.dtype)
        )[...] = array


def _taken_over(folder: Path, fields: zarr.Array[Any], old: Path, known: Stored) -> list[str]:
    """Put the known runs into the first places of the fields below ``folder``; returns their
    digests."""
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
        config={
            "write_empty_chunks": True
        },  # a chunk that is not there is then always a damaged store
    )
