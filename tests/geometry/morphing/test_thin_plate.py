"""Thin-plate splines: their values are those of SciPy, anywhere in the plane."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator

from simulgenvae.geometry.morphing.thin_plate import ThinPlateSpline


@pytest.mark.parametrize(("place", "size"), [(0.0, 1.0), (1e4, 1.0), (-3e-6, 1e-6), (0.0, 1e6)])
def test_values_are_those_of_scipy(place: float, size: float) -> None:
    random = np.random.default_rng(0)
    centres = random.random((40, 2))
    targets = centres + 0.1 * random.standard_normal((40, 2))
    points = np.concatenate([random.uniform(-0.5, 1.5, (600, 2)), centres])
    expected = RBFInterpolator(centres, targets, kernel="thin_plate_spline")(points)
    spline = ThinPlateSpline(place + size * centres, place + size * targets)
    found = (spline(place + size * points) - place) / size
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found[600:], targets, rtol=0, atol=1e-9)


def test_affine_maps_are_exact() -> None:
    random = np.random.default_rng(1)
    centres, points = random.random((9, 2)), random.random((30, 2))
    matrix = np.array([[1.2, 0.3], [-0.1, 0.8]])
    found = ThinPlateSpline(centres, centres @ matrix + 5.0)(points)
    np.testing.assert_allclose(found, points @ matrix + 5.0, rtol=0, atol=1e-12)
