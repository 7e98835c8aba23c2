"""Images of the distances from the boundaries of designs' geometries.

Tested in tests/data/test_conditions.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class DistanceImages:
    """Images, or volumes, of the signed distance from the boundary of N geometries.

    Attributes
    ----------
    values
        Distances from -1 to 1, `[N, S, S]` or `[N, S, S, S]`. Half precision: it is finest at the
        boundary, and a thousand volumes are 65 MB.
    columns
        Number of the last columns of the table that describe the same geometries.
    """

    values: NDArray[np.float16]
    columns: int

    def select(self, rows: NDArray[np.intp]) -> DistanceImages:
        """Return the images at ``rows``, in that order."""
        return DistanceImages(self.values[rows], self.columns)
