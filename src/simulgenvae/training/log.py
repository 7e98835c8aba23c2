"""What a user sees of training: progress bars with loss and time left, and TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from torch.utils.tensorboard import SummaryWriter


class TrainingLog:
    """Progress bars on the console and scalars for TensorBoard.

    Parameters
    ----------
    folder
        Where TensorBoard files go, in one folder a stage; None writes none.
    console
        Where the bars are drawn; None draws none.
    """

    def __init__(self, folder: Path | None, console: Console | None) -> None:
        self._folder = folder
        self._writer: SummaryWriter | None = None
        self._bars = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[status]}"),
            TimeRemainingColumn(),
            console=console or Console(quiet=True),
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()
        self._close()

    def start_stage(self, name: str, steps: int, done: int) -> None:
        """A new bar for a stage; what an interrupted run logged of it beyond ``done`` steps is purged."""
        self._close()
        if self._folder is not None:
            self._writer = SummaryWriter(str(self._folder / name), purge_step=done)
        self.start_bar(name, steps, done)

    def start_bar(self, name: str, total: int, done: int) -> None:
        """A new bar, for :meth:`step`."""
        self._task = self._bars.add_task(name, total=total, completed=done, status="")

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def step(self, done: int, status: str) -> None:
        """Move the bar to ``done`` steps."""
        assert self._task is not None
        self._bars.update(self._task, completed=done, status=status)

    def message(self, text: str) -> None:
        """A line above the bars."""
        self._bars.console.print(text, highlight=False, soft_wrap=True)

    def scalars(self, stage: str, step: int, values: Mapping[str, float]) -> None:
        """Scalars of one step under ``stage/name``, with the memory in use (GB)."""
        if self._writer is None:
            return
        for name, value in values.items():
            self._writer.add_scalar(f"{stage}/{name}", value, step)
        memory = torch.cuda.memory_allocated() if torch.cuda.is_available() else psutil.Process().memory_info().rss
        self._writer.add_scalar(f"{stage}/memory_gb", memory / 1e9, step)
