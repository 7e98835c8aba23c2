"""Early warnings: what the validations of a stage say about how it learned, and what to change.

Everything here is a function of one stage's part of ``Progress.history``, oldest entry first:
``validation`` is the error of the validation runs and ``train_error`` that of as many training
runs, by the same measure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from simulgenvae.training.stages import spec_of

Entry = Mapping[str, Any]

OVERFITTED = 3.0
"""Validation over training error from which on networks know the training runs rather than the
problem.

Measured: 1 to 2 in good trainings on 64 and 76 runs; 3.2 on 24 of them, with twenty times the
validation error; 36 on 10 of them."""
NEGLIGIBLE = 0.01
"""Validation errors below this are good, whatever those of training runs are."""
NOT_LEARNED = 0.9
"""Validation error from which on the mean run would have done as well; its own is 1."""
STILL_FALLING, STILL_LARGE, ALIKE = 0.1, 0.05, 1.5
"""A budget was too small where its last quarter still brought this relative gain, and left this
error, to training and validation runs alike (up to this ratio). The gain alone says little: the
falling learning rate brings 5 to 30 % in the last quarter of every budget. Measured on 64 and 76
runs: errors of 0.01 to 0.02 with the usual budget, 0.07 to 0.08 at ratios of 1.2 to 1.4 with a
tenth of it."""


def stage_warnings(entries: Sequence[Entry]) -> list[str]:
    """What the user should know about a stage that has ended, each with what to change."""
    found = (not_converged(entries), overfitted(entries), stopped_too_early(entries))
    return [warning for warning in found if warning is not None]


def overfitting_begins(entries: Sequence[Entry]) -> str | None:
    """One line at the first validation that shows overfitting."""
    ratios = [_ratio(entry) for entry in entries]
    if not ratios or ratios[-1] < OVERFITTED or any(ratio >= OVERFITTED for ratio in ratios[:-1]):
        return None
    last = entries[-1]
    return (
        f"{last['stage']}: at step {last['step']} the error of validation runs is "
        f"{ratios[-1]:.1f} times that of training runs: overfitting begins"
    )


def overfitted(entries: Sequence[Entry]) -> str | None:
    """Whether the networks that the stage keeps do much worse on validation runs than on training
    runs."""
    best = _best(entries)
    if (ratio := _ratio(best)) < OVERFITTED:
        return None
    stage = best["stage"]
    spec = spec_of(stage)
    if spec.reads_conditions:
        noise = "parameter_noise or pixel_noise"
        dropout = "conditioner.dropout, "
        smaller = "conditioner.filters"
    else:
        noise = "field_noise"
        dropout = ""
        smaller = "model.width and model.filters"
    return (
        f"{stage}: overfitting. The error of validation runs is {ratio:.1f} times that of "
        "training runs. What helps, best first: more runs, a symmetry of the problem "
        f"(training.augmentation.flips), noise (training.augmentation.{noise}), {dropout}a larger "
        f"training.{spec.name}.weight_decay, smaller networks ({smaller})."
    )


def not_converged(entries: Sequence[Entry]) -> str | None:
    """Whether the stage learned nothing, or nothing that holds for validation runs."""
    best = _best(entries)
    stage = best["stage"]
    spec = spec_of(stage)
    settings = f"training.{spec.name}"
    rate = f"a smaller {settings}.learning_rate (a third of it)"
    validation, train = _errors(best)
    if train >= NOT_LEARNED or (validation >= NOT_LEARNED and _ratio(best) <= ALIKE):
        return (
            f"{stage}: no convergence. The mean of the training runs would have done as well. Try "
            f"more {settings}.steps, {rate}, or the other training.optimizer."
        )
    if validation >= NOT_LEARNED:
        source = (
            "fields, and whether each row or picture belongs to its run"
            if spec.reads_conditions
            else "fields"
        )
        return (
            f"{stage}: no convergence. Training runs are learned, but for validation runs the "
            f"mean of the training runs would have done as well. Check the {source} (`simulgenvae "
            "check` names outliers); else more runs are needed."
        )
    if len(entries) > 2 and best is entries[0] and _errors(entries[-1])[1] >= train:
        return (
            f"{stage}: no convergence. Neither training nor validation runs became any better "
            f"after the first validation. Try {rate}."
        )
    return None


def stopped_too_early(entries: Sequence[Entry]) -> str | None:
    """Whether the budget was used up while much was still to be learned."""
    end = entries[-1]["step"]
    earlier = [_errors(entry)[0] for entry in entries if entry["step"] <= 0.75 * end]
    best = _best(entries)
    validation = _errors(best)[0]
    if not earlier or not STILL_LARGE <= validation < NOT_LEARNED or _ratio(best) > ALIKE:
        return None
    if (gain := 1 - validation / min(earlier)) < STILL_FALLING:
        return None
    stage = best["stage"]
    return (
        f"{stage}: stopped too early. The last quarter of the budget still made the validation "
        f"error {gain:.0%} smaller, and training runs are hardly better. More "
        f"training.{spec_of(stage).name}.steps (or epochs) than {end} will help."
    )


def _best(entries: Sequence[Entry]) -> Entry:
    return min(entries, key=lambda entry: float(entry["validation"]))


def relative(stage: str, error: float) -> float:
    """Return an error of a stage relative to the training standard deviation: 1 is the mean run's.

    Errors of some stages are squares, relative to a variance; the root is taken of them.
    """
    return math.sqrt(error) if spec_of(stage).squared_error else error


def _errors(entry: Entry) -> tuple[float, float]:
    """Relative errors of validation and training runs."""
    validation, train = (
        relative(entry["stage"], float(entry[key])) for key in ("validation", "train_error")
    )
    return validation, train


def _ratio(entry: Entry) -> float:
    """Validation over training error; 0 where the validation error is negligible."""
    validation, train = _errors(entry)
    if validation < NEGLIGIBLE:
        return 0.0
    return validation / train if train > 0 else math.inf
