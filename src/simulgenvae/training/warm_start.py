"""Trained parts that a training starts with instead of new ones.

The module imports nothing else of training, so that the code of model files can use it. Tested in
tests/training/test_train.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.split import Split
    from simulgenvae.models.training_record import VaeTraining
    from simulgenvae.reduction import Reduction


@dataclass(frozen=True)
class WarmStart:
    """A trained VAE, and perhaps a conditioner, with the data description that belongs to them."""

    reduction: Reduction
    split: Split
    data_fingerprint: str
    shape: tuple[int, int, int]
    """Number of timesteps, nodes and variables of the fields."""
    condition_scaler: ConditionScaler
    vae_training: VaeTraining
    vae_file: Path
    """File that the VAE was read from. It is kept bit by bit where the training does not change the
    VAE."""
    decoder: str
    """Decoder of the VAE."""
    weights: dict[str, torch.Tensor]
    """Entries of ``Networks.state_dict()`` for the VAE, and for the conditioner unless that starts
    with new weights."""
