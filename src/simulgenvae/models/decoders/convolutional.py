"""Decoder of the classic interface: convolutions over the timesteps of the data."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor, nn

from simulgenvae.models.blocks import ResidualConv
from simulgenvae.models.decoders.base import LatentDecoder
from simulgenvae.models.node_conv import NodeConv

if TYPE_CHECKING:
    from simulgenvae.models.latents import Latents
    from simulgenvae.settings import ModelSettings


class ConvolutionalDecoder(LatentDecoder):
    """1-D convolutions over the timesteps of the data, with the encoder's widths in reverse.

    Each level doubles the time resolution, adds its latent to every channel and convolves. The
    resolution is changed by linear interpolation to the exact length, so that any number of
    timesteps works. The last layer has no normalisation before it, so that amplitudes survive.

    Parameters
    ----------
    settings
        The group ``model`` of the settings.
    rank
        Number of coefficients at each time, r.
    timesteps
        Number of training times, T.
    """

    def __init__(self, settings: ModelSettings, rank: int, timesteps: int) -> None:
        super().__init__()
        # A level needs a width before and after it: a single filter is used as both.
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
        """Return the standardised coefficients of B runs at the training times, ``[B, T, r]``.

        See :meth:`LatentDecoder.forward`; ``times`` is not read.
        """
        x = self.start(latents.z).unflatten(1, self.start_shape)
        for level, (injection, block) in enumerate(zip(self.injections, self.blocks, strict=True)):
            # To the exact length, which need not be twice the one before.
            x = F.interpolate(x, self.lengths[level], mode="linear")
            x = block(x + injection(latents.h[:, level]).unsqueeze(-1))
        out: Tensor = self.output(x).transpose(1, 2)
        return out
