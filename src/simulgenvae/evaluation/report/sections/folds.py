"""Section about the cross-validation; absent where there is none.

Tested in tests/evaluation/folds/test_cross_validate.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.baselines import BASELINES
from simulgenvae.evaluation.accuracy import (
    Accuracy,
    about_interval,
    accuracies,
    accuracy_table,
    compared_sentence,
)
from simulgenvae.evaluation.methods import method_titles
from simulgenvae.evaluation.report.section import Section, Table
from simulgenvae.utils.formatting import NONE, count, percent

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult
    from simulgenvae.evaluation.results.folds import CrossValidation


_UNSEEN = " predicted by surrogates that had not seen them"


@dataclass(frozen=True)
class FoldsView:
    """Content of the section."""

    how: str
    lead: str
    accuracy: Table
    interval: str
    folds: Table
    runs: Table

    @classmethod
    def of(cls, result: EvaluationResult) -> FoldsView | None:
        """Return the content for a result; None without a cross-validation."""
        found = result.folds
        if found is None:
            return None
        best = best_of(found)
        title = None if best is None else method_titles(result)[best]
        other = None if best is None else found.errors[best]
        rows = list(accuracies(result, found.errors["prediction"], other))
        if found.quantities is not None and found.quantities.declared:
            for each in found.quantities.found:
                named = f"{each.name} = {each.definition}"
                rows.append(Accuracy(named, each.absolute_error, None, each.unit))
        runs = len(found.runs)
        return cls(
            how(found),
            f"On {compared_sentence(found.errors['prediction'], other, title, 'run', _UNSEEN)}",
            accuracy_table(rows, f"On {count(runs, 'run')}, each not trained on", title),
            about_interval(runs, ""),
            _folds(found, best, title),
            _runs(found, best, title),
        )


def best_of(found: CrossValidation) -> str | None:
    """Return the name of the baseline with the smallest mean error; None without any."""
    means = {}
    for name in BASELINES:
        if name in found.errors and found.errors[name].relative_l2.mean is not None:
            means[name] = found.errors[name].relative_l2.mean
    return min(means, key=lambda name: means[name] or 0.0, default=None)


def how(found: CrossValidation) -> str:
    """Return in words how the errors came about."""
    training = sorted({*found.training_runs})
    sizes = " to ".join(dict.fromkeys(map(str, (training[0], training[-1]))))
    return (
        f"The {len(found.runs)} training and validation runs were divided into {found.folds} parts "
        f"at random. The surrogate was trained {found.folds} times with the settings of the "
        f"study's own, each time without one part ({sizes} training runs), and each run was "
        "predicted by the one that had not seen it. The study's own surrogate learned from more "
        "runs than these. Its test runs are in no part, and stay unseen."
    )


def _folds(found: CrossValidation, best: str | None, title: str | None) -> Table:
    rows = []
    for number in range(1, found.folds + 1):
        runs = [run for run, about in found.runs.items() if about.fold == number]
        sizes = (str(found.training_runs[number - 1]), str(found.validation_runs[number - 1]))
        row = [str(number), *sizes, str(len(runs)), _mean(found, "prediction", runs)]
        if best is not None:
            row.append(_mean(found, best, runs))
        rows.append(tuple(row))
    head = ["Fold", "Training runs", "Validation runs", "Held out", "Surrogate"]
    if title is not None:
        head.append(title)
    return Table(tuple(head), tuple(rows))


def _mean(found: CrossValidation, method: str, runs: list[str]) -> str:
    errors = [found.errors[method].per_run[run] for run in runs]
    known = [error for error in errors if error is not None]
    return percent(sum(known) / len(known)) if known else NONE


def _runs(found: CrossValidation, best: str | None, title: str | None) -> Table:
    errors = found.errors["prediction"].per_run
    rows = []
    for run in sorted(errors, key=lambda run: (errors[run] is not None, -(errors[run] or 0.0))):
        about = found.runs[run]
        row = [run, str(about.fold), percent(errors[run]), percent(about.expected_error)]
        row.append(NONE if about.novelty is None else f"{about.novelty:.2f}")
        if best is not None:
            row.append(percent(found.errors[best].per_run[run]))
        rows.append(tuple(row))
    head = ["Run", "Fold", "True error", "Expected error", "Novelty"]
    if title is not None:
        head.append(title)
    return Table(tuple(head), tuple(rows))


FOLDS = Section("Cross-validation", "report/folds.html", FoldsView.of)
