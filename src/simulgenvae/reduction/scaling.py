"""Min/max scaling of fields to ±0.7."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HALF_RANGE = 0.7
"""Training fields are scaled to [-0.7, 0.7]."""


@dataclass(frozen=True)
class FieldScaler:
    """Affine map between physical units and scaled units.

    Attributes
    ----------
    centre, half_span
        ``[1, V]`` (per variable) or ``[M, V]`` (per node), float64. A constant variable or node has
        half_span 1, so that it is mapped to 0 and back to itself.
    """

    centre: NDArray[np.float64]
    half_span: NDArray[np.float64]

    def scale(self, fields: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return physical fields ``[..., M, V]`` in scaled units; training runs are within ±0.7."""
        return (fields - self.centre) * (HALF_RANGE / self.half_span)

    def weighted(self, weights: NDArray[np.float64]) -> FieldScaler:
        """Return the scaler whose scaled units are multiplied by the weights of nodes, ``[M]``."""
        half_span = self.half_span / weights[:, None]
        return FieldScaler(self.centre + np.zeros_like(half_span), half_span)

    def unscale(self, scaled: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return scaled fields ``[..., M, V]`` in physical units, the inverse of :meth:`scale`."""
        return scaled * (self.half_span / HALF_RANGE) + self.centre
