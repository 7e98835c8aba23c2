"""Stage that gives the ensemble's best network the encoder of its VAE.

Tested in tests/training/stages/test_encoder.py.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import torch

from simulgenvae.distributed.batch_shards import shard_draws
from simulgenvae.training.stages.base import Stage
from simulgenvae.training.stages.end_to_end import STD_WEIGHT, EndToEndStage, better
from simulgenvae.training.stages.losses import kl_terms, std_loss

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor, nn

    from simulgenvae.models.training_record import HistoryEntry
    from simulgenvae.settings import StageSettings
    from simulgenvae.training.batch import Batch

STEPS = 0.5
"""Steps of the stage, as a fraction of those of a network's training."""
RECONSTRUCT_EVERY = 4
"""Distance between the runs of a batch that are also decoded: every fourth one is."""
PULL_WEIGHT = 1.0
"""Weight of the distance of the encoder's latents from the predicted ones, in units of the spread
of these and as a logarithm, as reconstructions are. Without a strong pull, the latents settle far
from all predicted ones, where a decoder of ringing fields makes nothing like a run."""
RUNS_TOGETHER = 64
"""Runs whose latents are predicted together."""


class EncoderStage(Stage):
    """Training of encoder and latent hierarchy, for a decoder and a conditioner that stay.

    Networks that are trained end to end need no encoder to predict. The one that predicts best gets
    it afterwards: the encoder learns the latents from which this decoder makes the run, near those
    that the conditioner predicts. So the decoder serves predictions only, and the VAE has the best
    of them.

    Parameters
    ----------
    candidates
        Stages of networks with different decoders, of which the better one is taken, each with the
        stage that ended with its last weights.
    """

    name = EndToEndStage.name

    def __init__(self, candidates: Mapping[EndToEndStage, EndToEndStage]) -> None:
        self._candidates = candidates
        self.chosen = next(iter(candidates))
        """Stage of the network that gets the encoder."""
        first = self.chosen
        super().__init__(first.networks, first.data, first.settings, first.vae_loss)

    def start(self, history: Sequence[HistoryEntry]) -> None:
        """Take the networks of the better one of the candidates."""
        self.chosen = better(list(self._candidates), history)
        self.networks = self.chosen.networks

    @property
    def continues(self) -> str:
        """Label of the stage whose weights the networks start with."""
        return self._candidates[self.chosen].label

    @property
    def label(self) -> str:
        """Label of the stage."""
        return f"{self.name}_encoder"

    @property
    def number(self) -> int:
        """Seed of the random numbers, which no other stage has."""
        return 200 + self.spec.number

    @property
    def own_settings(self) -> StageSettings:
        """Settings of the networks' training with fewer steps."""
        return self.fewer_steps(STEPS)

    @property
    def learning_modules(self) -> list[nn.Module]:
        """Modules whose weights change: encoder, hierarchy, and the spread of predicted latents."""
        networks = self.networks
        return [networks.vae.encoder, networks.vae.hierarchy, networks.conditioner.log_std]

    def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
        """Return the error of the reconstruction, the divergence, and the distance of latents."""
        vae = self.networks.vae
        predicted = self.networks.conditioner(batch.conditions)
        latents, kl, _ = vae.encode(batch.encoded, sample=True)
        distances = (predicted.mean - latents.flat()).square()
        # A part of the batch is enough, as decoding takes most of the time.
        some, shard = batch.shard.every_nth(RECONSTRUCT_EVERY)
        with shard_draws(shard):
            errors = self.decoded_loss(latents[some], batch.coefficients[some], frozen=True)
        std_term = batch.shard.mean(std_loss(predicted.log_std, distances.detach()))
        terms = {
            "reconstruction": shard.mean(errors),
            "latents": batch.shard.mean(distances.mean(1)),
            **kl_terms(kl, batch.shard),
        }
        # An untrained encoder's latents are anywhere and decoded to anything: logarithms keep such
        # an error from filling the gradient.
        pull = batch.shard.mean((distances.mean(1) / self._latent_variance).log1p())
        divergence = batch.shard.mean(kl.sum(1)) / self.settings.training.alpha
        loss = shard.mean(errors.log1p()) + PULL_WEIGHT * pull + divergence + STD_WEIGHT * std_term
        return {"loss": loss, **terms}

    @cached_property
    def _latent_variance(self) -> Tensor:
        """Variance of the predicted latents of the training runs, mean over the latents."""
        conditioner = self.networks.conditioner
        learns = conditioner.training
        # Without dropout, whose random numbers a resumed stage would lack.
        conditioner.eval()
        rows = torch.split(torch.from_numpy(self.data.rows["train"]), RUNS_TOGETHER)
        with torch.no_grad():
            predicted = torch.cat([conditioner(self.data.inputs(some)).mean for some in rows])
        conditioner.train(learns)
        # A single run, or runs of the same inputs, have no variance.
        return predicted.var(0, correction=0).mean().clamp(min=torch.finfo(torch.float32).eps)

    @property
    def error_name(self) -> str:
        """Name of the validation error for people."""
        return "reconstruction error"

    def validation_error(self, batch: Batch) -> Tensor:
        """Return the relative error of each reconstruction, `[B]`."""
        return self.reconstruction_errors(batch)
