"""What a user sees of training: its progress, as bars or lines, and TensorBoard."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import psutil
import torch
from torch.utils.tensorboard import SummaryWriter

from simulgenvae.models.training_record import HistoryEntry
from simulgenvae.training.diagnosis import relative
from simulgenvae.utils.progress import INTERVAL, WorkLog


class TrainingLog(WorkLog):
    """Progress on the console and in a file, and scalars for TensorBoard.

    Parameters
    ----------
    folder
        Where TensorBoard files go, in one folder a stage; None writes none.
    every
        Seconds between lines.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        every: float = INTERVAL,
    ) -> None:
        super().__init__(every=every)
        self._folder = folder
        self._writer: SummaryWriter | None = None
        self._validated = ""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        self._close()

    def start_stage(self, name: str, steps: int, done: int) -> None:
        """Begin a stage; what an interrupted run logged of it beyond ``done`` steps is purged."""
        self._close()
        if self._folder is not None:
            self._writer = SummaryWriter(str(self._folder / name), purge_step=done)
        self._validated = ""
        self.start(name, steps, done, unit="step", line=True)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def loss(self, done: int, loss: float) -> None:
        """Show the loss of the last of so many steps."""
        status = f"loss {loss:.3g}"
        self.step(done, status, f"{status}  {self._validated}".rstrip())

    def validation(self, entry: HistoryEntry, best: float | None) -> None:
        """Show an entry of the history, and write a line of it; ``best`` is the validation error of
        the weights that are the best so far, None where none are."""
        errors = {
            "validation": entry.validation,
            "training": math.nan if entry.train_error is None else entry.train_error,
        }
        if best is not None:
            errors["best"] = best
        self._validated = "  ".join(
            f"{name} {percent(entry.stage, error)}" for name, error in errors.items()
        )
        loss = f"loss {entry.train:.3g}"
        status = f"{loss}  validation {entry.validation:.3g}"
        self.step(entry.step, status, f"{loss}  {self._validated}", line=True)

    def scalars(self, stage: str, step: int, values: Mapping[str, float]) -> None:
        """Scalars of one step under ``stage/name``, with the memory in use (GB)."""
        if self._writer is None:
            return
        for name, value in values.items():
            self._writer.add_scalar(f"{stage}/{name}", value, step)
        memory = (
            torch.cuda.memory_allocated()
            if torch.cuda.is_available()
            else psutil.Process().memory_info().rss
        )
        self._writer.add_scalar(f"{stage}/memory_gb", memory / 1e9, step)


def percent(stage: str, error: float) -> str:
    """Return an error of a stage as a share of the standard deviation of what it predicts."""
    return f"{100 * relative(stage, error):.3g} %"
