"""Latent hierarchy p(z) p(h_1|z) … p(h_L|z, h_<L): priors, posteriors and their divergence.

Posteriors are residuals of the priors, q(h_l) = N(μ_p + σ_p Δμ, σ_p Δσ), so that a level which the
encoder has nothing to say about costs nothing (after Vahdat & Kautz 2020, "NVAE", section 3.2,
whose shift is Δμ itself). Divergences of diagonal Gaussians have a closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from simulgenvae.distributed.batch_shards import draw_random

LOG_STD_RANGE = (-8.0, 4.0)
"""Range in which logarithms of standard deviations are kept. Beyond it, exp() overflows in single
precision or its gradient vanishes."""


@dataclass(frozen=True)
class Gaussian:
    """Diagonal normal distribution: ``mean`` and ``log_std``, both ``[..., D]``."""

    mean: Tensor
    log_std: Tensor

    @classmethod
    def from_parameters(cls, parameters: Tensor) -> Gaussian:
        """Return the distribution that a layer's output ``[..., 2D]`` describes."""
        # In single precision: bfloat16 is too coarse for exp().
        mean, log_std = parameters.float().chunk(2, dim=-1)
        return cls(mean, log_std.clamp(*LOG_STD_RANGE))

    def shifted(self, residual: Gaussian) -> Gaussian:
        """Return this distribution moved by ``residual``, in units of its standard deviation."""
        mean = self.mean + self.log_std.exp() * residual.mean
        return Gaussian(mean, (self.log_std + residual.log_std).clamp(*LOG_STD_RANGE))

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Return a reparameterised sample of the same shape as ``mean``."""
        mean = self.mean
        like: dict[str, Any] = {"generator": generator, "device": mean.device, "dtype": mean.dtype}
        # The noise of a whole batch is drawn on every rank, so that it does not depend on their
        # number.
        noise = draw_random(lambda runs: torch.randn(runs, *mean.shape[1:], **like), len(mean))
        return mean + self.log_std.exp() * noise


def kl_divergence(q: Gaussian, p: Gaussian) -> Tensor:
    """Return KL(q ‖ p), summed over the last dimension, in nats.

    It is 0.5·Σ(Δμ²/σ_p² + s - log s - 1) with s = σ_q²/σ_p².
    """
    # expm1 keeps the difference s - log s - 1 exact where q and p are nearly the same.
    log_ratio = 2 * (q.log_std - p.log_std)
    distance = ((q.mean - p.mean) * (-p.log_std).exp()).square()
    return 0.5 * (distance + torch.expm1(log_ratio) - log_ratio).sum(-1)


@dataclass(frozen=True)
class Latents:
    """Latents of B runs: main ``z`` ``[B, D]`` and hierarchical ``h`` ``[B, L, d]``."""

    z: Tensor
    h: Tensor

    def __getitem__(self, runs: slice) -> Latents:
        """Return the latents of some of the runs."""
        return Latents(self.z[runs], self.h[runs])

    def flat(self) -> Tensor:
        """Return all latents of each run in a row, ``[B, D + L·d]``."""
        return torch.cat([self.z, self.h.flatten(1)], dim=1)


class LatentHierarchy(nn.Module):
    """Priors of all levels, and posteriors as their residuals.

    Parameters
    ----------
    latent_dim, hierarchical_dim, levels
        Sizes D, d and number L of hierarchical latents.
    feature_dims
        Widths of the encoder's features for z and for h_1 … h_L.
    """

    def __init__(
        self, latent_dim: int, hierarchical_dim: int, levels: int, feature_dims: list[int]
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.hierarchical_dim = hierarchical_dim
        self.levels = levels
        self.width = latent_dim + levels * hierarchical_dim
        # Each level depends on z and on all levels above it.
        above = [latent_dim + level * hierarchical_dim for level in range(levels)]
        self.main = nn.Linear(feature_dims[0], 2 * latent_dim)
        self.priors = nn.ModuleList(_prior(width, hierarchical_dim) for width in above)
        self.residuals = nn.ModuleList(
            nn.Linear(features + width, 2 * hierarchical_dim)
            for features, width in zip(feature_dims[1:], above, strict=True)
        )

    def posterior(
        self, features: list[Tensor], *, sample: bool, generator: torch.Generator | None = None
    ) -> tuple[Latents, Tensor, Latents]:
        """Return the posterior of runs, given the encoder's features.

        Parameters
        ----------
        features
            Features for z and for h_1 … h_L, each ``[B, F_l]``.
        sample
            Whether latents are samples of the posterior, or its means.
        generator
            Source of the samples; torch's own where it is None.

        Returns
        -------
        latents
            Samples or means.
        kl
            Divergence of every level from its prior, ``[B, 1 + L]``, z first.
        log_std
            Logarithms of the standard deviations, in the shape of latents.
        """
        q = Gaussian.from_parameters(self.main(features[0]))
        standard = Gaussian(torch.zeros_like(q.mean), torch.zeros_like(q.log_std))
        kl = [kl_divergence(q, standard)]
        log_std = [q.log_std]
        z = q.sample(generator) if sample else q.mean
        context = z
        # From the top level down: each level is conditioned on the samples of all levels above.
        h = []
        for prior_net, residual_net, feature in zip(
            self.priors, self.residuals, features[1:], strict=True
        ):
            prior = Gaussian.from_parameters(prior_net(context))
            q = prior.shifted(
                Gaussian.from_parameters(residual_net(torch.cat([feature, context], 1)))
            )
            h.append(q.sample(generator) if sample else q.mean)
            kl.append(kl_divergence(q, prior))
            log_std.append(q.log_std)
            context = torch.cat([context, h[-1]], 1)
        return (
            Latents(z, torch.stack(h, 1)),
            torch.stack(kl, 1),
            Latents(log_std[0], torch.stack(log_std[1:], 1)),
        )

    def prior_sample(self, count: int, generator: torch.Generator | None = None) -> Latents:
        """Return ``count`` independent samples of the learned prior."""
        weight = self.main.weight
        z = torch.randn(
            count, self.latent_dim, generator=generator, device=weight.device, dtype=weight.dtype
        )
        context = z
        h = []
        for prior_net in self.priors:
            h.append(Gaussian.from_parameters(prior_net(context)).sample(generator))
            context = torch.cat([context, h[-1]], 1)
        return Latents(z, torch.stack(h, 1))


def _prior(width: int, hierarchical_dim: int) -> nn.Module:
    """Return a network from the latents above a level to the parameters of its prior."""
    last = nn.Linear(64, 2 * hierarchical_dim)
    # With zeros, training starts with the standard normal distribution as the prior.
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(width, 64), nn.GELU(), last)
