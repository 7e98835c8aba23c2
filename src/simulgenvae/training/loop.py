"""The one training loop: batches, guards, validation, early stopping, checkpoints, for every
stage."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulgenvae.distributed import collectives
from simulgenvae.distributed.batch_shards import Shard, shard_draws
from simulgenvae.models.networks import Networks
from simulgenvae.training.acceleration import Losses, losses_for
from simulgenvae.training.augmentation import Batch, augmented_batch, plain_batch
from simulgenvae.training.batch_reader import batch_reader
from simulgenvae.training.budget import batch_size, step_counts
from simulgenvae.training.checkpoint import (
    Checkpoint,
    Progress,
    check_identity,
    restoring,
    save_checkpoint,
    stage_file,
)
from simulgenvae.training.data import TrainingData
from simulgenvae.training.ddp import averaging
from simulgenvae.training.diagnosis import overfitting_begins, stage_warnings
from simulgenvae.training.guards import (
    require_finite_loss,
    require_finite_validation,
    require_steps,
)
from simulgenvae.training.interrupt import Interrupted, interrupt_flag
from simulgenvae.training.log import TrainingLog, percent
from simulgenvae.training.memory import memory_errors
from simulgenvae.training.node_shards import gradient_norm, load_weights, shrink_gradients, whole
from simulgenvae.training.optim.optimizers import Optimizers
from simulgenvae.training.performance import same_weights_again
from simulgenvae.training.schedules import kl_weight, learning_rate
from simulgenvae.training.stages.base import Stage
from simulgenvae.utils.tensor_file import read_tensors, write_tensors

ALLOWED = 1.05
"""Factor by which the error that must not grow may grow: that of few validation runs is
uncertain."""
AGREE_EVERY = 8
"""Steps after which several ranks ask each other whether to save or to stop."""
LOG_EVERY = 20
"""Steps between updates of the progress and TensorBoard."""


class Loop:
    """Runs stages one after another and can stop and go on at any step.

    Parameters
    ----------
    networks, data
        What learns, and from what.
    folder
        Where ``last.safetensors`` (whole state), ``best.safetensors`` (weights of the best
        validation) and the result of each stage go; None keeps nothing.
    identity
        Settings and data fingerprint, compared when a checkpoint is resumed.
    log
        Progress and TensorBoard.
    seed
        Seed of the order of batches; the noise is torch's, whose state is part of every checkpoint.
    """

    def __init__(
        self,
        networks: Networks,
        data: TrainingData,
        folder: Path | None,
        identity: dict[str, Any],
        log: TrainingLog,
        seed: int,
    ) -> None:
        self.networks, self.data, self.folder, self.identity = networks, data, folder, identity
        self.log, self.seed = log, seed
        self.progress = Progress()
        self.best: dict[str, Tensor] = {}
        self.results: dict[str, dict[str, Tensor]] = {}
        """Weights that each finished stage ended with, by its label."""
        self._initial: dict[str, Tensor] = {}
        """Weights that training began with, where a member needs them again."""
        self._unsettled: list[tuple[int, dict[str, float], tuple[str, ...], Tensor]] = []
        """Of each step that nobody has looked at: its number, rates, and numbers with their
        names."""
        self._saved_at = time.monotonic()

    def run(self, stages: list[Stage], checkpoint: Checkpoint | None = None) -> Progress:
        """Run all stages, from ``checkpoint`` on when one is given; the networks end as the last
        stage's best.

        Raises
        ------
        Interrupted
            After Ctrl-C, when the state has been saved.
        UserError
            When losses become NaN or infinite.
        """
        if any(0 < len(stage.renewed) < len(list(self.networks.children())) for stage in stages):
            self._initial = self._weights()
        if checkpoint is not None:
            self.progress, self.best = checkpoint.progress, checkpoint.best
            for stage in stages[: self.progress.stage]:
                self.results[stage.label] = self._finished(stage)
            with restoring(checkpoint.path):
                load_weights(self.networks, checkpoint.networks)
        with interrupt_flag() as stop:
            while self.progress.stage < len(stages):
                stage = stages[self.progress.stage]
                with memory_errors(stage), collectives.communication_errors():
                    self._run_stage(stage, stages, checkpoint, stop)
                checkpoint = None
            self._save(None)
        return self.progress

    def _run_stage(
        self,
        stage: Stage,
        stages: list[Stage],
        checkpoint: Checkpoint | None,
        stop: threading.Event,
    ) -> None:
        progress, settings = self.progress, stage.settings.training
        for module in self.networks.modules():
            module.requires_grad_(False)
        for module in stage.trained:
            module.requires_grad_(True)
        optimizers = Optimizers(stage.trained, settings.optimizer, stage.schedule.weight_decay)
        if checkpoint is not None and checkpoint.progress.step > 0:
            with restoring(checkpoint.path):
                optimizers.load_arrays(checkpoint.optimizer)
                checkpoint.restore_rng()
        elif progress.step == 0:
            torch.manual_seed(self.seed + stage.number)
            if stage.renewed:
                self._renew(stage, stages)
        runs, times = len(self.data.rows["train"]), len(self.data.times)
        images = self.data.conditions.images is not None
        per_epoch, total = step_counts(stage.spec, stage.schedule, runs, times, images=images)
        size = batch_size(stage.name, stage.schedule, runs)
        validate_every = settings.validate_every * per_epoch
        self.log.start_stage(stage.label, total, progress.step)
        self.networks.train()

        def fetch(step: int) -> Batch:
            rows = self._batch_rows(stage, step, per_epoch, size)
            return plain_batch(
                self.data, rows, Shard.of(len(rows), collectives.rank(), collectives.world_size())
            )

        losses = losses_for(
            stage, settings.performance, lambda: fetch(progress.step), total, self.log.message
        )
        losses = averaging(losses, self.networks)
        if progress.step == 0:
            self._begin_with_kept(stage)
            self._save(None)
        with batch_reader(self.data, fetch, total) as batch:
            for step in range(progress.step, total):
                self._step(stage, losses, batch(step), optimizers, step, total)
                progress.step = step + 1
                validates = progress.step % validate_every == 0 or progress.step == total
                saves, stops = self._asked(stop, settings.checkpoint_seconds)
                # A GPU that is asked for numbers stands still, and so do ranks; the processor has
                # its own at once.
                at_once = self.data.device.type == "cpu" and collectives.world_size() == 1
                if validates or saves or at_once or progress.step % per_epoch == 0:
                    self._settle(stage)
                if validates:
                    self._validate(stage, progress.step)
                if saves:
                    self._save(optimizers)
                if stops:
                    raise Interrupted(
                        "Stopped; everything is saved. Go on with the same command and --resume."
                    )
                if progress.since_best >= stage.schedule.patience:
                    self.log.message(
                        f"{stage.label}: no improvement for {progress.since_best} validations, "
                        "stopped"
                    )
                    break
        self._finish_stage(stage)

    def _renew(self, stage: Stage, stages: list[Stage]) -> None:
        """Draw new weights for networks that a stage renews; the others are those its first member
        began with."""
        first = [each.name for each in stages].index(stage.name)
        weights = self.results[stages[first - 1].label] if first else self._initial
        fresh = self.networks.new_weights()
        kept = {
            name: value
            for name, value in weights.items()
            if name.split(".")[0] not in stage.renewed
        }
        load_weights(self.networks, fresh | kept)

    def _asked(self, stop: threading.Event, seconds: float) -> tuple[bool, bool]:
        """Whether a checkpoint is due, and whether training is to stop; several ranks settle it now
        and then."""
        stops = stop.is_set()
        saves = stops or time.monotonic() - self._saved_at > seconds
        if collectives.world_size() > 1:
            if self.progress.step % AGREE_EVERY:
                return False, False
            saves, stops = map(
                bool, collectives.all_reduce_max(torch.tensor([saves, stops], dtype=torch.uint8))
            )
        return saves, stops

    def _batch_rows(self, stage: Stage, step: int, per_epoch: int, size: int) -> Tensor:
        """Rows of a batch: a fresh permutation of the training runs every epoch, whatever came
        before."""
        train = self.data.rows["train"]
        order = np.random.default_rng((self.seed, stage.number, step // per_epoch)).permutation(
            train
        )
        start = (step % per_epoch) * size
        return torch.from_numpy(order[start : start + size])

    def _step(
        self,
        stage: Stage,
        losses: Losses,
        batch: Batch,
        optimizers: Optimizers,
        step: int,
        total: int,
    ) -> None:
        """One step, without waiting for the device; what it found is left for :meth:`_settle`."""
        settings = stage.settings.training
        optimizers.zero_grad()
        with shard_draws(batch.shard), same_weights_again(stage.trained, settings.performance):
            batch = augmented_batch(
                self.data, batch, settings.augmentation, conditions=stage.spec.reads_conditions
            )
            beta = kl_weight(step, total, settings.init_beta_divisor)
            terms = losses(batch, beta)
            terms["loss"].backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        norm = gradient_norm(optimizers.parameters)
        shrink_gradients(optimizers.parameters, norm, settings.max_grad_norm)
        rate = learning_rate(step, total, stage.schedule)
        optimizers.step(rate, norm <= settings.skip_gradient)
        numbers = torch.stack([norm, *(term.detach() for term in terms.values())])
        rates = {"learning_rate": rate} | ({"kl_weight": beta} if stage.weighs_kl else {})
        self._unsettled.append((step, rates, ("gradient_norm", *terms), numbers))

    def _settle(self, stage: Stage) -> None:
        """Look at the losses and gradients since the last time, count and log them.

        Raises UserError where they say that training cannot go on.
        """
        progress, limit = self.progress, stage.settings.training.skip_gradient
        rows = (
            collectives.all_reduce_sum(torch.stack([numbers for *_, numbers in self._unsettled]))
            / collectives.world_size()
        ).tolist()
        for (step, rates, names, _), row in zip(self._unsettled, rows, strict=True):
            found = dict(zip(names, row, strict=True))
            norm = found.pop("gradient_norm")
            require_finite_loss(stage, step + 1, found)
            if norm <= limit:
                progress.skipped_in_row = 0
            else:
                progress.skipped += 1
                progress.skipped_in_row += 1
                require_steps(stage, step + 1, progress.skipped_in_row)
            progress.loss_sum += found["loss"]
            progress.loss_count += 1
            if step % LOG_EVERY == 0:
                found |= rates | {"gradient_norm": norm, "skipped_steps": float(progress.skipped)}
                self.log.scalars(stage.label, step, found)
        if self.log.due or any(step % LOG_EVERY == 0 for step, *_ in self._unsettled):
            self.log.loss(progress.step, found["loss"])
        self._unsettled.clear()

    def _validate(self, stage: Stage, step: int) -> None:
        progress = self.progress
        self.networks.eval()
        unseen, compared = self.data.validation_rows, self.data.compared_rows
        error, train_error = (
            self._error(stage, stage.validation_error, rows) for rows in (unseen, compared)
        )
        kept = (
            progress.kept is None
            or stage.limited_error is None
            or self._error(stage, stage.limited_error, unseen) <= ALLOWED * progress.kept
        )
        self.networks.train()
        require_finite_validation(stage, step, error)
        train = progress.loss_sum / max(progress.loss_count, 1)
        progress.loss_sum, progress.loss_count = 0.0, 0
        entry = {
            "stage": stage.label,
            "step": step,
            "train": train,
            "train_error": train_error,
            "validation": error,
        }
        progress.history.append(entry)
        self.log.scalars(stage.label, step, {"validation": error, "train_error": train_error})
        better = kept and (progress.best is None or error < progress.best)
        self.log.validation(entry, error if better else progress.best)
        if begins := overfitting_begins(self._entries(stage)):
            self.log.message(begins)
        if better:
            progress.best, progress.since_best = error, 0
            self.best = self._weights()
            self._write("best", self.best)
        else:
            progress.since_best += 1

    def _begin_with_kept(self, stage: Stage) -> None:
        """Remember the error that must not grow, if any, and the weights to return to where it
        always grows."""
        if stage.limited_error is None:
            return
        self.networks.eval()
        self.progress.kept = self._error(stage, stage.limited_error, self.data.validation_rows)
        self.networks.train()
        self.best = self._weights()

    @torch.no_grad()
    def _error(
        self, stage: Stage, of_batch: Callable[[Batch], Tensor], rows: NDArray[np.intp]
    ) -> float:
        """Mean error of some runs, of which memory holds no more than a step does; ranks share
        them."""
        size = batch_size(stage.name, stage.schedule, len(self.data.rows["train"]))
        total = torch.zeros((), dtype=torch.float64, device=self.data.device)
        for own in collectives.local_batches(rows, size):
            some = torch.from_numpy(
                own if len(own) else rows[:1]
            )  # all ranks must ask the networks equally often
            total += len(own) * of_batch(plain_batch(self.data, some))
        return float(collectives.all_reduce_sum(total)) / len(rows)

    def _entries(self, stage: Stage) -> list[dict[str, Any]]:
        """The stage's part of the history."""
        return [entry for entry in self.progress.history if entry["stage"] == stage.label]

    def _weights(self) -> dict[str, Tensor]:
        """Copy of all weights as they are now."""
        return {name: value.clone() for name, value in self.networks.state_dict().items()}

    def _finish_stage(self, stage: Stage) -> None:
        """Go on with the weights of the best validation, and keep them as the stage's result."""
        load_weights(self.networks, self.best)
        skipped = f", {self.progress.skipped} steps skipped so far" if self.progress.skipped else ""
        warnings = stage_warnings(self._entries(stage))
        if self.progress.best is not None:
            best = percent(stage.label, self.progress.best)
            self.log.message(f"{stage.label}: best validation error {best}{skipped}")
        else:
            warnings.append(
                f"{stage.label}: nothing of it was kept. In all validations the VAE reconstructed "
                f"unseen runs more than {ALLOWED - 1:.0%} worse than before. Hold it with "
                "training.end_to_end.decoder = frozen (e2e_decoder), or train this stage longer."
            )
        for warning in warnings:
            self.log.message(f"warning: {warning}")
        self.progress.warnings += warnings
        self._write(stage.label, self.best)
        self.results[stage.label] = self.best
        self.progress.stage += 1
        self.progress.step, self.progress.since_best = 0, 0
        self.progress.best = self.progress.kept = None

    def _finished(self, stage: Stage) -> dict[str, Tensor]:
        """Weights that a stage ended with before training was interrupted."""
        assert self.folder is not None, "resuming needs a folder of checkpoints"
        path = stage_file(self.folder, stage.label)
        weights, about = read_tensors(path)
        check_identity(path, about, self.identity)
        with restoring(path):
            load_weights(self.networks, weights)
        return weights

    def _save(self, optimizers: Optimizers | None) -> None:
        if self.folder is not None:
            arrays = {} if optimizers is None else optimizers.arrays()
            networks, best, arrays = (
                whole(self.networks.state_dict()),
                whole(self.best),
                whole(arrays),
            )
            if collectives.is_rank0():
                path = self.folder / "last.safetensors"
                save_checkpoint(path, self.progress, networks, best, arrays, self.identity)
        self._saved_at = time.monotonic()

    def _write(self, name: str, weights: dict[str, Tensor]) -> None:
        """Keep weights by themselves."""
        if self.folder is not None:
            weights = whole(weights)
            if collectives.is_rank0():
                write_tensors(stage_file(self.folder, name), weights, {"identity": self.identity})
