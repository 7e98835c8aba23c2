"""Wakes of ellipses: their meshes, and flows that mirror each other."""

import shutil

import numpy as np
import pytest

from benchmarks.geometry import ellipses
from benchmarks.geometry.ellipses import Design
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.nodal_volumes import NodalVolumes

DESIGN = Design(long_axis=0.5, short_axis=0.3, angle=20.0, reynolds=100.0)


def test_points_lie_on_the_turned_ellipse() -> None:
    points = ellipses.on_ellipse(DESIGN, np.linspace(0.0, 2.0 * np.pi, 9))
    np.testing.assert_allclose(points[0], 0.5 * np.array([np.cos(np.pi / 9), np.sin(np.pi / 9)]))
    np.testing.assert_allclose(np.linalg.norm(points[2]), 0.3)
    assert ellipses._on_body(points, DESIGN).all()
    assert not ellipses._on_body(1.1 * points, DESIGN).any()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("icoFoam") is None, reason="needs OpenFOAM: apt install openfoam")
def test_mirrored_ellipses_have_mirrored_flows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ellipses, "TIMESTEPS", 3)
    monkeypatch.setattr(ellipses, "SUBSTEPS", 12)
    points, cells, fields = ellipses.solve(DESIGN, 6, 16)
    assert points.shape == (24 * 17, 2)
    assert fields.shape == (3, 24 * 17, 3)
    volumes = NodalVolumes.of(Mesh(points, {"quad": cells}), len(points)).values
    assert volumes.sum() == pytest.approx(np.pi * (64.0 - 0.15), rel=0.02)
    others, _, mirrored = ellipses.solve(DESIGN._replace(angle=-20.0), 6, 16)
    place = np.argmin(np.linalg.norm(points * [1, -1] - others[:, np.newaxis], axis=2), axis=1)
    np.testing.assert_allclose(others, points[place] * [1, -1], atol=1e-6)
    expected = fields[:, place] * np.array([1, -1, 1])
    np.testing.assert_allclose(mirrored, expected, atol=0.02)
    # The cells at the wall are slow, as the stream does not slip there.
    body = ellipses._on_body(points, DESIGN)
    assert body.sum() == 24
    assert np.linalg.norm(fields[-1, body, :2], axis=1).max() < 0.7
    # The stream passes far away, and the body slows it down behind itself.
    far = np.linalg.norm(points, axis=1) > 0.99 * ellipses.RADIUS
    np.testing.assert_allclose(fields[-1, far, 0], 1.0, atol=0.1)
    behind = np.linalg.norm(points - [0.8, 0.2], axis=1) < 0.25
    assert behind.any()
    assert fields[-1, behind, 0].min() < 0.3
