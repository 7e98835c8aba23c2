"""Deviations of neighbouring times as combinations of fewer ones, so that fewer are decoded.

What deviates at a time deviates nearly alike at the next one. K deviations at each of t times are
K·t rows of r coefficients, but lie close to far fewer directions: the leading right singular
vectors of these rows. Decoding p directions and combining them takes p·r + K·t·p multiplications
at each node instead of K·t·r.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.utils.cache_blocks import parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

SQUARED_PART = 512
"""Entries of a state whose squares are computed together."""
SQUARED_TOGETHER = 2**18
"""Squares that are in memory at once: 1 MB, which stay in the cache."""
TIMES_TOGETHER = 20
"""Largest number of times whose deviations are joined: more of them have more directions."""
LEFT_OUT = 1e-8
"""Largest part of the squared deviations of all times that is outside of the directions.

Fields of what is left out are correlated with the others, so that a sum of squares differs by up to
twice the root of it. Where whole axes are left out (``coefficient_prediction.LEFT_OUT``), only
their own squares are missing."""
_WORTH = 0.8
"""Multiplications of joined times over those of separate ones, up to which times are joined."""
_FEWEST_ENTRIES = 2**13
"""Entries of a state from which the directions take less time to find than they save."""


@dataclass(frozen=True)
class JoinedTimes:
    """K deviations at some consecutive times, as combinations of p directions."""

    times: slice
    """Places of the t times."""
    directions: NDArray[np.float32]
    """Directions in the space of the coefficients, ``[p, r]``."""
    weights: NDArray[np.float32] | None
    """Deviations in terms of the directions, ``[K·t, p]``, all times of one deviation after the
    other; None where the directions are the deviations."""

    @property
    def count(self) -> int:
        """Number of times, t."""
        return int(self.times.stop - self.times.start)


def joined_times(deviations: NDArray[np.floating], entries: int) -> list[JoinedTimes]:
    """Return deviations ``[K, t, r]`` by blocks of times, joined where that takes less time.

    Parameters
    ----------
    deviations
        Differences of coefficients.
    entries
        Number of entries of a state that are to be computed from them.
    """
    count, times, rank = deviations.shape
    together = max(1, SQUARED_TOGETHER // (SQUARED_PART * max(1, count)))
    allowed = 0.0
    if entries >= _FEWEST_ENTRIES:
        allowed = LEFT_OUT / max(1, times) * float(np.square(deviations, dtype=np.float64).sum())
        together = min(together, TIMES_TOGETHER)
    found = []
    for some in parts(times, together):
        rows = deviations[:, some].reshape(-1, rank).astype(np.float32)
        joined = _joined(rows, allowed * (some.stop - some.start)) if allowed > 0.0 else None
        found.append(JoinedTimes(some, *(joined or (rows, None))))
    return found


def _joined(
    rows: NDArray[np.float32], allowed: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Return directions and weights of rows ``[n, r]``, or None where there are too many.

    The squares of what they leave out sum to ``allowed`` at most.
    """
    exact = rows.astype(np.float64)
    count, rank = rows.shape
    # The smaller one of the two Gram matrices; their energies are the same.
    gram = exact @ exact.T if count < rank else exact.T @ exact
    energies, vectors = np.linalg.eigh(gram)
    kept = vectors[:, np.sum(np.cumsum(np.maximum(energies, 0.0)) <= allowed) :]
    number = kept.shape[1]
    if number * (count + rank) > _WORTH * count * rank:
        return None
    directions, weights = (kept.T @ exact, kept) if count < rank else (kept.T, exact @ kept)
    return directions.astype(np.float32), weights.astype(np.float32)
