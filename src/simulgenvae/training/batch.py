"""Batches: the runs of one training step, as the device reads them.

A batch is plain here; ``augmentation.py`` varies it. Tested in tests/training/test_augmentation.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.distributed.batch_shards import Shard
from simulgenvae.models.conditioner.conditioner import unit_pixels

if TYPE_CHECKING:
    from torch import Tensor

    from simulgenvae.models.conditioner.base import Inputs
    from simulgenvae.training.data import TrainingData


@dataclass(frozen=True)
class Batch:
    """Runs of one step, or one rank's part of them."""

    whole: Tensor
    """Rows in the data of the whole batch, of all ranks."""
    shard: Shard
    """Part of the batch that this rank computes."""
    rows: Tensor
    """Rows of this part, `[B]`."""
    coefficients: Tensor
    """Truth, `[B, T, r]`."""
    encoded: Tensor
    """Coefficients that the encoder reads, perhaps with noise, `[B, T, r]`."""
    conditions: Inputs
    """Conditions that the conditioner reads, perhaps with noise."""
    partners: Tensor | None = None
    """Row that each run is mixed with, `[B]`; None where runs are not mixed."""
    mix_weight: Tensor | None = None
    """Weight of each run in its own mixture, `[B]`."""

    def gather(self, data: TrainingData, values: Tensor) -> Tensor:
        """Return the batch's rows of ``values``, `[N, ...]`, mixed as its runs are."""
        own = data.take(values, self.rows)
        if self.partners is None or self.mix_weight is None:
            return own
        return blend(own, data.take(values, self.partners), self.mix_weight)


def plain_batch(data: TrainingData, whole: Tensor, shard: Shard | None = None) -> Batch:
    """Return runs unchanged: the runs of a shard of the rows ``whole``, or all of them."""
    shard = shard or Shard.of(len(whole), 0, 1)
    rows = whole[shard.runs]
    coefficients = data.take(data.coefficients, rows)
    return Batch(whole, shard, rows, coefficients, coefficients, data.inputs(rows))


def blend(own: Tensor, other: Tensor, weight: Tensor) -> Tensor:
    """Return mixtures of two runs each, `[B, ...]`, with the weight of the first, `[B]`."""
    weight = weight.view(-1, *[1] * (own.ndim - 1))
    # Pixels are bytes, in which a mixture would be rounded.
    return weight * unit_pixels(own) + (1 - weight) * unit_pixels(other)
