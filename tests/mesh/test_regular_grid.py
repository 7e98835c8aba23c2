"""Cells of regular grids: one for each gap between neighbours, with VTK's order of corners."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.mesh.cells import Cells
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.nodal_volumes import NodalVolumes
from simulgenvae.mesh.regular_grid import regular_grid_cells


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_cells_fill_the_grid_once(shape: list[int]) -> None:
    found = regular_grid_cells(tuple(shape))
    gaps = [count - 1 for count in shape if count > 1]
    if not gaps:
        assert found == {}
        return
    (cells,) = found.values()
    assert len(cells) == np.prod(gaps)
    # Positions in the order x, y, z, of which the last dimension of the grid is x.
    axes = np.meshgrid(*(np.arange(count) for count in shape), indexing="ij")
    coords = np.stack([axis.ravel() for axis in reversed(axes)], axis=1).astype(float)
    mesh = Mesh(coords[:, np.ptp(coords, axis=0) > 0], Cells.from_arrays(found))
    assert NodalVolumes.of(mesh, len(coords)).values.sum() == pytest.approx(np.prod(gaps))
