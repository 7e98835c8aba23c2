"""Plan of a training: what is known of it before the fields are reduced.

Tested in tests/training/memory/test_memory.py and tests/training/test_train.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.settings import Settings
    from simulgenvae.training.stages import StageSpec


@dataclass(frozen=True)
class TrainingPlan:
    """Everything that a training is made from, except the reduction of the fields."""

    dataset: Dataset
    rows: Mapping[str, NDArray[np.intp]]
    """Rows of each part of the split."""
    settings: Settings
    scaler: ConditionScaler
    specs: Sequence[StageSpec]
    """Stages that are trained."""
    continues: bool
    """True if the training starts with trained networks."""
    device: torch.device
    checkpoints: bool
    """True if checkpoints are written, which takes a copy of all that they hold."""
