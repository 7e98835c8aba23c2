"""Signed distance of points from the boundary of a mesh.

Tested in tests/geometry/grid/test_distance.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

from simulgenvae.errors import UserError
from simulgenvae.mesh.vtk import import_pyvista, mesh_grid, quiet_vtk

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh

_WHAT = "the distance from a geometry"
_SAME = 1e-9  # distance of nodes that are one, relative to the size of the mesh
_LONGEST = 2.0  # side of a piece of the boundary, in spacings of the points
_CANDIDATES = 6  # pieces of the boundary near a point, one of which is the nearest
_FAR_CANDIDATES = 2  # the same for points farther away than :data:`_FAR` pieces are long
_FAR = 3.0
_LEAF = 64  # points of a leaf of the tree: with 16, regular meshes take twice as long


def signed_distance(
    mesh: Mesh, points: NDArray[np.float64], spacing: float, path: Path
) -> NDArray[np.float64]:
    """Return the distance `[M]` of points from the boundary of a mesh, positive in its cells.

    The mesh has cells of as many dimensions d as coordinates, 2 or 3, and the points are `[M, d]`.
    The boundary is divided into pieces of a few ``spacing``, and the distance is exact for those
    whose middles are nearest. (VTK's implicit distance takes four times as long in space.) In space
    another piece may be nearer by some hundredths of the spacing where the boundary is jagged.

    Raises UserError naming the file when the cells have no boundary.
    """
    pyvista = import_pyvista(_WHAT)
    own = mesh_grid(mesh, _WHAT)
    with quiet_vtk():
        # Nodes that files have twice would be holes.
        own = own.clean(tolerance=_SAME * max(own.bounds_size), produce_merge_map=False)
        pieces = _boundary(own, mesh.cells.dimension, _LONGEST * spacing)
        if any(group.kind.is_curved for group in mesh.cells.groups):
            # VTK does not find all points in curved cells, but in linear ones between their nodes.
            own = own.triangulate()
        # The filter marks the points for which it found a cell.
        own.point_data["values"] = np.zeros(own.n_points, np.float32)
        target = pyvista.PolyData(_in_space(points))
        marked = target.sample(own, pass_point_data=False, pass_cell_data=False)
    if not len(pieces):
        raise UserError(
            f"{path}: the cells of the mesh have no boundary: there is no inside. Runs whose "
            "nodes correspond to each other need none"
        )
    is_inside = np.asarray(marked.point_data["vtkValidPointMask"]) > 0
    away = distance_to(pieces, points)
    signed: NDArray[np.float64] = np.where(is_inside, away, -away)
    return signed


def surface_distance(
    mesh: Mesh, points: NDArray[np.float64], spacing: float
) -> NDArray[np.float64]:
    """Return the distance `[M]` of points `[M, 3]` from a surface in space, as above.

    It has no sign: few surfaces of models are closed.
    """
    import_pyvista(_WHAT)
    with quiet_vtk():
        pieces = _boundary(mesh_grid(mesh, _WHAT), 3, _LONGEST * spacing)
    return distance_to(pieces, points)


def distance_to(pieces: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance `[M]` of points from lines `[k, 2, d]` or triangles `[k, 3, d]`."""
    longest = float(np.linalg.norm(pieces - np.roll(pieces, 1, axis=1), axis=2).max())
    count = min(_CANDIDATES, len(pieces))
    tree = cKDTree(pieces.mean(axis=1), leafsize=_LEAF)
    away, candidates = tree.query(points, k=[*range(1, count + 1)])
    near = np.flatnonzero(away[:, 0] < _FAR * longest)
    nearest = np.full(len(points), np.inf)
    for rank, column in enumerate(candidates.T):
        some = slice(None) if rank < _FAR_CANDIDATES else near
        found = _squares(pieces[column[some]], points[some])
        nearest[some] = np.minimum(nearest[some], found)
    distance: NDArray[np.float64] = np.sqrt(nearest)
    return distance


def _squares(pieces: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the square of the distance of each point from a line or triangle of its own."""
    corners = pieces.shape[1]
    sides = range(corners if corners == 3 else 1)
    squares: NDArray[np.float64] = np.min(
        [
            _squares_to_line(pieces[:, side], pieces[:, (side + 1) % corners], points)
            for side in sides
        ],
        axis=0,
    )
    if corners == 2:
        return squares
    # Where the foot is within the triangle it is nearer than all sides.
    a, u, v = pieces[:, 0], pieces[:, 1] - pieces[:, 0], pieces[:, 2] - pieces[:, 0]
    w = points - a
    normal = np.cross(u, v)
    area = np.maximum(_dots(normal, normal), np.finfo(np.float64).tiny)
    along_u = _dots(np.cross(w, v), normal) / area
    along_v = _dots(np.cross(u, w), normal) / area
    is_within = (along_u >= 0) & (along_v >= 0) & (along_u + along_v <= 1)
    feet = np.minimum(squares, _dots(w, normal) ** 2 / area)
    nearest: NDArray[np.float64] = np.where(is_within, feet, squares)
    return nearest


def _squares_to_line(
    a: NDArray[np.float64], b: NDArray[np.float64], points: NDArray[np.float64]
) -> NDArray[np.float64]:
    along = b - a
    length = np.maximum(_dots(along, along), np.finfo(np.float64).tiny)
    part = (_dots(points - a, along) / length).clip(0.0, 1.0)
    rest = points - a - part[:, None] * along
    squares: NDArray[np.float64] = _dots(rest, rest)
    return squares


def _dots(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    dots: NDArray[np.float64] = np.einsum("md,md->m", a, b)
    return dots


def _boundary(own: Any, dimension: int, longest: float) -> NDArray[np.float64]:
    """Return lines `[k, 2, 2]` or triangles `[k, 3, 3]` on the boundary, none of them long."""
    # Sides of curved cells are divided at the nodes between their corners.
    surface = own.extract_surface(
        algorithm="dataset_surface", nonlinear_subdivision=1, pass_pointid=False, pass_cellid=False
    )
    if dimension == 3:
        triangles = surface.triangulate()
        if triangles.n_cells:
            triangles = triangles.subdivide_adaptive(max_edge_len=longest)
        table: NDArray[np.int64] = triangles.regular_faces
        return np.asarray(triangles.points, np.float64)[table]
    edges = surface.extract_feature_edges(
        boundary_edges=True, non_manifold_edges=False, feature_edges=False, manifold_edges=False
    )
    lines = np.asarray(edges.points, np.float64)[edges.lines.reshape(-1, 3)[:, 1:], :2]
    along = lines[:, 1] - lines[:, 0]
    count = np.ceil(np.linalg.norm(along, axis=1) / longest).astype(np.int64).clip(min=1)
    step = (along / count[:, None]).repeat(count, axis=0)
    place = np.arange(count.sum()) - (np.cumsum(count) - count).repeat(count)
    start = lines[:, 0].repeat(count, axis=0) + place[:, None] * step
    return np.stack([start, start + step], axis=1)


def _in_space(points: NDArray[np.float64]) -> NDArray[np.float64]:
    space = np.zeros((len(points), 3))
    space[:, : points.shape[1]] = points
    return space
