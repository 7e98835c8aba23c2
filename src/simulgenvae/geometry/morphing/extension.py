"""Ways of the inner nodes of a mesh whose boundary moves.

Tested in tests/geometry/morphing/test_extension.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import RBFInterpolator
from scipy.sparse import coo_array, csr_array
from scipy.sparse.linalg import splu

from simulgenvae.geometry.morphing.plane import doubled_areas

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.geometry.morphing.plane import PlaneMesh

_MOST_CENTRES = 500
"""Boundary nodes of the thin plate: its matrix is dense."""


class HarmonicExtension:
    """Solution of Laplace's equation for each coordinate, with linear finite elements.

    Parameters
    ----------
    mesh
        The mesh that is moved, every node of which belongs to a cell.
    """

    def __init__(self, mesh: PlaneMesh) -> None:
        self._boundary = mesh.boundary
        inner = np.ones(len(mesh.points), np.bool_)
        inner[self._boundary] = False
        self._inner = np.flatnonzero(inner)
        rows = _stiffness(mesh)[self._inner]
        self._coupling = rows[:, self._boundary]
        self._solve = splu(rows[:, self._inner].tocsc()).solve if len(self._inner) else None

    def __call__(self, boundary: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the positions of all nodes `[M, 2]` for those of the boundary nodes `[b, 2]`."""
        moved = np.empty((len(self._inner) + len(self._boundary), 2))
        moved[self._boundary] = boundary
        if self._solve is not None:
            moved[self._inner] = self._solve(-(self._coupling @ boundary))
        return moved


class ThinPlateExtension:
    """Spline of least bending through the boundary nodes.

    Parameters
    ----------
    mesh
        The mesh that is moved.
    """

    def __init__(self, mesh: PlaneMesh) -> None:
        self._points = mesh.points
        self._boundary = mesh.boundary

    def __call__(self, boundary: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the positions of all nodes `[M, 2]` for those of the boundary nodes `[b, 2]`."""
        some = slice(None, None, -(-len(boundary) // _MOST_CENTRES))
        centres = self._points[self._boundary][some]
        spline = RBFInterpolator(centres, boundary[some], kernel="thin_plate_spline")
        moved = np.asarray(spline(self._points))
        moved[self._boundary] = boundary
        return moved


def _stiffness(mesh: PlaneMesh) -> csr_array:
    """Return the matrix of Laplace's equation, `[M, M]`."""
    areas = doubled_areas(mesh.points, mesh.triangles)
    corners = mesh.points[mesh.triangles]
    # The side opposite to each corner; turned by 90° it is the gradient of its shape function.
    sides = np.roll(corners, -2, axis=1) - np.roll(corners, -1, axis=1)
    blocks = np.einsum("tai,tbi,t->tab", sides, sides, 0.5 / areas)
    rows = np.repeat(mesh.triangles, 3, axis=1).ravel()
    columns = np.tile(mesh.triangles, 3).ravel()
    nodes = len(mesh.points)
    return coo_array((blocks.ravel(), (rows, columns)), shape=(nodes, nodes)).tocsr()
