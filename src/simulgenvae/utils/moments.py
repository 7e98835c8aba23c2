"""Means and variances of data that are read once, part by part.

Three accumulators for three kinds of data, and the formula that merges finished ones. They differ
in the order of their sums, which decides the last digits of a result, and therefore share no code:

- :class:`ShiftedMoments` counts each of very many columns separately, at the speed of memory;
- :class:`~simulgenvae.utils.merged_moments.MergedMoments` counts few columns of very many values,
  exactly, and needs no torch;
- :func:`mean_and_square` gives every run the same weight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from simulgenvae.utils.cache_blocks import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

COLUMNS_TOGETHER = 1024
"""Columns of a block that are counted together, so that they stay in the processor's cache.

Fewer than the entries of ``cache_blocks.PART``, because each is read several times here."""

DOUBLE_PRECISION_VALUES = 2**20
"""Values of a block up to which its sums are in double precision; sums over blocks always are."""

SAFE_RANGE = 1e15
"""Distances between ``1 / SAFE_RANGE`` and this can be squared in single precision."""


class ShiftedMoments:
    """Extrema, sums and sums of squares of each column, about its own shift.

    The shift ``[K]`` float32 is near the mean. Without it, squares of values far from zero would
    lose the digits that tell their variance (Chan, Golub & LeVeque 1983, The American Statistician
    37(3), section 3).
    """

    def __init__(self, shift: Tensor) -> None:
        self.shift = shift
        self._low = torch.full_like(shift, torch.inf)
        self._high = torch.full_like(shift, -torch.inf)
        self._total = torch.zeros(len(shift), dtype=torch.float64)
        self._squares = torch.zeros(len(shift), dtype=torch.float64)
        self._samples = torch.zeros((), dtype=torch.int64)

    def tensors(self) -> dict[str, Tensor]:
        """Return everything counted, as tensors that counting changes in place."""
        return {
            name.removeprefix("_"): value for name, value in vars(self).items() if name != "shift"
        }

    def count_and_shift(self, block: Tensor) -> None:
        """Count the rows of ``block [rows, K]`` float32, and subtract the shift from them in place.

        :meth:`shifted_parts` does the same for callers that need the shifted columns at once.
        """
        for _ in self.shifted_parts(block):
            pass

    def shifted_parts(self, block: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """Count and shift as :meth:`count_and_shift` does, and yield the columns part by part.

        A part, ``[rows, k]`` with its slice, is yielded as soon as it is counted and shifted; the
        block is counted when all parts have been taken. A caller that needs the columns too then
        finds them in the processor's cache: reading them from memory again would take longer than
        counting them.
        """
        self._samples += len(block)
        ones = torch.ones(1, len(block))
        buffer = torch.empty(len(block), COLUMNS_TOGETHER)
        for part in parts(len(self.shift), COLUMNS_TOGETHER):
            columns = block[:, part]
            shift = self.shift[part]
            low = columns.amin(0)
            high = columns.amax(0)
            torch.minimum(self._low[part], low, out=self._low[part])
            torch.maximum(self._high[part], high, out=self._high[part])
            # Squares of values beyond this range overflow or vanish in single precision.
            largest = torch.maximum(high - shift, shift - low).max()
            safe = 1 / SAFE_RANGE < largest < SAFE_RANGE
            if block.numel() <= DOUBLE_PRECISION_VALUES or not safe:
                distances = columns.double() - shift
                columns.copy_(distances)
                self._total[part] += distances.sum(0)
                self._squares[part] += distances.square().sum(0)
            else:
                columns.sub_(shift)
                squares = torch.mul(columns, columns, out=buffer[:, : len(shift)])
                # A product with ones: torch sums a matrix over its rows more slowly.
                self._total[part] += (ones @ columns)[0]
                self._squares[part] += (ones @ squares)[0]
            yield part, columns

    def combined(
        self, add: Callable[[Tensor], Tensor], largest: Callable[[Tensor], Tensor]
    ) -> ShiftedMoments:
        """Return what several processes have counted about the same shift.

        ``add`` and ``largest`` return the sum and the maximum of a tensor over all processes.
        """
        whole = ShiftedMoments(self.shift)
        # The minimum by the maximum of the negative: one reduction serves both.
        whole._low = -largest(-self._low)
        whole._high = largest(self._high)
        whole._total = add(self._total)
        whole._squares = add(self._squares)
        whole._samples = add(self._samples)
        return whole

    @property
    def samples(self) -> int:
        """Number of rows counted."""
        return int(self._samples)

    @property
    def minimum(self) -> Tensor:
        """Smallest value of each column, ``[K]`` float64."""
        return self._low.double()

    @property
    def maximum(self) -> Tensor:
        """Largest value of each column, ``[K]`` float64."""
        return self._high.double()

    @property
    def mean(self) -> Tensor:
        """Mean of each column, ``[K]`` float64."""
        return self.shift.double() + self._total / self._samples

    @property
    def variance(self) -> Tensor:
        """Variance of each column, ``[K]`` float64; exactly 0 for a constant column."""
        distance = self._total / self._samples
        variance = (self._squares / self._samples - distance.square()).clamp_(min=0)
        # Extrema tell what is constant: rounding leaves a constant a variance above 0.
        return variance * (self._high > self._low)


def merged_mean_and_variance(
    first: tuple[int, NDArray[np.float64], NDArray[np.float64]],
    second: tuple[int, NDArray[np.float64], NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and variance of two sets of samples together.

    Each set is given as its number of samples, mean and variance (Chan, Golub & LeVeque 1983,
    equation 2.1).
    """
    count, mean, variance = first
    other_count, other_mean, other_variance = second
    distance = other_mean - mean
    weight = other_count / (count + other_count)
    between = weight * (1 - weight) * np.square(distance)
    return mean + weight * distance, (1 - weight) * variance + weight * other_variance + between


def mean_and_square(runs: Iterable[Tensor], width: int) -> tuple[Tensor, Tensor]:
    """Return mean and mean square of each of the ``width`` columns, ``[width]`` float64.

    Each run ``[T, width]`` has the same weight. At least one run is needed.
    """
    count = 0
    total = torch.zeros(width, dtype=torch.float64)
    squares = torch.zeros(width, dtype=torch.float64)
    for run in runs:
        # The mean of each run first: runs of other lengths then have the same weight.
        values = run.double().cpu()
        total += values.mean(0)
        squares += values.square().mean(0)
        count += 1
    return total / count, squares / count
