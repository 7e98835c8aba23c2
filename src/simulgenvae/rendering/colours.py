"""Scales of colours: one map, two limits and what they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

# All three can be told apart with every common form of colour blindness.
_FIELD, _SPREAD, _ERROR = "viridis", "cividis", "RdBu_r"


@dataclass(frozen=True, eq=False)
class Colours:
    """A colour map between two limits, ``low < high``. Panels with the same scale, not an equal
    one, share its bar."""

    name: str
    low: float
    high: float
    label: str

    @classmethod
    def of_fields(cls, label: str, *fields: NDArray[np.floating]) -> Self:
        """From the least to the largest value of all fields."""
        low = min(float(field.min()) for field in fields)
        high = max(float(field.max()) for field in fields)
        if not low < high:  # a constant is in the middle
            half = 0.5 * abs(low) or 0.5
            low, high = low - half, high + half
        return cls(_FIELD, low, high, label)

    @classmethod
    def of_error(cls, label: str, error: NDArray[np.floating]) -> Self:
        """Two colours that meet, almost white, at 0."""
        largest = float(np.abs(error).max()) or 1.0
        return cls(_ERROR, -largest, largest, label)

    @classmethod
    def of_spread(cls, label: str, spread: NDArray[np.floating]) -> Self:
        """From 0 on."""
        return cls(_SPREAD, 0.0, float(spread.max()) or 1.0, label)
