"""Statistics: kinds of numbers that a quantity can be of a field, and their registry.

A new kind is one function and one line of ``STATISTICS``. Tested in
tests/quantities/test_quantity.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

Array = NDArray[np.float64]
Values = NDArray[np.floating[Any]]


class Found(NamedTuple):
    """A number, and the row of the time and of the node where it is, for extremes."""

    value: float
    time: int | None = None
    node: int | None = None


@dataclass(frozen=True)
class Statistic:
    """Kind of number: its word for people, its function, and what it needs.

    The function takes values ``[t, m]``, nodal volumes ``[m]`` and weights of the times ``[t]``,
    which sum to 1.
    """

    word: str
    function: Callable[[Values, Array, Array], Found]
    is_extreme: bool = False
    """True if the number is a value at one node and time."""
    needs_volumes: bool = False
    """True if it has no meaning where nodes have no length, area or volume."""
    single: bool = False
    """True if it is of one point or node at one time."""


def _largest(values: Values, volumes: Array, times: Array) -> Found:
    time, node = np.unravel_index(int(np.argmax(values)), values.shape)
    return Found(float(values[time, node]), int(time), int(node))


def _smallest(values: Values, volumes: Array, times: Array) -> Found:
    time, node = np.unravel_index(int(np.argmin(values)), values.shape)
    return Found(float(values[time, node]), int(time), int(node))


def _mean(values: Values, volumes: Array, times: Array) -> Found:
    return Found(_integral(values, volumes, times).value / float(volumes.sum()))


def _integral(values: Values, volumes: Array, times: Array) -> Found:
    # One timestep after another: a copy of all of them in double precision would be large.
    at_times = [float(step.astype(np.float64) @ volumes) for step in values]
    return Found(float(times @ np.array(at_times)))


def _value(values: Values, volumes: Array, times: Array) -> Found:
    return Found(float(values[0, 0]))


STATISTICS: dict[str, Statistic] = {
    "max": Statistic("maximum", _largest, is_extreme=True),
    "min": Statistic("minimum", _smallest, is_extreme=True),
    "mean": Statistic("mean", _mean),
    "integral": Statistic("integral", _integral, needs_volumes=True),
    "value": Statistic("value", _value, single=True),
}
"""Statistics by their names in the grammar."""
