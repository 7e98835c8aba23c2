"""Min/max scaling of fields to ±0.7, and the statistics of the training runs that it follows
from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from simulgenvae.errors import UserError

HALF_RANGE = 0.7
"""Training fields are scaled to [-0.7, 0.7]."""


@dataclass(frozen=True)
class FieldScaler:
    """Affine map between physical units and scaled units.

    Attributes
    ----------
    centre, half_span
        ``[1, V]`` (per variable) or ``[M, V]`` (per node), float64; a constant variable or node has
        half_span 1, so that it is mapped to 0 and back to itself.
    """

    centre: NDArray[np.float64]
    half_span: NDArray[np.float64]

    def scale(self, fields: NDArray[np.floating]) -> NDArray[np.float64]:
        """Physical ``[..., M, V]`` to scaled units; training runs end up within ±0.7."""
        return (fields - self.centre) * (HALF_RANGE / self.half_span)

    def unscale(self, scaled: NDArray[np.floating]) -> NDArray[np.float64]:
        """Inverse of :meth:`scale`."""
        return scaled * (self.half_span / HALF_RANGE) + self.centre


@dataclass(frozen=True)
class FieldStatistics:
    """Minima, maxima, means and variances over the timesteps of the training runs, each ``[M, V]``
    float64.

    ``samples`` = runs x timesteps. The variance of what is constant is exactly 0.
    """

    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    samples: int

    def merged(self, other: Self) -> Self:
        """Of the snapshots of both (Chan, Golub & LeVeque 1983, The American Statistician 37(3),
        equation 2.1)."""
        samples = self.samples + other.samples
        low, high = np.minimum(self.minimum, other.minimum), np.maximum(self.maximum, other.maximum)
        apart, share = other.mean - self.mean, other.samples / samples
        variance = (
            (1 - share) * self.variance
            + share * other.variance
            + share * (1 - share) * np.square(apart)
        )
        return type(self)(low, high, self.mean + share * apart, variance * (high > low), samples)

    def require_variation(self) -> None:
        """UserError when nothing varies: no variable at any node."""
        if not (self.maximum > self.minimum).any():
            raise UserError(
                f"The fields are the same in all {self.samples} snapshots of the training runs: "
                "there is nothing to learn."
            )

    def scaler(self, mode: Literal["variable", "node"]) -> FieldScaler:
        """Scaler with the exact extrema of each variable, or of each variable at each node."""
        low, high = self.minimum, self.maximum
        if mode == "variable":
            low, high = low.min(0, keepdims=True), high.max(0, keepdims=True)
        half = (high - low) / 2
        return FieldScaler((low + high) / 2, np.where(half > 0, half, 1.0))

    def scaled_std(self, scaler: FieldScaler) -> NDArray[np.float64]:
        """Standard deviation of each scaled variable over runs, timesteps and nodes, ``[V]``; 1
        where constant."""
        within = self.variance * np.square(HALF_RANGE / scaler.half_span)
        std = np.sqrt(within.mean(0) + scaler.scale(self.mean).var(0))
        return np.where(self.maximum.max(0) > self.minimum.min(0), std, 1.0)
