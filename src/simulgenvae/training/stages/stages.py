"""The three stages of training: what each one trains, its loss on a batch, and its validation
error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from simulgenvae.distributed import collectives
from simulgenvae.distributed.batch_shards import Shard, shard_draws
from simulgenvae.models.losses import FieldLoss
from simulgenvae.models.networks import Networks
from simulgenvae.settings import Settings, StageSettings
from simulgenvae.settings.training import StageName
from simulgenvae.training.augmentation import Batch
from simulgenvae.training.data import TrainingData
from simulgenvae.training.stages.base import Stage, member_label, relative_error

RECONSTRUCTED = 4
"""One in so many runs of a batch is also reconstructed in the end-to-end stage."""
SPREAD_WEIGHT = 0.01
"""Weight of the spread's likelihood. It has weights of its own, and optimisers that look at
directions alone: the factor only keeps it from filling the clipped gradient."""
JOINT_SPREAD_WEIGHT = 1e-5
"""The same beside the field loss of the end-to-end stage."""


class VaeStage(Stage):
    """Reconstruction + (beta/alpha)·KL: encoder, latent hierarchy and decoder."""

    name = "vae"
    weighs_kl = True

    @property
    def schedule(self) -> StageSettings:
        return self.settings.training.vae

    @property
    def trained(self) -> list[nn.Module]:
        return [self.networks.vae]

    @property
    def reads_conditions(self) -> bool:
        return False

    def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
        latents, kl, _ = self.networks.vae.encode(batch.encoded, sample=True)
        reconstruction = batch.shard.mean(self.decoded_loss(latents, batch.coefficients))
        loss = reconstruction + kl_weight / self.settings.training.alpha * batch.shard.mean(
            kl.sum(1)
        )
        return {"loss": loss, "reconstruction": reconstruction, **kl_terms(kl, batch.shard)}

    def validation_error(self, batch: Batch) -> Tensor:
        return self.reconstruction_error(batch)


class ConditionerStage(Stage):
    """Conditioner alone, fitted to the frozen encoder's posteriors.

    The mean learns from the squared distance to the posterior means, in units of each latent's
    variance over the training runs; the spread from the likelihood of posterior samples with the
    mean held fixed, which keeps the two from trading error against uncertainty.
    """

    name = "conditioner"

    def __init__(
        self, networks: Networks, data: TrainingData, settings: Settings, loss: FieldLoss
    ) -> None:
        super().__init__(networks, data, settings, loss)
        self._latents: Tensor | None = None

    @property
    def schedule(self) -> StageSettings:
        return self.settings.training.conditioner

    @property
    def trained(self) -> list[nn.Module]:
        return [self.networks.conditioner]

    @torch.no_grad()
    def _targets(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Posterior means and log spreads of the batch's runs, and the training variance of each
        latent."""
        if self._latents is None:
            was_training = self.networks.vae.training
            self.networks.vae.eval()
            every = np.arange(len(self.data.coefficients))
            latents = torch.zeros(
                2, len(every), self.networks.vae.hierarchy.width, device=self.data.device
            )
            for own in collectives.local_batches(every, 1):
                row = torch.from_numpy(
                    own if len(own) else every[:1]
                )  # all ranks must ask the networks equally often
                mean, _, log_std = self.networks.vae.encode(
                    self.data.take(self.data.coefficients, row)
                )
                if len(own):
                    latents[:, row] = torch.stack([mean.flat(), log_std.flat()])
            self.networks.vae.train(was_training)
            self._latents = collectives.all_reduce_sum(latents)
        train = self._latents[0, torch.from_numpy(self.data.rows["train"])]
        variance = train.var(0, correction=0) + 1e-4 * train.var(0, correction=0).max() + 1e-12
        return (
            batch.gather(self.data, self._latents[0]),
            batch.gather(self.data, self._latents[1]),
            variance,
        )

    def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
        target, log_std, variance = self._targets(batch)
        predicted = self.networks.conditioner(batch.conditions)
        distance = batch.shard.mean(((predicted.mean - target).square() / variance).mean(1))
        expected = (predicted.mean.detach() - target).square() + (2 * log_std).exp()
        spread = batch.shard.mean(spread_loss(predicted.log_std, expected))
        return {"loss": distance + SPREAD_WEIGHT * spread, "latents": distance, "spread": spread}

    def validation_error(self, batch: Batch) -> Tensor:
        target, _, variance = self._targets(batch)
        mean: Tensor = self.networks.conditioner(batch.conditions).mean
        return ((mean - target).square() / variance).mean()


class EndToEndStage(Stage):
    """Condition → conditioner → decoder → field with gradients through all of it.

    From new weights, jointly with the encoder: the decoder learns from predictions alone; the
    encoder learns, on a part of each batch, to reach latents that this decoder reads as the run.
    Where the decoder also served reconstructions, the error on unseen runs was a half larger
    (``docs/method.md``).

    A stage that ``fine_tunes`` goes on with trained networks. Either the VAE is frozen, or it goes
    on learning its own loss on the whole batch beside the predictions, and weights that reconstruct
    the validation runs worse than before are not chosen.

    The latent term pulls predicted latents to the encoder's. ``member`` counts the networks of an
    ensemble from 1: the first gives the latents, and the VAE of the others serves predictions
    alone.
    """

    name = "end_to_end"

    def __init__(
        self,
        networks: Networks,
        data: TrainingData,
        settings: Settings,
        loss: FieldLoss,
        member: int = 1,
        *,
        fine_tunes: bool = False,
        vae_loss: FieldLoss | None = None,
    ) -> None:
        super().__init__(networks, data, settings, loss)
        self.member, self.fine_tunes = member, fine_tunes
        self.vae_loss = loss if vae_loss is None else vae_loss
        """Loss of reconstructions; ``loss`` is that of predictions."""

    @property
    def label(self) -> str:
        return member_label(self.member)

    @property
    def frozen(self) -> bool:
        """Whether the VAE stays as it is."""
        return self.settings.training.end_to_end.decoder == "frozen"

    @property
    def number(self) -> int:
        return super().number + self.member - 1

    @property
    def renewed(self) -> tuple[str, ...]:
        if not self.fine_tunes:
            return "vae", "conditioner"
        return () if self.member == 1 else ("conditioner",)

    @property
    def has_encoder(self) -> bool:
        """Whether there is an encoder whose latents the conditioner's are compared with."""
        return self.fine_tunes or self.member == 1

    @property
    def teaches_encoder(self) -> bool:
        """Whether the encoder learns too: that of the first member, whose VAE is kept."""
        return self.member == 1 and not self.frozen

    @property
    def schedule(self) -> StageSettings:
        return self.settings.training.end_to_end

    @property
    def trained(self) -> list[nn.Module]:
        vae = self.networks.vae
        if self.frozen:
            return [self.networks.conditioner]
        return [vae if self.teaches_encoder else vae.decoder, self.networks.conditioner]

    def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
        vae, wanted = self.networks.vae, self.settings.training.end_to_end
        predicted = self.networks.conditioner(batch.conditions)
        prediction = batch.shard.mean(
            self.decoded_loss(vae.latents_from_flat(predicted.mean), batch.coefficients)
        )
        terms = {"loss": wanted.field_weight * prediction, "prediction": prediction}
        if not self.has_encoder:
            return terms
        few, shard = batch.shard.every_nth(1 if self.fine_tunes else RECONSTRUCTED)
        with shard_draws(shard):
            latents, kl, _ = vae.encode(batch.encoded[few], sample=True)
        if self.teaches_encoder:
            errors = self.decoded_loss(
                latents, batch.coefficients[few], self.vae_loss, frozen=not self.fine_tunes
            )
            terms |= {"reconstruction": shard.mean(errors), **kl_terms(kl, shard)}
            # Latents of an untrained encoder are decoded to anything: such an error must not fill
            # the gradient.
            reconstruction = (
                terms["reconstruction"] if self.fine_tunes else shard.mean(errors.log1p())
            )
            terms["loss"] = (
                terms["loss"]
                + reconstruction
                + shard.mean(kl.sum(1)) / self.settings.training.alpha
            )
        distances = (predicted.mean[few] - latents.flat()).square()
        terms["latents"] = shard.mean(distances.mean(1))
        spread = shard.mean(spread_loss(predicted.log_std[few], distances.detach()))
        terms["loss"] = (
            terms["loss"] + wanted.latent_weight * terms["latents"] + JOINT_SPREAD_WEIGHT * spread
        )
        return terms

    def validation_error(self, batch: Batch) -> Tensor:
        vae = self.networks.vae
        mean = self.networks.conditioner(batch.conditions).mean
        return relative_error(
            vae.decode(vae.latents_from_flat(mean)), batch.coefficients, self.data
        )

    @property
    def kept_error(self) -> Callable[[Batch], Tensor] | None:
        return self.reconstruction_error if self.fine_tunes and self.teaches_encoder else None


def kl_terms(kl: Tensor, shard: Shard) -> dict[str, Tensor]:
    """Mean KL of each level, ``[B, 1 + L]``, under the names that logs use."""
    return {
        f"kl/{'z' if level == 0 else f'h_{level}'}": each
        for level, each in enumerate(shard.mean(kl))
    }


def spread_loss(log_std: Tensor, expected: Tensor) -> Tensor:
    """Negative log-likelihood (up to a constant) of each run's squared deviations ``expected``,
    both ``[B, D + L·d]``, as a mean over the latents, ``[B]``."""
    return (log_std + 0.5 * expected * (-2 * log_std).exp()).mean(1)


STAGES: dict[StageName, type[Stage]] = {
    "vae": VaeStage,
    "conditioner": ConditionerStage,
    "end_to_end": EndToEndStage,
}
