"""Signed distances from the boundaries of meshes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from simulgenvae.geometry.grid.distance import distance_to, signed_distance
from simulgenvae.mesh.mesh import Mesh
from tests.geometry.grid.shapes import RUN, box, quadratic_box, quadratic_ring, ring

PLANE = np.random.default_rng(0).uniform(-1.5, 1.5, (500, 2))
SPACE = np.random.default_rng(0).uniform(-0.4, 1.4, (500, 3))


def of_annulus(points: np.ndarray) -> np.ndarray:
    radius = np.hypot(*points.T)
    return np.minimum(1.0 - radius, radius - 0.4)


def of_cube(points: np.ndarray) -> np.ndarray:
    out = np.maximum(-points, points - 1.0)
    beyond = np.linalg.norm(out.clip(min=0.0), axis=1)
    return np.where((out <= 0).all(axis=1), -out.max(axis=1), -beyond)


@pytest.mark.parametrize(("make", "rings"), [(ring, 16), (quadratic_ring, 8)])
def test_distance_of_a_disc_with_a_hole(make: Callable[..., Mesh], rings: int) -> None:
    found = signed_distance(make(rings, inner=0.4), PLANE, 0.05, RUN)
    # Chords between 96 nodes are 0.0005 inside of the circle.
    np.testing.assert_allclose(found, of_annulus(PLANE), atol=6e-4)


@pytest.mark.parametrize("cells", [1, 6])
def test_distance_of_a_cube_with_large_and_with_small_faces(cells: int) -> None:
    found = signed_distance(box(cells), SPACE, 0.05, RUN)
    np.testing.assert_allclose(found, of_cube(SPACE), atol=1e-3)


def test_distance_of_a_body_with_curved_cells() -> None:
    found = signed_distance(quadratic_box(2), SPACE, 0.1, RUN)
    np.testing.assert_allclose(found, of_cube(SPACE), atol=1e-3)


def test_distance_from_long_triangles() -> None:
    points = SPACE * [8.0, 1.0, 1.0]
    found = signed_distance(box(1, size=(8.0, 1.0, 1.0)), points, 0.1, RUN)
    out = np.maximum(-points, points - [8.0, 1.0, 1.0])
    beyond = np.linalg.norm(out.clip(min=0.0), axis=1)
    expected = np.where((out <= 0).all(axis=1), -out.max(axis=1), -beyond)
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_nodes_that_cells_do_not_share_are_no_boundary() -> None:
    mesh, body = ring(8, inner=0.4), box(3)
    triangles, tetrahedra = mesh.cells["triangle"], body.cells["tetra"]
    apart = Mesh(
        mesh.coords[triangles].reshape(-1, 2),
        {"triangle": np.arange(triangles.size).reshape(-1, 3)},
    )
    expected = signed_distance(mesh, PLANE, 0.1, RUN)
    np.testing.assert_allclose(signed_distance(apart, PLANE, 0.1, RUN), expected, atol=1e-9)
    apart = Mesh(
        body.coords[tetrahedra].reshape(-1, 3), {"tetra": np.arange(tetrahedra.size).reshape(-1, 4)}
    )
    expected = signed_distance(body, SPACE, 0.1, RUN)
    np.testing.assert_allclose(signed_distance(apart, SPACE, 0.1, RUN), expected, atol=1e-9)


def test_distance_from_a_line_and_from_a_triangle() -> None:
    lines = np.array([[[0.0, 0.0], [1.0, 0.0]]])
    points = np.array([[0.5, 0.2], [2.0, 0.0], [-3.0, 4.0]])
    np.testing.assert_allclose(distance_to(lines, points), [0.2, 1.0, 5.0])
    triangle = np.array([[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    points = np.array([[0.2, 0.2, -0.7], [0.5, -2.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 3.0]])
    np.testing.assert_allclose(distance_to(triangle, points), [0.7, 2.0, 0.5**0.5, 3.0])
