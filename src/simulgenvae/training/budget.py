"""Number of runs in a step, and of steps in a stage."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulgenvae.settings import Settings, StageSettings
    from simulgenvae.training.stages.base import StageSpec

logger = logging.getLogger(__name__)

SMALLEST_ROOT = 15.0
"""Least square root of the number of snapshots that a budget is computed with."""
LARGEST_ROOT = 75.0
"""Square root of the number of snapshots above which a budget grows more slowly."""
SLOWER_GROWTH = 0.55
"""Fraction of the square root that counts where this is more than ``LARGEST_ROOT``: with many
snapshots, more steps still improve the networks."""


def batch_size(own_settings: StageSettings, runs: int) -> int:
    """Return the number of runs in a step of a stage that has ``runs`` training runs."""
    return min(own_settings.batch_size, runs)


def report_reduced_batches(specs: Sequence[StageSpec], settings: Settings, runs: int) -> None:
    """Log which stages take smaller batches than the user wrote down, because of the runs."""
    for spec in specs:
        own = spec.own_settings(settings)
        # A default that is too large is no wish of the user.
        if own.batch_size > runs and "batch_size" in own.model_fields_set:
            logger.warning(
                "training.%s.batch_size (in condition.txt: Batch_size or latent_conditioner_batch) "
                "is %d, but there are only %d training runs: each step takes all %d",
                spec.name,
                own.batch_size,
                runs,
                runs,
            )


def step_counts(
    spec: StageSpec, own_settings: StageSettings, runs: int, timesteps: int, *, images: bool = False
) -> tuple[int, int]:
    """Return the steps of an epoch and all steps of a stage.

    Where the settings give no budget, it is the stage's pace times the square root of the number of
    training snapshots (runs × timesteps). The root counts as at least ``SMALLEST_ROOT`` and, above
    ``LARGEST_ROOT``, only by the fraction ``SLOWER_GROWTH``: a tiny study trains for seconds, a
    usual one for minutes.

    Parameters
    ----------
    spec, own_settings
        The stage and its settings.
    runs, timesteps
        Number of training runs, and of timesteps in each.
    images
        Whether the runs have images.
    """
    per_epoch = math.ceil(runs / batch_size(own_settings, runs))
    # Epochs are what a user of the classic interface gives; they count more than steps.
    if own_settings.epochs is not None:
        return per_epoch, own_settings.epochs * per_epoch
    root = math.sqrt(runs * timesteps)
    size = max(min(max(root, SMALLEST_ROOT), LARGEST_ROOT), SLOWER_GROWTH * root)
    pace = spec.pace_with_images if images else spec.pace
    return per_epoch, own_settings.steps or round(pace * size)
