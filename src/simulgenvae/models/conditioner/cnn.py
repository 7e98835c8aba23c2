"""Convolutional network for images: a pre-activation ResNet with squeeze-and-excitation.

Residual blocks as in He et al. 2016, "Identity mappings in deep residual networks".
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from simulgenvae.distributed.batch_shards import Dropout
from simulgenvae.models.blocks import Chain, Stem, group_norm
from simulgenvae.models.conditioner.base import FEATURES, GRID, ConditionEncoder, InputShape

if TYPE_CHECKING:
    from simulgenvae.settings import ConditionerSettings

STEM_SIZE = 32
"""Pixels a side down to which the stem halves an image: the cost hardly depends on the
resolution."""


def _conv(before: int, after: int, size: int, stride: int = 1) -> nn.Module:
    """Return a convolution whose largest singular value is kept at one.

    Spectral normalisation, Miyato et al. 2018.
    """
    return spectral_norm(nn.Conv2d(before, after, size, stride=stride, padding=size // 2))


class SqueezeExcitation(nn.Module):
    """Channels ``[B, C, H, W]`` rescaled by their means over the whole image (Hu et al. 2018)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(width, max(4, width // 4))
        self.excite = nn.Linear(max(4, width // 4), width)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` with rescaled channels."""
        # One number per channel, from 0 to 1, that depends on the whole image.
        weight = torch.sigmoid(self.excite(F.silu(self.squeeze(x.mean((2, 3))))))
        return x * weight[:, :, None, None]


class SpatialAttention(nn.Module):
    """Places of ``[B, C, H, W]`` rescaled by the mean and the maximum of their channels.

    Woo et al. 2018, "CBAM: convolutional block attention module", section 3.2.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv = _conv(2, 1, 7)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` with rescaled places."""
        summary = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], dim=1)
        out: Tensor = x * torch.sigmoid(self.conv(summary))
        return out


class ResidualImage(nn.Module):
    """Residual block: twice GroupNorm, SiLU and convolution, then squeeze-and-excitation."""

    def __init__(self, before: int, after: int, stride: int, attention: bool) -> None:
        super().__init__()
        self.norms = nn.ModuleList([group_norm(before), group_norm(after)])
        self.convs = nn.ModuleList([_conv(before, after, 3, stride), _conv(after, after, 3)])
        self.excitation = SqueezeExcitation(after)
        self.attention = SpatialAttention() if attention else nn.Identity()
        self.stride = stride
        self.skip = nn.Identity() if before == after else _conv(before, after, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the block of images ``[B, before, H, W]``."""
        residual = x
        for norm, conv in zip(self.norms, self.convs, strict=True):
            residual = conv(F.silu(norm(residual)))
        # The skip path is averaged where the residual path strides, so that their sizes agree.
        x = F.avg_pool2d(x, self.stride, ceil_mode=True) if self.stride > 1 else x
        out: Tensor = self.skip(x) + self.attention(self.excitation(residual))
        return out


class CnnEncoder(ConditionEncoder):
    """Network from images ``[B, C, S, S]``, 0 to 1, to features ``[B, FEATURES]``.

    Parameters
    ----------
    channels, size
        Channels C and pixels a side S.
    filters
        Widths of the blocks; each block after the first halves the resolution.
    dropout
        Dropout rate of the features.
    attention
        Whether blocks have spatial attention.
    """

    def __init__(
        self, channels: int, size: int, filters: tuple[int, ...], dropout: float, attention: bool
    ) -> None:
        super().__init__()
        # At least one halving, so that small images too are read by a strided convolution.
        self.stem = Stem(channels, filters[0], max(1, math.ceil(math.log2(size / STEM_SIZE))))
        pairs = pairwise((filters[0], *filters))
        self.blocks = Chain(
            ResidualImage(before, after, 1 if number == 0 else 2, attention)
            for number, (before, after) in enumerate(pairs)
        )
        self.norm = group_norm(filters[-1])
        self.pool = nn.AdaptiveAvgPool2d(GRID)
        self.dropout = Dropout(dropout)
        self.project = nn.Linear(filters[-1] * GRID**2, FEATURES)
        self.features = FEATURES

    def forward(self, x: Tensor) -> Tensor:
        """Return the features of images ``[B, C, S, S]``."""
        x = self.stem(x)
        x = self.blocks(x)
        x = self.pool(F.silu(self.norm(x))).flatten(1)
        out: Tensor = F.silu(self.project(self.dropout(x)))
        return out


def build(settings: ConditionerSettings, filters: tuple[int, ...], shape: InputShape) -> CnnEncoder:
    """Return the network for the images of designs, as the settings describe it."""
    assert shape.images is not None, "this network reads images"
    return CnnEncoder(
        shape.images.channels,
        shape.images.size,
        filters,
        settings.dropout,
        settings.spatial_attention,
    )
