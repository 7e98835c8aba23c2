"""Thin-plate splines in the plane.

SciPy's ``RBFInterpolator`` has the same values in three times the time, and takes as long to load
as a design to predict. Tested in tests/geometry/morphing/test_thin_plate.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROWS = 512
"""Points at once: their distances from all centres stay in the cache."""


class ThinPlateSpline:
    """Map of the plane that takes some points to others and bends least (Duchon 1977).

    Parameters
    ----------
    centres
        Points `[n, 2]`, all different, and not all on one line.
    targets
        Where they go, `[n, 2]`.
    """

    def __init__(self, centres: NDArray[np.float64], targets: NDArray[np.float64]) -> None:
        lower, upper = centres.min(axis=0), centres.max(axis=0)
        self._middle = 0.5 * (lower + upper)
        self._size = float((upper - lower).max())
        scaled = self._scaled(centres)
        count = len(scaled)
        # Distances are one product of matrices: |x - c|² = |x|² - 2 x·c + |c|².
        self._factors = np.column_stack(
            [-2.0 * scaled, np.ones(count), np.square(scaled).sum(axis=1)]
        ).T
        matrix = np.zeros((count + 3, count + 3))
        matrix[:count, :count] = self._kernel(scaled)
        matrix[:count, count:] = _linear(scaled)
        matrix[count:, :count] = matrix[:count, count:].T
        wanted = np.concatenate([targets, np.zeros((3, 2))])
        solved = np.linalg.solve(matrix, wanted)
        self._weights, self._rest = solved[:count], solved[count:]

    def __call__(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where points `[m, 2]` go."""
        moved = np.empty_like(points)
        for start in range(0, len(points), _ROWS):
            part = self._scaled(points[start : start + _ROWS])
            moved[start : start + _ROWS] = self._kernel(part) @ self._weights
            moved[start : start + _ROWS] += _linear(part) @ self._rest
        return moved

    def _scaled(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        scaled: NDArray[np.float64] = (points - self._middle) / self._size
        return scaled

    def _kernel(self, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return r² log r² for the distances r of points from the centres, `[m, n]`."""
        squares = np.column_stack([scaled, np.square(scaled).sum(axis=1), np.ones(len(scaled))])
        found: NDArray[np.float64] = squares @ self._factors
        # Rounding may be negative; r² log r² is 0 at 0.
        np.maximum(found, np.finfo(np.float64).tiny, out=found)
        found *= np.log(found)
        return found


def _linear(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([np.ones(len(points)), points])
