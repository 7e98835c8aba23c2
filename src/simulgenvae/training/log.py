"""Progress of a training for the user, as a bar or lines, and for TensorBoard."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil
import torch
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from torch.utils.tensorboard import SummaryWriter

from simulgenvae.training.diagnosis import relative
from simulgenvae.training.phases import READING, Phase, Phases
from simulgenvae.training.time_left import TimeLeft
from simulgenvae.utils import formatting
from simulgenvae.utils.progress import INTERVAL, WorkLog, duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

    from rich.progress import ProgressColumn

    from simulgenvae.models.training_record import HistoryEntry


class TrainingLog(WorkLog):
    """Progress on the console and in a file, and scalars for TensorBoard.

    The user sees the phase, the share of the whole training, the error, and the time that the
    whole training still takes. The file, and the console where messages for developers are wanted,
    also have the steps and losses of each validation.

    Parameters
    ----------
    folder
        Folder of TensorBoard files, with one folder for each stage; None writes none.
    every
        Seconds between lines.
    begun
        Function that is called when the data have been read and training begins. Until then, lines
        of the file wait (unless reading takes longer than ``every``), so that a training that is
        refused leaves the log of an earlier one as it is.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        every: float = INTERVAL,
        begun: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(every=every)
        self._folder = folder
        self._on_begun = begun
        self._begun = False
        self._waiting: list[str] = []
        self._writer: SummaryWriter | None = None
        self._planned = False
        self._phases = Phases(())
        self._time = TimeLeft(self._phases)
        self._index = -1
        self._from = 0.0
        self._to = 1.0
        self._part = 0.0
        """Part of the phase that is done, from 0 to 1."""
        self._errors = ""

    @staticmethod
    def _columns() -> tuple[ProgressColumn, ...]:
        """Columns of the bar: the whole training has a single one."""
        return (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[status]}", markup=False),
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        self._close()

    def plan(self, phases: Phases) -> None:
        """Set the phases of the training that follows; by default, each phase is all there is."""
        self._planned = True
        self._phases = phases
        self._time = TimeLeft(phases)
        self._index = -1

    @property
    def phase_count(self) -> int:
        """Number of phases of the training."""
        return len(self._phases)

    def start_phase(
        self, key: str, total: int, done: int = 0, *, part: tuple[float, float] = (0.0, 1.0)
    ) -> None:
        """Begin a phase, or a part of it.

        Parameters
        ----------
        key
            Key of the phase.
        total, done
            Number of its steps, and of those that an earlier process has done.
        part
            From which to which part of the phase the steps lead.
        """
        if key != READING:
            self._begin()
        if not self._planned and self._phases.index(key) is None:
            self.plan(Phases((Phase(key, key, 1.0, key),)))
            self._planned = False
        # What was added from outside the package may not be planned: it counts as its predecessor.
        planned = self._phases.index(key)
        index = max(0, self._index) if planned is None else planned
        self._total = total
        self._from, self._to = part
        self._time.start()
        self._errors = ""
        is_new = index != self._index
        self._index = index
        self._set_done(done)
        if self._task is None:
            self._task = self._bars.add_task(self._title, total=1.0, status="")
        self._bars.update(self._task, description=self._title, completed=self._share, status="")
        if is_new:
            self._line("")

    def _begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        if self._on_begun is not None:
            self._on_begun()
        self._release()

    def _write_file(self, text: str) -> None:
        self._waiting.append(text)
        if self._begun or self.due:
            self._release()

    def _release(self) -> None:
        waiting, self._waiting = self._waiting, []
        for line in waiting:
            super()._write_file(line)

    def start_stage(self, name: str, steps: int, done: int) -> None:
        """Start a stage of which some steps are done.

        TensorBoard forgets what an interrupted training logged after them.
        """
        self._close()
        if self._folder is not None:
            self._writer = SummaryWriter(str(self._folder / name), purge_step=done)
        self.start_phase(name, steps, done)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def advance_to(self, done: int, detail: str = "") -> None:
        """Record the number of finished steps of the phase; ``detail`` is for developers."""
        self._set_done(done)
        self._time.record(self._index, self._part, time.monotonic())
        if self._task is not None:
            status = "  ".join(filter(None, (self._errors, self._left())))
            self._bars.update(self._task, completed=self._share, status=status)
        if self.due:
            self._line(detail)

    def loss(self, done: int, loss: float) -> None:
        """Show the ``loss`` of the last step, when ``done`` steps of the stage are done."""
        self.advance_to(done, f"loss {loss:.3g}")

    def validation(self, entry: HistoryEntry, best: HistoryEntry | None, name: str) -> None:
        """Show an entry of the history.

        Parameters
        ----------
        entry
            The entry.
        best
            Entry of the weights that are the best so far; None where none are.
        name
            Name of the error.
        """
        error = shown_error(entry)
        self._errors = f"{name} {error}"
        if best is not None and (least := shown_error(best)) != error:
            self._errors += f", best {least}"
        self.advance_to(entry.step)
        losses = f"loss {entry.train_loss:.3g}  validation {percent(entry, entry.validation_error)}"
        if entry.train_error is not None:
            losses += f"  training {percent(entry, entry.train_error)}"
        self._detail(losses)

    def finished(self, best: HistoryEntry, name: str) -> None:
        """Say with which error a stage has ended; the arguments are those of ``validation``."""
        phase = self._phases.phases[self._index]
        self.message(f"{phase.name} is trained: {name} {shown_error(best)}")

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

    def _set_done(self, done: int) -> None:
        self._done = done
        self._part = self._from + (self._to - self._from) * done / max(1, self._total)

    @property
    def _share(self) -> float:
        """Share of the whole training that is done."""
        phase = self._phases.phases[self._index]
        return min(1.0, self._phases.before(self._index) + self._part * phase.share)

    @property
    def _title(self) -> str:
        phase = self._phases.phases[self._index]
        return f"phase {self._index + 1} of {len(self._phases)}: {phase.name}"

    def _left(self) -> str:
        left = self._time.seconds(self._index, self._part)
        return "" if left is None or self._share >= 1 else f"about {duration(max(1.0, left))} left"

    def _text(self, text: str) -> str:
        """Return a line about the present state, with further text at its end."""
        # 100 % is said when all is done, and not before.
        share = f"{min(99, int(100 * self._share))} % done"
        return "  ".join(filter(None, (self._title, share, self._errors, self._left(), text)))

    def _line(self, detail: str) -> None:
        self._write(self._text(""), self._text(self._with_steps(detail)))

    def _detail(self, detail: str) -> None:
        """Write a line for developers."""
        self._write(None, self._text(self._with_steps(detail)))

    def _with_steps(self, detail: str) -> str:
        steps = f"(step {self._done:,} of {self._total:,}"
        return f"{steps}, {detail})" if detail else f"{steps})"


def shown_error(entry: HistoryEntry) -> str:
    """Return the validation error of an entry as text, by the measure of the report.

    Where that is unknown, it is relative to the standard deviation of what the stage predicts.
    """
    if entry.joint_error is not None:
        return formatting.percent(entry.joint_error)
    return percent(entry, entry.validation_error)


def percent(entry: HistoryEntry, error: float) -> str:
    """Return an error of a stage in percent of the standard deviation of what it predicts."""
    return formatting.percent(relative(entry.stage, error), trailing_zeros=False)
