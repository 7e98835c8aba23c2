"""A trained model of a study in one row: how it was trained, and how well it does.

Tested in tests/study/test_models.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003  # pydantic reads it for --json
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.surrogate.model_record import read_facts

if TYPE_CHECKING:
    from simulgenvae.settings import StudyFolder
    from simulgenvae.surrogate.model_record import ModelFacts


@dataclass(frozen=True)
class RunNumbers:
    """Number of runs of each part of the split of a training."""

    train: int
    validation: int
    test: int


@dataclass(frozen=True)
class MeasuredError:
    """Mean joint relative L2 error of a method over runs; null where it is undefined."""

    method: str
    relative_l2: float | None


@dataclass(frozen=True)
class ModelSummary:
    """Facts about a trained model."""

    name: str
    current: bool
    """True if it is the model that is used where none is named."""
    trained: datetime | None
    """Time at which its training ended."""
    runs: RunNumbers | None
    bytes: int | None
    """Size of its files."""
    split: str | None = None
    """Part of the split on whose runs the errors were measured; None before an evaluation."""
    error: float | None = None
    """Mean joint relative L2 error on these runs; 0.02 is 2 %."""
    best_baseline: MeasuredError | None = None
    """The baseline with the least error on the same runs."""
    note: str = ""
    """Reason why something is not known."""


@dataclass(frozen=True)
class ModelsResult:
    """The trained models of a study, as ``models --json`` prints them."""

    models: tuple[ModelSummary, ...]
    """Summary of each model, sorted by name."""


def summary_of(study: StudyFolder, name: str, *, current: bool) -> ModelSummary:
    """Return the summary of a model; one whose files are damaged has a note that says so."""
    chosen = study.with_model(name)
    try:
        facts = read_facts(chosen)
    except UserError as error:
        return ModelSummary(name, current, None, None, None, note=str(error))
    parts = facts.split.parts()
    runs = RunNumbers(**{part: len(ids) for part, ids in parts.items()})
    about = (name, current, facts.trained, runs, facts.bytes)
    if not facts.predicts:
        return ModelSummary(*about, note=_joined("only the VAE is trained", facts.note))
    try:
        result = read_metrics(chosen, facts)
    except UserError as error:
        return ModelSummary(*about, note=_joined(str(error), facts.note))
    best = result.best_baseline
    return ModelSummary(
        *about,
        split=result.compared_split,
        error=result.mean_error("prediction"),
        best_baseline=None if best is None else MeasuredError(best.name, best.relative_l2),
        note=facts.note,
    )


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))


def read_metrics(study: StudyFolder, facts: ModelFacts) -> EvaluationResult:
    """Return the result of a model's evaluation.

    Raises
    ------
    UserError
        When it was not evaluated since its training, or the file is damaged.
    """
    option = "" if study.model is None else f" --model {study.model}"
    missing = f"not measured: `simulgenvae evaluate {study.folder}{option}`"
    if not study.metrics_file.exists():
        raise UserError(missing)
    result = EvaluationResult.read(study.metrics_file)
    # A model without a name keeps the results of an earlier training.
    if result.training.data_fingerprint != facts.info.data_fingerprint:
        raise UserError(missing)
    return result
