"""Interpolation of fields from one mesh to another, and its effect on their accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

from simulgenvae.errors import UserError
from simulgenvae.mesh.vtk import mesh_grid, quiet_vtk

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh

FARTHEST = 0.05
"""Largest distance of a node from the source mesh, relative to the extent of that mesh."""


class Interpolation:
    """Interpolation from the nodes of a source mesh to the nodes of a target mesh.

    The value at a target node follows from the shape functions of the cell around it (VTK's probe
    filter). Nodes outside of all cells take the value of the nearest source node.

    Parameters
    ----------
    source, target
        Meshes with the positions of their nodes.
    path
        File of the source, for messages.

    Raises
    ------
    UserError
        For a source without cells, and when nodes are further outside than :data:`FARTHEST`.
    """

    def __init__(self, source: Mesh, target: Mesh, path: Path) -> None:
        if not source.cells.dimension:
            raise UserError(f"{path}: has nodes without cells: there is nothing to interpolate in")
        self._source = mesh_grid(source, "interpolating between meshes")
        self._target = mesh_grid(target, "interpolating between meshes")
        # The filter marks the nodes for which it found a cell, whatever the values.
        marked = self._sample(np.zeros((self._source.n_points, 1), np.float32))
        self._outside = np.flatnonzero(np.asarray(marked.point_data["vtkValidPointMask"]) == 0)
        distance, self._nearest = cKDTree(self._source.points).query(
            self._target.points[self._outside]
        )
        extent = float(np.ptp(self._source.points, axis=0).max())
        self.farthest = float(distance.max(initial=0.0))
        if self.farthest > FARTHEST * extent:
            raise UserError(
                f"{path}: {len(self._outside)} of {self._target.n_points} nodes to interpolate to "
                f"are outside of its mesh, by up to {self.farthest:g}: another geometry, which "
                "interpolation cannot correct. If nodes of the same number belong together in all "
                "runs, take them so with --displacement"
            )

    def __call__(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return values `[M, …]` of the source's nodes at the nodes of the target."""
        flat = values.reshape(len(values), -1)
        # All variables in one call: finding the cells takes longer than interpolating in them.
        found = np.array(self._sample(flat).point_data["values"], dtype=values.dtype).reshape(
            -1, flat.shape[1]
        )
        # VTK leaves 0 at these nodes.
        found[self._outside] = flat[self._nearest]
        return found.reshape(-1, *values.shape[1:])

    def _sample(self, values: NDArray[np.floating]) -> Any:
        self._source.point_data["values"] = values
        with quiet_vtk():
            return self._target.sample(self._source, pass_point_data=False, pass_cell_data=False)


def there_and_back(
    values: NDArray[np.floating], there: Interpolation, back: Interpolation
) -> NDArray[np.float64]:
    """Return the relative error of interpolating fields to another mesh and back, `[V]`.

    It is the root mean square of the change of the fields `[M, V]`, divided by their standard
    deviation. Two interpolations contribute to it, so it overestimates one. Details that are too
    fine for both meshes do not show.
    """
    change = back(there(values)).astype(np.float64) - values
    spread = values.astype(np.float64).std(axis=0)
    root_mean_square: NDArray[np.float64] = np.sqrt((change**2).mean(axis=0))
    return root_mean_square / np.where(spread > 0, spread, 1.0)
