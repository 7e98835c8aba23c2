"""Inner nodes that follow the boundary."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulgenvae.geometry.morphing.extension import extended, turned_cells
from simulgenvae.geometry.morphing.plane import PlaneMesh, doubled_areas
from simulgenvae.mesh.mesh import Mesh
from tests.geometry.morphing.shapes import plate

PLATE = PlaneMesh.of(plate((1.0, 0.5, 0.2), spacing=0.06), Path("reference"))


def with_hole_moved(way: tuple[float, float], mesh: PlaneMesh = PLATE) -> np.ndarray:
    points = mesh.points[mesh.boundary].copy()
    points[np.isin(mesh.boundary, mesh.loops[1])] += way
    return points


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_linear_maps_of_the_boundary_are_those_of_all_nodes(unit: float) -> None:
    mesh = PLATE.moved(PLATE.points * unit)
    linear = np.array([[1.3, 0.2], [-0.1, 0.7]])
    moved = extended(mesh, mesh.points[mesh.boundary] @ linear + 5.0 * unit)
    np.testing.assert_allclose(moved, mesh.points @ linear + 5.0 * unit, atol=1e-6 * unit)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_the_unit_does_not_matter(unit: float) -> None:
    mesh = PLATE.moved(PLATE.points * unit)
    moved = extended(mesh, with_hole_moved((0.2, 0.1)) * unit)
    expected = extended(PLATE, with_hole_moved((0.2, 0.1)))
    np.testing.assert_allclose(moved / unit, expected, atol=1e-6)


def test_nodes_at_one_place_on_both_sides_of_a_crack() -> None:
    x, y = np.meshgrid(np.arange(5.0), np.arange(5.0))
    points = np.column_stack([x.ravel(), y.ravel()])
    corners = np.array([row * 5 + column for row in range(4) for column in range(4)])
    quads = corners[:, None] + np.array([0, 1, 6, 5])
    # The middle line is doubled from the left side to the middle.
    upper = quads[(quads // 5).min(axis=1) >= 2]
    for node, twin in ((10, 25), (11, 26)):
        upper[upper == node] = twin
    quads = np.concatenate([quads[(quads // 5).min(axis=1) < 2], upper])
    mesh = PlaneMesh.of(
        Mesh(np.concatenate([points, points[[10, 11]]]), {"quad": quads}), Path("crack")
    )
    assert len(mesh.loops) == 1
    boundary = mesh.points[mesh.boundary] * [2.0, 1.0]
    np.testing.assert_allclose(extended(mesh, boundary), mesh.points * [2.0, 1.0], atol=1e-9)


def test_a_hole_that_moves_takes_the_nodes_around_it_along() -> None:
    boundary = with_hole_moved((0.1, 0.03))
    moved = extended(PLATE, boundary)
    np.testing.assert_array_equal(moved[PLATE.boundary], boundary)
    way = np.linalg.norm(moved - PLATE.points, axis=1)
    far = np.hypot(*(PLATE.points - [1.0, 0.5]).T)
    assert way[far < 0.26].min() > 0.05
    assert way[far > 0.9].max() < 0.03


def test_a_hole_can_move_by_several_of_its_radii() -> None:
    mesh = PlaneMesh.of(plate((1.0, 0.5, 0.15), spacing=0.06), Path("reference"))
    moved = extended(mesh, with_hole_moved((0.6, 0.15), mesh))
    assert turned_cells(mesh, moved) == 0
    ratio = doubled_areas(moved, mesh.triangles) / doubled_areas(mesh.points, mesh.triangles)
    assert ratio.min() > 0.05


def test_more_nodes_on_the_boundary_than_centres_all_stay_on_it() -> None:
    mesh = PlaneMesh.of(plate((1.0, 0.5, 0.2), spacing=0.015), Path("reference"))
    assert len(mesh.boundary) > 300
    boundary = with_hole_moved((0.3, 0.1), mesh)
    moved = extended(mesh, boundary)
    np.testing.assert_array_equal(moved[mesh.boundary], boundary)
    assert turned_cells(mesh, moved) == 0
