"""Files of one training in its folder of checkpoints.

``last.safetensors`` is the whole state, from which an interrupted training continues.
A file with the label of each finished stage has the weights that it ended with.
``best.safetensors`` has the weights of the best validation so far. Nothing here reads it: it is a
file of the classic interface, and shows a user the best weights while a long stage runs.
Tested in tests/training/test_loop.py.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from simulgenvae.distributed import collectives
from simulgenvae.training.checkpoint import Progress, last_file, save_checkpoint, stage_file
from simulgenvae.training.identity import TrainingIdentity, check_identity
from simulgenvae.training.node_shards import gather_whole
from simulgenvae.utils.tensor_file import read_tensors, write_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from simulgenvae.models.networks import Networks
    from simulgenvae.training.optim.optimizers import Optimizers


class CheckpointFiles:
    """Writer and reader of the files; the first rank writes for all.

    Parameters
    ----------
    folder
        Where the files are; None keeps nothing.
    identity
        Identity of the training, which each file holds.
    """

    def __init__(self, folder: Path | None, identity: TrainingIdentity) -> None:
        self._folder = folder
        self._identity = identity
        self._saved_at = time.monotonic()

    @property
    def age(self) -> float:
        """Seconds since the whole state was saved."""
        return time.monotonic() - self._saved_at

    def save(
        self,
        progress: Progress,
        networks: Networks,
        best_weights: dict[str, Tensor],
        optimizers: Optimizers | None,
    ) -> None:
        """Save the whole state.

        ``optimizers`` is None at the start of a stage and after the last one: there are no moments
        to keep, because each stage has new optimisers.
        """
        if self._folder is not None:
            # Where ranks hold parts of weights, all of them must take part in joining these.
            weights = gather_whole(networks.state_dict())
            best_weights = gather_whole(best_weights)
            moments = gather_whole({} if optimizers is None else optimizers.arrays())
            if collectives.is_rank0():
                path = last_file(self._folder)
                save_checkpoint(path, progress, weights, best_weights, moments, self._identity)
        # Also without a folder: the loop looks at the age after every step.
        self._saved_at = time.monotonic()

    def write_weights(self, name: str, weights: dict[str, Tensor]) -> None:
        """Write weights to the file of this name: the label of a stage, or ``best``."""
        if self._folder is not None:
            weights = gather_whole(weights)
            if collectives.is_rank0():
                about = {"identity": self._identity.to_json()}
                write_tensors(stage_file(self._folder, name), weights, about)

    def read_weights(self, stage: str) -> tuple[Path, dict[str, Tensor]]:
        """Return the file of a finished stage and its weights.

        Raises
        ------
        UserError
            When it is missing, damaged or of another training.
        """
        assert self._folder is not None, "resuming needs a folder of checkpoints"
        path = stage_file(self._folder, stage)
        weights, about = read_tensors(path)
        check_identity(path, about, self._identity)
        return path, weights
