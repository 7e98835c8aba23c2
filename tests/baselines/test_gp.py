"""Likelihood and prediction against their definitions, and the search for hyper-parameters."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import multivariate_normal
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel

from simulgenvae.baselines import gp
from simulgenvae.baselines.gp import GaussianProcess, standardised
from simulgenvae.baselines.kernels import Kernel, kernel_values
from simulgenvae.baselines.length_scale_groups import LengthScaleGroups
from simulgenvae.baselines.likelihood_search import Likelihood, LikelihoodSearch

RNG = np.random.default_rng(0)
X, NEW = RNG.normal(size=(12, 3)), RNG.normal(size=(4, 3))
Y = 5 + np.sin(X[:, 0]) + X[:, 1] ** 2
THETA = np.log([2.0, 1.5, 0.7, 3.0, 0.01])


def test_process_and_likelihood_are_those_of_scikit_learn() -> None:
    kernel = ConstantKernel(2.0) * Matern([1.5, 0.7, 3.0], nu=2.5) + WhiteKernel(0.01)
    expected = GaussianProcessRegressor(kernel, alpha=1e-9, optimizer=None, normalize_y=True).fit(
        X, Y
    )
    groups = LengthScaleGroups.of(X, 0)
    process = GaussianProcess.learn(groups.squared_distances(X, X), Y, THETA)
    assert process.predict(groups.squared_distances(NEW, X)) == pytest.approx(expected.predict(NEW))
    value, _ = Likelihood(groups.squared_distances(X, X), standardised(Y))(THETA)
    assert value == pytest.approx(-expected.log_marginal_likelihood_value_)


@pytest.mark.parametrize("shared", [0, 2, 3])
def test_gradient_of_the_likelihood(shared: int) -> None:
    likelihood = Likelihood(
        LengthScaleGroups.of(X, shared).squared_distances(X, X), standardised(Y)
    )
    theta = np.log([2.0, *[1.5, 0.7, 3.0][: 4 - shared if shared else 3], 0.01])
    numerical = approx_fprime(theta, lambda point: likelihood(point)[0], 1e-6)
    assert likelihood(theta)[1] == pytest.approx(numerical, rel=1e-3, abs=1e-4)


def test_shared_columns_have_one_length_in_units_of_their_spread() -> None:
    groups = LengthScaleGroups.of(X, 2)
    squared = groups.squared_distances(NEW, X)
    assert squared.shape == (2, 4, 12)
    expected = np.square(NEW[:, None, 1:] - X[:, 1:]).sum(axis=-1) / X[:, 1:].var(axis=0).sum()
    assert squared[1] == pytest.approx(expected)
    assert squared[0] == pytest.approx(np.square(NEW[:, None, 0] - X[:, 0]))


def test_likelihood_is_the_density_of_the_data() -> None:
    groups = LengthScaleGroups.of(X, 3)
    nearly_noise = np.log([1e-12, 1.0, 0.5])
    expected = -multivariate_normal(np.zeros(12), 0.5).logpdf(Y)
    assert Likelihood(groups.squared_distances(X, X), Y)(nearly_noise)[0] == pytest.approx(expected)


def test_equal_values_are_predicted() -> None:
    groups = LengthScaleGroups.of(X, 0)
    process = GaussianProcess.learn(groups.squared_distances(X, X), np.full(12, 7.0), THETA)
    assert process.predict(groups.squared_distances(NEW, X)) == pytest.approx(np.full(4, 7.0))


POOR, GOOD = (
    np.log([1.0, 2.0, 1e-2]),
    np.array([0.0, -0.8, -12.0]),
)  # amplitude, length scale, noise; POOR is usual


def two_wells(point: np.ndarray) -> tuple[float, np.ndarray]:
    """Squared distance to the nearer of a shallow and a deep minimum."""
    values = [float(np.sum((point - POOR) ** 2)) + 1, float(np.sum((point - GOOD) ** 2))]
    slope = 2 * (point - (POOR if values[0] < values[1] else GOOD))
    return min(values), slope


def test_search_leaves_a_poor_maximum() -> None:
    search = LikelihoodSearch(groups=1, seed=0)
    assert search(two_wells, thorough=False)[0] == pytest.approx(POOR)
    assert search(two_wells, thorough=True)[0] == pytest.approx(
        GOOD, abs=1e-6
    )  # from a random candidate
    assert search(two_wells, thorough=False)[0] == pytest.approx(
        GOOD, abs=1e-6
    )  # from the search before


KERNELS = ("matern52", "squared_exponential")


@pytest.mark.parametrize("kernel", KERNELS)
def test_leave_one_out_is_what_it_says(kernel: Kernel) -> None:
    """Against leaving each point out, with the same hyper-parameters, mean and scale."""
    groups, theta = LengthScaleGroups.of(X, 0), np.log([2.0, 1.5, 0.7, 3.0, 0.05])
    training = groups.squared_distances(X, X)
    process = GaussianProcess.learn(training, Y, theta, kernel)
    wrong, left = process.leave_one_out(process.factor(training))
    for row in range(len(X)):
        others = np.arange(len(X)) != row
        among = training[:, others][:, :, others]
        to_others = training[:, [row]][:, :, others]
        covariance, across = (
            2.0 * kernel_values(kernel, each, theta)[1] for each in (among, to_others)
        )
        weights = np.linalg.solve(covariance + (0.05 + 1e-9) * np.eye(len(X) - 1), across[0])
        standard = (Y - Y.mean()) / Y.std()
        assert wrong[row] == pytest.approx(
            Y.std() * (standard[row] - weights @ standard[others]), rel=1e-6
        )
        assert left[row] == pytest.approx(1 - weights @ across[0] / 2.0, rel=1e-6)
        without = GaussianProcess.learn(among, Y[others], theta, kernel)
        expected = without.relative_posterior_variance(without.factor(among), to_others)
        assert left[row] == pytest.approx(expected[0], rel=1e-6)


@pytest.mark.parametrize("kernel", KERNELS)
def test_relative_posterior_variance_is_that_of_scikit_learn(kernel: Kernel) -> None:
    groups = LengthScaleGroups.of(X, 0)
    training, across = groups.squared_distances(X, X), groups.squared_distances(NEW, X)
    process = GaussianProcess.learn(training, Y, THETA, kernel)
    lengths = [1.5, 0.7, 3.0]
    shape = RBF(lengths) if kernel == "squared_exponential" else Matern(lengths, nu=2.5)
    expected = GaussianProcessRegressor(
        ConstantKernel(2.0) * shape, alpha=0.01 + 1e-9, optimizer=None
    ).fit(X, Y)
    std = expected.predict(NEW, return_std=True)[1]
    assert process.relative_posterior_variance(process.factor(training), across) == pytest.approx(
        std**2 / 2.0, rel=1e-6
    )
    assert process.deviation(process.factor(training), across) == pytest.approx(
        Y.std() * np.sqrt(std**2 + 0.01), rel=1e-6
    )


def test_relative_posterior_variance_goes_from_zero_at_learned_points_to_one() -> None:
    groups, theta = LengthScaleGroups.of(X, 0), np.log([2.0, 1.5, 0.7, 3.0, 1e-8])
    training = groups.squared_distances(X, X)
    process = GaussianProcess.learn(training, Y, theta)
    assert process.relative_posterior_variance(process.factor(training), training) == pytest.approx(
        np.zeros(12), abs=1e-6
    )
    way = X[:1] + np.linspace(0, 100, 20)[:, None] * (X[0] - X.mean(axis=0))
    left = process.relative_posterior_variance(
        process.factor(training), groups.squared_distances(way, X)
    )
    assert (np.diff(left) >= -1e-9).all()
    assert left[-1] == pytest.approx(1.0)


def test_noise_leaves_variance_at_learned_points() -> None:
    """One point alone: noise / (variance + noise) of the prior variance is left."""
    process = GaussianProcess.learn(np.zeros((1, 1, 1)), np.ones(1), np.log([2.0, 1.0, 0.5]))
    there = np.zeros((1, 1, 1))
    left = process.relative_posterior_variance(process.factor(there), there)
    assert left == pytest.approx(0.2)


@pytest.mark.parametrize("kernel", KERNELS)
def test_inducing_points_at_all_points_are_the_process_itself(kernel: Kernel) -> None:
    groups = LengthScaleGroups.of(X, 0)
    training, across = groups.squared_distances(X, X), groups.squared_distances(NEW, X)
    whole = GaussianProcess.learn(training, Y, THETA, kernel)
    sparse = GaussianProcess.learn_sparse(groups, X, X, Y, THETA, kernel)
    assert sparse.predict(across) == pytest.approx(whole.predict(across), rel=1e-6)
    assert np.array_equal(
        sparse.deviation(sparse.factor(training), across),
        whole.deviation(whole.factor(training), across),
    )


def test_many_points_are_learned_through_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gp, "_BLOCK_POINTS", 64)
    x = np.random.default_rng(1).uniform(-2, 2, (300, 1))
    y = np.sin(3 * x[:, 0]) + 0.1 * np.random.default_rng(2).normal(size=300)
    groups, theta = LengthScaleGroups.of(x, 0), np.log([1.0, 0.6, 0.02])
    design = np.linspace(-1.9, 1.9, 50)[:, None]
    sparse = GaussianProcess.learn_sparse(groups, x[:40], x, y, theta)
    found = sparse.predict(groups.squared_distances(design, x[:40]))
    whole = GaussianProcess.learn(groups.squared_distances(x, x), y, theta)
    expected = whole.predict(groups.squared_distances(design, x))
    assert np.abs(found - expected).max() < 0.01
    few = GaussianProcess.learn(groups.squared_distances(x[:40], x[:40]), y[:40], theta)
    error = few.predict(groups.squared_distances(design, x[:40])) - expected
    assert np.abs(error).max() > 0.05, "all points count, not only the inducing ones"


def test_several_functions_at_once() -> None:
    """Linear in the values: what both add up to is predicted as the sum of both predictions."""
    groups, first, second = LengthScaleGroups.of(X, 0), Y - Y.mean(), X[:, 0] - X[:, 0].mean()
    training, across = groups.squared_distances(X, X), groups.squared_distances(NEW, X)
    both = GaussianProcess.learn(training, np.column_stack([first, second]), THETA).predict(across)
    assert both[:, 0] == pytest.approx(
        GaussianProcess.learn(training, first, THETA).predict(across)
    )
    assert both[:, 1] == pytest.approx(
        GaussianProcess.learn(training, second, THETA).predict(across)
    )


def test_a_category_has_one_length_scale_and_two_distances() -> None:
    x = np.column_stack([np.arange(4.0), np.eye(4)[[0, 1, 2, 0], :3]])
    groups = LengthScaleGroups.of(x, 0, (1, 3))
    squared = groups.squared_distances(x, x)
    assert squared.shape == (2, 4, 4)
    assert squared[0].tolist() == np.square(x[:, :1] - x[:, :1].T).tolist()
    different = ~np.equal.outer([0, 1, 2, 0], [0, 1, 2, 0])
    assert np.allclose(squared[1], 2.0 * different)
