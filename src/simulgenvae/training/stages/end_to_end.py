"""Stage that trains from conditions to decoded fields, with gradients through all networks.

Tested in tests/training/stages/test_stages.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self

from simulgenvae.training.stages.base import Stage, StageSpec
from simulgenvae.training.stages.losses import kl_terms, std_loss

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor, nn

    from simulgenvae.models.losses import FieldLoss
    from simulgenvae.models.networks import Networks
    from simulgenvae.models.training_record import HistoryEntry
    from simulgenvae.reduction import Reduction
    from simulgenvae.settings import Settings
    from simulgenvae.training.batch import Batch
    from simulgenvae.training.data import TrainingData
    from simulgenvae.training.members import NetworkFactory

STD_WEIGHT = 1e-5
"""Weight of the likelihood of the conditioner's standard deviations: small against the loss of
fields."""


class EndToEndStage(Stage):
    """Training of condition → conditioner → decoder → field.

    From new weights conditioner and decoder are trained together, on predictions only: where the
    decoder also served reconstructions, the error on unseen runs was larger by half
    (``docs/method.md``). The encoder follows in a stage of its own (``encoder.py``).

    A stage that ``fine_tunes`` continues with trained networks. Either the VAE is frozen, or it
    learns its own loss on the whole batch in addition to the predictions, and weights that
    reconstruct the validation runs worse than before are not chosen.

    The latent term then pulls predicted latents towards the encoder's. The first ``member`` of an
    ensemble provides the latents; the VAEs of the others are used for predictions only.
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
        self.member = member
        self.fine_tunes = fine_tunes
        self.vae_loss = loss if vae_loss is None else vae_loss
        """Loss of reconstructions; ``field_loss`` is that of predictions."""
        self.rivals: tuple[EndToEndStage, ...] = ()
        """Stages with different decoders, of which this one takes the better."""

    @classmethod
    def make(
        cls,
        networks: Networks,
        data: TrainingData,
        settings: Settings,
        reduction: Reduction,
        *,
        continues: bool,
    ) -> Self:
        """Return the stage of the first member, with losses of predictions and reconstructions."""
        return cls(
            networks,
            data,
            settings,
            data.field_loss(settings.training.end_to_end.loss, reduction),
            fine_tunes=continues,
            vae_loss=data.field_loss(settings.training.loss, reduction),
        )

    def further_stages(self, factory: NetworkFactory) -> Sequence[Stage]:
        """Return the stages that train the other members, one after another."""
        count = factory.further_count(continues=self.fine_tunes)
        second = None if self.fine_tunes or not count else factory.second_decoder
        rivals: list[EndToEndStage] = [self]
        if second is not None:
            rivals.append(self._further(2, factory.networks(second)))
        trained = list(rivals)
        for member in range(len(rivals) + 1, count + 2):
            # Members share networks, as they are trained one after another.
            stage = self._further(member, self.networks)
            stage.rivals = tuple(rivals)
            trained.append(stage)
        return trained[1:]

    def _further(self, member: int, networks: Networks) -> Self:
        parts = (networks, self.data, self.settings, self.field_loss)
        return type(self)(*parts, member, fine_tunes=self.fine_tunes)

    def start(self, history: Sequence[HistoryEntry]) -> None:
        """Take the networks of the better one of the ``rivals``, where there are several."""
        if len(self.rivals) > 1:
            self.networks = better(self.rivals, history).networks

    @classmethod
    def by_default(cls, settings: Settings) -> bool:
        """Return whether ``training.end_to_end.enabled`` is on."""
        return settings.training.end_to_end.enabled

    @classmethod
    def needs_vae(cls, settings: Settings) -> bool:
        """Return whether the decoder is frozen, so that a trained VAE must exist."""
        return settings.training.end_to_end.decoder == "frozen"

    @classmethod
    def continues_study(cls, settings: Settings) -> bool:
        """Return whether the stage fine-tunes the networks of the stages before it."""
        return not settings.training.end_to_end.replaces_other_stages

    @classmethod
    def changes_vae(cls, settings: Settings) -> bool:
        """Return whether the decoder is trained."""
        return settings.training.end_to_end.decoder == "trained"

    @property
    def frozen(self) -> bool:
        """True if the VAE stays as it is."""
        return not self.changes_vae(self.settings)

    @property
    def renewed(self) -> tuple[str, ...]:
        """Names of the networks that start from new weights."""
        if not self.fine_tunes:
            return "vae", "conditioner"
        return () if self.member == 1 else ("conditioner",)

    @property
    def teaches_encoder(self) -> bool:
        """True if the encoder learns too: that of the first member, whose VAE is kept."""
        return self.fine_tunes and self.member == 1 and not self.frozen

    @property
    def learning_modules(self) -> list[nn.Module]:
        """Modules whose weights change: the conditioner, and what is trained of the VAE."""
        # Further members never use their encoder: only the decoder of their VAE is trained.
        vae = self.networks.vae
        if self.frozen:
            return [self.networks.conditioner]
        return [vae if self.teaches_encoder else vae.decoder, self.networks.conditioner]

    def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
        """Return the error of the predicted coefficients, and the encoder's terms."""
        vae = self.networks.vae
        wanted = self.settings.training.end_to_end
        predicted = self.networks.conditioner(batch.conditions)
        latents = vae.latents_from_flat(predicted.mean)
        prediction = batch.shard.mean(self.decoded_loss(latents, batch.coefficients))
        terms = {"loss": wanted.field_weight * prediction, "prediction": prediction}
        if self.fine_tunes:
            self._add_encoder_terms(terms, batch, predicted.mean, predicted.log_std)
        return terms

    def _add_encoder_terms(
        self, terms: dict[str, Tensor], batch: Batch, mean: Tensor, log_std: Tensor
    ) -> None:
        """Add the terms that need the encoder's latents.

        ``mean`` and ``log_std`` are the predicted latents of the batch, `[B, D + L·d]`.
        """
        vae = self.networks.vae
        training = self.settings.training
        shard = batch.shard
        latents, kl, _ = vae.encode(batch.encoded, sample=True)
        if self.teaches_encoder:
            errors = self.decoded_loss(latents, batch.coefficients, self.vae_loss)
            terms |= {"reconstruction": shard.mean(errors), **kl_terms(kl, shard)}
            divergence = shard.mean(kl.sum(1)) / training.alpha
            terms["loss"] = terms["loss"] + terms["reconstruction"] + divergence
        distances = (mean - latents.flat()).square()
        terms["latents"] = shard.mean(distances.mean(1))
        # detach: the standard deviation learns from the distances and must not change them.
        std_term = shard.mean(std_loss(log_std, distances.detach()))
        latent_loss = training.end_to_end.latent_weight * terms["latents"]
        terms["loss"] = terms["loss"] + latent_loss + STD_WEIGHT * std_term

    def validation_error(self, batch: Batch) -> Tensor:
        """Return the relative error of each run's predicted coefficients, `[B]`."""
        mean = self.networks.conditioner(batch.conditions).mean
        return self.errors_of(self.networks.vae.latents_from_flat(mean), batch.coefficients)

    @property
    def limited_error(self) -> Callable[[Batch], Tensor] | None:
        """Errors of reconstructions, which fine-tuning must not make worse; None elsewhere."""
        return self.reconstruction_errors if self.teaches_encoder else None


def better(stages: Sequence[EndToEndStage], history: Sequence[HistoryEntry]) -> EndToEndStage:
    """Return the stage with the least validation error in the history, the first of equal ones."""

    def error(stage: EndToEndStage) -> float:
        own = (entry.validation_error for entry in history if entry.stage == stage.label)
        return min(own, default=math.inf)

    return min(stages, key=error)


END_TO_END = StageSpec(
    name="end_to_end",
    stage_class=EndToEndStage,
    number=2,
    title="End to end",
    pace=33,
    pace_with_images=12,
)
