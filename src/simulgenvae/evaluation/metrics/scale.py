"""Mean and spread of each variable in the training runs, in blocks of bounded size.

Tested in tests/evaluation/metrics/test_field_errors.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.distributed import collectives
from simulgenvae.utils.merged_moments import MergedMoments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

BLOCK_VALUES = 2**21
"""Values per block: double-precision copies then take about 16 MB each, whatever the mesh."""
_CONSTANT = 1e-7
"""Relative spread below which float32 data cannot be distinguished from a constant."""
_CONSTANT_IN_DOUBLE = 1e-15
"""Threshold of data in double precision."""


@dataclass(frozen=True)
class VariableScale:
    """Scalar mean and spread of each variable in the training runs."""

    mean: NDArray[np.float64]
    """Mean in physical units, ``[V]``."""
    spread: NDArray[np.float64]
    """Standard deviation, ``[V]``. For a variable that is constant in the training runs it is the
    magnitude of that constant (1 if it is zero), so that errors stay finite."""
    range: NDArray[np.float64] | None = None
    """Lowest and highest value, ``[2, V]``; None where they are not known."""

    @property
    def peak_is_low(self) -> NDArray[np.bool_]:
        """Return whether the peak of each variable is its lowest value, ``[V]``.

        It is so where the lowest value is further from the mean than the highest, as for a
        deflection downwards.
        """
        if self.range is None:
            return np.zeros(len(self.mean), dtype=np.bool_)
        lowest, highest = self.range
        low: NDArray[np.bool_] = self.mean - lowest > highest - self.mean
        return low

    @classmethod
    def fit(cls, runs: Iterable[NDArray[np.floating[Any]]]) -> VariableScale:
        """Return the scale of runs ``[T, M, V]``, each of which is read once.

        Raises
        ------
        ValueError
            When there is no run.
        """
        return Moments.of(runs).scale()

    @classmethod
    def fit_shared(cls, runs: Iterable[NDArray[np.floating[Any]]]) -> VariableScale:
        """Return the scale of the runs of all ranks, each of which passes its own."""
        whole = Moments()
        # Every rank merges the parts in the same order, so that all get the same bits.
        for part in collectives.all_gather(Moments.of(runs)):
            whole.merge(part)
        return whole.scale()


class Moments(MergedMoments):
    """Mean and sum of squared deviations of each variable, over runs, times and nodes.

    Sums of squares would lose all digits of a small variation about a large mean, such as that of a
    temperature in kelvin.
    """

    constant_below = 0.0
    """Relative spread below which a variable counts as constant."""

    def __init__(self, width: int = 0) -> None:
        super().__init__(width)
        self.range: NDArray[np.float64] | None = None
        """Lowest and highest value of each variable, ``[2, V]``; None before anything is
        counted."""

    def add(self, block: NDArray[np.floating]) -> None:
        """Count a block ``[..., V]`` in the precision of the data."""
        super().add(block)
        values = block.reshape(-1, block.shape[-1])
        self._widen(np.stack([values.min(axis=0), values.max(axis=0)]).astype(np.float64))
        is_double = block.dtype == np.float64
        self._note(_CONSTANT_IN_DOUBLE if is_double else _CONSTANT)

    def merge(self, other: MergedMoments) -> None:
        """Add what another one has counted."""
        super().merge(other)
        if isinstance(other, Moments):
            self._note(other.constant_below)
            if other.range is not None:
                self._widen(other.range)

    def _widen(self, more: NDArray[np.float64]) -> None:
        if self.range is None:
            self.range = more
            return
        lowest = np.minimum(self.range[0], more[0])
        self.range = np.stack([lowest, np.maximum(self.range[1], more[1])])

    def _note(self, constant_below: float) -> None:
        self.constant_below = max(self.constant_below, constant_below)

    @classmethod
    def of(cls, runs: Iterable[NDArray[np.floating[Any]]]) -> Moments:
        """Return the moments of runs ``[T, M, V]``."""
        moments = cls()
        for run in runs:
            for block in blocks(run):
                moments.add(run[block])
        return moments

    def constant(self) -> NDArray[np.bool_]:
        """Return which variables the data cannot tell from a constant, ``[V]``."""
        found: NDArray[np.bool_] = self.deviation <= self.constant_below * np.abs(self.mean)
        return found

    def scale(self) -> VariableScale:
        """Return mean and spread.

        Raises
        ------
        ValueError
            When nothing has been counted.
        """
        if not self.count:
            raise ValueError("no training run to take means and standard deviations from")
        size = np.abs(self.mean)
        # Dividing by the spread of a constant variable would make its rounding errors the largest
        # errors of all.
        of_constant = np.where(size > 0, size, 1.0)
        spread = np.where(self.constant(), of_constant, self.deviation)
        return VariableScale(self.mean, spread, self.range)


def blocks(run: NDArray[np.floating[Any]]) -> Iterator[tuple[slice, slice]]:
    """Yield slices over times and nodes that cover a run ``[T, M, V]``.

    Each block has at most ``BLOCK_VALUES`` values, or one timestep of one node.
    """
    timesteps, nodes, variables = run.shape
    # Whole timesteps where they fit: values of a timestep are next to each other in memory.
    width = max(1, min(nodes, BLOCK_VALUES // variables))
    height = max(1, BLOCK_VALUES // (width * variables))
    for t in range(0, timesteps, height):
        for m in range(0, nodes, width):
            yield slice(t, t + height), slice(m, m + width)
