"""Figures of errors draw also where errors are undefined."""

from __future__ import annotations

import pytest

from simulgenvae.evaluation.figures.errors import baseline_bars, error_over_time, run_histogram
from simulgenvae.evaluation.figures.style import png
from simulgenvae.evaluation.methods import OWN_METHODS
from simulgenvae.evaluation.results import ErrorsOverTime, OverRuns, SplitErrors

METHODS = OWN_METHODS[:2]


def split_errors(value: float | None) -> SplitErrors:
    return SplitErrors(
        runs=1,
        relative_l2=OverRuns(mean=value, median=value, max=value, undefined_runs=0),
        variables={},
        times=ErrorsOverTime(relative_l2=(value,) * 3, rmse={}, max_error={}),
        per_run={},
    )


def test_histogram_names_the_worst_run() -> None:
    figure = run_histogram({"a": 0.01, "b$2$": 0.5, "c": None}, "test")
    assert figure.axes[0].get_title(loc="right") == r"worst: run “b\$2\$”, 50.0 %"
    png(figure)
    png(run_histogram({"a": None}, "test"))


@pytest.mark.parametrize("value", [None, 0.0, 0.3])
def test_comparison_and_time_figures(value: float | None) -> None:
    errors = {method.name: split_errors(value) for method in METHODS}
    bars = baseline_bars(METHODS, errors, "test")
    assert len(bars.axes[0].patches) == (0 if value is None else 2)
    png(bars)
    png(error_over_time(METHODS, errors, "test", [0.0, 1.0, 2.0]))
