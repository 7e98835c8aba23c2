"""Extrema, means and variances of the training runs, counted in one pass."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.read_ahead import read_blocks
from simulgenvae.distributed import collectives
from simulgenvae.reduction.cache_blocks import parts
from simulgenvae.reduction.scaling import FieldStatistics

PART = 1024
"""Entries of all snapshots of a block that are looked at together."""

SMALL = 2**20
"""Entries of a block up to which its sums are in double precision; those over blocks always are."""

RANGE = 1e15
"""Distances up to this, and down to its inverse, whose squares are safe to add in single
precision."""


class Moments:
    """Counts snapshots, each entry about a shift of its own.

    The shift ``[M·V]`` float32 is near the mean, so that sums of squares about it lose nothing to
    rounding (Chan, Golub & LeVeque 1983, The American Statistician 37(3), section 3).
    """

    def __init__(self, shift: Tensor) -> None:
        self.shift = shift
        self._low = torch.full_like(shift, torch.inf)
        self._high = torch.full_like(shift, -torch.inf)
        self._total, self._squares = (
            torch.zeros(len(shift), dtype=torch.float64) for _ in range(2)
        )
        self._samples = torch.zeros((), dtype=torch.int64)

    def tensors(self) -> dict[str, Tensor]:
        """All that is counted, as tensors that further counting changes in place."""
        return {
            name.removeprefix("_"): value for name, value in vars(self).items() if name != "shift"
        }

    def count(self, block: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """Another block ``[rows, M·V]`` float32: some entries at a time become their distance from
        the shift, and are given, ``[rows, k]``, while they are in the processor's cache."""
        self._samples += len(block)
        ones, buffer = torch.ones(1, len(block)), torch.empty(len(block), PART)
        for part in parts(len(self.shift), PART):
            some, shift = block[:, part], self.shift[part]
            low, high = some.amin(0), some.amax(0)
            torch.minimum(self._low[part], low, out=self._low[part])
            torch.maximum(self._high[part], high, out=self._high[part])
            largest = torch.maximum(high - shift, shift - low).max()
            if block.numel() <= SMALL or not 1 / RANGE < largest < RANGE:
                about = some.double() - shift
                some.copy_(about)
                self._total[part] += about.sum(0)
                self._squares[part] += about.square().sum(0)
            else:
                some.sub_(shift)
                squares = torch.mul(some, some, out=buffer[:, : len(shift)])
                self._total[part] += (ones @ some)[0]
                self._squares[part] += (ones @ squares)[0]
            yield part, some

    def of_all_ranks(self) -> Moments:
        """Of what all ranks have counted, about the same shift."""
        whole = Moments(self.shift)
        whole._low, whole._high = (
            -collectives.all_reduce_max(-self._low),
            collectives.all_reduce_max(self._high),
        )
        whole._total, whole._squares, whole._samples = map(
            collectives.all_reduce_sum, (self._total, self._squares, self._samples)
        )
        return whole

    def statistics(self, shape: tuple[int, int]) -> FieldStatistics:
        """Of fields ``(M, V)``."""
        about = self._total / self._samples
        # Extrema tell what is constant: rounding leaves a constant a variance above 0.
        variance = (self._squares / self._samples - about.square()).clamp_(min=0) * (
            self._high > self._low
        )
        mean = self.shift.double() + about
        low, high, middle, spread = (
            array.reshape(shape).numpy()
            for array in (self._low.double(), self._high.double(), mean, variance)
        )
        return FieldStatistics(low, high, middle, spread, int(self._samples))


def mean_of_a_run(dataset: Dataset, row: int) -> Tensor:
    """A shift for :class:`Moments`: the mean over the timesteps of one run, ``[M·V]`` float32."""
    mean = dataset.run(row).mean(0, dtype=np.float64)
    return torch.from_numpy(mean.astype(np.float32).ravel())


def field_statistics(dataset: Dataset, rows: NDArray[np.intp], workers: int = 0) -> FieldStatistics:
    """Statistics of the runs ``rows``, which ranks share; ``workers`` threads read ahead."""
    moments = Moments(collectives.run_on_rank0(lambda: mean_of_a_run(dataset, int(rows[0]))))
    for _, block in read_blocks(dataset, collectives.local_rows(rows), workers):
        for _ in moments.count(torch.from_numpy(block).flatten(1)):
            pass
    return moments.of_all_ranks().statistics(dataset.shape[2:])
