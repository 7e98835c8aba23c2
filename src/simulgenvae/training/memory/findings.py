"""Findings of a study's check about the memory that training will need.

It uses the estimate that training itself is refused by, at the largest number of modes that the
settings allow: how many there will be is known only when the fields have been reduced.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from simulgenvae.data.checks.finding import Finding
from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.errors import UserError
from simulgenvae.training.device import choose_device
from simulgenvae.training.memory.phases import Phase, fitting_phase, most_modes, training_phases
from simulgenvae.training.memory.require import listed_parts, shortage_of
from simulgenvae.training.plan import TrainingPlan
from simulgenvae.training.prepare import add_mirrored
from simulgenvae.training.stages import default_stages, stage_specs
from simulgenvae.training.symmetry import Symmetry, find_symmetry
from simulgenvae.utils.resources import megabytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.split import Split
    from simulgenvae.reduction import Reduction
    from simulgenvae.settings import Settings


@dataclass(frozen=True)
class LargestReduction:
    """Sizes of a reduction that has not been fitted, in arrays that take no memory."""

    field_shape: tuple[int, int]
    """Nodes M and variables V."""
    rank: int
    has_modes: bool

    def basis_and_factor(self) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        """Return arrays of the shapes that :meth:`Reduction.basis_and_factor` returns."""
        entries = math.prod(self.field_shape)
        rows = self._zeros(entries, self.rank) if self.has_modes else None
        return rows, self._zeros(entries)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the modes, the only large array of a reduction."""
        rows, _ = self.basis_and_factor()
        return {} if rows is None else {"basis": rows}

    @staticmethod
    def _zeros(*shape: int) -> NDArray[np.float32]:
        # All entries are the same four bytes. np.broadcast_to would do, but it is not writable, of
        # which torch warns.
        strides = (0,) * len(shape)
        return np.ndarray(shape, np.float32, buffer=np.zeros(1, np.float32), strides=strides)


def memory_findings(dataset: Dataset, split: Split, settings: Settings) -> list[Finding]:
    """Return the expected memory of a whole training, and a warning where it is not free.

    Mirrored runs count too, so that symmetries are looked for, and told.

    Parameters
    ----------
    dataset, split, settings
        The study; fields are read only where a symmetry is looked for.

    Raises
    ------
    UserError
        When the training runs are to be mirrored and the mesh or the variables are not symmetric.
    """
    try:
        symmetry = find_symmetry(dataset, split.rows(dataset.ids)["train"], settings)
    except UserError as error:
        symmetry = Symmetry(settings, (f"no symmetry could be looked for: {error}",))
    settings = symmetry.settings
    dataset, rows = add_mirrored(dataset, split.rows(dataset.ids), settings)
    field_shape = (dataset.shape[2], dataset.shape[3])
    has_modes = settings.reduction.method == "pod"
    device = None
    try:
        plan = TrainingPlan(
            dataset=dataset,
            rows=rows,
            settings=settings,
            scaler=ConditionScaler.fit(dataset.conditions.select(rows["train"])),
            specs=stage_specs(default_stages(settings)),
            continues=False,
            device=choose_device(settings.training.device),
            checkpoints=True,
        )
        device = plan.device
        runs = len(plan.learned_rows)
        rank = most_modes(dataset.shape, runs, settings) if has_modes else math.prod(field_shape)
        # The largest phase is shown, and each one that does not fit is a warning.
        phases = [fitting_phase(dataset.shape, runs, settings)]
        reduction = LargestReduction(field_shape, rank, has_modes)
        # Only the sizes of a reduction are used, which this class has.
        phases += training_phases(plan, cast("Reduction", reduction))
    except UserError as error:
        # Training refuses this study for another reason, before it needs memory.
        return [Finding("warning", f"training would be refused: {error}")]
    largest = max(phases, key=_size)
    text = f"expected memory of training with at most {rank} coefficients: about "
    text += f"{megabytes(_size(largest))} ({listed_parts(largest.parts)})"
    shortages = dict.fromkeys(shortage_of(phase, device) for phase in phases)
    warnings = [Finding("warning", message) for message in shortages if message is not None]
    remarks = [Finding("info", remark) for remark in symmetry.remarks]
    return [*remarks, Finding("info", text), *warnings]


def _size(phase: Phase) -> int:
    """Return the bytes of all parts of a phase."""
    return sum(part.size for part in phase.parts)
