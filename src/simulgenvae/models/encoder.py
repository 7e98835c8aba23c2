"""Encoder: coefficients of one run over time to one feature vector for each latent."""

from __future__ import annotations

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from simulgenvae.models.blocks import ResidualConv
from simulgenvae.models.node_conv import NodeConv

TIME_BINS = 8
"""Time is averaged to so many bins before the linear layers: any number of timesteps gives the same
width."""


class Encoder(nn.Module):
    """1-D convolutions over time with decreasing widths; coarser level, longer view.

    Parameters
    ----------
    rank
        Coefficients per timestep, r.
    filters
        Decreasing widths.
    layers
        Convolutions per block.
    """

    def __init__(self, rank: int, filters: tuple[int, ...], layers: int) -> None:
        super().__init__()
        widths = (filters[0], *filters)
        self.input = NodeConv(rank, filters[0])
        self.blocks = nn.ModuleList(
            ResidualConv(before, after, layers) for before, after in pairwise(widths)
        )
        level_widths = (
            [filters[-1], *reversed(filters[:-1])] if len(filters) > 1 else [filters[0]] * 2
        )
        self.feature_dims = [width * TIME_BINS for width in level_widths]

    def forward(self, x: Tensor) -> list[Tensor]:
        """Coefficients ``[B, T, r]`` of order one to features for z, h_1, …, h_L (deepest first),
        ``[B, F_l]``."""
        x = self.input(x.transpose(1, 2))
        features = []
        for block in self.blocks:
            x = block(x)
            features.append(F.adaptive_avg_pool1d(x, TIME_BINS).flatten(1))
            if x.shape[-1] > TIME_BINS:
                x = F.avg_pool1d(x, 2, ceil_mode=True)
        if len(features) == 1:  # one filter: z and h_1 read the same block
            features *= 2
        return features[::-1]
