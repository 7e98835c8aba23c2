"""The layers between nodes and channels, the only ones that grow with the mesh where fields are not
reduced."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn


class NodeConv(nn.Conv1d):
    """The same linear map at each time, ``[B, before, T]`` to ``[B, after, T]``: a convolution of
    width 1."""

    gathered: Callable[[Tensor], Tensor] | None = None
    """Makes the whole weight of what this process holds of it; None where that is the whole."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__(before, after, 1)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight if self.gathered is None else self.gathered(self.weight)
        return F.conv1d(x, weight, self.bias)
