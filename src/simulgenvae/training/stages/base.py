"""What a stage of training is: which modules learn from which loss, and by which error its best
weights are chosen.

A stage is small on purpose: the loop that runs it is the same for all (``loop.py``).
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn

from simulgenvae.models.latents import Latents
from simulgenvae.models.losses import FieldLoss
from simulgenvae.models.networks import Networks
from simulgenvae.settings import Settings, StageSettings
from simulgenvae.settings.training import StageName
from simulgenvae.training.augmentation import Batch
from simulgenvae.training.data import TrainingData

NUMBERS: dict[StageName, int] = {"vae": 0, "conditioner": 1, "end_to_end": 2}
"""Place of each stage in a training that has all of them."""

TIMES_PER_STEP = 32
"""Times at which a step compares fields, drawn anew for each."""


class Stage(ABC):
    """One stage: which modules learn from which loss."""

    name: StageName
    """Name of its settings."""
    weighs_kl = False
    """Whether its loss takes the KL weight that grows during training."""

    def __init__(
        self, networks: Networks, data: TrainingData, settings: Settings, loss: FieldLoss
    ) -> None:
        self.networks, self.data, self.settings, self.field_loss = networks, data, settings, loss

    @property
    def label(self) -> str:
        """Name in logs, the history and files."""
        return self.name

    def decoded_loss(
        self,
        latents: Latents,
        coefficients: Tensor,
        field_loss: FieldLoss | None = None,
        *,
        frozen: bool = False,
    ) -> Tensor:
        """Return the loss of each run's decoded latents against ``[B, T, r]``, ``[B]``.

        It is the stage's own ``field_loss`` unless another one is given, and taken at a random
        subset of times where the decoder allows it: neighbouring times say nearly the same, and a
        subset costs a fraction and, measured, learns as well or better. ``frozen`` leaves the
        decoder's weights alone.
        """
        vae = self.networks.vae
        if not vae.decoder.continuous_in_time or len(self.data.times) <= TIMES_PER_STEP:
            decoded, truth = vae.decode(latents, frozen=frozen), coefficients
        else:
            times = torch.randperm(len(self.data.times), device=coefficients.device)[
                :TIMES_PER_STEP
            ]
            decoded, truth = (
                vae.decode(latents, self.data.times[times], frozen=frozen),
                coefficients[:, times],
            )
        loss: Tensor = (field_loss or self.field_loss)(decoded, truth)
        return loss

    def reconstruction_error(self, batch: Batch) -> Tensor:
        """Return the mean over runs of the error of decoded posterior means."""
        decoded = self.networks.vae.decode(self.networks.vae.encode(batch.coefficients)[0])
        return relative_error(decoded, batch.coefficients, self.data)

    @property
    def number(self) -> int:
        """Number that seeds its random numbers: the same whichever stages run before it."""
        return NUMBERS[self.name]

    @property
    def renewed(self) -> tuple[str, ...]:
        """Networks (``vae``, ``conditioner``) that begin this stage with new weights; the others go
        on."""
        return ()

    @property
    def reads_conditions(self) -> bool:
        """Whether its losses look at what is known of the runs."""
        return True

    @property
    @abstractmethod
    def schedule(self) -> StageSettings:
        """Budget, batch size and learning rate."""

    @property
    @abstractmethod
    def trained(self) -> list[nn.Module]:
        """Modules whose parameters this stage changes."""

    @abstractmethod
    def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
        """Terms of the loss on a batch; the entry ``loss`` is the one that is minimised."""

    @abstractmethod
    def validation_error(self, batch: Batch) -> Tensor:
        """Scalar by which models are chosen: the smaller the better."""

    @property
    def kept_error(self) -> Callable[[Batch], Tensor] | None:
        """Another error of a batch, which the chosen weights must not make larger; None where there
        is none."""
        return None


def relative_error(prediction: Tensor, truth: Tensor, data: TrainingData) -> Tensor:
    """Return the mean over runs of a trajectory's error, relative to the training standard
    deviation; ``[B, T, r]``.

    The root is taken run by run: one outlier among few validation runs must not choose the model
    alone.
    """
    return ((prediction - truth).square().sum(-1).mean(1) / data.variance).sqrt().mean()


def member_label(member: int) -> str:
    """Label of the end-to-end stage of a member of the ensemble, counted from 1."""
    return "end_to_end" if member == 1 else f"end_to_end_{member}"


def stage_name(label: str) -> str:
    """Name of the settings of the stage that has this label."""
    return "end_to_end" if re.fullmatch("end_to_end_[0-9]+", label) else label
