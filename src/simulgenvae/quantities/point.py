"""Value at a point: interpolation in the cell around it, or the nearest node without cells.

Tested in tests/quantities/test_regions.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.mesh.vtk import mesh_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh

    Array = NDArray[np.float64]

ROUNDING = 1e-6
"""Distance from the mesh, relative to its extent, at which a point still counts as on it."""


class PointWeights(NamedTuple):
    """Nodes whose values, with these weights, make the value at a point."""

    nodes: NDArray[np.intp]
    weights: Array
    distance: float
    """Distance of the nearest node where that is taken; 0 for an interpolated value."""


def at_point(mesh: Mesh, point: Array) -> PointWeights:
    """Return nodes and weights of the value at a point ``[D]``.

    In a cell they are the cell's shape functions, and on a line without cells linear ones. Nodes
    in a plane or in space without cells have no neighbours: the nearest one is taken.

    Raises
    ------
    UserError
        For a point outside the mesh, with its distance.
    """
    assert mesh.coords is not None, "the caller has asked for the coordinates"
    coords = mesh.coords
    extent = float(np.ptp(coords, axis=0).max())
    if mesh.cells.dimension:
        return _in_cell(mesh, point, ROUNDING * extent)
    # Without cells, all that is known of the mesh's border is the box around its nodes.
    outside = np.maximum(coords.min(axis=0) - point, point - coords.max(axis=0))
    distance = float(np.linalg.norm(np.maximum(outside, 0.0)))
    if distance > ROUNDING * extent:
        raise _outside(point, distance)
    if coords.shape[1] == 1 and len(coords) > 1:
        return _on_line(coords[:, 0], float(point[0]))
    distances = np.linalg.norm(coords - point, axis=1)
    nearest = int(np.argmin(distances))
    return PointWeights(np.array([nearest]), np.ones(1), float(distances[nearest]))


def _on_line(x: Array, at: float) -> PointWeights:
    order = np.argsort(x, kind="stable")
    after = int(np.clip(np.searchsorted(x[order], at), 1, len(x) - 1))
    nodes = order[[after - 1, after]]
    low, high = x[nodes]
    weight = 0.0 if high == low else float(np.clip((at - low) / (high - low), 0.0, 1.0))
    return _without_zeros(nodes, np.array([1.0 - weight, weight]))


def _in_cell(mesh: Mesh, point: Array, tolerance: float) -> PointWeights:
    grid = mesh_grid(mesh, "the value at a point")
    at = np.zeros(3)
    at[: len(point)] = point
    found: Any = grid.find_closest_cell(at, return_closest_point=True)
    number, closest = int(found[0]), np.asarray(found[1], np.float64)
    distance = float(np.linalg.norm(closest - at))
    if number < 0 or distance > tolerance:
        raise _outside(point, distance)
    cell = grid.GetCell(number)
    count = cell.GetNumberOfPoints()
    weights = [0.0] * count
    # VTK fills the lists that it is given; all but the weights are not needed.
    from vtkmodules.vtkCommonCore import mutable

    cell.EvaluatePosition(list(closest), [0.0] * 3, mutable(0), [0.0] * 3, mutable(0.0), weights)
    nodes = np.array([cell.GetPointId(place) for place in range(count)], np.intp)
    return _without_zeros(nodes, np.array(weights))


def _without_zeros(nodes: NDArray[np.intp], weights: Array) -> PointWeights:
    """Return the nodes that have a weight: a point at a node needs that one only."""
    kept = np.abs(weights) > 1e-12
    return PointWeights(nodes[kept].astype(np.intp), weights[kept] / weights[kept].sum(), 0.0)


def _outside(point: Array, distance: float) -> UserError:
    shown = ", ".join(f"{value:g}" for value in point)
    return UserError(f"the point ({shown}) is outside the mesh, at a distance of {distance:.3g}")
