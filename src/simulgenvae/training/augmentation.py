"""Augmentation: batches varied in ways that keep condition and field a true pair.

Noise is added to what the networks read, never to what they should answer. Mirrored runs are not
made here: they are runs of the data (``data/symmetry.py``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from simulgenvae.distributed.batch_shards import draw_random
from simulgenvae.models.conditioner.base import Inputs
from simulgenvae.models.conditioner.conditioner import unit_pixels
from simulgenvae.training.batch import Batch, blend

if TYPE_CHECKING:
    from simulgenvae.settings import AugmentationSettings
    from simulgenvae.training.data import TrainingData


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
    seen = replace(batch.conditions, table=table, images=images)
    return replace(batch, encoded=encoded, conditions=seen)


def _mixed(data: TrainingData, batch: Batch, mixup: float) -> Batch:
    """Return a batch in which each run is blended with another one of the whole batch."""
    concentration = torch.tensor(mixup, device=data.device)
    beta = torch.distributions.Beta(concentration, concentration)
    weight = draw_random(lambda runs: beta.sample((runs,)), len(batch.rows))
    # All ranks draw the same permutation, and each takes the partners of its runs.
    partners = batch.whole[torch.randperm(len(batch.whole))[batch.shard.runs]]
    coefficients = blend(batch.coefficients, data.take(data.coefficients, partners), weight)
    own = batch.conditions
    other = data.inputs(partners)
    images = distances = None
    if own.images is not None and other.images is not None:
        images = blend(own.images, other.images, weight)
    if own.distances is not None and other.distances is not None:
        distances = blend(own.distances, other.distances, weight)
    return replace(
        batch,
        coefficients=coefficients,
        conditions=Inputs(blend(own.table, other.table, weight), images, distances),
        partners=partners,
        mix_weight=weight,
    )


def _noise(values: Tensor) -> Tensor:
    """Return standard normal noise of the shape of ``values``, `[B, ...]`."""
    shape = values.shape[1:]
    return draw_random(lambda runs: torch.randn(runs, *shape, device=values.device), len(values))
