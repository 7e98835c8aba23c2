"""Length scales that the modes of one field have in common."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from simulgenvae.baselines.gp import standardised
from simulgenvae.baselines.gp_prior import Posterior, related_hyperparameters
from simulgenvae.baselines.kernels import Kernel, Values, kernel_values
from simulgenvae.baselines.length_scale_groups import LengthScaleGroups
from simulgenvae.baselines.likelihood_search import Likelihood, LikelihoodSearch

LENGTHS = np.log([0.8, 3.0, 10.0])


def drawn(runs: int, modes: int, seed: int, shift: float = 0.0) -> tuple[Values, Values]:
    """Return squared distances ``[3, n, n]`` and draws ``[n, k]`` from processes.

    Scales of mode k are e^(shift·k) longer.
    """
    generator = np.random.default_rng(seed)
    x = generator.uniform(-1.7, 1.7, (runs, len(LENGTHS)))
    squared = LengthScaleGroups.of(x, 0).squared_distances(x, x)
    values = []
    for mode in range(modes):
        theta = np.concatenate([[0.0], LENGTHS + shift * mode, [0.0]])
        covariance = kernel_values("squared_exponential", squared, theta)[1] + 1e-6 * np.eye(runs)
        values.append(np.linalg.cholesky(covariance) @ generator.standard_normal(runs))
    return squared, np.stack(values, axis=1)


def likelihoods(squared: Values, values: Values) -> list[Likelihood]:
    return [Likelihood(squared, standardised(y), "squared_exponential") for y in values.T]


def distance(thetas: list[Values], shift: float = 0.0) -> float:
    """Mean distance of the logarithms of length scales from the true ones."""
    return float(
        np.mean([np.abs(theta[1:-1] - LENGTHS - shift * mode) for mode, theta in enumerate(thetas)])
    )


@settings(max_examples=20)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["matern52", "squared_exponential"]),
    st.one_of(st.none(), st.floats(-1, 1)),
)
def test_gradient(seed: int, kernel: Kernel, mean: float | None) -> None:
    generator = np.random.default_rng(seed)
    squared, values = drawn(8, 1, seed)
    ratios = generator.standard_normal(3)
    posterior = Posterior(
        Likelihood(squared, standardised(values[:, 0]), kernel), ratios - ratios.mean(), mean
    )
    theta = np.log([1.0, 1.0, 2.0, 3.0, 0.1]) + 0.3 * generator.standard_normal(5)
    numeric = approx_fprime(theta, lambda at: posterior(at)[0], 1e-6)
    np.testing.assert_allclose(posterior(theta)[1], numeric, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("shift", [0.0, -0.15])
def test_together_modes_say_more_than_alone(shift: float) -> None:
    alone, together = [], []
    for seed in range(3):
        found = likelihoods(*drawn(24, 6, seed, shift))
        search = LikelihoodSearch(3, 0)
        alone.append(distance([search(each, thorough=True)[0] for each in found], shift))
        together.append(distance(related_hyperparameters(found, 3, 4, 0), shift))
    assert np.mean(together) < 0.75 * np.mean(alone)


def test_many_runs_overrule_what_is_common() -> None:
    """One mode depends on another parameter than the rest."""
    generator = np.random.default_rng(0)
    x = generator.uniform(-1.7, 1.7, (60, 2))
    values = np.stack(
        [np.sin(2 * x[:, 0]), np.cos(2 * x[:, 0]), np.sin(3 * x[:, 0]), np.sin(2 * x[:, 1])], axis=1
    )
    *rest, last = related_hyperparameters(
        likelihoods(LengthScaleGroups.of(x, 0).squared_distances(x, x), values), 2, 3, 0
    )
    assert all(theta[1] < theta[2] for theta in rest)
    assert last[1] > last[2]


def test_fewer_modes_than_lead() -> None:
    found = related_hyperparameters(likelihoods(*drawn(12, 2, 0)), 3, 8, 0)
    assert len(found) == 2
    assert all(np.isfinite(theta).all() for theta in found)


def test_a_mode_that_varies_much_faster_than_the_one_before_is_not_noise() -> None:
    """Of a single parameter, of which there are no ratios of length scales."""
    x = np.random.default_rng(0).uniform(-1.7, 1.7, (24, 1))
    squared = LengthScaleGroups.of(x, 0).squared_distances(x, x)
    likelihood = Likelihood(squared, standardised(np.sin(7 * x[:, 0])), "matern52")
    own = LikelihoodSearch(1, 0)(likelihood, thorough=True)[0]
    noise = np.log([1e-3, np.exp(own[1]), 1.0])
    posterior = Posterior(likelihood, np.zeros(1), mean=own[1] + np.log(10.0))
    assert posterior(own)[0] < posterior(noise)[0]
    # A noisy mode may have the length scale of the one before, which costs nothing.
    assert posterior(own)[0] < likelihood(noise)[0]
