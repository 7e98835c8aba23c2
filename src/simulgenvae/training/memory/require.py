"""Comparison of the memory that training needs with what is free, before anything is allocated.

Tested in tests/training/memory/test_memory.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from simulgenvae.errors import UserError
from simulgenvae.training.memory.phases import Phase, fitting_phase, training_phases
from simulgenvae.utils.resources import available_memory, megabytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.reduction import Reduction
    from simulgenvae.settings import Settings
    from simulgenvae.training.memory.stage_memory import MemoryPart
    from simulgenvae.training.plan import TrainingPlan

WORTH_CHANGING = 0.15
"""Fraction of the need below which a part is listed without advice."""


def require_fitting_memory(dataset: Dataset, training_runs: int, settings: Settings) -> None:
    """Refuse to fit a reduction that does not fit into the available memory.

    Raises
    ------
    UserError
        With the parts of the need, and what makes them smaller.
    """
    require_phase(fitting_phase(dataset.shape, training_runs, settings))


def require_training_memory(plan: TrainingPlan, reduction: Reduction) -> None:
    """Refuse a training that does not fit, before coefficients are computed.

    Raises
    ------
    UserError
        With the parts of the need, and what makes them smaller.
    """
    for phase in training_phases(plan, reduction):
        require_phase(phase, plan.device)


def require_phase(phase: Phase, device: torch.device | None = None) -> None:
    """Raise UserError where a phase needs more than what is free, on the GPU ``device`` or not."""
    if shortage := shortage_of(phase, device):
        raise UserError(shortage)


def shortage_of(phase: Phase, device: torch.device | None = None) -> str | None:
    """Return a message where a phase needs more than what is free, otherwise None."""
    free = torch.cuda.mem_get_info(device)[0] if phase.on_gpu else available_memory()
    return shortage(phase.parts, free, phase.what)


def shortage(parts: Sequence[MemoryPart], free: int, what: str) -> str | None:
    """Return a message where parts together are larger than what is free, otherwise None.

    Parameters
    ----------
    parts
        What is in memory at the same time.
    free
        Bytes that are free.
    what
        Subject of the message.
    """
    need = sum(part.size for part in parts)
    if need <= free:
        return None
    changes = []
    for part in largest_first(parts):
        # Changing a small part would not help; several parts may have the same advice.
        if part.size >= WORTH_CHANGING * need and part.advice not in changes:
            changes.append(part.advice)
    return (
        f"{what} needs about {megabytes(need)} of memory ({listed_parts(parts)}), but "
        f"{megabytes(free)} are free. Free some, or try {'; or '.join(changes)}."
    )


def listed_parts(parts: Sequence[MemoryPart]) -> str:
    """Return the names and sizes of parts, the largest first."""
    return ", ".join(f"{part.name} {megabytes(part.size)}" for part in largest_first(parts))


def largest_first(parts: Sequence[MemoryPart]) -> list[MemoryPart]:
    """Return the parts that take memory, the largest first."""
    return sorted((part for part in parts if part.size), key=lambda part: -part.size)
