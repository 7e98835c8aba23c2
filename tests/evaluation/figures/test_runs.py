"""Figures of single runs: names at the points, undefined errors, folds."""

from __future__ import annotations

from simulgenvae.evaluation.figures import style
from simulgenvae.evaluation.figures.hover import hover_panels
from simulgenvae.evaluation.figures.runs import expected_over_true, fold_errors
from simulgenvae.evaluation.results.base import OverRuns
from simulgenvae.evaluation.results.errors import ErrorsOverTime, SplitErrors
from simulgenvae.evaluation.results.folds import CrossValidation, HeldOutRun
from simulgenvae.evaluation.results.uncertainty import RunUncertainty, SplitUncertainty


def uncertain(**errors: tuple[float | None, float | None]) -> SplitUncertainty:
    per_run = {}
    for run, (true, expected) in errors.items():
        per_run[run] = RunUncertainty(
            coverage=0.9, std=0.1, rmse=0.1, novelty=None, expected_error=expected, relative_l2=true
        )
    return SplitUncertainty(
        runs=len(per_run),
        coverage=0.9,
        coverage_of_runs=(),
        interval_width=1.0,
        interval_width_to_rmse=None,
        sd_ratio=None,
        rank_correlation_with_error=None,
        pit=(),
        rank_correlation_of_novelty_with_error=None,
        rank_correlation_of_expected_error_with_error=None,
        per_run=per_run,
    )


def test_expected_errors_stand_over_true_ones() -> None:
    figure = expected_over_true({"test": uncertain(a=(0.02, 0.03), b=(0.01, 0.0), c=(None, 0.1))})
    style.png(figure)
    (panel,) = hover_panels(figure)
    assert panel.series[0].texts == (
        "a: true 2.00 %, expected 3.00 %",
        "b: true 1.00 %, expected 0.00 %",
    )
    assert figure.axes[0].get_xscale() == "linear"
    assert expected_over_true({"test": uncertain(c=(None, 0.1))}) is None
    positive = expected_over_true({"validation": uncertain(a=(0.02, 0.03), b=(0.01, 0.2))})
    assert positive.axes[0].get_xscale() == "log"


def test_errors_of_folds_stand_above_each_other() -> None:
    per_run = {"a": 0.02, "b": 0.04, "c": None, "d": 0.01}
    folds = {"a": 1, "b": 1, "c": 2, "d": 3}
    about = {
        run: HeldOutRun(fold=fold, coverage=None, expected_error=None, novelty=None)
        for run, fold in folds.items()
    }
    errors = SplitErrors(
        runs=4,
        relative_l2=OverRuns.of([0.02, 0.04, 0.01]),
        variables={},
        times=ErrorsOverTime(relative_l2=(), rmse={}, max_error={}),
        per_run=per_run,
    )
    found = CrossValidation(
        basis="",
        folds=3,
        training_runs=(2, 3, 3),
        validation_runs=(0, 0, 0),
        runs=about,
        errors={"prediction": errors},
        quantities=None,
        seconds=1.0,
    )
    figure = fold_errors(found)
    style.png(figure)
    (panel,) = hover_panels(figure)
    assert [each.texts for each in panel.series] == [("a: 2.00 %", "b: 4.00 %"), ("d: 1.00 %",)]
