"""Times of a quantity: one time, a range, or all of them.

Tested in tests/quantities/test_read.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from simulgenvae.quantities.grammar import Argument

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TimeChoice:
    """Timesteps of a quantity.

    Attributes
    ----------
    rows
        Timesteps, ``[t]``.
    weights
        Weights of their values in a mean over time, ``[t]``, which sum to 1.
    is_one
        True if the weighted mean is the value at one time, between two timesteps.
    """

    rows: NDArray[np.intp]
    weights: Array
    is_one: bool = False


def choose_times(when: tuple[str, Argument] | None, times: Array) -> TimeChoice:
    """Return the timesteps of a quantity; all where ``when`` is None.

    Raises
    ------
    UserError
        For times outside the span, and for a range without timesteps.
    """
    if when is None:
        return _weighted(np.arange(len(times)), times)
    name, argument = when
    numbers = () if isinstance(argument, str) else argument
    return TIMES[name](numbers, times)


def _one(numbers: tuple[float, ...], times: Array) -> TimeChoice:
    """Return the two timesteps around a time, between which values are interpolated."""
    if len(numbers) != 1:
        raise UserError("time is one number, such as time=0.5; a range is times=(0, 0.5)")
    _require_within(numbers, times)
    after = int(np.clip(np.searchsorted(times, numbers[0]), 1, max(1, len(times) - 1)))
    if len(times) == 1:
        return TimeChoice(np.zeros(1, np.intp), np.ones(1), is_one=True)
    weight = (numbers[0] - times[after - 1]) / (times[after] - times[after - 1])
    weight = float(np.clip(weight, 0.0, 1.0))
    # A timestep of the data needs no other one.
    for row, at in ((after - 1, 0.0), (after, 1.0)):
        if abs(weight - at) < 1e-9:
            return TimeChoice(np.array([row]), np.ones(1), is_one=True)
    return TimeChoice(np.array([after - 1, after]), np.array([1 - weight, weight]), is_one=True)


def _range(numbers: tuple[float, ...], times: Array) -> TimeChoice:
    if len(numbers) != 2 or not numbers[0] <= numbers[1]:
        raise UserError("times is a range of two numbers, the first not above the second")
    _require_within(numbers, times)
    slack = _slack(times)
    chosen = (times >= numbers[0] - slack) & (times <= numbers[1] + slack)
    if not chosen.any():
        raise UserError(
            f"there is no timestep from {numbers[0]:g} to {numbers[1]:g}: choose a wider range, or "
            f"one time, such as time={numbers[0]:g}, between timesteps"
        )
    return _weighted(np.flatnonzero(chosen), times)


def _weighted(rows: NDArray[np.intp], times: Array) -> TimeChoice:
    """Return timesteps with the weights of the trapezoidal rule over their span."""
    if len(rows) == 1:
        return TimeChoice(rows, np.ones(1))
    steps = np.diff(times[rows])
    weights = np.zeros(len(rows))
    weights[:-1] += steps / 2
    weights[1:] += steps / 2
    return TimeChoice(rows, weights / weights.sum())


def _slack(times: Array) -> float:
    # Times that were computed or written out may miss the ends by rounding.
    return 1e-9 * float(times[-1] - times[0])


def _require_within(numbers: tuple[float, ...], times: Array) -> None:
    for number in numbers:
        if not times[0] - _slack(times) <= number <= times[-1] + _slack(times):
            raise UserError(
                f"time {number:g} is outside the span of the data, {times[0]:g} to {times[-1]:g}"
            )


TIMES: dict[str, Callable[[tuple[float, ...], Array], TimeChoice]] = {
    "time": _one,
    "times": _range,
}
"""Arguments that choose times, by their names in the grammar."""
