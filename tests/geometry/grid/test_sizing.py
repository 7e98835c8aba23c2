"""Choice of the grid, and geometries that cannot share one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.errors import UserError
from simulgenvae.geometry.grid.extent import Extent
from simulgenvae.geometry.grid.sizing import FINENESS, MARGIN, MOST_NODES, grid_for
from simulgenvae.mesh.mesh import Mesh
from tests.geometry.grid.shapes import RUN, box, plate, ring

DISC = Extent.of(ring(10), RUN)
CUBE = Extent.of(box(4), RUN)


def test_the_grid_is_around_all_geometries_and_as_fine_as_most_meshes() -> None:
    others = [Extent.of(ring(10, width=width), RUN) for width in (1.0, 1.5)]
    record = grid_for([DISC, *others])
    assert record.spacing == pytest.approx(FINENESS * DISC.spacing)
    first = np.array(record.origin)
    last = first + record.spacing * (np.array(record.counts) - 1)
    assert (first <= [-1.5 - MARGIN * 3.0, -1.0 - MARGIN * 2.0]).all()
    assert (last >= [1.5 + MARGIN * 3.0, 1.0 + MARGIN * 2.0]).all()
    assert (last - first <= [3.0 + 7 * record.spacing, 2.0 + 7 * record.spacing]).all()


@pytest.mark.parametrize("extent", [DISC, CUBE])
def test_the_number_of_nodes_is_bounded(extent: Extent) -> None:
    record = grid_for([replace(extent, spacing=extent.spacing * 1e-5)])
    assert 0.8 < np.prod(record.counts) / MOST_NODES[extent.dimension] <= 1.0


def test_coordinates_that_are_the_same_up_to_rounding_are_left_out() -> None:
    coords = plate(8).coords + 1000.0
    coords[:, 2] += np.random.default_rng(0).uniform(0, 1e-7, len(coords))
    record = grid_for([Extent.of(Mesh(coords, plate(8).cells), RUN)])
    assert record.axes == (0, 1)


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        (CUBE, "odd: has cells of 3 dimensions, other runs have 2"),
        (Extent.of(ring(6, columns=3), RUN), "odd: has 3 coordinates, other runs have 2"),
        (Extent.of(ring(6, outer=1000.0), RUN), "odd: is 2000 long, .* another unit"),
        (
            Extent.of(Mesh(ring(6).coords + 5.0, ring(6).cells), RUN),
            "odd: lies at 4 to 6, .* where no other run has its geometry",
        ),
    ],
)
def test_a_geometry_that_does_not_fit_the_others_is_named(odd: Extent, message: str) -> None:
    with pytest.raises(UserError, match=message):
        grid_for([DISC, DISC, replace(odd, path=Path("odd")), DISC])


def test_surfaces_in_space_have_a_grid_around_them() -> None:
    coords = plate(6).coords
    tilted = Extent.of(Mesh(coords + 0.3 * coords[:, [2, 2, 0]], plate(6).cells), RUN)
    record = grid_for([tilted])
    assert record.surface
    assert record.axes == (0, 1, 2)
    assert np.prod(record.counts) <= MOST_NODES[3]
    assert not grid_for([CUBE]).surface
    assert not grid_for([Extent.of(plate(6), RUN)]).surface


def test_flat_bodies_and_no_runs_are_refused() -> None:
    with pytest.raises(UserError, match="run_7: has cells of 3 dimensions, but its nodes extend"):
        grid_for([replace(CUBE, upper=np.array([1.0, 1.0, 0.0]))])
    with pytest.raises(UserError, match="at least one run"):
        grid_for([])
