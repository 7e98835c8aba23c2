"""Figure of the physics checks: what the whole field adds up to over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.evaluation.figures import style
from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from simulgenvae.evaluation.results.base import Numbers
    from simulgenvae.evaluation.results.physics import Physics, Series

CAPTIONS = {
    "physics": "What the whole field adds up to over time, in a typical run: truth and prediction. "
    "In parentheses the mean error over the runs. Where the unit of the coordinates is "
    "unknown, that of an integral names a length, area or volume in its place.",
}
_MAX_PANELS = 12
_COLUMNS = 3
_ORDER = ("expression", "energy", "integral", "sum")
"""Kinds in the order of panels: users' checks first, and sums last, which depend on the mesh."""


def quantities_over_time(physics: Physics, times: tuple[float, ...], time_unit: str = "") -> Figure:
    """Return a figure of the quantities of the typical run over ``times``, at most twelve."""
    ordered = sorted(physics.quantities, key=lambda quantity: _ORDER.index(quantity.kind))
    shown = ordered[:_MAX_PANELS]
    columns = min(_COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    figure = style.new_figure(0.9 + 2.3 * rows, style.WIDTH * columns / _COLUMNS)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for axes, quantity in zip(grid, shown, strict=False):
        _draw(axes, times, quantity.typical)
        error = percent(quantity.relative_error.mean)
        axes.set_title(f"{style.literal(quantity.title)} ({error})", fontsize=style.SMALL)
        if quantity.unit:
            axes.set_ylabel(style.labelled("", quantity.unit), fontsize=style.SMALL)
        style.finish(axes, legend=False)
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    for axes in grid[max(0, len(shown) - columns) : len(shown)]:
        axes.set_xlabel(style.labelled("time", time_unit))
        axes.tick_params(labelbottom=True)
    figure.suptitle(style.literal(f"typical run “{physics.typical_run}”"), fontsize="medium")
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return figure


def _draw(axes: Axes, times: tuple[float, ...], series: Series) -> None:
    marker = style.marker(len(times))
    truth = numbers(series.truth)
    axes.plot(times, truth, marker=marker, color=style.TRUTH, linewidth=2.2, label="truth")
    axes.plot(
        times,
        numbers(series.prediction),
        marker=marker,
        color=style.PREDICTION,
        linewidth=1.2,
        label="prediction",
    )


def numbers(values: Numbers) -> NDArray[np.float64]:
    """Return an array in which undefined values leave gaps."""
    return np.array([np.nan if value is None else value for value in values], np.float64)
