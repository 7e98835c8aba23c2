"""Definition of a quantity on whatever mesh: its name, its variables, its times.

Tested in tests/quantities/test_asked.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.quantities.statistics import Statistic
    from simulgenvae.quantities.times import TimeChoice


@dataclass(frozen=True, eq=False, kw_only=True)
class QuantityDefinition(ABC):
    """Everything of a quantity but its nodes.

    Attributes
    ----------
    name, text
        Its name, and how it is written.
    unit
        Its unit; empty where it is unknown.
    statistic
        Kind of number.
    columns
        Columns of the variables; of several, the magnitude is meant.
    times
        Timesteps.
    at
        Times of the timesteps, ``[t]``.
    limit
        Value that the number is to stay below or above; None where there is none.
    """

    name: str
    text: str
    unit: str
    statistic: Statistic
    columns: tuple[int, ...]
    times: TimeChoice
    at: NDArray[np.float64]
    limit: float | None

    @property
    @abstractmethod
    def digest(self) -> bytes:
        """Hash, of 32 bytes, of which number of a run it is: of all but name, text and limit."""
