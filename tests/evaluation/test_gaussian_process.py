"""Likelihood and prediction against their definitions, and the search for hyper-parameters."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import multivariate_normal
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from simulgenvae.evaluation.gaussian_process import Groups, Likelihood, LikelihoodSearch, Process, standardised

RNG = np.random.default_rng(0)
X, NEW = RNG.normal(size=(12, 3)), RNG.normal(size=(4, 3))
Y = 5 + np.sin(X[:, 0]) + X[:, 1] ** 2
THETA = np.log([2.0, 1.5, 0.7, 3.0, 0.01])


def test_process_and_likelihood_are_those_of_scikit_learn() -> None:
    kernel = ConstantKernel(2.0) * Matern([1.5, 0.7, 3.0], nu=2.5) + WhiteKernel(0.01)
    expected = GaussianProcessRegressor(kernel, alpha=1e-9, optimizer=None, normalize_y=True).fit(X, Y)
    groups = Groups.of(X, 0)
    assert Process(groups, THETA, X, Y, groups.squared_distances(X, X)).predict(NEW) == pytest.approx(
        expected.predict(NEW)
    )
    value, _ = Likelihood(groups.squared_distances(X, X), standardised(Y))(THETA)
    assert value == pytest.approx(-expected.log_marginal_likelihood_value_)


@pytest.mark.parametrize("shared", [0, 2, 3])
def test_gradient_of_the_likelihood(shared: int) -> None:
    likelihood = Likelihood(Groups.of(X, shared).squared_distances(X, X), standardised(Y))
    theta = np.log([2.0, *[1.5, 0.7, 3.0][: 4 - shared if shared else 3], 0.01])
    numerical = approx_fprime(theta, lambda point: likelihood(point)[0], 1e-6)
    assert likelihood(theta)[1] == pytest.approx(numerical, rel=1e-3, abs=1e-4)


def test_shared_columns_have_one_length_in_units_of_their_spread() -> None:
    groups = Groups.of(X, 2)
    squared = groups.squared_distances(NEW, X)
    assert squared.shape == (2, 4, 12)
    expected = np.square(NEW[:, None, 1:] - X[:, 1:]).sum(axis=-1) / X[:, 1:].var(axis=0).sum()
    assert squared[1] == pytest.approx(expected)
    assert squared[0] == pytest.approx(np.square(NEW[:, None, 0] - X[:, 0]))


def test_likelihood_is_the_density_of_the_data() -> None:
    groups = Groups.of(X, 3)
    nearly_noise = np.log([1e-12, 1.0, 0.5])
    expected = -multivariate_normal(np.zeros(12), 0.5).logpdf(Y)
    assert Likelihood(groups.squared_distances(X, X), Y)(nearly_noise)[0] == pytest.approx(expected)


def test_equal_values_are_predicted() -> None:
    groups = Groups.of(X, 0)
    process = Process(groups, THETA, X, np.full(12, 7.0), groups.squared_distances(X, X))
    assert process.predict(NEW) == pytest.approx(np.full(4, 7.0))


POOR, GOOD = np.log([1.0, 2.0, 1e-2]), np.array([0.0, -0.8, -12.0])  # amplitude, length scale, noise; POOR is usual


def two_wells(point: np.ndarray) -> tuple[float, np.ndarray]:
    """Squared distance to the nearer of a shallow and a deep minimum."""
    values = [float(np.sum((point - POOR) ** 2)) + 1, float(np.sum((point - GOOD) ** 2))]
    slope = 2 * (point - (POOR if values[0] < values[1] else GOOD))
    return min(values), slope


def test_search_leaves_a_poor_maximum() -> None:
    search = LikelihoodSearch(groups=1, seed=0)
    assert search(two_wells, thorough=False)[0] == pytest.approx(POOR)
    assert search(two_wells, thorough=True)[0] == pytest.approx(GOOD, abs=1e-6)  # from a random candidate
    assert search(two_wells, thorough=False)[0] == pytest.approx(GOOD, abs=1e-6)  # from the search before
