"""Checkpoints: the whole state of a training in one safetensors file.

A training that continues from a checkpoint ends with the same bits as one that never stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from simulgenvae.models.training_record import HistoryEntry
from simulgenvae.training.identity import TrainingIdentity, check_identity
from simulgenvae.utils.damage import explain_damage
from simulgenvae.utils.tensor_file import read_tensors, write_tensors

if TYPE_CHECKING:
    from pathlib import Path

# Strict: 7.0 steps in a file are a sign that it was not written by this program.
Count = Annotated[int, Field(strict=True, ge=0)]


class Progress(BaseModel):
    """State of a training without its tensors, which changes as the training proceeds."""

    # Some keys of the files are older than the names in the code, hence the aliases.
    model_config = ConfigDict(extra="forbid", validate_by_name=True, serialize_by_alias=True)

    stage: Count = 0
    """Index of the current stage."""
    step: Count = 0
    """Number of steps of the stage that are done."""
    best_error: Annotated[float | None, Field(alias="best")] = None
    """Smallest validation error of the stage, of weights that could be chosen."""
    since_best: Count = 0
    """Number of validations since then."""
    skipped: Count = 0
    """Number of steps left out because of an exploding gradient, over all stages."""
    skipped_in_row: Count = 0
    """Number of such steps since the last one that was taken."""
    gradient_at_start: float | None = None
    """Length of the stage's first gradient; None in checkpoints of earlier versions."""
    loss_sum: float = 0.0
    """Sum of the training losses since the last validation."""
    loss_count: Count = 0
    """Number of these losses."""
    history: list[HistoryEntry] = Field(default_factory=list)
    """One entry for each validation, oldest first."""
    warnings: list[str] = Field(default_factory=list)
    """Warnings in checkpoints of earlier versions; now they follow from the history."""
    nothing_kept: list[str] = Field(default_factory=list)
    """Labels of finished stages that ended with the weights that they started with."""
    limited_error_at_start: Annotated[float | None, Field(alias="kept")] = None
    """Value of ``Stage.limited_error`` at the start of the stage, which may grow by
    ``LIMIT_FACTOR`` (``stages/base.py``); None where the stage has none."""


@dataclass(frozen=True)
class Checkpoint:
    """Checkpoint that was read back from ``path``."""

    path: Path
    progress: Progress
    networks: dict[str, Tensor]
    """Weights at the last step."""
    best_weights: dict[str, Tensor]
    """Weights of the best validation, as in ``TrainingContext.best_weights``; perhaps empty."""
    optimizer: dict[str, Tensor]
    rng: dict[str, Tensor]

    def restore_rng(self) -> None:
        """Set torch's random state to that of the checkpoint."""
        torch.set_rng_state(self.rng["cpu"])
        if "cuda" in self.rng and torch.cuda.is_available():
            torch.cuda.set_rng_state(self.rng["cuda"])


def stage_file(folder: Path, stage: str) -> Path:
    """Return the file in the folder of checkpoints with the networks as a stage left them.

    ``stage`` is the label of a stage, or ``best`` for the weights of the best validation so far.
    """
    return folder / f"{stage}.safetensors"


def last_file(folder: Path) -> Path:
    """Return the file in the folder of checkpoints that a training is resumed from."""
    return folder / "last.safetensors"


def save_checkpoint(
    path: Path,
    progress: Progress,
    networks: dict[str, Tensor],
    best_weights: dict[str, Tensor],
    optimizer: dict[str, Tensor],
    identity: TrainingIdentity,
) -> None:
    """Write the whole state of a training, with torch's random state of this moment."""
    tensors = {f"networks/{name}": value for name, value in networks.items()}
    tensors |= {f"best/{name}": value for name, value in best_weights.items()}
    tensors |= {f"optimizer/{name}": value for name, value in optimizer.items()}
    # Dropout, noise and sampled latents continue with the same random numbers.
    tensors["rng/cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["rng/cuda"] = torch.cuda.get_rng_state()
    about = {"progress": progress.model_dump(mode="json"), "identity": identity.to_json()}
    write_tensors(path, tensors, about)


def load_checkpoint(path: Path, identity: TrainingIdentity) -> Checkpoint:
    """Read a checkpoint of the same settings and data.

    Raises
    ------
    UserError
        When it is missing or damaged, or belongs to other settings or data (each difference named).
    """
    tensors, about = read_tensors(path)
    # First: the shapes in a checkpoint of other settings would be reported as damage.
    check_identity(path, about, identity)
    # Names have a group in front, as save_checkpoint wrote them.
    groups: dict[str, dict[str, Tensor]] = {"networks": {}, "best": {}, "optimizer": {}, "rng": {}}
    with explain_damage(path):
        for key, value in tensors.items():
            group, name = key.split("/", 1)
            groups[group][name] = value
        progress = Progress.model_validate(about["progress"])
        return Checkpoint(
            path,
            progress,
            networks=groups["networks"],
            best_weights=groups["best"],
            optimizer=groups["optimizer"],
            rng=groups["rng"],
        )
