"""Steps that the demo has finished in a folder, so that the same command goes on after a stop."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulgenvae.errors import UserError
from simulgenvae.utils.atomic import atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = "demo.json"


class Options(BaseModel):
    """Options of the command that change what is done."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quick: bool = False
    images: bool = False
    kind: str | None = None
    runs: int | None = None
    overrides: tuple[str, ...] = ()


class Step(BaseModel):
    """Cost of a step of the demo; attempts that were stopped count too, unless they were killed."""

    model_config = ConfigDict(extra="forbid")

    finished: bool = False
    seconds: float = 0.0
    """Time by the clock."""
    processor_seconds: float = 0.0
    """Time of this process and its threads on the processor."""


class Record(BaseModel):
    """Content of ``demo.json``."""

    model_config = ConfigDict(extra="forbid")

    options: Options
    steps: dict[str, Step] = Field(default_factory=dict)
    """Steps that were begun, by their names."""

    @classmethod
    def open(cls, folder: Path, options: Options) -> Self:
        """Return the record of a folder, or a new one where the folder is empty or missing.

        Raises
        ------
        UserError
            When the folder holds something else, or a demo with other options.
        """
        file = folder / FILE
        if not file.is_file():
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                raise UserError(f"{folder} is not an empty folder: remove it, or give another one.")
            return cls(options=options)
        try:
            found = cls.model_validate_json(file.read_text(encoding="utf-8"))
        except (ValidationError, UnicodeDecodeError) as error:
            raise UserError(f"{file} is damaged: remove {folder}, or give another one.") from error
        if found.options != options:
            raise UserError(
                f"The demo in {folder} was begun with other options ({found.options.model_dump()}):"
                " go on with these, remove the folder, or give another one."
            )
        return found

    @property
    def seconds(self) -> float:
        """Time of all steps by the clock."""
        return sum(step.seconds for step in self.steps.values())

    def was_begun(self, step: str) -> bool:
        """Return whether an earlier command has begun a step, and perhaps finished it."""
        return step in self.steps

    def is_finished(self, step: str) -> bool:
        """Return whether nothing is left to do in a step."""
        return step in self.steps and self.steps[step].finished

    @contextmanager
    def doing(self, name: str, folder: Path) -> Iterator[None]:
        """Measure and record a step that is done in the block."""
        step = self.steps.setdefault(name, Step())
        self._write(folder)
        clock = time.perf_counter()
        processor = time.process_time()
        try:
            yield
            step.finished = True
        finally:
            step.seconds += time.perf_counter() - clock
            step.processor_seconds += time.process_time() - processor
            self._write(folder)

    def _write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(folder / FILE) as temporary:
            temporary.write_text(self.model_dump_json(indent=1), encoding="utf-8")
