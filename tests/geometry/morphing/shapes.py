"""Plane meshes with holes for the tests of morphing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import Delaunay

from simulgenvae.mesh.mesh import Mesh


def plate(
    *holes: tuple[float, float, float],
    size: tuple[float, float] = (2.0, 1.0),
    spacing: float = 0.1,
    columns: int = 2,
    start: float = 0.0,
) -> Mesh:
    """Return triangles in a rectangle with round holes, each given by its centre and radius.

    ``start`` is the angle of the first node of each hole.
    """
    across, up = (max(2, round(side / spacing)) for side in size)
    x, y = np.meshgrid(np.linspace(0, size[0], across + 1), np.linspace(0, size[1], up + 1))
    points = [np.column_stack([x.ravel(), y.ravel()])]
    for cx, cy, radius in holes:
        away = np.hypot(points[0][:, 0] - cx, points[0][:, 1] - cy)
        points[0] = points[0][away > radius + 0.6 * spacing]
        points.append([cx, cy] + radius * circle(max(8, round(6 * radius / spacing)), start))
    nodes = np.concatenate(points)
    triangles = Delaunay(nodes).simplices
    for number in range(len(holes)):
        # Triangles between the nodes of one hole fill it.
        first = sum(map(len, points[: number + 1]))
        inside = (triangles >= first) & (triangles < first + len(points[number + 1]))
        triangles = triangles[~inside.all(axis=1)]
    coords = np.zeros((len(nodes), columns))
    coords[:, :2] = nodes
    return Mesh(coords, {"triangle": triangles})


def circle(count: int, start: float = 0.0) -> np.ndarray:
    """Return points on the unit circle, anticlockwise, `[count, 2]`."""
    angle = start + 2 * np.pi * np.arange(count) / count
    return np.column_stack([np.cos(angle), np.sin(angle)])


def outline(corners: Sequence[tuple[float, float]], between: int) -> np.ndarray:
    """Return points on a polygon, with some between its corners, `[n, 2]`."""
    ends = np.array(corners, float)
    parts = np.arange(between + 1)[:, None, None] / (between + 1)
    points = ends + parts * (np.roll(ends, -1, axis=0) - ends)
    return np.asarray(points.swapaxes(0, 1).reshape(-1, 2))
