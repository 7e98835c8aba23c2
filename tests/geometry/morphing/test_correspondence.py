"""Points of boundaries that belong together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulgenvae.errors import UserError
from simulgenvae.geometry.morphing.correspondence import corners, partners
from simulgenvae.geometry.morphing.plane import PlaneMesh
from tests.geometry.morphing.shapes import circle, outline, plate

FILE = Path("run_7")


def plane(*holes: tuple[float, float, float], **options: Any) -> PlaneMesh:
    return PlaneMesh.of(plate(*holes, **options), FILE)


@settings(max_examples=10)
@given(st.floats(0.4, 3.0), st.floats(0.4, 3.0), st.sampled_from([0.05, 0.08, 0.1]))
def test_stretched_rectangles_correspond_by_their_corners(
    width: float, height: float, spacing: float
) -> None:
    reference = plane()
    own = plane(size=(width, height), spacing=spacing * min(width, height))
    expected = reference.points[reference.boundary] * [width / 2, height]
    np.testing.assert_allclose(partners(reference, own, FILE), expected, atol=1e-9)


def test_stretched_curves_are_the_same_in_their_boxes() -> None:
    def ellipse(count: int, width: float, height: float) -> PlaneMesh:
        loop = np.arange(count)
        line = circle(count, start=0.3) * [width, height] + 7.0
        return PlaneMesh(line, (0, 1), np.zeros((0, 3), np.int64), (loop,))

    reference = ellipse(200, 1.0, 1.0)
    found = partners(reference, ellipse(300, 3.0, 0.5), FILE)
    np.testing.assert_allclose(found, (reference.points - 7.0) * [3.0, 0.5] + 7.0, atol=3e-3)


@pytest.mark.parametrize("radii", [(0.1, 0.3), (0.3, 0.1)])
def test_holes_belong_to_the_nearest_ones_of_all(radii: tuple[float, float]) -> None:
    reference = plane((0.5, 0.5, 0.2), (1.4, 0.5, 0.2))
    holes = [(0.6, 0.4, radii[0]), (1.5, 0.6, radii[1])]
    found = partners(reference, plane(*holes[::-1], spacing=0.07), FILE)
    boundary = reference.points[reference.boundary]
    for centre, (x, y, radius) in zip([(0.5, 0.5), (1.4, 0.5)], holes, strict=True):
        hole = np.hypot(*(boundary - centre).T) < 0.2 + 1e-6
        expected = [x, y] + (boundary[hole] - centre) * radius / 0.2
        # Straight edges between the nodes of a circle are inside of it.
        np.testing.assert_allclose(found[hole], expected, atol=0.1 * radius)


@pytest.mark.parametrize("start", [0.1, 2.0, 5.0])
def test_the_first_node_of_a_line_does_not_matter(start: float) -> None:
    reference = plane((1.0, 0.5, 0.3), spacing=0.04)
    own = plane((1.0, 0.5, 0.3), spacing=0.03, start=start)
    found = partners(reference, own, FILE)
    np.testing.assert_allclose(found, reference.points[reference.boundary], atol=0.01)


def test_corners_are_found_and_curves_have_none() -> None:
    assert corners(circle(12)).tolist() == []
    ell = [(0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0), (1.0, 2.0), (0.0, 2.0)]
    assert corners(outline(ell, 3)).tolist() == [0, 4, 8, 12, 16, 20]


def test_another_number_of_holes_is_not_alike() -> None:
    with pytest.raises(UserError, match=r"run_7: has 1 hole, but 0 .*--geometry grid"):
        partners(plane(), plane((1.0, 0.5, 0.2)), FILE)
