"""Figures of an evaluation: training curves, errors over time, comparison with the references,
errors of runs.

All figures are made with matplotlib's object-oriented interface: no display, window or global state
is involved.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from simulgenvae.data.conditions import Conditions
from simulgenvae.evaluation.figures import checks, latents, uncertainty
from simulgenvae.evaluation.figures import mesh_figures as rendered
from simulgenvae.evaluation.figures.fields import (
    Frame,
    RunView,
    error_map,
    nodal_view,
    temporal_view,
)
from simulgenvae.evaluation.presentation import (
    PREDICTION,
    RECONSTRUCTION,
    TRUTH,
    literal,
    method_names,
    method_styles,
    percent,
    shown_errors,
)
from simulgenvae.training.diagnosis import relative

CAPTIONS = {
    "references": "Mean error of the surrogate, of its parts alone, and of baselines that learned from the same "
    "training runs.",
    "runs": "Error of each run.",
    "error_over_time": "Error at each time as a share of the whole trajectory's norm.",
    "temporal": "Single nodes over time.",
    "nodal": "The field at some times.",
    "error_map": "Where the prediction errs: root mean square error at each node.",
    "training": "Training: errors of training and validation runs by the same measure, and the loss that each stage "
    "minimises.",
    **uncertainty.CAPTIONS,
    **checks.CAPTIONS,
    **latents.CAPTIONS,
    **rendered.CAPTIONS,
}
"""What each figure shows. Names of figures are these, and for several of a kind these with ``_``
and more."""


def make_figures(
    metrics: dict[str, Any],
    views: dict[str, RunView],
    frame: Frame,
    node_rmse: NDArray[np.float64],
    conditions: Conditions,
) -> Iterator[tuple[str, Figure]]:
    """Every figure of the report with its name, one at a time.

    ``metrics`` is the content of ``metrics.json``; ``views`` are the runs to show, by a short name;
    ``node_rmse`` ``[M, V]`` is the error at each node over the compared split; ``conditions`` are
    those of all runs.
    """
    split = metrics["compared_split"]
    errors, names, shown = metrics["errors"], method_names(metrics), shown_errors(metrics)
    yield "references", reference_bars(shown, split, names)
    yield "runs", run_histogram(errors["prediction"][split]["per_run"], split)
    yield "error_over_time", error_over_time(shown, split, frame.times, names)
    for name, view in views.items():
        yield f"temporal_{name}", temporal_view(view, frame)
        for v, figure in nodal_view(view, frame):
            yield f"nodal_{name}_{v + 1}", figure
    yield (
        "error_map",
        error_map(node_rmse, frame, f"error of prediction over all {split} runs and times"),
    )
    yield from uncertainty.uncertainty_figures(metrics["uncertainty"])
    yield from checks.check_figures(
        metrics["physics"], metrics["sensitivity"], metrics["data"]["times"]
    )
    of_runs = {
        run: error
        for found in errors["prediction"].values()
        for run, error in found.get("per_run", {}).items()
    }
    yield from latents.latent_figures(metrics["latents"], of_runs, conditions)
    if metrics["surrogate"].get("history"):
        yield "training", training_curves(metrics["surrogate"]["history"])


def training_curves(history: list[dict[str, Any]]) -> Figure:
    """Errors of training and validation runs over the steps, and below them the loss, one column a
    stage.

    Entries of the history: ``stage``, ``step``, ``train`` (the loss), ``validation`` and, but for
    models of earlier versions, ``train_error``.
    """
    stages = list(dict.fromkeys(entry["stage"] for entry in history))
    figure = Figure(figsize=(0.6 + 4.2 * len(stages), 5.6), layout="constrained")
    columns = figure.subplots(2, len(stages), sharex="col", squeeze=False).T
    for (errors, losses), stage in zip(columns, stages, strict=True):
        entries = [entry for entry in history if entry["stage"] == stage]
        curves = {key: _curve(entries, key) for key in ("train_error", "validation", "train")}
        for key in ("train_error", "validation"):
            curves[key] = [(step, 100 * relative(stage, error)) for step, error in curves[key]]
        named = {"training runs": curves["train_error"], "validation runs": curves["validation"]}
        _draw_curves(errors, named, (RECONSTRUCTION, PREDICTION))
        if errors.get_yscale() == "log":  # percentages are not read as powers
            errors.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            errors.yaxis.set_major_formatter("{x:g}")
            errors.yaxis.set_minor_formatter(NullFormatter())
        _draw_curves(losses, {"batches, as minimised": curves["train"]}, (TRUTH,))
        errors.set(title=literal(stage.replace("_", " ")))
        losses.set(xlabel="optimiser step")
    columns[0, 0].set(ylabel="error [% of standard deviation]")
    columns[0, 1].set(ylabel="loss")
    return figure


def _curve(entries: list[dict[str, Any]], key: str) -> list[tuple[int, float]]:
    """Steps and finite values of one of the history's numbers."""
    known = [(entry["step"], entry.get(key)) for entry in entries]
    return [(step, value) for step, value in known if value is not None and np.isfinite(value)]


def _draw_curves(
    axes: Axes, curves: dict[str, list[tuple[int, float]]], colors: tuple[str, ...]
) -> None:
    for (name, points), color in zip(curves.items(), colors, strict=True):
        if points:
            axes.plot(*zip(*points, strict=True), color=color, label=name, **_markers(len(points)))
    values = [value for points in curves.values() for _, value in points]
    if values and min(values) > 0:
        axes.set_yscale("log")
    _finish(axes)


def reference_bars(errors: dict[str, Any], split: str, names: dict[str, str]) -> Figure:
    """Mean joint relative error of every method, with these ``names``, on one split."""
    means = {
        names[name]: by_split[split]["relative_l2"]["mean"] for name, by_split in errors.items()
    }
    known = {name: value for name, value in means.items() if value is not None}
    figure = Figure(figsize=(8, 0.8 + 0.42 * max(1, len(known))), layout="constrained")
    axes = figure.subplots()
    colors = [method_styles()[name][0] for name in errors if names[name] in known]
    bars = axes.barh(list(known), [100 * value for value in known.values()], color=colors)
    axes.bar_label(bars, [percent(value) for value in known.values()], padding=4)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set(xlabel=f"mean joint relative L2 error on {split} runs [%]")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def run_histogram(per_run: dict[str, float | None], split: str) -> Figure:
    """How the prediction errors of the runs spread; the worst run is named."""
    known = {run_id: 100 * value for run_id, value in per_run.items() if value is not None}
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.subplots()
    if known:
        axes.hist(
            list(known.values()),
            bins=min(30, max(5, len(known) // 3)),
            color=PREDICTION,
            edgecolor="white",
        )
        worst = max(known, key=lambda run_id: known[run_id])
        axes.axvline(known[worst], color=TRUTH, linestyle="--", linewidth=1)
        axes.set_title(
            literal(f"worst: run “{worst}”, {percent(known[worst] / 100)}"),
            loc="right",
            fontsize="medium",
        )
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(
        xlabel=f"joint relative L2 error of prediction on {split} runs [%]", ylabel="number of runs"
    )
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def error_over_time(
    errors: dict[str, Any], split: str, times: NDArray[np.float64], names: dict[str, str]
) -> Figure:
    """Joint error at each time against the norm of the whole trajectory: surrogate, its parts, VAE
    and baselines."""
    figure = Figure(figsize=(9.5, 3.8), layout="constrained")
    axes = figure.subplots()
    positive = False
    for name, by_split in errors.items():
        color, line = method_styles()[name]
        values = [
            np.nan if value is None else 100 * value
            for value in by_split[split]["times"]["relative_l2"]
        ]
        axes.plot(
            times, values, color=color, linestyle=line, label=names[name], **_markers(len(values))
        )
        positive = positive or any(value > 0 for value in values)
    if positive:
        axes.set_yscale("log")
    axes.set(xlabel="time", ylabel=f"relative L2 error, {split} [%]")
    _finish(axes)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


def _markers(points: int) -> dict[str, Any]:
    """A line through fewer than three points is hardly seen: mark them."""
    return {"marker": "o"} if points < 3 else {}


def _finish(axes: Axes) -> None:
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize="small")
