"""From one mesh to another: what is linear stays what it is, and what is lost is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvista

from simulgenvae.errors import UserError
from simulgenvae.mesh.interpolation import Interpolation, there_and_back
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.vtk import grid_mesh, mesh_grid

RUN = Path("run_7")


def plate(cells: int, *, size: float = 1.0, depth: int = 0, triangles: bool = False) -> Mesh:
    shape = (cells + 1, cells + 1, depth + 1)
    grid = pyvista.ImageData(
        dimensions=shape, spacing=(size / cells,) * 3
    ).cast_to_unstructured_grid()
    return grid_mesh(grid.triangulate() if triangles else grid, RUN)


def wave(mesh: Mesh) -> np.ndarray:
    assert mesh.coords is not None
    return np.sin(3 * mesh.coords[:, :1]).astype(np.float32)


@pytest.mark.parametrize("depth", [0, 2])
@pytest.mark.parametrize("triangles", [False, True])
def test_linear_fields_are_kept(depth: int, triangles: bool) -> None:
    source, target = plate(4, depth=depth, triangles=triangles), plate(7, depth=depth)
    if depth:
        target = plate(8, depth=4)
    assert source.coords is not None
    assert target.coords is not None
    factors = np.array([[1.0, -2.0], [3.0, 0.5], [0.25, 1.0]])
    found = Interpolation(source, target, RUN)((source.coords @ factors).astype(np.float32))
    np.testing.assert_allclose(found, target.coords @ factors, atol=1e-5)


def test_several_timesteps_go_together() -> None:
    source, target = plate(4), plate(5)
    values = np.random.default_rng(0).normal(size=(25, 3, 2)).astype(np.float32)
    across = Interpolation(source, target, RUN)
    np.testing.assert_allclose(across(values)[:, 1], across(values[:, 1]), rtol=1e-6)


def test_the_change_there_and_back_falls_with_the_mesh_and_is_none_for_the_same_nodes() -> None:
    changes = []
    for cells in (6, 12, 24):
        source, target = plate(cells), plate(cells + 1)
        there, back = Interpolation(source, target, RUN), Interpolation(target, source, RUN)
        changes.append(there_and_back(wave(source), there, back)[0])
    assert changes[0] > 3 * changes[1] > 9 * changes[2] > 0
    same = Interpolation(plate(6), plate(6), RUN)
    assert there_and_back(wave(plate(6)), same, same)[0] < 1e-6


def test_a_node_slightly_outside_takes_its_neighbours_value() -> None:
    source, target = plate(4), plate(4, size=1.02)
    across = Interpolation(source, target, RUN)
    assert across.farthest == pytest.approx(0.02 * np.sqrt(2), rel=1e-6)
    found = across(np.arange(25, dtype=np.float32)[:, np.newaxis])
    assert found[-1, 0] == 24


def test_another_geometry_is_refused() -> None:
    with pytest.raises(
        UserError, match=r"run_7: 16 of 25 nodes .* outside .* by up to 0\.707.*: another geometry"
    ):
        Interpolation(plate(4), plate(4, size=1.5), RUN)
    points = Mesh(np.eye(3))
    with pytest.raises(UserError, match="run_7: has nodes without cells"):
        Interpolation(points, plate(4), RUN)


def test_nodes_between_corners_count() -> None:
    """A quadratic field on quadratic cells is interpolated exactly."""
    grid = pyvista.ImageData(dimensions=(4, 4, 1), spacing=(1 / 3,) * 3).cast_to_unstructured_grid()
    corners = np.asarray(grid.points)
    quads = grid_mesh(grid, RUN).cells["quad"]
    ends = np.sort(np.stack([quads, np.roll(quads, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
    edges, between = np.unique(ends, axis=0, return_inverse=True)
    coords = np.concatenate([corners, corners[edges].mean(axis=1)])
    nodes = np.concatenate([quads, len(corners) + between.reshape(-1, 4)], axis=1)
    source, target = Mesh(coords, {"quad8": nodes}), plate(7)
    assert target.coords is not None
    x, y, _ = coords.T
    found = Interpolation(source, target, RUN)((x * x - 2 * x * y)[:, None].astype(np.float32))
    x, y, _ = target.coords.T
    np.testing.assert_allclose(found[:, 0], x * x - 2 * x * y, atol=1e-6)


def test_linear_fields_are_kept_in_polyhedra() -> None:
    solid = mesh_grid(plate(3, depth=3), "A test")
    faces: list[int] = []
    for cell in range(solid.n_cells):
        sides = [list(face.point_ids) for face in solid.get_cell(cell).faces]
        row = [len(sides), *(node for side in sides for node in (len(side), *side))]
        faces += [len(row), *row]
    types = np.full(solid.n_cells, 42)
    polyhedra = grid_mesh(
        pyvista.UnstructuredGrid(np.array(faces), types, np.asarray(solid.points)), RUN
    )
    assert polyhedra.cells.describe() == {"polyhedron": 27}
    assert polyhedra.coords is not None
    target = plate(5, depth=5)
    assert target.coords is not None
    factors = np.array([[1.0], [3.0], [0.25]])
    values = (polyhedra.coords @ factors).astype(np.float32)
    found = Interpolation(polyhedra, target, RUN)(values)
    np.testing.assert_allclose(found, target.coords @ factors, atol=1e-5)
