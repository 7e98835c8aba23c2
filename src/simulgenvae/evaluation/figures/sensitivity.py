"""Figure of the sensitivity analysis: which inputs change the prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.evaluation.figures import style
from simulgenvae.evaluation.figures.physics import numbers
from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulgenvae.evaluation.results.sensitivity import Permutation, Sensitivity, SobolIndices

CAPTIONS = {
    "sensitivity": "Which inputs move the predicted field over the trained range (Sobol indices; "
    "bars of one standard error), and how much the error grows when an input is exchanged among "
    "runs.",
}
_MAX_INPUTS = 30


def sensitivity_bars(sensitivity: Sensitivity) -> Figure:
    """Return a figure of the Sobol indices of the whole field, and of the rise of the error.

    An analysis that was not made has no panel.
    """
    names = sensitivity.inputs[:_MAX_INPUTS]
    panels: list[Callable[[Axes], None]] = []
    if (sobol := sensitivity.sobol) is not None:
        panels.append(lambda axes: _draw_indices(axes, sobol, len(names)))
    if (permutation := sensitivity.permutation) is not None:
        panels.append(lambda axes: _draw_rises(axes, permutation, names, sensitivity.split))
    figure = style.new_figure(1.4 + 0.42 * len(names), style.WIDTH * len(panels) / 2 + 0.5)
    grid = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, draw in zip(grid, panels, strict=True):
        draw(axes)
        style.open_corner(axes)
    grid[0].set_yticks(np.arange(len(names)), [style.literal(name) for name in names])
    grid[0].invert_yaxis()
    return figure


def _draw_indices(axes: Axes, sobol: SobolIndices, count: int) -> None:
    at = np.arange(count)
    field = sobol.field
    bars = (
        (field.total, field.total_standard_error, -0.19, style.PREDICTION, "with interactions"),
        (field.first, field.first_standard_error, 0.19, style.RECONSTRUCTION, "first order"),
    )
    for indices, errors, shift, color, label in bars:
        # Estimates of an index near 0 can be negative, which no bar can show.
        lengths = np.maximum(numbers(indices[:count]), 0.0)
        error = numbers(errors[:count])
        axes.barh(at + shift, lengths, 0.36, xerr=error, color=color, label=label)
    axes.set(xlabel="fraction of the field's variance", xlim=(0, None))
    axes.legend(
        frameon=False,
        fontsize=style.SMALL,
        ncols=2,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
    )


def _draw_rises(axes: Axes, permutation: Permutation, names: tuple[str, ...], split: str) -> None:
    rises = tuple(permutation.inputs[name].rise for name in names)
    lengths = 100 * numbers(rises)
    bars = axes.barh(np.arange(len(names)), lengths, 0.6, color=style.PREDICTION)
    axes.bar_label(bars, [percent(rise) for rise in rises], padding=4)
    # The label of a negative rise is left of its bar, where it needs room before the axis.
    axes.margins(x=0.35 if (lengths < 0).any() else 0.2)
    base = percent(permutation.error)
    axes.set(
        xlabel=style.labelled(
            f"rise of the error on {split} runs\nabove {base}", "percentage points"
        )
    )
