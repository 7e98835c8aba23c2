"""Stage that fits the conditioner to the latents of a trained VAE.

Tested in tests/training/stages/test_stages.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from simulgenvae.distributed import collectives
from simulgenvae.training.stages.base import Stage, StageSpec
from simulgenvae.training.stages.losses import std_loss

if TYPE_CHECKING:
    from simulgenvae.models.losses import FieldLoss
    from simulgenvae.models.networks import Networks
    from simulgenvae.settings import Settings
    from simulgenvae.training.batch import Batch
    from simulgenvae.training.data import TrainingData

STD_WEIGHT = 0.01
"""Weight of the likelihood of the standard deviations.

Separate weights compute these, and the optimisers only use a gradient's direction. The factor
only keeps this term from filling the gradient, whose norm is limited."""


class ConditionerStage(Stage):
    """Training of the conditioner on the posteriors of the frozen encoder.

    The mean learns from the squared distance to the posterior means, in units of each latent's
    variance over the training runs. The standard deviation learns from the likelihood of
    posterior samples with the mean held fixed, so that the two cannot trade error against
    uncertainty.
    """

    name = "conditioner"

    def __init__(
        self, networks: Networks, data: TrainingData, settings: Settings, loss: FieldLoss
    ) -> None:
        super().__init__(networks, data, settings, loss)
        self._posteriors: Tensor | None = None

    @classmethod
    def by_default(cls, settings: Settings) -> bool:
        """Return True unless the stage end to end starts from new weights."""
        return not settings.training.end_to_end.replaces_other_stages

    @classmethod
    def needs_vae(cls, settings: Settings) -> bool:
        """Return True: the targets are the latents of a trained VAE."""
        return True

    @classmethod
    def changes_vae(cls, settings: Settings) -> bool:
        """Return False: the VAE is frozen."""
        return False

    @property
    def learning_modules(self) -> list[nn.Module]:
        """Modules whose weights change: the conditioner."""
        return [self.networks.conditioner]

    def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
        """Return the distance to the VAE's latents, and the loss of the predicted spread."""
        target, log_std, variance = self._targets(batch)
        predicted = self.networks.conditioner(batch.conditions)
        distance = batch.shard.mean(((predicted.mean - target).square() / variance).mean(1))
        # Expected squared deviation of a posterior sample from the predicted mean, which the
        # likelihood must not move: therefore detach.
        expected = (predicted.mean.detach() - target).square() + (2 * log_std).exp()
        std_term = batch.shard.mean(std_loss(predicted.log_std, expected))
        return {"loss": distance + STD_WEIGHT * std_term, "latents": distance, "spread": std_term}

    @property
    def error_name(self) -> str:
        """Name of the validation error for people."""
        return "error of the latents"

    def validation_error(self, batch: Batch) -> Tensor:
        """Return the squared distance to the VAE's latents, relative to their variance."""
        target, _, variance = self._targets(batch)
        mean: Tensor = self.networks.conditioner(batch.conditions).mean
        return ((mean - target).square() / variance).mean()

    @torch.no_grad()
    def _targets(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Return means and log deviations of a batch's posteriors, and the training variances."""
        # The encoder does not change in this stage, so that its posteriors are computed once.
        if self._posteriors is None:
            self._posteriors = self._encode_all()
        means, log_stds = self._posteriors
        train = means[torch.from_numpy(self.data.rows["train"])]
        variance = train.var(0, correction=0)
        # Latents that hardly vary would otherwise dominate the distance.
        variance = variance + 1e-4 * variance.max() + 1e-12
        return batch.gather(self.data, means), batch.gather(self.data, log_stds), variance

    def _encode_all(self) -> Tensor:
        """Return posterior means and log deviations of all runs, `[2, N, D + L·d]`."""
        vae = self.networks.vae
        was_training = vae.training
        vae.eval()
        all_rows = np.arange(len(self.data.coefficients))
        posteriors = torch.zeros(2, len(all_rows), vae.hierarchy.width, device=self.data.device)
        for own in collectives.local_batches(all_rows, 1):
            # All ranks must call the networks equally often, also those that have no run left.
            row = torch.from_numpy(own if len(own) else all_rows[:1])
            mean, _, log_std = vae.encode(self.data.take(self.data.coefficients, row))
            if len(own):
                posteriors[:, row] = torch.stack([mean.flat(), log_std.flat()])
        vae.train(was_training)
        return collectives.all_reduce_sum(posteriors)


CONDITIONER = StageSpec(
    name="conditioner",
    stage_class=ConditionerStage,
    number=1,
    title="Conditioner",
    squared_error=True,
    pace=8,
    pace_with_images=3,
)
