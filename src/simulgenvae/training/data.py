"""Data that the stages train on: coefficients, conditions and split as tensors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from simulgenvae.models.losses import FieldLoss
from simulgenvae.utils.moments import mean_and_square

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.models import Inputs
    from simulgenvae.reduction import LazyStates, Reduction
    from simulgenvae.reduction.joint_norms import JointNorms
    from simulgenvae.settings import Loss


@dataclass(frozen=True)
class TrainingData:
    """All runs of a study in the form that training reads.

    They are on the device that trains, or in the computer's memory or on disk.
    """

    coefficients: Tensor | LazyStates
    """Coefficients of N runs, `[N, T, r]`, float32."""
    conditions: Inputs
    """Conditions of these runs."""
    times: Tensor
    """Timesteps mapped to 0 … 1, `[T]`, on the device."""
    rows: dict[str, NDArray[np.intp]]
    """Rows of each part of the split: ``train``, ``validation`` and ``test``."""
    norms: JointNorms | None = None
    """Measure of the report; None where errors are not shown."""

    @property
    def device(self) -> torch.device:
        """Device that batches are moved to."""
        return self.times.device

    @property
    def on_device(self) -> bool:
        """True if all data are on the device already, so that batches need no copy."""
        return isinstance(self.coefficients, Tensor) and self.coefficients.device == self.device

    def take(self, values: Tensor | LazyStates, rows: Tensor) -> Tensor:
        """Return rows of ``values`` on the device."""
        taken = values[rows.to(values.device)]
        if taken.device == self.device:
            return taken
        # From pinned memory the copy runs while the program continues.
        return taken.pin_memory().to(self.device, non_blocking=True)

    def inputs(self, rows: Tensor) -> Inputs:
        """Return the conditions of some runs, on the device."""
        return self.conditions.each(lambda values: self.take(values, rows))

    @cached_property
    def _moments(self) -> tuple[Tensor, Tensor]:
        """Mean and mean square of each coefficient over training runs and times, `[r]`, float64."""
        # Run by run: the coefficients may be on disk, and larger than the memory.
        rows = torch.from_numpy(self.rows["train"])
        runs = (self.coefficients[row[None]][0] for row in rows)
        return mean_and_square(runs, self.coefficients.shape[2])

    @property
    def variance(self) -> float:
        """Mean squared norm of the training coefficients of a timestep."""
        return float(self._moments[1].sum())

    def joint_factors(self, rows: NDArray[np.intp]) -> Tensor | None:
        """Return the factor from a run's relative error to its joint error, ``[n]``.

        Relative errors are in units of the training variance, joint errors in units of the run's
        own deviation, as in the report. A run without deviation has no joint error: its factor is
        0, and those of the others are larger, so that the mean of all products is that of the
        others. None where no run has a joint error.
        """
        if self.norms is None:
            return None
        runs = (self.coefficients[torch.tensor([row])][0].cpu().numpy() for row in rows)
        norms = self.norms.of(runs)
        defined = norms > 0
        if not defined.any():
            return None
        factors = np.zeros(len(norms))
        factors[defined] = math.sqrt(self.variance) / norms[defined] / defined.mean()
        return torch.from_numpy(factors).to(self.device)

    @cached_property
    def coefficient_std(self) -> Tensor:
        """Standard deviation of each coefficient over training runs and times, `[r]`."""
        mean, square = self._moments
        # Rounding can leave a coefficient that never changes a variance below 0.
        return (square - mean.square()).clamp(min=0).sqrt().float().to(self.device)

    @property
    def validation_rows(self) -> NDArray[np.intp]:
        """Rows of the validation runs, or of the training runs where the split has none."""
        return self.rows["validation"] if len(self.rows["validation"]) else self.rows["train"]

    @property
    def train_error_rows(self) -> NDArray[np.intp]:
        """Rows of as many training runs as there are validation runs, always the same.

        Their error is compared with that of the validation runs.
        """
        train = self.rows["train"]
        return np.random.default_rng(0).permutation(train)[: len(self.validation_rows)]

    def field_loss(self, kind: Loss, reduction: Reduction) -> FieldLoss:
        """Return the loss of a kind in the units of these data."""
        rows, factor = reduction.basis_and_factor()
        modes = None if rows is None else torch.from_numpy(rows)
        return FieldLoss(kind, self.variance, modes, torch.from_numpy(factor)).to(self.device)
