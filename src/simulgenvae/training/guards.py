"""Guards against trainings that cannot continue: infinite losses, exploding gradients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from simulgenvae.training.stages import Stage

MOST_SKIPPED = 100
"""Number of skipped steps one after another that ends a training: its weights no longer change."""


def require_finite_loss(stage: Stage, step: int, terms: Mapping[str, float]) -> None:
    """Refuse a loss that is NaN or infinite.

    Parameters
    ----------
    stage, step
        Stage and number of the step, counted from 1.
    terms
        Terms of the loss by their names; ``loss`` is their sum.

    Raises
    ------
    UserError
        With the terms that are not finite, and what to change.
    """
    if math.isfinite(terms["loss"]):
        return
    # Terms can be finite and their sum not, where they are large.
    bad = [name for name, term in terms.items() if not math.isfinite(term) and name != "loss"]
    raise UserError(
        f"Training stopped: the loss of stage {stage.label} became NaN or infinite at step {step} "
        f"(in: {', '.join(bad) or 'their sum'}). Try a smaller training.{stage.name}.learning_rate "
        "(a third of it), a smaller training.max_grad_norm, or another optimizer than "
        f"{stage.settings.training.optimizer}; `simulgenvae check` shows whether the data have "
        "outliers. The last checkpoint is kept."
    )


def require_finite_validation(stage: Stage, step: int, error: float) -> None:
    """Raise UserError when the validation error is NaN or infinite."""
    if not math.isfinite(error):
        raise UserError(
            f"Training stopped: the validation error of stage {stage.label} is NaN or infinite at "
            f"step {step}. The validation runs may hold values far beyond the values of the "
            "training runs; `simulgenvae check` shows outliers."
        )


def longest_gradient(skip_gradient: float, start: Tensor) -> Tensor:
    """Return the length of a gradient from which on its step is skipped.

    Losses have scales of their own: the first gradient of a stage, of length ``start``, says what
    is usual. A short one, as of weights that are trained already, says nothing, and nor does one
    that is infinite or no number.
    """
    return skip_gradient * start.nan_to_num(nan=1.0, posinf=1.0).clamp(min=1.0)


def require_steps(stage: Stage, step: int, skipped: int, limit: float) -> None:
    """Refuse a training that no longer learns.

    Parameters
    ----------
    stage, step
        Stage and number of the last step, counted from 1.
    skipped
        Number of steps up to this one that were skipped one after another.
    limit
        Length of a gradient from which on a step is skipped.

    Raises
    ------
    UserError
        When there are at least ``MOST_SKIPPED`` of them.
    """
    if skipped >= MOST_SKIPPED:
        raise UserError(
            f"Training stopped: the gradient of stage {stage.label} was longer than {limit:g} "
            f"(training.skip_gradient: {stage.settings.training.skip_gradient:g}) in "
            f"{MOST_SKIPPED} steps running, the last at step {step}: the networks no longer "
            f"learn. Try a smaller training.{stage.name}.learning_rate (a third of it)."
        )
