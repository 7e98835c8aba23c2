"""Optimiser steps of a stage, and the numbers that are logged and checked after them.

Tested in tests/training/test_loop.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from simulgenvae.distributed import collectives
from simulgenvae.distributed.batch_shards import shard_draws
from simulgenvae.training.augmentation import augmented_batch
from simulgenvae.training.guards import longest_gradient, require_finite_loss, require_steps
from simulgenvae.training.node_shards import clip_gradients, gradient_norm
from simulgenvae.training.performance import constant_weights
from simulgenvae.training.schedules import kl_weight, learning_rate

if TYPE_CHECKING:
    from simulgenvae.training.acceleration import Losses
    from simulgenvae.training.batch import Batch
    from simulgenvae.training.context import TrainingContext
    from simulgenvae.training.optim.optimizers import Optimizers
    from simulgenvae.training.stages import Stage

LOG_EVERY = 20
"""Number of steps between updates of the progress and TensorBoard."""


class StepResult(NamedTuple):
    """Numbers of a step that have not been looked at."""

    step: int
    rates: dict[str, float]
    """Learning rate and, where it is used, KL weight."""
    names: tuple[str, ...]
    """Names of ``numbers``: ``gradient_norm`` and the terms of the loss."""
    numbers: Tensor
    """Numbers on the device, 1-d."""


class Steps:
    """Steps of one stage.

    A GPU computes behind the program that gives it work. Asking it for a number makes the program
    wait until all is computed, and the GPU then waits for new work. Therefore :meth:`take` leaves
    the numbers of a step on the device, and :meth:`settle` reads the numbers of many steps at once.

    Parameters
    ----------
    context, stage
        What learns, and in which stage.
    losses
        Losses of the stage, made as fast as the device allows.
    optimizers
        Optimisers of the modules that the stage trains.
    total
        Number of steps of the whole stage, on which the learning rate depends.
    """

    def __init__(
        self,
        context: TrainingContext,
        stage: Stage,
        losses: Losses,
        optimizers: Optimizers,
        total: int,
    ) -> None:
        self._context = context
        self._stage = stage
        self._losses = losses
        self._optimizers = optimizers
        self._total = total
        self._unsettled: list[StepResult] = []
        start = context.progress.gradient_at_start
        known = context.progress.step > 0 and start is not None
        self._start = torch.tensor(start, device=context.data.device) if known else None

    def take(self, step: int, batch: Batch) -> None:
        """Change the weights by the gradient of the loss on a batch."""
        stage = self._stage
        settings = stage.settings.training
        self._optimizers.zero_grad()
        with (
            shard_draws(batch.shard),
            constant_weights(stage.learning_modules, settings.performance),
        ):
            reads_conditions = stage.spec.reads_conditions
            batch = augmented_batch(
                self._context.data, batch, settings.augmentation, conditions=reads_conditions
            )
            beta = kl_weight(step, self._total, settings.init_beta_divisor)
            terms = self._losses(batch, beta)
            terms["loss"].backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        norm = gradient_norm(self._optimizers.parameters)
        clip_gradients(self._optimizers.parameters, norm, settings.max_grad_norm)
        rate = learning_rate(step, self._total, stage.own_settings)
        if self._start is None:
            self._start = norm
        # The comparison stays on the device, as the norm does: a step with an exploding gradient
        # is computed like any other and changes nothing.
        limit = longest_gradient(settings.skip_gradient, self._start)
        self._optimizers.step(rate, norm.isfinite() & (norm <= limit))
        rates = {"learning_rate": rate} | ({"kl_weight": beta} if stage.weighs_kl else {})
        # detach: the graph of the loss would keep all activations in memory.
        numbers = torch.stack([norm, *(term.detach() for term in terms.values())])
        self._unsettled.append(StepResult(step, rates, ("gradient_norm", *terms), numbers))

    def settle(self) -> None:
        """Count, check and log the numbers of all steps since the last call.

        Raises
        ------
        UserError
            When a loss is NaN or infinite, or too many steps were skipped one after another.
        """
        log = self._context.log
        numbers = torch.stack([result.numbers for result in self._unsettled])
        means = (collectives.all_reduce_sum(numbers) / collectives.world_size()).tolist()
        for result, row in zip(self._unsettled, means, strict=True):
            numbers_by_name = dict(zip(result.names, row, strict=True))
            self._check(result, numbers_by_name)
            last_loss = numbers_by_name["loss"]
        if log.due or any(result.step % LOG_EVERY == 0 for result in self._unsettled):
            log.loss(self._context.progress.step, last_loss)
        self._unsettled.clear()

    def _check(self, result: StepResult, numbers: dict[str, float]) -> None:
        """Check, count and log the numbers of one step by their names."""
        progress = self._context.progress
        # The first step that is wrong is named, also when several steps are looked at together.
        norm = numbers.pop("gradient_norm")
        require_finite_loss(self._stage, result.step + 1, numbers)
        if result.step == 0:
            progress.gradient_at_start = norm
        assert self._start is not None, "a step was taken"
        skip_gradient = self._stage.settings.training.skip_gradient
        limit = float(longest_gradient(skip_gradient, self._start))
        if math.isfinite(norm) and norm <= limit:
            progress.skipped_in_row = 0
        else:
            progress.skipped += 1
            progress.skipped_in_row += 1
            require_steps(self._stage, result.step + 1, progress.skipped_in_row, limit)
        progress.loss_sum += numbers["loss"]
        progress.loss_count += 1
        if result.step % LOG_EVERY == 0:
            more = {"gradient_norm": norm, "skipped_steps": float(progress.skipped)}
            self._context.log.scalars(self._stage.label, result.step, numbers | result.rates | more)
