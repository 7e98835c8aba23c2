"""Images of signed distances as functions of the coefficients that describe a geometry.

Tested in tests/models/conditioner/test_distance.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class DistanceModes:
    """Images, or volumes, of the distance from the boundary of geometries of few coefficients.

    The image of coefficients `[k]` is ``mean + coefficients @ basis``, cut off at -1 and 1: far
    from the boundary it says nothing more.

    Attributes
    ----------
    mean
        Image of the mean geometry, `[S, S]` or `[S, S, S]`.
    basis
        Change of the image with each coefficient, `[k, S, S]` or `[k, S, S, S]`.
    """

    mean: NDArray[np.float32]
    basis: NDArray[np.float32]

    @property
    def columns(self) -> int:
        """Number of coefficients, k."""
        return len(self.basis)

    def of(self, coefficients: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the images `[n, S, S]` or volumes `[n, S, S, S]` of coefficients `[n, k]`."""
        change = np.tensordot(coefficients.astype(np.float32), self.basis, 1)
        return (self.mean + change).clip(-1.0, 1.0)
