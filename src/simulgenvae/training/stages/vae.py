"""Stage that trains the VAE: encoder, latent hierarchy and decoder.

Tested in tests/training/stages/test_stages.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.training.stages.base import Stage, StageSpec
from simulgenvae.training.stages.losses import kl_terms

if TYPE_CHECKING:
    from torch import Tensor, nn

    from simulgenvae.settings import Settings
    from simulgenvae.training.batch import Batch


class VaeStage(Stage):
    """Training of the VAE on reconstruction + (beta/alpha)·KL."""

    name = "vae"
    weighs_kl = True

    @classmethod
    def by_default(cls, settings: Settings) -> bool:
        """Return True unless the stage end to end starts from new weights."""
        # The end-to-end stage would forget these networks where it starts from new weights.
        return not settings.training.end_to_end.replaces_other_stages

    @property
    def learning_modules(self) -> list[nn.Module]:
        """Modules whose weights change: the VAE."""
        return [self.networks.vae]

    def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
        """Return the error of the reconstruction plus the weighted divergence of the latents."""
        latents, kl, _ = self.networks.vae.encode(batch.encoded, sample=True)
        reconstruction = batch.shard.mean(self.decoded_loss(latents, batch.coefficients))
        divergence = batch.shard.mean(kl.sum(1))
        # Divided by alpha instead of multiplying the reconstruction by it: the loss then has the
        # size of a relative error, whatever alpha is.
        loss = reconstruction + kl_weight / self.settings.training.alpha * divergence
        return {"loss": loss, "reconstruction": reconstruction, **kl_terms(kl, batch.shard)}

    def validation_error(self, batch: Batch) -> Tensor:
        """Return the relative error of each reconstruction, `[B]`."""
        return self.reconstruction_errors(batch)


VAE = StageSpec(
    name="vae",
    stage_class=VaeStage,
    number=0,
    title="VAE",
    reads_conditions=False,
    pace=8,
    pace_with_images=6,
)
