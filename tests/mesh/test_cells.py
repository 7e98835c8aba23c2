"""Cells in VTK's layout: nothing is lost, and damage is named before VTK sees it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulgenvae.errors import UserError
from simulgenvae.mesh.cell_kinds import BY_NUMBER, order_of
from simulgenvae.mesh.cells import Cells
from simulgenvae.mesh.mesh import Mesh


def test_tables_by_kind_are_kept_as_tables() -> None:
    tables = {"quad": np.array([[0, 1, 2, 3]]), "triangle": np.array([[0, 1, 4], [4, 1, 2]])}
    cells = Mesh(None, tables).cells
    assert list(cells) == list(cells.arrays()) == ["quad", "triangle"]
    for name, table in tables.items():
        np.testing.assert_array_equal(cells[name], table)
        np.testing.assert_array_equal(cells.arrays()[name], table)
    assert cells.count == 3
    assert cells.dimension == 2


def test_all_kinds_are_the_same_again(mixed_mesh: Mesh) -> None:
    cells = mixed_mesh.cells
    mixed_mesh.check(40)
    again = Cells.from_arrays(cells.arrays())
    for name, array in cells.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], array)
    assert again.same_as(cells)
    assert cells.describe() == {
        "polyhedron": 2,
        "triangle": 2,
        "polygon": 1,
        "vertex": 1,
        "tetra10": 1,
        "lagrange_quad6": 1,
        "triangle_strip": 1,
        "poly_line": 1,
    }
    assert cells["polygon5"].tolist() == [[10, 11, 12, 13, 14]]
    assert cells["triangle"].tolist() == [[10, 11, 12], [15, 16, 17]]


def test_a_part_of_the_nodes_keeps_whole_cells_with_their_faces(mixed_mesh: Mesh) -> None:
    nodes = np.array([23, 22, 21, 20, 16, 15, 17, 39])
    part = mixed_mesh.at(nodes)
    part.check(8)
    assert part.cells.describe() == {"vertex": 1, "polyhedron": 1, "triangle": 1}
    assert part.cells["polyhedron4"].tolist() == [[3, 2, 1, 0]]
    assert part.cells["triangle"].tolist() == [[5, 4, 6]]
    faces = part.cells.faces
    assert faces.values.reshape(4, 3).tolist() == [[3, 1, 2], [3, 2, 0], [2, 1, 0], [1, 3, 0]]
    assert part.cells.polyhedra.tolist() == [0, 0, 4, 4]


def test_corners_of_an_earlier_version_are_the_same_mesh() -> None:
    coords = np.random.default_rng(0).normal(size=(10, 3))
    quadratic = Mesh(coords, {"tetra10": np.arange(10)[None]})
    assert Mesh(coords, {"tetra": np.arange(4)[None]}).same_as(quadratic)
    assert not Mesh(coords, {"tetra": np.arange(1, 5)[None]}).same_as(quadratic)
    assert not Mesh(coords, {"polygon5": np.arange(5)[None]}).same_as(quadratic)


@pytest.mark.parametrize(
    ("corners", "nodes", "order"),
    [
        ("triangle", 10, 3),
        ("triangle", 7, 2),
        ("tetra", 20, 3),
        ("tetra", 15, 2),
        ("hexahedron", 27, 2),
        ("wedge", 18, 2),
        ("wedge", 21, 2),
        ("quad", 6, None),
        ("line", 5, 4),
    ],
)
def test_orders_follow_from_numbers_of_nodes(corners: str, nodes: int, order: int | None) -> None:
    assert order_of(corners, nodes) == order


def _changed(arrays: dict[str, Any], name: str, index: Any, value: int) -> dict[str, Any]:
    array = arrays[name].copy()
    array[index] = value
    return arrays | {name: array}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("connectivity", 3, 40), "polyhedron10 cells refer to the nodes 0 to 40"),
        (("connectivity", 3, -1), "refer to the nodes -1 to 9"),
        (("types", 0, 200), "VTK type 200"),
        (("types", 1, 9), "quad cells cannot have 3 nodes"),
        (("types", 6, 80), "bezier_wedge cells cannot have 6 nodes"),
        (("types", 0, 7), "or another cell has some"),
        (("offsets", 1, 9), "triangle cells cannot have 4 nodes"),
        (("offsets", -1, 10_000), "offsets of the cells"),
        (("offsets", 2, 5), "offsets of the cells"),
        (("face_offsets", 1, 30), "offsets of the faces"),
        (("face_offsets", 1, 1), "fewer than 3 nodes"),
        (("face_connectivity", 0, 39), "a node that the polyhedron does not have"),
        (("polyhedron_offsets", 1, 2), "fewer than 4 faces"),
        (("polyhedron_offsets", -1, 90), "do not belong"),
        (("degrees", (6, 0), 7), "lagrange_quad cells cannot have 6 nodes"),
        (("degrees", (6, 0), -7), "lagrange_quad cells cannot have 6 nodes"),
    ],
)
def test_damage_is_named(mixed_mesh: Mesh, change: tuple[str, Any, int], message: str) -> None:
    arrays = _changed(mixed_mesh.cells.arrays(), *change)
    with pytest.raises(UserError, match=message):
        Mesh(None, Cells.from_arrays(arrays)).check(40)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"types": np.array([5])}, r"without \['connectivity', 'offsets'\]"),
        ({"types": np.array([5]), "x": np.zeros((1, 1), int)}, r"unknown \['x'\]"),
        ({"types": np.array([[5]])}, "must hold uint8 in 1 dimensions"),
        ({"types": np.array([5.5])}, "holds float64"),
        ({"quad": np.zeros((1, 4))}, "holds float64"),
        ({"polyhedron": np.zeros((1, 4), int)}, "unknown cells 'polyhedron'"),
        ({"polyhedron4": np.zeros((1, 4), int)}, "need their faces"),
        ({"brick": np.zeros((1, 8), int)}, "unknown cells 'brick'"),
        ({"tetra10": np.zeros((1, 4), int)}, r"must be \[K, 10\]"),
        ({"polygon5": np.zeros((1, 4), int)}, r"must be \[K, 5\]"),
    ],
)
def test_arrays_that_are_no_cells_are_named(arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Cells.from_arrays(arrays)


def test_names_and_numbers_of_kinds_are_unique() -> None:
    assert len({kind.name for kind in BY_NUMBER.values()}) == len(BY_NUMBER)
