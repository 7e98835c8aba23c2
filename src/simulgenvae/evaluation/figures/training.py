"""Figure of the training: errors of training and validation runs over the steps, and the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.evaluation.figures import style
from simulgenvae.training.diagnosis import relative
from simulgenvae.training.stages import STAGES, spec_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulgenvae.models.training_record import HistoryEntry

CAPTIONS = {
    "training": "Training: errors of training and validation runs by the same measure, and the "
    "loss that each stage minimises.",
}
Curve = list[tuple[int, float]]
"""Steps and finite values."""


def training_curves(history: Sequence[HistoryEntry]) -> Figure:
    """Return a figure with one column per stage: errors above, and the loss below them."""
    stages = list(dict.fromkeys(entry.stage for entry in history))
    figure = style.new_figure(5.6, 0.6 + 4.2 * len(stages))
    columns = figure.subplots(2, len(stages), sharex="col", squeeze=False).T
    for (errors, losses), stage in zip(columns, stages, strict=True):
        entries = [entry for entry in history if entry.stage == stage]
        steps = [entry.step for entry in entries]
        training = _curve(steps, [_percentage(stage, entry.train_error) for entry in entries])
        validation = _curve(
            steps, [_percentage(stage, entry.validation_error) for entry in entries]
        )
        _draw(errors, training, "training runs", style.RECONSTRUCTION)
        _draw(errors, validation, "validation runs", style.PREDICTION)
        _scale(errors, training + validation)
        if errors.get_yscale() == "log":
            # Percentages are not read as powers of ten.
            style.plain_log_ticks(errors.yaxis)
        loss = _curve(steps, [entry.train_loss for entry in entries])
        _draw(losses, loss, "batches, as minimised", style.TRUTH)
        _scale(losses, loss)
        errors.set(title=style.literal(_title(stage)))
        losses.set(xlabel="optimiser step")
    columns[0, 0].set(ylabel=style.labelled("error", "% of standard deviation"))
    columns[0, 1].set(ylabel="loss")
    return figure


def _title(label: str) -> str:
    """Return the title of a stage, with the number of its member if it is a further one."""
    try:
        spec = spec_of(label)
    except KeyError:
        # A package that added this stage when the model was trained may be missing today.
        return label.replace("_", " ")
    return spec.title if label in STAGES else f"{spec.title}, member {label.rsplit('_', 1)[1]}"


def _percentage(stage: str, error: float | None) -> float | None:
    return None if error is None else 100 * relative(stage, error)


def _curve(steps: Sequence[int], values: Sequence[float | None]) -> Curve:
    pairs = zip(steps, values, strict=True)
    return [(step, value) for step, value in pairs if value is not None and np.isfinite(value)]


def _draw(axes: Axes, curve: Curve, label: str, color: str) -> None:
    if curve:
        steps, values = zip(*curve, strict=True)
        marker = style.marker(len(curve))
        axes.plot(steps, values, color=color, label=label, marker=marker)


def _scale(axes: Axes, curve: Curve) -> None:
    values = [value for _, value in curve]
    if values and min(values) > 0:
        axes.set_yscale("log")
    style.finish(axes)
