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
        weight = self.share.view(-1, *[1] * (own.ndim - 1))
        return weight * unit_pixels(own) + (1 - weight) * unit_pixels(data.take(values, self.partners))


def plain_batch(data: TrainingData, rows: Tensor) -> Batch:
    """The runs as they are."""
    coefficients = data.take(data.coefficients, rows)
    return Batch(rows, coefficients, coefficients, data.inputs(rows))


def augmented_batch(data: TrainingData, rows: Tensor, settings: AugmentationSettings) -> Batch:
    """The runs, mixed and with noise as the settings ask for.

    Mixup (Zhang et al. 2018, §2) blends both conditions and fields of two runs with a share from Beta(mixup, mixup).
    """
    batch = _mixed(data, rows, settings.mixup) if settings.mixup > 0 else plain_batch(data, rows)
    encoded, table, images = batch.coefficients, batch.conditions.table, batch.conditions.images
    if settings.field_noise > 0:
        encoded = encoded + settings.field_noise * data.coefficient_std * torch.randn_like(encoded)
    if settings.parameter_noise > 0:
        table = table + settings.parameter_noise * torch.randn_like(table)
    if settings.pixel_noise > 0 and images is not None:
        images = unit_pixels(images) + settings.pixel_noise * torch.randn(images.shape, device=images.device)
    return replace(batch, encoded=encoded, conditions=Inputs(table, images))


def _mixed(data: TrainingData, rows: Tensor, mixup: float) -> Batch:
    concentration = torch.tensor(mixup, device=data.device)
    share = torch.distributions.Beta(concentration, concentration).sample((len(rows),))
    batch = replace(plain_batch(data, rows), partners=rows[torch.randperm(len(rows))], share=share)
    coefficients = batch.gather(data, data.coefficients)
    images = data.conditions.images
    pictures = None if images is None else batch.gather(data, images)
    conditions = Inputs(batch.gather(data, data.conditions.table), pictures)
    return replace(batch, coefficients=coefficients, encoded=coefficients, conditions=conditions)
