"""Values beyond a region of a grid."""

from __future__ import annotations

import numpy as np

from simulgenvae.geometry.grid.continuation import REACH, Continuation, nearest_nodes
from simulgenvae.geometry.grid.lattice import Lattice
from simulgenvae.geometry.grid.record import GridRecord

LATTICE = Lattice(GridRecord(origin=(0.0, 0.0), spacing=1.0, counts=(30, 9)))
X = LATTICE.nodes[:, 0]


def test_linear_values_go_on_and_stay_constant_from_some_distance_on() -> None:
    region = X < 12
    values = (2.0 * X[region] + 5.0)[:, None].astype(np.float32)
    found = Continuation(LATTICE, region)(values)[:, 0]
    np.testing.assert_allclose(found, 2.0 * np.minimum(X, 11.0 + REACH) + 5.0)


def test_the_other_side_of_a_thin_region_is_not_mirrored() -> None:
    region = np.abs(X - 10) < 1
    values = LATTICE.nodes[region, 1:].astype(np.float32)
    found = Continuation(LATTICE, region)(values)
    np.testing.assert_array_equal(found, LATTICE.nodes[:, 1:])


def test_a_single_node_is_the_nearest_of_all() -> None:
    region = np.zeros(LATTICE.size, bool)
    region[7] = True
    np.testing.assert_array_equal(nearest_nodes(LATTICE, region), 7)
    np.testing.assert_array_equal(Continuation(LATTICE, region)(np.full((1, 2), 3, np.float32)), 3)
