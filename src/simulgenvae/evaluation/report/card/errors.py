"""Sections about the errors of the surrogate, and about its comparison with the baselines.

Tested in tests/evaluation/report/test_model_card.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.evaluation.accuracy import (
    about_interval,
    accuracy_table,
    folds_sentence,
    lead,
    measured_accuracies,
    sizes_note,
)
from simulgenvae.evaluation.methods import method_titles, methods
from simulgenvae.evaluation.report.section import Section, Table
from simulgenvae.evaluation.report.variable_table import variable_cells, variable_head
from simulgenvae.evaluation.results import STATISTICS
from simulgenvae.evaluation.verdict import Verdict
from simulgenvae.utils.formatting import percent, quantity

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult, RunError

_SHOWN_WORST = 3


@dataclass(frozen=True)
class Errors:
    """Content of the section about the errors."""

    lead: str
    accuracy: Table
    interval: str
    sizes: str
    """Sentence that says to what percentages in parentheses are relative."""
    folds: str | None
    """Sentence about the cross-validation; None without one."""
    joint: Table
    variables: Table
    worst: tuple[RunError, ...]

    @classmethod
    def of(cls, result: EvaluationResult) -> Errors:
        """Return the content for a result."""
        prediction = result.errors["prediction"]
        joint = []
        for part in result.splits:
            found = prediction[part]
            joint.append((part, str(found.runs), *map(percent, found.relative_l2.statistics)))
        variables = []
        for name in result.data.variables:
            named = quantity(name, result.data.unit(name))
            for part in result.splits:
                cells = variable_cells(prediction[part].variables[name])
                variables.append((named, part, *cells))
        split = result.compared_split
        runs = result.compared["prediction"].runs
        best = result.best_baseline
        title = None if best is None else method_titles(result)[best.name]
        return cls(
            lead(result),
            accuracy_table(measured_accuracies(result), f"On {runs} {split} runs", title),
            about_interval(runs, split),
            sizes_note(result),
            folds_sentence(result),
            Table(("Split", "runs", *STATISTICS), tuple(joint)),
            Table(("Variable", "split", *variable_head()), tuple(variables)),
            result.worst_runs[split][:_SHOWN_WORST],
        )


@dataclass(frozen=True)
class Comparison:
    """Content of the section about the baselines."""

    methods: Table
    best: str | None
    """Title of the best baseline."""
    verdict: str

    @classmethod
    def of(cls, result: EvaluationResult) -> Comparison:
        """Return the content for a result."""
        rows = []
        for method in methods(result):
            error = result.compared[method.name].relative_l2
            rows.append((method.title, *map(percent, error.statistics)))
        best = result.best_baseline
        return cls(
            Table(("Method", *STATISTICS), tuple(rows)),
            None if best is None else method_titles(result)[best.name],
            Verdict.of(result).sentence(),
        )


ERRORS = Section("Errors", "model_card/errors.md", Errors.of)
BASELINES = Section("Comparison with baselines", "model_card/baselines.md", Comparison.of)
