"""Kernels against other implementations, and their slopes against differences."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.gaussian_process.kernels import RBF, Matern

from simulgenvae.baselines.kernels import Kernel, kernel_values

RNG = np.random.default_rng(0)
X, NEW = RNG.normal(size=(7, 2)), RNG.normal(size=(4, 2))
SQUARED = np.stack([np.square(NEW[:, k, None] - X[:, k]) for k in range(2)])
THETA = np.log([3.0, 0.7, 1.9, 0.1])
KERNELS: tuple[Kernel, ...] = ("matern52", "squared_exponential")


def _entry(kernel: Kernel, row: int, column: int, at: np.ndarray) -> float:
    return kernel_values(kernel, SQUARED, at)[1][row, column]


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [("matern52", Matern([0.7, 1.9], nu=2.5)), (KERNELS[1], RBF([0.7, 1.9]))],
)
def test_kernels_are_those_of_scikit_learn(kernel: Kernel, expected: RBF) -> None:
    parts, value, _ = kernel_values(kernel, SQUARED, THETA)
    assert value == pytest.approx(expected(NEW, X))
    assert parts == pytest.approx(SQUARED / np.square([0.7, 1.9])[:, None, None])


@pytest.mark.parametrize("kernel", KERNELS)
def test_slopes_are_derivatives_by_the_logarithms_of_lengths(kernel: Kernel) -> None:
    parts, _, slope = kernel_values(kernel, SQUARED, THETA)
    for row, column in [(0, 0), (3, 5)]:
        entry = partial(_entry, kernel, row, column)
        found = approx_fprime(THETA, entry, 1e-7)
        expected = [0.0, *(parts[:, row, column] * slope[row, column]), 0.0]
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("kernel", KERNELS)
def test_kernels_are_one_at_no_distance_and_nothing_far_away(kernel: Kernel) -> None:
    at = np.array([[[0.0, 1e6]], [[0.0, 0.0]]])
    _, value, slope = kernel_values(kernel, at, THETA)
    assert value == pytest.approx(np.array([[1.0, 0.0]]))
    assert np.isfinite(slope).all()
