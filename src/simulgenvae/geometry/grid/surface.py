"""Surfaces in space: edges at which they branch.

Tested in tests/geometry/grid/test_surface.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.mesh.vtk import mesh_grid, quiet_vtk

if TYPE_CHECKING:
    from simulgenvae.mesh.mesh import Mesh


def branching_edges(mesh: Mesh) -> int:
    """Return the number of edges of a surface at which more than two faces meet."""
    with quiet_vtk():
        faces = mesh_grid(mesh, "a surface").extract_surface(
            algorithm="dataset_surface", pass_pointid=False, pass_cellid=False
        )
        edges = faces.extract_feature_edges(
            boundary_edges=False, non_manifold_edges=True, feature_edges=False, manifold_edges=False
        )
    return int(edges.n_cells)
