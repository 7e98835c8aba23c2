"""Triangles and boundary of plane meshes, and meshes that have none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulgenvae.errors import UserError
from simulgenvae.geometry.morphing.plane import PlaneMesh, doubled_areas
from simulgenvae.mesh.mesh import Mesh
from tests.geometry.morphing.shapes import plate

FILE = Path("run_7")


def test_the_boundary_has_the_outer_line_and_holes() -> None:
    mesh = plate((0.5, 0.5, 0.2), (1.4, 0.5, 0.3), columns=3)
    plane = PlaneMesh.of(mesh, FILE)
    assert plane.axes == (0, 1)
    area = doubled_areas(plane.points, plane.triangles)
    assert (area > 0).all()
    assert len(plane.loops[0]) == 60
    for loop in plane.loops:
        assert len(set(loop.tolist())) == len(loop)
    x, y = plane.points[plane.loops[0]].T
    assert ((x == 0) | (x == 2) | (y == 0) | (y == 1)).all()
    centres = sorted(plane.points[loop].mean(axis=0).tolist() for loop in plane.loops[1:])
    np.testing.assert_allclose(centres, [[0.5, 0.5], [1.4, 0.5]])
    # The mesh is to the left of its boundary: the areas within the lines make up its area.
    start, end = plane.points[plane.edges[:, 0]], plane.points[plane.edges[:, 1]]
    within = (start[:, 0] * end[:, 1] - start[:, 1] * end[:, 0]).sum()
    assert within == pytest.approx(area.sum())


def test_cells_of_any_numbering_and_kind_are_divided_into_triangles() -> None:
    corners = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1], [2, 0], [2, 1]])
    mesh = Mesh(
        corners, {"quad": np.array([[0, 1, 2, 3]]), "triangle": np.array([[1, 2, 4], [2, 4, 5]])}
    )
    plane = PlaneMesh.of(mesh, FILE)
    assert doubled_areas(plane.points, plane.triangles).tolist() == [1.0] * 4
    (loop,) = plane.loops
    start = loop.tolist().index(0)
    assert np.roll(loop, -start).tolist() == [0, 1, 4, 5, 2, 3]


SQUARE = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])


def built(coords: np.ndarray, **cells: list[list[int]]) -> Mesh:
    return Mesh(coords, {name: np.array(nodes) for name, nodes in cells.items()})


@pytest.mark.parametrize(
    ("mesh", "message"),
    [
        (Mesh(), "positions of the nodes are not known"),
        (built(SQUARE, line=[[0, 1]]), "cells of 1 dimensions: only plane"),
        (
            built(np.eye(3), triangle=[[0, 1, 2]]),
            r"not in a plane of two coordinates.*--geometry grid",
        ),
        (
            built(np.concatenate([SQUARE, SQUARE + 3]), quad=[[0, 1, 2, 3], [4, 5, 6, 7]]),
            "has 2 separate parts",
        ),
        (
            built(np.concatenate([SQUARE, SQUARE[1:] + 1]), quad=[[0, 1, 2, 3], [2, 4, 5, 6]]),
            "the boundary of the mesh branches",
        ),
    ],
)
def test_meshes_that_cannot_be_morphed_are_named(mesh: Mesh, message: str) -> None:
    with pytest.raises(UserError, match=f"run_7: .*{message}"):
        PlaneMesh.of(mesh, FILE)
