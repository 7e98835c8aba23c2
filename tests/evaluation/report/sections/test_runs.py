"""Runs in the order of their errors, each with the error that was expected."""

from __future__ import annotations

from collections.abc import Callable

from simulgenvae.evaluation.report.sections.runs import RUNS, SHOWN, RunsView, run_rows
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.utils.formatting import percent


def test_true_and_expected_errors_stand_side_by_side(
    result: EvaluationResult, html: Callable[..., str]
) -> None:
    view = RunsView.of(result)
    assert view.first.head[:3] == ("Run", "True error", "Expected error")
    assert view.first.head[-1].startswith("Baseline (")
    errors = result.compared["prediction"].per_run
    known = result.uncertainty.splits["test"].per_run
    assert [row[0] for row in view.first.rows] == sorted(errors, key=lambda run: -errors[run])
    for row in view.first.rows:
        assert row[1:3] == (percent(errors[row[0]]), percent(known[row[0]].expected_error))
    page = html(RUNS, result)
    assert "run&lt;10&gt;" in page
    assert "All other runs" not in page


def test_undefined_errors_come_first_and_many_runs_are_folded(result: EvaluationResult) -> None:
    per_run = {f"r{k}": k / 100 for k in range(SHOWN + 2)} | {"undefined": None}
    prediction = result.compared["prediction"].model_copy(update={"per_run": per_run})
    errors = result.errors | {"prediction": result.errors["prediction"] | {"test": prediction}}
    changed = result.model_copy(update={"errors": errors, "best_baseline": None})
    assert run_rows(changed)[0] == ("undefined", "–", "–", "–", "–")
    view = RunsView.of(changed)
    assert len(view.first.rows) == SHOWN
    assert view.others is not None
    assert view.others.rows[-1][0] == "r0"
