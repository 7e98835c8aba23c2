"""One predicted quantity of interest.

It needs no other package, as the summary of a design is read before any is loaded. Tested in
tests/surrogate/test_quantities.py.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PredictedQuantity:
    """One quantity of one design; None is what it does not have."""

    name: str
    unit: str
    """Unit; empty where it is unknown."""
    value: float
    std: float
    """Standard deviation of the error."""
    lower: float
    upper: float
    """Ends of the band."""
    time: float | None
    """Time of a maximum or minimum."""
    place: tuple[float, ...] | None
    """Position of a maximum or minimum."""
    limit: float | None = None
    """Value that it is to stay below or above."""
