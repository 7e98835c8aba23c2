"""Decoders: latents to standardised coefficients at given times. Two choices of one setting."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from simulgenvae.models.blocks import Modulated, ResidualConv
from simulgenvae.models.latents import Latents
from simulgenvae.models.node_conv import NodeConv
from simulgenvae.settings import ModelSettings


def build_decoder(
    settings: ModelSettings, rank: int, timesteps: int
) -> ModulatedDecoder | ConvolutionalDecoder:
    """The decoder that ``settings.decoder`` names, for ``rank`` coefficients at ``timesteps``
    training times."""
    if settings.decoder == "modulated":
        return ModulatedDecoder(settings, rank)
    return ConvolutionalDecoder(settings, rank, timesteps)


class ModulatedDecoder(nn.Module):
    """Latent-dependent time features, then linear layers that the latents modulate; continuous in
    time.

    Features are sin and cos of ω_k(z)·t + φ_k(z) with learned frequencies and phases: a warp of
    time of each run's own. What moves or rings faster in one design than in another then is smooth
    in the latents. Level l is modulated by z and h_l (FiLM, Perez et al. 2018). No normalisation
    anywhere: amplitudes survive.
    """

    continuous_in_time = True

    def __init__(self, settings: ModelSettings, rank: int) -> None:
        super().__init__()
        features, width = settings.time_features, settings.width
        context = settings.latent_dim + settings.hierarchical_dim
        # From an eighth of a period to four over the whole span, before the latents stretch it. On
        # the processor even where a model is assembled without memory: products there import
        # torch's compiler.
        self.frequency = nn.Parameter(torch.logspace(0, 1.5, features, device="cpu") * math.pi / 4)
        self.warp = nn.Linear(settings.latent_dim, 2 * features)
        self.levels, self.layers = settings.levels, settings.layers
        widths = [2 * features + 1] + [width] * (self.levels * self.layers)
        self.modulated = nn.ModuleList(Modulated(a, b, context) for a, b in pairwise(widths))
        self.output = nn.Linear(width, rank)

    def forward(self, latents: Latents, times: Tensor) -> Tensor:
        """Latents of B runs and normalised times ``[T]`` or ``[B, T]`` to standardised coefficients
        ``[B, T, r]``."""
        times = times.expand(latents.z.shape[0], -1).unsqueeze(
            -1
        )  # torch.export follows `shape`, not `len`
        stretch, phase = self.warp(latents.z).unsqueeze(1).chunk(2, dim=-1)
        angle = self.frequency * (1 + stretch) * times + phase
        x = torch.cat([angle.sin(), angle.cos(), times], dim=-1)
        for level in range(self.levels):
            context = torch.cat([latents.z, latents.h[:, level]], dim=1)
            for layer in range(self.layers):
                x = self.modulated[level * self.layers + layer](x, context)
        out: Tensor = self.output(x)
        return out


class ConvolutionalDecoder(nn.Module):
    """The documented decoder: 1-D convolutions over the timesteps of the data, widths of the
    encoder in reverse.

    Each level doubles the time resolution (linear interpolation to the exact length, so that any
    number of timesteps works), adds its latent to every channel and convolves. The last layer has
    no normalisation before it.
    """

    continuous_in_time = False

    def __init__(self, settings: ModelSettings, rank: int, timesteps: int) -> None:
        super().__init__()
        widths = settings.filters[::-1] if len(settings.filters) > 1 else settings.filters * 2
        self.lengths = [
            max(1, math.ceil(timesteps / 2**level)) for level in reversed(range(settings.levels))
        ]
        self.start_shape = (widths[0], max(1, math.ceil(timesteps / 2**settings.levels)))
        self.start = nn.Linear(settings.latent_dim, math.prod(self.start_shape))
        pairs = list(pairwise(widths))
        self.injections = nn.ModuleList(
            nn.Linear(settings.hierarchical_dim, before) for before, _ in pairs
        )
        self.blocks = nn.ModuleList(
            ResidualConv(before, after, settings.layers) for before, after in pairs
        )
        self.output = NodeConv(widths[-1], rank)

    def forward(self, latents: Latents, times: Tensor) -> Tensor:
        """Latents of B runs to standardised coefficients ``[B, T, r]`` at the training times;
        ``times`` is not read."""
        x = self.start(latents.z).unflatten(1, self.start_shape)
        for level, (injection, block) in enumerate(zip(self.injections, self.blocks, strict=True)):
            x = F.interpolate(x, self.lengths[level], mode="linear")
            x = block(x + injection(latents.h[:, level]).unsqueeze(-1))
        out: Tensor = self.output(x).transpose(1, 2)
        return out
