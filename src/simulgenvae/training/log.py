"""Progress of a training for the user, as bars or lines, and for TensorBoard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import torch
from torch.utils.tensorboard import SummaryWriter

from simulgenvae.training.diagnosis import relative
from simulgenvae.utils import formatting
from simulgenvae.utils.progress import INTERVAL, WorkLog

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from simulgenvae.models.training_record import HistoryEntry


class TrainingLog(WorkLog):
    """Progress on the console and in a file, and scalars for TensorBoard.

    Parameters
    ----------
    folder
        Folder of TensorBoard files, with one folder for each stage; None writes none.
    every
        Seconds between lines.
    """

    def __init__(self, folder: Path | None, *, every: float = INTERVAL) -> None:
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
        """Start a stage of which some steps are done.

        TensorBoard forgets what an interrupted training logged after them.
        """
        self._close()
        if self._folder is not None:
            self._writer = SummaryWriter(str(self._folder / name), purge_step=done)
        self._validated = ""
        self.start(name, steps, done, unit="step", line=True)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def loss(self, done: int, loss: float) -> None:
        """Show the ``loss`` of the last step, when ``done`` steps of the stage are done."""
        status = f"loss {loss:.3g}"
        self.step(done, status, f"{status}  {self._validated}".rstrip())

    def validation(self, entry: HistoryEntry, best: float | None) -> None:
        """Show an entry of the history, and write a line about it.

        Parameters
        ----------
        entry
            The entry.
        best
            Validation error of the weights that are the best so far; None where none are.
        """
        errors = {"validation": entry.validation_error}
        if entry.train_error is not None:
            errors["training"] = entry.train_error
        if best is not None:
            errors["best"] = best
        self._validated = "  ".join(
            f"{name} {percent(entry.stage, error)}" for name, error in errors.items()
        )
        loss = f"loss {entry.train_loss:.3g}"
        status = f"{loss}  validation {entry.validation_error:.3g}"
        self.step(entry.step, status, f"{loss}  {self._validated}", line=True)

    def scalars(self, stage: str, step: int, values: Mapping[str, float]) -> None:
        """Write scalars of one step under ``stage/name``, with the memory in use (GB)."""
        if self._writer is None:
            return
        for name, value in values.items():
            self._writer.add_scalar(f"{stage}/{name}", value, step)
        memory = (
            torch.cuda.memory_allocated()
            if torch.cuda.is_available()
            else psutil.Process().memory_info().rss
        )
        # Memory that grows from step to step is a leak, which this curve shows.
        self._writer.add_scalar(f"{stage}/memory_gb", memory / 1e9, step)


def percent(stage: str, error: float) -> str:
    """Return an error of a stage in percent of the standard deviation of what it predicts."""
    return formatting.percent(relative(stage, error), trailing_zeros=False)
