"""Section about single runs: the true error beside the one that the surrogate had expected.

Tested in tests/evaluation/report/sections/test_runs.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.evaluation.methods import method_titles
from simulgenvae.evaluation.report.section import Section, Table
from simulgenvae.utils.formatting import NONE, percent

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult

SHOWN = 12
"""Number of runs in the table; all others are folded away."""


@dataclass(frozen=True)
class RunsView:
    """Content of the section."""

    first: Table
    """Runs with the largest errors."""
    others: Table | None

    @classmethod
    def of(cls, result: EvaluationResult) -> RunsView:
        """Return the content for a result."""
        rows = run_rows(result)
        head: tuple[str, ...] = ("Run", "True error", "Expected error", "Novelty", "Values inside")
        best = result.best_baseline
        if best is not None:
            head = (*head, f"Baseline ({method_titles(result)[best.name]})")
        others = Table(head, rows[SHOWN:]) if len(rows) > SHOWN else None
        return cls(Table(head, rows[:SHOWN]), others)


def run_rows(result: EvaluationResult) -> tuple[tuple[str, ...], ...]:
    """Return a row for each run of the compared split, the one with the largest error first."""
    split = result.compared_split
    errors = result.compared["prediction"].per_run
    uncertain = {}
    if split in result.uncertainty.splits:
        uncertain = result.uncertainty.splits[split].per_run
    best = result.best_baseline
    rows = []
    # Undefined errors count as the largest.
    ranked = sorted(errors, key=lambda run: (errors[run] is not None, -(errors[run] or 0.0)))
    for run in ranked:
        found = uncertain.get(run)
        cells = [run, percent(errors[run]), NONE, NONE, NONE]
        if found is not None:
            cells[2] = percent(found.expected_error)
            cells[3] = NONE if found.novelty is None else f"{found.novelty:.2f}"
            cells[4] = percent(found.coverage)
        if best is not None:
            cells.append(percent(result.compared[best.name].per_run[run]))
        rows.append(tuple(cells))
    return tuple(rows)


RUNS = Section("Run by run", "report/runs.html", RunsView.of)
