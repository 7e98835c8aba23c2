from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.distributions import Normal, kl

from simulgenvae.models.latents import (
    LOG_STD_RANGE,
    Gaussian,
    LatentHierarchy,
    Latents,
    kl_divergence,
)

means = st.floats(-10, 10, width=32)
log_stds = st.floats(*LOG_STD_RANGE, width=32)
gaussians = st.lists(st.tuples(means, log_stds), min_size=3, max_size=3)


def _gaussian(parameters: list[tuple[float, float]]) -> Gaussian:
    mean, log_std = torch.tensor(parameters).T
    return Gaussian(mean, log_std)


def _hierarchy(levels: int = 3) -> LatentHierarchy:
    torch.manual_seed(0)
    return LatentHierarchy(
        latent_dim=4, hierarchical_dim=2, levels=levels, feature_dims=[5] * (levels + 1)
    )


@given(q=gaussians, p=gaussians)
def test_divergence_is_that_of_torch_and_never_negative(
    q: list[tuple[float, float]], p: list[tuple[float, float]]
) -> None:
    first, second = _gaussian(q), _gaussian(p)
    divergence = kl_divergence(first, second)
    exact = kl.kl_divergence(
        *(Normal(each.mean.double(), each.log_std.double().exp()) for each in (first, second))
    ).sum()
    torch.testing.assert_close(divergence.double(), exact, rtol=1e-4, atol=1e-4)
    assert divergence >= 0


@given(q=gaussians)
def test_divergence_is_zero_only_for_equals(q: list[tuple[float, float]]) -> None:
    this = _gaussian(q)
    assert kl_divergence(this, this) == 0
    assert kl_divergence(this, Gaussian(this.mean + 0.1 * this.log_std.exp(), this.log_std)) > 0
    assert kl_divergence(this, Gaussian(this.mean, this.log_std + 0.1)) > 0


@pytest.mark.parametrize("change", [1e-5, 1e-4, 1e-3, -1e-4])
def test_divergence_of_nearly_equal_spreads_is_exact(change: float) -> None:
    """exp(x) - x - 1 would be nothing but rounding errors there, half of them negative."""
    p, q = (Gaussian(torch.zeros(1), torch.full((1,), value)) for value in (0.0, change))
    x = 2 * change
    expected = 0.5 * (x**2 / 2 + x**3 / 6)
    assert kl_divergence(q, p).item() == pytest.approx(expected, rel=0.01, abs=2e-7 * abs(x))


def test_samples_have_mean_and_spread() -> None:
    this = Gaussian(
        torch.tensor([3.0, -1.0]).expand(20000, 2), torch.tensor([0.5, -2.0]).expand(20000, 2)
    )
    sample = this.sample(torch.Generator().manual_seed(0))
    torch.testing.assert_close(sample.mean(0), this.mean[0], atol=0.05, rtol=0)
    torch.testing.assert_close(sample.std(0).log(), this.log_std[0], atol=0.03, rtol=0)


def test_spreads_stay_in_their_range() -> None:
    huge = Gaussian.from_parameters(torch.tensor([[0.0, 0.0, 1e9, -1e9]]))
    assert huge.log_std.tolist() == [[LOG_STD_RANGE[1], LOG_STD_RANGE[0]]]
    assert huge.shifted(huge).log_std.tolist() == [[LOG_STD_RANGE[1], LOG_STD_RANGE[0]]]


def test_a_posterior_that_equals_the_prior_costs_nothing() -> None:
    hierarchy = _hierarchy()
    for parameter in (*hierarchy.main.parameters(), *hierarchy.residuals.parameters()):
        torch.nn.init.zeros_(parameter)
    features = [torch.randn(6, 5) for _ in range(4)]
    _, divergence, _ = hierarchy.posterior(features, sample=True)
    assert divergence.shape == (6, 4)
    assert (divergence == 0).all()


def test_shapes_and_determinism() -> None:
    hierarchy = _hierarchy()
    features = [torch.randn(6, 5) for _ in range(4)]
    latents, divergence, log_std = hierarchy.posterior(features, sample=False)
    assert latents.z.shape == log_std.z.shape == (6, 4)
    assert latents.h.shape == log_std.h.shape == (6, 3, 2)
    assert latents.flat().shape == (6, 10)
    assert (divergence > 0).all()
    again = hierarchy.posterior(features, sample=False)[0]
    assert torch.equal(latents.flat(), again.flat())
    sampled = hierarchy.posterior(features, sample=True)[0]
    assert (sampled.flat() != latents.flat()).all()
    first, second = (
        hierarchy.posterior(features, sample=True, generator=torch.Generator().manual_seed(7))[0]
        for _ in range(2)
    )
    assert torch.equal(first.flat(), second.flat())


def test_divergence_of_a_level_is_that_of_its_posterior_given_the_levels_above() -> None:
    """Recomputed from samples: the mean log ratio of densities."""
    hierarchy = _hierarchy(levels=1)
    for module in hierarchy.priors:
        assert isinstance(module, nn.Sequential)
        nn.init.normal_(module[-1].get_parameter("weight"), std=0.3)
    features = [torch.randn(1, 5) for _ in range(2)]
    latents, divergence, log_std = hierarchy.posterior(features, sample=False)
    prior = Gaussian.from_parameters(hierarchy.priors[0](latents.z))
    q = Normal(latents.h[0, 0].double(), log_std.h[0, 0].double().exp())
    p = Normal(prior.mean[0].double(), prior.log_std[0].double().exp())
    torch.testing.assert_close(
        divergence[0, 1].double(), kl.kl_divergence(q, p).sum(), rtol=1e-4, atol=1e-5
    )


def test_prior_samples_start_as_standard_normals() -> None:
    latents = _hierarchy().prior_sample(5000, torch.Generator().manual_seed(0))
    assert isinstance(latents, Latents)
    assert latents.h.shape == (5000, 3, 2)
    torch.testing.assert_close(latents.flat().mean(0), torch.zeros(10), atol=0.06, rtol=0)
    torch.testing.assert_close(latents.flat().std(0), torch.ones(10), atol=0.06, rtol=0)


@pytest.mark.parametrize("levels", [1, 2, 4])
def test_every_level_above_shapes_the_prior_below(levels: int) -> None:
    """p(h_l | z, h_<l): the prior of the last level depends on all latents above it."""
    hierarchy = _hierarchy(levels)
    for module in hierarchy.priors:
        assert isinstance(module, nn.Sequential)
        nn.init.normal_(module[-1].get_parameter("weight"), std=0.3)
    above = torch.randn(1, 4 + 2 * (levels - 1), requires_grad=True)
    Gaussian.from_parameters(hierarchy.priors[-1](above)).mean.sum().backward()
    assert above.grad is not None
    assert (above.grad != 0).all()
