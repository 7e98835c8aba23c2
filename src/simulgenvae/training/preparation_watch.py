"""Observer of a preparation: it shows the progress, and keeps an interrupted one on disk."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from simulgenvae.distributed import collectives
from simulgenvae.reduction import Monitor
from simulgenvae.training.identity import TrainingIdentity, check_identity
from simulgenvae.training.interrupt import Interrupted, interrupt_flag
from simulgenvae.training.phases import READING
from simulgenvae.utils.damage import explain_damage
from simulgenvae.utils.tensor_file import read_tensors, write_tensors

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from pathlib import Path

    from torch import Tensor

    from simulgenvae.training.log import TrainingLog

PASSES = 2
"""Usual number of passes over the runs."""


@contextmanager
def watch_preparation(
    log: TrainingLog,
    folder: Path | None,
    identity: TrainingIdentity,
    seconds: float,
    *,
    resume: bool,
) -> Iterator[PreparationWatch]:
    """Watch over a preparation, which Ctrl-C can stop and a later one continue.

    The file in which it is kept is removed when it is complete.

    Parameters
    ----------
    log
        Where progress is shown.
    folder
        Folder of the file; None keeps none.
    identity
        Identity of the training, compared when a preparation continues.
    seconds
        Time between two copies on disk.
    resume
        Whether to continue from the file of an interrupted preparation instead of removing it.
    """
    # Each rank keeps what it has seen of the runs that it reads.
    ranks = collectives.world_size()
    part = "" if ranks == 1 else f"-{collectives.rank() + 1}-of-{ranks}"
    file = None if folder is None else folder / f"preparing{part}.safetensors"
    if file is not None and not resume:
        file.unlink(missing_ok=True)
    with interrupt_flag() as stop:
        yield PreparationWatch(log, file, identity, stop, seconds)
    if file is not None:
        file.unlink(missing_ok=True)


class PreparationWatch(Monitor):
    """Monitor of the passes over the fields that shows and keeps them.

    Parameters
    ----------
    log
        Where progress is shown.
    file
        File in which the passes are kept; None keeps none.
    identity
        Identity of the training, compared when a preparation continues.
    stop
        Event that Ctrl-C sets.
    seconds
        Time between two copies on disk.
    """

    def __init__(
        self,
        log: TrainingLog,
        file: Path | None,
        identity: TrainingIdentity,
        stop: threading.Event,
        seconds: float,
    ) -> None:
        self._log = log
        self._file = file
        self._identity = identity
        self._stop = stop
        self._seconds = seconds
        self._passes: dict[str, tuple[int, dict[str, Tensor]]] = {}
        """Number of runs that are done and state of each pass, by its name."""
        self._saved_at = time.monotonic()

    def resume(self, name: str, total: int, accumulators: dict[str, Tensor]) -> int:
        """Start a pass, as :meth:`Monitor.resume` says.

        Raises
        ------
        UserError
            When the file belongs to another training or is damaged.
        """
        done = 0
        if self._file is not None and self._file.exists():
            tensors, about = read_tensors(self._file)
            check_identity(self._file, about, self._identity)
            with explain_damage(self._file):
                done = min(int(about["done"].get(name, 0)), total)
                if done > 0:
                    for key, value in accumulators.items():
                        value.copy_(tensors[f"{name}/{key}"])
        self._passes[name] = done, accumulators
        # There are two passes, unless the first one has found too few modes.
        number = min(len(self._passes), PASSES)
        part = ((number - 1) / PASSES, number / PASSES)
        self._log.start_phase(READING, total, done, part=part)
        return done

    def advance(self, name: str, done: int) -> None:
        """Take note of the runs that a pass has done, as :meth:`Monitor.advance` says.

        Raises
        ------
        Interrupted
            After Ctrl-C, when the state has been saved.
        """
        self._passes[name] = done, self._passes[name][1]
        self._log.advance_to(done, name)
        if self._stop.is_set() or time.monotonic() - self._saved_at > self._seconds:
            self._save()
        if self._stop.is_set():
            raise Interrupted(
                "Stopped; everything is saved. Go on with the same command and --resume."
            )

    def _save(self) -> None:
        """Write the state of all passes, so that finished ones are not repeated either."""
        if self._file is not None:
            tensors: dict[str, Tensor] = {}
            for name, (_, accumulators) in self._passes.items():
                tensors |= {f"{name}/{key}": value for key, value in accumulators.items()}
            done = {name: count for name, (count, _) in self._passes.items()}
            about = {"identity": self._identity.to_json(), "done": done}
            write_tensors(self._file, tensors, about)
        self._saved_at = time.monotonic()
