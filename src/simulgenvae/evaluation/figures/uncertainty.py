"""Figures that compare the predicted uncertainty, and the novelty, with the true errors.

Tested in tests/evaluation/test_evaluate.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import PercentFormatter

from simulgenvae.evaluation.figures import style
from simulgenvae.evaluation.figures.hover import name_points
from simulgenvae.surrogate.ensemble import interval_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulgenvae.evaluation.results.uncertainty import SplitUncertainty, Uncertainty

CAPTIONS = {
    "uncertainty_calibration": "Left: where the true values lie in the predicted distributions "
    "(PIT); flat is right, a U means too narrow, a hill too wide. Right: fraction of each run's "
    "values inside their intervals.",
    "uncertainty_runs": "Left: predicted standard deviation of each run against its true error, "
    "both in units of the variables' standard deviations; runs on the line err as much as "
    "predicted. Right: error against novelty; beyond the line a design is further from the "
    "training runs than any of these is from the others.",
}
Points = dict[str, dict[str, tuple[float, float]]]
"""Points by split and run."""


def uncertainty_figures(uncertainty: Uncertainty) -> Iterator[tuple[str, Figure]]:
    """Yield every figure with its name, a key of ``CAPTIONS``; none where nothing was measured."""
    if uncertainty.splits:
        label = interval_label(uncertainty.calibration_runs)
        yield "uncertainty_calibration", calibration(uncertainty.splits, uncertainty.level, label)
        yield "uncertainty_runs", errors_of_runs(uncertainty.splits)


def calibration(splits: Mapping[str, SplitUncertainty], level: float, label: str) -> Figure:
    """Return PIT histograms of the splits, and the coverage of their runs in increasing order.

    ``label`` is the name of the interval, and ``level`` the fraction that it is meant to hold.
    """
    figure = style.new_figure(3.5)
    transforms, coverage = figure.subplots(1, 2)
    for split, found in splits.items():
        color = style.SPLIT_COLORS[split]
        # Fractions in bins become a density, which is 1 where the predictions are right.
        density = np.array(found.pit, np.float64) * len(found.pit)
        edges = np.linspace(0.0, 1.0, len(density) + 1)
        transforms.stairs(
            density, edges, color=color, linewidth=1.8, label=style.SPLIT_LABELS[split]
        )
        covered = np.sort([100 * run.coverage for run in found.per_run.values()])
        at = (np.arange(len(covered)) + 0.5) / len(covered)
        coverage.plot(
            100 * at,
            covered,
            color=color,
            marker=style.SPLIT_MARKERS[split],
            markersize=5,
            linewidth=1,
            label=style.SPLIT_LABELS[split],
        )
    transforms.axhline(1.0, color=style.TRUTH, linewidth=0.8, linestyle="--")
    transforms.set(
        xlabel="probability integral transform", ylabel="density", xlim=(0, 1), ylim=(0, None)
    )
    # The label of an interval from few validation runs is longer than the axis.
    wrapped = label.replace(" (", "\n(")
    coverage.axhline(100 * level, color=style.TRUTH, linewidth=0.8, linestyle="--")
    coverage.set(
        xlabel=style.labelled("runs, from the least covered", "%"),
        ylabel=style.labelled(f"values inside the\n{wrapped}", "%"),
        xlim=(0, 100),
        ylim=(0, 102),
    )
    for axes in (transforms, coverage):
        style.finish(axes)
    return figure


def errors_of_runs(splits: Mapping[str, SplitUncertainty]) -> Figure:
    """Return a figure of the true error of every run against its predicted standard deviation.

    A second panel shows it against the novelty, where that is known.
    """
    deviations: Points = {}
    novelties: Points = {}
    for split, found in splits.items():
        deviations[split] = {name: (run.std, run.rmse) for name, run in found.per_run.items()}
        for name, run in found.per_run.items():
            if run.novelty is not None and run.relative_l2 is not None:
                novelties.setdefault(split, {})[name] = (run.novelty, run.relative_l2)
    panels = 2 if novelties else 1
    figure = style.new_figure(3.8, style.WIDTH if novelties else 5.0)
    grid = figure.subplots(1, panels, squeeze=False)[0]
    _draw_deviations(grid[0], deviations)
    if novelties:
        _draw_novelties(grid[1], novelties)
    for axes in grid:
        style.finish(axes)
    return figure


def _draw_deviations(axes: Axes, points: Points) -> None:
    _scatter(axes, points)
    values: Sequence[float] = [
        value for runs in points.values() for pair in runs.values() for value in pair
    ]
    ends = [min(values), max(values)]
    axes.plot(ends, ends, color=style.TRUTH, linewidth=0.8, linestyle="--", zorder=0)
    # A logarithmic axis has no place for an error of 0.
    if ends[0] > 0:
        axes.set(xscale="log", yscale="log")
        style.plain_log_ticks(axes.xaxis)
        style.plain_log_ticks(axes.yaxis)
    axes.set(xlabel="predicted standard deviation", ylabel="true error (RMS)")


def _draw_novelties(axes: Axes, points: Points) -> None:
    _scatter(axes, points)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.axvline(1.0, color=style.TRUTH, linewidth=0.8, linestyle="--")
    axes.set(xlabel="novelty", ylabel="joint relative L2 error", xlim=(0, None), ylim=(0, None))


def _scatter(axes: Axes, points: Points) -> None:
    for split, runs in points.items():
        x, y = np.array(list(runs.values())).T
        drawn = axes.scatter(
            x,
            y,
            s=24,
            color=style.SPLIT_COLORS[split],
            marker=style.SPLIT_MARKERS[split],
            label=style.SPLIT_LABELS[split],
        )
        texts = [f"{run}: {a:.3g}, {b:.3g}" for run, (a, b) in runs.items()]
        name_points(drawn, x.tolist(), y.tolist(), texts)
