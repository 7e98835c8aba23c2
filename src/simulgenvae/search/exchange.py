"""Folder through which several processes, on one machine or more, share the trainings of a search.

One process decides what is trained and offers it as a file; those that help take one file each.
Who works on a file holds its lock, which the operating system frees when a process ends in any way.

Tested in tests/search/test_join.py.
"""

from __future__ import annotations

import shutil
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from simulgenvae.errors import UserError
from simulgenvae.models.search_record import Error, Seconds, Values
from simulgenvae.utils.atomic import atomic_write
from simulgenvae.utils.damage import first_problem
from simulgenvae.utils.lock import lock_if_free

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Content = TypeVar("Content", bound=BaseModel)

_LARGEST = 2**16
"""Bytes of the largest file that is read."""


class Task(BaseModel):
    """A training that is to be made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trial: Annotated[int, Field(ge=0)]
    values: Values
    steps: Annotated[int, Field(ge=1)]

    @property
    def name(self) -> str:
        """Name of its files."""
        return f"trial-{self.trial}-{self.steps}"


class Result(BaseModel):
    """Findings of a training of another process."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    error: Error | None
    seconds: Seconds
    """Time that it would have taken in the process that decides."""


class Exchange:
    """Offers and results of one search.

    Parameters
    ----------
    folder
        Folder of the files, which is made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def clear(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def offer(self, task: Task) -> None:
        """Offer a training, if it is not offered yet."""
        path = self._path(task, "json")
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            _write(path, task)

    @contextmanager
    def taking(self, task: Task) -> Iterator[bool]:
        """Hold a task for the block; yield False where another process has it or has done it."""
        with lock_if_free(self._path(task, "lock")) as free:
            offered = self._path(task, "json").exists()
            yield free and offered and not self._path(task, "result").exists()

    def withdraw(self, task: Task) -> bool:
        """Take an offer back; return False where another process has the task or has done it."""
        if not self._path(task, "json").exists():
            return True
        with self.taking(task) as free:
            if free:
                self._path(task, "json").unlink()
            return free

    def offers(self) -> list[Task]:
        """Return the tasks that are offered."""
        found = []
        for path in sorted(self._folder.glob("trial-*.json")):
            with suppress(FileNotFoundError):  # it may be done meanwhile
                found.append(_read(path, Task))
        return found

    def finish(self, task: Task, result: Result) -> None:
        """Write the result of a task."""
        try:
            _write(self._path(task, "result"), result)
        except UserError:
            if self._folder.is_dir():  # otherwise the search has ended without it
                raise

    def result(self, task: Task) -> Result | None:
        """Return the result of a task of another process; None where there is none yet."""
        try:
            return _read(self._path(task, "result"), Result)
        except FileNotFoundError:
            return None

    def forget(self, task: Task) -> None:
        """Remove the files of a task."""
        for suffix in ("json", "result", "lock"):
            self._path(task, suffix).unlink(missing_ok=True)

    @contextmanager
    def helping(self) -> Iterator[None]:
        """Count as a helper during the block."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with lock_if_free(self._folder / f"helper-{uuid.uuid4().hex}.lock"):
            yield

    def helpers(self) -> int:
        """Return the number of processes that help."""
        count = 0
        for path in self._folder.glob("helper-*.lock"):
            with lock_if_free(path) as free:
                count += not free
            if free:  # it was killed
                path.unlink(missing_ok=True)
        return count

    def _path(self, task: Task, suffix: str) -> Path:
        return self._folder / f"{task.name}.{suffix}"


def _write(path: Path, content: BaseModel) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text(content.model_dump_json(), encoding="utf-8")


def _read(path: Path, kind: type[Content]) -> Content:
    with path.open("rb") as file:
        content = file.read(_LARGEST + 1)
    try:
        if len(content) > _LARGEST:
            raise ValueError("it is too large")
        return kind.model_validate_json(content)
    except ValueError as error:
        raise UserError(
            f"{path} is no file of a search ({first_problem(error)}): remove it."
        ) from error
