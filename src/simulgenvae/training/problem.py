"""What the stages train on: coefficients, conditions and split as tensors on one device, and the networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from simulgenvae.models import HierarchicalVae, MlpConditioner
from simulgenvae.models.losses import FieldLoss
from simulgenvae.reduction import Reduction
from simulgenvae.settings import Settings
from simulgenvae.settings.schema import Loss


@dataclass(frozen=True)
class TrainingData:
    """All runs of a study in the form that training reads.

    ``coefficients`` ``[N, T, r]`` float32, ``conditions`` ``[N, P]`` (scaled), ``times`` ``[T]`` mapped to 0 … 1,
    ``rows`` of each part of the split.
    """

    coefficients: Tensor
    conditions: Tensor
    times: Tensor
    rows: dict[str, NDArray[np.intp]]

    @property
    def validation_rows(self) -> NDArray[np.intp]:
        """Rows that validation looks at: the validation runs, or the training runs where the split has none."""
        return self.rows["validation"] if len(self.rows["validation"]) else self.rows["train"]

    def training_coefficients(self) -> Tensor:
        """Coefficients of the training runs, ``[n, T, r]``."""
        return self.coefficients[torch.from_numpy(self.rows["train"])]

    def field_loss(self, kind: Loss, reduction: Reduction) -> FieldLoss:
        """Loss of ``kind`` in the units of this data."""
        rows, factor = reduction.state_rows()
        variance = float(self.training_coefficients().square().sum(-1).mean())
        on_device = None if rows is None else torch.from_numpy(rows)
        return FieldLoss(kind, variance, on_device, torch.from_numpy(factor)).to(self.coefficients.device)


def unit_times(times: NDArray[np.float64], trained: NDArray[np.float64]) -> NDArray[np.float32]:
    """Times mapped so that the trained span becomes 0 … 1 (0 for a single time), uneven steps kept."""
    span = trained[-1] - trained[0]
    mapped: NDArray[np.float32] = ((times - trained[0]) / (span if span > 0 else 1.0)).astype(np.float32)
    return mapped


class Networks(nn.Module):
    """The VAE and the conditioner of one surrogate."""

    def __init__(self, settings: Settings, coefficient_std: Tensor, times: Tensor, parameters: int) -> None:
        super().__init__()
        self.started_trained = False
        """Whether the weights came from a trained model; they are then never forgotten."""
        self._made_from = (settings, coefficient_std, times, parameters)
        self.vae = HierarchicalVae(settings.model, coefficient_std, times)
        self.conditioner = MlpConditioner(
            parameters,
            settings.conditioner.filters,
            settings.model.latent_dim + settings.model.levels * settings.model.hierarchical_dim,
            settings.conditioner.dropout,
        )

    def forget(self) -> None:
        """Start again from new random weights."""
        self.load_state_dict(Networks(*self._made_from).state_dict())
