"""Errors of a stage that runs out of memory, in words that say what to change.

Tested in tests/training/memory/test_memory.py.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.training.memory.phases import FEWER_MODES
from simulgenvae.training.memory.stage_memory import step_advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulgenvae.training.stages import Stage

# torch raises RuntimeError for this on some devices, with one of these words in its message.
_OUT_OF_MEMORY = re.compile(
    r"out of memory|allocate memory|not enough memory|alloc_failed", re.IGNORECASE
)


@contextmanager
def explain_out_of_memory(stage: Stage) -> Iterator[None]:
    """Turn running out of memory in a stage into a UserError that says what to change."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not _OUT_OF_MEMORY.search(str(error)):
            raise
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise UserError(
            f"Training stopped: stage {stage.name} ran out of memory ({reason}). Free some, or "
            f"train again with --overwrite and {step_advice(stage)}, or {FEWER_MODES}."
        ) from error
