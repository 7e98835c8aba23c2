"""Min/max scaling of fields to ±0.7 and the first statistics of the training runs (one streamed pass)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.read_ahead import read_runs

HALF_RANGE = 0.7
"""Training fields are scaled to [-0.7, 0.7]."""


@dataclass(frozen=True)
class FieldScaler:
    """Affine map between physical units and scaled units.

    Attributes
    ----------
    centre, half_span
        ``[1, V]`` (per variable) or ``[M, V]`` (per node), float64; a constant variable or node has half_span 1, so
        that it is mapped to 0 and back to itself.
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
    """Minima, maxima, sums and squares (about each variable's scalar mean) of the training runs.

    All ``[M, V]`` float64, over ``samples`` = runs x timesteps.
    """

    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]
    total: NDArray[np.float64]
    squares: NDArray[np.float64]
    samples: int

    def scaler(self, mode: Literal["variable", "node"]) -> FieldScaler:
        """Scaler with the exact extrema of each variable, or of each variable at each node."""
        low, high = self.minimum, self.maximum
        if mode == "variable":
            low, high = low.min(0, keepdims=True), high.max(0, keepdims=True)
        half = (high - low) / 2
        return FieldScaler((low + high) / 2, np.where(half > 0, half, 1.0))

    def mean(self) -> NDArray[np.float64]:
        """Mean of each variable at each node over runs and timesteps, ``[M, V]``."""
        return self.total / self.samples

    def scaled_std(self, scaler: FieldScaler) -> NDArray[np.float64]:
        """Standard deviation of each scaled variable over runs, timesteps and nodes, ``[V]``; 1 where constant."""
        # Extrema tell what is constant: rounding leaves a constant a variance above 0.
        varies = self.maximum > self.minimum
        mean = self.mean()
        around_mean = np.maximum(self.squares / self.samples - np.square(mean - mean.mean(0)), 0.0) * varies
        within = around_mean * np.square(HALF_RANGE / scaler.half_span)
        std = np.sqrt(within.mean(0) + scaler.scale(mean).var(0))
        return np.where(self.maximum.max(0) > self.minimum.min(0), std, 1.0)


def field_statistics(dataset: Dataset, rows: NDArray[np.intp], workers: int = 0) -> FieldStatistics:
    """Statistics of the runs ``rows`` in two streamed passes: extrema and means, then squares about the mean."""
    first = dataset.run(int(rows[0])).astype(np.float64)
    minimum, maximum = first.min(0), first.max(0)
    total = np.zeros_like(minimum)
    for run in read_runs(dataset, rows, workers):
        np.minimum(minimum, run.min(0), out=minimum)
        np.maximum(maximum, run.max(0), out=maximum)
        total += run.sum(0, dtype=np.float64)
    samples = len(rows) * dataset.shape[1]
    scalar_mean = total.mean(0) / samples
    squares = np.zeros_like(total)
    for run in read_runs(dataset, rows, workers):
        squares += np.square(run - scalar_mean).sum(0)
    return FieldStatistics(minimum, maximum, total, squares, samples)
