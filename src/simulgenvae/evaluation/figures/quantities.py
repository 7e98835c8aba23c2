"""Figure of quantities of interest: predicted values with their bands over the true ones.

Tested in tests/evaluation/report/sections/test_quantities.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.evaluation.figures import style
from simulgenvae.evaluation.figures.hover import name_points
from simulgenvae.evaluation.quantity_words import measured
from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulgenvae.evaluation.results.quantities import Quantities, QuantityAccuracy

CAPTIONS = {
    "quantities": "Quantities of interest of each run: predicted value with its band over the true "
    "value. On the line both are equal; a band that crosses it holds the true value. In "
    "parentheses the mean error.",
}
_MAX_PANELS = 12
_COLUMNS = 3


def predicted_over_true(quantities: Quantities) -> Figure:
    """Return a figure of the first twelve quantities."""
    shown = quantities.found[:_MAX_PANELS]
    columns = min(_COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    figure = style.new_figure(0.4 + 2.7 * rows, style.WIDTH * columns / _COLUMNS)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, found in zip(grid, shown, strict=False):
        _draw(axes, found)
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    return figure


def _draw(axes: Axes, found: QuantityAccuracy) -> None:
    runs = list(found.runs.values())
    truth = np.array([run.truth for run in runs])
    predicted = np.array([run.prediction for run in runs])
    names = np.array(list(found.runs))
    # Without samples there is no band, and a point has no bar.
    half = np.array([0.0 if run.upper is None else run.upper - run.prediction for run in runs])
    for inside, color, label in (
        (True, style.PREDICTION, "true value inside"),
        (False, style.GREY, "outside"),
    ):
        chosen = np.array([run.covered is inside for run in runs])
        if chosen.any():
            drawn = axes.errorbar(
                truth[chosen],
                predicted[chosen],
                yerr=half[chosen],
                fmt="o",
                markersize=3.5,
                elinewidth=1,
                color=color,
                label=label,
            )
            texts = [_text(run, found) for run in names[chosen]]
            name_points(drawn.lines[0], truth[chosen].tolist(), predicted[chosen].tolist(), texts)
    ends = [float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))]
    axes.plot(ends, ends, color=style.TRUTH, linewidth=0.8, linestyle="--", zorder=0)
    title = f"{found.name} ({percent(found.relative_error)})"
    axes.set_title(style.literal(title), fontsize=style.SMALL)
    axes.set_xlabel(style.labelled("true", found.unit), fontsize=style.SMALL)
    axes.set_ylabel(style.labelled("predicted", found.unit), fontsize=style.SMALL)
    axes.tick_params(labelsize=style.SMALL)
    style.finish(axes)


def _text(run: str, found: QuantityAccuracy) -> str:
    values = found.runs[run]
    return (
        f"{run}: true {measured(values.truth, found.unit, 5)}, "
        f"predicted {measured(values.prediction, found.unit, 5)}"
    )
