"""Figures of the uncertainty: is it as large as the errors are, and does novelty warn of them?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from simulgenvae.evaluation.analyses.uncertainty import UNSEEN
from simulgenvae.evaluation.presentation import SPLIT_STYLES, TRUTH
from simulgenvae.surrogate.ensemble import interval_label

CAPTIONS = {
    "uncertainty_calibration": "Left: where the true values lie in the predicted distributions (PIT); flat is right, "
    "a U means too narrow, a hill too wide. Right: share of each run's values inside their "
    "intervals.",
    "uncertainty_runs": "Left: predicted standard deviation of each run against its true error, both in units of the "
    "variables' standard deviations; runs on the line err as much as predicted. Right: error "
    "against novelty; beyond the line a design is further from the training runs than any of "
    "these is from the others.",
}


def uncertainty_figures(uncertainty: dict[str, Any]) -> Iterator[tuple[str, Figure]]:
    """Every figure with its name, a key of ``CAPTIONS``; none where there are no runs.

    ``uncertainty`` is what :func:`simulgenvae.evaluation.analyses.uncertainty.uncertainty_metrics`
    returned.
    """
    measured = {split: uncertainty[split] for split in UNSEEN if uncertainty[split]["runs"]}
    if measured:
        label = interval_label(uncertainty["calibration_runs"])
        yield "uncertainty_calibration", calibration(measured, uncertainty["level"], label)
        yield "uncertainty_runs", errors_of_runs(measured)


def calibration(measured: dict[str, dict[str, Any]], level: float, label: str) -> Figure:
    """PIT histograms of the splits, and the coverage of their runs in increasing order by the
    interval of this name."""
    figure = Figure(figsize=(9.5, 3.4), layout="constrained")
    transforms, coverage = figure.subplots(1, 2)
    for split, found in measured.items():
        color, marker = SPLIT_STYLES[split]
        density = np.array(found["pit"]) * len(found["pit"])
        edges = np.linspace(0.0, 1.0, len(density) + 1)
        transforms.stairs(density, edges, color=color, linewidth=1.8, label=split)
        shares = np.sort([100 * run["coverage"] for run in found["per_run"].values()])
        at = (np.arange(len(shares)) + 0.5) / len(shares)
        coverage.plot(
            100 * at, shares, color=color, marker=marker, markersize=5, linewidth=1, label=split
        )
    transforms.axhline(1.0, color=TRUTH, linewidth=0.8, linestyle="--")
    transforms.set(
        xlabel="probability integral transform", ylabel="density", xlim=(0, 1), ylim=(0, None)
    )
    coverage.axhline(100 * level, color=TRUTH, linewidth=0.8, linestyle="--")
    coverage.set(
        xlabel="runs, from the least covered [%]",
        ylabel=f"values inside the\n{label} [%]",
        xlim=(0, 100),
        ylim=(0, 102),
    )
    for axes in (transforms, coverage):
        _finish(axes)
    return figure


def errors_of_runs(measured: dict[str, dict[str, Any]]) -> Figure:
    """True error of every run against its predicted standard deviation and, where it is known, its
    novelty."""
    runs = [(split, run) for split, found in measured.items() for run in found["per_run"].values()]
    novel = [
        (split, run) for split, run in runs if None not in (run["novelty"], run["relative_l2"])
    ]
    figure = Figure(figsize=(9.5 if novel else 5.0, 3.8), layout="constrained")
    panels = figure.subplots(1, 2 if novel else 1, squeeze=False)[0]
    _by_split(panels[0], runs, "std", "rmse")
    ends = [value for _, run in runs for value in (run["std"], run["rmse"])]
    panels[0].plot(
        [min(ends), max(ends)],
        [min(ends), max(ends)],
        color=TRUTH,
        linewidth=0.8,
        linestyle="--",
        zorder=0,
    )
    if min(ends) > 0:
        panels[0].set(xscale="log", yscale="log")
    panels[0].set(xlabel="predicted standard deviation", ylabel="true error (RMS)")
    if novel:
        _by_split(panels[1], novel, "novelty", "relative_l2")
        panels[1].yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        panels[1].axvline(1.0, color=TRUTH, linewidth=0.8, linestyle="--")
        panels[1].set(
            xlabel="novelty", ylabel="joint relative L2 error", xlim=(0, None), ylim=(0, None)
        )
    for axes in panels:
        _finish(axes)
    return figure


def _by_split(axes: Axes, runs: list[tuple[str, dict[str, float]]], x: str, y: str) -> None:
    for split in dict.fromkeys(split for split, _ in runs):
        color, marker = SPLIT_STYLES[split]
        chosen = [run for name, run in runs if name == split]
        points = [run[x] for run in chosen], [run[y] for run in chosen]
        axes.scatter(*points, s=24, color=color, marker=marker, label=split)


def _finish(axes: Axes) -> None:
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize="small")
