"""Triangles to draw flat cells by: they use all nodes of each."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.mesh.cells import Cells
from simulgenvae.mesh.triangles import flat_triangles


@pytest.mark.parametrize(
    ("name", "nodes", "triangles"),
    [
        ("triangle", 3, 1),
        ("quad", 4, 2),
        ("polygon5", 5, 3),
        ("triangle_strip5", 5, 3),
        ("quadratic_polygon10", 10, 8),
        ("triangle6", 6, 4),
        ("quad8", 8, 6),
        ("quad9", 9, 8),
        ("lagrange_triangle10", 10, 9),
        ("lagrange_quad16", 16, 18),
    ],
)
def test_all_nodes_are_used(name: str, nodes: int, triangles: int) -> None:
    found = flat_triangles(Cells.from_tables({name: np.arange(nodes)[None] + 7}))
    assert found.shape == (triangles, 3)
    assert np.unique(found).tolist() == list(range(7, 7 + nodes))


def test_cells_that_are_not_flat_have_none() -> None:
    assert not len(flat_triangles(Cells.from_tables({"tetra": np.arange(4)[None]})))
