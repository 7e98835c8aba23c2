"""Plan of a training from its data and settings, and what is refused before anything is read.

Tested in tests/training/test_train.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.models.conditioner.conditioner import conditioner_kind
from simulgenvae.training.acceleration import acceleration
from simulgenvae.training.device import choose_device
from simulgenvae.training.plan import TrainingPlan
from simulgenvae.training.prepare import add_mirrored
from simulgenvae.training.stages import stage_specs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.split import Split
    from simulgenvae.settings import Settings


def make_plan(
    dataset: Dataset,
    split: Split,
    settings: Settings,
    stages: Sequence[str],
    *,
    continues: bool,
    checkpoints: bool,
) -> TrainingPlan:
    """Return the plan of a training, with mirrored runs where the settings declare a symmetry.

    Raises
    ------
    UserError
        As :func:`check_trainable`, and when the mesh or the variables are not symmetric.
    """
    scaler = check_trainable(dataset.conditions, split, settings, stages)
    dataset, rows = add_mirrored(dataset, split.rows(dataset.ids), settings)
    return TrainingPlan(
        dataset=dataset,
        rows=rows,
        settings=settings,
        scaler=scaler,
        specs=stage_specs(stages),
        continues=continues,
        device=choose_device(settings.training.device),
        checkpoints=checkpoints,
    )


def check_trainable(
    conditions: Conditions, split: Split, settings: Settings, stages: Sequence[str]
) -> ConditionScaler:
    """Refuse what cannot be trained, before fields are read and anything is written.

    Returns the scale of the conditions, fitted to the training runs.

    Raises
    ------
    UserError
        For a stage or a device that does not exist, a constant parameter, or a conditioner for
        other conditions.
    """
    acceleration(settings.training.performance, choose_device(settings.training.device), 0)
    conditioner_kind(settings.conditioner, conditions.image_format)
    stage_specs(stages)
    return ConditionScaler.fit(conditions.select(split.rows(conditions.ids)["train"]))
