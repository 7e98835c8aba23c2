"""Context that the parts of the training loop share.

Tested in tests/training/test_loop.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulgenvae.training.checkpoint import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from simulgenvae.models.networks import Networks
    from simulgenvae.models.training_record import HistoryEntry
    from simulgenvae.training.checkpoint_files import CheckpointFiles
    from simulgenvae.training.data import TrainingData
    from simulgenvae.training.log import TrainingLog


@dataclass
class TrainingContext:
    """Networks that learn, what they learn from, and how far they have come."""

    networks: Networks
    """Networks of the current stage."""
    data: TrainingData
    files: CheckpointFiles
    log: TrainingLog
    seed: int
    """Seed of the order of batches and of torch's random numbers."""
    progress: Progress = field(default_factory=Progress)
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    """Weights that the current stage ends with, from its best validation so far.

    Before its first validation these are still the weights of the previous stage, or empty in the
    first stage. A stage that limits the error puts its initial weights here, so that it can return
    to them."""

    def weights(self) -> dict[str, Tensor]:
        """Return a copy of all weights as they are now."""
        return {name: value.clone() for name, value in self.networks.state_dict().items()}

    def history(self, stage: str) -> list[HistoryEntry]:
        """Return the entries of the stage with this label, oldest first."""
        return [entry for entry in self.progress.history if entry.stage == stage]

    def best_entry(self, stage: str) -> HistoryEntry | None:
        """Return the entry of the weights that are the best of the current stage so far.

        None where there are none: weights that exceed a limited error are never chosen.
        """
        best = self.progress.best_error
        entries = [each for each in self.history(stage) if each.validation_error == best]
        return entries[0] if entries else None
