"""Regular grid: nodes, cells, and interpolation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.geometry.grid.lattice import Lattice
from simulgenvae.geometry.grid.record import GridRecord
from simulgenvae.mesh.nodal_volumes import NodalVolumes

RECORDS = (
    GridRecord(origin=(1.0, -2.0), spacing=0.5, counts=(4, 3), unit="mm"),
    GridRecord(origin=(1.0, 7.0, -2.0), spacing=0.5, counts=(4, 1, 3)),
    GridRecord(origin=(1.0, -2.0, 0.0), spacing=0.5, counts=(4, 3, 5)),
)


@pytest.mark.parametrize("record", RECORDS)
def test_the_cells_fill_the_box_between_the_nodes(record: GridRecord) -> None:
    mesh = Lattice(record).mesh()
    mesh.check(len(mesh.coords))
    volumes = NodalVolumes.of(mesh, len(mesh.coords))
    sides = [0.5 * (count - 1) for count in record.counts if count > 1]
    assert volumes.values.sum() == pytest.approx(np.prod(sides))
    np.testing.assert_allclose(mesh.coords[0], record.origin)
    np.testing.assert_allclose(np.ptp(mesh.coords, axis=0), [0.5 * (n - 1) for n in record.counts])
    assert mesh.unit == record.unit


@given(st.sampled_from(RECORDS), st.integers(0, 2**32))
def test_linear_fields_are_interpolated_exactly(record: GridRecord, seed: int) -> None:
    lattice = Lattice(record)
    rng = np.random.default_rng(seed)
    last = lattice.origin + lattice.spacing * (lattice.counts - 1)
    points = rng.uniform(lattice.origin, last, (20, lattice.dimension))
    points[:2] = lattice.origin, last
    factors = rng.normal(size=(lattice.dimension, 2))
    weights = lattice.weights(points)
    np.testing.assert_allclose(weights @ (lattice.nodes @ factors), points @ factors, atol=1e-12)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)


def test_points_outside_have_the_value_at_the_nearest_point_of_the_surface() -> None:
    lattice = Lattice(RECORDS[0])
    beyond = lattice.weights(np.array([[100.0, -1.6], [-5.0, -9.0]])) @ lattice.nodes
    np.testing.assert_allclose(beyond, [[2.5, -1.6], [1.0, -2.0]])


def test_positions_go_to_the_axes_and_back() -> None:
    lattice = Lattice(RECORDS[1])
    coords = np.array([[1.2, 7.0, -1.3]])
    np.testing.assert_array_equal(lattice.along_axes(coords), [[1.2, -1.3]])
    np.testing.assert_array_equal(lattice.in_space(lattice.along_axes(coords)), coords)
