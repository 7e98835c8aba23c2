"""Geometries of runs in a dataset on disk, written run by run and read when they are needed.

The array ``shapes`` holds the shapes of all runs, and the group ``own/K`` run K on its own mesh.
Tested in tests/data/store/test_shape_arrays.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import zarr

from simulgenvae.data.shapes import OwnRun, RunGeometry, Shapes
from simulgenvae.data.store.arrays import chunk_shape, create_array, link_folder, write_array
from simulgenvae.data.store.integrity import check_array, read_metadata
from simulgenvae.errors import UserError
from simulgenvae.mesh.cells import ARRAYS, Cells
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.utils.damage import damage_reported

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.metadata import Metadata

SHAPES = "shapes"
OWN = "own"


class ShapeWriter:
    """Writer of the geometries of N runs into the dataset in ``folder``."""

    def __init__(self, folder: Path, group: zarr.Group, runs: int, like: Metadata) -> None:
        assert like.common is not None
        self._folder = folder
        self._group = group
        nodes, width = like.whole_shape[2], like.common.shape_width
        chunks = (1, *chunk_shape((1, nodes, width), 4))
        self._shapes = create_array(group, SHAPES, (runs, 1, nodes, width), chunks, "float32")

    def take_over(self, old: Path, rows: int) -> None:
        """Make the runs of the stored dataset ``old`` the first ones."""
        # The files have the same names and chunks: both datasets have the same common mesh.
        for row in range(rows):
            chunks = self._folder / SHAPES / "c" / str(row)
            link_folder(old / SHAPES / "c" / str(row), chunks)
            if (old / OWN).is_dir():
                self._group.require_group(OWN)
                link_folder(old / OWN / str(row), self._folder / OWN / str(row))

    def add(self, row: int, geometry: RunGeometry) -> None:
        """Write the geometry of a run."""
        self._shapes[row] = np.asarray(geometry.shape, np.float32)[None]
        if geometry.own is not None:
            group = self._group.require_group(OWN).create_group(str(row), overwrite=True)
            for name, array in geometry.own.arrays().items():
                write_array(group, name, array)

    def keep(self, rows: Sequence[int]) -> None:
        """Close the gaps between the runs in ``rows``, which stay."""
        for place, row in enumerate(rows):
            if place < row:
                self._shapes[place] = np.asarray(self._shapes[row])
                own = self._folder / OWN
                if own.is_dir():
                    # Rows only move forwards: what lies at this place belongs to a bad run.
                    del self._group[f"{OWN}/{place}"]
                    (own / str(row)).rename(own / str(place))
        self._shapes.resize((len(rows), *self._shapes.shape[1:]))


def read_shapes(path: Path, metadata: Metadata) -> Shapes:
    """Return the geometries of the runs of the dataset at ``path``.

    Raises UserError when anything is missing, truncated or inconsistent.
    """
    assert metadata.common is not None
    runs, _, nodes, _ = metadata.whole_shape
    folder = path / SHAPES
    if folder.is_symlink() or (path / OWN).is_symlink():
        raise UserError(f"{path}: links are not allowed inside a dataset")
    expected = (runs, 1, nodes, metadata.common.shape_width)
    if check_array(folder, "float32", 4) != expected:
        raise UserError(f"{folder}: damaged: its shape should be {expected}")
    with damage_reported(folder, "cannot be read"):
        values = zarr.open_array(str(folder), mode="r", zarr_format=3)

    def own(run: int) -> OwnRun:
        return _read_own(path / OWN / str(run), metadata)

    read = own if (path / OWN).is_dir() else None
    return Shapes(metadata.common, values, folder, tuple(range(runs)), read)


def _read_own(folder: Path, metadata: Metadata) -> OwnRun:
    """Return a run on its own mesh; UserError where its files are damaged."""
    read_metadata(folder, "group")
    arrays = {}
    # Only names that the program knows: none of them leads out of the folder.
    for name, (data_type, dimensions) in ARRAYS.items():
        if (folder / f"cells_{name}").exists():
            arrays[name] = _read(folder / f"cells_{name}", data_type, dimensions)
    coords = _read(folder / "coords", "float64", 2)
    fields = _read(folder / "fields", "float32", 3)
    mesh = Mesh(coords, Cells.from_arrays(arrays), unit=metadata.mesh.unit)
    expected = (len(metadata.times), len(coords), len(metadata.variables))
    if fields.shape != expected:
        raise UserError(f"{folder}: damaged: its fields are {fields.shape}, not {expected}")
    mesh.check(len(coords))
    return OwnRun(mesh, fields)


def _read(folder: Path, data_type: str, dimensions: int) -> NDArray[Any]:
    if folder.is_symlink():
        raise UserError(f"{folder}: links are not allowed inside a dataset")
    check_array(folder, data_type, dimensions)
    with damage_reported(folder, "cannot be read"):
        return np.asarray(zarr.open_array(str(folder), mode="r", zarr_format=3)[...])
