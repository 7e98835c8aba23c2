"""Decoder that is a function of time: sines and cosines of time, modulated by the latents."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from simulgenvae.models.blocks import Modulated
from simulgenvae.models.decoders.base import LatentDecoder

if TYPE_CHECKING:
    from simulgenvae.models.latents import Latents
    from simulgenvae.settings import ModelSettings


class ModulatedDecoder(LatentDecoder):
    """Latent-dependent time features, then linear layers that the latents modulate.

    Features are sin and cos of ω_k(z)·t + φ_k(z) with learned frequencies and phases: each run has
    its own time axis. What moves or rings faster in one design than in another is then smooth
    in the latents. Layers of level l are modulated by z and h_l (FiLM, Perez et al. 2018). There is
    no normalisation, so that amplitudes survive.

    Parameters
    ----------
    settings
        The group ``model`` of the settings.
    rank
        Number of coefficients at each time, r.
    timesteps
        Number of training times; not needed, as the decoder is continuous in time.
    """

    def __init__(self, settings: ModelSettings, rank: int, timesteps: int) -> None:
        super().__init__()
        features = settings.time_features
        context = settings.latent_dim + settings.hierarchical_dim
        # From an eighth of a period to four over the whole span, before the latents stretch it. On
        # the processor even where a model is assembled without memory: products there import
        # torch's compiler.
        self.frequency = nn.Parameter(torch.logspace(0, 1.5, features, device="cpu") * math.pi / 4)
        self.warp = nn.Linear(settings.latent_dim, 2 * features)
        self.levels = settings.levels
        self.layers = settings.layers
        # The sine and cosine of each feature, and time itself.
        widths = [2 * features + 1] + [settings.width] * (self.levels * self.layers)
        self.modulated = nn.ModuleList(Modulated(a, b, context) for a, b in pairwise(widths))
        self.output = nn.Linear(settings.width, rank)

    def forward(self, latents: Latents, times: Tensor) -> Tensor:
        """Return the standardised coefficients of B runs, ``[B, T, r]``.

        See :meth:`LatentDecoder.forward`.
        """
        # `shape`, not `len`, which torch.export would take for a constant.
        times = times.expand(latents.z.shape[0], -1).unsqueeze(-1)
        stretch, phase = self.warp(latents.z).unsqueeze(1).chunk(2, dim=-1)
        angle = self.frequency * (1 + stretch) * times + phase
        # Time itself is a feature too: without it, a trend would need a very low frequency.
        x = torch.cat([angle.sin(), angle.cos(), times], dim=-1)
        for level in range(self.levels):
            context = torch.cat([latents.z, latents.h[:, level]], dim=1)
            for layer in range(self.layers):
                x = self.modulated[level * self.layers + layer](x, context)
        out: Tensor = self.output(x)
        return out
