"""Figures of the physics checks and of the conditioning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from simulgenvae.evaluation.analyses.physics import label
from simulgenvae.evaluation.presentation import PREDICTION, RECONSTRUCTION, TRUTH, literal, percent

CAPTIONS = {
    "physics": "What the whole field adds up to over time, in a typical run: truth and prediction. In brackets the "
    "mean error over the runs.",
    "sensitivity": "Which inputs move the predicted field over the trained range (Sobol indices; bars of one standard "
    "error), and how much the error grows when an input is exchanged among runs.",
}
_MAX_PANELS, _COLUMNS = 12, 3
_MAX_INPUTS = 30


def check_figures(
    physics: dict[str, Any], sensitivity: dict[str, Any], times: list[float]
) -> Iterator[tuple[str, Figure]]:
    """Each figure that there is something for, with its name, a key of ``CAPTIONS``.

    ``physics`` and ``sensitivity`` are what ``PhysicsChecks.summary`` and ``conditioning``
    returned; times: ``[T]``.
    """
    yield "physics", quantities_over_time(physics, times)
    if sensitivity["sobol"] is not None or sensitivity["permutation"] is not None:
        yield "sensitivity", sensitivity_bars(sensitivity)


def quantities_over_time(physics: dict[str, Any], times: list[float]) -> Figure:
    """Each quantity of the typical run, users' checks first; at most twelve, and integrals rather
    than sums."""
    order = ("expression", "energy", "integral", "sum")
    shown = sorted(physics["quantities"], key=lambda quantity: order.index(quantity["kind"]))[
        :_MAX_PANELS
    ]
    rows = -(-len(shown) // _COLUMNS)
    figure = Figure(figsize=(11.5, 0.8 + 2.4 * rows), layout="constrained")
    grid = figure.subplots(rows, _COLUMNS, squeeze=False, sharex=True).ravel()
    mark = {"marker": "o", "fillstyle": "none"} if len(times) < 3 else {}
    for axes, quantity in zip(grid, shown, strict=False):
        series = quantity["typical"]
        axes.plot(
            times, _numbers(series["truth"]), color=TRUTH, linewidth=2.2, label="truth", **mark
        )
        axes.plot(
            times,
            _numbers(series["prediction"]),
            color=PREDICTION,
            linewidth=1.2,
            label="prediction",
            **mark,
        )
        error = percent(quantity["relative_error"]["mean"])
        name = literal(label(quantity["kind"], quantity["of"]))
        axes.set_title(f"{name} ({error})", fontsize="small")
        _finish(axes)
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    for axes in grid[max(0, len(shown) - _COLUMNS) : len(shown)]:
        axes.set_xlabel("time")
        axes.tick_params(labelbottom=True)
    figure.suptitle(literal(f"typical run “{physics['typical_run']}”"), fontsize="medium")
    handles = grid[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=2, frameon=False)
    return figure


def sensitivity_bars(sensitivity: dict[str, Any]) -> Figure:
    """Sobol indices of the whole field, and the rise of the error by permutation, as far as they
    are known."""
    names = sensitivity["inputs"][:_MAX_INPUTS]
    known = [key for key in ("sobol", "permutation") if sensitivity[key] is not None]
    figure = Figure(figsize=(5.6 * len(known), 1.3 + 0.42 * len(names)), layout="constrained")
    at = np.arange(len(names))
    for axes, key in zip(
        figure.subplots(1, len(known), squeeze=False, sharey=True)[0], known, strict=True
    ):
        found = sensitivity[key]
        if key == "sobol":
            for which, shift, color in (
                ("total", -0.19, PREDICTION),
                ("first", 0.19, RECONSTRUCTION),
            ):
                field = found["field"]
                values, error = (
                    field[which][: len(names)],
                    field[f"{which}_standard_error"][: len(names)],
                )
                text = "total (with interactions)" if which == "total" else "first order (alone)"
                axes.barh(
                    at + shift, np.maximum(values, 0.0), 0.36, xerr=error, color=color, label=text
                )
            axes.set(xlabel="share of the field's variance over the trained range", xlim=(0, None))
            axes.legend(
                frameon=False,
                fontsize="small",
                ncols=2,
                loc="lower left",
                bbox_to_anchor=(0.0, 1.0),
            )
        else:
            rises = _numbers([found["inputs"][name]["rise"] for name in names])
            bars = axes.barh(at, 100 * rises, 0.6, color=PREDICTION)
            axes.bar_label(
                bars, [percent(found["inputs"][name]["error"]) for name in names], padding=4
            )
            axes.margins(x=0.18)
            axes.set(
                xlabel=f"rise of the error on {sensitivity['split']} runs from {percent(found['error'])} [points]"
            )
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_yticks(at, [literal(name) for name in names])
    figure.axes[0].invert_yaxis()
    return figure


def _numbers(values: list[float | None]) -> NDArray[np.float64]:
    """An array in which unknown values leave gaps."""
    return np.array([np.nan if value is None else value for value in values])


def _finish(axes: Axes) -> None:
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
