"""Run of one stage: its batches, and when it validates, saves and stops.

Tested in tests/training/test_loop.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from simulgenvae.distributed import collectives
from simulgenvae.distributed.batch_shards import Shard
from simulgenvae.training.acceleration import losses_for
from simulgenvae.training.batch import Batch, plain_batch
from simulgenvae.training.batch_reader import batch_reader
from simulgenvae.training.budget import batch_size, step_counts
from simulgenvae.training.ddp import with_mean_gradients
from simulgenvae.training.diagnosis import part_name
from simulgenvae.training.interrupt import Interrupted
from simulgenvae.training.step import Steps
from simulgenvae.training.validation import Validation

if TYPE_CHECKING:
    import threading

    from simulgenvae.training.context import TrainingContext
    from simulgenvae.training.optim.optimizers import Optimizers
    from simulgenvae.training.stages import Stage

AGREE_EVERY = 8
"""Number of steps between the exchanges in which several ranks agree whether to save or stop."""


class StageRun:
    """One stage, from where the progress says that it is to its end.

    Parameters
    ----------
    context, stage
        What learns, and in which stage.
    optimizers
        Optimisers of the modules that the stage trains.
    stop
        Event that is set when the user wants the training to stop.
    """

    def __init__(
        self, context: TrainingContext, stage: Stage, optimizers: Optimizers, stop: threading.Event
    ) -> None:
        self._context = context
        self._stage = stage
        self._optimizers = optimizers
        self._stop = stop
        data = context.data
        runs = len(stage.rows)
        images = data.conditions.images is not None
        self._per_epoch, self._total = step_counts(
            stage.spec, stage.own_settings, runs, len(data.times), images=images
        )
        self._size = batch_size(stage.own_settings, runs)
        self._validation = Validation(context, stage)

    def run(self) -> None:
        """Take all steps that remain.

        Raises
        ------
        Interrupted
            When the user stopped it; the state has been saved.
        UserError
            When losses become NaN or infinite.
        """
        context = self._context
        progress = context.progress
        context.log.start_stage(self._stage.label, self._total, progress.step)
        context.networks.train()
        steps = self._make_steps()
        if progress.step == 0:
            # Saved at once: from here on the training can be resumed in this stage.
            self._validation.begin()
            self._save(None)
        with batch_reader(context.data, self._batch, self._total) as read_batch:
            for step in range(progress.step, self._total):
                steps.take(step, read_batch(step))
                progress.step = step + 1
                self._after_step(steps)
                # All ranks have the same history, so that they stop together.
                if progress.since_best >= self._stage.own_settings.patience:
                    context.log.message(
                        f"{part_name(self._stage.label)}: stopped before the end, as "
                        f"{progress.since_best} validations brought no improvement"
                    )
                    break
        if not self._stage.validated:
            context.best_weights = context.weights()

    def _make_steps(self) -> Steps:
        """Choose how losses are computed, and return what takes the steps."""
        context = self._context
        losses = losses_for(
            self._stage,
            self._stage.settings.training.performance,
            lambda: self._batch(context.progress.step),
            self._total,
            context.log.message,
        )
        # Around what was chosen above: gradients are averaged after the accelerated backward pass.
        losses = with_mean_gradients(losses, context.networks)
        return Steps(context, self._stage, losses, self._optimizers, self._total)

    def _after_step(self, steps: Steps) -> None:
        """Validate, save and stop where it is time to."""
        context = self._context
        done = context.progress.step
        settings = self._stage.settings.training
        validate_every = settings.validate_every * self._per_epoch
        validates = self._stage.validated and (done % validate_every == 0 or done == self._total)
        saves, stops = self._requests(settings.checkpoint_seconds)
        # Asking a GPU or other ranks for numbers makes them wait, so that it is done once an
        # epoch. A single process on the CPU has its numbers at once.
        reading_is_free = context.data.device.type == "cpu" and collectives.world_size() == 1
        if validates or saves or reading_is_free or done % self._per_epoch == 0:
            steps.settle()
        # Validation comes first: a checkpoint of this step must contain what it found.
        if validates:
            self._validation.validate(done)
        if saves:
            self._save(self._optimizers)
        if stops:
            raise Interrupted(
                "Stopped; everything is saved. Go on with the same command and --resume."
            )

    def _requests(self, seconds: float) -> tuple[bool, bool]:
        """Return whether a checkpoint is due and whether the training is to stop.

        ``seconds`` is the time between two checkpoints.
        """
        stops = self._stop.is_set()
        saves = stops or self._context.files.age > seconds
        if collectives.world_size() > 1:
            # Ranks have clocks and signals of their own, and must save and stop at the same step.
            if self._context.progress.step % AGREE_EVERY:
                return False, False
            wishes = torch.tensor([saves, stops], dtype=torch.uint8)
            saves, stops = map(bool, collectives.all_reduce_max(wishes))
        return saves, stops

    def _save(self, optimizers: Optimizers | None) -> None:
        context = self._context
        context.files.save(context.progress, context.networks, context.best_weights, optimizers)

    def _batch(self, step: int) -> Batch:
        """Return this rank's part of the batch of a step."""
        rows = self._batch_rows(step)
        shard = Shard.of(len(rows), collectives.rank(), collectives.world_size())
        return plain_batch(self._context.data, rows, shard)

    def _batch_rows(self, step: int) -> Tensor:
        """Return the rows of a step's batch, from a new permutation of the runs in each epoch."""
        # The permutation depends on nothing but these numbers. A resumed training gets the same
        # batches, and no other random numbers change with it.
        epoch, place = divmod(step, self._per_epoch)
        random = np.random.default_rng((self._context.seed, self._stage.number, epoch))
        order = random.permutation(self._stage.rows)
        start = place * self._size
        return torch.from_numpy(order[start : start + self._size])
