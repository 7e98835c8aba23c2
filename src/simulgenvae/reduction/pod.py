"""Proper orthogonal decomposition by a streamed randomised singular value decomposition.

The range of the snapshot matrix A (rows: states of the training runs) is found with one power iteration,
W = Aᵀ(AΩ), accumulated run by run (Halko, Martinsson & Tropp 2011, SIAM Review 53(2), algorithms 4.4 and 5.1);
a second pass forms AQ, whose small Gram matrix gives singular values and the rotation of Q to POD modes. With a sketch
as wide as the smaller side of A the result is the full decomposition. A is never held in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.read_ahead import read_runs
from simulgenvae.reduction.state import StateMap
from simulgenvae.settings import ReductionSettings

OVERSAMPLING = 32
Blocks = Callable[[], Iterator[NDArray[np.float64]]]


def streamed_svd(
    blocks: Blocks, width: int, sketch: int, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Leading right singular vectors of a matrix that is read in blocks of rows, twice.

    Parameters
    ----------
    blocks
        Called for each pass; yields ``[rows, width]``.
    width
        Number of columns.
    sketch
        Number of singular vectors, at most ``width``.
    seed
        Seed of the random test matrix.

    Returns
    -------
    basis ``[width, sketch]`` with orthonormal columns, singular values ``[sketch]`` (descending), and the sum of all
    squared entries of the matrix.
    """
    if sketch == width:
        basis = np.eye(width)
    else:
        probe = np.random.default_rng(seed).standard_normal((width, sketch))
        image = np.zeros((width, sketch))
        for block in blocks():
            image += block.T @ (block @ probe)
        basis = np.linalg.qr(image)[0]
    gram, total = np.zeros((sketch, sketch)), 0.0
    for block in blocks():
        inner = block @ basis
        gram += inner.T @ inner
        total += float(np.vdot(block, block))
    energy, rotation = np.linalg.eigh(gram)
    order = np.argsort(energy)[::-1]
    return basis @ rotation[:, order], np.sqrt(np.maximum(energy[order], 0.0)), total


def rank_for(singular_values: NDArray[np.float64], total: float, tolerance: float) -> int:
    """Smallest rank (at least 1) whose relative truncation error sqrt(left out / total) is at most ``tolerance``."""
    left_out: NDArray[np.float64] = np.maximum(total - np.cumsum(singular_values**2), 0.0)
    enough = left_out <= tolerance**2 * total
    return int(np.argmax(enough)) + 1 if enough.any() else len(singular_values)


@dataclass(frozen=True)
class Pod:
    """POD of the training states: coefficients are coordinates in the leading ``r`` modes."""

    state: StateMap
    basis: NDArray[np.float32]
    """Orthonormal modes, ``[M·V, r]``."""

    @classmethod
    def fit(
        cls, dataset: Dataset, rows: NDArray[np.intp], state: StateMap, settings: ReductionSettings, workers: int = 0
    ) -> Self:
        """Modes of the runs ``rows``, as many as the tolerance asks for, at most ``settings.max_rank``."""

        def blocks() -> Iterator[NDArray[np.float64]]:
            return (state.to_state(run) for run in read_runs(dataset, rows, workers))

        sketch = min(settings.max_rank + OVERSAMPLING, state.size, len(rows) * dataset.shape[1])
        basis, singular_values, total = streamed_svd(blocks, state.size, sketch)
        rank = min(rank_for(singular_values, total, settings.tolerance), settings.max_rank)
        return cls(state, np.ascontiguousarray(basis[:, :rank], np.float32))

    @property
    def rank(self) -> int:
        return int(self.basis.shape[1])

    @property
    def field_shape(self) -> tuple[int, int]:
        return self.state.field_shape

    def encode(self, run: NDArray[np.floating]) -> NDArray[np.float32]:
        return self.state.to_state(run).astype(np.float32) @ self.basis

    def decode(self, coefficients: NDArray[np.floating]) -> NDArray[np.float32]:
        return self.state.to_field(coefficients.astype(np.float32) @ self.basis.T)

    def state_rows(self) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        return self.basis, self.state.scaled_factor()

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        return {**self.state.arrays(), "basis": self.basis}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        state, basis = StateMap.from_arrays(arrays), arrays["basis"].astype(np.float32, copy=False)
        if basis.ndim != 2 or len(basis) != state.size or not basis.size:
            raise ValueError(f"the basis has the shape {basis.shape} for states of {state.size} entries")
        if not np.isfinite(basis).all():
            raise ValueError("the basis is not finite")
        return cls(state, basis)
