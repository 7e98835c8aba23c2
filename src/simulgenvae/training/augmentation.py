"""What training batches are made of: runs as they are, or varied in ways that keep condition and
field a true pair.

Noise goes on what the networks read, never on what they should answer. Mirrored runs are not made
here: they are runs of the data (``data/symmetry.py``).
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
    """Runs of one step.

    ``rows`` in the data; ``coefficients`` ``[B, T, r]``, the truth; ``encoded``, what the encoder
    reads of them; ``conditions``. They are the ``shard`` of a batch with the rows ``whole``. Where
    runs are mixed, each with the one in ``partners`` at a ``share`` ``[B]`` of its own.
    """

    whole: Tensor
    shard: Shard
    rows: Tensor
    coefficients: Tensor
    encoded: Tensor
    conditions: Inputs
    partners: Tensor | None = None
    share: Tensor | None = None

    def gather(self, data: TrainingData, values: Tensor) -> Tensor:
        """What ``values`` ``[N, ...]`` say of the batch's runs, on the device and mixed as the runs
        are."""
        own = data.take(values, self.rows)
        if self.partners is None or self.share is None:
            return own
        return _blend(own, data.take(values, self.partners), self.share)


def plain_batch(data: TrainingData, whole: Tensor, shard: Shard | None = None) -> Batch:
    """Of the runs ``whole`` those of a shard, or all, as they are."""
    shard = shard or Shard.of(len(whole), 0, 1)
    rows = whole[shard.runs]
    coefficients = data.take(data.coefficients, rows)
    return Batch(whole, shard, rows, coefficients, coefficients, data.inputs(rows))


def augmented_batch(
    data: TrainingData, batch: Batch, settings: AugmentationSettings, *, conditions: bool = True
) -> Batch:
    """Return the runs of a plain batch, mixed and with noise as the settings say.

    No noise is drawn for ``conditions`` that nobody reads: settings about these do not change a
    stage without them. Mixup (Zhang et al. 2018, §2) blends both conditions and fields of two runs
    with a share from Beta(mixup, mixup).
    """
    batch = _mixed(data, batch, settings.mixup) if settings.mixup > 0 else batch
    encoded, table, images = batch.coefficients, batch.conditions.table, batch.conditions.images
    if settings.field_noise > 0:
        encoded = encoded + settings.field_noise * data.coefficient_std * _noise(encoded)
    if settings.parameter_noise > 0 and conditions:
        table = table + settings.parameter_noise * _noise(table)
    if settings.pixel_noise > 0 and conditions and images is not None:
        images = unit_pixels(images)
        images = images + settings.pixel_noise * _noise(images)
    return replace(batch, encoded=encoded, conditions=Inputs(table, images))


def _mixed(data: TrainingData, batch: Batch, mixup: float) -> Batch:
    concentration = torch.tensor(mixup, device=data.device)
    beta = torch.distributions.Beta(concentration, concentration)
    share = draw_random(lambda runs: beta.sample((runs,)), len(batch.rows))
    partners = batch.whole[torch.randperm(len(batch.whole))[batch.shard.runs]]
    coefficients = _blend(batch.coefficients, data.take(data.coefficients, partners), share)
    own, other = batch.conditions, data.inputs(partners)
    images = (
        None
        if own.images is None or other.images is None
        else _blend(own.images, other.images, share)
    )
    conditions = Inputs(_blend(own.table, other.table, share), images)
    return replace(
        batch, coefficients=coefficients, conditions=conditions, partners=partners, share=share
    )


def _noise(values: Tensor) -> Tensor:
    """Standard normal, of the shape of ``values`` ``[B, ...]``."""
    return draw_random(
        lambda runs: torch.randn(runs, *values.shape[1:], device=values.device), len(values)
    )


def _blend(own: Tensor, other: Tensor, share: Tensor) -> Tensor:
    """Runs ``[B, ...]`` and others, each pair with its ``share`` ``[B]`` of the first."""
    weight = share.view(-1, *[1] * (own.ndim - 1))
    return weight * unit_pixels(own) + (1 - weight) * unit_pixels(other)
