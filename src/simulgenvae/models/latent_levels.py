"""Levels of the latents: level 0 is the main latent z, level l is the hierarchical latent h_l."""

from __future__ import annotations

import torch
from torch import Tensor

from simulgenvae.models.latents import Gaussian, LatentHierarchy, Latents


def level_names(levels: int) -> tuple[str, ...]:
    """Return the names ``z, h_1, …, h_L`` of L hierarchical latents and the main one."""
    return ("z", *(f"h_{level}" for level in range(1, levels + 1)))


def level_values(latents: Latents, level: int) -> Tensor:
    """Return the latents of one level: ``[B, D]`` for z, ``[B, d]`` for the others."""
    return latents.z if level == 0 else latents.h[:, level - 1]


def with_level(latents: Latents, level: int, values: Tensor) -> Latents:
    """Return the same latents with other values of one level; all other levels stay the same."""
    if level == 0:
        return Latents(values, latents.h)
    # A copy: the latents that were given must not change.
    h = latents.h.clone()
    h[:, level - 1] = values
    return Latents(latents.z, h)


def level_priors(hierarchy: LatentHierarchy, latents: Latents) -> list[Gaussian]:
    """Return the prior of every level, given the levels above it in ``latents``.

    That of z is the standard normal distribution.
    """
    # The prior of each level reads all levels above it, so the context grows.
    context = latents.z
    priors = [Gaussian(torch.zeros_like(context), torch.zeros_like(context))]
    for level, network in enumerate(hierarchy.priors):
        priors.append(Gaussian.from_parameters(network(context)))
        context = torch.cat([context, latents.h[:, level]], 1)
    return priors
