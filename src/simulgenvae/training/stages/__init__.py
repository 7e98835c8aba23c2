"""The stages of training, one file each, and their registry.

A new stage is a file with a subclass of :class:`Stage` and its :class:`StageSpec`, and one line
below. Its descriptor has its settings. Only where users shall set them does
``TrainingSettings`` also need a field with the stage's name: settings are read and checked without
loading torch, so that they cannot ask this registry.

Tested in tests/training/stages/test_registry.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.models.training_record import stage_of
from simulgenvae.training.stages.base import STAGES, Stage, StageSpec
from simulgenvae.training.stages.conditioner import CONDITIONER
from simulgenvae.training.stages.end_to_end import END_TO_END
from simulgenvae.training.stages.vae import VAE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from simulgenvae.models.networks import Networks
    from simulgenvae.reduction import Reduction
    from simulgenvae.settings import Settings
    from simulgenvae.training.data import TrainingData

__all__ = [
    "STAGES",
    "Stage",
    "StageSpec",
    "changes_vae",
    "default_stages",
    "make_stages",
    "register",
    "spec_of",
    "stage_specs",
]


def register(*specs: StageSpec) -> None:
    """Add stages to the registry, from this package or from outside."""
    for spec in specs:
        STAGES[spec.name] = spec


register(VAE, CONDITIONER, END_TO_END)


def spec_of(label: str) -> StageSpec:
    """Return the descriptor of the stage with this label, which may name a further member.

    Raises
    ------
    KeyError
        When there is no such stage.
    """
    # A name itself may end with a number: only a label that is no name is split.
    return STAGES[label if label in STAGES else stage_of(label)]


def stage_specs(names: Iterable[str]) -> list[StageSpec]:
    """Return the descriptors of the stages with these names.

    Raises
    ------
    UserError
        When a stage does not exist.
    """
    specs = []
    for name in names:
        if name not in STAGES:
            raise UserError(
                f"--stage {name}: there is no such stage. Choose all, {', '.join(STAGES)}."
            )
        specs.append(STAGES[name])
    return specs


def default_stages(settings: Settings) -> list[str]:
    """Return the stages of a whole training, leaving out networks that a later one would forget."""
    return [name for name, spec in STAGES.items() if spec.stage_class.by_default(settings)]


def changes_vae(stages: Sequence[str], settings: Settings) -> bool:
    """Return whether a training of these stages changes the VAE, even in one bit."""
    return any(spec.stage_class.changes_vae(settings) for spec in stage_specs(stages))


def make_stages(
    specs: Sequence[StageSpec],
    networks: Networks,
    data: TrainingData,
    settings: Settings,
    reduction: Reduction,
    *,
    continues: bool,
) -> list[Stage]:
    """Return the stages of a training, in their order.

    Parameters
    ----------
    specs
        Descriptors of the stages.
    networks, data, settings, reduction
        What learns, from what, and how; see :meth:`Stage.make`.
    continues
        Whether the training starts with trained networks.
    """
    stages: list[Stage] = []
    for spec in specs:
        # Each stage continues with the networks of the stages before it.
        has_trained = continues or len(stages) > 0
        stages.append(
            spec.stage_class.make(networks, data, settings, reduction, continues=has_trained)
        )
    return stages
