"""Conditioners: conditions to a Gaussian over all latents, p(z, h | condition)."""

from __future__ import annotations

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from simulgenvae.models.latents import LOG_SPREAD_RANGE, Gaussian


class ResidualLinear(nn.Module):
    """Pre-norm residual block: LayerNorm, linear, GELU, dropout, linear; ``[B, before]`` to ``[B, after]``."""

    def __init__(self, before: int, after: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(before)
        self.first, self.second = nn.Linear(before, after), nn.Linear(after, after)
        self.dropout = nn.Dropout(dropout)
        self.skip = nn.Identity() if before == after else nn.Linear(before, after)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.skip(x) + self.second(self.dropout(F.gelu(self.first(self.norm(x)))))
        return out


class MlpConditioner(nn.Module):
    """Residual multilayer perceptron from scaled parameters to mean and spread of all latents.

    Dropout grows linearly with depth up to ``dropout``. The raw parameters meet no normalisation layer. The spread
    is read from the features without shaping them: learning how wrong the mean is must not make the mean worse.
    """

    def __init__(self, parameters: int, filters: tuple[int, ...], latents: int, dropout: float) -> None:
        super().__init__()
        self.input = nn.Linear(parameters, filters[0])
        widths = (filters[0], *filters)
        depth = len(filters)
        self.blocks = nn.ModuleList(
            ResidualLinear(a, b, dropout * (k + 1) / depth) for k, (a, b) in enumerate(pairwise(widths))
        )
        self.mean = nn.Linear(filters[-1], latents)
        self.log_std = nn.Linear(filters[-1], latents)

    def forward(self, x: Tensor) -> Gaussian:
        """Scaled conditions ``[B, P]`` to a distribution over flat latents ``[B, D + L·d]``."""
        x = F.gelu(self.input(x))
        for block in self.blocks:
            x = block(x)
        return Gaussian(self.mean(x), self.log_std(x.detach()).clamp(*LOG_SPREAD_RANGE))
