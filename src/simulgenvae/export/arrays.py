"""Predictions as arrays: ``.npz`` files and Zarr (v3) groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from simulgenvae.data.store.write import chunk_shape
from simulgenvae.errors import UserError
from simulgenvae.export.batches import AXES, Batch
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.utils.atomic import atomic_write
from simulgenvae.utils.resources import require_memory

_SCORES_PER_CHUNK = 1024


def write_npz(batches: Iterator[Batch], mesh: Mesh, path: Path) -> None:
    """Write ``fields`` [n, T, M, V], ``ids``, ``times``, ``coords``, ``variables`` and ``units``;
    as far as they are known, ``std``, ``lower`` and ``upper`` alike, and ``novelty`` and
    ``expected_error`` [n]; ``nodes`` [M], where some were chosen.

    ``coords`` is [M, 0] when the nodes' positions are unknown. All batches are held in memory,
    twice while they are joined (UserError where they do not fit); Zarr does not need that.
    """
    collected, size = [], 0
    for batch in batches:
        collected.append(batch)
        size += sum(array.nbytes for array in batch.arrays().values())
        require_memory(
            size,
            f"{path}: joining {len(collected)} batches of designs",
            "write a .zarr, or fewer designs.",
        )
    first = collected[0]
    fields = {
        name: np.concatenate([batch.arrays()[name] for batch in collected])
        for name in first.arrays()
    }
    if first.nodes is not None:
        fields["nodes"] = first.nodes
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            allow_pickle=False,
            ids=np.array([run for batch in collected for run in batch.ids], dtype=np.str_),
            times=first.times,
            coords=_coords(mesh, first),
            variables=np.array(first.variables, dtype=np.str_),
            units=np.array(first.units, dtype=np.str_),
            **fields,
        )


def write_zarr(batches: Iterator[Batch], mesh: Mesh, path: Path) -> None:
    """Write a Zarr group, run by run, that ``xarray.open_zarr`` reads: what :func:`write_npz` has,
    axes by name.

    A chunk is one run, or less where a run is large. The group's attributes ``units`` and
    ``warnings`` are lists.
    """
    require_group(path)
    with atomic_write(path) as temporary:
        first = next(batches)
        group = create_group(temporary, first, 0)
        ids: list[str] = []
        warnings: list[str] = []
        for batch in chain([first], batches):
            for name, array in batch.arrays().items():
                stored: Any = group[name]
                stored.append(array)
            ids += batch.ids
            warnings += batch.warnings
        describe(group, mesh, first, ids, warnings)


def require_group(path: Path) -> None:
    """UserError when there is something else than a Zarr group at ``path``."""
    if path.is_symlink() or (path.exists() and not (path / "zarr.json").is_file()):
        raise UserError(f"{path} is not a Zarr group, so it is not replaced; choose another name")


def create_group(path: Path, like: Batch, runs: int) -> zarr.Group:
    """A group with room for so many runs of batches ``like`` one."""
    group = zarr.create_group(str(path), zarr_format=3)
    for name, array in like.arrays().items():
        chunks = (
            (1, *chunk_shape(array.shape[1:], array.itemsize))
            if array.ndim > 1
            else (_SCORES_PER_CHUNK,)
        )
        shape, axes = (runs, *array.shape[1:]), AXES[: array.ndim]
        group.create_array(
            name, shape=shape, chunks=chunks, dtype=array.dtype, dimension_names=axes
        )
    return group


def describe(
    group: zarr.Group, mesh: Mesh, like: Batch, ids: Sequence[str], warnings: Sequence[str]
) -> None:
    """Write all that is the same for every run, and the runs' ids and warnings, each once."""
    for name, texts in {"run": ids, "variable": like.variables}.items():
        array = group.create_array(
            name, shape=(len(texts),), dtype="string", dimension_names=[name]
        )
        array[...] = np.array(texts, dtype=np.dtypes.StringDType())
    group.create_array("time", data=like.times, dimension_names=["time"])
    if like.nodes is not None:
        group.create_array("node", data=like.nodes, dimension_names=["node"])
    if mesh.coords is not None:
        group.create_array("coords", data=_coords(mesh, like), dimension_names=["node", "dim"])
    group.attrs.update({"units": list(like.units), "warnings": list(dict.fromkeys(warnings))})


def _coords(mesh: Mesh, batch: Batch) -> NDArray[np.float64]:
    return np.zeros((batch.fields.shape[2], 0)) if mesh.coords is None else mesh.coords
