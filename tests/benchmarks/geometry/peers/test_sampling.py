"""Interpolation in simplices, and distances from their boundary."""

import numpy as np
import pytest
from scipy.spatial import Delaunay

from benchmarks.geometry.case import GeometryCase, make_case
from benchmarks.geometry.peers.sampling import (
    Interpolator,
    Simplices,
    interpolated,
    signed_distance,
)


def cloud(dimension: int) -> Simplices:
    """Return a mesh of the unit square or cube."""
    inner = np.random.default_rng(0).uniform(0.05, 0.95, (60, dimension))
    corners = np.stack(np.meshgrid(*[[0.0, 0.5, 1.0]] * dimension), -1).reshape(-1, dimension)
    points = np.concatenate([inner, corners])
    return Simplices(points, Delaunay(points).simplices.astype(np.int64))


@pytest.mark.parametrize("dimension", [2, 3])
def test_linear_functions_are_exact_inside_and_nearest_outside(dimension: int) -> None:
    mesh = cloud(dimension)
    slope = np.arange(1.0, dimension + 1.0)
    targets = np.random.default_rng(1).uniform(-0.2, 1.2, (200, dimension))
    within = ((targets > 0.0) & (targets < 1.0)).all(axis=1)
    matrix, inside = Interpolator(mesh)(targets)
    np.testing.assert_array_equal(inside, within)
    found = matrix @ (mesh.points @ slope)
    np.testing.assert_allclose(found[inside], targets[inside] @ slope, atol=1e-6)
    for target, value in zip(targets[~inside], found[~inside], strict=True):
        nearest = np.argmin(np.linalg.norm(mesh.points - target, axis=1))
        assert value == pytest.approx(mesh.points[nearest] @ slope)


@pytest.mark.parametrize("dimension", [2, 3])
def test_distance_is_negative_inside(dimension: int) -> None:
    mesh = cloud(dimension)
    targets = np.full((3, dimension), 0.5)
    targets[:, 0] = [0.1, 0.9, 1.3]
    _, inside = Interpolator(mesh)(targets)
    found = signed_distance(mesh, targets, inside)
    np.testing.assert_allclose(found, [-0.1, -0.1, 0.3], atol=0.01)


@pytest.mark.parametrize(
    ("kind", "cells"),
    [("quad", [[0, 1, 3, 2]]), ("hexahedron", [[0, 1, 3, 2, 4, 5, 7, 6]])],
)
def test_quadrilaterals_and_bricks_are_filled_by_simplices(
    kind: str, cells: list[list[int]]
) -> None:
    dimension = 2 if kind == "quad" else 3
    points = np.array([[n & 1, n >> 1 & 1, n >> 2 & 1] for n in range(2**dimension)], float)
    points = points[:, :dimension]
    case: GeometryCase = make_case(
        "one",
        kind,
        [(points, np.array(cells), np.zeros((1, len(points), 1)), None)],
        (1, 0),
        times=np.zeros(1),
        variables=("T",),
        names=(),
        table=np.zeros((1, 0)),
    )
    mesh = Simplices.of(case, case.runs[0])
    corners = mesh.points[mesh.cells]
    volumes = np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1]))
    assert volumes.sum() == pytest.approx(2.0 if dimension == 2 else 6.0)
    targets = np.random.default_rng(0).uniform(size=(50, dimension))
    assert Interpolator(mesh)(targets)[1].all()
    assert len(mesh.facets()) == (4 if dimension == 2 else 12)


def test_fields_keep_their_axes() -> None:
    mesh = cloud(2)
    fields = np.random.default_rng(0).standard_normal((3, len(mesh.points), 2))
    matrix, _ = Interpolator(mesh)(mesh.points[:7])
    found = interpolated(matrix, fields)
    np.testing.assert_allclose(found, fields[:, :7], atol=1e-6)
    assert found.dtype == np.float32
