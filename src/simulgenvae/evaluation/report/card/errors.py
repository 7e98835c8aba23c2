"""Sections about the errors of the surrogate, and about its comparison with the baselines.

Tested in tests/evaluation/report/test_model_card.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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

    joint: Table
    variables: Table
    worst: tuple[RunError, ...]

    @classmethod
    def of(cls, result: EvaluationResult) -> Errors:
        """Return the content for a result."""
        prediction = result.errors["prediction"]
        joint = []
        for split in result.splits:
            found = prediction[split]
            joint.append((split, str(found.runs), *map(percent, found.relative_l2.statistics)))
        variables = []
        for name in result.data.variables:
            title = quantity(name, result.data.unit(name))
            for split in result.splits:
                cells = variable_cells(prediction[split].variables[name])
                variables.append((title, split, *cells))
        return cls(
            Table(("Split", "runs", *STATISTICS), tuple(joint)),
            Table(("Variable", "split", *variable_head()), tuple(variables)),
            result.worst_runs[result.compared_split][:_SHOWN_WORST],
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
