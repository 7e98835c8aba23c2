"""Extrema, means and variances of the training runs at every node, counted in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import torch
from torch import Tensor

from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.reduction.scaling import HALF_RANGE, FieldScaler
from simulgenvae.utils.moments import ShiftedMoments, merged_mean_and_variance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.reduction.run_reader import RunReader


@dataclass(frozen=True)
class NodeStatistics:
    """Minimum, maximum, mean and variance over the snapshots of the training runs.

    Each is ``[M, V]`` float64. The variance of a variable that is constant at a node is exactly 0.
    """

    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    samples: int
    """Number of snapshots: runs times timesteps."""

    @classmethod
    def of(cls, moments: ShiftedMoments, field_shape: tuple[int, int]) -> Self:
        """Return the statistics of flattened snapshots in the shape of fields ``(M, V)``."""
        return cls(
            moments.minimum.reshape(field_shape).numpy(),
            moments.maximum.reshape(field_shape).numpy(),
            moments.mean.reshape(field_shape).numpy(),
            moments.variance.reshape(field_shape).numpy(),
            moments.samples,
        )

    def merged(self, other: Self) -> Self:
        """Return the statistics of the snapshots of both."""
        minimum = np.minimum(self.minimum, other.minimum)
        maximum = np.maximum(self.maximum, other.maximum)
        mean, variance = merged_mean_and_variance(
            (self.samples, self.mean, self.variance), (other.samples, other.mean, other.variance)
        )
        samples = self.samples + other.samples
        return type(self)(minimum, maximum, mean, variance * (maximum > minimum), samples)

    def require_variation(self) -> None:
        """Raise UserError when nothing varies: no variable at any node."""
        if not (self.maximum > self.minimum).any():
            raise UserError(
                f"The fields are the same in all {self.samples} snapshots of the training runs: "
                "there is nothing to learn."
            )

    def scaler(self, mode: Literal["variable", "node"]) -> FieldScaler:
        """Return the scaler to the extrema of each variable, or of each variable at each node."""
        low = self.minimum
        high = self.maximum
        if mode == "variable":
            low = low.min(0, keepdims=True)
            high = high.max(0, keepdims=True)
        # A constant has no extent: any width maps it to 0 and back.
        half = (high - low) / 2
        return FieldScaler((low + high) / 2, np.where(half > 0, half, 1.0))

    def scaled_std(self, scaler: FieldScaler) -> NDArray[np.float64]:
        """Return the standard deviation of each scaled variable, ``[V]``; 1 where it is constant.

        It is taken over runs, timesteps and nodes together.
        """
        # Law of total variance: the mean over nodes of the variance at each node, plus the
        # variance of the means of the nodes.
        within = self.variance * np.square(HALF_RANGE / scaler.half_span)
        std = np.sqrt(within.mean(0) + scaler.scale(self.mean).var(0))
        return np.where(self.maximum.max(0) > self.minimum.min(0), std, 1.0)


def node_statistics(runs: RunReader) -> NodeStatistics:
    """Return the statistics of the training runs, which ranks share."""
    # Any shift near the mean keeps sums of squares exact; the mean of one run is near enough.
    first = int(runs.training_rows[0])
    moments = ShiftedMoments(collectives.run_on_rank0(lambda: mean_of_run(runs.dataset, first)))
    for _, block in runs.blocks(collectives.local_rows(runs.training_rows)):
        moments.count_and_shift(block)
    whole = moments.combined(collectives.all_reduce_sum, collectives.all_reduce_max)
    return NodeStatistics.of(whole, runs.dataset.shape[2:])


def mean_of_run(dataset: Dataset, row: int) -> Tensor:
    """Return the mean over the timesteps of one run, ``[M·V]`` float32: a shift near the mean."""
    stored = np.empty(dataset.shape[1:], np.float32)
    dataset.read(row, stored)
    mean = stored.mean(0, dtype=np.float64)
    return torch.from_numpy(mean.astype(np.float32).ravel())
