"""File of a search: one line of JSON for each event, from which an interrupted search continues.

Repeating the events in their order leads to the state in which the search was, so that nothing
else is stored. The file is only appended to, and the last line counts when it is complete: neither
``kill -9`` nor a power cut damages it.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from simulgenvae.errors import UserError
from simulgenvae.models.search_record import Error, SearchRecord, Seconds, Values
from simulgenvae.training.identity import check_identity
from simulgenvae.utils.atomic import atomic_write
from simulgenvae.utils.damage import first_problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from simulgenvae.training.identity import TrainingIdentity

FORMAT = 2
"""Version of the file. In those of version 1, errors are relative to the training variance, and
cannot be compared with those of the report."""
_LARGEST = 2**26
"""Bytes of the largest file that is read."""


class Event(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    spent: Seconds
    """Seconds of the budget that were spent when it was written."""


class Prepared(Event):
    """Event: the runs were prepared and the speed was measured."""

    event: Literal["prepared"] = "prepared"
    rest: Seconds
    """Time that a training takes besides its networks."""
    seconds_per_step: dict[str, Seconds]
    """Time of a step of a network with the defaults, by its decoder."""


class Started(Event):
    """Event: a trial was started."""

    event: Literal["started"] = "started"
    values: Values


class Trained(Event):
    """Event: a training of a trial was finished."""

    event: Literal["trained"] = "trained"
    trial: Annotated[int, Field(ge=0)]
    steps: Annotated[int, Field(ge=1)]
    error: Error | None
    seconds: Seconds


class Ended(Event):
    """Event: the search has ended, and the training with the chosen settings follows."""

    event: Literal["ended"] = "ended"
    record: SearchRecord


AnyEvent = Annotated[Prepared | Started | Trained | Ended, Field(discriminator="event")]
_EVENT: TypeAdapter[Prepared | Started | Trained | Ended] = TypeAdapter(AnyEvent)


class History:
    """Events of a search, in memory and, where there is a file, on disk.

    Parameters
    ----------
    path
        The file; None keeps nothing on disk.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.events: list[Prepared | Started | Trained | Ended] = []
        self.budget = 0.0
        """Time for search and training together, in seconds."""

    def begin(self, budget: float, identity: TrainingIdentity) -> None:
        """Start a new file."""
        self.budget = budget
        self.events = []
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        head = {"format": FORMAT, "budget": budget, "identity": identity.to_json()}
        # Helpers that wait for the file never see it without its head.
        with atomic_write(self._path) as temporary:
            temporary.write_text(json.dumps(head, allow_nan=False) + "\n", "utf-8")

    def add(self, event: Prepared | Started | Trained | Ended) -> None:
        """Append an event; it is on disk when this returns."""
        self.events.append(event)
        self._append(event.model_dump(mode="json"))

    @property
    def spent(self) -> float:
        """Seconds of the budget that were spent at the last event."""
        return self.events[-1].spent if self.events else 0.0

    @property
    def record(self) -> SearchRecord | None:
        """Record of the search; None where it has not ended."""
        last = self.events[-1] if self.events else None
        return last.record if isinstance(last, Ended) else None

    def read(self, identity: TrainingIdentity, *, repair: bool = True) -> None:
        """Read the file of an interrupted search.

        Parameters
        ----------
        identity
            Identity of the training that it must belong to.
        repair
            Whether a line that was not finished is removed, as before further events are added.

        Raises
        ------
        UserError
            When it is damaged, or of other settings or data.
        """
        assert self._path is not None, "a search without a file cannot be read"
        path = self._path
        try:
            if path.is_symlink() or path.stat().st_size > _LARGEST:
                raise ValueError(f"a link, or larger than {_LARGEST >> 20} MiB")
            content = path.read_bytes()
            end = content.rfind(b"\n") + 1
            first, *lines = content[:end].splitlines() or [b"{}"]
            head = json.loads(first)
            if not isinstance(head, dict) or head.get("format") != FORMAT:
                raise ValueError(f"not of format {FORMAT}")
            self.budget = TypeAdapter(Seconds).validate_python(head.get("budget"))
            self.events = [_EVENT.validate_json(line) for line in lines]
        except (OSError, ValueError, RecursionError) as error:
            reason = first_problem(error) if isinstance(error, ValidationError) else str(error)
            raise UserError(
                f"{path} is no search of this version ({reason}): start afresh with --overwrite."
            ) from error
        check_identity(path, head, identity)
        if repair and end < len(content):
            os.truncate(path, end)

    def _append(self, content: dict[str, object]) -> None:
        if self._path is None:
            return
        line = json.dumps(content, allow_nan=False) + "\n"
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise UserError(
                f"{self._path} could not be written ({error.strerror or error}). Free some space "
                "or make the folder writable."
            ) from error


def remove(paths: Sequence[Path]) -> None:
    """Remove files of an earlier search, where there are any."""
    for path in paths:
        path.unlink(missing_ok=True)
