"""What a training may begin with: known to model files too, which need nothing else of training,
long to import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from simulgenvae.data.conditions import ConditionScaler
from simulgenvae.data.split import Split
from simulgenvae.models.training_record import VaeTraining
from simulgenvae.reduction import Reduction


@dataclass(frozen=True)
class Start:
    """Trained parts that training begins with instead of fresh ones."""

    reduction: Reduction
    split: Split
    data_fingerprint: str
    shape: tuple[int, int, int]
    """Timesteps, nodes and variables of the fields."""
    condition_scaler: ConditionScaler
    vae_training: VaeTraining
    vae_file: Path
    """File that the VAE was read from: it is kept as it is where this training does not change the
    VAE."""
    weights: dict[str, torch.Tensor]
    """Entries of ``Networks.state_dict()``: those of the VAE, and of the conditioner unless that
    begins fresh."""
