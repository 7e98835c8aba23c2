"""Trainings that cannot go on: losses that are no numbers and gradients without end, in the user's
words."""

from __future__ import annotations

import math
from collections.abc import Mapping

from simulgenvae.errors import UserError
from simulgenvae.training.stages.base import Stage

MOST_SKIPPED = 100
"""So many skipped steps running end the training: the weights no longer change."""


def require_finite_loss(stage: Stage, step: int, terms: Mapping[str, float]) -> None:
    """UserError when the entry ``loss`` of the terms is NaN or infinite."""
    if math.isfinite(terms["loss"]):
        return
    bad = (
        ", ".join(
            name for name, term in terms.items() if not math.isfinite(term) and name != "loss"
        )
        or "their sum"
    )
    raise UserError(
        f"Training stopped: the loss of stage {stage.label} became NaN or infinite at step {step} "
        f"(in: {bad}). Try a smaller training.{stage.name}.learning_rate (a third of it), a "
        "smaller training.max_grad_norm, or another optimizer than "
        f"{stage.settings.training.optimizer}; `simulgenvae check` shows whether the data have "
        "outliers. The last checkpoint is kept."
    )


def require_finite_validation(stage: Stage, step: int, error: float) -> None:
    """UserError when the validation error is NaN or infinite."""
    if not math.isfinite(error):
        raise UserError(
            f"Training stopped: the validation error of stage {stage.label} is NaN or infinite at "
            f"step {step}. The validation runs may hold values far beyond those of the training "
            "runs; `simulgenvae check` shows outliers."
        )


def require_steps(stage: Stage, step: int, skipped: int) -> None:
    """UserError when so many steps running were skipped, the last at ``step``, that nothing is
    learned any more."""
    if skipped >= MOST_SKIPPED:
        raise UserError(
            f"Training stopped: the gradient of stage {stage.label} was longer than "
            f"training.skip_gradient ({stage.settings.training.skip_gradient:g}) in "
            f"{MOST_SKIPPED} steps running, the last at step {step}: the networks no longer "
            f"learn. Try a smaller training.{stage.name}.learning_rate (a third of it)."
        )
