"""Levels one by one agree with the hierarchy as a whole."""

from __future__ import annotations

import pytest
import torch

from simulgenvae.models import Gaussian, Latents, kl_divergence
from simulgenvae.models.latent_levels import level_names, level_priors, level_values, with_level
from simulgenvae.models.latents import LatentHierarchy


@pytest.fixture
def hierarchy() -> LatentHierarchy:
    """Priors that depend on the levels above them; at the start of a training they do not."""
    torch.manual_seed(0)
    made = LatentHierarchy(latent_dim=4, hierarchical_dim=3, levels=2, feature_dims=[5, 6, 7])
    for weights in made.priors.parameters():
        torch.nn.init.normal_(weights, std=0.3)
    return made.requires_grad_(False)


def test_names_of_all_levels() -> None:
    assert level_names(2) == ("z", "h_1", "h_2")


def test_priors_are_those_of_the_posterior(hierarchy: LatentHierarchy) -> None:
    features = [torch.randn(8, width) for width in (5, 6, 7)]
    latents, kl, log_std = hierarchy.posterior(features, sample=False)
    for level, prior in enumerate(level_priors(hierarchy, latents)):
        posterior = Gaussian(level_values(latents, level), level_values(log_std, level))
        torch.testing.assert_close(kl_divergence(posterior, prior), kl[:, level])


@pytest.mark.parametrize("level", [0, 1, 2])
def test_one_level_is_replaced_and_the_others_stay(level: int) -> None:
    latents = Latents(torch.randn(5, 4), torch.randn(5, 2, 3))
    before = latents.flat().clone()
    new = torch.randn_like(level_values(latents, level))
    changed = with_level(latents, level, new)
    for other in range(3):
        torch.testing.assert_close(
            level_values(changed, other), new if other == level else level_values(latents, other)
        )
    torch.testing.assert_close(latents.flat(), before)
