"""Geometries of runs in a dataset on disk, written run by run and read when they are needed.

The array ``shapes`` holds the shapes of all runs, and the group ``own/K`` run K on its own mesh.
Tested in tests/data/store/test_shape_arrays.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import zarr
from pydantic import TypeAdapter, ValidationError

from simulgenvae.data.shapes import SET_NAMES, RunGeometry, Shapes
from simulgenvae.data.store.arrays import (
    chunk_shape,
    create_array,
    link_folder,
    read_array,
    write_array,
)
from simulgenvae.data.store.integrity import check_array, read_metadata
from simulgenvae.errors import UserError
from simulgenvae.mesh.cells import ARRAYS, Cells
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.node_sets import ARRAYS as SET_ARRAYS
from simulgenvae.mesh.node_sets import NodeSets
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

    own = OwnMeshFiles(path / OWN, metadata) if (path / OWN).is_dir() else None
    return Shapes(metadata.common, values, folder, own)


class OwnMeshFiles:
    """Runs on their own meshes in the folder ``folder`` of a dataset, read when they are needed.

    Reading raises UserError where files are damaged.
    """

    def __init__(self, folder: Path, metadata: Metadata) -> None:
        self._folder = folder
        self._metadata = metadata

    def mesh(self, run: int) -> Mesh:
        """Return the mesh of a run."""
        folder = self._run(run)
        arrays = {}
        # Only names that the program knows: none of them leads out of the folder.
        for name, (data_type, dimensions) in ARRAYS.items():
            if (folder / f"cells_{name}").exists():
                arrays[name] = read_array(folder / f"cells_{name}", data_type, dimensions)
        coords = read_array(folder / "coords", "float64", 2)
        unit = self._metadata.mesh.unit
        mesh = Mesh(coords, Cells.from_arrays(arrays), unit=unit, sets=_sets(folder))
        mesh.check(len(coords))
        return mesh

    def fields(self, run: int) -> NDArray[np.float32]:
        """Return the fields `[T, m, V]` of a run, less the offsets of the variables."""
        folder = self._run(run)
        fields = read_array(folder / "fields", "float32", 3)
        nodes = check_array(folder / "coords", "float64", 2)[0]
        expected = (len(self._metadata.times), nodes, len(self._metadata.variables))
        if fields.shape != expected:
            raise UserError(f"{folder}: damaged: its fields are {fields.shape}, not {expected}")
        return fields

    def _run(self, run: int) -> Path:
        folder = self._folder / str(run)
        read_metadata(folder, "group")
        return folder


def _sets(folder: Path) -> NodeSets:
    """Return the named sets of nodes of a run's own mesh; UserError where they are damaged."""
    if not (folder / SET_NAMES).exists():
        return NodeSets.none()
    text = read_array(folder / SET_NAMES, "uint8", 1).tobytes()
    try:
        names = TypeAdapter(tuple[str, ...]).validate_json(text)
    except ValidationError as error:
        raise UserError(f"{folder / SET_NAMES}: damaged: no list of names") from error
    arrays = {name: read_array(folder / f"sets_{name}", "int64", 1) for name in SET_ARRAYS}
    return NodeSets.from_arrays(names, arrays)
