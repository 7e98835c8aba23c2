"""Base class and descriptor of the training stages, and the registry of all of them.

A stage says which modules learn from which loss, and by which error its best weights are chosen.
Everything else is the same for all stages: ``training/loop.py`` runs one after another,
``training/stage_run.py`` takes the batches of one, ``training/step.py`` makes its steps, and
``training/validation.py`` chooses its weights. The registry is filled in
``training/stages/__init__.py``. Tested in tests/training/stages/test_stages.py and
test_registry.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

from simulgenvae.distributed.batch_shards import draw_random
from simulgenvae.models.decoders import FieldDecoder
from simulgenvae.settings import Settings, StageSettings
from simulgenvae.training.budget import step_counts
from simulgenvae.training.stages.losses import relative_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.models.latents import Latents
    from simulgenvae.models.losses import FieldLoss
    from simulgenvae.models.networks import Networks
    from simulgenvae.models.training_record import HistoryEntry
    from simulgenvae.reduction import Reduction
    from simulgenvae.training.batch import Batch
    from simulgenvae.training.data import TrainingData
    from simulgenvae.training.members import NetworkFactory

TIMES_PER_STEP = 32
"""Number of timesteps at which a training step compares fields, drawn anew for each step."""
FIELD_TIMES_PER_STEP = 8
"""Number of timesteps of each run where the decoder is a field: it compares at random nodes too."""
LIMIT_FACTOR = 1.05
"""Factor by which ``Stage.limited_error`` may grow: the error of few validation runs is
uncertain."""


class Stage(ABC):
    """One training stage: which modules learn from which loss.

    A subclass defines ``name``, ``learning_modules``, ``losses`` and ``validation_error``;
    everything else has a default. The module of the subclass also holds its :class:`StageSpec`.

    Parameters
    ----------
    networks, data, settings
        What learns, from what, and how.
    loss
        Loss between decoded and true fields.
    """

    name: str
    """Key of the stage in ``STAGES`` and name of its group of settings."""
    weighs_kl = False
    """True if the loss uses the KL weight that grows during training."""
    validated = True
    """True if validation runs choose the weights; otherwise the stage ends with its last ones."""

    def __init__(
        self, networks: Networks, data: TrainingData, settings: Settings, loss: FieldLoss
    ) -> None:
        self.networks = networks
        self.data = data
        self.settings = settings
        self.field_loss = loss
        self.member = 1
        """Number of the ensemble member that the stage trains, counted from 1."""

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
        """Return the stage as a training runs it.

        Parameters
        ----------
        networks, data, settings
            As for the class.
        reduction
            Reduction of the fields, which gives the loss its physical units.
        continues
            Whether the networks have been trained before this stage.
        """
        return cls(networks, data, settings, data.field_loss(settings.training.loss, reduction))

    @classmethod
    def by_default(cls, settings: Settings) -> bool:
        """Return whether a whole training (``--stage all``) includes this stage."""
        return False

    @classmethod
    def needs_vae(cls, settings: Settings) -> bool:
        """Return whether a training whose first stage is this one needs a trained VAE."""
        return False

    @classmethod
    def continues_study(cls, settings: Settings) -> bool:
        """Return whether a training whose first stage is this one continues the study's model."""
        return cls.needs_vae(settings)

    @classmethod
    def changes_vae(cls, settings: Settings) -> bool:
        """Return whether the VAE may differ after the stage, even in one bit."""
        return True

    @property
    def spec(self) -> StageSpec:
        """Descriptor of the stage; KeyError where it is not registered."""
        return STAGES[self.name]

    @property
    def label(self) -> str:
        """Name in logs, the history and checkpoint files, different for each member.

        It is ``name`` for the first member, and ``name_2``, ``name_3``, … for the further ones,
        which share settings and descriptor.
        """
        return self.name if self.member == 1 else f"{self.name}_{self.member}"

    @property
    def number(self) -> int:
        """Number that seeds the random numbers: the same whichever stages run before this one."""
        return self.spec.number + self.member - 1

    @property
    def own_settings(self) -> StageSettings:
        """Settings of this stage only: budget, batch size and learning rate."""
        return self.spec.own_settings(self.settings)

    def fewer_steps(self, share: float) -> StageSettings:
        """Return the stage's settings with a fraction of the usual steps, in a single cycle."""
        own = self.spec.own_settings(self.settings)
        runs = len(self.data.rows["train"])
        images = self.data.conditions.images is not None
        _, steps = step_counts(self.spec, own, runs, len(self.data.times), images=images)
        changed = {"epochs": None, "steps": max(1, round(share * steps)), "cycles": 1}
        return own.model_copy(update=changed)

    @property
    def continues(self) -> str | None:
        """Label of an earlier stage with whose weights the networks start; None as they are."""
        return None

    @property
    def rows(self) -> NDArray[np.intp]:
        """Rows of the runs that the stage learns from."""
        return self.data.rows["train"]

    @property
    def renewed(self) -> tuple[str, ...]:
        """Networks (``vae``, ``conditioner``) that start this stage with new weights."""
        return ()

    def further_stages(self, factory: NetworkFactory) -> Sequence[Stage]:
        """Return the stages of the ensemble's other members, where this stage trains the first.

        ``factory`` makes networks for those that differ from the first.
        """
        return []

    def start(self, history: Sequence[HistoryEntry]) -> None:  # noqa: B027  # most stages need nothing
        """Prepare what depends on how the stages before this one ended.

        ``history`` has their validations. It is called before the stage runs, and for a finished
        stage when a training is resumed.
        """

    @property
    @abstractmethod
    def learning_modules(self) -> list[nn.Module]:
        """Modules whose parameters this stage changes; all others are frozen."""

    @abstractmethod
    def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
        """Return the terms of the loss on a batch; the entry ``loss`` is minimised."""

    @abstractmethod
    def validation_error(self, batch: Batch) -> Tensor:
        """Return the error by which weights are chosen: the smaller, the better.

        It is the relative error of each run's field, `[B]`, or a scalar for all runs where it is
        an error of something else.
        """

    @property
    def error_name(self) -> str:
        """Name of the validation error for people."""
        return "error" if self.spec.reads_conditions else "reconstruction error"

    @property
    def limited_error(self) -> Callable[[Batch], Tensor] | None:
        """Second error of a batch, which the chosen weights may enlarge by ``LIMIT_FACTOR`` only.

        None where only the validation error counts.
        """
        return None

    def decoded_loss(
        self,
        latents: Latents,
        coefficients: Tensor,
        field_loss: FieldLoss | None = None,
        *,
        frozen: bool = False,
    ) -> Tensor:
        """Return the loss of each run's decoded latents, `[B]`.

        Parameters
        ----------
        latents
            Latents of `B` runs.
        coefficients
            Truth, `[B, T, r]`.
        field_loss
            Loss to take; the stage's own when not given.
        frozen
            Whether the decoder's weights are constants in the backward pass.
        """
        vae = self.networks.vae
        times = self.data.times
        if isinstance(vae.decoder, FieldDecoder):
            # Points of each run at times of its own: the more places and times a step sees, the
            # more it learns.
            places = draw_random(
                lambda runs: torch.rand(runs, len(times), device=times.device), len(coefficients)
            )
            chosen = places.argsort(1)[:, :FIELD_TIMES_PER_STEP]
            coefficients = coefficients.gather(
                1, chosen.unsqueeze(2).expand(-1, -1, coefficients.shape[2])
            )
            times = times[chosen]
        elif vae.decoder.continuous_in_time and len(times) > TIMES_PER_STEP:
            # Neighbouring timesteps say nearly the same. A random subset costs a fraction of all
            # and, measured, learns as well or better.
            order = torch.randperm(len(times), device=times.device)[:TIMES_PER_STEP]
            coefficients = coefficients[:, order]
            times = times[order]
        error = vae.error(latents, coefficients, times, frozen=frozen)
        loss: Tensor = (field_loss or self.field_loss)(error)
        return loss

    def errors_of(self, latents: Latents, coefficients: Tensor) -> Tensor:
        """Return the relative error of each run's decoded latents, `[B]`."""
        vae = self.networks.vae
        # Some times are enough to compare weights, and a field takes long at all of them.
        is_field = isinstance(vae.decoder, FieldDecoder)
        stride = -(-len(self.data.times) // TIMES_PER_STEP) if is_field else 1
        times = slice(None, None, stride)
        error = vae.error(latents, coefficients[:, times], self.data.times[times])
        return relative_errors(error, self.data)

    def reconstruction_errors(self, batch: Batch) -> Tensor:
        """Return the relative error of each run's decoded posterior means, `[B]`."""
        return self.errors_of(self.networks.vae.encode(batch.coefficients)[0], batch.coefficients)


@dataclass(frozen=True)
class StageSpec:
    """Descriptor of a kind of stage: everything that others need to know about it by name."""

    name: str
    """Key in ``STAGES``, name of the stage's settings, and choice of ``--stage``."""
    stage_class: type[Stage]
    number: int
    """Number that seeds the random numbers; members of an ensemble take the numbers that follow."""
    title: str
    """Name for people."""
    reads_conditions: bool = True
    """True if the stage trains the conditioner, so that the networks predict after it."""
    squared_error: bool = False
    """True if its validation error is relative to a variance instead of a standard deviation."""
    pace: float = 8
    """Steps per square root of the number of training snapshots, where no budget is given."""
    pace_with_images: float = 6
    """Steps per square root where a step also reads images, which takes twice the time."""
    settings: StageSettings = field(default_factory=StageSettings)
    """Settings of a stage that has no field in ``TrainingSettings``."""

    def own_settings(self, settings: Settings) -> StageSettings:
        """Return the group of ``settings.training`` with the stage's name, or its own settings."""
        # Training has settings that are no groups of a stage, such as ``loss``.
        group = getattr(settings.training, self.name, None)
        return group if isinstance(group, StageSettings) else self.settings

    @property
    def measure(self) -> str:
        """Text that says what is measured after the stage."""
        return "prediction of the networks" if self.reads_conditions else "reconstruction"


STAGES: dict[str, StageSpec] = {}
"""Descriptor of each stage by its name, in the order of a training that has all of them."""
