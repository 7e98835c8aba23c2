"""Geometries of runs that have meshes of their own, as a dataset holds them.

Tested in tests/data/store/test_shape_arrays.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.geometry import CorrespondingNodes
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.utils.damage import damage_reported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import zarr
    from numpy.typing import NDArray

    from simulgenvae.geometry import CommonMesh, Placement


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
        return {"coords": self.mesh.coords, **cells, "fields": fields}


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
    rows
        Rows of ``values`` that belong to the runs, in their order.
    own
        Function that reads runs on their own meshes, by their rows; None where these follow from
        the shapes. It raises UserError for one that is damaged.
    """

    common: CommonMesh
    values: zarr.Array[Any] | NDArray[np.float32]
    path: Path
    rows: tuple[int, ...]
    own: Callable[[int], OwnRun] | None = None

    def select(self, rows: Sequence[int]) -> Shapes:
        """Return the geometries of some runs, in that order."""
        return replace(self, rows=tuple(self.rows[row] for row in rows))

    def shape(self, run: int) -> NDArray[np.float32]:
        """Return the shape `[M, S]` of a run; UserError where it is damaged."""
        with damage_reported(self.path, "cannot be read"):
            return np.asarray(self.values[self.rows[run], 0], np.float32)

    def geometry(self, run: int) -> RunGeometry:
        """Return the geometry of a run, with the run on its own mesh where that is stored."""
        return RunGeometry(self.shape(run), None if self.own is None else self.own(self.rows[run]))

    def inside(self, run: int) -> NDArray[np.bool_] | None:
        """Return which nodes of the common mesh belong to a run's geometry, `[M]`; None for all."""
        return self.common.inside(self.shape(run))

    def placement(self, run: int) -> Placement:
        """Return the placement of a run's geometry on the common mesh."""
        if self.own is None:
            return self.common.placed(self.shape(run))
        return self.common.place(self.own(self.rows[run]).mesh, self.path)


def placed_nodes(
    places: NDArray[Any],
    runs: int,
    cells: Mapping[str, NDArray[Any]] | None,
    unit: str,
    where: str,
) -> Shapes:
    """Return the geometries of runs whose nodes correspond, from positions `[N, M, D]`.

    Raises UserError, which starts with ``where``, for another number of runs, positions that are
    not finite, and cells that are turned inside out.
    """
    if len(places) != runs:
        raise UserError(f"{where} are of the nodes of {len(places)} runs, but there are {runs}")
    bad = np.flatnonzero(~np.isfinite(places).all(axis=(1, 2)))
    if len(bad):
        raise UserError(f"{where} of run {bad[0]} are not finite")
    common = CorrespondingNodes(Mesh(places[0], cells, unit=unit))
    placed = [
        common.place(Mesh(own), Path(f"{where} of run {run}")).shape
        for run, own in enumerate(places.astype(np.float64))
    ]
    values = np.stack(placed)[:, None].astype(np.float32)
    return Shapes(common, values, Path(where), tuple(range(runs)))
