"""Checkpoints: everything that a run needs to go on as if it had never stopped, in one safetensors
file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from simulgenvae.errors import UserError
from simulgenvae.utils.tensor_file import read_tensors, write_tensors

HISTORY_NUMBERS = ("step", "train", "train_error", "validation")
"""Of each entry of a history, beside its stage."""


@dataclass
class Progress:
    """Where training stands; plain numbers that go into a checkpoint as JSON."""

    stage: int = 0
    """Index of the running stage."""
    step: int = 0
    """Steps of it that are done."""
    best: float | None = None
    """Smallest validation error of the stage."""
    since_best: int = 0
    """Validations since then."""
    skipped: int = 0
    """Steps left out because of an exploding gradient, over all stages."""
    skipped_in_row: int = 0
    """Such steps since the last one that was taken."""
    loss_sum: float = 0.0
    loss_count: int = 0
    """Training loss summed since the last validation."""
    history: list[dict[str, Any]] = field(default_factory=list)
    """One entry a validation: stage, step, ``train`` (loss since the last one), and what
    ``Stage.validation_error`` is of the validation runs (``validation``) and of as many training
    runs (``train_error``)."""
    warnings: list[str] = field(default_factory=list)
    """What the stages' histories warn of (``diagnosis.py``)."""
    kept: float | None = None
    """The error that must not grow (``Stage.limited_error``), as the stage began with it."""


def stage_file(folder: Path, stage: str) -> Path:
    """File in the folder of checkpoints that holds the networks as a stage left them."""
    return folder / f"{stage}.safetensors"


def save_checkpoint(
    path: Path,
    progress: Progress,
    networks: dict[str, Tensor],
    best: dict[str, Tensor],
    optimizer: dict[str, Tensor],
    identity: dict[str, Any],
) -> None:
    """Write the whole state of training; ``identity`` says which settings and data it belongs
    to."""
    tensors = {f"networks/{name}": value for name, value in networks.items()}
    tensors |= {f"best/{name}": value for name, value in best.items()}
    tensors |= {f"optimizer/{name}": value for name, value in optimizer.items()}
    tensors["rng/cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["rng/cuda"] = torch.cuda.get_rng_state()
    write_tensors(path, tensors, {"progress": asdict(progress), "identity": identity})


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint read back from ``path``; the random state is restored by :meth:`restore_rng`."""

    path: Path
    progress: Progress
    networks: dict[str, Tensor]
    best: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    rng: dict[str, Tensor]

    def restore_rng(self) -> None:
        """Set torch's random state to that of the checkpoint."""
        torch.set_rng_state(self.rng["cpu"])
        if "cuda" in self.rng and torch.cuda.is_available():
            torch.cuda.set_rng_state(self.rng["cuda"])


def load_checkpoint(path: Path, identity: dict[str, Any]) -> Checkpoint:
    """Read a checkpoint of the same settings and data.

    Raises
    ------
    UserError
        When it is missing or damaged, or belongs to other settings or data (each difference named).
    """
    tensors, metadata = read_tensors(path)
    check_identity(path, metadata, identity)
    groups: dict[str, dict[str, Tensor]] = {"networks": {}, "best": {}, "optimizer": {}, "rng": {}}
    with restoring(path):
        for key, value in tensors.items():
            group, name = key.split("/", 1)
            groups[group][name] = value
        progress = Progress(**metadata["progress"])
        if any(
            type(value) is not int or value < 0
            for value in (progress.stage, progress.step, progress.since_best)
        ):
            raise ValueError("its progress is not counted in whole numbers")
        if not all(
            isinstance(entry[key], (int, float))
            for entry in progress.history
            for key in HISTORY_NUMBERS
        ):
            raise TypeError("its history does not hold numbers")
        if not all(isinstance(warning, str) for warning in progress.warnings):
            raise TypeError("its warnings are no texts")
        return Checkpoint(path, progress, **groups)


@contextmanager
def restoring(path: Path) -> Iterator[None]:
    """Errors of a file whose entries are missing or of the wrong shape, in the user's words."""
    try:
        yield
    except (LookupError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise UserError(
            f"{path} is damaged ({type(error).__name__}: {error}). Start afresh with --overwrite."
        ) from error


def comparable(identity: Any) -> dict[str, Any]:
    """An identity without the settings that a resumed run may change; empty where a file holds
    none.

    ``training.device``, ``speed`` and ``checkpoint_seconds`` change how fast and how safely it is
    learned. The group ``data`` says what is read and how it is split; the fingerprint and the lists
    of runs stand for that. The group ``evaluation`` is not about training.
    """
    if not isinstance(identity, dict):
        return {}
    settings = identity.get("settings")
    if not isinstance(settings, dict):
        return identity
    kept = {
        group: values for group, values in settings.items() if group not in {"data", "evaluation"}
    }
    if isinstance(training := kept.get("training"), dict):
        without = {"device", "checkpoint_seconds", "rank_timeout", "performance"}
        kept["training"] = {key: value for key, value in training.items() if key not in without}
    return identity | {"settings": kept}


def check_identity(path: Path, metadata: dict[str, Any], identity: dict[str, Any]) -> None:
    """Raises UserError, naming each difference, when a file was written by a training of other
    settings or data."""
    found = differences(
        comparable(metadata.get("identity")), comparable(json.loads(json.dumps(identity)))
    )
    if found:
        raise UserError(
            f"{path} belongs to another training: "
            + "; ".join(found)
            + ". Use the same settings and data to "
            "resume, or start afresh with --overwrite."
        )


def differences(old: Any, new: Any, path: str = "") -> list[str]:
    """Where two JSON values differ, as readable lines."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            line
            for key in sorted(old.keys() | new.keys())
            for line in differences(old.get(key), new.get(key), f"{path}.{key}" if path else key)
        ]
    return [] if old == new else [f"{path} was {old} and is {new}"]
