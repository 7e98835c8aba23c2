"""Nodal volumes add up to the domain and integrate linear fields exactly, in every cell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.mesh.cell_kinds import LINEAR
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.nodal_volumes import _CORNERS, _SIMPLICES, NodalVolumes

SQUARE: list[list[float]] = [[0.0, 0], [1, 0], [1, 1], [0, 1]]
CUBE = [[*at, z] for z in (0.0, 1.0) for at in SQUARE]
CELLS: dict[str, tuple[list[list[float]], float, list[float]]] = {
    "line": ([[0.0], [1.0]], 1.0, [0.5, 0.5]),
    "triangle": (SQUARE[:3], 0.5, [1 / 6] * 3),
    "quad": (SQUARE, 1.0, [0.25] * 4),
    "tetra": ([CUBE[0], CUBE[1], CUBE[3], CUBE[4]], 1 / 6, [1 / 24] * 4),
    "hexahedron": (CUBE, 1.0, [1 / 8] * 8),
    "wedge": ([CUBE[k] for k in (0, 1, 3, 4, 5, 7)], 0.5, [1 / 12] * 6),
    "pyramid": ([*CUBE[:4], [0.5, 0.5, 1.0]], 1 / 3, [1 / 16] * 4 + [1 / 12]),
}


def test_every_known_cell_is_known_here() -> None:
    assert {*_CORNERS, *_SIMPLICES} == set(LINEAR) == set(CELLS)


@pytest.mark.parametrize("name", CELLS)
@given(data=st.data())
def test_cells_under_any_affine_map(name: str, data: st.DataObject) -> None:
    """Exact measures of the reference cells, times the determinant; orientation does not matter."""
    points, measure, shares = CELLS[name]
    coords = np.array(points)
    dimension = coords.shape[1]
    numbers = st.floats(-2.0, 2.0).map(lambda value: round(value, 3))
    matrix = np.array(data.draw(st.lists(numbers, min_size=dimension**2, max_size=dimension**2)))
    matrix = matrix.reshape(dimension, dimension)
    size = abs(np.linalg.det(matrix))
    found = NodalVolumes.of(
        Mesh(coords @ matrix + 3.0, {name: np.arange(len(points))[None]}), len(points)
    )
    if size < 1e-6:
        return
    assert found.kind == ("length", "area", "volume")[dimension - 1]
    np.testing.assert_allclose(found.values, size * np.array(shares), rtol=1e-9)
    assert found.values.sum() == pytest.approx(measure * size)


def test_surface_in_space() -> None:
    """A square of side 2 that stands upright, as two triangles."""
    coords = np.array([[0.0, 0, 0], [0, 2, 0], [0, 2, 2], [0, 0, 2]])
    found = NodalVolumes.of(Mesh(coords, {"triangle": np.array([[0, 1, 2], [0, 2, 3]])}), 4)
    assert found.kind == "area"
    np.testing.assert_allclose(found.values, [4 / 3, 2 / 3, 4 / 3, 2 / 3])


def test_linear_fields_are_integrated_exactly_over_distorted_quads() -> None:
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 1, 4))
    inside = (x > 0) & (x < 1) & (y > 0) & (y < 1)
    coords = np.stack([x, y], -1) + 0.08 * rng.uniform(-1, 1, (4, 5, 2)) * inside[..., None]
    corner = (np.arange(4)[None] + 5 * np.arange(3)[:, None]).ravel()
    mesh = Mesh(coords.reshape(-1, 2), {"quad": corner[:, None] + np.array([0, 1, 6, 5])})
    weights = NodalVolumes.of(mesh, 20).values
    assert weights.sum() == pytest.approx(1.0)
    assert weights @ mesh.coords == pytest.approx([0.5, 0.5])


def test_only_cells_of_the_highest_dimension_count() -> None:
    coords = np.array([*SQUARE, [5.0, 5.0]])
    found = NodalVolumes.of(
        Mesh(coords, {"quad": np.array([[0, 1, 2, 3]]), "line": np.array([[0, 4]])}), 5
    )
    np.testing.assert_allclose(found.values, [0.25, 0.25, 0.25, 0.25, 0.0])
    assert "1 of 5 nodes" in found.note


def test_nodes_on_a_line_need_no_cells() -> None:
    found = NodalVolumes.of(Mesh(np.array([0.0, 4.0, 1.0])), 3)
    assert found.kind == "length"
    np.testing.assert_allclose(found.values, [0.5, 1.5, 2.0])


@pytest.mark.parametrize(
    ("mesh", "why"),
    [
        (Mesh(), "not known"),
        (Mesh(np.array(SQUARE)), "no cells"),
        (Mesh(np.zeros((4, 2)), {"quad": np.array([[0, 1, 2, 3]])}), "have no area"),
        (Mesh(np.array(SQUARE), {"tetra": np.array([[0, 1, 2, 3]])}), "have no volume"),
    ],
)
def test_equal_weights_are_said_to_be_so(mesh: Mesh, why: str) -> None:
    found = NodalVolumes.of(mesh, 4)
    assert found.kind == "equal"
    assert why in found.note
    np.testing.assert_array_equal(found.values, [0.25] * 4)
