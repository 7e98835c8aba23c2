"""Parts of a mesh that a page draws: the triangles of its outside, lines and edges, or its nodes.

Tested in tests/explorer/test_drawn_mesh.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from simulgenvae.mesh.vtk import mesh_grid
from simulgenvae.mesh.vtk_cells import ragged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.mesh.cells import Ragged
    from simulgenvae.mesh.mesh import Mesh

_NODE = "node"


@dataclass(frozen=True, eq=False)
class DrawnMesh:
    """Visible part of a mesh.

    Attributes
    ----------
    points
        Positions of the drawn nodes, ``[N, 3]``.
    rows
        Number of the node at each point, ``[N]``.
    triangles
        Points of each triangle, ``[K, 3]``.
    lines
        Points of each line that is drawn in colour, ``[L, 2]``.
    edges
        Points of each edge of the cells on the surface, ``[E, 2]``.
    """

    points: NDArray[np.float32]
    rows: NDArray[np.uint32]
    triangles: NDArray[np.uint32]
    lines: NDArray[np.uint32]
    edges: NDArray[np.uint32]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays of a container."""
        return {f"mesh.{name}": array for name, array in vars(self).items()}


def drawn_mesh(mesh: Mesh, nodes: int) -> DrawnMesh:
    """Return what is drawn of a mesh of ``nodes`` nodes.

    Nodes without positions are drawn on a line in their order, and so are nodes on a line without
    cells. Raises UserError when PyVista is not installed.
    """
    if mesh.coords is None or (mesh.coords.shape[1] == 1 and not mesh.cells.dimension):
        return _nodes_on_a_line(mesh.coords, nodes)
    grid = mesh_grid(mesh, "A page with a mesh")
    # Passed on as values: VTK's own numbers are wrong where cells of several orders meet.
    grid.point_data[_NODE] = np.arange(grid.n_points)
    surface = grid.extract_surface(
        pass_pointid=False, pass_cellid=False, algorithm="dataset_surface"
    )
    rows = np.asarray(surface.point_data[_NODE])
    has_faces = mesh.cells.dimension > 1
    triangles = surface.triangulate().faces.reshape(-1, 4)[:, 1:] if has_faces else _none(3)
    lines = _pairs(ragged(surface.GetLines())) if mesh.cells.dimension else _none(2)
    edges = _face_edges(ragged(surface.GetPolys())) if has_faces else _none(2)
    if any(group.kind.is_curved for group in mesh.cells.groups):
        # Faces of higher order come in parts: their sides join a corner and a node that is none.
        corner = np.isin(rows, _corners(mesh))
        edges = edges[corner[edges[:, 0]] != corner[edges[:, 1]]]
    return DrawnMesh(
        np.asarray(surface.points, np.float32),
        rows.astype(np.uint32),
        *(table.astype(np.uint32) for table in (triangles, lines, edges)),
    )


def dimension(mesh: Mesh) -> Literal[1, 2, 3]:
    """Return the dimension of the space that a mesh spans, without its last flat directions."""
    if mesh.coords is None:
        return 1
    extents = np.ptp(mesh.coords, axis=0)
    spanned = np.flatnonzero(extents > 1e-9 * extents.max())
    return cast("Literal[1, 2, 3]", int(spanned.max(initial=0)) + 1)


def _nodes_on_a_line(coords: NDArray[np.float64] | None, nodes: int) -> DrawnMesh:
    x = np.arange(nodes, dtype=np.float64) if coords is None else coords[:, 0]
    points = np.zeros((nodes, 3), np.float32)
    points[:, 0] = x
    order = np.argsort(x, kind="stable").astype(np.uint32)
    lines = np.column_stack([order[:-1], order[1:]])
    empty = _none(2).astype(np.uint32)
    return DrawnMesh(
        points, np.arange(nodes, dtype=np.uint32), _none(3).astype(np.uint32), lines, empty
    )


def _none(width: int) -> NDArray[np.int64]:
    return np.zeros((0, width), np.int64)


def _corners(mesh: Mesh) -> NDArray[np.int64]:
    return np.unique(np.concatenate([table.ravel() for table in mesh.cells.corners().values()]))


def _owner(rows: Ragged) -> NDArray[np.int64]:
    """Return the number of the row that each value belongs to."""
    return np.repeat(np.arange(len(rows.counts)), rows.counts)


def _pairs(polylines: Ragged) -> NDArray[np.int64]:
    """Return the lines between neighbours of polylines, ``[L, 2]``."""
    values = polylines.values
    row = _owner(polylines)
    together = row[1:] == row[:-1]
    return np.column_stack([values[:-1][together], values[1:][together]])


def _face_edges(faces: Ragged) -> NDArray[np.int64]:
    """Return the sides of faces, each once, ``[E, 2]``."""
    values = faces.values
    row = _owner(faces)
    following = np.roll(values, -1)
    # The last node of a face is followed by its first one.
    last = np.flatnonzero(np.diff(row, append=-1))
    first = np.searchsorted(row, row[last])
    following[last] = values[first]
    sides = np.sort(np.column_stack([values, following]), axis=1)
    # One number for both ends: NumPy finds unique rows slowly.
    key = np.unique(sides[:, 0] * (values.max(initial=0) + 1) + sides[:, 1])
    return np.column_stack(np.divmod(key, values.max(initial=0) + 1))
