"""Convolutional network for pictures: a pre-activation ResNet (He et al. 2016) with
squeeze-and-excitation."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from simulgenvae.distributed.batch_shards import Dropout
from simulgenvae.models.blocks import Chain, Stem, group_norm

STEM_SIZE = 32
"""The stem halves the picture until it has at most so many pixels a side: cost hardly depends on
the resolution."""
GRID = 4
"""Features are averaged to so many cells a side: where something is matters, and any picture size
works."""
FEATURES = 128
"""Width of what comes out."""


def _conv(before: int, after: int, size: int, stride: int = 1) -> nn.Module:
    """Convolution whose largest singular value is kept at one (Miyato et al. 2018, spectral
    normalisation)."""
    return spectral_norm(nn.Conv2d(before, after, size, stride=stride, padding=size // 2))


class SqueezeExcitation(nn.Module):
    """Channels rescaled by what all of the picture says (Hu et al. 2018); ``[B, C, H, W]``."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(width, max(4, width // 4))
        self.excite = nn.Linear(max(4, width // 4), width)

    def forward(self, x: Tensor) -> Tensor:
        weight = torch.sigmoid(self.excite(F.silu(self.squeeze(x.mean((2, 3))))))
        return x * weight[:, :, None, None]


class SpatialAttention(nn.Module):
    """Places rescaled by the mean and the maximum of their channels (Woo et al. 2018, CBAM, §3.2);
    ``[B, C, H, W]``."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = _conv(2, 1, 7)

    def forward(self, x: Tensor) -> Tensor:
        summary = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], dim=1)
        out: Tensor = x * torch.sigmoid(self.conv(summary))
        return out


class ResidualImage(nn.Module):
    """GroupNorm, SiLU, convolution, twice, then squeeze-and-excitation, beside a skip
    connection."""

    def __init__(self, before: int, after: int, stride: int, attention: bool) -> None:
        super().__init__()
        self.norms = nn.ModuleList([group_norm(before), group_norm(after)])
        self.convs = nn.ModuleList([_conv(before, after, 3, stride), _conv(after, after, 3)])
        self.excitation = SqueezeExcitation(after)
        self.attention = SpatialAttention() if attention else nn.Identity()
        self.stride = stride
        self.skip = nn.Identity() if before == after else _conv(before, after, 1)

    def forward(self, x: Tensor) -> Tensor:
        residual = x
        for norm, conv in zip(self.norms, self.convs, strict=True):
            residual = conv(F.silu(norm(residual)))
        x = F.avg_pool2d(x, self.stride, ceil_mode=True) if self.stride > 1 else x
        out: Tensor = self.skip(x) + self.attention(self.excitation(residual))
        return out


class CnnEncoder(nn.Module):
    """Pictures ``[B, C, S, S]`` in 0 … 1 to features ``[B, FEATURES]``.

    Parameters
    ----------
    channels, size
        C and S.
    filters
        Widths; each block after the first halves the resolution.
    dropout
        Dropout rate of the features.
    attention
        Whether blocks have spatial attention.
    """

    def __init__(
        self, channels: int, size: int, filters: tuple[int, ...], dropout: float, attention: bool
    ) -> None:
        super().__init__()
        self.stem = Stem(channels, filters[0], max(1, math.ceil(math.log2(size / STEM_SIZE))))
        pairs = list(pairwise((filters[0], *filters)))
        self.blocks = Chain(
            ResidualImage(a, b, 1 if k == 0 else 2, attention) for k, (a, b) in enumerate(pairs)
        )
        self.norm = group_norm(filters[-1])
        self.pool = nn.AdaptiveAvgPool2d(GRID)
        self.dropout = Dropout(dropout)
        self.project = nn.Linear(filters[-1] * GRID**2, FEATURES)
        self.features = FEATURES

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.blocks(x)
        x = self.pool(F.silu(self.norm(x))).flatten(1)
        out: Tensor = F.silu(self.project(self.dropout(x)))
        return out
