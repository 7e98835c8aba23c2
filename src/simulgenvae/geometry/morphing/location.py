"""Points in the triangles of a plane mesh, and interpolation between its nodes there.

Tested in tests/geometry/morphing/test_location.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from simulgenvae.geometry.morphing.plane import doubled_areas
from simulgenvae.mesh.vtk import import_pyvista, quiet_vtk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.geometry.morphing.plane import PlaneMesh

_PAIRS = 2_000_000
"""Pairs of points and edges that are compared at once."""


class Location(NamedTuple):
    """Interpolation of values at the m nodes of a mesh to n points.

    Attributes
    ----------
    weights
        Weights of the nodes at each point, `[n, m]`.
    farthest
        Largest distance of a point on the boundary from that of the mesh.
    """

    weights: csr_array
    farthest: float


def locate(
    mesh: PlaneMesh, points: NDArray[np.float64], on_boundary: NDArray[np.int64]
) -> Location:
    """Return the interpolation to points `[n, 2]`.

    Those of the numbers ``on_boundary``, and those outside of all cells, are interpolated at the
    nearest point of the boundary: what is true there, such as the temperature of a wall, remains
    so although straight edges cut a curved boundary in other ways.
    """
    triangle = _containing(mesh, points)
    triangle[on_boundary] = -1
    inside = np.flatnonzero(triangle >= 0)
    outside = np.flatnonzero(triangle < 0)
    nodes = mesh.triangles[triangle[inside]]
    weights = _barycentric(mesh, points[inside], nodes)
    edges, parts, distance = _nearest_edge(mesh, points[outside])
    numbers = np.concatenate([np.repeat(inside, 3), np.repeat(outside, 2)])
    columns = np.concatenate([nodes.ravel(), mesh.edges[edges].ravel()])
    values = np.concatenate([weights.ravel(), np.column_stack([1.0 - parts, parts]).ravel()])
    matrix = csr_array((values, (numbers, columns)), shape=(len(points), len(mesh.points)))
    is_boundary = np.isin(outside, on_boundary)
    return Location(matrix, float(distance[is_boundary].max(initial=0.0)))


def _containing(mesh: PlaneMesh, points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the number of the triangle around each point, -1 where there is none, `[n]`."""
    pyvista = import_pyvista("Morphing a mesh")
    triangles = np.column_stack([np.full(len(mesh.triangles), 3), mesh.triangles])
    surface: Any = pyvista.PolyData(_in_space(mesh.points), faces=triangles.ravel())
    surface.cell_data["number"] = np.arange(len(triangles))
    with quiet_vtk():
        # The default locator walks from cell to cell and may end at a hole.
        found = pyvista.PolyData(_in_space(points)).sample(surface, locator="static_cell")
    valid = np.asarray(found.point_data["vtkValidPointMask"]) > 0
    return np.where(valid, np.asarray(found.point_data["number"], np.int64), -1)


def _in_space(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([points, np.zeros(len(points))])


def _barycentric(
    mesh: PlaneMesh, points: NDArray[np.float64], nodes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the weights of the corners of a triangle for a point in it, `[n, 3]`."""
    corners = mesh.points[nodes]
    parts = np.empty((len(points), 3))
    for corner in range(3):
        replaced = corners.copy()
        replaced[:, corner] = points
        flat = replaced.reshape(-1, 2)
        parts[:, corner] = doubled_areas(flat, np.arange(len(flat)).reshape(-1, 3))
    # Points may be outside by rounding.
    parts = np.maximum(parts, 0.0)
    return np.asarray(parts / parts.sum(axis=1, keepdims=True))


def _nearest_edge(
    mesh: PlaneMesh, points: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Return the nearest edge of the boundary to each point, and its nearest point.

    That is given by the part of the edge's length, followed by the distance; all are `[n]`.
    """
    start, end = (mesh.points[mesh.edges[:, side]] for side in range(2))
    way = end - start
    squared = np.maximum((way**2).sum(axis=1), np.finfo(float).tiny)
    edges, parts, distances = [], [], []
    for some in np.array_split(points, -(-len(points) * len(start) // _PAIRS) or 1):
        # Each coordinate by itself: arrays of pairs of points and edges `[n, b, 2]` take twice as
        # long.
        x, y = (some[:, axis, None] - start[:, axis] for axis in range(2))
        part = x * way[:, 0]
        part += y * way[:, 1]
        part /= squared
        np.clip(part, 0.0, 1.0, out=part)
        x -= part * way[:, 0]
        y -= part * way[:, 1]
        distance = np.hypot(x, y)
        best = distance.argmin(axis=1)
        row = np.arange(len(some))
        edges.append(best)
        parts.append(part[row, best])
        distances.append(distance[row, best])
    return np.concatenate(edges), np.concatenate(parts), np.concatenate(distances)
