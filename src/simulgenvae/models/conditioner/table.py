"""Residual perceptron for a table of parameters.

Tested in tests/models/conditioner/test_conditioner.py.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor, nn

from simulgenvae.distributed.batch_shards import Dropout
from simulgenvae.models.blocks import Chain
from simulgenvae.models.conditioner.base import ConditionEncoder, InputShape

if TYPE_CHECKING:
    from simulgenvae.settings import ConditionerSettings


class ResidualLinear(nn.Module):
    """Pre-norm residual block: LayerNorm, linear, GELU, dropout, linear.

    From ``[B, before]`` to ``[B, after]``.
    """

    def __init__(self, before: int, after: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(before)
        self.first = nn.Linear(before, after)
        self.second = nn.Linear(after, after)
        self.dropout = Dropout(dropout)
        self.skip = nn.Identity() if before == after else nn.Linear(before, after)

    def forward(self, x: Tensor) -> Tensor:
        """Return the block of ``x``, from ``[B, before]`` to ``[B, after]``."""
        out: Tensor = self.skip(x) + self.second(self.dropout(F.gelu(self.first(self.norm(x)))))
        return out


class TableEncoder(ConditionEncoder):
    """Residual perceptron from scaled parameters ``[B, P]`` to features ``[B, filters[-1]]``.

    Parameters
    ----------
    parameters
        Number P of parameters.
    filters
        Widths of the blocks.
    dropout
        Dropout rate of the last block; it grows linearly from the first block on.
    """

    def __init__(self, parameters: int, filters: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        # No normalisation before this layer: it would make designs equal that differ by a factor.
        self.input = nn.Linear(parameters, filters[0])
        pairs = pairwise((filters[0], *filters))
        self.blocks = Chain(
            ResidualLinear(before, after, dropout * number / len(filters))
            for number, (before, after) in enumerate(pairs, start=1)
        )
        self.features = filters[-1]

    def forward(self, x: Tensor) -> Tensor:
        """Return the features of scaled parameters ``[B, P]``."""
        out: Tensor = self.blocks(F.gelu(self.input(x)))
        return out


def build(
    settings: ConditionerSettings, filters: tuple[int, ...], shape: InputShape
) -> TableEncoder:
    """Return the network for the parameters of designs, as the settings describe it."""
    return TableEncoder(shape.parameters, filters, settings.dropout)
