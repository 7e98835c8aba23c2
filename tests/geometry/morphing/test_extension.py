"""Inner nodes that follow the boundary."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulgenvae.geometry.morphing.extension import HarmonicExtension, ThinPlateExtension
from simulgenvae.geometry.morphing.plane import PlaneMesh, doubled_areas
from tests.geometry.morphing.shapes import plate

EXTENSIONS: list[type[HarmonicExtension] | type[ThinPlateExtension]] = [
    HarmonicExtension,
    ThinPlateExtension,
]
PLATE = PlaneMesh.of(plate((1.0, 0.5, 0.2), spacing=0.06), Path("reference"))


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_linear_maps_of_the_boundary_are_those_of_all_nodes(
    extension: type[HarmonicExtension] | type[ThinPlateExtension],
) -> None:
    linear = np.array([[1.3, 0.2], [-0.1, 0.7]])
    moved = extension(PLATE)(PLATE.points[PLATE.boundary] @ linear + 5.0)
    np.testing.assert_allclose(moved, PLATE.points @ linear + 5.0, atol=1e-6)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_hole_that_moves_takes_the_nodes_around_it_along(
    extension: type[HarmonicExtension] | type[ThinPlateExtension],
) -> None:
    boundary = PLATE.points[PLATE.boundary].copy()
    hole = np.isin(PLATE.boundary, PLATE.loops[1])
    boundary[hole] += [0.1, 0.03]
    moved = extension(PLATE)(boundary)
    np.testing.assert_array_equal(moved[PLATE.boundary], boundary)
    way = np.linalg.norm(moved - PLATE.points, axis=1)
    far = np.hypot(*(PLATE.points - [1.0, 0.5]).T)
    assert way[far < 0.26].min() > 0.05
    assert way[far > 0.9].max() < 0.03
    assert (doubled_areas(moved, PLATE.triangles) > 0).all()


def test_the_thin_plate_keeps_cells_better() -> None:
    boundary = PLATE.points[PLATE.boundary].copy()
    boundary[np.isin(PLATE.boundary, PLATE.loops[1])] += [0.2, 0.1]
    before = doubled_areas(PLATE.points, PLATE.triangles)
    least = [
        (doubled_areas(extension(PLATE)(boundary), PLATE.triangles) / before).min()
        for extension in EXTENSIONS
    ]
    assert least[1] > 0.2
    assert least[1] > 2 * least[0]
