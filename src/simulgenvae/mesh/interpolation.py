"""Fields on one mesh brought onto another: linear within its cells, and what that costs in
accuracy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.vtk import mesh_grid, quiet_vtk

FARTHEST = 0.05
"""How far outside of a run's mesh nodes may be, relative to its extent; they take the value of the
nearest node."""


class Interpolation:
    """From the nodes of one mesh to those of another.

    The field at a node is that of the cell around it, by the cell's shape functions (VTK's probe
    filter); at nodes outside of all cells it is that of the nearest node. Raises UserError for a
    mesh without cells, and where nodes are further outside than :data:`FARTHEST`.
    """

    def __init__(self, source: Mesh, target: Mesh, path: Path) -> None:
        if not source.cells:
            raise UserError(f"{path}: has nodes without cells: there is nothing to interpolate in")
        self._source, self._target = (
            mesh_grid(mesh, "interpolating between meshes") for mesh in (source, target)
        )
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
                "interpolation cannot mend"
            )

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values [M, …] at the source's nodes → at those of the target."""
        flat = values.reshape(len(values), -1)
        found = np.array(self._sample(flat).point_data["values"], dtype=np.float32).reshape(
            -1, flat.shape[1]
        )
        found[self._outside] = flat[self._nearest]
        return found.reshape(-1, *values.shape[1:])

    def _sample(self, values: NDArray[np.float32]) -> Any:
        self._source.point_data["values"] = values
        with quiet_vtk():
            return self._target.sample(self._source, pass_point_data=False, pass_cell_data=False)


def there_and_back(
    values: NDArray[np.float32], there: Interpolation, back: Interpolation
) -> NDArray[np.float64]:
    """What interpolation does to fields [M, V], for each of them [V]: the root mean square of the
    change when they go onto the other mesh and back, relative to their standard deviation. It
    counts both ways, and so is rather too large than too small; what both meshes are too coarse
    for, it cannot see."""
    change = back(there(values)).astype(np.float64) - values
    spread = values.astype(np.float64).std(axis=0)
    root_mean_square: NDArray[np.float64] = np.sqrt((change**2).mean(axis=0))
    return root_mean_square / np.where(spread > 0, spread, 1.0)
