"""Triangles and boundary of a plane mesh.

Tested in tests/geometry/morphing/test_plane.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.mesh.triangles import flat_triangles

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh

INSTEAD = "A background grid takes any geometry (ingest with --geometry grid)"
_SAME = 1e-6
"""Extent of a coordinate, relative to the largest, that is only rounding."""
_FLAT = 1e-12
"""Area of a triangle, relative to the largest, that is only rounding."""


@dataclass(frozen=True, eq=False)
class PlaneMesh:
    """Plane mesh as triangles.

    Attributes
    ----------
    points
        Positions of the m nodes in the plane, `[m, 2]`.
    axes
        Numbers of the coordinates that span the plane.
    triangles
        Nodes of the triangles, anticlockwise, `[t, 3]`. Other cells are divided into some.
    loops
        Nodes of each closed line of the boundary, in their order: first the outer line,
        anticlockwise, then those of the holes, clockwise.
    """

    points: NDArray[np.float64]
    axes: tuple[int, ...]
    triangles: NDArray[np.int64]
    loops: tuple[NDArray[np.int64], ...]

    @classmethod
    def of(cls, mesh: Mesh, path: Path) -> Self:
        """Return the triangles of a mesh.

        Raises UserError naming the file for a mesh that is not plane, that has several parts, or
        parts that touch in single nodes.
        """
        if mesh.coords is None:
            raise UserError(f"{path}: the positions of the nodes are not known")
        if mesh.cells.dimension != 2:
            raise UserError(
                f"{path}: has cells of {mesh.cells.dimension} dimensions: only plane meshes are "
                f"morphed. {INSTEAD}"
            )
        triangles = flat_triangles(mesh.cells)
        has_cells = np.zeros(len(mesh.coords), np.bool_)
        has_cells[triangles] = True
        axes = _axes(mesh.coords[has_cells], path)
        points = mesh.coords[:, axes]
        area = doubled_areas(points, triangles)
        triangles = np.where(area[:, None] < 0, triangles[:, ::-1], triangles)
        triangles = triangles[np.abs(area) > _FLAT * np.abs(area).max(initial=0.0)]
        loops = _loops(_boundary(triangles), path)
        turns = [_doubled_area(points[loop]) for loop in loops]
        outer = sum(turn > 0 for turn in turns)
        if outer != 1:
            raise UserError(
                f"{path}: has {outer} separate parts: only meshes of one part are morphed. "
                f"{INSTEAD}"
            )
        order = np.argsort([-turn for turn in turns])
        return cls(points, axes, triangles, tuple(loops[place] for place in order))

    @cached_property
    def edges(self) -> NDArray[np.int64]:
        """Nodes of the edges of the boundary, `[b, 2]`."""
        pairs = [np.column_stack([loop, np.roll(loop, -1)]) for loop in self.loops]
        return np.concatenate(pairs)

    @property
    def boundary(self) -> NDArray[np.int64]:
        """Nodes of the boundary, one loop after the other, `[b]`."""
        return self.edges[:, 0]

    @property
    def box(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper corner of the box around the outer line, `[2]` each."""
        outer = self.points[self.loops[0]]
        return outer.min(axis=0), outer.max(axis=0)

    @property
    def size(self) -> float:
        """Longest side of the box."""
        lower, upper = self.box
        return float((upper - lower).max())

    def outline(self) -> PlaneMesh:
        """Return the mesh with the nodes of its boundary only, and no triangles."""
        numbers = np.cumsum([0, *map(len, self.loops)])
        loops = tuple(map(np.arange, numbers[:-1], numbers[1:]))
        return PlaneMesh(self.points[self.boundary], self.axes, self.triangles[:0], loops)

    def moved(self, points: NDArray[np.float64]) -> PlaneMesh:
        """Return the mesh with its nodes elsewhere."""
        return PlaneMesh(points, self.axes, self.triangles, self.loops)


def doubled_areas(points: NDArray[np.float64], triangles: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return twice the area of each triangle, `[t]`, positive where it is anticlockwise."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    one, other = b - a, c - a
    return np.asarray(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])


def _axes(coords: NDArray[np.float64], path: Path) -> tuple[int, ...]:
    """Return the coordinates that vary: files of plane meshes often have a third that does not."""
    span = np.ptp(coords, axis=0)
    axes = np.flatnonzero(span > _SAME * span.max(initial=0.0))
    if len(axes) != 2:
        raise UserError(
            f"{path}: the mesh is not in a plane of two coordinates: only such meshes are morphed. "
            f"{INSTEAD}"
        )
    return tuple(axes.tolist())


def _boundary(triangles: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the edges that belong to one triangle, `[b, 2]`, with the mesh to their left."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    count = int(triangles.max(initial=0)) + 1
    # Both ways of an edge differ in the last bit. Sorting takes a tenth of the time of np.isin.
    key = 2 * (edges.min(axis=1) * count + edges.max(axis=1)) + (edges[:, 0] > edges[:, 1])
    order = np.argsort(key)
    first = np.flatnonzero(np.diff(key[order] >> 1, prepend=-1))
    counts = np.diff(np.append(first, len(key)))
    is_one_way = key[order[first]] == key[order[first + counts - 1]]
    rows = np.sort(order[np.repeat(is_one_way, counts)])
    return np.asarray(edges[rows])


def _loops(edges: NDArray[np.int64], path: Path) -> list[NDArray[np.int64]]:
    """Return the nodes of each closed line of edges, in their order."""
    following = dict(edges.tolist())
    if len(following) < len(edges) or set(following) != set(following.values()):
        raise UserError(
            f"{path}: the boundary of the mesh branches: parts touch in single nodes, or cells "
            f"overlap. {INSTEAD}"
        )
    loops = []
    while following:
        start, node = following.popitem()
        loop = [start]
        while node != start:
            loop.append(node)
            node = following.pop(node)
        loops.append(np.array(loop, np.int64))
    return loops


def _doubled_area(points: NDArray[np.float64]) -> float:
    """Return twice the area within a closed line `[n, 2]`, positive where it is anticlockwise."""
    x, y = (points - points.mean(axis=0)).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1))
