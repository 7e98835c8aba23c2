"""Ways of the inner nodes of a mesh whose boundary moves.

Tested in tests/geometry/morphing/test_extension.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.geometry.morphing.plane import doubled_areas
from simulgenvae.geometry.morphing.thin_plate import ThinPlateSpline

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.geometry.morphing.plane import PlaneMesh

_MOST_CENTRES = 300
"""Boundary nodes that the splines go through: their matrices are dense."""
_STEPS = (4, 16)
"""Numbers of steps in which the boundary moves; the second one where the first turns cells."""


def extended(mesh: PlaneMesh, boundary: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the positions of all nodes `[M, 2]` for those of the boundary nodes `[b, 2]`.

    The boundary moves in a few equal steps, and the inner nodes follow each one by a thin-plate
    spline, which goes through the boundary nodes and bends least. In steps, a hole can move by
    several of its radii before cells are turned inside out. Solutions of Laplace's equation turn
    them much earlier.
    """
    moved = mesh.points
    for steps in _STEPS:
        moved = _in_steps(mesh, boundary, steps)
        if not turned_cells(mesh, moved):
            break
    return moved


def turned_cells(mesh: PlaneMesh, points: NDArray[np.float64]) -> int:
    """Return the number of triangles that are turned inside out with the nodes at ``points``."""
    return int(np.count_nonzero(doubled_areas(points, mesh.triangles) <= 0.0))


def _in_steps(mesh: PlaneMesh, boundary: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """Return the positions of all nodes when the boundary moves in some steps."""
    nodes = mesh.boundary
    start = mesh.points[nodes]
    # Nodes at one place, as on both sides of a crack, would leave a spline undetermined.
    apart = np.sort(np.unique(start, axis=0, return_index=True)[1])
    some = apart[:: -(-len(apart) // _MOST_CENTRES)]
    moved = mesh.points.copy()
    for step in range(1, steps + 1):
        wanted = start + (boundary - start) * (step / steps)
        moved = ThinPlateSpline(moved[nodes[some]], wanted[some])(moved)
        moved[nodes] = wanted
    return moved
