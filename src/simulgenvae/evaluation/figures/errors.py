"""Figures of the errors: mean of every method, spread over the runs, and over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

from simulgenvae.evaluation.figures import style
from simulgenvae.evaluation.figures.physics import numbers
from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from simulgenvae.evaluation.methods import Method
    from simulgenvae.evaluation.results.base import Number
    from simulgenvae.evaluation.results.errors import SplitErrors

CAPTIONS = {
    "baselines": "Mean error of the surrogate, of its parts, and of baselines that learned from "
    "the same training runs.",
    "runs": "Error of each run.",
    "error_over_time": "Error at each time relative to the norm of the whole trajectory.",
}


def baseline_bars(
    methods: Sequence[Method], errors: Mapping[str, SplitErrors], split: str
) -> Figure:
    """Return a figure of the mean joint relative error of every method on one split."""
    known = [(method, errors[method.name].relative_l2.mean) for method in methods]
    bars = [(method, error) for method, error in known if error is not None]
    figure = style.new_figure(0.9 + 0.42 * max(1, len(bars)), 8.0)
    axes = figure.subplots()
    drawn = axes.barh(
        [method.title for method, _ in bars],
        [100 * error for _, error in bars],
        color=[method.color for method, _ in bars],
    )
    axes.bar_label(drawn, [percent(error) for _, error in bars], padding=4)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set(xlabel=style.labelled(f"mean joint relative L2 error on {split} runs", "%"))
    style.open_corner(axes)
    return figure


def run_histogram(per_run: Mapping[str, Number], split: str) -> Figure:
    """Return a histogram of the errors of the prediction; the worst run is named."""
    known = {run: error for run, error in per_run.items() if error is not None}
    figure = style.new_figure(3.2, 8.0)
    axes = figure.subplots()
    if known:
        percentages = [100 * error for error in known.values()]
        bins = min(30, max(5, len(known) // 3))
        axes.hist(percentages, bins=bins, color=style.PREDICTION, edgecolor="white")
        worst = max(known, key=lambda run: known[run])
        axes.axvline(100 * known[worst], color=style.TRUTH, linestyle="--", linewidth=1)
        title = style.literal(f"worst: run “{worst}”, {percent(known[worst])}")
        axes.set_title(title, loc="right", fontsize="medium")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(
        xlabel=style.labelled(f"joint relative L2 error of prediction on {split} runs", "%"),
        ylabel="number of runs",
    )
    style.open_corner(axes)
    return figure


def error_over_time(
    methods: Sequence[Method],
    errors: Mapping[str, SplitErrors],
    split: str,
    times: Sequence[float],
    time_unit: str = "",
) -> Figure:
    """Return a figure of the joint error of each method at each time."""
    figure = style.new_figure(4.6)
    axes = figure.subplots()
    positive = False
    for position, method in enumerate(methods):
        values = 100 * numbers(errors[method.name].times.relative_l2)
        axes.plot(
            times,
            values,
            color=method.color,
            linestyle=method.line,
            # The surrogate, which is first, is on top: without Gaussian processes its line is
            # that of the networks.
            zorder=3 - position / len(methods),
            label=method.title,
            marker=style.marker(len(values)),
        )
        positive = positive or bool((values > 0).any())
    if positive:
        axes.set_yscale("log")
    axes.set(
        xlabel=style.labelled("time", time_unit),
        ylabel=style.labelled(f"relative L2 error on {split} runs", "%"),
    )
    style.finish(axes, legend=False)
    # Long titles of methods would take a third of the width at the side of the lines.
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=style.SMALL)
    return figure
