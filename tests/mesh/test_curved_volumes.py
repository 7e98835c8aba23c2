"""Nodal volumes of cells of higher order: positive, and together the volume of the cell."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.mesh.cell_kinds import BY_NAME
from simulgenvae.mesh.cells import Cells
from simulgenvae.mesh.curved_volumes import vtk_cell
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.nodal_volumes import NodalVolumes

VOLUMES = {
    "line": 1,
    "triangle": 1 / 2,
    "quad": 1,
    "tetra": 1 / 6,
    "hexahedron": 1,
    "wedge": 1 / 2,
    "pyramid": 1 / 3,
}
LAGRANGE = {
    "lagrange_line": 5,
    "lagrange_triangle": 10,
    "lagrange_quad": 16,
    "lagrange_tetra": 20,
    "lagrange_hexahedron": 64,
    "lagrange_wedge": 40,
}
BEZIER = {name.replace("lagrange", "bezier"): count for name, count in LAGRANGE.items()}
KINDS = {
    kind.name: kind.nodes or (LAGRANGE | BEZIER)[kind.name]
    for kind in BY_NAME.values()
    if kind.is_curved
}


def _places(name: str, nodes: int) -> np.ndarray:
    """Return the places of the nodes in the reference cell."""
    kind = BY_NAME[name]
    cell = vtk_cell(kind, nodes, None)
    if kind.nodes is None:
        # Bézier cells have their nodes at the same places as Lagrange cells.
        cell = vtk_cell(BY_NAME[name.replace("bezier", "lagrange")], nodes, None)
    found = cell.GetParametricCoords()
    places = np.array([found[index] for index in range(3 * nodes)]).reshape(nodes, 3)
    if kind.corners is not None and kind.corners[0] == "pyramid":
        places[:, :2] *= 1 - places[:, 2:]
    return places


@pytest.mark.parametrize("name", KINDS)
def test_they_sum_to_the_volume_of_a_distorted_cell(name: str) -> None:
    nodes = KINDS[name]
    kind = BY_NAME[name]
    matrix = np.array([[1.0, 0.2, -0.1], [0.1, 0.8, 0.3], [0.0, -0.2, 1.3]])[
        : kind.dimension, : kind.dimension
    ]
    places = _places(name, nodes)[:, : kind.dimension]
    table = name if kind.nodes else f"{name}{nodes}"
    found = NodalVolumes.of(Mesh(places @ matrix, {table: np.arange(nodes)[None]}), nodes)
    assert kind.corners is not None
    assert found.kind == {1: "length", 2: "area", 3: "volume"}[kind.dimension]
    expected = VOLUMES[kind.corners[0]] * np.linalg.det(matrix)
    assert found.values.sum() == pytest.approx(expected, rel=1e-9)
    assert found.values.min() > 0


def test_quadratic_cells_weigh_corners_less_than_the_nodes_between() -> None:
    places = _places("triangle6", 6)[:, :2]
    found = NodalVolumes.of(Mesh(places, {"triangle6": np.arange(6)[None]}), 6).values
    # Diagonal scaling of a straight triangle: 3/57 and 16/57 of its area.
    np.testing.assert_allclose(2 * found, [3 / 57] * 3 + [16 / 57] * 3)


def test_orders_that_differ_by_direction() -> None:
    cells = Cells.from_arrays(
        {
            "types": np.array([BY_NAME["lagrange_quad"].number] * 2),
            "offsets": np.array([0, 6, 12]),
            "connectivity": np.array([0, 1, 2, 3, 4, 5, 1, 6, 7, 2, 8, 9]),
            "degrees": np.array([[2, 1, 1], [1, 2, 1]]),
        }
    )
    x = [0, 2, 2, 0, 1, 1, 3, 3, 3, 2]
    y = [0, 0, 1, 1, 0, 1, 0, 1, 0.5, 0.5]
    mesh = Mesh(np.column_stack([x, y]), cells)
    mesh.check(10)
    found = NodalVolumes.of(mesh, 10).values
    assert found.sum() == pytest.approx(3.0)
    # Simpson's rule along the quadratic direction, as squared parabolas are symmetric too.
    np.testing.assert_allclose(found[[0, 4]] / found[[3, 5]], 1.0)
    assert found[8] == pytest.approx(found[9])


def test_rational_cells_have_none_and_say_why() -> None:
    cells = Cells.from_arrays(
        {
            "types": np.array([BY_NAME["bezier_triangle"].number]),
            "offsets": np.array([0, 6]),
            "connectivity": np.arange(6),
            "rational_weights": np.ones(6),
        }
    )
    found = NodalVolumes.of(Mesh(np.random.default_rng(0).normal(size=(6, 2)), cells), 6)
    assert found.kind == "equal"
    assert "rational Bézier cells" in found.note
