"""Layers between nodes and channels.

They are the only ones that grow with the mesh, where fields are not reduced. Tested in
tests/training/test_node_shards.py and tests/models/test_encoder.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable


class NodeConv(nn.Conv1d):
    """Linear map that is the same at each time, from ``[B, before, T]`` to ``[B, after, T]``.

    It is a convolution of width 1.
    """

    gathered: Callable[[Tensor], Tensor] | None = None
    """Function that makes the whole weight of the part that this process holds; None where the
    process holds the whole weight."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__(before, after, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the map of ``x``, with the whole weight gathered where it is sharded."""
        weight = self.weight if self.gathered is None else self.gathered(self.weight)
        return F.conv1d(x, weight, self.bias)
