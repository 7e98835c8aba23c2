"""Morphing onto the disc and by points that correspond."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.geometry.case import GeometryCase
from benchmarks.geometry.peers.morphing import (
    NoMorphingError,
    by_anchors,
    count_loops,
    morphed,
    to_disc,
)
from benchmarks.geometry.peers.sampling import Simplices

Make = Callable[..., GeometryCase]


def areas(mesh: Simplices) -> np.ndarray:
    corners = mesh.points[mesh.cells]
    return 0.5 * np.linalg.det(corners[:, 1:] - corners[:, :1])


def test_plates_without_holes_become_discs(ovals: Make) -> None:
    case = ovals(2, 1)
    for mesh, run in zip(morphed(case), case.runs, strict=True):
        before = areas(Simplices.of(case, run))
        after = areas(mesh)
        assert (np.sign(after) == np.sign(before)).all()
        assert np.abs(after).sum() == pytest.approx(np.pi, rel=0.01)
        edge = np.unique(mesh.facets())
        np.testing.assert_allclose(np.linalg.norm(mesh.points[edge], axis=1), 1.0)
        # The direction of x stays.
        right = np.argmax(run.points[:, 0])
        assert mesh.points[right, 0] > 0.98


def test_mirrored_cells_do_not_turn_the_disc_over(ovals: Make) -> None:
    case = ovals(1, 1)
    mesh = Simplices.of(case, case.runs[0])
    turned = mesh._replace(cells=mesh.cells[:, ::-1])
    np.testing.assert_allclose(to_disc(turned), to_disc(mesh), atol=1e-9)


def test_anchors_come_to_those_of_the_reference() -> None:
    generator = np.random.default_rng(0)
    anchors = generator.uniform(size=(20, 2))
    moved = anchors + 0.05 * generator.standard_normal((20, 2))
    np.testing.assert_allclose(by_anchors(anchors, anchors, moved), moved, atol=1e-9)
    stretch = np.array([[1.3, 0.1], [0.0, 0.8]])
    points = generator.uniform(size=(7, 2))
    np.testing.assert_allclose(by_anchors(points, anchors, anchors @ stretch), points @ stretch)


def test_shapes_with_anchors_come_to_one_of_them(ovals: Make) -> None:
    case = ovals(5, 1, anchored=True)
    extents = [np.ptp(mesh.points, axis=0) for mesh in morphed(case)]
    np.testing.assert_allclose(extents, [extents[0]] * 6, rtol=0.02)


def test_other_topologies_are_refused(ovals: Make) -> None:
    case = ovals(2, 1)
    run = case.runs[0]
    # Without the cells around its centre, the disc has a hole.
    centre = run.points[run.cells].mean(axis=1)
    holed = replace(run, cells=run.cells[np.linalg.norm(centre, axis=1) > 0.3])
    assert count_loops(Simplices.of(case, holed)) == 2
    with pytest.raises(NoMorphingError, match="1 to 2 closed boundaries"):
        morphed(replace(case, runs=(holed, *case.runs[1:])))
