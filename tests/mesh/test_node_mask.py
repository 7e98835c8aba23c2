"""Mask of the nodes without values."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.node_mask import NodeMask

LINE = Mesh(np.arange(5.0), {"line": np.array([[0, 1], [1, 2], [2, 3], [3, 4]])})
MASK = NodeMask(LINE, np.array([True, False, True, True, True]))


def test_values_are_taken_and_filled() -> None:
    fields = np.arange(20, dtype=np.float32).reshape(2, 5, 2)
    taken = MASK.take(fields)
    np.testing.assert_array_equal(taken, fields[:, [0, 2, 3, 4]])
    filled = MASK.fill(taken)
    assert filled.dtype == np.float32
    np.testing.assert_array_equal(filled[:, [0, 2, 3, 4]], taken)
    assert np.isnan(filled[:, 1]).all()


def test_cells_with_nodes_without_values_are_left_out() -> None:
    part = MASK.part()
    np.testing.assert_array_equal(part.coords, [[0], [2], [3], [4]])
    np.testing.assert_array_equal(part.cells["line"], [[1, 2], [2, 3]])


def test_some_nodes() -> None:
    some = MASK.at(np.array([4, 1]))
    np.testing.assert_array_equal(some.valued, [True, False])
    with pytest.raises(UserError, match="no node has values"):
        MASK.at(np.array([1]))
