"""Signed distance of points from the boundary of a mesh.

Tested in tests/geometry/grid/test_distance.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.mesh.vtk import import_pyvista, mesh_grid, quiet_vtk

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh

_WHAT = "the distance from a geometry"
_SAME = 1e-9  # distance of nodes that are one, relative to the size of the mesh


def signed_distance(mesh: Mesh, points: NDArray[np.float64], path: Path) -> NDArray[np.float64]:
    """Return the distance `[M]` of points from the boundary of a mesh, positive in its cells.

    The mesh has cells of as many dimensions d as coordinates, 2 or 3, and the points are `[M, d]`.
    Raises UserError naming the file when the cells have no boundary.
    """
    pyvista = import_pyvista(_WHAT)
    own = mesh_grid(mesh, _WHAT)
    target = pyvista.PolyData(_in_space(points))
    own.clear_data()
    # The filter marks the points for which it found a cell.
    own.point_data["values"] = np.zeros(own.n_points, np.float32)
    with quiet_vtk():
        marked = target.sample(own, pass_point_data=False, pass_cell_data=False)
        surface = _boundary(own, mesh.cells.dimension, pyvista)
        if not surface.n_cells:
            raise UserError(
                f"{path}: the cells of the mesh have no boundary: there is no inside. Runs whose "
                "nodes correspond to each other need none"
            )
        away = np.abs(target.compute_implicit_distance(surface).point_data["implicit_distance"])
    is_inside = np.asarray(marked.point_data["vtkValidPointMask"]) > 0
    signed: NDArray[np.float64] = np.where(is_inside, away, -away).astype(np.float64)
    return signed


def _boundary(own: Any, dimension: int, pyvista: Any) -> Any:
    """Return triangles on the boundary; lines in a plane become strips across it."""
    extent = max(own.bounds_size)
    # Nodes that files have twice would be holes. Sides of curved cells are divided at their
    # mid-side nodes.
    surface = own.extract_surface(
        algorithm="dataset_surface", nonlinear_subdivision=1, pass_pointid=False, pass_cellid=False
    ).clean(tolerance=_SAME * extent, absolute=True)
    if dimension == 3:
        return surface.triangulate()
    edges = surface.extract_feature_edges(
        boundary_edges=True, non_manifold_edges=False, feature_edges=False, manifold_edges=False
    )
    lines = edges.lines.reshape(-1, 3)[:, 1:]
    count = edges.n_points
    height = np.array([0.0, 0.0, extent])
    triangles = np.concatenate(
        [
            np.column_stack([lines, lines[:, 1] + count]),
            np.column_stack([lines[:, 0], lines[:, 1] + count, lines[:, 0] + count]),
        ]
    )
    # In the plane a strip is as far away as the line that it stands on.
    return pyvista.PolyData.from_regular_faces(
        np.concatenate([edges.points - height, edges.points + height]), triangles
    )


def _in_space(points: NDArray[np.float64]) -> NDArray[np.float64]:
    space = np.zeros((len(points), 3))
    space[:, : points.shape[1]] = points
    return space
