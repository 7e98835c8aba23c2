"""Nodal volumes of polygons, polyhedra and other cells of several faces."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.mesh.cell_kinds import BY_NAME
from simulgenvae.mesh.cells import Cells
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.nodal_volumes import NodalVolumes

BOX = np.array([[x, y, z] for z in (0, 1) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))], float)
FACES = [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]]
MATRIX = np.array([[2.0, 0.3, 0.0], [0.1, 1.0, -0.2], [0.4, 0.0, 0.5]])


def polyhedra(faces: list[list[int]]) -> Cells:
    nodes = sorted({node for face in faces for node in face})
    return Cells.from_arrays(
        {
            "types": np.array([BY_NAME["polyhedron"].number]),
            "offsets": np.array([0, len(nodes)]),
            "connectivity": np.array(nodes),
            "face_offsets": np.cumsum([0, *map(len, faces)]),
            "face_connectivity": np.concatenate(faces),
            "polyhedron_offsets": np.array([0, len(faces)]),
        }
    )


def test_a_box_of_faces_is_a_hexahedron() -> None:
    box = Mesh(BOX @ MATRIX, polyhedra(FACES))
    found = NodalVolumes.of(box, 8)
    same = NodalVolumes.of(Mesh(box.coords, {"hexahedron": np.arange(8)[None]}), 8)
    assert found.kind == "volume"
    np.testing.assert_allclose(found.values, same.values, rtol=1e-12)


def test_a_face_that_refinement_divided_keeps_the_volume() -> None:
    # The halves of the face x = 1 meet at two more nodes, which the faces beside them have too.
    coords = np.concatenate([BOX, [[1, 0, 0.5], [1, 1, 0.5]]]) @ MATRIX
    faces = [*FACES[:2], [0, 1, 8, 5, 4], [1, 2, 9, 8], [8, 9, 6, 5], [2, 3, 7, 6, 9], FACES[5]]
    found = NodalVolumes.of(Mesh(coords, polyhedra(faces)), 10)
    assert found.values.sum() == pytest.approx(abs(np.linalg.det(MATRIX)))
    assert found.values.min() > 0


@pytest.mark.parametrize("sides", [3, 4, 5, 6, 9])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_regular_polygons_weigh_all_nodes_alike(sides: int, dimensions: int) -> None:
    angle = 2 * np.pi * np.arange(sides) / sides
    coords = np.column_stack([np.cos(angle), np.sin(angle), 0 * angle])[:, :dimensions]
    found = NodalVolumes.of(Mesh(coords, {f"polygon{sides}": np.arange(sides)[None]}), sides)
    area = 0.5 * sides * np.sin(2 * np.pi / sides)
    assert found.kind == "area"
    np.testing.assert_allclose(found.values, area / sides)


def test_the_nodes_of_quadratic_polygons_go_around() -> None:
    square = np.array([[0, 0], [2, 0], [2, 2], [0, 2], [1, 0], [2, 1], [1, 2], [0, 1]], float)
    found = NodalVolumes.of(Mesh(square, {"quadratic_polygon8": np.arange(8)[None]}), 8)
    assert found.values.sum() == pytest.approx(4.0)


@pytest.mark.parametrize(("name", "sides"), [("penta_prism", 5), ("hexa_prism", 6)])
def test_prisms_are_area_times_height(name: str, sides: int) -> None:
    angle = 2 * np.pi * np.arange(sides) / sides
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    coords = np.concatenate([np.column_stack([ring, np.full(sides, z)]) for z in (0.0, 3.0)])
    found = NodalVolumes.of(Mesh(coords, {name: np.arange(2 * sides)[None]}), 2 * sides)
    volume = 1.5 * sides * np.sin(2 * np.pi / sides)
    np.testing.assert_allclose(found.values, volume / (2 * sides))


def test_strips_and_polylines_are_their_parts() -> None:
    coords = np.random.default_rng(0).normal(size=(5, 3))
    for whole, parts in (
        (
            {"triangle_strip5": np.arange(5)[None]},
            {"triangle": np.array([[0, 1, 2], [1, 2, 3], [2, 3, 4]])},
        ),
        (
            {"poly_line5": np.arange(5)[None]},
            {"line": np.array([[0, 1], [1, 2], [2, 3], [3, 4]])},
        ),
    ):
        found = NodalVolumes.of(Mesh(coords, whole), 5)
        np.testing.assert_allclose(found.values, NodalVolumes.of(Mesh(coords, parts), 5).values)


def test_cells_without_faces_have_none_and_say_why() -> None:
    found = NodalVolumes.of(Mesh(BOX, {"convex_point_set8": np.arange(8)[None]}), 8)
    assert found.kind == "equal"
    assert "convex_point_set have no known faces" in found.note


def test_points_beside_bodies_do_not_count() -> None:
    cells = {"vertex": np.array([[8]]), "hexahedron": np.arange(8)[None]}
    found = NodalVolumes.of(Mesh(np.concatenate([BOX, [[5, 5, 5]]]), cells), 9)
    assert found.values.sum() == pytest.approx(1.0)
    assert found.values[8] == 0
    assert "1 of 9 nodes" in found.note
