"""Figures of single runs: expected over true errors, and errors of a cross-validation.

Tested in tests/evaluation/figures/test_runs.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.evaluation.figures import style
from simulgenvae.evaluation.figures.hover import name_points
from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulgenvae.evaluation.results.folds import CrossValidation
    from simulgenvae.evaluation.results.uncertainty import SplitUncertainty

CAPTIONS = {
    "expected": "Error that the surrogate expected of each design, over its true error. On the "
    "line both are equal; above it the surrogate was too careful, below it too sure.",
    "folds": "Cross-validation: error of each run, predicted by the surrogate that had not seen "
    "it. Dots above each other are of one fold; the lines are the means of the folds.",
}


def expected_over_true(splits: Mapping[str, SplitUncertainty]) -> Figure | None:
    """Return a figure of the expected and the true error of each run; None where none is known."""
    figure = style.new_figure(4.2, 6.0)
    axes = figure.subplots()
    values: list[float] = []
    shown = []
    for split, found in splits.items():
        runs = {
            run: (100 * each.relative_l2, 100 * each.expected_error)
            for run, each in found.per_run.items()
            if each.relative_l2 is not None and each.expected_error is not None
        }
        if not runs:
            continue
        true, expected = zip(*runs.values(), strict=True)
        texts = [
            f"{run}: true {percent(a / 100)}, expected {percent(b / 100)}"
            for run, (a, b) in runs.items()
        ]
        points = axes.scatter(
            true,
            expected,
            s=28,
            color=style.SPLIT_COLORS[split],
            marker=style.SPLIT_MARKERS[split],
            label=style.SPLIT_LABELS[split],
        )
        name_points(points, true, expected, texts)
        values += [*true, *expected]
        shown.append(style.SPLIT_LABELS[split])
    if not values:
        return None
    ends = [min(values), max(values)]
    axes.plot(ends, ends, color=style.TRUTH, linewidth=0.8, linestyle="--", zorder=0)
    # A logarithmic axis has no place for an error of 0.
    if ends[0] > 0:
        axes.set(xscale="log", yscale="log")
        style.plain_log_ticks(axes.xaxis)
        style.plain_log_ticks(axes.yaxis)
    of_runs = f" of {shown[0]}" if len(shown) == 1 else ""
    axes.set(
        xlabel=style.labelled(f"true error{of_runs}", "%"),
        ylabel=style.labelled("expected error", "%"),
    )
    style.finish(axes, legend=len(shown) > 1)
    return figure


def fold_errors(found: CrossValidation) -> Figure:
    """Return a figure of the error of each run, by its fold."""
    figure = style.new_figure(3.6, 8.0)
    axes = figure.subplots()
    errors = found.errors["prediction"].per_run
    for number in range(1, found.folds + 1):
        known = {}
        for run, about in found.runs.items():
            error = errors[run]
            if about.fold == number and error is not None:
                known[run] = error
        if known:
            _draw_fold(axes, number, known)
    axes.set(
        xlabel="fold",
        ylabel=style.labelled("joint relative L2 error", "%"),
        xticks=range(1, found.folds + 1),
        ylim=(0, None),
    )
    style.finish(axes, legend=False, direction="y")
    return figure


def _draw_fold(axes: Axes, number: int, errors: Mapping[str, float]) -> None:
    percentages = [100 * error for error in errors.values()]
    at = [float(number)] * len(errors)
    points = axes.scatter(at, percentages, s=24, color=style.PREDICTION, alpha=0.7)
    texts = [f"{run}: {percent(error)}" for run, error in errors.items()]
    name_points(points, at, percentages, texts)
    mean = float(np.mean(percentages))
    axes.hlines(mean, number - 0.3, number + 0.3, color=style.TRUTH, linewidth=1.2)
