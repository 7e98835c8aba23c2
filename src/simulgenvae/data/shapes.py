"""Geometries of runs that have meshes of their own, as a dataset holds them.

Tested in tests/data/store/test_shape_arrays.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.geometry import CorrespondingNodes
from simulgenvae.mesh.mesh import Mesh, numeric
from simulgenvae.utils.damage import damage_reported

if TYPE_CHECKING:
    import zarr
    from numpy.typing import NDArray

    from simulgenvae.data.store.shape_arrays import OwnMeshFiles
    from simulgenvae.geometry import CommonMesh, Placement


SET_NAMES = "sets_names"
"""Array with the names of the sets of nodes of a run's own mesh: a list in JSON."""


class OwnRun(NamedTuple):
    """A run on its own mesh.

    Attributes
    ----------
    mesh
        The mesh, with m nodes.
    fields
        Fields `[T, m, V]`; less the offsets of the variables where they are stored.
    """

    mesh: Mesh
    fields: NDArray[np.floating]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that hold the run."""
        assert self.mesh.coords is not None
        cells = {f"cells_{name}": array for name, array in self.mesh.cells.arrays().items()}
        fields = np.ascontiguousarray(self.fields, np.float32)
        arrays = {"coords": self.mesh.coords, **cells, "fields": fields}
        if sets := self.mesh.sets:
            arrays |= {f"sets_{name}": array for name, array in sets.arrays().items()}
            names = json.dumps(sets.names).encode()
            arrays[SET_NAMES] = np.frombuffer(names, np.uint8)
        return arrays


class RunGeometry(NamedTuple):
    """Geometry of one run.

    Attributes
    ----------
    shape
        Numbers that describe it at the nodes of the common mesh, `[M, S]`.
    own
        The run on its own mesh; None where that follows from the shape, and the fields are those on
        the common mesh.
    """

    shape: NDArray[np.floating]
    own: OwnRun | None = None


@dataclass(frozen=True, eq=False)
class Shapes:
    """Geometries of N runs.

    Attributes
    ----------
    common
        Mesh that all share, and the way of sharing it.
    values
        Shapes `[N, 1, M, S]`: a field at the nodes of the common mesh that does not change in time.
        They may be on disk.
    path
        File of the values, for messages.
    own
        Runs on their own meshes; None where these follow from the shapes.
    """

    common: CommonMesh
    values: zarr.Array[Any] | NDArray[np.float32]
    path: Path
    own: OwnMeshFiles | None = None

    def shape(self, run: int) -> NDArray[np.float32]:
        """Return the shape `[M, S]` of a run; UserError where it is damaged."""
        with damage_reported(self.path, "cannot be read"):
            return np.asarray(self.values[run, 0], np.float32)

    def geometry(self, run: int) -> RunGeometry:
        """Return the geometry of a run, with the run on its own mesh where that is stored."""
        own = None
        if self.own is not None:
            own = OwnRun(self.own.mesh(run), self.own.fields(run))
        return RunGeometry(self.shape(run), own)

    def mesh(self, run: int) -> Mesh:
        """Return the own mesh of a run; UserError where it is damaged."""
        if self.own is None:
            return self.common.placed(self.shape(run)).mesh
        return self.own.mesh(run)

    def inside(self, run: int) -> NDArray[np.bool_] | None:
        """Return which nodes of the common mesh belong to a run's geometry, `[M]`; None for all."""
        return self.common.inside(self.shape(run))

    def placement(self, run: int) -> Placement:
        """Return the placement of a run's geometry on the common mesh."""
        shape = self.shape(run)
        if self.own is None:
            return self.common.placed(shape)
        return self.common.placed_again(self.own.mesh(run), shape, self.path)


def placed_nodes(
    places: NDArray[Any], runs: int, where: Path | str, common: CommonMesh | None = None
) -> Shapes:
    """Return the geometries of runs whose nodes correspond, from positions `[N, M, D]`.

    They are placed on the mesh ``common``, by default that of the first run. Raises UserError,
    which starts with ``where``, for another number of runs or of coordinates, and for positions
    that are not finite or turn cells inside out.
    """
    numeric(places, f"{where}: positions", "fiu")
    if len(places) != runs:
        raise UserError(
            f"{where}: positions of the nodes of {len(places)} runs, but there are {runs}"
        )
    if places.shape[2] not in {1, 2, 3}:
        raise UserError(f"{where}: positions {places.shape}: they must be [runs, nodes, 1…3]")
    bad = np.flatnonzero(~np.isfinite(places).all(axis=(1, 2)))
    if len(bad):
        raise UserError(f"{where}: the positions of run {bad[0]} are not finite")
    common = common or CorrespondingNodes(Mesh(places[0]))
    placed = [common.place(Mesh(own), Path(where)).shape for own in places.astype(np.float64)]
    return Shapes(common, np.stack(placed)[:, None].astype(np.float32), Path(where))
