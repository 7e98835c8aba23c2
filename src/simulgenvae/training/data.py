"""What the stages train on: coefficients, conditions and split as tensors on one device."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulgenvae.models import Inputs
from simulgenvae.models.losses import FieldLoss
from simulgenvae.reduction import LazyStates, Reduction
from simulgenvae.settings import Loss


@dataclass(frozen=True)
class TrainingData:
    """All runs of a study in the form that training reads, on the device or in the computer's
    memory.

    ``coefficients`` ``[N, T, r]`` float32, ``conditions`` of the N runs, ``times`` ``[T]`` mapped
    to 0 … 1, ``rows`` of each part of the split.
    """

    coefficients: Tensor | LazyStates
    conditions: Inputs
    times: Tensor
    rows: dict[str, NDArray[np.intp]]

    @property
    def device(self) -> torch.device:
        """Where batches are needed."""
        return self.times.device

    @property
    def at_hand(self) -> bool:
        """Whether batches are only picked from what the device has already."""
        return isinstance(self.coefficients, Tensor) and self.coefficients.device == self.device

    def take(self, values: Tensor | LazyStates, rows: Tensor) -> Tensor:
        """Rows of ``values`` on the device; the copy does not wait where ``values`` are in the
        computer's memory."""
        taken = values[rows.to(values.device)]
        if taken.device == self.device:
            return taken
        return taken.pin_memory().to(self.device, non_blocking=True)

    def inputs(self, rows: Tensor) -> Inputs:
        """Conditions of some runs, on the device."""
        images = self.conditions.images
        return Inputs(
            self.take(self.conditions.table, rows),
            None if images is None else self.take(images, rows),
        )

    @cached_property
    def _moments(self) -> tuple[Tensor, Tensor]:
        """Mean and mean square of each coefficient over training runs and times, ``[r]``
        float64."""
        total, squares = (
            torch.zeros(self.coefficients.shape[2], dtype=torch.float64) for _ in range(2)
        )
        for row in torch.from_numpy(self.rows["train"]):
            run = self.coefficients[row[None]][0].double().cpu()
            total += run.mean(0)
            squares += run.square().mean(0)
        return total / len(self.rows["train"]), squares / len(self.rows["train"])

    @property
    def variance(self) -> float:
        """Mean squared norm of the training coefficients, summed over r."""
        return float(self._moments[1].sum())

    @cached_property
    def coefficient_std(self) -> Tensor:
        """Standard deviation of each coefficient over training runs and times, ``[r]``, on the
        device."""
        mean, square = self._moments
        return (square - mean.square()).clamp(min=0).sqrt().float().to(self.device)

    @property
    def validation_rows(self) -> NDArray[np.intp]:
        """Rows that validation looks at: the validation runs, or the training runs where the split
        has none."""
        return self.rows["validation"] if len(self.rows["validation"]) else self.rows["train"]

    @property
    def compared_rows(self) -> NDArray[np.intp]:
        """Training runs whose error is compared with that of the validation runs: as many, and
        always the same."""
        train = self.rows["train"]
        return np.random.default_rng(0).permutation(train)[: len(self.validation_rows)]

    def field_loss(self, kind: Loss, reduction: Reduction) -> FieldLoss:
        """Loss of ``kind`` in the units of this data."""
        rows, factor = reduction.state_rows()
        on_device = None if rows is None else torch.from_numpy(rows)
        return FieldLoss(kind, self.variance, on_device, torch.from_numpy(factor)).to(self.device)
