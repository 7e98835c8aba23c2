from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.explorer.drawn_mesh import DrawnMesh, dimension, drawn_mesh
from simulgenvae.mesh.cells import Cells
from simulgenvae.mesh.mesh import Mesh


def area(drawn: DrawnMesh) -> float:
    a, b, c = (drawn.points[drawn.triangles[:, corner]] for corner in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def box(cells: int) -> Mesh:
    """Return a cube of ``cells``³ hexahedra."""
    n = cells + 1
    z, y, x = (each.ravel() for each in np.meshgrid(*[np.linspace(0, 1, n)] * 3, indexing="ij"))
    first = np.arange(n**3).reshape(n, n, n)[:-1, :-1, :-1].reshape(-1, 1)
    around = np.array([0, 1, n + 1, n])
    return Mesh(
        np.column_stack([x, y, z]), {"hexahedron": first + np.concatenate([around, around + n * n])}
    )


def test_of_a_volume_the_outside_is_drawn() -> None:
    mesh = box(3)
    drawn = drawn_mesh(mesh, 64)
    assert len(drawn.points) == 64 - 8
    np.testing.assert_allclose(drawn.points, mesh.coords[drawn.rows], atol=1e-7)
    assert len(drawn.triangles) == 6 * 9 * 2
    assert area(drawn) == pytest.approx(6.0)
    assert len(drawn.edges) == 6 * 9 * 2  # each face has two sides of its own
    lengths = np.linalg.norm(np.diff(drawn.points[drawn.edges], axis=1), axis=2)
    np.testing.assert_allclose(lengths, 1 / 3, rtol=1e-5)
    assert not len(drawn.lines)
    assert dimension(mesh) == 3


def test_of_a_flat_mesh_every_cell_is_drawn() -> None:
    coords = np.array([[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]], dtype=float)
    mesh = Mesh(
        coords, {"triangle": np.array([[0, 1, 3], [1, 4, 3]]), "quad": np.array([[1, 2, 5, 4]])}
    )
    drawn = drawn_mesh(mesh, 6)
    assert area(drawn) == pytest.approx(2.0)
    assert sorted(drawn.rows) == list(range(6))
    sides = {tuple(sorted(side)) for side in drawn.rows[drawn.edges].tolist()}
    assert sides == {(0, 1), (0, 3), (1, 3), (1, 4), (3, 4), (1, 2), (2, 5), (4, 5)}
    assert dimension(mesh) == 2


def test_edges_of_curved_cells_are_those_of_the_cells() -> None:
    corners = np.array([[0, 0], [2, 0], [0, 2], [1, 0], [1, 1], [0, 1]], dtype=float)
    drawn = drawn_mesh(Mesh(corners, {"triangle6": np.arange(6)[None]}), 6)
    assert area(drawn) == pytest.approx(2.0)
    sides = {tuple(sorted(side)) for side in drawn.rows[drawn.edges].tolist()}
    assert sides == {(0, 3), (1, 3), (1, 4), (2, 4), (2, 5), (0, 5)}


def test_lines_are_drawn_between_their_nodes() -> None:
    mesh = Mesh(np.eye(3), Cells.from_tables({"line": np.array([[0, 1], [1, 2]])}))
    drawn = drawn_mesh(mesh, 3)
    assert {tuple(sorted(line)) for line in drawn.rows[drawn.lines].tolist()} == {(0, 1), (1, 2)}
    assert not len(drawn.triangles)


def test_nodes_on_a_line_are_joined_in_their_order() -> None:
    drawn = drawn_mesh(Mesh(np.array([0.0, 2.0, 1.0])), 3)
    assert drawn.lines.tolist() == [[0, 2], [2, 1]]
    assert dimension(Mesh(np.array([0.0, 2.0, 1.0]))) == 1


def test_nodes_without_positions_are_drawn_in_their_order() -> None:
    drawn = drawn_mesh(Mesh(), 4)
    assert drawn.points[:, 0].tolist() == [0, 1, 2, 3]
    assert dimension(Mesh()) == 1


def test_a_point_cloud_has_points_only() -> None:
    drawn = drawn_mesh(Mesh(np.random.default_rng(0).random((9, 3))), 9)
    assert sorted(drawn.rows) == list(range(9))
    assert not len(drawn.triangles)
    assert not len(drawn.lines)
    assert not len(drawn.edges)


def test_cells_of_all_kinds(mixed_mesh: Mesh) -> None:
    drawn = drawn_mesh(mixed_mesh, 40)
    assert drawn.triangles.max() < len(drawn.points)
    assert len(drawn.lines) == 2
    assert drawn.edges.max() < len(drawn.points)


def test_a_flat_mesh_in_space_spans_a_plane() -> None:
    assert dimension(Mesh(np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]))) == 2
    assert dimension(Mesh(np.array([[0.0, 0, 0], [0, 0, 1], [0, 1, 0]]))) == 3
