"""Cells of VTK's grids, and grids of cells: the same again, also after VTK has written a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvista

from simulgenvae.errors import UserError
from simulgenvae.mesh.cell_kinds import BY_NAME
from simulgenvae.mesh.cells import Cells
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.vtk import grid_mesh, mesh_grid
from simulgenvae.mesh.vtk_cells import cells_grid, grid_cells

FILE = Path("run.vtu")


def read(path: Path) -> pyvista.UnstructuredGrid:
    grid = pyvista.read(path)
    assert isinstance(grid, pyvista.UnstructuredGrid)
    return grid


def require_same(one: Cells, other: Cells) -> None:
    assert one.arrays().keys() == other.arrays().keys()
    for name, array in one.arrays().items():
        np.testing.assert_array_equal(other.arrays()[name], array)


def test_a_file_of_all_kinds_is_the_same_again(mixed_mesh: Mesh, tmp_path: Path) -> None:
    grid = mesh_grid(mixed_mesh, "A test")
    require_same(grid_cells(grid, FILE), mixed_mesh.cells)
    grid.save(tmp_path / "mixed.vtu")
    again = grid_mesh(read(tmp_path / "mixed.vtu"), FILE)
    require_same(again.cells, mixed_mesh.cells)
    np.testing.assert_array_equal(again.coords, mixed_mesh.coords)


def test_weights_of_rational_cells_stay_with_their_nodes(tmp_path: Path) -> None:
    arrays = {
        "types": np.array([BY_NAME["bezier_triangle"].number]),
        "offsets": np.array([0, 6]),
        "connectivity": np.arange(1, 7),
        "rational_weights": np.linspace(0.5, 1.0, 7),
    }
    mesh = Mesh(np.random.default_rng(0).normal(size=(7, 3)), Cells.from_arrays(arrays))
    mesh.check(7)
    mesh_grid(mesh, "A test").save(tmp_path / "rational.vtu")
    require_same(grid_cells(read(tmp_path / "rational.vtu"), FILE), mesh.cells)
    part = mesh.at(np.arange(6, 0, -1)).cells
    np.testing.assert_array_equal(part.rational_weights, arrays["rational_weights"][:0:-1])


def test_pixels_voxels_and_short_polylines_are_the_linear_cells() -> None:
    voxels = pyvista.ImageData(dimensions=(3, 2, 2)).cast_to_unstructured_grid()
    cells = grid_cells(voxels, FILE)
    assert cells["hexahedron"].tolist() == [[0, 1, 4, 3, 6, 7, 10, 9], [1, 2, 5, 4, 7, 8, 11, 10]]
    line = pyvista.UnstructuredGrid(np.array([2, 0, 1]), np.array([4]), np.eye(3))
    assert grid_cells(line, FILE)["line"].tolist() == [[0, 1]]


def test_a_vertex_for_each_node_is_no_cell() -> None:
    points = np.random.default_rng(0).normal(size=(5, 3))
    cloud = pyvista.PolyData(points).cast_to_unstructured_grid()
    assert not grid_cells(cloud, FILE)
    assert mesh_grid(Mesh(points), "A test").n_cells == 5
    some = cells_grid(points, Cells.from_tables({"vertex": np.array([[3], [1]])}))
    assert grid_cells(some, FILE)["vertex"].tolist() == [[3], [1]]


def test_types_that_no_file_has_are_named() -> None:
    grid = pyvista.UnstructuredGrid(np.array([2, 0, 1]), np.array([51]), np.eye(3))
    with pytest.raises(UserError, match=r"run\.vtu: cells of the VTK type 51"):
        grid_cells(grid, FILE)
