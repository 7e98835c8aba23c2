"""Extents of geometries, and meshes that can be on no grid."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.errors import UserError
from simulgenvae.geometry.grid.extent import Extent, filled
from simulgenvae.mesh.mesh import Mesh
from tests.geometry.grid.shapes import RUN, box, plate, quadratic_ring, ring


@pytest.mark.parametrize(("mesh", "spacing"), [(plate(10), 0.1), (box(10), 0.1)])
def test_the_spacing_is_that_of_the_nodes(mesh: Mesh, spacing: float) -> None:
    extent = Extent.of(mesh, RUN)
    assert extent.spacing == pytest.approx(spacing, rel=0.02)
    assert extent.size == pytest.approx(1.0)
    assert extent.dimension == mesh.cells.dimension


def test_nodes_without_area_are_no_part_of_the_geometry() -> None:
    mesh = ring(5)
    count = len(mesh.coords)
    more = Mesh(
        np.concatenate([mesh.coords, [[50.0, 3.0], [60.0, 3.0]]]),
        {"triangle": mesh.cells["triangle"], "line": np.array([[0, count]])},
    )
    np.testing.assert_array_equal(np.flatnonzero(~filled(more)), [count, count + 1])
    extent = Extent.of(more, RUN)
    np.testing.assert_allclose(extent.upper, [1.0, 1.0], atol=0.02)


def test_many_nodes_without_cells_do_not_change_the_spacing() -> None:
    mesh = ring(5)
    more = Mesh(np.concatenate([mesh.coords, np.ones((500, 2))]), mesh.cells)
    assert Extent.of(more, RUN).spacing == Extent.of(mesh, RUN).spacing


def test_nodes_between_corners_count_like_others() -> None:
    mesh = quadratic_ring(6, inner=0.4)
    assert filled(mesh).all()
    assert Extent.of(mesh, RUN).spacing < 0.7 * Extent.of(ring(6, inner=0.4), RUN).spacing


@pytest.mark.parametrize(
    ("mesh", "message"),
    [
        (
            Mesh(None, {"triangle": np.array([[0, 1, 2]])}),
            "run_7: the positions of the nodes are not known",
        ),
        (Mesh(np.zeros((4, 2))), "run_7: has nodes without cells"),
        (
            Mesh(np.eye(3), {"line": np.array([[0, 1], [1, 2]])}),
            "run_7: has only lines: .* correspond",
        ),
        (
            Mesh(
                np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]), {"triangle": np.array([[0, 1, 2]])}
            ),
            "run_7: .* have no area",
        ),
    ],
)
def test_meshes_without_an_inside_are_refused(mesh: Mesh, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Extent.of(mesh, RUN)
