"""Colour scales: a colour map, its limits and their meaning.

Tested in tests/rendering/test_panels.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# All three can be read with every common form of colour blindness.
_FIELD = "viridis"
_SPREAD = "cividis"
_ERROR = "RdBu_r"


@dataclass(frozen=True, eq=False)
class Colours:
    """Colour map between two limits, ``low < high``.

    Panels share a bar when they have the same object; equal scales are different ones.
    """

    name: str
    low: float
    high: float
    label: str

    @classmethod
    def of_fields(cls, label: str, *fields: NDArray[np.floating]) -> Self:
        """Return the scale from the smallest to the largest value of all fields."""
        low = min(float(field.min()) for field in fields)
        high = max(float(field.max()) for field in fields)
        if not low < high:
            # A constant gets the colour in the middle.
            half = 0.5 * abs(low) or 0.5
            low -= half
            high += half
        return cls(_FIELD, low, high, label)

    @classmethod
    def of_error(cls, label: str, error: NDArray[np.floating]) -> Self:
        """Return the scale of an error: two colours that meet, almost white, at 0."""
        # The same limit on both sides, so that 0 is the colour in the middle; 1 without errors.
        largest = float(np.abs(error).max()) or 1.0
        return cls(_ERROR, -largest, largest, label)

    @classmethod
    def of_spread(cls, label: str, spread: NDArray[np.floating]) -> Self:
        """Return the scale of a standard deviation, which starts at 0."""
        return cls(_SPREAD, 0.0, float(spread.max()) or 1.0, label)
