"""Mean and variance of few columns of very many values, merged block by block.

Tested in tests/utils/test_moments.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class MergedMoments:
    """Mean and sum of squared deviations of each column, merged block by block.

    The deviations of a block are about its own mean, in double precision, so that no shift need be
    guessed (Chan, Golub & LeVeque 1983, equation 2.1).
    """

    def __init__(self, width: int = 0) -> None:
        self.count = 0
        self.mean: NDArray[np.float64] = np.zeros(width)
        self.squares: NDArray[np.float64] = np.zeros(width)

    def add(self, block: NDArray[np.floating]) -> None:
        """Count a block ``[..., V]``; the V columns are counted separately."""
        values = block.reshape(-1, block.shape[-1]).astype(np.float64)
        more = MergedMoments()
        more.count = len(values)
        more.mean = values.mean(axis=0)
        more.squares = np.square(values - more.mean).sum(axis=0)
        self.merge(more)

    def merge(self, other: MergedMoments) -> None:
        """Add what another one has counted."""
        if not other.count:
            return
        if not self.count:
            self.count = other.count
            self.mean = other.mean
            self.squares = other.squares
            return
        total = self.count + other.count
        # The second term is what the two means differ by; without it, the merged variance would be
        # that within the parts only.
        delta = other.mean - self.mean
        self.squares = self.squares + other.squares + delta**2 * (self.count * other.count / total)
        self.mean = self.mean + delta * (other.count / total)
        self.count = total

    @property
    def deviation(self) -> NDArray[np.float64]:
        """Standard deviation of each column, ``[V]``; something must have been counted."""
        deviation: NDArray[np.float64] = np.sqrt(self.squares / self.count)
        return deviation
