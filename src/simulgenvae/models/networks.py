"""Networks of one surrogate, and their inputs: conditions as tensors and times mapped to 0 … 1."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from simulgenvae.data.conditions import Conditions, ConditionScaler
from simulgenvae.models import Conditioner, HierarchicalVae, Inputs
from simulgenvae.settings import Settings


def network_inputs(conditions: Conditions, scaler: ConditionScaler) -> Inputs:
    """Conditions as the conditioner reads them; UserError as :meth:`ConditionScaler.transform`
    raises it."""
    table = torch.from_numpy(scaler.transform(conditions).astype(np.float32))
    if conditions.images is None:
        return Inputs(table)
    return Inputs(table, torch.from_numpy(conditions.images.pixels).permute(0, 3, 1, 2))


def unit_times(times: NDArray[np.float64], trained: NDArray[np.float64]) -> NDArray[np.float32]:
    """Times mapped so that the trained span becomes 0 … 1 (0 for a single time), uneven steps
    kept."""
    span = trained[-1] - trained[0]
    mapped: NDArray[np.float32] = ((times - trained[0]) / (span if span > 0 else 1.0)).astype(
        np.float32
    )
    return mapped


class Networks(nn.Module):
    """The VAE and the conditioner of one surrogate."""

    def __init__(
        self, settings: Settings, coefficient_std: Tensor, times: Tensor, scaler: ConditionScaler
    ) -> None:
        super().__init__()
        self._made_from = (settings, coefficient_std, times, scaler)
        self.vae = HierarchicalVae(settings.model, coefficient_std, times)
        latents = (
            settings.model.latent_dim + settings.model.levels * settings.model.hierarchical_dim
        )
        self.conditioner = Conditioner(
            settings.conditioner, len(scaler.names), scaler.images, latents
        )

    def new_weights(self) -> dict[str, Tensor]:
        """The state of such networks that have learned nothing, drawn anew."""
        return Networks(*self._made_from).state_dict()
