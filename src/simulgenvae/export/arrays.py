"""Predictions as arrays: ``.npz`` files and Zarr (v3) groups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from simulgenvae.data.dataset import Mesh
from simulgenvae.data.limits import require_memory
from simulgenvae.data.store import chunk_shape
from simulgenvae.errors import UserError
from simulgenvae.export.batches import AXES, Batch
from simulgenvae.files import written_whole

_SCORES_PER_CHUNK = 1024


def write_npz(batches: Iterator[Batch], mesh: Mesh, path: Path) -> None:
    """Write ``fields`` [n, T, M, V], ``ids``, ``times``, ``coords``, ``variables`` and ``units``; as far as they are
    known, ``std``, ``lower`` and ``upper`` alike, and ``novelty`` and ``expected_error`` [n]; ``nodes`` [M], where some
    were chosen.

    ``coords`` is [M, 0] when the nodes' positions are unknown. All batches are held in memory, twice while they are
    joined (UserError where they do not fit); Zarr does not need that.
    """
    collected, size = [], 0
    for batch in batches:
        collected.append(batch)
        size += sum(array.nbytes for array in batch.arrays().values())
        require_memory(size, f"{path}: joining {len(collected)} batches of designs", "write a .zarr, or fewer designs.")
    first = collected[0]
    fields = {name: np.concatenate([batch.arrays()[name] for batch in collected]) for name in first.arrays()}
    if first.nodes is not None:
        fields["nodes"] = first.nodes
    with written_whole(path) as temporary, temporary.open("wb") as file:
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
    """Write a Zarr group, run by run, that ``xarray.open_zarr`` reads: what :func:`write_npz` has, axes by name.

    A chunk is one run, or less where a run is large. The group's attributes ``units`` and ``warnings`` are lists.
    """
    if path.is_symlink() or (path.exists() and not (path / "zarr.json").is_file()):
        raise UserError(f"{path} is not a Zarr group, so it is not replaced; choose another name")
    with written_whole(path) as temporary:
        group = zarr.create_group(str(temporary), zarr_format=3)
        first = next(batches)
        for name, array in first.arrays().items():
            chunks = (1, *chunk_shape(array.shape[1:], array.itemsize)) if array.ndim > 1 else (_SCORES_PER_CHUNK,)
            shape, axes = (0, *array.shape[1:]), AXES[: array.ndim]
            group.create_array(name, shape=shape, chunks=chunks, dtype=array.dtype, dimension_names=axes)
        ids, warnings = _append(group, first)
        for batch in batches:
            more_ids, more_warnings = _append(group, batch)
            ids, warnings = ids + more_ids, warnings + more_warnings
        coordinates = {"run": ids, "variable": first.variables}
        for name, texts in coordinates.items():
            _create_text(group, name, texts)
        group.create_array("time", data=first.times, dimension_names=["time"])
        if first.nodes is not None:
            group.create_array("node", data=first.nodes, dimension_names=["node"])
        if mesh.coords is not None:
            group.create_array("coords", data=_coords(mesh, first), dimension_names=["node", "dim"])
        group.attrs.update({"units": list(first.units), "warnings": list(warnings)})


def _append(group: zarr.Group, batch: Batch) -> tuple[tuple[str, ...], tuple[str, ...]]:
    for name, array in batch.arrays().items():
        stored: Any = group[name]
        stored.append(array)
    return batch.ids, batch.warnings


def _create_text(group: zarr.Group, name: str, texts: tuple[str, ...]) -> None:
    array = group.create_array(name, shape=(len(texts),), dtype="string", dimension_names=[name])
    array[...] = np.array(texts, dtype=np.dtypes.StringDType())


def _coords(mesh: Mesh, batch: Batch) -> NDArray[np.float64]:
    return np.zeros((batch.fields.shape[2], 0)) if mesh.coords is None else mesh.coords
