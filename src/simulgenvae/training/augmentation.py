"""What training batches are made of: runs as they are, or varied in ways that keep condition and field a true pair.

Noise goes on what the networks read, never on what they should answer. Mirrored runs are not made here: they are runs
of the data (``data/symmetry.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from simulgenvae.models.conditioner import Inputs, unit_pixels
from simulgenvae.settings import AugmentationSettings
from simulgenvae.training.problem import TrainingData


@dataclass(frozen=True)
class Batch:
    """Runs of one step.

    ``rows`` in the data; ``coefficients`` ``[B, T, r]``, the truth; ``encoded``, what the encoder reads of them;
    ``conditions``. Where runs are mixed, each with the one in ``partners`` at a ``share`` ``[B]`` of its own.
    """

    rows: Tensor
    coefficients: Tensor
    encoded: Tensor
    conditions: Inputs
    partners: Tensor | None = None
    share: Tensor | None = None

    def gather(self, data: TrainingData, values: Tensor) -> Tensor:
        """What ``values`` ``[N, ...]`` say of the batch's runs, on the device and mixed as the runs are."""
        own = data.take(values, self.rows)
        if self.partners is None or self.share is None:
            return own
        return _blend(own, data.take(values, self.partners), self.share)


def plain_batch(data: TrainingData, rows: Tensor) -> Batch:
    """The runs as they are."""
    coefficients = data.take(data.coefficients, rows)
    return Batch(rows, coefficients, coefficients, data.inputs(rows))


def augmented_batch(data: TrainingData, batch: Batch, settings: AugmentationSettings) -> Batch:
    """The runs of a plain batch, mixed and with noise as the settings ask for.

    Mixup (Zhang et al. 2018, §2) blends both conditions and fields of two runs with a share from Beta(mixup, mixup).
    """
    batch = _mixed(data, batch, settings.mixup) if settings.mixup > 0 else batch
    encoded, table, images = batch.coefficients, batch.conditions.table, batch.conditions.images
    if settings.field_noise > 0:
        encoded = encoded + settings.field_noise * data.coefficient_std * torch.randn_like(encoded)
    if settings.parameter_noise > 0:
        table = table + settings.parameter_noise * torch.randn_like(table)
    if settings.pixel_noise > 0 and images is not None:
        images = unit_pixels(images) + settings.pixel_noise * torch.randn(images.shape, device=images.device)
    return replace(batch, encoded=encoded, conditions=Inputs(table, images))


def _mixed(data: TrainingData, batch: Batch, mixup: float) -> Batch:
    concentration = torch.tensor(mixup, device=data.device)
    share = torch.distributions.Beta(concentration, concentration).sample((len(batch.rows),))
    order = torch.randperm(len(batch.rows))
    partners = order.to(data.device)
    coefficients, table = (_blend(own, own[partners], share) for own in (batch.coefficients, batch.conditions.table))
    pictures = batch.conditions.images
    images = None if pictures is None else _blend(pictures, pictures[partners], share)
    return Batch(batch.rows, coefficients, coefficients, Inputs(table, images), batch.rows[order], share)


def _blend(own: Tensor, other: Tensor, share: Tensor) -> Tensor:
    """Runs ``[B, ...]`` and others, each pair with its ``share`` ``[B]`` of the first."""
    weight = share.view(-1, *[1] * (own.ndim - 1))
    return weight * unit_pixels(own) + (1 - weight) * unit_pixels(other)
