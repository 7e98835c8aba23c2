"""How many runs a step takes, and how many steps a stage."""

from __future__ import annotations

import math

from simulgenvae.errors import UserError
from simulgenvae.settings import StageSettings

PACE = {"vae": 8, "conditioner": 8, "end_to_end": 33}
"""Steps per square root of the number of training snapshots, where the settings leave the budget
open."""
PACE_WITH_PICTURES = {"vae": 6, "conditioner": 3, "end_to_end": 12}
"""The same where a step also reads pictures, which takes twice the time."""
LARGE = 0.55
"""Share of the root that counts where it is more than 75 so: of many snapshots more is learned by
more steps."""
MANY = 20_000
"""Training snapshots from which on two networks that learn longer are worth more than three."""


def batch_size(stage: str, schedule: StageSettings, runs: int) -> int:
    """Runs per step of a stage on ``runs`` training runs.

    Raises
    ------
    UserError
        When a batch size that the user gave is larger than the number of training runs.
    """
    if schedule.batch_size > runs and "batch_size" in schedule.model_fields_set:
        raise UserError(
            f"training.{stage}.batch_size is {schedule.batch_size}, but there are only {runs} "
            f"training runs: set it to {runs} or less (Batch_size or latent_conditioner_batch in "
            "condition.txt)."
        )
    return min(schedule.batch_size, runs)


def member_count(wanted: int | None, runs: int, timesteps: int, *, pictures: bool) -> int:
    """Networks of an ensemble: those that the settings ask for, else 3, or 2 where a step also
    reads pictures or there are ``MANY`` training snapshots."""
    return wanted or (2 if pictures or runs * timesteps >= MANY else 3)


def step_counts(
    stage: str, schedule: StageSettings, runs: int, timesteps: int, *, pictures: bool = False
) -> tuple[int, int]:
    """Steps per epoch and total steps of a stage on ``runs`` training runs.

    Where the settings leave the budget open it is the stage's pace times the square root of the
    number of training snapshots, which counts as at least 15 and, above 75, as ``LARGE`` of it:
    seconds for a tiny study, minutes for a usual one.
    """
    per_epoch = math.ceil(runs / batch_size(stage, schedule, runs))
    if schedule.epochs is not None:
        return per_epoch, schedule.epochs * per_epoch
    root = math.sqrt(runs * timesteps)
    size = max(min(max(root, 15.0), 75.0), LARGE * root)
    pace = (PACE_WITH_PICTURES if pictures else PACE)[stage]
    return per_epoch, schedule.steps or round(pace * size)
