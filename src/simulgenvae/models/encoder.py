"""Encoder: from the coefficients of a run over time to one feature vector for each latent."""

from __future__ import annotations

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from simulgenvae.models.blocks import ResidualConv
from simulgenvae.models.node_conv import NodeConv

TIME_BINS = 8
"""Bins that time is averaged to before the linear layers, so that any number of timesteps gives the
same number of features."""


class Encoder(nn.Module):
    """1-D convolutions over time with decreasing widths, each over coarser timesteps.

    Parameters
    ----------
    rank
        Coefficients per timestep, r.
    filters
        Widths of the blocks, decreasing.
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
        # z reads the last block, h_1 the one before it, and so on: from coarse times to fine ones.
        level_widths = (
            [filters[-1], *reversed(filters[:-1])] if len(filters) > 1 else [filters[0]] * 2
        )
        self.feature_dims = [width * TIME_BINS for width in level_widths]

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return features ``[B, F_l]`` for z, h_1, …, h_L from coefficients ``[B, T, r]``.

        The coefficients should be of order one. The last block, which sees the longest times, gives
        the features of z.
        """
        x = self.input(x.transpose(1, 2))
        features = []
        for block in self.blocks:
            x = block(x)
            # Features are read from the fine times, before these are averaged for the next block.
            features.append(F.adaptive_avg_pool1d(x, TIME_BINS).flatten(1))
            if x.shape[-1] > TIME_BINS:
                x = F.avg_pool1d(x, 2, ceil_mode=True)
        # With a single filter, z and h_1 read the same block.
        if len(features) == 1:
            features *= 2
        return features[::-1]
