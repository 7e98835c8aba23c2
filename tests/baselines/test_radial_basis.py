"""The interpolants are SciPy's, and leave-one-out errors are those of leaving one out."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator
from scipy.spatial.distance import cdist

from simulgenvae.baselines.pod_rbf import PodRbf
from simulgenvae.baselines.radial_basis import RadialBasis

RNG = np.random.default_rng(0)
X, NEW = RNG.normal(size=(14, 2)), RNG.normal(size=(5, 2))
Y = np.column_stack([np.sin(X[:, 0]), X[:, 0] * X[:, 1], RNG.normal(size=14)])


@pytest.mark.parametrize("choice", PodRbf.choices, ids=str)
def test_interpolants_are_those_of_scipy(choice: RadialBasis) -> None:
    expected = RBFInterpolator(X, Y, **asdict(choice))(NEW)
    assert choice.fit(X, Y)(NEW) == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize(
    "kernel", ["linear", "thin_plate_spline", "cubic", "multiquadric", "gaussian"]
)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_leave_one_out_is_what_it_says(kernel: str, smoothing: float) -> None:
    choice = RadialBasis(kernel, 1, 0.7, smoothing)
    expected = 0.0
    for row in range(len(X)):
        others = np.arange(len(X)) != row
        expected += float(np.square(choice.fit(X[others], Y[others])(X[[row]]) - Y[row]).sum())
    assert choice.leave_one_out(X, cdist(X, X), Y) == pytest.approx(expected, rel=1e-5)


def test_impossible_fits_have_infinite_error() -> None:
    twice, line = np.concatenate([X, X]), np.column_stack([X[:, 0], X[:, 0]])
    assert (
        RadialBasis("linear", 0, 1.0, 0.0).leave_one_out(
            twice, cdist(twice, twice), np.tile(Y, (2, 1))
        )
        == np.inf
    )
    assert RadialBasis("cubic", 1, 1.0, 0.0).leave_one_out(line, cdist(line, line), Y) == np.inf
    few = X[:3]
    assert RadialBasis("cubic", 1, 1.0, 0.1).leave_one_out(few, cdist(few, few), Y[:3]) == np.inf
    assert RadialBasis("cubic", 0, 1.0, 0.1).leave_one_out(few, cdist(few, few), Y[:3]) < np.inf


def test_a_point_without_which_the_others_lie_on_a_line_cannot_be_left_out() -> None:
    corner = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    for choice in PodRbf.choices:
        error = choice.leave_one_out(corner, cdist(corner, corner), Y[:4])
        assert np.isfinite(error) if choice.degree == 0 else error == np.inf
