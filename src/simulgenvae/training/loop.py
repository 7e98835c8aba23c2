"""Training loop: stages one after another, from a checkpoint where there is one.

What happens within a stage is in ``stage_run.py`` (batches; when to validate, save and stop),
``step.py`` (one optimiser step) and ``validation.py`` (errors and choice of weights).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from simulgenvae.distributed import collectives
from simulgenvae.training.checkpoint_files import CheckpointFiles
from simulgenvae.training.context import TrainingContext
from simulgenvae.training.interrupt import interrupt_flag
from simulgenvae.training.memory.out_of_memory import explain_out_of_memory
from simulgenvae.training.node_shards import load_weights
from simulgenvae.training.optim.optimizers import Optimizers
from simulgenvae.training.stage_run import StageRun
from simulgenvae.utils.damage import explain_damage

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence
    from pathlib import Path

    from simulgenvae.models.networks import Networks
    from simulgenvae.training.checkpoint import Checkpoint, Progress
    from simulgenvae.training.data import TrainingData
    from simulgenvae.training.identity import TrainingIdentity
    from simulgenvae.training.log import TrainingLog
    from simulgenvae.training.stages import Stage


class Loop:
    """Runner of stages, which can stop and continue at any step.

    Parameters
    ----------
    networks, data
        What learns, and from what.
    folder
        Folder of checkpoints; None keeps nothing.
    identity
        Identity of the training, compared when a checkpoint is resumed.
    log
        Progress and TensorBoard.
    seed
        Seed of the order of batches. The noise uses torch's random numbers, whose state is part of
        every checkpoint.
    """

    def __init__(
        self,
        networks: Networks,
        data: TrainingData,
        folder: Path | None,
        identity: TrainingIdentity,
        log: TrainingLog,
        seed: int,
    ) -> None:
        self.context = TrainingContext(networks, data, CheckpointFiles(folder, identity), log, seed)
        self.results: dict[str, dict[str, Tensor]] = {}
        """Weights that each finished stage ended with, by its label."""
        self._initial: dict[str, Tensor] = {}
        """Weights at the start of the training, where a member needs them again."""

    def run(self, stages: Sequence[Stage], checkpoint: Checkpoint | None = None) -> Progress:
        """Run all stages; the networks end with the best weights of the last one.

        Parameters
        ----------
        stages
            The same stages as in the training that wrote the checkpoint.
        checkpoint
            Where to continue; None starts at the beginning.

        Raises
        ------
        Interrupted
            After Ctrl-C, when the state has been saved.
        UserError
            When losses become NaN or infinite.
        """
        context = self.context
        # Further members may need the weights of the start; otherwise no copy is made.
        if any(_renews_some(stage) for stage in stages):
            self._initial = context.weights()
        if checkpoint is not None:
            self._restore(stages, checkpoint)
        with interrupt_flag() as stop:
            while context.progress.stage < len(stages):
                stage = stages[context.progress.stage]
                stage.start(context.progress.history)
                context.networks = stage.networks
                with explain_out_of_memory(stage), collectives.communication_errors():
                    self._run_stage(stage, stages, checkpoint, stop)
                # The checkpoint is of this stage: later ones start from their own beginning.
                checkpoint = None
            # A training that is resumed after its end finds that nothing is left to do.
            context.files.save(context.progress, context.networks, context.best_weights, None)
        return context.progress

    def _restore(self, stages: Sequence[Stage], checkpoint: Checkpoint) -> None:
        """Take over progress and weights of a checkpoint, and the results of finished stages."""
        context = self.context
        context.progress = checkpoint.progress
        context.best_weights = checkpoint.best_weights
        for stage in stages[: context.progress.stage]:
            stage.start(context.progress.history)
            path, weights = context.files.read_weights(stage.label)
            # Loading them shows whether they belong to these networks.
            with explain_damage(path):
                load_weights(stage.networks, weights)
            self.results[stage.label] = weights
        # After the last stage the networks are still its own.
        current = stages[min(context.progress.stage, len(stages) - 1)]
        current.start(context.progress.history)
        context.networks = current.networks
        with explain_damage(checkpoint.path):
            load_weights(context.networks, checkpoint.networks)

    def _run_stage(
        self,
        stage: Stage,
        stages: Sequence[Stage],
        checkpoint: Checkpoint | None,
        stop: threading.Event,
    ) -> None:
        """Run one stage, from a checkpoint's step where there is one."""
        context = self.context
        # A stage before this one may have trained other modules.
        for module in context.networks.modules():
            module.requires_grad_(False)
        for module in stage.learning_modules:
            module.requires_grad_(True)
        settings = stage.settings.training
        # New for each stage: the moments of the stage before belong to another loss.
        optimizers = Optimizers(
            stage.learning_modules, settings.optimizer, stage.own_settings.weight_decay
        )
        if checkpoint is not None and checkpoint.progress.step > 0:
            # In the middle of a stage: the moments and random numbers of that step.
            with explain_damage(checkpoint.path):
                optimizers.load_arrays(checkpoint.optimizer)
                checkpoint.restore_rng()
        else:
            # A stage has its own seed: its random numbers do not depend on what ran before it.
            torch.manual_seed(context.seed + stage.number)
            if stage.renewed:
                self._renew(stage, stages)
            if stage.continues is not None:
                load_weights(context.networks, self.results[stage.continues])
        StageRun(context, stage, optimizers, stop).run()
        self._finish(stage)

    def _renew(self, stage: Stage, stages: Sequence[Stage]) -> None:
        """Draw new weights for the networks in ``stage.renewed``, and set the others back.

        Those are set to the weights that the stage's first member started with, so that all members
        start alike: to the result of the stage before the first member's, or to the weights at the
        start of the training where that was its first stage.
        """
        # Stages of further members have the name of the first member's, and another label.
        first = [each.name for each in stages].index(stage.name)
        weights = self.results[stages[first - 1].label] if first else self._initial
        kept = {}
        for name, value in weights.items():
            network = name.split(".")[0]
            if network not in stage.renewed:
                kept[name] = value
        load_weights(self.context.networks, self.context.networks.new_weights() | kept)

    def _finish(self, stage: Stage) -> None:
        """Continue with the best weights of a stage, and keep them as its result."""
        context = self.context
        progress = context.progress
        # The last weights may be worse than the best, which were kept when they were validated.
        load_weights(context.networks, context.best_weights)
        best = context.best_entry(stage.label)
        if best is not None:
            context.log.finished(best, stage.error_name)
        elif stage.validated:
            # Only where the stage has a limited error, and all weights exceeded it.
            progress.nothing_kept.append(stage.label)
        # Before the next checkpoint, which counts this stage as finished: resuming reads this file.
        context.files.write_weights(stage.label, context.best_weights)
        self.results[stage.label] = context.best_weights
        progress.stage += 1
        progress.step = 0
        progress.since_best = 0
        progress.best_error = None
        progress.limited_error_at_start = None
        progress.loss_sum = 0.0
        progress.loss_count = 0


def _renews_some(stage: Stage) -> bool:
    """Return whether a stage gives new weights to some networks and not to others."""
    networks = {name for name, _ in stage.networks.named_children()}
    return 0 < len(stage.renewed) < len(networks)
