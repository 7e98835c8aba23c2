"""Warnings about how stages learned, each with one thing to do.

Functions of a history take one stage's part of it, oldest entry first: ``validation_error`` is
that of the validation runs and ``train_error`` that of as many training runs, by the same measure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from simulgenvae.models.training_record import HistoryEntry
from simulgenvae.training.stages import spec_of
from simulgenvae.training.stages.base import LIMIT_FACTOR
from simulgenvae.training.stages.encoder import STEPS as ENCODER_STEPS
from simulgenvae.utils.formatting import percent

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


@dataclass(frozen=True)
class Finding:
    """Finding about one stage."""

    cause: str
    """Fault in a few words, the same for all stages in which it did."""
    stage: str
    """Label of the stage."""
    text: str
    """Sentence that says by what it shows."""
    action: str
    """Advice to the user."""
    size: float = 0.0
    """Size of the fault, compared with the same cause elsewhere."""


def training_warnings(history: History, more: Sequence[str] = ()) -> list[str]:
    """Return what the user should know about a training that has ended, once for each cause.

    Parameters
    ----------
    history
        Validations of all stages.
    more
        Labels of stages of which nothing was kept.
    """
    labels = dict.fromkeys(entry.stage for entry in history)
    findings = [_nothing_kept(label) for label in more]
    for label in labels:
        findings += stage_findings([entry for entry in history if entry.stage == label])
    by_cause: dict[str, list[Finding]] = {}
    for finding in findings:
        by_cause.setdefault(finding.cause, []).append(finding)
    lines = []
    for cause, found in by_cause.items():
        # The worst one is described; the others would say the same with other numbers.
        worst = max(found, key=lambda each: each.size)
        where = ", ".join(part_name(each.stage) for each in found)
        lines.append(f"{where}: {cause}. {worst.text} {worst.action}")
    return lines


def part_name(label: str) -> str:
    """Return the name of what a stage trains, for people.

    >>> part_name("end_to_end"), part_name("end_to_end_2"), part_name("end_to_end_encoder")
    ('network 1', 'network 2', 'encoder')
    """
    spec = spec_of(label)
    if label.endswith("_encoder"):
        return "encoder"
    if spec.name != "end_to_end":
        return spec.title
    number = re.search("_([0-9]+)", label.removeprefix(spec.name))
    return f"network {number[1] if number else 1}"


def stage_findings(history: History) -> list[Finding]:
    """Return what is wrong with a stage that has ended."""
    candidates = (not_converged(history), overfitted(history), stopped_too_early(history))
    return [finding for finding in candidates if finding is not None]


def overfitted(history: History) -> Finding | None:
    """Return a finding where the networks do much worse on validation runs than on training runs.

    The networks have the smallest validation error, see :func:`_best`.
    """
    best = _best(history)
    ratio = _ratio(best)
    # Some distance between the two errors is normal; see the constant.
    if ratio < OVERFITTED_RATIO:
        return None
    return Finding(
        "overfitting",
        best.stage,
        f"The error of validation runs is {ratio:.1f} times that of training runs.",
        "More training runs help most (simulgenvae suggest names the designs).",
        ratio,
    )


def not_converged(history: History) -> Finding | None:
    """Return a finding where nothing was learned, or nothing that holds for validation runs."""
    best = _best(history)
    spec = spec_of(best.stage)
    settings = f"training.{spec.name}"
    validation, train = _errors(best)
    # Errors are relative to the standard deviation: 1 is the error of the mean of the runs.
    if train >= MEAN_RUN_ERROR or (validation >= MEAN_RUN_ERROR and _ratio(best) <= ALIKE_RATIO):
        return Finding(
            "nothing was learned",
            best.stage,
            "The mean of the training runs would have done as well.",
            f"Train longer: --set {settings}.steps={4 * _usual_steps(history)}.",
            validation,
        )
    if validation >= MEAN_RUN_ERROR:
        subject = "row or image belongs to its run" if spec.reads_conditions else "field is right"
        return Finding(
            "nothing was learned that holds for other runs",
            best.stage,
            "Training runs are learned, but for validation runs their mean would do as well.",
            f"Check whether each {subject} (simulgenvae check names outliers).",
            validation,
        )
    if len(history) > 2 and best is history[0] and _errors(history[-1])[1] >= train:
        return Finding(
            "no progress",
            best.stage,
            "Neither training nor validation runs became any better after the first validation.",
            f"Take a third of the learning rate: --set {settings}.learning_rate=….",
            validation,
        )
    return None


def stopped_too_early(history: History) -> Finding | None:
    """Return a finding where the budget was used up while much was still to be learned."""
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
    steps = 2 * _usual_steps(history)
    return Finding(
        "stopped too early",
        best.stage,
        f"The last quarter of its steps still made the error {percent(gain, digits=2)} smaller.",
        f"Train longer: --set training.{spec_of(best.stage).name}.steps={steps}.",
        gain,
    )


def _nothing_kept(label: str) -> Finding:
    """Return the finding about a stage whose weights all exceeded a limited error.

    Such a stage ends with the weights that it started with. Only the end-to-end stage has a limit.
    """
    return Finding(
        "nothing of it was kept",
        label,
        "In all validations the VAE reconstructed unseen runs more than "
        f"{percent(LIMIT_FACTOR - 1, digits=2)} worse than before.",
        "Keep the VAE as it is: --set training.end_to_end.decoder=frozen (e2e_decoder).",
    )


def relative(stage: str, error: float) -> float:
    """Return an error of a stage relative to the training standard deviation: 1 is the mean run's.

    The errors of some stages are squares, relative to a variance; the root is taken of these.
    """
    return math.sqrt(error) if spec_of(stage).squared_error else error


def _best(history: History) -> HistoryEntry:
    """Return the entry with the smallest validation error.

    The stage ends with its weights, unless a limited error forbids that (``validation.py``). The
    findings are about learning, for which the entry counts all the same.
    """
    return min(history, key=lambda entry: entry.validation_error)


def _errors(entry: HistoryEntry) -> tuple[float, float]:
    """Return the relative errors of validation and training runs."""
    # Only files of older versions have no training error; their trainings have ended.
    train = math.nan if entry.train_error is None else entry.train_error
    return relative(entry.stage, entry.validation_error), relative(entry.stage, train)


def _usual_steps(history: History) -> int:
    """Return the setting of the steps from which those of a stage followed."""
    last = history[-1]
    share = ENCODER_STEPS if last.stage.endswith("_encoder") else 1.0
    return max(1, round(last.step / share))


def _ratio(entry: HistoryEntry) -> float:
    """Return validation over training error, or 0 where the validation error is negligible."""
    validation, train = _errors(entry)
    if validation < NEGLIGIBLE_ERROR:
        return 0.0
    return validation / train if train > 0 else math.inf
