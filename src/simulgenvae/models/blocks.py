"""Building blocks that several networks share."""

from __future__ import annotations

from itertools import pairwise
from math import gcd
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable


def maybe_recomputed(function: Callable[..., Any], *inputs: Any, recompute: bool) -> Any:
    """Return ``function(*inputs)``, with less memory for its gradient where ``recompute`` is set.

    Activations are then computed again in the backward pass instead of held (Chen et al. 2016,
    "Training deep nets with sublinear memory cost").
    """
    # Without gradients nothing is held anyway, and a checkpoint would only warn.
    if recompute and torch.is_grad_enabled():
        return checkpoint(function, *inputs, use_reentrant=False)
    return function(*inputs)


class Chain(nn.ModuleList):
    """Blocks one after another."""

    recompute = False
    """True if the activations of each block are computed again in the backward pass."""

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` after all blocks, each applied to the output of the one before."""
        for block in self:
            x = maybe_recomputed(block, x, recompute=self.recompute)
        return x


class ResidualConv(nn.Module):
    """Pre-activation residual block of 1-D convolutions with GroupNorm and GELU (He et al. 2016).

    Parameters
    ----------
    before, after
        Channels of what goes in, ``[B, before, T]``, and of what comes out, ``[B, after, T]``.
    layers
        Number of convolutions.
    """

    def __init__(self, before: int, after: int, layers: int) -> None:
        super().__init__()
        widths = [before] + [after] * layers
        self.norms = nn.ModuleList(group_norm(width) for width in widths[:-1])
        self.convs = nn.ModuleList(nn.Conv1d(a, b, 3, padding=1) for a, b in pairwise(widths))
        self.skip = nn.Identity() if before == after else nn.Conv1d(before, after, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the block of ``x``, from ``[B, before, T]`` to ``[B, after, T]``."""
        # The normalisation comes before the convolution ("pre-activation"): the sum below then
        # stays free of it, and gradients reach all blocks unchanged.
        residual = x
        for norm, conv in zip(self.norms, self.convs, strict=True):
            residual = conv(F.gelu(norm(residual)))
        out: Tensor = self.skip(x) + residual
        return out


class Stem(nn.Module):
    """Convolutions of stride two with SiLU between them, each with twice the channels of the last.

    From ``[B, channels, s, s]`` to ``[B, width, s / 2^halvings, s / 2^halvings]``, rounded up.

    Parameters
    ----------
    channels
        Channels of the image.
    width
        Channels of what comes out.
    halvings
        Number of convolutions.
    """

    def __init__(self, channels: int, width: int, halvings: int) -> None:
        super().__init__()
        # The width doubles where the number of pixels falls to a quarter, and ends at `width`.
        widths = [channels, *(max(1, width // 2**k) for k in reversed(range(halvings)))]
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return images with fewer pixels and more channels."""
        x = self.convs[0](x)
        for conv in self.convs[1:]:
            x = conv(F.silu(x))
        return x


def group_norm(width: int) -> nn.Module:
    """Return a GroupNorm of ``width`` channels whose groups have at least two of them."""
    # A group of a single channel has no variance where there is one timestep: it would become 0.
    if width == 1:
        return nn.Identity()
    groups = gcd(8, width)
    return nn.GroupNorm(groups if groups < width else 1, width)


class Modulated(nn.Module):
    """Linear layer whose output is scaled and shifted by a context, then GELU.

    FiLM, Perez et al. 2018. From ``[B, T, before]`` and ``[B, context]`` to ``[B, T, after]``.
    """

    def __init__(self, before: int, after: int, context: int) -> None:
        super().__init__()
        self.linear = nn.Linear(before, after)
        self.modulation = nn.Linear(context, 2 * after)
        # Without a bias, a context of zero neither scales nor shifts.
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """Return the layer of ``x``, scaled and shifted by ``context``."""
        # One context for all times of a run, so that it is broadcast over them.
        scale, shift = self.modulation(context).unsqueeze(1).chunk(2, dim=-1)
        return F.gelu(self.linear(x) * (1 + scale) + shift)
