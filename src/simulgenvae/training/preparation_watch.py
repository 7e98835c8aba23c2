"""Progress of the preparation for the user, and what an interrupted one leaves on disk for the
next."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch import Tensor

from simulgenvae.distributed import collectives
from simulgenvae.reduction import Monitor
from simulgenvae.training.checkpoint import restoring
from simulgenvae.training.identity import TrainingIdentity, check_identity
from simulgenvae.training.interrupt import Interrupted, interrupt_flag
from simulgenvae.training.log import TrainingLog
from simulgenvae.utils.tensor_file import read_tensors, write_tensors


@contextmanager
def watched(
    log: TrainingLog,
    folder: Path | None,
    identity: TrainingIdentity,
    seconds: float,
    *,
    resume: bool,
) -> Iterator[PreparationWatch]:
    """Watch over a preparation that can be stopped by Ctrl-C, and kept in ``folder`` every so many
    ``seconds``.

    Unless it is to ``resume``, what an interrupted one left there is removed; and so it is when
    this one is complete.
    """
    # Each rank keeps what it has seen of its own runs.
    name = (
        "preparing"
        if collectives.world_size() == 1
        else f"preparing-{collectives.rank() + 1}-of-{collectives.world_size()}"
    )
    file = None if folder is None else folder / f"{name}.safetensors"
    if file is not None and not resume:
        file.unlink(missing_ok=True)
    with interrupt_flag() as stop:
        yield PreparationWatch(log, file, identity, stop, seconds)
    if file is not None:
        file.unlink(missing_ok=True)


class PreparationWatch(Monitor):
    """Shows the progress of each pass over the fields, and keeps the passes in a file.

    Parameters
    ----------
    log
        Where progress is shown.
    file
        Where the passes are kept; None keeps none.
    identity
        Settings and data fingerprint, compared when a preparation goes on.
    stop
        Set by Ctrl-C.
    seconds
        Between two copies on disk.
    """

    def __init__(
        self,
        log: TrainingLog,
        file: Path | None,
        identity: TrainingIdentity,
        stop: threading.Event,
        seconds: float,
    ) -> None:
        self._log, self._file, self._identity, self._stop, self._seconds = (
            log,
            file,
            identity,
            stop,
            seconds,
        )
        self._passes: dict[str, tuple[int, dict[str, Tensor]]] = {}
        self._saved_at = time.monotonic()

    def resume(self, name: str, total: int, state: dict[str, Tensor]) -> int:
        """As :meth:`Monitor.resume`; UserError where the file belongs to another training or is
        damaged."""
        done = 0
        if self._file is not None and self._file.exists():
            tensors, about = read_tensors(self._file)
            check_identity(self._file, about, self._identity)
            with restoring(self._file):
                done = min(int(about["done"].get(name, 0)), total)
                for key, value in state.items() if done > 0 else ():
                    value.copy_(tensors[f"{name}/{key}"])
        self._passes[name] = done, state
        self._log.start(name, total, done, unit="runs read:")
        return done

    def advance(self, name: str, done: int) -> None:
        """As :meth:`Monitor.advance`; Interrupted after Ctrl-C, when the state has been saved."""
        self._passes[name] = done, self._passes[name][1]
        self._log.step(done, "runs", "")
        if self._stop.is_set() or time.monotonic() - self._saved_at > self._seconds:
            self._save()
        if self._stop.is_set():
            raise Interrupted(
                "Stopped; everything is saved. Go on with the same command and --resume."
            )

    def _save(self) -> None:
        if self._file is not None:
            tensors = {
                f"{name}/{key}": value
                for name, (_, state) in self._passes.items()
                for key, value in state.items()
            }
            done = {name: count for name, (count, _) in self._passes.items()}
            write_tensors(self._file, tensors, {"identity": self._identity.to_json(), "done": done})
        self._saved_at = time.monotonic()
