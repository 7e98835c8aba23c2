"""Batch sizes for trainings on fewer runs than the settings were made for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulgenvae.settings.schema import Settings


def batches_up_to(settings: Settings, runs: int) -> Settings:
    """Return settings whose batches are no larger than the number of training runs.

    A larger batch would be reduced all the same, with a warning to the user, who has not chosen it
    for so few runs.
    """
    changed = {}
    for name in type(settings.training).stage_names():
        stage = getattr(settings.training, name)
        if stage.batch_size > runs:
            changed[name] = stage.model_copy(update={"batch_size": runs})
    return settings.model_copy(update={"training": settings.training.model_copy(update=changed)})
