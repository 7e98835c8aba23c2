"""Validation during a stage, and the choice of the weights that it ends with.

Tested in tests/training/test_loop.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from simulgenvae.distributed import collectives
from simulgenvae.models.training_record import HistoryEntry
from simulgenvae.training.batch import Batch, plain_batch
from simulgenvae.training.budget import batch_size
from simulgenvae.training.guards import require_finite_validation
from simulgenvae.training.stages.base import LIMIT_FACTOR

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from simulgenvae.training.context import TrainingContext
    from simulgenvae.training.stages import Stage


class Validation:
    """Validations of one stage.

    The weights with the smallest error are chosen. Where the stage has a limited error, they are
    chosen only if that error is at most ``LIMIT_FACTOR`` times what it was at the start.
    """

    def __init__(self, context: TrainingContext, stage: Stage) -> None:
        self._context = context
        self._stage = stage
        self._joint_factors = context.data.joint_factors(context.data.validation_rows)

    def begin(self) -> None:
        """Measure the limited error at the start, and keep the weights to return to."""
        if self._stage.limited_error is None:
            return
        context = self._context
        context.networks.eval()
        context.progress.limited_error_at_start = self._error(
            self._stage.limited_error, context.data.validation_rows
        )
        context.networks.train()
        # All later weights may exceed the limit: the stage then ends with those it started with.
        context.best_weights = context.weights()

    def validate(self, step: int) -> None:
        """Measure errors after ``step`` steps, log them, and keep the weights if they are better.

        Raises
        ------
        UserError
            When the error is NaN or infinite.
        """
        context = self._context
        progress = context.progress
        label = self._stage.label
        # In evaluation mode there is no dropout, and no random number is drawn: validating more or
        # less often does not change what is learned.
        context.networks.eval()
        rows = context.data.validation_rows
        error, joint_error = self._errors(self._stage.validation_error, rows, self._joint_factors)
        train_error = self._error(self._stage.validation_error, context.data.train_error_rows)
        allowed = self._within_limit()
        context.networks.train()
        # A NaN would compare as "not better" for ever.
        require_finite_validation(self._stage, step, error)
        train_loss = progress.loss_sum / max(progress.loss_count, 1)
        progress.loss_sum = 0.0
        progress.loss_count = 0
        entry = HistoryEntry(
            stage=label,
            step=step,
            train_loss=train_loss,
            train_error=train_error,
            validation_error=error,
            joint_error=joint_error,
        )
        progress.history.append(entry)
        better = allowed and (progress.best_error is None or error < progress.best_error)
        context.log.scalars(label, step, {"validation": error, "train_error": train_error})
        # Equal errors do not count as better: patience would never end.
        if better:
            progress.best_error = error
            progress.since_best = 0
            context.best_weights = context.weights()
            context.files.write_weights("best", context.best_weights)
        else:
            progress.since_best += 1
        context.log.validation(entry, context.best_entry(label), self._stage.error_name)

    def _within_limit(self) -> bool:
        """Return whether the limited error has not grown, or there is none."""
        limit = self._context.progress.limited_error_at_start
        if limit is None or self._stage.limited_error is None:
            return True
        rows = self._context.data.validation_rows
        return self._error(self._stage.limited_error, rows) <= LIMIT_FACTOR * limit

    def _error(self, batch_error: Callable[[Batch], Tensor], rows: NDArray[np.intp]) -> float:
        """Return the mean of an error over the runs ``rows``, of which each rank takes a part."""
        return self._errors(batch_error, rows, None)[0]

    @torch.no_grad()
    def _errors(
        self,
        batch_error: Callable[[Batch], Tensor],
        rows: NDArray[np.intp],
        factors: Tensor | None,
    ) -> tuple[float, float | None]:
        """Return the mean of an error over runs, and that of its products with ``factors``.

        The second is None where the error is not one of each run, or there are no factors.
        """
        data = self._context.data
        # Batches as large as in a step: whatever could be trained on can be validated on.
        size = batch_size(self._stage.own_settings, len(data.rows["train"]))
        total = torch.zeros(2, dtype=torch.float64, device=data.device)
        by_run = factors is not None
        # Places of the runs in `rows`, of which each rank takes the same as of the rows.
        places = collectives.local_batches(np.arange(len(rows)), size)
        for own, place in zip(collectives.local_batches(rows, size), places, strict=True):
            # All ranks must call the networks equally often, also those that have no run left.
            batch = plain_batch(data, torch.from_numpy(own if len(own) else rows[:1]))
            errors = batch_error(batch)
            total[0] += len(own) * errors.mean()
            if factors is None or errors.ndim == 0:
                by_run = False
            elif len(own):
                total[1] += (errors * factors[torch.from_numpy(place)]).sum()
        means = collectives.all_reduce_sum(total) / len(rows)
        return float(means[0]), float(means[1]) if by_run else None
