"""Warnings about how a stage learned, and what to change.

Each function takes one stage's part of the history, oldest entry first: ``validation_error`` is
that of the validation runs and ``train_error`` that of as many training runs, by the same measure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from simulgenvae.models.training_record import HistoryEntry
from simulgenvae.training.stages import spec_of
from simulgenvae.training.stages.base import LIMIT_FACTOR

History = Sequence[HistoryEntry]

OVERFITTED_RATIO = 3.0
"""Validation over training error from which networks have learned the training runs by heart.

Measured: 1 to 2 in good trainings on 64 and 76 runs; 3.2 on 24 of them, with twenty times the
validation error; 36 on 10 of them."""
NEGLIGIBLE_ERROR = 0.01
"""Validation error below which a stage is good, whatever the error of training runs is."""
MEAN_RUN_ERROR = 0.9
"""Validation error from which the mean run would do as well; the mean run's own error is 1."""
# A budget was too small where its last quarter still brought the relative gain STILL_FALLING and
# left at least the error STILL_LARGE, for training and validation runs alike (up to the ratio
# ALIKE_RATIO). The gain says little without the error: the falling learning rate brings 5 to 30 %
# in the last quarter of every budget. Measured on 64 and 76 runs: errors of 0.01 to 0.02 with the
# usual budget, 0.07 to 0.08 at ratios of 1.2 to 1.4 with a tenth of it.
STILL_FALLING = 0.1
STILL_LARGE = 0.05
ALIKE_RATIO = 1.5


def stage_warnings(history: History) -> list[str]:
    """Return what the user should know about a stage that has ended, each with what to change."""
    candidates = (not_converged(history), overfitted(history), stopped_too_early(history))
    return [warning for warning in candidates if warning is not None]


def overfitting_begins(history: History) -> str | None:
    """Return a message at the first validation that shows overfitting, otherwise None."""
    ratios = [_ratio(entry) for entry in history]
    if (
        not ratios
        or ratios[-1] < OVERFITTED_RATIO
        or max(ratios[:-1], default=0.0) >= OVERFITTED_RATIO
    ):
        return None
    last = history[-1]
    return (
        f"{last.stage}: at step {last.step} the error of validation runs is "
        f"{ratios[-1]:.1f} times that of training runs: overfitting starts"
    )


def overfitted(history: History) -> str | None:
    """Return a warning where the networks do much worse on validation runs than on training runs.

    The networks have the smallest validation error, see :func:`_best`.
    """
    best = _best(history)
    ratio = _ratio(best)
    # Some distance between the two errors is normal; see the constant.
    if ratio < OVERFITTED_RATIO:
        return None
    spec = spec_of(best.stage)
    if spec.reads_conditions:
        noise = "parameter_noise or pixel_noise"
        dropout = "conditioner.dropout, "
        smaller = "conditioner.filters"
    else:
        noise = "field_noise"
        dropout = ""
        smaller = "model.width and model.filters"
    return (
        f"{best.stage}: overfitting. The error of validation runs is {ratio:.1f} times that of "
        "training runs. What helps, best first: more runs, a symmetry of the problem "
        f"(training.augmentation.flips), noise (training.augmentation.{noise}), {dropout}a larger "
        f"training.{spec.name}.weight_decay, smaller networks ({smaller})."
    )


def not_converged(history: History) -> str | None:
    """Return a warning where nothing was learned, or nothing that holds for validation runs."""
    best = _best(history)
    spec = spec_of(best.stage)
    settings = f"training.{spec.name}"
    rate = f"a smaller {settings}.learning_rate (a third of it)"
    validation, train = _errors(best)
    start = f"{best.stage}: no convergence."
    # Errors are relative to the standard deviation: 1 is the error of the mean of the runs.
    if train >= MEAN_RUN_ERROR or (validation >= MEAN_RUN_ERROR and _ratio(best) <= ALIKE_RATIO):
        return (
            f"{start} The mean of the training runs would have done as well. Try "
            f"more {settings}.steps, {rate}, or the other training.optimizer."
        )
    if validation >= MEAN_RUN_ERROR:
        source = "fields"
        if spec.reads_conditions:
            source += ", and whether each row or image belongs to its run"
        return (
            f"{start} Training runs are learned, but the mean of the training "
            f"runs predicts validation runs as well. Check the {source} (`simulgenvae "
            "check` names outliers); else more runs are needed."
        )
    if len(history) > 2 and best is history[0] and _errors(history[-1])[1] >= train:
        return (
            f"{start} Neither training nor validation runs became any better "
            f"after the first validation. Try {rate}."
        )
    return None


def stopped_too_early(history: History) -> str | None:
    """Return a warning where the budget was used up while much was still to be learned."""
    end = history[-1].step
    # The best error so far, as single errors go up and down.
    earlier = [_errors(entry)[0] for entry in history if entry.step <= 0.75 * end]
    best = _best(history)
    validation = _errors(best)[0]
    if not earlier or not STILL_LARGE <= validation < MEAN_RUN_ERROR or _ratio(best) > ALIKE_RATIO:
        return None
    gain = 1 - validation / min(earlier)
    if gain < STILL_FALLING:
        return None
    return (
        f"{best.stage}: stopped too early. The last quarter of the budget still made the "
        f"validation error {gain:.0%} smaller, and training runs are hardly better. More "
        f"training.{spec_of(best.stage).name}.steps (or epochs) than {end} will help."
    )


def nothing_kept(stage: str) -> str:
    """Return the warning about a stage, by its label, whose weights all exceeded a limited error.

    Such a stage ends with the weights that it started with. Only the end-to-end stage has a limit.
    """
    return (
        f"{stage}: nothing of it was kept. In all validations the VAE reconstructed "
        f"unseen runs more than {LIMIT_FACTOR - 1:.0%} worse than before. Hold it with "
        "training.end_to_end.decoder = frozen (e2e_decoder), or train this stage longer."
    )


def relative(stage: str, error: float) -> float:
    """Return an error of a stage relative to the training standard deviation: 1 is the mean run's.

    The errors of some stages are squares, relative to a variance; the root is taken of these.
    """
    return math.sqrt(error) if spec_of(stage).squared_error else error


def _best(history: History) -> HistoryEntry:
    """Return the entry with the smallest validation error.

    The stage ends with its weights, unless a limited error forbids that (``validation.py``). The
    warnings are about learning, for which the entry counts all the same.
    """
    return min(history, key=lambda entry: entry.validation_error)


def _errors(entry: HistoryEntry) -> tuple[float, float]:
    """Return the relative errors of validation and training runs."""
    # Only files of older versions have no training error; their trainings have ended.
    train = math.nan if entry.train_error is None else entry.train_error
    return relative(entry.stage, entry.validation_error), relative(entry.stage, train)


def _ratio(entry: HistoryEntry) -> float:
    """Return validation over training error, or 0 where the validation error is negligible."""
    validation, train = _errors(entry)
    if validation < NEGLIGIBLE_ERROR:
        return 0.0
    return validation / train if train > 0 else math.inf
