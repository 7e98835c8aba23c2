"""Errors of the peak of a variable in a run: its value, its place and its time.

The peak is the highest value at any node and time, or the lowest, see
:attr:`~simulgenvae.evaluation.metrics.scale.VariableScale.peak_is_low`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.evaluation.metrics.base import Metric

if TYPE_CHECKING:
    from simulgenvae.evaluation.metrics.run_errors import RunErrors

Field = NDArray[np.floating[Any]]
_EQUAL = 1e-6
"""Difference, relative to the range of a field, below which two of its values are equal."""


@dataclass(frozen=True, eq=False)
class FieldAxes:
    """Times and positions of the values of a field."""

    times: NDArray[np.float64]
    """``[T]``."""
    coords: NDArray[np.float64] | None
    """Coordinates of the nodes, ``[M, D]``, where they are known."""


@dataclass(frozen=True, eq=False)
class PeakErrors:
    """Errors of the peak of each variable, ``[V]`` each; NaN where they are not known."""

    value: NDArray[np.float64]
    """Absolute difference of predicted and true peak, in the variable's unit."""
    place: NDArray[np.float64]
    """Distance between both places, in units of the coordinates."""
    time: NDArray[np.float64]
    """Absolute difference of both times, in the unit of the times."""


def peak_errors(
    prediction: Field, truth: Field, low: NDArray[np.bool_], axes: FieldAxes | None
) -> PeakErrors:
    """Return the errors of the peaks of fields ``[T, M, V]``.

    Parameters
    ----------
    prediction, truth
        Fields of a run.
    low
        Variables whose peak is their lowest value, ``[V]``.
    axes
        Times and positions; without them only the values are compared.
    """
    found = PeakErrors(*np.full((3, truth.shape[-1]), np.nan))
    for v, is_low in enumerate(low):
        predicted = prediction[..., v]
        true = truth[..., v]
        step, node = _peak(predicted, is_low=bool(is_low))
        top = true[_peak(true, is_low=bool(is_low))]
        found.value[v] = abs(float(predicted[step, node]) - float(top))
        if axes is not None:
            # A plateau, such as a wall at a fixed temperature, has its peak at many nodes and
            # times: the nearest of them counts.
            equal = np.abs(true - top) <= _EQUAL * np.ptp(true)
            found.place[v], found.time[v] = _nearest(axes, step, node, equal)
    return found


def _peak(values: Field, *, is_low: bool) -> tuple[int, int]:
    """Return the timestep and the node of the highest or lowest of values ``[T, M]``."""
    flat = int(np.argmin(values) if is_low else np.argmax(values))
    nodes: int = values.shape[1]
    return flat // nodes, flat % nodes


def _nearest(
    axes: FieldAxes, step: int, node: int, peaks: NDArray[np.bool_]
) -> tuple[float, float]:
    """Return distance and time difference to the nearest of the true peaks ``[T, M]``."""
    steps, nodes = np.nonzero(peaks)
    if not len(steps):  # a field with undefined values has none
        return np.nan, np.nan
    later = np.abs(axes.times[steps] - axes.times[step])
    if axes.coords is None:
        return np.nan, float(later.min())
    distance = np.linalg.norm(axes.coords[nodes] - axes.coords[node], axis=1)
    # Of those at the same distance, the nearest in time.
    return float(distance.min()), float(later[distance == distance.min()].min())


def _value(errors: RunErrors) -> NDArray[np.float64]:
    return errors.peaks.value


def _place(errors: RunErrors) -> NDArray[np.float64]:
    return errors.peaks.place


def _time(errors: RunErrors) -> NDArray[np.float64]:
    return errors.peaks.time


PEAK_VALUE = Metric(name="peak_value", title="Peak", of_run=_value, in_summary=False)
PEAK_PLACE = Metric(name="peak_place", title="Place of peak", of_run=_place, in_summary=False)
PEAK_TIME = Metric(name="peak_time", title="Time of peak", of_run=_time, in_summary=False)
