"""Training batches: runs unchanged, or varied in ways that keep condition and field a true pair.

Noise is added to what the networks read, never to what they should answer. Mirrored runs are not
made here: they are runs of the data (``data/symmetry.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from simulgenvae.distributed.batch_shards import Shard, draw_random
from simulgenvae.models.conditioner.base import Inputs
from simulgenvae.models.conditioner.conditioner import unit_pixels
from simulgenvae.settings import AugmentationSettings
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
    """Weight of each run in its mixture, `[B]`."""

    def gather(self, data: TrainingData, values: Tensor) -> Tensor:
        """Return the batch's rows of ``values``, `[N, ...]`, mixed as its runs are."""
        own = data.take(values, self.rows)
        if self.partners is None or self.mix_weight is None:
            return own
        return _blend(own, data.take(values, self.partners), self.mix_weight)


def plain_batch(data: TrainingData, whole: Tensor, shard: Shard | None = None) -> Batch:
    """Return runs unchanged: those of a shard of the rows ``whole``, or all of them."""
    shard = shard or Shard.of(len(whole), 0, 1)
    rows = whole[shard.runs]
    coefficients = data.take(data.coefficients, rows)
    return Batch(whole, shard, rows, coefficients, coefficients, data.inputs(rows))


def augmented_batch(
    data: TrainingData, batch: Batch, settings: AugmentationSettings, *, conditions: bool = True
) -> Batch:
    """Return the runs of a plain batch, mixed and with noise as the settings say.

    Mixup (Zhang et al. 2018, §2) blends both conditions and fields of two runs with a weight from
    Beta(mixup, mixup).

    Parameters
    ----------
    data, batch, settings
        The data, a plain batch of them, and how it is varied.
    conditions
        Whether conditions are read. No noise is drawn for them otherwise, so that settings about
        this noise do not change a stage without conditions.
    """
    batch = _mixed(data, batch, settings.mixup) if settings.mixup > 0 else batch
    encoded = batch.coefficients
    table = batch.conditions.table
    images = batch.conditions.images
    if settings.field_noise > 0:
        encoded = encoded + settings.field_noise * data.coefficient_std * _noise(encoded)
    if settings.parameter_noise > 0 and conditions:
        table = table + settings.parameter_noise * _noise(table)
    if settings.pixel_noise > 0 and conditions and images is not None:
        images = unit_pixels(images)
        images = images + settings.pixel_noise * _noise(images)
    return replace(batch, encoded=encoded, conditions=Inputs(table, images))


def _mixed(data: TrainingData, batch: Batch, mixup: float) -> Batch:
    """Return a batch in which each run is blended with another one of the whole batch."""
    concentration = torch.tensor(mixup, device=data.device)
    beta = torch.distributions.Beta(concentration, concentration)
    weight = draw_random(lambda runs: beta.sample((runs,)), len(batch.rows))
    # All ranks draw the same permutation, and each takes the partners of its runs.
    partners = batch.whole[torch.randperm(len(batch.whole))[batch.shard.runs]]
    coefficients = _blend(batch.coefficients, data.take(data.coefficients, partners), weight)
    own = batch.conditions
    other = data.inputs(partners)
    images = None
    if own.images is not None and other.images is not None:
        images = _blend(own.images, other.images, weight)
    return replace(
        batch,
        coefficients=coefficients,
        conditions=Inputs(_blend(own.table, other.table, weight), images),
        partners=partners,
        mix_weight=weight,
    )


def _noise(values: Tensor) -> Tensor:
    """Return standard normal noise of the shape of ``values``, `[B, ...]`."""
    shape = values.shape[1:]
    return draw_random(lambda runs: torch.randn(runs, *shape, device=values.device), len(values))


def _blend(own: Tensor, other: Tensor, weight: Tensor) -> Tensor:
    """Return mixtures of two runs each, `[B, ...]`, with the weight of the first, `[B]`."""
    weight = weight.view(-1, *[1] * (own.ndim - 1))
    return weight * unit_pixels(own) + (1 - weight) * unit_pixels(other)
