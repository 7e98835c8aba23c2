"""Plan of a training: what is known of it before the fields are reduced.

Tested in tests/training/memory/test_memory.py and tests/training/test_train.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.data.split import rows_of_refit

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

    @property
    def refits(self) -> bool:
        """True if networks learn from the validation runs in the end (``stages/refit.py``).

        They do where the settings want it, all networks learn from new weights, and there are test
        runs: without these, only validation runs that nothing has learned from say how large
        errors are.
        """
        end_to_end = self.settings.training.end_to_end
        return (
            end_to_end.refit
            and end_to_end.replaces_other_stages
            and not self.continues
            and len(self.specs) == 1
            and self.specs[0].reads_conditions
            and len(self.rows["validation"]) > 0
            and len(self.rows["test"]) > 0
        )

    @property
    def learned_rows(self) -> NDArray[np.intp]:
        """Rows of all runs that are learned from in the end; modes are found from these."""
        return rows_of_refit(self.rows) if self.refits else self.rows["train"]
