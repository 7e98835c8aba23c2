"""Writing a dataset to disk: completely or not at all, run by run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr

from simulgenvae.data.fingerprint import digest, fingerprint, placed_digest
from simulgenvae.data.ingest.bad_runs import refuse_bad_runs
from simulgenvae.data.missing_values import MissingValues
from simulgenvae.data.readers.source import PlacedRun
from simulgenvae.data.store.arrays import chunk_shape, create_array, link_folder, write_array
from simulgenvae.data.store.attributes import DatasetAttributes, read_attributes
from simulgenvae.data.store.shape_arrays import ShapeWriter
from simulgenvae.errors import UserError
from simulgenvae.utils.atomic import atomic_write, ensure_folder
from simulgenvae.utils.resources import require_disk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.metadata import Metadata
    from simulgenvae.data.store.read import StoredDataset


def check_target(path: Path, *, overwrite: bool) -> None:
    """Raise UserError unless a dataset may be written to ``path``.

    That is so where nothing is there, or a dataset that may be overwritten.
    """
    if not path.exists() and not path.is_symlink():
        return
    if not overwrite:
        raise UserError(f"{path}: exists already: remove it, or give --overwrite to replace it")
    # Only datasets are replaced: a mistyped path must not cost a user other files.
    if path.is_symlink() or not path.is_dir():
        raise UserError(
            f"{path}: not a dataset, so it is not overwritten: remove it or choose another name"
        )
    read_attributes(path)


def write_store(
    path: Path,
    metadata: Metadata,
    runs: Iterable[NDArray[np.float32] | PlacedRun | UserError],
    *,
    overwrite: bool = False,
    stored: StoredDataset | None = None,
    judge: Callable[[Mapping[str, str]], Sequence[str]] = refuse_bad_runs,
) -> None:
    """Write a dataset under a temporary name, run by run, and rename it when it is complete.

    Parameters
    ----------
    path
        Folder of the dataset.
    metadata
        Metadata of all runs, with all nodes. Nodes that are NaN in every run become its mask.
    runs
        Field `[T, M, V]` of each run, less the offsets of ``metadata``, with the geometry of the
        run where runs have meshes of their own; or a UserError in the place of a run that cannot be
        read.
    overwrite
        Whether a dataset at ``path`` may be replaced.
    stored
        Dataset at ``path`` that grows: its runs are the first ones in ``metadata``, and ``runs``
        are the others. Its files are taken over, without a copy where the file system has links.
    judge
        Function that is called when all runs are through, with the problem of each bad run: one
        that holds NaN or infinite values or cannot be read. It raises UserError, or lets these
        runs be left out, and returns the remarks to record in the dataset.

    Raises
    ------
    UserError
        With nothing left behind and an old dataset untouched, when ``path`` must not be written,
        the disk is full, or ``judge`` raises it.
    """
    check_target(path, overwrite=overwrite)
    with ensure_folder(path.parent), atomic_write(path) as temporary:
        new = len(metadata.ids) - (0 if stored is None else len(stored.metadata.ids))
        require_disk(4 * new * math.prod(metadata.shape[1:]), path.parent)
        _write(temporary, metadata, runs, path, stored, judge)


def _write(
    folder: Path,
    metadata: Metadata,
    runs: Iterable[NDArray[np.float32] | PlacedRun | UserError],
    old: Path,
    stored: StoredDataset | None,
    judge: Callable[[Mapping[str, str]], Sequence[str]],
) -> None:
    shape = metadata.shape
    group = zarr.create_group(str(folder), zarr_format=3)
    # Each run has its own chunks: training reads whole runs in random order.
    fields = create_array(group, "fields", shape, (1, *chunk_shape(shape[1:], 4)), "float32")
    bad: dict[str, str] = {}
    mask = None if stored is None else stored.metadata.mask
    # Stored runs without a mask have values at all nodes, and so must those that are added.
    fixed = np.ones(shape[2], dtype=bool) if stored is not None and mask is None else None
    missing = MissingValues(metadata.variables, fixed if mask is None else mask.valued)
    digests = [] if stored is None else _take_over(folder, fields, old, stored)
    shapes = None
    if metadata.common is not None:
        shapes = ShapeWriter(folder, group, shape[0], metadata)
        shapes.take_over(old, len(digests))
    written = list(metadata.ids[: len(digests)])
    coming = iter(runs)

    def add(name: str, run: NDArray[np.float32] | PlacedRun | UserError) -> None:
        if isinstance(run, UserError):
            bad[name] = str(run)
            return
        found, geometry = run if isinstance(run, PlacedRun) else PlacedRun(run)
        if found.shape != shape[1:]:  # Zarr would drop what is too much
            raise ValueError(f"run {name!r} has the shape {found.shape}, not {shape[1:]}")
        usable = missing.add(name, found)
        if usable is None:
            return
        row = len(digests)
        fields[row] = usable
        digests.append(digest(usable))
        written.append(name)
        if shapes is not None:
            assert geometry is not None, "every run of such a dataset has a geometry"
            shapes.add(row, geometry)
            digests[row] = placed_digest(digests[row], geometry)

    for name in metadata.ids[len(digests) :]:
        # Bound to no variable here, not even by zip, a run is gone before the next one is read.
        try:
            add(name, next(coming))
        except StopIteration:
            raise ValueError(f"fewer runs than the {len(metadata.ids)} ids") from None
    if next(coming, None) is not None:
        raise ValueError(f"more runs than the {len(metadata.ids)} ids")
    valued, more = missing.outcome()
    bad |= more
    remarks = [] if stored is None else list(stored.remarks)
    # Runs that are appended may repeat what was said of the stored ones.
    remarks = list(
        dict.fromkeys([*remarks, *judge({name: bad[name] for name in metadata.ids if name in bad})])
    )
    if bad:
        kept = [row for row, name in enumerate(written) if name not in bad]
        digests = _keep(fields, digests, kept)
        if shapes is not None:
            shapes.keep(kept)
        metadata = metadata.at([row for row, name in enumerate(metadata.ids) if name not in bad])
        fields.resize(metadata.shape)
    if valued is not None:
        metadata = metadata.masked(valued)
        if str(metadata.mask) not in remarks:
            remarks.append(str(metadata.mask))
    _write_arrays(group, metadata)
    attributes = DatasetAttributes.describe(
        metadata, digests, fingerprint(metadata, digests), remarks
    )
    group.attrs.update(attributes.model_dump(mode="json"))


def _keep(fields: zarr.Array[Any], digests: list[str], kept: Sequence[int]) -> list[str]:
    """Close the gaps between the runs in the rows ``kept``; return their digests.

    Most bad runs were never written. What a mask shows to be bad was.
    """
    for place, row in enumerate(kept):
        # Rows only move forwards, so that none is overwritten before it is read.
        if place < row:
            fields[place] = np.asarray(fields[row])
    return [digests[row] for row in kept]


def _write_arrays(group: zarr.Group, metadata: Metadata) -> None:
    """Write all arrays of a dataset except its fields."""
    conditions = metadata.conditions
    mesh = metadata.whole_mesh
    arrays: dict[str, NDArray[Any]] = {"times": metadata.times}
    if conditions.table.size:
        arrays["conditions"] = conditions.table
    if conditions.images is not None:
        arrays["images"] = conditions.images.pixels
    if metadata.mask is not None:
        arrays["valued"] = metadata.mask.valued.astype(np.uint8)
    if mesh.coords is not None:
        arrays["coords"] = mesh.coords
    arrays |= {f"cells_{name}": array for name, array in mesh.cells.arrays().items()}
    arrays |= {f"sets_{name}": array for name, array in mesh.sets.arrays().items()}
    for name, array in arrays.items():
        write_array(group, name, array)


def _take_over(
    folder: Path, fields: zarr.Array[Any], old: Path, stored: StoredDataset
) -> list[str]:
    """Make the stored runs the first ones of the new dataset in ``folder``; return their digests.

    ``fields`` are the fields of the new dataset, ``old`` is the folder of the stored one.
    """
    # Files whose chunks are cut in the same way can be used as they are: a dataset of terabytes
    # grows in seconds, and needs no further disk while both exist.
    if stored.digests and stored.fields.chunks == fields.chunks:
        for row in range(len(stored.digests)):
            chunks = Path("fields") / "c" / str(row)
            link_folder(old / chunks, folder / chunks)
        return list(stored.digests)
    digests = []
    for row, name in enumerate(stored.metadata.ids):
        try:
            run = np.asarray(stored.fields[row], np.float32)
            fields[row] = run
        except (OSError, ValueError, RuntimeError, MemoryError) as error:
            raise UserError(f"{old}: run {name!r} cannot be read: {error}") from error
        digests.append(digest(run))
    return digests
