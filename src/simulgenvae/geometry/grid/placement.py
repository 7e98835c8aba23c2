"""One geometry on a background grid.

Tested in tests/geometry/grid/test_placement.py.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from simulgenvae.geometry.common_mesh import Placement
from simulgenvae.geometry.grid.spline import SplineFit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from simulgenvae.geometry.grid.lattice import Lattice
    from simulgenvae.mesh.mesh import Mesh


class GridPlacement(Placement):
    """Geometry, its signed distance at the nodes of the grid, and interpolation both ways.

    Parameters
    ----------
    lattice
        The grid, with M nodes.
    mesh
        Own mesh, with m nodes.
    filled
        Own nodes that belong to the geometry, `[m]`; the grid values follow from theirs.
    shape
        Signed distance at the grid's nodes, `[M, 1]`, positive inside.
    inside
        Nodes of the grid that belong to the geometry, `[M]`.
    """

    def __init__(
        self,
        lattice: Lattice,
        mesh: Mesh,
        filled: NDArray[np.bool_],
        shape: NDArray[np.float64],
        inside: NDArray[np.bool_],
    ) -> None:
        assert mesh.coords is not None
        self.mesh = mesh
        self.shape = shape
        self._lattice = lattice
        self._filled = filled
        self._inside = inside
        self._weights = lattice.weights(lattice.along_axes(mesh.coords))

    def to_common(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the grid values `[M, K]` that give the values `[m, K]` back best and are smooth.

        Outside of the geometry they are a smooth continuation.
        """
        return self._fit(values if self._filled.all() else values[self._filled])

    @property
    def weights(self) -> csr_array:
        """Weights of linear interpolation between the nodes of the grid, `[m, M]`."""
        return self._weights

    @cached_property
    def _fit(self) -> SplineFit:
        # Only when it is needed: a prediction on a new mesh goes the other way.
        return SplineFit(self._lattice, self._weights[self._filled], self._inside)
