"""Fields on their way to the grid and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulgenvae.data.readers.runs.shared_mesh import relative_change
from simulgenvae.geometry.grid.background import BackgroundGrid
from simulgenvae.geometry.grid.extent import Extent
from simulgenvae.geometry.grid.placement import GridPlacement
from simulgenvae.mesh.mesh import Mesh
from tests.geometry.grid.shapes import RUN, box, quadratic_ring, ring


def placed(mesh: Mesh) -> GridPlacement:
    return BackgroundGrid.fit([Extent.of(mesh, RUN)]).place(mesh, RUN)


def there_and_back(placement: GridPlacement, values: np.ndarray) -> np.ndarray:
    """Return the relative change `[V]` of values `[m, V]` at the nodes of a geometry."""
    return relative_change(values[None], placement.to_common(values)[None], placement)


MESHES = [ring(8), ring(8, inner=0.3, columns=3), quadratic_ring(6, inner=0.4), box(5)]


@settings(max_examples=8)
@given(st.sampled_from([placed(mesh) for mesh in MESHES]), st.integers(0, 2**32))
def test_linear_fields_come_back_and_stay_linear_inside(
    placement: GridPlacement, seed: int
) -> None:
    coords = placement.mesh.coords
    factors = np.random.default_rng(seed).normal(size=(coords.shape[1], 3))
    values = (coords @ factors + 300.0).astype(np.float32)
    assert there_and_back(placement, values).max() < 1e-3
    found = placement.to_common(values)
    assert found.shape == (len(placement.shape), 3)
    assert found.dtype == np.float32
    inside = placement.shape[:, 0] > 0
    expected = placement._lattice.in_space(placement._lattice.nodes) @ factors + 300.0
    np.testing.assert_allclose(found[inside], expected[inside], atol=5e-3)


def test_the_way_loses_less_the_finer_the_mesh_is() -> None:
    losses = []
    for rings in (6, 12, 24):
        placement = placed(ring(rings, inner=0.3))
        x = placement.mesh.coords
        losses.append(there_and_back(placement, np.sin(5 * x[:, :1] + x[:, 1:])).item())
    assert losses[0] < 0.01
    assert losses[0] > 3 * losses[1] > 9 * losses[2] > 0


def test_a_front_does_not_overshoot() -> None:
    placement = placed(ring(16))
    front = np.tanh(placement.mesh.coords[:, :1] / 0.05)
    assert there_and_back(placement, front).item() < 0.02
    inside = placement.to_common(front)[placement.shape[:, 0] > 0]
    assert np.abs(inside).max() < 1.1


def test_nodes_that_belong_to_no_cell_have_no_influence() -> None:
    mesh = ring(8)
    more = Mesh(np.concatenate([mesh.coords, [[90.0, 90.0]]]), mesh.cells)
    values = mesh.coords[:, :1]
    with_more = placed(more)
    found = with_more.to_common(np.concatenate([values, [[1e6]]]))
    np.testing.assert_array_equal(found, placed(mesh).to_common(values))
    assert with_more.to_own(found).shape == (len(more.coords), 1)
    assert there_and_back(with_more, np.concatenate([values, [[1e6]]])).item() < 1e-3


def test_constant_fields_are_not_lost() -> None:
    placement = placed(ring(6))
    constant = np.full((len(placement.mesh.coords), 1), 7.0)
    assert there_and_back(placement, constant).item() < 1e-12
    assert placement.to_own(np.ones((len(placement.shape), 2))) == pytest.approx(1.0)
