"""Interpolation to points in plane meshes and on their boundary."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simulgenvae.geometry.morphing.location import locate
from simulgenvae.geometry.morphing.plane import PlaneMesh
from tests.geometry.morphing.shapes import plate

PLATE = PlaneMesh.of(plate((1.0, 0.5, 0.3), spacing=0.06), Path("run"))
NONE = np.zeros(0, np.int64)


def test_linear_fields_are_reproduced_inside() -> None:
    points = np.random.default_rng(0).uniform([0, 0], [2, 1], (400, 2))
    points = points[np.hypot(*(points - [1.0, 0.5]).T) > 0.3]
    weights = locate(PLATE, points, NONE).weights
    # A point that is nearly on an edge may be located in the cell on its other side.
    np.testing.assert_allclose(weights @ PLATE.points, points, atol=1e-5)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)


def test_points_outside_are_interpolated_on_the_nearest_edge() -> None:
    points = np.array([[1.0, 0.5], [-0.1, 0.33], [2.5, 1.5]])
    found = locate(PLATE, points, NONE)
    on_edge = found.weights @ PLATE.points
    np.testing.assert_allclose(on_edge[1:], [[0.0, 0.33], [2.0, 1.0]], atol=1e-9)
    assert 0.27 < np.hypot(*(on_edge[0] - [1.0, 0.5])) <= 0.3
    assert found.farthest == 0.0


def test_nodes_of_the_boundary_stay_on_it() -> None:
    inside = np.array([[1.0, 0.05], [1.0, 0.1]])
    found = locate(PLATE, inside, np.array([0]))
    np.testing.assert_allclose(found.weights @ PLATE.points, [[1.0, 0.0], [1.0, 0.1]], atol=1e-9)
    assert abs(found.farthest - 0.05) < 1e-9
